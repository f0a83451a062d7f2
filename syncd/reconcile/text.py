"""The merge of formatted text, block by block (merge-semantics.md section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeAlias

from syncd.model.canonical import UNSET, Unset, Value
from syncd.reconcile.draft import Draft
from syncd.reconcile.fits import Side, first_fitting
from syncd.reconcile.scalar import ask, find_heads, freeze
from syncd.reconcile.state import Base

Blocks: TypeAlias = Sequence[str]


@dataclass(frozen=True, slots=True, order=True)
class Hunk:
    """Blocks *start* up to, not including, *stop* of an ancestor become *blocks*."""

    start: int
    stop: int
    blocks: tuple[str, ...]

    def clashes(self, other: Hunk) -> bool:
        """
        Return whether both cannot be carried out; *other* is not the same hunk.

        Overlapping ranges, two insertions at one place, or an insertion that
        touches a changed range.
        """
        if self.start == self.stop or other.start == other.stop:
            return self.start <= other.stop and other.start <= self.stop
        return self.start < other.stop and other.start < self.stop


def hunks(old: Blocks, new: Blocks) -> tuple[Hunk, ...]:
    """Return what turns *old* into *new*, in order."""
    matcher = SequenceMatcher(None, list(old), list(new), autojunk=False)
    return tuple(
        Hunk(start, stop, tuple(new[first:last]))
        for tag, start, stop, first, last in matcher.get_opcodes()
        if tag != "equal"
    )


def union(changes: Iterable[Iterable[Hunk]]) -> tuple[Hunk, ...] | None:
    """Return all hunks, equal ones once, in order; `None` when two of them clash."""
    found = sorted({hunk for change in changes for hunk in change})
    for index, hunk in enumerate(found):
        for later in found[index + 1 :]:
            if later.start > hunk.stop:
                break
            if hunk.clashes(later):
                return None
    return tuple(found)


def apply_hunks(old: Blocks, changes: Iterable[Hunk]) -> tuple[str, ...]:
    """Return *old* with hunks that do not clash carried out."""
    result: list[str] = []
    place = 0
    for hunk in sorted(changes):
        result += [*old[place : hunk.start], *hunk.blocks]
        place = hunk.stop
    return (*result, *old[place:])


def carry(changes: Sequence[Hunk], shown: Blocks, meant: Blocks) -> tuple[Hunk, ...] | None:
    """
    Move hunks against *shown* onto the canonical blocks it stands for.

    A tool that shows every canonical block as one of its own is followed block
    by block; otherwise unchanged blocks are anchors and a hunk must lie between them.
    `None` when a hunk cannot be placed.
    """
    if len(shown) == len(meant):
        return tuple(changes)
    places: dict[int, int] = {0: 0, len(shown): len(meant)}
    for tag, start, stop, first, last in SequenceMatcher(None, list(shown), list(meant), autojunk=False).get_opcodes():
        if tag == "equal" or stop - start == last - first:
            places |= {start + step: first + step for step in range(stop - start + 1)}
    if any(hunk.start not in places or hunk.stop not in places for hunk in changes):
        return None
    return tuple(Hunk(places[hunk.start], places[hunk.stop], hunk.blocks) for hunk in changes)


def rebase(changes: Sequence[Hunk], meant: Blocks, canonical: Blocks) -> tuple[Hunk, ...] | None:
    """Move hunks against *meant* onto the canonical blocks of now; `None` when both changed the same place."""
    if tuple(meant) == tuple(canonical):
        return tuple(changes)
    theirs = hunks(meant, canonical)
    ours = [hunk for hunk in changes if hunk not in theirs]
    if any(mine.clashes(other) for mine in ours for other in theirs):
        return None

    def shift(place: int) -> int:
        return sum(len(hunk.blocks) - (hunk.stop - hunk.start) for hunk in theirs if hunk.stop <= place)

    return tuple(Hunk(hunk.start + shift(hunk.start), hunk.stop + shift(hunk.start), hunk.blocks) for hunk in ours)


def merge_text(draft: Draft) -> None:
    """
    Carry out the hunks of all sides at once, against the canonical text.

    Never side by side one after another: that would depend on their order. A
    clash holds the field, unless one side's text is what all the others
    already show.
    """
    heads = find_heads(draft)
    if not heads:
        return
    canonical = draft.canonical
    now = _blocks(canonical)
    changes = [_hunks_of(draft, side, now) for side in heads]
    placed = [change for change in changes if change is not None]
    value: Value | Unset
    merged = union(placed) if len(placed) == len(changes) else None
    if merged is None:
        question = ask(draft, heads)
        value = UNSET if question.contended else first_fitting(draft.spec, heads, _whole(now, placed))
        if isinstance(value, Unset):
            freeze(draft, question, "the same part of the text was changed in two ways")
            return
    else:
        value = _written(apply_hunks(now, merged), [*(side.reading for side in heads), canonical])
    for side in heads:
        side.base = Base(side.observed, value if draft.fits(side, value) else side.reading)
    draft.take(value, heads)


def _whole(now: Blocks, changes: Iterable[Sequence[Hunk]]) -> list[Value]:
    return [_written(apply_hunks(now, change), ()) for change in changes]


def _hunks_of(draft: Draft, side: Side, canonical: Blocks) -> tuple[Hunk, ...] | None:
    """
    Return one side's edit as hunks against the canonical text, or `None` when it clashes with what changed there.

    Where the tool shows the text coarsely and the edit cannot be carried onto
    it so that the tool would show just that, the edit stands for the whole text.
    """
    shown, edited = _blocks(side.was), _blocks(side.reading)
    meant = _blocks(side.base.meant) if side.base is not None and isinstance(side.base.meant, str | None) else shown
    changes: tuple[Hunk, ...] | None = hunks(shown, edited)
    if tuple(shown) != tuple(meant):
        changes = carry(changes or (), shown, meant)
        if changes is None or not draft.fits(side, _written(apply_hunks(meant, changes), ())):
            changes = (Hunk(0, len(meant), tuple(edited)),)
    return rebase(changes or (), meant, canonical)


def _blocks(value: object) -> Blocks:
    from syncd.richtext import split_blocks

    return split_blocks(value) if isinstance(value, str) else ()


def _written(blocks: Blocks, texts: Iterable[Value | Unset]) -> Value:
    """Return the text these blocks make: one of *texts*, to the letter, where it has the same blocks."""
    from syncd.richtext import join_blocks

    for text in sorted(text for text in texts if isinstance(text, str)):
        if tuple(_blocks(text)) == tuple(blocks):
            return text
    return join_blocks(tuple(blocks)) if blocks else None
