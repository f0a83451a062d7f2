"""One field, exhaustively over small domains, and the corners the stories do not reach."""

from __future__ import annotations

import timeit
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from syncd.errors import HeldError
from syncd.model.canonical import FieldSpec, FieldType, Value
from syncd.model.native import Date, Native
from syncd.model.policy import Earliest, Hold, Latest, Leader, Once, Order, Policy, Rule
from syncd.model.refs import ConnectionName, LinkId, OpId
from syncd.reconcile.field import advance, merge_field
from syncd.reconcile.joining import approve, choose
from syncd.reconcile.policies import extreme
from syncd.reconcile.state import Base, DueReason, FieldState, LinkField, Pending, Refusal, Trouble
from syncd.reconcile.written import WriteOutcome, after_write
from tests.reconcile.generate import WORD
from tests.reconcile.lenses import SetLens, TextLens, WordLens, page, tags
from tests.reconcile.model import EPOCH, World, word, words

LABELS = FieldSpec(type=FieldType.LABELS)
TEXT = FieldSpec(type=FieldType.MARKDOWN)


def side(name: str, observed: str, shown: str, meant: Value) -> LinkField:
    return LinkField(
        link=LinkId(name),
        connection=ConnectionName(name),
        lens=WordLens(),
        observed=word(observed),
        base=Base(word(shown), meant),
    )


def state(canonical: Value, *links: LinkField, policy: Policy | None = None, spec: FieldSpec = WORD) -> FieldState:
    return FieldState(name="title", spec=spec, policy=policy or Hold(), canonical=canonical, links=links)


@pytest.mark.parametrize(("shown", "observed"), list(product(product("abc", repeat=2), product("abc", repeat=2))))
def test_a_lone_edit_flows_and_two_different_edits_are_held(shown: tuple[str, str], observed: tuple[str, str]) -> None:
    """Two tools in agreement about c = a, each having shown and showing one of three values, all 81 cases."""
    sides = [side(n, now, was, was) for n, now, was in zip("AB", observed, shown, strict=True)]
    result = merge_field(state("a", *sides), EPOCH)

    edits = [(now, was) for now, was in zip(observed, shown, strict=True) if now not in (was, "a")]
    contenders = {now for now, _ in edits} | ({"a"} if edits and all(was != "a" for _, was in edits) else set())
    assert (result.conflict is not None) is (len(contenders) > 1)
    if len(contenders) == 1:
        assert result.canonical == next(iter(contenders))
    if result.conflict is None:
        ends = {each.link: str(each.value) for each in result.due}
        settled = [ends.get(LinkId(name), now) for name, now in zip("AB", observed, strict=True)]
        assert settled == [result.canonical] * 2


POLICIES: list[Policy] = [
    Hold(),
    Leader(ConnectionName("A")),
    Leader(ConnectionName("Z")),
    Order((ConnectionName("B"), ConnectionName("A"))),
]


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_every_policy_over_three_tools_loses_nothing_unrecorded(policy: Policy) -> None:
    """Three tools that all showed c = a, every combination of three values, under each policy."""
    for observed in product("abc", repeat=3):
        sides = [side(name, now, "a", "a") for name, now in zip("ABC", observed, strict=True)]
        result = merge_field(state("a", *sides, policy=policy), EPOCH)
        edits = {now for now in observed if now != "a"}
        kept = {str(result.canonical)} | {str(loser.value) for loser in result.losers}
        if result.conflict is not None:
            kept |= {str(each.value) for each in result.conflict.contenders}
        assert edits <= kept
        if isinstance(policy, Leader) and policy.connection == "A":
            assert result.canonical == observed[0]
        if isinstance(policy, Order) and observed[1] != "a":
            assert result.canonical == observed[1]


@pytest.mark.parametrize("sides", list(product(["", "x", "y", "xy"], repeat=3)))
def test_sets_of_three_tools_follow_the_algebra(sides: tuple[str, str, str]) -> None:
    """Three tools that all showed {x}, each now showing any subset of {x, y}."""
    links = tuple(
        LinkField(
            link=LinkId(name),
            connection=ConnectionName(name),
            lens=SetLens(),
            observed=tags(*now),
            base=Base(tags("x"), frozenset("x")),
        )
        for name, now in zip("ABC", sides, strict=True)
    )
    result = merge_field(state(frozenset("x"), *links, spec=LABELS), EPOCH)
    x = all("x" in now for now in sides)
    y = any("y" in now for now in sides)
    assert result.canonical == frozenset(("x" if x else "") + ("y" if y else ""))
    assert result.conflict is None


def test_labels_that_differ_in_case_are_one_label_spelled_as_first_seen() -> None:
    world = World(words("A"), spec=LABELS)
    links = tuple(
        LinkField(
            link=LinkId(name),
            connection=ConnectionName(name),
            lens=SetLens(),
            observed=tags(*now),
            base=Base(tags("Bug"), frozenset({"Bug"})),
        )
        for name, now in (("A", ("bug ",)), ("B", ("Bug", "UX")))
    )
    result = merge_field(state(frozenset({"Bug"}), *links, spec=LABELS), world.clock)
    assert result.canonical == frozenset({"Bug", "UX"})
    assert result.losers == ()


@pytest.mark.parametrize(("policy", "expected"), [(Earliest(), date(2026, 3, 1)), (Latest(), date(2026, 4, 1))])
def test_the_extreme_of_the_contenders_wins_and_a_date_beats_none(policy: Earliest | Latest, expected: date) -> None:
    values: list[Value] = [date(2026, 4, 1), None, date(2026, 3, 1)]
    assert extreme(policy, values) == expected
    assert extreme(policy, [None, None]) is None


class DateLens:
    """A tool's date field."""

    def get(self, native: Native) -> Value:
        assert native is None or isinstance(native, Date)
        return native.value if native else None

    def put(self, value: Value, native_now: Native) -> Native:
        assert native_now is None or isinstance(native_now, Date)
        return Date(value) if isinstance(value, date) else None

    def loose(self, a: Native, b: Native) -> bool:
        return a == b


def test_under_earliest_a_date_can_still_be_moved_later() -> None:
    was, later = Date(date(2026, 3, 1)), Date(date(2026, 5, 1))
    links = [
        LinkField(
            link=LinkId(name),
            connection=ConnectionName(name),
            lens=DateLens(),
            observed=now,
            base=Base(was, was.value),
        )
        for name, now in (("A", later), ("B", was))
    ]
    spec = FieldSpec(type=FieldType.DATE)
    result = merge_field(state(was.value, *links, policy=Earliest(), spec=spec), EPOCH)
    assert result.canonical == later.value
    both = [links[0], replace(links[1], observed=Date(date(2026, 4, 1)))]
    result = merge_field(state(was.value, *both, policy=Earliest(), spec=spec), EPOCH)
    assert (result.canonical, [loser.value for loser in result.losers]) == (date(2026, 4, 1), [later.value])


def test_under_once_nothing_flows_after_creation() -> None:
    sides = [side("A", "b", "a", "a"), side("B", "a", "a", "a"), replace(side("C", "q", "a", "a"), base=None)]
    result = merge_field(state("a", *sides, policy=Once()), EPOCH)
    assert (result.canonical, result.due, result.conflict, result.notices) == ("a", (), None, ())
    assert result.bases["C"] == Base(word("q"), "a")  # type: ignore[index]


def test_a_mirrors_edit_is_put_back_and_recorded() -> None:
    mirror = replace(side("M", "m", "a", "a"), voice=False, mirror=True)
    result = merge_field(state("a", side("A", "a", "a", "a"), mirror), EPOCH)
    assert [(loser.value, loser.rule) for loser in result.losers] == [("m", "mirror")]
    assert [(due.link, due.reason) for due in result.due] == [("M", DueReason.PUSH_BACK)]


def test_equal_edits_in_two_tools_keep_both_names() -> None:
    result = merge_field(state("a", side("A", "b", "a", "a"), side("B", "b", "a", "a")), EPOCH)
    assert {stated.connection for stated in result.provenance.by} == {"A", "B"}
    later = merge_field(replace(advance(state("a", side("A", "b", "a", "a")), result)), EPOCH)
    assert later.provenance == result.provenance


def pending(observed: str, *, read_after_s: int | None, expires_s: int | None = None) -> LinkField:
    """Return a tool that showed a, to which b was sent; c has become w since."""
    expires = EPOCH + timedelta(seconds=expires_s) if expires_s is not None else None
    op = Pending(OpId("op"), word("b"), "b", word("a"), EPOCH, expires)
    read = EPOCH + timedelta(seconds=read_after_s) if read_after_s is not None else None
    return replace(side("B", observed, "a", "a"), pending=op, read_after=read)


@pytest.mark.parametrize(
    ("link", "settled", "contended", "due"),
    [
        (pending("b", read_after_s=None), False, False, False),
        (pending("b", read_after_s=0), False, False, False),
        (pending("b", read_after_s=9), True, False, True),
        (pending("a", read_after_s=9), True, False, True),
        (pending("a", read_after_s=9, expires_s=30), False, False, False),
        (pending("z", read_after_s=9), True, True, False),
    ],
    ids=["list read", "read too early", "applied", "not applied", "not yet timed out", "somebody else's"],
)
def test_a_write_of_unknown_outcome_is_settled_by_a_direct_read(
    link: LinkField, *, settled: bool, contended: bool, due: bool
) -> None:
    result = merge_field(state("w", side("A", "w", "w", "w"), link), EPOCH)
    assert (result.settled == {"op"}) is settled
    assert (result.conflict is not None) is contended
    assert bool(result.due) is due
    assert (Trouble.PENDING in {note.trouble for note in result.notices}) is not settled


def test_an_edit_over_a_lost_write_is_unseen_even_when_the_value_is_back_where_it_was() -> None:
    result = merge_field(state("a", side("A", "a", "a", "a"), pending("z", read_after_s=9)), EPOCH)
    assert result.conflict is not None
    assert {each.value for each in result.conflict.contenders} == {"a", "z"}


@pytest.mark.parametrize(
    ("read_back", "echo", "outcome", "meant"),
    [
        ("b", None, WriteOutcome.APPLIED, "b"),
        ("B", None, WriteOutcome.NORMALISED, "b"),
        ("a", "b", WriteOutcome.DROPPED, "a"),
        ("z", "b", WriteOutcome.MOVED, "b"),
        ("z", None, WriteOutcome.UNKNOWN, None),
    ],
)
def test_what_is_read_back_says_what_became_of_a_write(
    read_back: str, echo: str | None, outcome: WriteOutcome, meant: str | None
) -> None:
    result = after_write(
        side("A", "a", "a", "a"),
        want=word("b"),
        pre=word("a"),
        echo=word(echo) if echo else None,
        read_back=word(read_back),
        value="b",
        now=EPOCH,
    )
    assert result.outcome is outcome
    assert (result.base.meant if result.base else None) == meant
    assert (result.refused is not None) is (outcome is WriteOutcome.DROPPED)


def test_a_refused_value_is_not_sent_again_until_it_changes() -> None:
    lagging = replace(side("B", "a", "a", "a"), refused=Refusal("b", "read-only there"))
    held = merge_field(state("b", side("A", "b", "b", "b"), lagging), EPOCH)
    assert ([note.trouble for note in held.notices], held.due) == ([Trouble.REFUSED], ())
    assert len(merge_field(state("c", side("A", "c", "c", "c"), lagging), EPOCH).due) == 1


def test_a_field_held_by_a_rule_keeps_everything_as_it_was() -> None:
    held = replace(state("a", side("A", "b", "a", "a"), side("B", "a", "a", "a")), rule_held="it would go in a circle")
    result = merge_field(held, EPOCH)
    assert (result.canonical, result.bases, result.due) == ("a", {}, ())
    assert result.conflict is not None
    assert (result.conflict.why, [each.value for each in result.conflict.contenders]) == (held.rule_held, ["b"])


def test_a_choice_tells_where_what_and_the_fix_when_something_moved() -> None:
    contested = state("a", side("A", "b", "a", "a"), side("B", "c", "a", "a"))
    with pytest.raises(HeldError) as refused:
        choose(contested, "b", EPOCH, "the admin", shown={LinkId("A"): "b", LinkId("B"): "x"})
    assert (
        str(refused.value) == "B:B title: reads 'c' by now, and 'x' was shown\n  fix: look at it again and choose anew"
    )
    with pytest.raises(HeldError, match="was edited to 'c', which was not shown"):
        choose(contested, "b", EPOCH, "the admin", shown={LinkId("A"): "b"})


def test_a_choice_is_provenance_of_a_command_and_names_the_person() -> None:
    contested = state("a", side("A", "b", "a", "a"), side("B", "c", "a", "a"))
    result = choose(contested, "b", EPOCH, "the admin", shown={LinkId("A"): "b", LinkId("B"): "c"})
    assert (result.canonical, result.provenance.rule) == ("b", Rule.COMMAND)
    assert [stated.author for stated in result.provenance.by] == ["the admin"]
    assert [(due.link, due.value, due.reason) for due in result.due] == [("B", "b", DueReason.FLOW)]
    assert result.conflict is None


def test_approving_what_is_no_longer_proposed_is_refused() -> None:
    with pytest.raises(HeldError, match="nothing is proposed here any more"):
        approve(state("a", side("A", "a", "a", "a")), EPOCH, shown={LinkId("A"): "a"})


def text_side(name: str, observed: str, shown: str, meant: str | None = None, *, plain: bool = False) -> LinkField:
    base = Base(page(shown), shown if meant is None else meant)
    return LinkField(
        link=LinkId(name),
        connection=ConnectionName(name),
        lens=TextLens(plain=plain),
        observed=page(observed),
        base=base,
    )


def test_edits_of_different_blocks_are_united() -> None:
    links = [text_side("A", "one!\n\ntwo", "one\n\ntwo"), text_side("B", "one\n\ntwo\n\nthree", "one\n\ntwo")]
    result = merge_field(state("one\n\ntwo", *links, spec=TEXT), EPOCH)
    assert (result.canonical, result.conflict) == ("one!\n\ntwo\n\nthree", None)
    assert {due.link for due in result.due} == {"A", "B"}


def test_edits_of_one_block_are_held() -> None:
    links = [text_side("A", "one!\n\ntwo", "one\n\ntwo"), text_side("B", "one?\n\ntwo", "one\n\ntwo")]
    result = merge_field(state("one\n\ntwo", *links, spec=TEXT), EPOCH)
    assert result.conflict is not None
    assert (result.canonical, result.due) == ("one\n\ntwo", ())


def test_an_edit_in_a_plain_tool_leaves_emphasis_in_other_blocks_alone() -> None:
    plain = text_side("P", "one\n\ntwo!", "one\n\ntwo", "*one*\n\ntwo", plain=True)
    result = merge_field(state("*one*\n\ntwo", text_side("A", "*one*\n\ntwo", "*one*\n\ntwo"), plain, spec=TEXT), EPOCH)
    assert (result.canonical, [due.link for due in result.due]) == ("*one*\n\ntwo!", ["A"])


def test_an_edit_of_a_lagging_text_is_rebased_and_a_clash_is_held() -> None:
    lagging = text_side("B", "one\n\ntwo!", "one\n\ntwo")
    result = merge_field(state("one!\n\ntwo", text_side("A", "one!\n\ntwo", "one!\n\ntwo"), lagging, spec=TEXT), EPOCH)
    assert (result.canonical, result.conflict) == ("one!\n\ntwo!", None)
    clash = text_side("B", "one?\n\ntwo", "one\n\ntwo")
    held = merge_field(state("one!\n\ntwo", text_side("A", "one!\n\ntwo", "one!\n\ntwo"), clash, spec=TEXT), EPOCH)
    assert held.conflict is not None


def test_a_field_in_sync_costs_next_to_nothing() -> None:
    quiet = state("a", *(side(name, "a", "a", "a") for name in "ABC"))
    best_s = min(timeit.repeat(lambda: merge_field(quiet, EPOCH), number=1000, repeat=5)) / 1000
    assert best_s < 100e-6
