"""Stories S17 to S21, S23, S24, S27 and S30: creating, remapping, sets, references, joining, deleting, observing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.model.canonical import UNSET, FieldSpec, FieldType, Value
from syncd.model.native import MISSING
from syncd.model.policy import Earliest, Leader, Order
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.field import advance, merge_field
from syncd.reconcile.removal import OnDelete, judge_removal
from syncd.reconcile.rules import merge_entities
from syncd.reconcile.state import DueReason, EntityState, FieldState, Trouble
from syncd.reconcile.written import CreatedField, after_create
from tests.reconcile.golden.test_scalars import COARSE, FULL, STATUS, down
from tests.reconcile.lenses import RefLens, SetLens, TableLens, WordLens, exact, option, tags
from tests.reconcile.model import EPOCH, FAIR, Tool, World, table, word, words

LABELS = FieldSpec(type=FieldType.LABELS)
PEOPLE = FieldSpec(type=FieldType.PEOPLE)
PARENT = FieldSpec(type=FieldType.ENTITY)


def test_s17_a_tools_default_is_nobodys_edit() -> None:
    world = World([table("A", FULL, None), table("B", FULL, None), table("C", COARSE, "Todo")], spec=STATUS)
    world.tools["C"].linked = False
    world.round()
    assert world.canonical is None
    created = CreatedField(
        spec=STATUS, lens=COARSE, canonical=None, sent=MISSING, read_back=option("Todo"), echo=MISSING
    )
    world.memory["C"].base = after_create({"status": created})["status"]
    world.tools["C"].linked = True
    assert world.rounds(3) == 0
    assert (world.canonical, world.conflict, world.shows("A")) == (None, None, None)
    world.edit("C", option("Done"))
    world.rounds(2)
    assert (world.shows("A"), world.shows("B")) == ("done", "done")


def test_a_default_that_does_not_fit_becomes_due_and_one_that_fits_does_not() -> None:
    def base(canonical: Value, default: str) -> object:
        made = CreatedField(
            spec=STATUS, lens=COARSE, canonical=canonical, sent=MISSING, read_back=option(default), echo=MISSING
        )
        return after_create({"status": made})["status"].meant

    assert base("in_review", "Doing") == "in_review"
    assert base("in_review", "Todo") == "planned"


def test_a_sent_field_that_reads_back_otherwise_without_echo_is_a_question() -> None:
    made = CreatedField(
        spec=STATUS, lens=COARSE, canonical="done", sent=option("Done"), read_back=option("Todo"), echo=MISSING
    )
    assert after_create({"status": made}) == {}
    assert after_create({"status": replace(made, echo=option("Done"))})["status"].meant == "done"


BEFORE = TableLens(
    {"Doing": "in_progress", "In Review": "in_progress", "Done": "done"},
    {"in_progress": "Doing", "in_review": "In Review", "done": "Done"},
)
AFTER = TableLens({**BEFORE.reads, "In Review": "in_review"}, BEFORE.writes)


def remapped(leader: str | None) -> World:
    policy = Leader(ConnectionName(leader)) if leader else None
    tools = [table("A", FULL, "in_progress"), table("B", BEFORE, "In Review")]
    return World(tools, spec=STATUS, policy=policy).settled_at("in_progress")


def test_s18_a_table_fix_is_no_edit_and_writes_only_what_was_listed() -> None:
    world = remapped("A")
    listed = world.remap("B", AFTER)
    assert listed is not None
    assert [(each.link, each.meant, each.reads) for each in listed.due] == [("B", "in_progress", "in_review")]
    assert world.rounds(3) == 1
    assert (world.lost(), world.conflict, world.shows("B")) == ([], None, "in_progress")


def test_s18_the_leaders_new_reading_becomes_the_value() -> None:
    world = remapped("B")
    listed = world.remap("B", AFTER)
    assert listed is not None
    assert ([each.link for each in listed.adopted], listed.due, listed.undecided) == (["B"], (), ())
    assert world.rounds(3) == 1
    assert (world.canonical, world.shows("A"), world.lost()) == ("in_review", "in_review", [])


def test_s18_without_a_leader_it_is_a_question() -> None:
    world = remapped(None)
    listed = world.remap("B", AFTER)
    assert listed is not None
    assert [each.link for each in listed.undecided] == ["B"]
    assert world.rounds(3) == 0
    assert world.troubles() == {("B", Trouble.UNDECIDED)}


def test_s18_items_the_fix_does_not_concern_are_not_touched() -> None:
    world = World([table("A", FULL, "done"), table("B", BEFORE, "Done")], spec=STATUS).settled_at("done")
    listed = world.remap("B", AFTER)
    assert listed is not None
    assert (listed.adopted, listed.due, listed.undecided) == ((), (), ())
    assert world.rounds(2) == 0


def test_s19_a_tool_with_room_for_one_keeps_the_one_just_set() -> None:
    tools = [Tool("A", SetLens(), tags("ada", "bob")), Tool("B", SetLens(capacity=1), tags("ada"))]
    world = World(tools, spec=PEOPLE).settled_at(frozenset({"ada", "bob"}))
    world.edit("B", tags("cyd"))
    world.rounds(3)
    assert world.canonical == frozenset({"bob", "cyd"})
    assert (world.shows("A"), world.shows("B")) == (frozenset({"bob", "cyd"}), frozenset({"cyd"}))


def test_s20_an_addition_wins_over_a_removal_made_at_the_same_time() -> None:
    tools = [Tool(name, SetLens(), tags("x") if name != "B" else tags()) for name in "ABC"]
    world = World(tools, spec=LABELS).settled_at(frozenset({"x"}))
    assert world.memory["B"].base is not None
    world.memory["B"].base = replace(world.memory["B"].base, meant=frozenset())
    world.round(down("A", "B", "C"))
    world.edit("B", tags("x"))
    world.edit("A", tags())
    world.rounds(3)
    assert world.canonical == frozenset({"x"})
    assert {str(name): world.shows(name) for name in "ABC"} == dict.fromkeys("ABC", frozenset({"x"}))
    assert world.lost() == [frozenset({"x"})]


def parents(**moves: tuple[str | None, str | None]) -> list[EntityState]:
    """Return entities whose parent was and is, in tool A, as given; tool B shows what was."""
    lens = RefLens({"x", "y", "z"})
    states = []
    for name, (was, now) in moves.items():
        links = []
        for tool, value in (("A", now), ("B", was)):
            world = World([Tool(tool, lens, word(was) if was else None)], spec=PARENT).settled_at(was)
            link = world.link(tool)
            links.append(
                replace(link, link=LinkId(f"{tool}-{name}"), observed=word(value) if value else None, fresh=True)
            )
        field = FieldState(name="parent", spec=PARENT, policy=World([]).policy, canonical=was, links=tuple(links))
        states.append(EntityState(entity=EntityId(name), fields={"parent": field}))
    return states


def outcome(states: list[EntityState]) -> Mapping[str, tuple[Value, bool, int]]:
    results = merge_entities(states, {}, EPOCH)
    found = {}
    for entity, fields in results.items():
        result = fields["parent"]
        assert result.canonical is not UNSET
        found[str(entity)] = (result.canonical, result.conflict is not None, len(result.due))
    return found


def test_s21_two_moves_that_make_a_circle_are_both_held() -> None:
    assert outcome(parents(x=(None, "y"), y=(None, "x"))) == {"x": (None, True, 0), "y": (None, True, 0)}


def test_s21_either_person_moving_back_settles_it() -> None:
    assert outcome(parents(x=(None, "y"), y=(None, None))) == {"x": ("y", False, 1), "y": (None, False, 0)}


def test_s23_a_field_that_is_not_shown_is_cleared_nowhere() -> None:
    world = World(words("A", "B")).settled_at("x")
    world.tools["B"].hidden = True
    assert world.rounds(2) == 0
    assert (world.canonical, world.troubles()) == ("x", {("B", Trouble.UNREADABLE)})


def test_s23_a_parent_outside_the_scope_is_cleared_nowhere() -> None:
    lens = RefLens({"p"}, outside=frozenset({"elsewhere"}))
    world = World([Tool("A", lens, word("p")), Tool("B", lens, word("p"))], spec=PARENT).settled_at("p")
    world.edit("B", word("elsewhere"))
    assert world.rounds(2) == 0
    assert (world.canonical, world.shows("A"), world.troubles()) == ("p", "p", {("B", Trouble.UNREADABLE)})


def test_a_parent_that_is_not_linked_yet_is_written_once_it_is() -> None:
    here, there = RefLens({"p", "q"}), RefLens({"p"})
    world = World([Tool("A", here, word("p")), Tool("B", there, word("p"))], spec=PARENT).settled_at("p")
    world.edit("A", word("q"))
    assert world.rounds(2) == 0
    assert world.troubles() == {("B", Trouble.NOT_LINKED)}
    there.linked.add("q")
    assert world.rounds(3) == 1
    assert world.shows("B") == "q"


def joined_by(value: str | None) -> World:
    world = World([*words("A", "B"), *words("C", native=value)]).settled_at("x")
    world.memory["C"].base = None
    return world


def test_s24_a_newcomer_fills_what_is_empty_there_only_after_approval() -> None:
    for world in (joined_by(None), joined_by(None)):
        assert world.rounds(3) == 0
        assert world.result is not None
        assert [due.reason for due in world.result.due] == [DueReason.FILL]
        world.round(approving=True)
        assert world.rounds(3) == 0
        assert world.shows("C") == "x"


@pytest.mark.parametrize("value", ["p", "q", "r"])
def test_s24_a_newcomer_with_another_value_is_a_question_and_stops_nobody(value: str) -> None:
    world = joined_by(value)
    assert world.rounds(3) == 0
    assert world.troubles() == {("C", Trouble.UNDECIDED)}
    world.edit("A", word("y"))
    world.rounds(2)
    assert (world.shows("B"), world.shows("C")) == ("y", value)


def test_a_question_ends_by_taking_or_keeping() -> None:
    taken = joined_by("p")
    taken.round()
    assert taken.resolve("p")
    taken.rounds(2)
    assert [taken.shows(name) for name in "ABC"] == ["p", "p", "p"]
    kept = joined_by("p")
    kept.round()
    assert kept.resolve("x")
    kept.rounds(2)
    assert [kept.shows(name) for name in "ABC"] == ["x", "x", "x"]
    assert "p" in kept.lost()


def test_a_question_ends_by_equality() -> None:
    world = joined_by("p")
    world.round()
    world.edit("C", word("x"))
    assert world.rounds(2) == 0
    assert world.troubles() == set()


def test_at_first_contact_a_stated_winner_is_proposed_and_the_rest_asked() -> None:
    policy = Order((ConnectionName("B"), ConnectionName("A")))
    world = World([*words("A", native="a"), *words("B", native="b"), *words("C", native=None)], policy=policy)
    for _ in range(3):
        result = world.round()
        assert world.canonical == "b"
        assert [(due.link, due.reason) for due in result.due] == [("A", DueReason.PROPOSAL), ("C", DueReason.FILL)]
        assert world.troubles() == {("A", Trouble.UNDECIDED)}
    assert world.sent == []
    world.round(approving=True)
    assert world.rounds(2) == 0
    assert [world.shows(name) for name in "ABC"] == ["b", "b", "b"]
    assert world.lost() == ["a"]


def test_at_first_contact_without_a_stated_winner_nothing_is_proposed() -> None:
    world = World([*words("A", native="a"), *words("B", native="b")])
    result = world.round()
    assert (world.canonical, result.due) == (UNSET, ())
    assert world.troubles() == {("A", Trouble.UNDECIDED), ("B", Trouble.UNDECIDED)}


def test_at_first_contact_the_earliest_of_values_without_order_is_nobodys() -> None:
    world = World([*words("A", native="a"), *words("B", native="b")], policy=Earliest())
    assert world.round().due == ()
    assert world.canonical is UNSET


def test_sets_are_united_at_first_contact_after_approval() -> None:
    world = World([Tool("A", SetLens(), tags("a", "b")), Tool("B", SetLens(), tags("b", "c"))], spec=LABELS)
    assert world.rounds(3) == 0
    assert world.result is not None
    assert {due.reason for due in world.result.due} == {DueReason.UNION}
    world.round(approving=True)
    assert world.rounds(2) == 0
    assert world.shows("A") == world.shows("B") == frozenset({"a", "b", "c"})


def entity(world: World) -> EntityState:
    return EntityState(entity=EntityId("e"), fields={"title": world.state()})


def test_s27_nothing_is_archived_while_somebody_still_edits() -> None:
    world = World(words("A", "B", "C")).settled_at("x")
    world.round()
    world.tools["C"].linked = False
    world.edit("B", word("y"))
    for name in "AB":
        world._observe(name, FAIR)
    state = entity(world)
    results = {"title": merge_field(world.state(), world.clock)}
    judged = judge_removal(state, results, LinkId("C"), OnDelete.ARCHIVE)
    assert (judged.archive, judged.question) == ((), "deleted while edited elsewhere: B title")
    assert judge_removal(state, results, LinkId("C"), OnDelete.UNLINK).archive == ()


def test_s27_a_quiet_item_is_archived_and_a_returning_link_revives() -> None:
    world = World(words("A", "B", "C")).settled_at("x")
    world.round()
    world.tools["C"].linked = False
    world.round()
    state = entity(world)
    results = {"title": merge_field(world.state(), world.clock)}
    assert judge_removal(state, results, LinkId("C"), OnDelete.ARCHIVE).archive == ("A", "B")
    world.edit("B", word("y"))
    world.rounds(2)
    world.tools["C"].linked = True
    world.rounds(2)
    assert [world.shows(name) for name in "ABC"] == ["y", "y", "y"]
    assert world.conflict is None


def test_s27_an_unreachable_voice_stops_the_archive() -> None:
    world = World(words("A", "B")).settled_at("x")
    world.round(down("B"))
    results = {"title": merge_field(world.state(), world.clock)}
    judged = judge_removal(entity(world), results, LinkId("A"), OnDelete.ARCHIVE)
    assert judged.question == "not read in this cycle, or with a write of unknown outcome: B"


def test_s30_leaving_observe_is_first_contact_and_asks_what_differs() -> None:
    world = World([*words("A", "B"), *words("O")]).settled_at("x")
    world.memory["O"].base = None
    world.tools["O"].mode = "observe"
    for text in ("p", "q"):
        world.edit("O", word(text))
        assert world.rounds(2) == 0
    assert world.memory["O"].base is None
    world.tools["O"].mode = "write"
    preview = merge_field(world.state(), world.clock)
    result = world.round()
    assert (result.due, result.notices, result.bases) == (preview.due, preview.notices, preview.bases)
    assert world.troubles() == {("O", Trouble.UNDECIDED)}
    assert world.sent == []


def test_an_edit_made_while_observing_again_has_not_seen_the_value() -> None:
    world = World([*words("A", "B"), Tool("O", WordLens(), word("x"))]).settled_at("x")
    world.round()
    world.tools["O"].mode = "observe"
    world.edit("O", word("o"))
    world.edit("A", word("y"))
    world.rounds(2)
    assert world.shows("B") == "y"
    world.tools["O"].mode = "write"
    world.rounds(2)
    assert world.contending() == {("=", "y"), ("O", "o")}


def test_committing_a_result_twice_is_committing_it_once() -> None:
    world = World([*words("A"), table("B", exact("x", "y"), "x")]).settled_at("x")
    world.edit("A", word("y"))
    world.round(down("A", "B"))
    state = world.state()
    result = merge_field(state, world.clock)
    assert advance(advance(state, result), result) == advance(state, result)
