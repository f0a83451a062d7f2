"""A person's word: settling a conflict, answering a question, approving what first contact proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from syncd.errors import HeldError
from syncd.model.canonical import Value
from syncd.model.policy import Interval, Provenance, Rule, Stated
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.draft import Draft, open_draft, policy_name
from syncd.reconcile.field import advance, merge_field
from syncd.reconcile.fits import EMPTY, Side, stated_by
from syncd.reconcile.policies import COMPUTED_BY
from syncd.reconcile.state import NEEDS_APPROVAL, STALE, Base, FieldResult, FieldState, LinkField, Loser


def choose(state: FieldState, value: Value, now: datetime, by: str, *, shown: Mapping[LinkId, Value]) -> FieldResult:
    """
    Make *value* canonical by a person's command: `conflicts resolve`, or `take` and `keep` of a question.

    *shown* holds, by link, what that person was shown each tool to read as;
    only these links are decided upon. Every other link with a base simply
    lags, and one without stays a question. What loses is in the ledger.

    Raises:
        HeldError: a link reads otherwise by now, or another one has an edit the person was not shown [S25].
    """
    draft = open_draft(replace(state, rule_held=None), now)
    _check_shown(state, draft, shown)
    draft.judged.clear()
    for side in draft.sides:
        if side.link.link in shown and not side.looking_up:
            _account(draft, side, value)
    if not draft.same(value, draft.canonical):
        draft.lose_canonical("command")
    draft.canonical = value
    draft.provenance = Provenance(
        by=frozenset({Stated(ConnectionName(COMPUTED_BY), Interval(now, now), by)}), rule=Rule.COMMAND, at=now
    )
    return _followed(state, draft.result(), now)


def approve(state: FieldState, now: datetime, *, shown: Mapping[LinkId, Value]) -> FieldResult:
    """
    Carry out what first contact proposes for the links in *shown*: their fills, unions and proposals become due.

    The base of such a link is what it shows, which is now accounted for.
    Questions without a proposal stay questions.

    Raises:
        HeldError: a link in *shown* reads otherwise by now, or nothing is proposed any more.
    """
    first = merge_field(state, now)
    proposed = {due.link: due.value for due in first.due if due.reason in NEEDS_APPROVAL}
    state_then = advance(state, first)
    draft = open_draft(state_then, now)
    _check_readings(state, draft, shown)
    if not proposed.keys() & shown.keys():
        raise HeldError(
            "nothing is proposed here any more",
            where=_where(state, min(shown, default=None)),
            fix="run syncd plan and look again",
        )
    value = proposed[min(proposed)]
    newcomers = [side for side in draft.newcomers() if side.link.link in shown]
    if not draft.same(value, draft.canonical):
        voices = [side for side in newcomers if side.has_voice and side.reading not in {None, EMPTY}]
        draft.canonical = value
        draft.provenance = Provenance(
            by=frozenset(stated_by(side) for side in voices),
            rule=Rule.FIRST_CONTACT,
            policy=policy_name(state.policy),
            at=now,
        )
    for side in newcomers:
        if side.link.link in proposed or draft.fits(side, value):
            if not draft.fits(side, value) and not draft.spec.is_set and side.reading is not None:
                draft.lose(side, side.reading, "command")
            _set_base(draft, side, value)
    return _joined(first, _followed(state_then, draft.result(), now))


def _account(draft: Draft, side: Side, value: Value) -> None:
    """Give that side the base of one whose person knows the decision; an edit that loses leaves a row."""
    lost = side.edited or (side.base is None and side.reading is not None and side.reading != EMPTY)
    if lost and not draft.fits(side, value):
        draft.lose(side, side.reading, "command")
    _set_base(draft, side, value)


def _set_base(draft: Draft, side: Side, value: Value) -> None:
    if draft.fits(side, value):
        side.base = Base(side.observed, value)
    else:
        side.base = Base(side.observed, STALE if draft.spec.is_set else side.reading)


def _followed(state: FieldState, decided: FieldResult, now: datetime) -> FieldResult:
    """Return the decision together with what the merge makes of it."""
    after = merge_field(replace(advance(state, decided), rule_held=None), now)
    return _joined(decided, after)


def _joined(first: FieldResult, then: FieldResult) -> FieldResult:
    return replace(
        then,
        bases={**first.bases, **then.bases},
        settled=first.settled | then.settled,
        losers=tuple(sorted({*first.losers, *then.losers}, key=_loser_order)),
    )


def _loser_order(loser: Loser) -> tuple[str, str, str]:
    return (loser.link or "", loser.rule, str(loser.value))


def _check_shown(state: FieldState, draft: Draft, shown: Mapping[LinkId, Value]) -> None:
    _check_readings(state, draft, shown)
    for side in draft.sides:
        if side.has_voice and side.edited and side.link.link not in shown:
            raise HeldError(
                f"was edited to {side.reading!r}, which was not shown when this was chosen",
                where=_where(state, side.link.link),
                fix="look at the conflict again and choose anew",
            )


def _check_readings(state: FieldState, draft: Draft, shown: Mapping[LinkId, Value]) -> None:
    readings = {side.link.link: side.reading for side in draft.sides}
    for link, value in sorted(shown.items()):
        if link not in readings:
            raise HeldError(
                "cannot be read just now, so what was shown may have changed",
                where=_where(state, link),
                fix="wait until it is readable, or leave it out of the choice",
            )
        if not draft.same(readings[link], value):
            raise HeldError(
                f"reads {readings[link]!r} by now, and {value!r} was shown",
                where=_where(state, link),
                fix="look at it again and choose anew",
            )


def _where(state: FieldState, link: LinkId | None) -> str:
    found: LinkField | None = next((each for each in state.links if each.link == link), None)
    return f"{found.connection if found else 'syncd'}:{link or ''} {state.name}"
