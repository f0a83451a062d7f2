"""First contact, row by row: who joins, what is proposed to whom, what is asked, and what is written nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from syncd.model.canonical import UNSET, FieldSpec, FieldType, Unset, Value
from syncd.model.policy import Earliest, Hold, Interval, Latest, Leader, Once, Order, Policy, Provenance, Rule, Stated
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.field import merge_field
from syncd.reconcile.policies import COMPUTED_BY
from syncd.reconcile.state import (
    STALE,
    Base,
    Conflict,
    Contender,
    Due,
    DueReason,
    FieldResult,
    FieldState,
    LinkField,
    Loser,
    Notice,
    Refusal,
    Trouble,
)
from tests.reconcile.generate import ENUM, LABELS, WORD
from tests.reconcile.lenses import SetLens, TableLens, WordLens, exact, option, tags
from tests.reconcile.model import EPOCH, word

A, B, C = LinkId("A"), LinkId("B"), LinkId("C")
NOON = Interval(EPOCH, EPOCH + timedelta(hours=1))
ASKED = "it joins with a value of its own"
FILL, UNION, PROPOSAL, FLOW = DueReason.FILL, DueReason.UNION, DueReason.PROPOSAL, DueReason.FLOW


def link(name: str, observed: str, base: str | None = None) -> LinkField:
    return LinkField(
        link=LinkId(name),
        connection=ConnectionName(name),
        lens=WordLens(),
        observed=word(observed) if observed else None,
        base=None if base is None else Base(word(base), base),
        author="Ada Example",
        edited=NOON,
    )


def bag(name: str, observed: str, base: str | None = None) -> LinkField:
    was = None if base is None else Base(tags(*base), frozenset(base))
    return replace(link(name, ""), lens=SetLens(), observed=tags(*observed), base=was)


def said(*names: str) -> frozenset[Stated]:
    return frozenset(Stated(ConnectionName(name), NOON, "Ada Example") for name in names)


BEFORE = Provenance(by=said("A"), policy="hold")


def merged(
    links: Iterable[LinkField],
    canonical: Value | Unset = "a",
    policy: Policy | None = None,
    spec: FieldSpec = WORD,
    provenance: Provenance = BEFORE,
) -> FieldResult:
    return merge_field(
        FieldState(
            name="title",
            spec=spec,
            policy=policy or Hold(),
            canonical=canonical,
            provenance=provenance,
            links=tuple(links),
        ),
        EPOCH,
    )


def asked(name: str, value: Value) -> Notice:
    return Notice(LinkId(name), ConnectionName(name), Trouble.UNDECIDED, value, ASKED)


def first(*names: str, policy: str = "hold") -> Provenance:
    return Provenance(by=said(*names), rule=Rule.FIRST_CONTACT, policy=policy, at=EPOCH)


OLD = link("A", "a", "a")


def test_who_fits_joins_who_is_empty_is_filled_who_differs_is_asked() -> None:
    assert merged([OLD, link("B", "a"), link("C", ""), link("D", "x")]) == FieldResult(
        name="title",
        canonical="a",
        provenance=BEFORE,
        bases={B: Base(word("a"), "a")},
        due=(Due(C, word("a"), "a", None, FILL),),
        notices=(asked("D", "x"),),
    )


@pytest.mark.parametrize(
    ("policy", "provenance", "proposed"),
    [
        (Hold(), BEFORE, False),
        (Leader(ConnectionName("A")), BEFORE, True),
        (Leader(ConnectionName("B")), BEFORE, False),
        (Leader(ConnectionName("Z")), BEFORE, False),
        (Order((ConnectionName("A"), ConnectionName("B"))), first("A"), True),
        (Order((ConnectionName("A"), ConnectionName("B"))), BEFORE, False),
        (Order((ConnectionName("B"), ConnectionName("A"))), first("A"), False),
        (Order((ConnectionName("Z"),)), first("A"), False),
    ],
    ids=repr,
)
def test_what_the_policy_puts_before_a_newcomer_is_proposed(
    policy: Policy,
    provenance: Provenance,
    proposed: bool,  # noqa: FBT001 - a case's expectation
) -> None:
    found = merged([OLD, link("B", "x")], policy=policy, provenance=provenance)
    assert found.due == ((Due(B, word("a"), "a", word("x"), PROPOSAL),) if proposed else ())
    assert (found.canonical, found.notices, found.bases) == ("a", (asked("B", "x"),), {})


def test_a_computed_value_is_proposed_to_whoever_differs() -> None:
    found = merged([link("B", "x")], policy=Leader(COMPUTED_BY))
    assert found.due == (Due(B, word("a"), "a", word("x"), PROPOSAL),)


def test_nothing_is_proposed_where_it_may_not_be_written_or_would_not_stick() -> None:
    led = Leader(ConnectionName("A"))
    for held in ({"writable": False}, {"refused": Refusal("a", "read-only there")}):
        assert merged([OLD, replace(link("B", "x"), **held)], policy=led).due == ()
    other = replace(link("B", "x"), refused=Refusal("b", "read-only there"))
    assert len(merged([OLD, other], policy=led).due) == 1


@pytest.mark.parametrize(
    ("policy", "values", "canonical", "winners"),
    [
        (Hold(), {"A": "x", "B": "x"}, "x", "AB"),
        (Hold(), {"A": "x", "B": ""}, "x", "A"),
        (Hold(), {"A": "", "B": ""}, None, ""),
        (Hold(), {"A": "x", "B": "y"}, UNSET, ""),
        (Leader(ConnectionName("B")), {"A": "x", "B": "y"}, "y", "B"),
        (Leader(ConnectionName("C")), {"A": "x", "B": "y"}, UNSET, ""),
        (Order((ConnectionName("C"), ConnectionName("B"))), {"A": "x", "B": "y"}, "y", "B"),
        (Order((ConnectionName("C"),)), {"A": "x", "B": "y"}, UNSET, ""),
    ],
    ids=repr,
)
def test_the_first_value_is_what_all_say_or_whom_the_policy_names(
    policy: Policy, values: dict[str, str], canonical: Value | Unset, winners: str
) -> None:
    found = merged([link(name, value) for name, value in values.items()], UNSET, policy)
    assert found.canonical == canonical
    if isinstance(canonical, Unset):
        assert (found.bases, found.due, found.provenance) == ({}, (), BEFORE)
        assert found.notices == tuple(asked(name, value) for name, value in values.items())
        return
    assert found.provenance == first(*winners, policy=type(policy).__name__.lower())
    fitting = {LinkId(name): value for name, value in values.items() if value == (canonical or "")}
    assert found.bases == {one: Base(word(value) if value else None, value or None) for one, value in fitting.items()}


def test_of_first_dates_the_extreme_is_taken_and_the_other_is_asked() -> None:
    days = {"d1": date(2026, 3, 1), "d2": date(2026, 4, 1)}

    class Days:
        def get(self, native: object) -> Value:
            return days[native.id]  # type: ignore[attr-defined]

        def put(self, value: Value, native_now: object) -> object:  # noqa: ARG002 - as every lens
            return next(option(name) for name, day in days.items() if day == value)

        def loose(self, a: object, b: object) -> bool:
            return a == b

    links = [replace(link(name, ""), lens=Days(), observed=option(day)) for name, day in (("A", "d1"), ("B", "d2"))]  # type: ignore[arg-type]
    spec = FieldSpec(type=FieldType.DATE)
    for policy, winner, loser in ((Earliest(), 0, 1), (Latest(), 1, 0)):
        found = merged(links, UNSET, policy, spec)
        wins, loses = links[winner], links[loser]
        assert found.canonical == wins.lens.get(wins.observed)  # type: ignore[arg-type]
        assert found.provenance.by == said(wins.link)
        assert [(due.link, due.reason) for due in found.due] == [(loses.link, PROPOSAL)]


def test_newcomers_that_agree_fill_an_empty_field_only_once_approved() -> None:
    empty = replace(link("A", ""), base=Base(None, None))
    found = merged([empty, link("B", "x"), link("C", "x")], None)
    assert (found.canonical, found.bases, found.notices) == (None, {}, ())
    assert found.due == (Due(A, word("x"), "x", None, FILL),)
    quiet = merged([replace(empty, writable=False), link("B", "x"), link("C", "x")], None)
    assert (quiet.canonical, quiet.provenance) == ("x", first("B", "C"))
    assert quiet.bases == {B: Base(word("x"), "x"), C: Base(word("x"), "x")}
    torn = merged([empty, link("B", "x"), link("C", "y")], None)
    assert (torn.canonical, torn.due, torn.notices) == (None, (), (asked("B", "x"), asked("C", "y")))


def test_a_mirror_that_differs_is_asked_while_an_empty_field_is_being_filled() -> None:
    empty = replace(link("A", ""), base=Base(None, None))
    mirror = replace(link("M", "m"), voice=False, mirror=True)
    found = merged([empty, link("B", "x"), mirror], None)
    assert (found.due, found.notices) == ((Due(A, word("x"), "x", None, FILL),), (asked("M", "m"),))


@pytest.mark.parametrize(("canonical", "meant"), [("v0", "v0"), (None, None), (UNSET, UNSET), ("v1", "v0")], ids=repr)
def test_a_default_the_tool_filled_in_is_nobodys_edit(canonical: Value | Unset, meant: Value | Unset) -> None:
    made = replace(link("B", ""), lens=exact("v0", "v1"), observed=option("v0"), default=True)
    silent = replace(link("C", ""), lens=exact("v0", "v1"), base=Base(None, canonical))
    found = merged([made, silent], canonical, spec=ENUM)
    assert found.bases[B] == Base(option("v0"), meant)
    assert found.canonical == canonical
    assert [due.link for due in found.due if due.link == B] == ([B] if canonical == "v1" else [])


def test_a_field_that_is_held_lets_join_who_fits_and_asks_the_others() -> None:
    contested = [link("A", "b", "a"), link("B", "c", "a"), link("C", "a"), link("D", "x"), link("E", "")]
    found = merged(contested)
    sides = tuple(Contender(LinkId(n), ConnectionName(n), v, "Ada Example", NOON) for n, v in (("A", "b"), ("B", "c")))
    assert found == FieldResult(
        name="title",
        canonical="a",
        provenance=BEFORE,
        bases={C: Base(word("a"), "a")},
        conflict=Conflict(sides, "edited differently, and no policy names a winner"),
        notices=(asked("D", "x"),),
    )


def test_a_newcomer_that_cannot_say_the_value_is_accounted_for() -> None:
    poor = replace(link("B", ""), lens=TableLens({"v0": "v0"}, {"v0": "v0"}))
    old = replace(link("A", ""), lens=exact("v7"), observed=option("v7"), base=Base(option("v7"), "v7"))
    found = merged([old, poor], "v7", spec=ENUM)
    assert (found.bases, found.due) == ({B: Base(None, "v7")}, ())


def test_an_empty_newcomer_that_may_not_be_written_is_accounted_for_as_it_is() -> None:
    found = merged([OLD, replace(link("B", ""), writable=False)])
    assert (found.bases, found.due) == ({B: Base(None, None)}, ())


def test_a_set_that_may_not_be_written_and_lacks_something_is_behind() -> None:
    less = replace(bag("B", "a"), writable=False)
    found = merged([bag("A", "ab", "ab"), less], frozenset("ab"), spec=LABELS)
    assert (found.bases, found.due) == ({B: Base(tags("a"), STALE)}, ())


def test_the_elements_of_sets_are_united_only_once_approved() -> None:
    old = bag("A", "a", "a")
    found = merged([old, bag("B", "b"), bag("C", "")], frozenset("a"), spec=LABELS)
    target = tags("a", "b")
    assert found == FieldResult(
        name="title",
        canonical=frozenset("a"),
        provenance=BEFORE,
        due=(
            Due(A, target, frozenset("ab"), tags("a"), UNION),
            Due(B, target, frozenset("ab"), tags("b"), UNION),
            Due(C, target, frozenset("ab"), tags(), UNION),
        ),
    )


def test_where_nobody_would_be_written_a_union_is_the_value_at_once() -> None:
    silent = replace(bag("A", "a", "a"), writable=False)
    full = bag("B", "ab")
    part = replace(bag("C", "b"), writable=False)
    found = merged([silent, full, part], frozenset("a"), spec=LABELS)
    assert (found.canonical, found.provenance) == (frozenset("ab"), first("B"))
    assert found.bases[B] == Base(tags("a", "b"), frozenset("ab"))
    assert found.bases[C] == Base(tags("b"), STALE)


def test_sets_without_a_value_take_that_of_the_first() -> None:
    found = merged([bag("A", "a"), replace(bag("B", "ab"), writable=False)], UNSET, spec=LABELS)
    assert (found.canonical, found.bases) == (UNSET, {})
    assert found.due == (Due(A, tags("a", "b"), frozenset("ab"), tags("a"), UNION),)
    alone = merged([bag("A", "a"), bag("B", "a")], UNSET, spec=LABELS)
    assert (alone.canonical, alone.provenance.rule) == (frozenset("a"), Rule.FIRST_CONTACT)
    assert alone.bases == {A: Base(tags("a"), frozenset("a")), B: Base(tags("a"), frozenset("a"))}


def test_a_mirror_with_elements_of_its_own_is_asked_one_with_fewer_is_filled() -> None:
    old = bag("A", "ab", "ab")
    own = replace(bag("M", "m"), voice=False, mirror=True)
    less = replace(bag("N", "a"), voice=False, mirror=True)
    none = replace(bag("O", ""), voice=False, mirror=True)
    found = merged([old, own, less, none], frozenset("ab"), spec=LABELS)
    assert found.notices == (asked("M", frozenset("m")),)
    assert [(due.link, due.reason) for due in found.due] == [("N", UNION), ("O", FILL)]


def test_under_once_a_newcomer_is_accounted_for_and_asked_nothing() -> None:
    found = merged([OLD, link("B", "x")], policy=Once())
    assert (found.bases, found.due, found.notices) == ({B: Base(word("x"), "a")}, (), ())


def test_an_edit_that_loses_is_told_with_who_made_it_and_when() -> None:
    found = merged([link("A", "b", "a"), link("B", "c", "a")], policy=Leader(ConnectionName("A")))
    assert found == FieldResult(
        name="title",
        canonical="b",
        provenance=Provenance(by=said("A"), policy="leader", at=EPOCH),
        bases={A: Base(word("b"), "b"), B: Base(word("c"), "c")},
        due=(Due(B, word("b"), "b", word("c"), DueReason.PUSH_BACK),),
        losers=(Loser(B, ConnectionName("B"), "c", "Ada Example", NOON, "leader"),),
    )


def test_the_canonical_value_contends_with_who_stated_it_where_no_edit_saw_it() -> None:
    unseen = [replace(link("A", "b"), base=Base(word("z"), "z")), link("C", "a", "a")]
    found = merged(unseen)
    sides = (
        Contender(None, ConnectionName("A"), "a", "Ada Example", NOON),
        Contender(A, ConnectionName("A"), "b", "Ada Example", NOON),
    )
    assert found.conflict == Conflict(sides, "edited differently, and no policy names a winner")
    many = merged(unseen, provenance=Provenance(by=said("A", "B")))
    assert many.conflict is not None
    assert many.conflict.contenders[0] == Contender(None, None, "a")


def test_what_a_set_becomes_is_stated_by_all_who_edited_it() -> None:
    found = merged([bag("A", "ab", "a"), bag("B", "ac", "a"), bag("C", "a", "a")], frozenset("a"), spec=LABELS)
    assert found.canonical == frozenset("abc")
    assert found.provenance == Provenance(by=said("A", "B"), policy="sets", at=EPOCH)
    assert found.bases == {A: Base(tags("a", "b"), STALE), B: Base(tags("a", "c"), STALE)}
    assert {due.link: due.reason for due in found.due} == {A: FLOW, B: FLOW, C: FLOW}
