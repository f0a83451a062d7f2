"""Stories S1 to S12 and S15: what an edit is, whose author saw what, and writes that go wrong."""

from __future__ import annotations

from syncd.model.canonical import FieldSpec, FieldType
from syncd.model.policy import Order
from syncd.model.refs import ConnectionName
from syncd.reconcile.state import Trouble
from tests.reconcile.lenses import TableLens, WordLens, exact, option
from tests.reconcile.model import Faults, Tool, World, table, word, words

STATUS = FieldSpec(
    type=FieldType.CHOICE,
    options=("proposed", "planned", "in_progress", "in_review", "blocked", "done", "cancelled"),
)
FULL = exact(*STATUS.options)
COARSE = TableLens(
    {"Todo": "planned", "Backlog": "planned", "Doing": "in_progress", "Done": "done"},
    {"planned": "Todo", "proposed": "Todo", "in_progress": "Doing", "in_review": "Doing", "done": "Done"},
)


def down(*names: str) -> Faults:
    return Faults(down=frozenset(names))


def status_world(b: str = "Doing", c: str = "in_progress") -> World:
    return World([table("A", FULL, c), table("B", COARSE, b)], spec=STATUS).settled_at(c)


def test_s1_a_coarse_tool_that_already_shows_the_value_is_never_written() -> None:
    world = status_world()
    world.edit("A", option("in_review"))
    assert world.rounds(5) == 0
    assert (world.canonical, world.shows("B")) == ("in_review", "in_progress")


def test_s2_an_edit_whose_author_did_not_see_the_value_contends_with_it() -> None:
    world = World(words("A", "B", "C")).settled_at("x")
    world.edit("A", word("y"))
    world.round(down("C"))
    assert world.shows("B") == "y"
    world.edit("C", word("z"))
    assert world.rounds(3) == 0
    assert world.contending() == {("=", "y"), ("C", "z")}
    assert [world.shows(name) for name in "ABC"] == ["y", "y", "z"]


def test_s3_a_judged_loser_never_wins_alone_because_a_write_failed() -> None:
    order = Order((ConnectionName("B"), ConnectionName("A")))
    world = World(words("A", "B"), policy=order).settled_at("x")
    world.edit("A", word("z"))
    world.edit("B", word("y"))
    world.round(Faults(fail=frozenset("A")))
    assert (world.canonical, world.lost()) == ("y", ["z"])
    assert world.rounds(3) == 1
    assert (world.shows("A"), world.shows("B"), world.lost()) == ("y", "y", ["z"])


def test_s4_a_tool_that_lowers_the_case_is_written_once() -> None:
    world = World([*words("A"), *words("B", case="lower")]).settled_at("x")
    world.edit("A", word("Alpha"))
    assert world.rounds(5) == 1
    assert (world.shows("A"), world.shows("B"), world.canonical) == ("Alpha", "alpha", "Alpha")


def test_s5_a_change_of_case_that_a_tool_cannot_show_is_no_refusal() -> None:
    world = World([*words("A", native="alpha"), *words("B", native="alpha", case="lower")]).settled_at("alpha")
    world.edit("A", word("Alpha"))
    world.rounds(2)
    assert world.result is not None
    assert (world.troubles(), world.result.due) == (set(), ())
    world.edit("B", word("beta"))
    world.rounds(2)
    assert world.conflict is None
    assert (world.canonical, world.shows("A"), world.shows("B")) == ("beta", "beta", "beta")


def test_s6_an_edit_below_a_tools_resolution_leaves_the_value_alone() -> None:
    world = status_world()
    world.edit("A", option("in_review"))
    world.rounds(2)
    world.edit("B", option("Done"))
    world.edit("B", option("Doing"))
    assert world.rounds(2) == 0
    assert world.canonical == "in_review"


def test_s6_setting_what_a_lagging_tool_should_show_anyway_is_agreement() -> None:
    world = status_world("Todo", "planned")
    world.edit("A", option("in_review"))
    world.round(down("B"))
    world.edit("B", option("Doing"))
    assert world.rounds(3) == 0
    assert (world.canonical, world.conflict) == ("in_review", None)


def test_s7_a_coarse_and_a_fine_edit_that_say_the_same_do_not_conflict() -> None:
    world = status_world("Todo", "planned")
    world.edit("A", option("in_review"))
    world.edit("B", option("Doing"))
    assert world.rounds(3) == 0
    assert (world.canonical, world.conflict) == ("in_review", None)


def test_s7_a_coarse_and_a_fine_edit_that_differ_do_conflict() -> None:
    world = status_world("Todo", "planned")
    world.edit("A", option("in_review"))
    world.edit("B", option("Done"))
    assert world.rounds(3) == 0
    assert world.contending() == {("A", "in_review"), ("B", "done")}


def test_s8_a_tool_that_was_held_up_has_seen_the_value_once_it_is_back() -> None:
    world = World(words("A", "B", "C")).settled_at("x")
    world.edit("A", word("y"))
    world.round(down("B"))
    world.edit("C", word("x"))
    world.round(down("B"))
    assert world.canonical == "x"
    world.edit("B", word("z"))
    world.rounds(2)
    assert world.conflict is None
    assert [world.shows(name) for name in "ABC"] == ["z", "z", "z"]


def test_s9_a_tool_without_a_word_for_the_value_is_told_not_written() -> None:
    world = status_world()
    world.edit("A", option("blocked"))
    assert world.rounds(3) == 0
    assert world.troubles() == {("B", Trouble.CANNOT)}
    world.edit("B", option("Done"))
    world.rounds(2)
    assert (world.canonical, world.shows("A"), world.conflict) == ("done", "done", None)


def test_s10_our_own_write_of_unknown_outcome_is_not_taken_for_an_edit() -> None:
    world = World(words("A", "B")).settled_at("x")
    world.edit("A", word("y"))
    world.round(Faults(lost_applied=frozenset("B")))
    world.edit("A", word("w"))
    world.round(down("B"))
    world.rounds(3)
    assert (world.conflict, world.lost()) == (None, [])
    assert (world.canonical, world.shows("A"), world.shows("B")) == ("w", "w", "w")


def test_s11_after_a_kill_only_the_unwritten_tools_are_written() -> None:
    world = World(words("A", "B", "C", "D", "E")).settled_at("x")
    world.edit("A", word("y"))
    world.round(Faults(crash_after=2))
    assert [name for name, _ in world.sent] == ["B", "C"]
    assert world.rounds(3) == 2
    assert [name for name, _ in world.sent] == ["B", "C", "D", "E"]
    assert world.lost() == []


def test_s12_an_index_that_still_shows_the_old_value_is_no_revert() -> None:
    world = World(words("A", "B")).settled_at("x")
    world.edit("A", word("y"))
    world.round()
    assert world.shows("B") == "y"
    for _ in range(3):
        world.round(Faults(stale=frozenset("B")))
    assert (len(world.sent), world.canonical, world.conflict, world.lost()) == (1, "y", None, [])


def test_s15_a_person_who_saves_between_write_and_read_back_is_heard() -> None:
    world = World(words("A", "B")).settled_at("x")
    world.edit("A", word("y"))
    world.round(Faults(before_read_back={"B": word("p")}))
    world.rounds(2)
    assert (world.canonical, world.shows("A"), world.shows("B")) == ("p", "p", "p")
    assert world.conflict is None


def test_s15_without_an_echo_such_an_edit_has_not_surely_seen_the_value() -> None:
    world = World(words("A", "B")).settled_at("x")
    world.switches = type(world.switches)(echo=False)
    world.edit("A", word("y"))
    world.round(Faults(before_read_back={"B": word("p")}))
    world.rounds(2)
    assert world.contending() == {("=", "y"), ("B", "p")}


def test_s26_an_edit_in_a_read_only_source_that_never_saw_the_value_is_a_conflict() -> None:
    world = World([Tool("R", WordLens(), word("x"), direction="read"), *words("A")]).settled_at("x")
    world.edit("A", word("y"))
    world.round()
    assert world.troubles() == {("R", Trouble.READ_ONLY)}
    world.edit("R", word("z"))
    world.round()
    assert world.contending() == {("=", "y"), ("R", "z")}
    assert world.sent == []
