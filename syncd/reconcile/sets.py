"""The merge of sets, element by element: add wins (merge-semantics.md section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from syncd.model.canonical import FieldSpec, Unset
from syncd.model.lens import Cannot
from syncd.model.policy import Provenance
from syncd.reconcile.draft import Draft
from syncd.reconcile.fits import Side, by_key, members, stated_by
from syncd.reconcile.state import STALE, Base


@dataclass(frozen=True, slots=True)
class Delta:
    """What one side added and removed since its base, as keys of its own classes; *added* keeps the spelling."""

    side: Side
    added: dict[str, str]
    removed: frozenset[str]


def delta(spec: FieldSpec, side: Side) -> Delta:
    """Return the difference between what that side reads as and what its base does."""
    now, was = by_key(spec, members(side.reading)), by_key(spec, members(side.was))
    return Delta(
        side,
        {key: spelled for key, spelled in now.items() if key not in was},
        frozenset(was.keys() - now.keys()),
    )


def merge_set(draft: Draft) -> None:
    """
    Apply every voice's additions and removals at once.

    `c' = (c - all removals) | all additions`; a removal that meets an addition
    of the same element loses, with a ledger row. Nothing is ever held.
    """
    deltas = [delta(draft.spec, side) for side in draft.established() if side.edited]
    if not deltas:
        return
    old = by_key(draft.spec, members(None if isinstance(draft.canonical, Unset) else draft.canonical))
    added = {key for each in deltas for key in each.added}
    kept = dict(old)
    for each in deltas:
        gone = _covered(draft.spec, each, old)
        for key in gone:
            kept.pop(key, None)
        beaten = frozenset(old.get(key, key) for key in (gone | each.removed) & added)
        if beaten:
            draft.lose(each.side, beaten, "add_wins")
    news: dict[str, str] = {}
    for each in deltas:
        for key, spelled in each.added.items():
            if not already_shown(draft.spec, each.side, key, kept):
                news[key] = min(spelled, news.get(key, spelled))
    merged = {key: old.get(key, spelled) for key, spelled in news.items()} | kept
    _commit(draft, deltas, frozenset(merged.values()))


def _covered(spec: FieldSpec, change: Delta, old: dict[str, str]) -> frozenset[str]:
    """Return the canonical elements a removal stands for: all those the tool shows as the removed one."""
    if not change.removed:
        return frozenset()
    return frozenset(
        key for key in old if key in change.removed or _class_of(spec, change.side, old[key]) in change.removed
    )


def already_shown(spec: FieldSpec, side: Side, key: str, kept: dict[str, str]) -> bool:
    """Return whether a canonical element that stays is what the tool means by *key* (a coarse tool's addition)."""
    return key not in kept and any(_class_of(spec, side, spelled) == key for spelled in kept.values())


def _class_of(spec: FieldSpec, side: Side, element: str) -> str | None:
    """Return the key under which the tool shows that element alone; `None` when it cannot hold it."""
    native = side.link.lens.put(frozenset({element}), None)
    if isinstance(native, Cannot):
        return None
    return next(iter(by_key(spec, members(side.link.lens.get(native)))), None)


def _commit(draft: Draft, deltas: Sequence[Delta], value: frozenset[str]) -> None:
    if not draft.same(value, draft.canonical):
        draft.canonical = value
        by = frozenset(stated_by(each.side) for each in deltas)
        draft.provenance = Provenance(by=by, policy="sets", at=draft.now)
    for each in deltas:
        each.side.base = Base(each.side.observed, value if draft.fits(each.side, value) else STALE)
