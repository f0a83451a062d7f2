"""Taking back what one run wrote in one field, over made-up tools."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.model.canonical import FieldSpec, FieldType, Value
from syncd.model.native import MISSING
from syncd.model.policy import Hold, Interval, Leader, Policy, Rule, Stated
from syncd.model.refs import ConnectionName, LinkId, OpId
from syncd.reconcile.field import advance, merge_field
from syncd.reconcile.policies import COMPUTED_BY
from syncd.reconcile.state import Base, Due, DueReason, FieldState, LinkField, Pending, Refusal
from syncd.reconcile.undo import MOVED, PUT_BACK, Reversal, Wrote, undo_field
from tests.reconcile.generate import WORD
from tests.reconcile.lenses import SetLens, TableLens, TextLens, WordLens, option, page, tags
from tests.reconcile.model import EPOCH, word

A, B, C = LinkId("A"), LinkId("B"), LinkId("C")
WROTE = Wrote(word("old"), word("new"))
LABELS = FieldSpec(type=FieldType.LABELS)


def side(name: str, observed: str = "new", shown: str = "new", meant: Value = "new") -> LinkField:
    return LinkField(
        link=LinkId(name),
        connection=ConnectionName(name),
        lens=WordLens(),
        observed=word(observed),
        base=Base(word(shown), meant),
    )


def state(*links: LinkField, policy: Policy | None = None, canonical: Value = "new") -> FieldState:
    return FieldState(name="title", spec=WORD, policy=policy or Hold(), canonical=canonical, links=links)


def test_only_what_the_run_wrote_is_written_and_the_next_cycle_carries_it_on() -> None:
    before = state(side("A"), side("B"), side("C"))
    found = undo_field(before, {B: WROTE}, EPOCH, "Ada")
    assert [(due.link, due.want) for due in found.due] == [(B, word("old"))]
    assert found.decided is not None
    assert (found.decided.canonical, found.decided.provenance.rule) == ("old", Rule.COMMAND)
    assert [(each.link, each.value, each.rule) for each in found.decided.losers] == [(None, "new", "command")]
    after = advance(before, found.decided)
    written = tuple(
        replace(each, observed=word("old"), base=Base(word("old"), "old")) if each.link == B else each
        for each in after.links
    )
    following = merge_field(replace(after, links=written), EPOCH)
    assert following.conflict is None
    assert {due.link: due.value for due in following.due} == {A: "old", C: "old"}


@pytest.mark.parametrize(
    ("link", "wrote", "why"),
    [
        (side("B", observed="other"), WROTE, MOVED),
        (side("B", observed="old"), WROTE, PUT_BACK),
        (replace(side("B"), observed=MISSING), WROTE, "it cannot be read"),
        (side("B"), Wrote(MISSING, word("new")), "what was there before cannot be told"),
        (replace(side("B"), writable=False), WROTE, "it is not ours to write now"),
        (
            replace(side("B"), pending=Pending(OpId("o"), word("x"), "x", word("new"), EPOCH)),
            WROTE,
            "a write to it is being looked up",
        ),
    ],
)
def test_what_cannot_be_taken_back_is_left_with_a_reason(link: LinkField, wrote: Wrote, why: str) -> None:
    found = undo_field(state(side("A"), link), {B: wrote}, EPOCH, "Ada")
    assert (found.due, found.decided) == ((), None)
    assert found.left[B].startswith(why)


def test_a_link_that_is_gone_is_left() -> None:
    assert B in undo_field(state(side("A")), {B: WROTE}, EPOCH, "Ada").left


def test_an_edit_elsewhere_that_nobody_has_seen_is_not_decided_upon() -> None:
    found = undo_field(state(side("A", observed="newest"), side("B")), {B: WROTE}, EPOCH, "Ada")
    assert found.due == ()
    assert "run syncd sync first" in found.left[B]


@pytest.mark.parametrize("leader", [ConnectionName("A"), COMPUTED_BY])
def test_a_leader_elsewhere_keeps_the_canonical_value(leader: ConnectionName) -> None:
    found = undo_field(state(side("A"), side("B"), policy=Leader(leader)), {B: WROTE}, EPOCH, "Ada")
    assert [(due.link, due.value) for due in found.due] == [(B, "old")]
    assert (found.decided, found.leader) == (None, leader)


def test_where_the_leader_itself_was_written_it_is_restored_for_good() -> None:
    found = undo_field(state(side("A"), side("B"), policy=Leader(ConnectionName("B"))), {B: WROTE}, EPOCH, "Ada")
    assert found.leader is None
    assert found.decided is not None
    assert found.decided.canonical == "old"


def test_two_tools_that_differed_before_are_a_persons_to_settle() -> None:
    wrote = {A: Wrote(word("one"), word("new")), B: Wrote(word("two"), word("new"))}
    found = undo_field(state(side("A"), side("B"), side("C")), wrote, EPOCH, "Ada")
    assert found.due == ()
    assert set(found.left) == {A, B}
    assert "conflicts resolve" in found.left[A]


def test_the_tools_own_word_comes_back_not_another_that_means_the_same() -> None:
    lens = TableLens({"Backlog": "old", "Selected": "old", "Doing": "new"}, {"old": "Backlog", "new": "Doing"})
    link = replace(side("B"), lens=lens, observed=option("Doing"), base=Base(option("Doing"), "new"))
    found = undo_field(state(side("A"), link), {B: Wrote(option("Selected"), option("Doing"))}, EPOCH, "Ada")
    assert [due.want for due in found.due] == [option("Selected")]


def test_of_a_set_only_the_runs_own_elements_go_and_come_back() -> None:
    now = tags("ours", "theirs", "both")
    links = tuple(
        replace(side(name), lens=SetLens(), observed=now, base=Base(now, frozenset({"ours", "theirs", "both"})))
        for name in ("A", "B")
    )
    held = FieldState(
        name="labels", spec=LABELS, policy=Hold(), canonical=frozenset({"ours", "theirs", "both"}), links=links
    )
    found = undo_field(held, {B: Wrote(tags("gone", "both"), tags("ours", "both"))}, EPOCH, "Ada")
    assert found.decided is not None
    assert found.decided.canonical == {"theirs", "both", "gone"}
    assert [(due.link, due.want) for due in found.due] == [(B, tags("theirs", "both", "gone"))]
    already = undo_field(held, {B: Wrote(tags("ours"), tags("elsewhere", "ours"))}, EPOCH, "Ada")
    assert already.left == {B: PUT_BACK}


def test_what_people_did_to_the_set_since_stays() -> None:
    links = tuple(
        replace(
            side(name),
            lens=SetLens(),
            observed=tags("ours", "bens") if name == "B" else tags("ours", "taken"),
            base=Base(tags("ours", "taken"), frozenset({"ours", "taken"})),
        )
        for name in ("A", "B")
    )
    held = FieldState(name="labels", spec=LABELS, policy=Hold(), canonical=frozenset({"ours", "taken"}), links=links)
    found = undo_field(held, {B: Wrote(tags("old", "taken"), tags("ours", "taken"))}, EPOCH, "Ada")
    assert found.decided is not None
    assert found.decided.canonical == {"old", "bens"}
    assert [(due.link, due.want) for due in found.due] == [(B, tags("old", "bens"))]


NOT_OURS = "it is not ours to write now: unlinked, out of scope, not mapped, or its connection only observes"
APART = "the tools held different values before: choose one with conflicts resolve KEY.FIELD --value"


def test_what_is_restored_is_told_to_the_letter() -> None:
    found = undo_field(state(side("A"), side("B")), {B: WROTE, C: WROTE}, EPOCH, "Ada")
    assert found.due == (Due(B, word("old"), "old", word("new"), DueReason.FLOW),)
    assert (found.left, found.leader) == ({C: NOT_OURS}, None)
    assert found.decided is not None
    assert found.decided.due == found.due
    assert found.decided.provenance.by == {Stated(COMPUTED_BY, Interval(EPOCH, EPOCH), "Ada")}


def test_under_a_leader_elsewhere_what_is_restored_is_told_to_the_letter() -> None:
    led = state(side("A"), side("B"), policy=Leader(ConnectionName("A")))
    assert undo_field(led, {C: WROTE, B: WROTE}, EPOCH, "Ada") == Reversal(
        due=(Due(B, word("old"), "old", word("new"), DueReason.FLOW),),
        left={C: NOT_OURS},
        leader=ConnectionName("A"),
    )


@pytest.mark.parametrize(
    "leader",
    [
        replace(side("A"), voice=False),
        replace(side("A"), base=None, observed=None),
        replace(side("A"), connection=ConnectionName("Z")),
    ],
    ids=["it only listens", "it was never accounted for", "it has no link"],
)
def test_a_leader_that_does_not_speak_wins_nothing(leader: LinkField) -> None:
    found = undo_field(state(leader, side("B"), policy=Leader(ConnectionName("A"))), {B: WROTE}, EPOCH, "Ada")
    assert found.leader is None


@pytest.mark.parametrize("spec", [LABELS, FieldSpec(type=FieldType.MARKDOWN)], ids=["a set", "a text"])
def test_sets_and_texts_know_no_leader_but_what_is_computed(spec: FieldSpec) -> None:
    if spec is LABELS:
        shown, wrote = tags("new"), Wrote(tags("old"), tags("new"))
        links = [
            replace(side(name), lens=SetLens(), observed=shown, base=Base(shown, frozenset({"new"}))) for name in "AB"
        ]
        canonical: Value = frozenset({"new"})
    else:
        shown_text, wrote = page("new"), Wrote(page("old"), page("new"))
        links = [
            replace(side(name), lens=TextLens(), observed=shown_text, base=Base(shown_text, "new")) for name in "AB"
        ]
        canonical = "new"
    field = replace(state(*links, canonical=canonical), spec=spec)
    led = undo_field(replace(field, policy=Leader(ConnectionName("A"))), {B: wrote}, EPOCH, "Ada")
    assert (led.leader, len(led.due), led.decided is None) == (None, 1, False)
    computed = undo_field(replace(field, policy=Leader(COMPUTED_BY)), {B: wrote}, EPOCH, "Ada")
    assert (computed.leader, len(computed.due), computed.decided) == (COMPUTED_BY, 1, None)


def test_tools_that_differed_are_each_told_so() -> None:
    wrote = {A: Wrote(word("one"), word("new")), B: Wrote(word("two"), word("new")), C: WROTE}
    found = undo_field(state(side("A"), side("B")), wrote, EPOCH, "Ada")
    assert found == Reversal(left={A: APART, B: APART, C: NOT_OURS})


def test_an_unseen_edit_is_told_with_what_to_do() -> None:
    found = undo_field(state(side("A", observed="newest"), side("B")), {B: WROTE, C: WROTE}, EPOCH, "Ada")
    why = "was edited to 'newest', which was not shown when this was chosen: run syncd sync first"
    assert found == Reversal(left={B: why, C: NOT_OURS})


def test_what_may_not_be_sent_is_left_with_the_reason() -> None:
    refused = replace(side("B"), refused=Refusal("old", "read-only there"))
    wrote = {A: WROTE, B: WROTE, C: WROTE}
    found = undo_field(state(side("A"), refused), wrote, EPOCH, "Ada")
    assert ([due.link for due in found.due], found.left) == ([A], {B: "read-only there", C: NOT_OURS})
    alone = undo_field(state(refused, side("A")), {B: WROTE, C: WROTE}, EPOCH, "Ada")
    assert alone == Reversal(left={B: "read-only there", C: NOT_OURS})


def test_what_the_tool_has_no_word_for_is_left() -> None:
    lens = TableLens({"Old": "old", "New": "new"}, {"new": "New"})
    link = replace(side("B"), lens=lens, observed=option("New"), base=Base(option("New"), "new"))
    found = undo_field(state(side("A"), link), {B: Wrote(option("Old"), option("New"))}, EPOCH, "Ada")
    assert found == Reversal(left={B: "the tool has no way to say this value"})


@pytest.mark.parametrize(
    ("before", "after", "now", "canonical"),
    [
        ("a", "b", "b", "a"),
        ("a", "ab", "b", ""),
        ("ab", "b", "b", "ab"),
        ("ab", "c", "bc", "ab"),
        ("a", "ab", "abz", "az"),
        ("", "ab", "b", ""),
    ],
)
def test_of_a_set_each_element_is_taken_back_as_far_as_it_still_is_so(
    before: str, after: str, now: str, canonical: str
) -> None:
    link = replace(side("B"), lens=SetLens(), observed=tags(*now), base=Base(tags(*now), frozenset(now)))
    held = replace(state(link, canonical=frozenset(now)), spec=LABELS)
    found = undo_field(held, {B: Wrote(tags(*before), tags(*after))}, EPOCH, "Ada")
    assert found.decided is None or found.decided.canonical == frozenset(canonical)
    assert [(due.link, due.want) for due in found.due] == [(B, tags(*canonical))]
