"""The merge of a value taken whole (merge-semantics.md section 4)."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.model.canonical import Unset, Value
from syncd.model.policy import Leader
from syncd.reconcile.draft import Draft, policy_name
from syncd.reconcile.fits import Side
from syncd.reconcile.policies import Held, Question, Take, Wait, decide
from syncd.reconcile.state import Base, LinkField, Trouble


def find_heads(draft: Draft) -> list[Side]:
    """Return the edits that differ from the canonical value; those that arrive at it agree, and are done."""
    heads = []
    for side in draft.established():
        if not side.edited:
            continue
        if draft.fits(side, draft.canonical):
            draft.agree(side)
        else:
            heads.append(side)
    return heads


def merge_scalar(draft: Draft) -> None:
    """
    Judge the edits of all voices against each other and against the canonical value.

        no head                 the canonical value stays
        a value wins            it becomes canonical; who shows it is accounted for, the others have lost
        held, or the leader is  every base stays, the field is frozen
        not freshly read
    """
    heads = find_heads(draft)
    if not heads:
        return
    question = ask(draft, heads)
    verdict = decide(question)
    match verdict:
        case Take(value):
            _apply(draft, question, value)
        case Held(why):
            freeze(draft, question, why)
        case Wait():
            draft.waiting = True
            for link in draft.state.links:
                if leads(draft, link) and not link.fresh:
                    draft.note(
                        link,
                        Trouble.WAITING,
                        None if isinstance(draft.canonical, Unset) else draft.canonical,
                        "the leader was not read in this cycle",
                    )


def ask(draft: Draft, heads: Sequence[Side]) -> Question:
    """
    Return the question these heads raise.

    A link of the leader that has no base yet, and shows the canonical value,
    joins before it is asked: whatever is decided then, it goes on showing it.
    """
    for side in draft.newcomers():
        if leads(draft, side.link) and side.link.fresh and draft.fits(side, draft.canonical):
            side.base = Base(side.observed, None if isinstance(draft.canonical, Unset) else draft.canonical)
    leaders = [side for side in draft.sides if side.base is not None and leads(draft, side.link)]
    unread = any(not link.fresh for link in draft.state.links if link.base is not None and leads(draft, link))
    return Question(
        spec=draft.spec,
        policy=draft.state.policy,
        canonical=draft.canonical,
        provenance=draft.provenance,
        heads=heads,
        leaders=leaders,
        leader_absent=unread or any(side.looking_up for side in leaders),
    )


def leads(draft: Draft, link: LinkField) -> bool:
    """Return whether that link speaks for the field's leader."""
    policy = draft.state.policy
    return isinstance(policy, Leader) and link.connection == policy.connection and link.voice and not link.mirror


def freeze(draft: Draft, question: Question, why: str) -> None:
    """Hold the field with every head, and the canonical value where it contends."""
    contenders = [draft.contender(side) for side in question.heads]
    if question.contended:
        contenders.append(draft.canonical_contender())
    draft.hold(contenders, why)


def _apply(draft: Draft, question: Question, value: Value) -> None:
    rule = policy_name(draft.state.policy)
    winners = [side for side in question.heads if draft.same(side.reading, value)]
    if question.contended and not isinstance(draft.canonical, Unset) and not draft.same(draft.canonical, value):
        draft.lose_canonical(rule)
    for side in question.heads:
        if draft.fits(side, value):
            side.base = Base(side.observed, value)
        else:
            draft.lose(side, side.reading, rule)
            side.base = Base(side.observed, side.reading)
    draft.take(value, winners)
