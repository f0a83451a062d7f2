"""Taking back what one run wrote in one field: only where a tool still holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, cast

from syncd.errors import HeldError
from syncd.model.canonical import FieldType, Unset, Value
from syncd.model.native import MISSING, Missing, Native
from syncd.model.policy import Leader
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.joining import choose
from syncd.reconcile.policies import COMPUTED_BY
from syncd.reconcile.state import Due, DueReason, FieldResult, FieldState, LinkField

MOVED: Final = "it holds something else by now"
PUT_BACK: Final = "it was put back already"


@dataclass(frozen=True, slots=True)
class Wrote:
    """What one run changed in one field of one link: what was there before its first write, and after its last."""

    before: Native | Missing
    after: Native | Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """How one field is taken back."""

    due: tuple[Due, ...] = ()
    """The writes that restore it, only to links that the run wrote."""
    decided: FieldResult | None = None
    """What to commit first; `None` where the canonical value stays, so that the links written merely lag."""
    left: Mapping[LinkId, str] = field(default_factory=dict)
    """Links that stay as they are, and why."""
    leader: ConnectionName | None = None
    """Whose value wins again in the next cycle."""


def undo_field(state: FieldState, wrote: Mapping[LinkId, Wrote], now: datetime, by: str) -> Reversal:
    """
    Say how to take back what a run wrote to the links in *wrote*; *state* must come from a fresh read.

        a link still holds what was written    it is restored
        it holds something else                it is left
        of a set                               only the elements the run added or removed, as far as they still are
        the leader is another connection       restored there, the canonical value stays and will win again
        otherwise                              the restored value becomes canonical by this person's command

    Links the run did not write are not touched; they lag, and the next cycle
    brings them the restored value.
    """
    links = {link.link: link for link in state.links}
    left = {
        one: why
        for one, each in sorted(wrote.items())
        if (why := _obstacle(links.get(one), each, is_set=state.spec.is_set)) is not None
    }
    ready = [(links[one], each) for one, each in sorted(wrote.items()) if one not in left]
    if not ready:
        return Reversal(left=left)
    leader = _leader_elsewhere(state, ready)
    if leader is not None:
        return Reversal(due=tuple(_exactly(link, each) for link, each in ready), left=left, leader=leader)
    value = _restored(state, ready)
    if isinstance(value, Unset):
        why = "the tools held different values before: choose one with conflicts resolve KEY.FIELD --value"
        return Reversal(left={**left, **{link.link: why for link, _ in ready}})
    return _chosen(state, value, ready, left, now, by)


def _obstacle(link: LinkField | None, each: Wrote, *, is_set: bool) -> str | None:
    """Return why a link cannot be taken back, or `None`."""
    if link is None or not link.writable:
        return "it is not ours to write now: unlinked, out of scope, not mapped, or its connection only observes"
    if link.pending is not None:
        return "a write to it is being looked up"
    now, before, after = (_reading(link, native) for native in (link.observed, each.before, each.after))
    if isinstance(now, Missing):
        return "it cannot be read"
    if isinstance(before, Missing) or isinstance(after, Missing):
        return "what was there before cannot be told"
    return _moved(now, before, after, is_set=is_set)


def _moved(now: Value, before: Value, after: Value, *, is_set: bool) -> str | None:
    """Return what happened to a write since, or `None` when it still stands."""
    if is_set:
        added, removed = _still(now, before, after)
        return None if added or removed else PUT_BACK
    if now == after:
        return None
    return PUT_BACK if now == before else MOVED


def _reading(link: LinkField, native: Native | Missing) -> Value | Missing:
    return MISSING if isinstance(native, Missing) else link.lens.get(native)


def _still(now: Value, before: Value, after: Value) -> tuple[frozenset[str], frozenset[str]]:
    """Return which elements a run added, and which it removed, as far as the tool still shows it so."""
    held, old, new = (_members(value) for value in (now, before, after))
    return (new - old) & held, (old - new) - held


def _members(value: Value) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()


def _leader_elsewhere(state: FieldState, ready: Sequence[tuple[LinkField, Wrote]]) -> ConnectionName | None:
    """Return the leader whose value will win again: sets and texts know none."""
    policy = state.policy
    if not isinstance(policy, Leader):
        return None
    if policy.connection == COMPUTED_BY:
        return policy.connection
    if state.spec.is_set or state.spec.type is FieldType.MARKDOWN:
        return None
    speaks = any(link.connection == policy.connection and link.voice and link.base for link in state.links)
    restored = any(link.connection == policy.connection for link, _ in ready)
    return policy.connection if speaks and not restored else None


def _restored(state: FieldState, ready: Sequence[tuple[LinkField, Wrote]]) -> Value | Unset:
    """Return the canonical value that was; `UNSET` when the tools do not agree on it."""
    if state.spec.is_set:
        return _restored_set(state, ready)
    values = {_reading(link, each.before) for link, each in ready}
    return cast("Value", values.pop()) if len(values) == 1 else Unset.UNSET


def _restored_set(state: FieldState, ready: Sequence[tuple[LinkField, Wrote]]) -> Value:
    """Return the set without what the run did to it, but with what people did in these tools since."""
    members = _members(None if isinstance(state.canonical, Unset) else state.canonical)
    for link, each in ready:
        now, before, after = (cast("Value", _reading(link, one)) for one in (link.observed, each.before, each.after))
        shown = _reading(link, link.base.shown) if link.base else now
        known = _members(now if isinstance(shown, Missing) else shown)
        added, removed = _still(now, before, after)
        members = (members | (_members(now) - known)) - (known - _members(now))
        members = (members - added) | removed
    return members


def _chosen(
    state: FieldState,
    value: Value,
    ready: Sequence[tuple[LinkField, Wrote]],
    left: Mapping[LinkId, str],
    now: datetime,
    by: str,
) -> Reversal:
    """Make *value* canonical by command, and write it only where the run wrote."""
    shown = {link.link: cast("Value", _reading(link, link.observed)) for link, _ in ready}
    try:
        result = choose(state, value, now, by, shown=shown)
    except HeldError as exc:
        return Reversal(left={**left, **dict.fromkeys(shown, f"{exc.what}: run syncd sync first")})
    wrote = {link.link: (link, each) for link, each in ready}
    due = tuple(
        each if state.spec.is_set else replace(each, want=_exactly(*wrote[each.link]).want)
        for each in result.due
        if each.link in wrote
    )
    stuck = {note.link: note.text or str(note.trouble) for note in result.notices}
    missed = {one: stuck.get(one, "it cannot be written now") for one in shown.keys() - {each.link for each in due}}
    if not due:
        return Reversal(left={**left, **missed})
    return Reversal(due=due, decided=replace(result, due=due), left={**left, **missed})


def _exactly(link: LinkField, each: Wrote) -> Due:
    """Return the write that brings back to the letter what was there."""
    before, observed = cast("Native", each.before), cast("Native", link.observed)
    value = cast("Value", link.lens.get(before))
    return Due(link=link.link, want=before, value=value, pre=observed, reason=DueReason.FLOW)
