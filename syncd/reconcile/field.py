"""The merge of one field of one entity over all its links, as a story (merge-semantics.md sections 3 to 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from syncd.model.canonical import FieldType, Unset
from syncd.model.native import Missing
from syncd.model.policy import Leader, Once
from syncd.reconcile.contact import first_and_alone, first_contact
from syncd.reconcile.draft import Draft, open_draft
from syncd.reconcile.fits import takes_part
from syncd.reconcile.flow import flow, judge_mirrors
from syncd.reconcile.policies import COMPUTED_BY
from syncd.reconcile.scalar import merge_scalar
from syncd.reconcile.sets import merge_set
from syncd.reconcile.state import Base, Conflict, Contender, FieldResult, FieldState, Trouble
from syncd.reconcile.text import merge_text


def merge_field(state: FieldState, now: datetime) -> FieldResult:
    """
    Say what one field becomes, given all its links; a pure function, the same for every order of the links.

    *now* only stamps provenance. Everything in the result but `due` is one
    transaction, to be made before the first request.

        1. settle writes of unknown outcome, drop what cannot be read
        2. merge the edits of established voices: as a whole, by element, by block
        3. judge mirrors
        4. first contact: links without a base
        5. what is to be written where
    """
    if state.rule_held is not None:
        return _rule_held(state, state.rule_held, now)
    if _in_sync(state):
        return FieldResult(name=state.name, canonical=state.canonical, provenance=state.provenance)
    if (alone := first_and_alone(state, now)) is not None:
        return alone
    return merge_at_length(state, now)


def merge_at_length(state: FieldState, now: datetime) -> FieldResult:
    """Return what `merge_field` does, without its shortcuts: for a field that no rule holds."""
    draft = open_draft(state, now)
    if not isinstance(state.policy, Once) or isinstance(draft.canonical, Unset):
        _merge_edits(draft)
        judge_mirrors(draft)
        first_contact(draft)
    if isinstance(state.policy, Once):
        _settle_for_good(draft)
    flow(draft)
    return draft.result()


def _merge_edits(draft: Draft) -> None:
    if draft.state.policy == Leader(COMPUTED_BY):
        merge_scalar(draft)
    elif draft.spec.is_set:
        merge_set(draft)
    elif draft.spec.type is FieldType.MARKDOWN:
        merge_text(draft)
    else:
        merge_scalar(draft)


def advance(state: FieldState, result: FieldResult) -> FieldState:
    """Return the state after committing *result*: its value and bases, without the settled ops."""
    links = tuple(
        replace(
            link,
            base=result.bases.get(link.link, link.base),
            pending=None if link.pending and link.pending.op in result.settled else link.pending,
        )
        for link in state.links
    )
    return replace(state, canonical=result.canonical, provenance=result.provenance, links=links)


def _in_sync(state: FieldState) -> bool:
    """Return whether every link shows, to the letter, what it was last accounted for, and that stands for `c`."""
    canonical = state.canonical
    for link in state.links:
        if not takes_part(link):
            continue
        base = link.base
        if base is None or link.pending is not None or base.meant != canonical:
            return False
        shown = link.observed
        if shown is not base.shown and shown != base.shown:
            return False
        if state.spec.type is not FieldType.MARKDOWN and not _says(link.lens.get(base.shown), canonical):
            return False
    return True


def _says(reading: object, canonical: object) -> bool:
    """Return whether nothing needs reporting about a side in sync: it reads as exactly the value."""
    return reading == canonical and not isinstance(reading, Missing)


def _settle_for_good(draft: Draft) -> None:
    """
    Account for every reading as it is: under `once` nothing flows after creation.

    Only a default that a tool filled in when we created its record is still to
    be replaced, as the second step of that creation.
    """
    canonical = draft.canonical
    if isinstance(canonical, Unset):
        return
    draft.due.clear()
    draft.notices = [note for note in draft.notices if note.trouble is not Trouble.UNDECIDED]
    for side in draft.sides:
        if side.looking_up:
            continue
        if side.link.default and not side.edited:
            side.base = side.base or Base(side.observed, side.reading)
        else:
            side.base = Base(side.observed, canonical)


def _rule_held(state: FieldState, rule: str, now: datetime) -> FieldResult:
    """Freeze the field as it was: the value, the bases and pending ops stay."""
    draft = open_draft(replace(state, rule_held=None), now)
    edits = [
        draft.contender(side)
        for side in draft.sides
        if side.has_voice and (side.edited or (side.base is None and not draft.fits(side, draft.canonical)))
    ]
    canonical = None if isinstance(state.canonical, Unset) else state.canonical
    contenders = edits or [Contender(None, None, canonical)]
    ordered = tuple(sorted(contenders, key=lambda each: (each.link or "", str(each.value))))
    return FieldResult(
        name=state.name,
        canonical=state.canonical,
        provenance=state.provenance,
        conflict=Conflict(ordered, rule),
        notices=tuple(draft.notices),
    )
