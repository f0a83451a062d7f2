"""First contact: a link without a base, and a field without a value (merge-semantics.md section 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from syncd.model.canonical import UNSET, Unset, Value
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import Missing
from syncd.model.policy import Earliest, Latest, Leader, Once, Order, Provenance, Rule, Stated
from syncd.reconcile.draft import Draft, policy_name
from syncd.reconcile.fits import EMPTY, Side, by_key, first_fitting, members, stated_by, takes_part
from syncd.reconcile.flow import writable_as
from syncd.reconcile.policies import COMPUTED_BY, extreme, rank
from syncd.reconcile.scalar import leads
from syncd.reconcile.sets import already_shown
from syncd.reconcile.state import STALE, Base, Due, DueReason, FieldResult, FieldState, Trouble


def first_contact(draft: Draft) -> None:
    """
    Let links without a base join, voices before mirrors, never freezing the others.

        fits the value                    joins: base := (obs, c)
        we created it, field not sent     its default is nobody's edit
        field held or waiting             a question until that ends
        set                               union, nothing removed: to be approved
        empty, c is not                   fill: to be approved
        else                              undecided: no base, no voice, no write
    """
    if not any(side.base is None for side in draft.sides):
        return
    for side in draft.newcomers():
        if side.link.default:
            _accept_default(draft, side)
    if draft.frozen:
        _join_those_who_fit(draft, [side for side in draft.newcomers() if not leads(draft, side.link)])
        _ask(draft, draft.newcomers())
    elif draft.spec.is_set:
        _join_sets(draft)
    else:
        _join_values(draft)


def first_and_alone(state: FieldState, now: datetime) -> FieldResult | None:
    """
    Return what becomes of a field that has no value and one voice, which says what it is; `None` for any other.

    The same as the whole story would tell (tests hold that), for the bulk of a first reading.
    """
    links = [link for link in state.links if takes_part(link)]
    if len(links) != 1 or not isinstance(state.canonical, Unset) or isinstance(state.policy, Once):
        return None
    link = links[0]
    if link.base or link.pending or link.default or link.mirror or not link.voice or isinstance(link.observed, Missing):
        return None
    reading = link.lens.get(link.observed)
    if isinstance(reading, Missing):
        return None
    value = frozenset(by_key(state.spec, members(reading)).values()) if state.spec.is_set else reading
    by = frozenset({Stated(link.connection, link.edited, link.author)}) if value is not None else frozenset()
    return FieldResult(
        name=state.name,
        canonical=value,
        provenance=Provenance(by=by, rule=Rule.FIRST_CONTACT, policy=policy_name(state.policy), at=now),
        bases={link.link: Base(link.observed, value)},
    )


def _accept_default(draft: Draft, side: Side) -> None:
    """Account for what a tool filled in by itself when we created the record [S17]."""
    value = draft.canonical
    meant: Value | Unset = side.reading
    if value is None or isinstance(value, Unset) or value == EMPTY or draft.fits(side, value):
        meant = value
    side.base = Base(side.observed, meant)


def _join_those_who_fit(draft: Draft, sides: Sequence[Side]) -> None:
    for side in sides:
        if not isinstance(draft.canonical, Unset) and draft.fits(side, draft.canonical):
            side.base = Base(side.observed, draft.canonical)


def _ask(draft: Draft, sides: Sequence[Side]) -> None:
    for side in sides:
        if side.reading is not None and side.reading != EMPTY:
            draft.note(side.link, Trouble.UNDECIDED, side.reading, "it joins with a value of its own")


def _join_values(draft: Draft) -> None:
    voices = [side for side in draft.newcomers() if side.has_voice]
    if isinstance(draft.canonical, Unset):
        _agree_on_first(draft, voices)
    if isinstance(draft.canonical, Unset):
        _ask(draft, voices)
        return
    _join_those_who_fit(draft, draft.newcomers())
    if draft.canonical is None and _adopt(draft, voices):
        return
    for side in draft.newcomers():
        if side.reading is None:
            _fill(draft, side, draft.canonical, DueReason.FILL)
            continue
        _ask(draft, [side])
        line = _line(draft, side, draft.canonical, DueReason.PROPOSAL)
        if line is not None and _has_stated_winner(draft, side):
            draft.due.append(line)


def _agree_on_first(draft: Draft, voices: Sequence[Side]) -> None:
    """Give the field its first value: a compatible one, else the one the policy states, else none yet."""
    if not voices:
        return
    stated = [side for side in voices if side.reading is not None]
    value: Value | Unset = None
    if stated:
        value = first_fitting(draft.spec, stated, (side.reading for side in stated))
        if isinstance(value, Unset):
            value = _stated_winner(draft, stated)
    if not isinstance(value, Unset):
        _set_first(draft, value, stated)


def _set_first(draft: Draft, value: Value, stated: Sequence[Side]) -> None:
    draft.canonical = value
    draft.provenance = Provenance(
        by=frozenset(stated_by(side) for side in stated if draft.same(side.reading, value)),
        rule=Rule.FIRST_CONTACT,
        policy=policy_name(draft.state.policy),
        at=draft.now,
    )


def _stated_winner(draft: Draft, stated: Sequence[Side]) -> Value | Unset:
    """Return the value the policy names among non-empty readings that disagree; `UNSET` when it names none."""
    policy = draft.state.policy
    chosen: Sequence[Side] = []
    match policy:
        case Leader():
            chosen = [side for side in stated if side.link.connection == policy.connection]
        case Order():
            places = [rank(policy, frozenset({stated_by(side)})) for side in stated]
            chosen = [side for side, place in zip(stated, places, strict=True) if place == min(places)]
        case Earliest() | Latest():
            return extreme(policy, [side.reading for side in stated])
    return first_fitting(draft.spec, chosen, (side.reading for side in chosen)) if chosen else UNSET


def _has_stated_winner(draft: Draft, side: Side) -> bool:
    """Return whether the policy puts the canonical value before that of a newcomer with another."""
    policy = draft.state.policy
    first = draft.provenance.rule is Rule.FIRST_CONTACT
    match policy:
        case Leader(connection) if connection == COMPUTED_BY:
            return True
        case Leader():
            established = any(s.link.connection == policy.connection for s in draft.established())
            return established and side.link.connection != policy.connection
        case Order():
            return first and rank(policy, draft.provenance.by) < rank(policy, frozenset({stated_by(side)}))
        case Earliest() | Latest():
            canonical = None if isinstance(draft.canonical, Unset) else draft.canonical
            return first and draft.same(extreme(policy, [canonical, side.reading]), canonical)
        case _:
            return False


def _adopt(draft: Draft, voices: Sequence[Side]) -> bool:
    """
    Take over the value of newcomers into an empty field, if they agree; return whether that is settled or proposed.

    Where that would write to anybody, it is proposed, and nothing moves before approval.
    """
    stated = [side for side in voices if side.base is None and side.reading is not None]
    value = first_fitting(draft.spec, stated, (side.reading for side in stated)) if stated else UNSET
    if isinstance(value, Unset):
        return False
    if _propose_everywhere(draft, value, DueReason.FILL):
        _ask(draft, [side for side in draft.newcomers() if side.is_mirror])
        return True
    _set_first(draft, value, stated)
    _join_those_who_fit(draft, draft.newcomers())
    return False


def _propose_everywhere(draft: Draft, value: Value, reason: DueReason) -> bool:
    """
    Propose *value* to every link but mirrors with a value of their own; return whether anybody would be written.

    A link that lags behind the value of now is brought up to that first.
    """
    found = False
    for side in draft.sides:
        own = side.base is None and side.is_mirror and side.reading not in {None, EMPTY}
        if own or side.looking_up or draft.fits(side, value):
            continue
        line = _line(draft, side, value, reason)
        if line is not None:
            found = True
            if not _flows_now(draft, side):
                draft.due.append(line)
    return found


def _flows_now(draft: Draft, side: Side) -> bool:
    """Return whether an established side is due the canonical value of now."""
    value = draft.canonical
    if side.base is None or side.base.meant == value or isinstance(value, Unset) or draft.fits(side, value):
        return False
    return _line(draft, side, value, DueReason.FLOW) is not None


def _line(draft: Draft, side: Side, value: Value, reason: DueReason) -> Due | None:
    link = side.link
    if not link.writable or (link.refused is not None and draft.same(link.refused.value, value)):
        return None
    native = link.lens.put(value, side.observed)
    return None if isinstance(native, Cannot) else Due(link.link, native, value, side.observed, reason)


def _fill(draft: Draft, side: Side, value: Value, reason: DueReason) -> None:
    """Propose to fill a newcomer; one that can never be written is accounted for as it is."""
    if side.link.lens.put(value, side.observed) is CANNOT:
        side.base = Base(side.observed, value)
    elif not side.link.writable:
        side.base = Base(side.observed, STALE if draft.spec.is_set else side.reading)
    else:
        native = writable_as(draft, side, value)
        if not isinstance(native, Cannot):
            draft.due.append(Due(side.link.link, native, value, side.observed, reason))


def _join_sets(draft: Draft) -> None:
    _join_those_who_fit(draft, draft.newcomers())
    voices = [side for side in draft.newcomers() if side.has_voice]
    old = members(None if isinstance(draft.canonical, Unset) else draft.canonical)
    known = by_key(draft.spec, old)
    offered = by_key(draft.spec, (element for side in voices for element in _news(draft, side, known)))
    target = frozenset((offered | known).values())
    grows = voices and (isinstance(draft.canonical, Unset) or not draft.same(target, draft.canonical))
    if grows:
        if _propose_everywhere(draft, target, DueReason.UNION):
            return
        _set_first(draft, target, voices)
        for side in voices:
            side.base = Base(side.observed, target if draft.fits(side, target) else STALE)
        _join_those_who_fit(draft, draft.newcomers())
    if isinstance(draft.canonical, Unset):
        return
    for side in draft.newcomers():
        if side.is_mirror and by_key(draft.spec, members(side.reading)).keys() - known.keys() - offered.keys():
            _ask(draft, [side])
        else:
            _fill(draft, side, draft.canonical, DueReason.UNION if side.reading else DueReason.FILL)


def _news(draft: Draft, side: Side, known: dict[str, str]) -> list[str]:
    """Return the elements a newcomer shows that no canonical element is shown as there."""
    reading = by_key(draft.spec, members(side.reading))
    return [spelled for key, spelled in reading.items() if not already_shown(draft.spec, side, key, known)]
