"""What a deletion in one tool means for the others (merge-semantics.md section 7, "Delete, archive, return")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.model.canonical import Unset
from syncd.model.lens import Cannot, Lens
from syncd.model.native import MISSING
from syncd.model.policy import OnDelete
from syncd.model.refs import LinkId
from syncd.reconcile.fits import same
from syncd.reconcile.state import Base, EntityResult, EntityState, LinkField

__all__ = ["Last", "OnDelete", "Removal", "judge_removal"]


@dataclass(frozen=True, slots=True)
class Last:
    """What a record that is gone was last accounted for, by field, and since when it is known to be gone."""

    fields: Mapping[str, tuple[Lens, Base]]
    missing_since: datetime


@dataclass(frozen=True, slots=True)
class Removal:
    """What to do about a tombstone. The link ends in any case; its base is kept for a return."""

    archive: tuple[LinkId, ...] = ()
    """Each only if a direct read right before it still equals every `shown`."""
    question: str | None = None
    """Why nothing is archived although the mapping asks for it: a `deleted_edited` question."""
    may_pass: bool = False
    """The reason is one that ends by itself: it is too early to ask a person."""


def judge_removal(
    state: EntityState, results: EntityResult, gone: LinkId, wish: OnDelete, last: Sequence[Last] = ()
) -> Removal:
    """
    Say what follows from the verified deletion of the record behind link *gone*.

    Archiving needs every other voice read in this cycle, without an edit in
    any field, and no field held; a deletion never wins over an edit [S27].
    With *last* it also needs that whoever deleted the record had everything
    in front of them: it showed every value agreed on, as well as it can, and
    nothing was edited elsewhere since it is known to be missing.
    """
    if wish is OnDelete.UNLINK:
        return Removal()
    others = [link for field in state.fields.values() for link in field.links if link.link != gone and link.voice]
    unread = sorted({link.link for link in others if not link.fresh or link.pending is not None})
    if unread:
        why = f"not read in this cycle, or with a write of unknown outcome: {', '.join(unread)}"
        return Removal(question=why, may_pass=True)
    held = sorted(name for name, result in results.items() if result.conflict is not None)
    if held:
        return Removal(question=f"deleted while a conflict is open: {', '.join(held)}")
    edited = sorted(
        {
            f"{link.connection} {name}"
            for name, field in state.fields.items()
            for link in field.links
            if link.link != gone and link.voice and (is_edited(state, name, link) or _is_later(link, last))
        }
    )
    if edited:
        return Removal(question=f"deleted while edited elsewhere: {', '.join(edited)}")
    unseen = sorted({name for each in last for name in each.fields if _is_unseen(state, results, name, each)})
    if unseen:
        return Removal(question=f"deleted before it showed what was agreed on: {', '.join(unseen)}")
    return Removal(archive=tuple(sorted({link.link for link in others if link.writable})))


def is_edited(state: EntityState, name: str, link: LinkField) -> bool:
    """
    Return whether a link shows other than it was accounted for; one never accounted for or unreadable might.

    A field that was never readable there says nothing.
    """
    if link.base is None:
        return link.observed is not MISSING
    if link.observed is MISSING:
        return True
    if link.observed == link.base.shown:
        return False
    reading = link.lens.get(link.observed)
    return reading is MISSING or not same(state.fields[name].spec, reading, link.lens.get(link.base.shown))


def _is_later(link: LinkField, last: Sequence[Last]) -> bool:
    """Return whether a field may have been edited since a deleted record is known to be missing."""
    return link.edited is not None and any(link.edited.not_after >= each.missing_since for each in last)


def _is_unseen(state: EntityState, results: EntityResult, name: str, last: Last) -> bool:
    """Return whether the deleted record showed another value than the one agreed on, though it could show it."""
    if name not in state.fields:
        return False
    spec, (lens, base) = state.fields[name].spec, last.fields[name]
    value = results[name].canonical if name in results else state.fields[name].canonical
    if isinstance(value, Unset) or same(spec, base.meant, value):
        return False
    native = lens.put(value, base.shown)
    return not isinstance(native, Cannot) and not same(spec, lens.get(native), lens.get(base.shown))
