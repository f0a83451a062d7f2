"""Who wins when edits disagree (merge-semantics.md section 4, second table)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias, assert_never

from syncd.model.canonical import FieldSpec, Unset, Value
from syncd.model.policy import (
    Earliest,
    Hold,
    Interval,
    Latest,
    Leader,
    Newest,
    Once,
    Order,
    Policy,
    Provenance,
    Rule,
    Stated,
)
from syncd.model.refs import ConnectionName
from syncd.reconcile.fits import Side, first_fitting, fits, same, stated_by

COMPUTED_BY: Final = ConnectionName("syncd")
"""The leader of computed fields: the canonical value always wins. No connection may have this name."""


@dataclass(frozen=True, slots=True)
class Take:
    """That value wins."""

    value: Value


@dataclass(frozen=True, slots=True)
class Held:
    """Nobody wins; *why* is one sentence for a person."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """The leader was not freshly read; ask again next cycle."""


Verdict: TypeAlias = Take | Held | Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What disagrees: the edits that differ from the canonical value, and all established links of the leader."""

    spec: FieldSpec
    policy: Policy
    canonical: Value | Unset
    provenance: Provenance
    heads: Sequence[Side]
    """Never empty."""
    leaders: Sequence[Side] = ()
    leader_absent: bool = False
    """Whether a link of the leader was not read in this cycle, or a write to it is being looked up."""

    @property
    def contended(self) -> bool:
        """Whether no edit was made in sight of the canonical value, which then contends itself."""
        return self.contends_with(self.heads)

    def contends_with(self, heads: Iterable[Side]) -> bool:
        """Return whether none of these edits was made in sight of the canonical value."""
        return not isinstance(self.canonical, Unset) and not any(
            side.base is not None and side.base.meant == self.canonical for side in heads
        )

    def statements(self) -> list[tuple[Value, frozenset[Stated]]]:
        """Return every contending value and who stated it, the canonical one if it contends."""
        found: dict[Value, frozenset[Stated]] = {}
        for side in self.heads:
            found[side.reading] = found.get(side.reading, frozenset()) | {stated_by(side)}
        if self.contended and not isinstance(self.canonical, Unset):
            found[self.canonical] = self.provenance.by
        return list(found.items())


def decide(question: Question) -> Verdict:
    """
    Say which of the contending values wins.

    A leader is asked before anything else; then values every contender
    already shows; then, unless a person's command contends, the policy.
    """
    policy = question.policy
    if isinstance(policy, Leader):
        verdict = _by_leader(question, policy)
        if verdict is not None:
            return verdict
    if not question.contended:
        compatible = first_fitting(question.spec, question.heads, (side.reading for side in question.heads))
        if not isinstance(compatible, Unset):
            return Take(compatible)
    elif question.provenance.rule is Rule.COMMAND:
        return Held("a person chose the canonical value by command, and this edit was made without seeing it")
    return _by_policy(question, policy)


def _by_policy(question: Question, policy: Policy) -> Verdict:
    match policy:
        case Hold() | Leader() | Once():
            return Held("edited differently, and no policy names a winner")
        case Newest():
            return _by_time(question)
        case Order():
            return _by_rank(question, policy)
        case Earliest() | Latest():
            return _by_date(question, policy)
        case _:
            assert_never(policy)


def _by_leader(question: Question, policy: Leader) -> Verdict | None:
    """Return what the leader makes of it, or `None` where it has no voice and the field is as under `hold`."""
    canonical = question.canonical
    if policy.connection == COMPUTED_BY and not isinstance(canonical, Unset):
        return Take(canonical)
    if question.leader_absent:
        return Wait()
    if not question.leaders:
        return None
    own = [side for side in question.heads if side.link.connection == policy.connection]
    if own:
        return _leader_speaks(question, own)
    if isinstance(canonical, Unset):
        return None
    return _leader_is_silent(question, canonical)


def _leader_speaks(question: Question, own: Sequence[Side]) -> Verdict:
    """Take the leader's value, or a finer one that the leader already shows."""
    spec = question.spec
    said = first_fitting(spec, own, (side.reading for side in own))
    if isinstance(said, Unset):
        return Held("two links of the leader disagree")
    pool = [side for side in question.heads if all(fits(spec, leader, side.reading) for leader in own)]
    finer = first_fitting(spec, [*own, *pool], (side.reading for side in pool))
    return Take(said if isinstance(finer, Unset) else finer)


def _leader_is_silent(question: Question, canonical: Value) -> Verdict:
    """Accept what is below the leader's resolution; everything else loses to the canonical value."""
    spec = question.spec
    refined = [side for side in question.heads if all(fits(spec, leader, side.reading) for leader in question.leaders)]
    if not refined:
        return Take(canonical)
    if not question.contends_with(refined):
        compatible = first_fitting(spec, refined, (side.reading for side in refined))
        if not isinstance(compatible, Unset):
            return Take(compatible)
    return Held("edited differently in a way the leader cannot tell apart")


def _by_time(question: Question) -> Verdict:
    """Take the value whose last edit surely came after every edit of all the others."""
    spans: list[tuple[Value, Interval]] = []
    for value, statements in question.statements():
        span = _span(statements)
        if span is None:
            return Held("the time of an edit is not known, so none is surely the newest")
        spans.append((value, span))
    newest = [
        value
        for value, span in spans
        if all(span.not_before >= other.not_after for rival, other in spans if not same(question.spec, rival, value))
    ]
    return Take(newest[0]) if len(newest) == 1 else Held("the times of the edits overlap, so none is surely the newest")


def _span(statements: frozenset[Stated]) -> Interval | None:
    times = [stated.when for stated in statements]
    known = [when for when in times if when is not None]
    if not known or len(known) < len(times):
        return None
    return Interval(max(when.not_before for when in known), max(when.not_after for when in known))


def _by_rank(question: Question, policy: Order) -> Verdict:
    ranked = [(rank(policy, statements), value) for value, statements in question.statements()]
    best = min(place for place, _ in ranked)
    winners = [value for place, value in ranked if place == best]
    return Take(winners[0]) if len(winners) == 1 else Held("edited differently by connections of the same rank")


def rank(policy: Order, statements: frozenset[Stated]) -> int:
    """Return the best place of any of these in the order; those not named share the last."""
    last = len(policy.connections)
    places = {name: place for place, name in reversed(list(enumerate(policy.connections)))}
    return min((places.get(stated.connection, last) for stated in statements), default=last)


def _by_date(question: Question, policy: Earliest | Latest) -> Verdict:
    found = extreme(policy, [value for value, _ in question.statements()])
    return Held("these values have no earlier and later") if isinstance(found, Unset) else Take(found)


def extreme(policy: Earliest | Latest, values: Sequence[Value]) -> Value | Unset:
    """Return the smallest or greatest value; a date beats empty. `UNSET` when they cannot be compared."""
    stated = [value for value in values if value is not None]
    if not stated:
        return None
    choose = min if isinstance(policy, Earliest) else max
    for kind in (datetime, date, Decimal):
        alike = [value for value in stated if type(value) is kind]
        if len(alike) == len(stated):
            return choose(alike)
    return Unset.UNSET
