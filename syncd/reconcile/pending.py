"""A write whose outcome is unknown, settled by a direct read made after it (merge-semantics.md section 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from syncd.model.canonical import FieldSpec, Unset, Value
from syncd.model.lens import Cannot, Lens
from syncd.model.native import Choice, Choices, Native, People, Person, Refs
from syncd.model.refs import Ref
from syncd.reconcile.fits import by_key, members
from syncd.reconcile.state import STALE, Base, LinkField, Pending


class Settling(Enum):
    """What a reading says about a pending write."""

    UNRESOLVED = "unresolved"
    APPLIED = "applied"
    NOT_APPLIED = "not_applied"
    MOVED = "moved"
    """Neither before nor after: somebody's edit, made without seeing the canonical value."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A settled pending op and the base it leaves (`None`: still none)."""

    how: Settling
    base: Base | None


def settle(link: LinkField, observed: Native, spec: FieldSpec, canonical: Value | Unset) -> Settled:
    """
    Say what became of the pending op of *link*, which must have one.

        reading                                     then
        not direct, or begun before the send        unresolved
        loosely what we wanted                      applied: (obs, pending.meant)
        as before, its time-out passed              not applied: the op is forgotten
        as before, its time-out not yet passed      unresolved
        else                                        moved: the base stays, and has not seen the canonical value

    Sets settle element by element.
    """
    pending = link.pending
    if pending is None or link.read_after is None or link.read_after <= pending.sent_at:
        return Settled(Settling.UNRESOLVED, link.base)
    if _applied(link.lens, observed, pending):
        return Settled(Settling.APPLIED, Base(observed, pending.meant))
    if observed == pending.pre:
        if pending.expires_at is not None and link.read_after <= pending.expires_at:
            return Settled(Settling.UNRESOLVED, link.base)
        return Settled(Settling.NOT_APPLIED, link.base)
    base = link.base
    if base is not None and spec.is_set:
        shown = settle_elements(link.lens, spec, base.shown, want=pending.want, pre=pending.pre, now=observed)
        base = Base(shown, STALE)
    elif base is not None and base.meant == canonical:
        base = Base(base.shown, STALE)
    return Settled(Settling.MOVED, base)


def _applied(lens: Lens, observed: Native, pending: Pending) -> bool:
    """Return whether the reading is ours: exactly, or loosely where the value before was not."""
    if observed == pending.want:
        return True
    return lens.loose(observed, pending.want) and not lens.loose(pending.pre, pending.want)


def settle_elements(lens: Lens, spec: FieldSpec, shown: Native, *, want: Native, pre: Native, now: Native) -> Native:
    """
    Return `(shown | (added & now)) - (removed - now)` for a set whose write may have landed in part.

    Natives that are not sets of members are composed through the lens; where
    it cannot say the result, *shown* stays.
    """
    sets = [_native_members(side) for side in (shown, want, pre, now)]
    if all(side is not None for side in sets) and any(isinstance(n, Choices | People | Refs) for n in (shown, now)):
        old, wanted, before, present = (side or frozenset() for side in sets)
        kept = (old | ((wanted - before) & present)) - ((before - wanted) - present)
        return _like(now if isinstance(now, Choices | People | Refs) else shown, kept)
    was, wanted_v, before_v, present_v = (by_key(spec, members(lens.get(n))) for n in (shown, want, pre, now))
    keys = (was.keys() | ((wanted_v.keys() - before_v.keys()) & present_v.keys())) - (
        (before_v.keys() - wanted_v.keys()) - present_v.keys()
    )
    spelled = was | wanted_v | present_v
    native = lens.put(frozenset(spelled[key] for key in keys), now)
    return shown if isinstance(native, Cannot) else native


def _native_members(value: Native) -> frozenset[Choice | Person | Ref] | None:
    match value:
        case None:
            return frozenset()
        case Choices() | People() | Refs():
            return frozenset(value.members)
        case _:
            return None


def _like(example: Native, kept: frozenset[Choice | Person | Ref]) -> Native:
    match example:
        case Choices():
            return Choices(frozenset(member for member in kept if isinstance(member, Choice)))
        case People():
            return People(frozenset(member for member in kept if isinstance(member, Person)))
        case _:
            return Refs(frozenset(member for member in kept if isinstance(member, Ref)))
