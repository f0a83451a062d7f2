"""What is to be written where, once a field's value is known (merge-semantics.md section 4, first table)."""

from __future__ import annotations

from syncd.model.canonical import Unset, Value
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import Native
from syncd.reconcile.draft import Draft
from syncd.reconcile.fits import Side
from syncd.reconcile.state import STALE, Base, Due, DueReason, Trouble


def judge_mirrors(draft: Draft) -> None:
    """Account for edits in mirrors: they never count, and each leaves a ledger row unless it shows the value anyway."""
    for side in draft.sides:
        if not side.is_mirror or side.looking_up or side.base is None or not side.edited:
            continue
        if not isinstance(draft.canonical, Unset) and draft.fits(side, draft.canonical):
            side.base = Base(side.observed, draft.canonical)
        else:
            draft.lose(side, side.reading, "mirror")
            side.base = Base(side.observed, STALE if draft.spec.is_set else side.reading)


def flow(draft: Draft) -> None:
    """
    Bring every established side that lags behind the canonical value up to it.

        meant = c           in sync, even if the tool would be written otherwise today
        fits(c)             absorb: meant := c, no write
        CANNOT              meant := c, reported
        target not linked   deferred: nothing moves, reported
        else                due, or reported where it may not be written
    """
    value = draft.canonical
    if draft.frozen or isinstance(value, Unset):
        return
    for side in draft.sides:
        if side.base is None or side.looking_up:
            continue
        if side.base.meant == value:
            _tell_of_cannot(draft, side, value)
        elif draft.fits(side, value):
            side.base = Base(side.base.shown, value)
        else:
            _bring(draft, side, side.base, value)


def _bring(draft: Draft, side: Side, base: Base, value: Value) -> None:
    reason = DueReason.PUSH_BACK if side.link.link in draft.judged else DueReason.FLOW
    native = writable_as(draft, side, value)
    if native is CANNOT:
        side.base = Base(base.shown, value)
    elif not isinstance(native, Cannot):
        draft.due.append(Due(side.link.link, native, value, side.observed, reason))


def writable_as(draft: Draft, side: Side, value: Value) -> Native | Cannot:
    """
    Return how the tool is to say *value*, or why it is not to be written, which is then reported.

    `CANNOT` is final for this value; `NOT_LINKED` stands for everything that may pass.
    """
    link = side.link
    native = link.lens.put(value, side.observed)
    if native is CANNOT:
        draft.note(link, Trouble.CANNOT, value, "the tool has no way to say this value")
    elif isinstance(native, Cannot):
        draft.note(link, Trouble.NOT_LINKED, value, "what it points at is not linked in this tool yet")
    elif link.refused is not None and draft.same(link.refused.value, value):
        draft.note(link, Trouble.REFUSED, value, link.refused.reason)
        return Cannot.NOT_LINKED
    elif not link.writable:
        draft.note(link, Trouble.READ_ONLY, value, "it lags behind, and may not be written")
        return Cannot.NOT_LINKED
    return native


def _tell_of_cannot(draft: Draft, side: Side, value: Value) -> None:
    """Keep reporting a tool that has no word for the value, for as long as that lasts."""
    if not draft.same(side.reading, value) and side.link.lens.put(value, side.observed) is CANNOT:
        draft.note(side.link, Trouble.CANNOT, value, "the tool has no way to say this value")
