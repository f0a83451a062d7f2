"""Stories S13, S14, S16, S22, S25, S28 and S29: leaders, times, conflicts and their ends."""

from __future__ import annotations

from syncd.model.canonical import FieldSpec, FieldType
from syncd.model.native import Native
from syncd.model.policy import Leader, Newest
from syncd.model.refs import ConnectionName
from syncd.reconcile.state import Trouble
from tests.reconcile.golden.test_scalars import COARSE, FULL, STATUS, down
from tests.reconcile.lenses import SetLens, option, tags
from tests.reconcile.model import Faults, Tool, World, table, word, words

LEADER_B = Leader(ConnectionName("B"))


def led(b: str = "Doing", c: str = "in_progress") -> World:
    return World([table("A", FULL, c), table("B", COARSE, b)], spec=STATUS, policy=LEADER_B).settled_at(c)


def contested() -> World:
    """Return an office where A says y, B says z, and C still says x."""
    world = World(words("A", "B", "C")).settled_at("x")
    world.edit("A", word("y"))
    world.edit("B", word("z"))
    world.round()
    assert world.contending() == {("A", "y"), ("B", "z")}
    return world


def test_s13_what_the_leader_cannot_tell_apart_is_accepted() -> None:
    world = led()
    world.edit("A", option("in_review"))
    assert world.rounds(3) == 0
    assert (world.canonical, world.lost()) == ("in_review", [])


def test_s13_what_the_leader_can_tell_apart_is_pushed_back() -> None:
    world = led()
    world.edit("A", option("done"))
    assert world.rounds(3) == 1
    assert (world.canonical, world.shows("A"), world.lost()) == ("in_progress", "in_progress", ["done"])


def test_s9_what_the_leader_has_no_word_for_is_no_refinement() -> None:
    world = led()
    world.edit("A", option("blocked"))
    world.rounds(2)
    assert (world.shows("A"), world.lost()) == ("in_progress", ["blocked"])


def test_s14_an_edit_waits_for_a_leader_that_cannot_be_read() -> None:
    world = World(words("A", "B", "C"), policy=LEADER_B).settled_at("x")
    world.edit("A", word("y"))
    world.round(down("B"))
    assert (world.canonical, world.sent, world.lost()) == ("x", [], [])
    assert world.troubles() == {("B", Trouble.WAITING)}
    world.rounds(2)
    assert (world.shows("A"), world.lost(), len(world.sent)) == ("x", ["y"], 1)


def test_s14_a_leader_that_comes_back_with_the_same_value_agrees() -> None:
    world = World(words("A", "B"), policy=LEADER_B).settled_at("x")
    world.edit("A", word("y"))
    world.edit("B", word("y"))
    world.round(down("B"))
    assert world.rounds(3) == 0
    assert (world.canonical, world.lost()) == ("y", [])


def test_s16_a_comment_does_not_make_an_edit_the_newest() -> None:
    world = World(words("A", "B"), policy=Newest()).settled_at("x")
    world.round()
    world.edit("B", word("b"))
    world.tick(300)
    world.edit("A", word("a"))
    world.touch("B")
    world.rounds(2)
    assert world.contending() == {("A", "a"), ("B", "b")}


def test_newest_takes_an_edit_that_surely_came_later() -> None:
    world = World(words("A", "B"), policy=Newest()).settled_at("x")
    world.round()
    world.edit("B", word("b"))
    world.tick(600)
    world.touch("A")
    world.round(Faults(fail=frozenset("A")))
    assert world.canonical == "b"
    world.tick(600)
    world.edit("A", word("a"))
    world.rounds(2)
    assert (world.canonical, world.shows("B"), world.lost()) == ("a", "a", ["b"])


def test_newest_holds_when_a_tool_was_not_read_in_between() -> None:
    world = World(words("A", "B"), policy=Newest()).settled_at("x")
    world.edit("B", word("b"))
    world.round(down("A"))
    world.tick(600)
    world.edit("A", word("a"))
    world.rounds(2)
    assert world.contending() == {("=", "b"), ("A", "a")}


def test_s22_agreement_ends_a_conflict() -> None:
    world = contested()
    world.edit("B", word("y"))
    world.rounds(2)
    assert [world.shows(name) for name in "ABC"] == ["y", "y", "y"]


def test_s22_withdrawal_ends_a_conflict() -> None:
    world = contested()
    world.edit("A", word("x"))
    world.rounds(2)
    assert [world.shows(name) for name in "ABC"] == ["z", "z", "z"]


def test_s22_another_edit_of_a_contender_replaces_its_first() -> None:
    world = contested()
    world.edit("A", word("w"))
    assert world.rounds(2) == 0
    assert world.contending() == {("A", "w"), ("B", "z")}


def test_s25_a_choice_made_before_the_latest_edit_is_refused() -> None:
    world = contested()
    shown = {"A": "y", "B": "z", "C": "x"}
    world.edit("B", word("q"))
    world.round()
    assert not world.resolve("y", shown=shown)
    assert world.rounds(1) == 0
    assert world.contending() == {("A", "y"), ("B", "q")}


def test_s25_an_edit_between_the_choice_and_the_write_stops_the_write() -> None:
    world = contested()
    assert world.resolve("y")
    world.edit("B", word("q"))
    world.rounds(2)
    assert world.shows("B") == "q"
    assert world.contending() == {("=", "y"), ("B", "q")}
    assert set(world.lost()) == {"x", "z"}


def test_a_choice_settles_a_conflict_and_keeps_what_lost() -> None:
    world = contested()
    assert world.resolve("y")
    world.rounds(2)
    assert [world.shows(name) for name in "ABC"] == ["y", "y", "y"]
    assert "z" in world.lost()
    assert world.conflict is None


def test_s28_two_tools_that_swap_values_still_conflict() -> None:
    world = contested()
    world.edit("A", word("z"))
    world.edit("B", word("y"))
    assert world.rounds(2) == 0
    assert world.contending() == {("A", "z"), ("B", "y")}


def back_to_progress(native: Native) -> Native:
    return option("in_progress") if native == option("in_review") else native


def test_s29_an_automation_after_our_write_is_an_edit_that_has_seen_it() -> None:
    world = World([table("A", FULL, "planned"), table("B", FULL, "planned")], spec=STATUS).settled_at("planned")
    world.tools["B"].automation = back_to_progress
    world.edit("A", option("in_review"))
    world.rounds(3)
    assert (world.canonical, world.shows("A"), world.shows("B")) == ("in_progress", "in_progress", "in_progress")
    assert world.conflict is None


def test_s29_a_leader_who_insists_is_refused_after_the_second_time() -> None:
    policy = Leader(ConnectionName("A"))
    tools = [table("A", FULL, "planned"), table("B", FULL, "planned")]
    world = World(tools, spec=STATUS, policy=policy).settled_at("planned")
    world.tools["B"].automation = back_to_progress
    world.edit("A", option("in_review"))
    assert world.rounds(6) == 2
    assert world.troubles() == {("B", Trouble.REFUSED)}
    assert (world.canonical, world.shows("A")) == ("in_review", "in_review")


def test_a_command_is_beaten_only_by_the_leader() -> None:
    world = contested()
    assert world.resolve("y")
    world.round(down("C"))
    world.edit("C", word("c"))
    world.policy = Newest()
    world.rounds(2)
    assert world.contending() == {("=", "y"), ("C", "c")}
    world.policy = Leader(ConnectionName("C"))
    world.rounds(2)
    assert [world.shows(name) for name in "ABC"] == ["c", "c", "c"]
    assert world.conflict is None


def test_a_leader_of_computed_fields_lets_no_tool_win() -> None:
    world = World(words("A", "B"), policy=Leader(ConnectionName("syncd"))).settled_at("x")
    world.edit("A", word("y"))
    world.rounds(2)
    assert (world.shows("A"), world.lost()) == ("x", ["y"])


def test_computed_sets_follow_the_computation_alone() -> None:
    computed = Leader(ConnectionName("syncd"))
    tools = [Tool(name, SetLens(), tags("x")) for name in "AB"]
    world = World(tools, policy=computed, spec=FieldSpec(type=FieldType.LABELS)).settled_at(frozenset({"x"}))
    world.edit("A", tags("x", "y"))
    world.rounds(2)
    assert (world.shows("A"), world.lost()) == (frozenset({"x"}), [frozenset({"x", "y"})])
