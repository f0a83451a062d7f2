"""A person's word: what is decided, what loses and is told, what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.errors import HeldError
from syncd.model.canonical import UNSET, FieldSpec, Unset, Value
from syncd.model.native import MISSING
from syncd.model.policy import Hold, Interval, Leader, Policy, Provenance, Rule, Stated
from syncd.model.refs import ConnectionName, LinkId, OpId
from syncd.reconcile.joining import approve, choose
from syncd.reconcile.policies import COMPUTED_BY
from syncd.reconcile.state import STALE, Base, Due, DueReason, FieldState, LinkField, Loser, Pending
from tests.reconcile.generate import LABELS, WORD
from tests.reconcile.lenses import SetLens, WordLens, tags
from tests.reconcile.model import EPOCH, word

A, B, C = LinkId("A"), LinkId("B"), LinkId("C")
NOON = Interval(EPOCH, EPOCH + timedelta(hours=1))


def link(name: str, observed: str, base: str | None = "a") -> LinkField:
    return LinkField(
        link=LinkId(name),
        connection=ConnectionName(name.lower()),
        lens=WordLens(),
        observed=word(observed) if observed else None,
        base=None if base is None else Base(word(base), base),
        author="Ada Example",
        edited=NOON,
    )


def bag(name: str, observed: str, base: str | None = "a") -> LinkField:
    was = None if base is None else Base(tags(*base), frozenset(base))
    return replace(link(name, ""), lens=SetLens(), observed=tags(*observed), base=was)


def state(
    *links: LinkField, canonical: Value | Unset = "a", policy: Policy | None = None, spec: FieldSpec = WORD
) -> FieldState:
    by = Provenance(by=frozenset({Stated(ConnectionName("c"), NOON, "Ben Example")}))
    return FieldState(name="title", spec=spec, policy=policy or Hold(), canonical=canonical, provenance=by, links=links)


def lost(name: str, value: Value) -> Loser:
    return Loser(LinkId(name), ConnectionName(name.lower()), value, "Ada Example", NOON, "command")


CANONICAL_LOST = Loser(None, ConnectionName("c"), "a", "Ben Example", NOON, "command")
COMMANDED = Provenance(
    by=frozenset({Stated(COMPUTED_BY, Interval(EPOCH, EPOCH), "the admin")}), rule=Rule.COMMAND, at=EPOCH
)


def test_a_choice_decides_for_all_who_were_shown_and_the_others_lag() -> None:
    contested = state(link("B", "c"), link("A", "b"), link("C", "a"))
    found = choose(contested, "b", EPOCH, "the admin", shown={A: "b", B: "c"})
    assert (found.canonical, found.provenance, found.conflict, found.notices) == ("b", COMMANDED, None, ())
    assert found.bases == {A: Base(word("b"), "b"), B: Base(word("c"), "c")}
    assert found.losers == (CANONICAL_LOST, lost("B", "c"))
    assert found.due == (
        Due(B, word("b"), "b", word("c"), DueReason.FLOW),
        Due(C, word("b"), "b", word("a"), DueReason.FLOW),
    )


def test_what_is_chosen_as_it_was_loses_nothing_but_the_edits() -> None:
    found = choose(state(link("A", "b"), link("B", "a")), "a", EPOCH, "the admin", shown={A: "b"})
    assert (found.canonical, found.losers) == ("a", (lost("A", "b"),))
    assert found.bases == {A: Base(word("b"), "b")}
    assert [due.link for due in found.due] == [A]


def test_a_newcomer_that_was_shown_is_decided_upon_one_that_was_not_stays_a_question() -> None:
    contested = state(link("A", "x", None), link("B", "y", None), link("C", "", None), link("D", "a"))
    found = choose(contested, "a", EPOCH, "the admin", shown={A: "x", C: None})
    assert found.bases == {A: Base(word("x"), "x"), C: Base(None, None)}
    assert found.losers == (lost("A", "x"),)
    assert [(due.link, due.reason) for due in found.due] == [(A, DueReason.FLOW), (C, DueReason.FLOW)]
    assert [note.link for note in found.notices] == [B]


def test_a_rule_that_held_the_field_is_over_once_a_person_has_chosen() -> None:
    held = replace(state(link("A", "b"), link("B", "a")), rule_held="it would go round in a circle")
    found = choose(held, "b", EPOCH, "the admin", shown={A: "b"})
    assert (found.canonical, found.conflict, [due.link for due in found.due]) == ("b", None, [B])


def test_a_write_that_is_being_looked_up_is_not_decided_upon() -> None:
    pending = Pending(OpId("op"), word("z"), "z", word("a"), EPOCH)
    found = choose(
        state(link("A", "b"), replace(link("B", "a"), pending=pending)), "b", EPOCH, "me", shown={A: "b", B: "a"}
    )
    assert found.bases == {A: Base(word("b"), "b")}
    assert found.due == ()


def test_a_lost_write_that_was_found_stays_settled() -> None:
    found_again = replace(
        link("B", "z"),
        pending=Pending(OpId("op"), word("z"), "z", word("a"), EPOCH),
        read_after=EPOCH + timedelta(hours=1),
    )
    found = choose(state(link("A", "b"), found_again), "b", EPOCH, "me", shown={A: "b", B: "z"})
    assert (found.settled, found.canonical) == (frozenset({OpId("op")}), "b")
    approved = approve(
        state(link("A", "a"), replace(found_again, observed=word("a")), link("C", "", None)), EPOCH, shown={C: None}
    )
    assert approved.settled == {"op"}


def test_of_a_set_what_was_chosen_against_is_behind() -> None:
    contested = state(bag("A", "ab"), bag("B", "a"), canonical=frozenset("a"), spec=LABELS)
    found = choose(contested, frozenset("ac"), EPOCH, "the admin", shown={A: frozenset("ab")})
    assert found.canonical == frozenset("ac")
    assert found.bases == {A: Base(tags("a", "b"), STALE)}
    assert [(due.link, due.want) for due in found.due] == [(A, tags("a", "c")), (B, tags("a", "c"))]


@pytest.mark.parametrize(
    ("links", "shown", "told"),
    [
        (
            [link("A", "b"), replace(link("B", "c"), observed=MISSING)],
            {A: "b", B: "c"},
            (
                "b:B title: cannot be read just now, so what was shown may have changed\n"
                "  fix: wait until it is readable, or leave it out of the choice"
            ),
        ),
        (
            [link("A", "b")],
            {A: "b", C: "c"},
            (
                "syncd:C title: cannot be read just now, so what was shown may have changed\n"
                "  fix: wait until it is readable, or leave it out of the choice"
            ),
        ),
        (
            [link("A", "b"), link("B", "c")],
            {B: "x", A: "y"},
            "a:A title: reads 'b' by now, and 'y' was shown\n  fix: look at it again and choose anew",
        ),
        (
            [link("A", "b"), link("B", "c")],
            {A: "b"},
            (
                "b:B title: was edited to 'c', which was not shown when this was chosen\n"
                "  fix: look at the conflict again and choose anew"
            ),
        ),
    ],
)
def test_a_choice_over_what_was_not_shown_is_refused(
    links: list[LinkField], shown: dict[LinkId, Value], told: str
) -> None:
    with pytest.raises(HeldError) as refused:
        choose(state(*links), "b", EPOCH, "the admin", shown=shown)
    assert str(refused.value) == told


def test_an_edit_that_does_not_count_needs_not_be_shown() -> None:
    mirror = replace(link("B", "c"), voice=False, mirror=True)
    assert choose(state(link("A", "b"), mirror), "b", EPOCH, "the admin", shown={A: "b"}).canonical == "b"


def test_approving_a_fill_makes_it_due_and_accounts_for_the_empty_field() -> None:
    found = approve(state(link("A", "a"), link("B", "", None), link("C", "", None)), EPOCH, shown={B: None})
    assert (found.canonical, found.losers) == ("a", ())
    assert found.bases == {B: Base(None, None)}
    assert [(due.link, due.value, due.reason) for due in found.due] == [
        (B, "a", DueReason.FLOW),
        (C, "a", DueReason.FILL),
    ]


def test_approving_a_proposal_tells_what_loses() -> None:
    leading = state(link("A", "a"), link("B", "x", None), policy=Leader(ConnectionName("a")))
    found = approve(leading, EPOCH, shown={B: "x"})
    assert (found.canonical, found.losers) == ("a", (lost("B", "x"),))
    assert found.bases == {B: Base(word("x"), "x")}
    assert [(due.link, due.value, due.reason) for due in found.due] == [(B, "a", DueReason.FLOW)]


def test_approving_what_newcomers_bring_into_an_empty_field_is_their_word() -> None:
    empty = Base(None, None)
    found = approve(
        state(replace(link("A", "", None), base=empty), link("B", "x", None), canonical=None),
        EPOCH,
        shown={A: None, B: "x"},
    )
    said = frozenset({Stated(ConnectionName("b"), NOON, "Ada Example")})
    assert found.canonical == "x"
    assert found.provenance == Provenance(by=said, rule=Rule.FIRST_CONTACT, policy="hold", at=EPOCH)
    assert found.bases == {B: Base(word("x"), "x")}
    assert [(due.link, due.value) for due in found.due] == [(A, "x")]
    assert found.losers == ()


def test_approving_a_union_loses_nothing() -> None:
    found = approve(
        state(bag("A", "a"), bag("B", "b", None), canonical=frozenset("a"), spec=LABELS),
        EPOCH,
        shown={A: frozenset("a"), B: frozenset("b")},
    )
    assert (found.canonical, found.losers) == (frozenset("ab"), ())
    assert found.bases == {B: Base(tags("b"), STALE)}
    assert [(due.link, due.want) for due in found.due] == [(A, tags("a", "b")), (B, tags("a", "b"))]


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        ({A: "a"}, "a:A title: nothing is proposed here any more\n  fix: run syncd plan and look again"),
        ({}, "syncd: title: nothing is proposed here any more\n  fix: run syncd plan and look again"),
        ({B: "y"}, "b:B title: reads None by now, and 'y' was shown\n  fix: look at it again and choose anew"),
    ],
)
def test_an_approval_of_what_is_not_proposed_is_refused(shown: dict[LinkId, Value], told: str) -> None:
    with pytest.raises(HeldError) as refused:
        approve(state(link("A", "a"), link("B", "", None)), EPOCH, shown=shown)
    assert str(refused.value) == told


def test_a_first_value_can_be_chosen() -> None:
    found = choose(
        state(link("A", "x", None), link("B", "y", None), canonical=UNSET), "x", EPOCH, "me", shown={A: "x", B: "y"}
    )
    assert (found.canonical, found.losers) == ("x", (lost("B", "y"),))
    assert [(due.link, due.value) for due in found.due] == [(B, "x")]
