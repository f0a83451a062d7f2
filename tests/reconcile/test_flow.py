"""What is written where once a value is known, and what a person is told where it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.model.canonical import FieldSpec, FieldType, Value
from syncd.model.native import MISSING
from syncd.model.policy import Hold, Interval, Leader, Newest, Order, Policy
from syncd.model.refs import ConnectionName, LinkId, OpId
from syncd.reconcile.field import merge_field
from syncd.reconcile.state import (
    STALE,
    Base,
    Due,
    DueReason,
    FieldResult,
    FieldState,
    LinkField,
    Loser,
    Notice,
    Pending,
    Refusal,
    Trouble,
)
from tests.reconcile.generate import ENUM, LABELS, WORD
from tests.reconcile.lenses import RefLens, SetLens, TableLens, WordLens, exact, option, tags
from tests.reconcile.model import EPOCH, word

A, B = LinkId("A"), LinkId("B")
LAGS = Base(word("old"), "old")
NO_WORD = "the tool has no way to say this value"


def link(name: str, observed: str = "old", base: Base | None = LAGS) -> LinkField:
    return LinkField(
        link=LinkId(name), connection=ConnectionName(name), lens=WordLens(), observed=word(observed), base=base
    )


def merged(
    *links: LinkField, canonical: Value = "new", spec: FieldSpec = WORD, policy: Policy | None = None
) -> FieldResult:
    state = FieldState(name="title", spec=spec, policy=policy or Hold(), canonical=canonical, links=links)
    return merge_field(state, EPOCH)


def told(trouble: Trouble, value: Value, text: str = "", name: str = "B") -> tuple[Notice, ...]:
    return (Notice(LinkId(name), ConnectionName(name), trouble, value, text),)


def test_what_lags_is_brought_up() -> None:
    found = merged(link("B"), link("A", "new", Base(word("new"), "new")))
    assert found.due == (Due(B, word("new"), "new", word("old"), DueReason.FLOW),)
    assert (found.bases, found.notices) == ({}, ())


def test_what_shows_the_value_anyway_is_absorbed() -> None:
    found = merged(link("B", "new", Base(word("new"), "old")))
    assert (found.bases, found.due) == ({B: Base(word("new"), "new")}, ())


def test_a_tool_without_a_word_for_the_value_is_accounted_for_and_told_for_as_long_as_that_lasts() -> None:
    poor = replace(link("B"), lens=exact("v0"), observed=option("v0"), base=Base(option("v0"), "v0"))
    found = merged(poor, canonical="v7", spec=ENUM)
    assert (found.bases, found.due) == ({B: Base(option("v0"), "v7")}, ())
    assert found.notices == told(Trouble.CANNOT, "v7", NO_WORD)
    again = merged(replace(poor, base=found.bases[B]), canonical="v7", spec=ENUM)
    assert (again.bases, again.due, again.notices) == ({}, (), found.notices)
    able = replace(poor, lens=TableLens({"v0": "v0"}, {"v0": "v0", "v7": "v0"}), base=found.bases[B])
    assert merged(able, canonical="v7", spec=ENUM).notices == ()


@pytest.mark.parametrize(
    ("how", "trouble", "text"),
    [
        ({"lens": RefLens()}, Trouble.NOT_LINKED, "what it points at is not linked in this tool yet"),
        ({"refused": Refusal("new", "read-only there")}, Trouble.REFUSED, "read-only there"),
        ({"writable": False}, Trouble.READ_ONLY, "it lags behind, and may not be written"),
    ],
    ids=["not linked", "refused", "read only"],
)
def test_what_cannot_be_written_for_now_moves_nothing_and_says_why(
    how: dict[str, object], trouble: Trouble, text: str
) -> None:
    found = merged(replace(link("B"), **how))  # type: ignore[arg-type]
    assert (found.bases, found.due, found.notices) == ({}, (), told(trouble, "new", text))


def test_what_cannot_be_read_or_is_being_looked_up_is_told() -> None:
    found = merged(replace(link("B"), observed=MISSING))
    assert (found.due, found.notices) == ((), (Notice(B, ConnectionName("B"), Trouble.UNREADABLE, MISSING),))
    odd = replace(link("B"), lens=exact("v0"), observed=option("unmapped"), base=Base(option("v0"), "v0"))
    found = merged(odd, canonical="v7", spec=ENUM)
    assert (found.due, found.notices) == ((), (Notice(B, ConnectionName("B"), Trouble.UNREADABLE, MISSING),))
    pending = Pending(OpId("op"), word("new"), "new", word("old"), EPOCH)
    assert merged(replace(link("B"), pending=pending)).notices == told(Trouble.PENDING, "new")


def test_a_leader_that_was_not_read_makes_the_field_wait_and_is_named() -> None:
    agreed = Base(word("new"), "new")
    lead = replace(link("A", "new", agreed), fresh=False)
    found = merged(link("B", "edit", agreed), lead, policy=Leader(ConnectionName("A")))
    assert (found.canonical, found.due, found.bases) == ("new", (), {})
    assert found.notices == told(Trouble.WAITING, "new", "the leader was not read in this cycle", "A")


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        (Hold(), "edited differently, and no policy names a winner"),
        (Newest(), "the time of an edit is not known, so none is surely the newest"),
        (Order((ConnectionName("Z"),)), "edited differently by connections of the same rank"),
    ],
    ids=repr,
)
def test_a_held_field_says_why(policy: Policy, why: str) -> None:
    agreed = Base(word("new"), "new")
    found = merged(link("B", "b", agreed), link("A", "a", agreed), policy=policy)
    assert found.conflict is not None
    assert (found.conflict.why, [each.value for each in found.conflict.contenders]) == (why, ["a", "b"])


def test_a_mirrors_edit_loses_and_one_that_shows_the_value_is_accounted_for() -> None:
    agreed = Base(word("new"), "new")
    mirror = replace(link("B", "mine", agreed), voice=False, mirror=True, author="Ada Example")
    found = merged(link("A", "new", agreed), mirror)
    assert found.losers == (Loser(B, ConnectionName("B"), "mine", "Ada Example", None, "mirror"),)
    assert found.bases == {B: Base(word("mine"), "mine")}
    assert found.due == (Due(B, word("new"), "new", word("mine"), DueReason.PUSH_BACK),)
    shows = merged(link("A", "new", agreed), replace(mirror, observed=word("new"), base=LAGS))
    assert (shows.losers, shows.bases, shows.due) == ((), {B: Base(word("new"), "new")}, ())
    base = Base(tags("x"), frozenset("x"))
    bag = replace(mirror, lens=SetLens(), observed=tags("y"), base=base)
    voice = replace(link("A"), lens=SetLens(), observed=tags("x"), base=base)
    behind = merged(voice, bag, canonical=frozenset("x"), spec=LABELS)
    assert behind.bases == {B: Base(tags("y"), STALE)}


def test_a_reading_in_another_spelling_is_accounted_for() -> None:
    two = TableLens({"n": "v0", "m": "v0"}, {"v0": "n"})
    one = replace(link("B"), lens=two, observed=option("m"), base=Base(option("n"), "v0"))
    found = merged(one, canonical="v0", spec=ENUM)
    assert (found.bases, found.due) == ({B: Base(option("m"), "v0")}, ())


def test_a_reference_linked_since_counts_as_added_now() -> None:
    spec = FieldSpec(type=FieldType.ENTITIES)
    known = Base(tags("x", "y"), frozenset({"x"}))
    one = replace(link("B"), lens=SetLens(), observed=tags("x", "y"), base=known)
    found = merged(one, canonical=frozenset({"x"}), spec=spec)
    assert (found.canonical, found.bases) == (frozenset("xy"), {B: Base(tags("x", "y"), frozenset("xy"))})
    made = merged(replace(one, default=True), canonical=frozenset({"x"}), spec=spec)
    assert made.canonical == frozenset({"x"})


def test_an_edit_that_arrives_at_the_value_is_stated_by_its_tool_too() -> None:
    found = merged(replace(link("B", "new"), author="Ada Example"))
    assert [(each.connection, each.author) for each in found.provenance.by] == [("B", "Ada Example")]
    assert (found.canonical, found.bases, found.due) == ("new", {B: Base(word("new"), "new")}, ())


def test_an_edit_that_wins_by_time_came_surely_after_all_others() -> None:
    def at(name: str, value: str, start_h: int, end_h: int) -> LinkField:
        hour = timedelta(hours=1)
        when = Interval(EPOCH + start_h * hour, EPOCH + end_h * hour)
        return replace(link(name, value, Base(word("new"), "new")), edited=when)

    after = merged(at("A", "a", 0, 1), at("B", "b", 1, 2), policy=Newest())
    assert (after.canonical, [(loser.value, loser.rule) for loser in after.losers]) == ("b", [("a", "newest")])
    overlap = merged(at("A", "a", 0, 2), at("B", "b", 1, 3), policy=Newest())
    assert overlap.conflict is not None
    assert overlap.conflict.why == "the times of the edits overlap, so none is surely the newest"
