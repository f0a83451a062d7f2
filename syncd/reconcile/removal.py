"""What a deletion in one tool means for the others (merge-semantics.md section 7, "Delete, archive, return")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from syncd.model.native import MISSING
from syncd.model.refs import LinkId
from syncd.reconcile.fits import same
from syncd.reconcile.state import EntityResult, EntityState, LinkField


class OnDelete(StrEnum):
    """What the mapping wants done when a linked item was deleted somewhere."""

    UNLINK = "unlink"
    """Tell, and nothing else (the default)."""
    ARCHIVE = "archive"
    """Archive it everywhere else, as far as nobody still works on it."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What to do about a tombstone. The link ends in any case; its base is kept for a return."""

    archive: tuple[LinkId, ...] = ()
    """Each only if a direct read right before it still equals every `shown`."""
    question: str | None = None
    """Why nothing is archived although the mapping asks for it: a `deleted_edited` question."""


def judge_removal(state: EntityState, results: EntityResult, gone: LinkId, wish: OnDelete) -> Removal:
    """
    Say what follows from the verified deletion of the record behind link *gone*.

    Archiving needs every other voice read in this cycle, without an edit in
    any field, and no field held; a deletion never wins over an edit [S27].
    """
    if wish is OnDelete.UNLINK:
        return Removal()
    others = [link for field in state.fields.values() for link in field.links if link.link != gone and link.voice]
    unread = sorted({link.link for link in others if not link.fresh or link.pending is not None})
    if unread:
        return Removal(question=f"not read in this cycle, or with a write of unknown outcome: {', '.join(unread)}")
    held = sorted(name for name, result in results.items() if result.conflict is not None)
    if held:
        return Removal(question=f"deleted while a conflict is open: {', '.join(held)}")
    edited = sorted(
        {
            f"{link.connection} {name}"
            for name, field in state.fields.items()
            for link in field.links
            if link.link != gone and link.voice and is_edited(state, name, link)
        }
    )
    if edited:
        return Removal(question=f"deleted while edited elsewhere: {', '.join(edited)}")
    return Removal(archive=tuple(sorted({link.link for link in others if link.writable})))


def is_edited(state: EntityState, name: str, link: LinkField) -> bool:
    """Return whether a link shows other than it was accounted for; one never accounted for or unreadable might."""
    if link.base is None or link.observed is MISSING:
        return True
    if link.observed == link.base.shown:
        return False
    reading = link.lens.get(link.observed)
    return reading is MISSING or not same(state.fields[name].spec, reading, link.lens.get(link.base.shown))
