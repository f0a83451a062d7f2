"""Labels, people and references: what a tool cannot hold lies outside what it can add or remove."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.mapping.checks import check_laws
from syncd.mapping.lenses.base import why_missing
from syncd.mapping.people import PeopleDirectory
from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, NOT_LINKED
from syncd.model.native import MISSING, Choice, Choices, Native, NativeType, People, Person, Refs
from syncd.model.refs import ConnectionName, EntityId, PersonId, Ref
from tests.mapping.places import A, B, Links, lens_of, native, option


def labels(*names: str) -> Choices:
    return Choices(frozenset(Choice(id=name, label=name) for name in names))


def subsets(names: str) -> list[frozenset[str]]:
    return [frozenset(each) for size in range(len(names) + 1) for each in combinations(names, size)]


FREE = lens_of("task.labels", native(NativeType.CHOICES, free=True))


def test_a_label_keeps_the_spelling_it_has_there() -> None:
    assert FREE.put(frozenset({"BUG", "new"}), labels("Bug", "old")) == labels("Bug", "new")
    assert FREE.get(labels("Bug", " api ")) == frozenset({"Bug", "api"})


def test_no_labels_are_the_empty_set_however_they_are_written() -> None:
    assert FREE.get(None) == FREE.get(labels()) == frozenset()
    assert FREE.put(frozenset(), None) is None
    assert FREE.loose(None, labels())


def test_a_label_without_an_option_is_left_out() -> None:
    lens = lens_of("task.labels", native(NativeType.CHOICES, options=[option("Bug"), option("API")]))
    assert lens.put(frozenset({"bug", "other"}), labels()) == Choices(frozenset({option("Bug")}))
    assert lens.put(frozenset({"other"}), None) is None


def test_a_label_the_tool_cannot_spell_is_left_out() -> None:
    lens = lens_of("task.labels", native(NativeType.CHOICES, free=True), r"{field: f, pattern: '\S+'}")
    assert lens.put(frozenset({"good first issue", "bug"}), None) == labels("bug")


def test_a_full_field_keeps_what_it_shows() -> None:
    lens = lens_of("task.labels", native(NativeType.CHOICES, free=True, capacity=2))
    assert lens.put(frozenset("abcz"), labels("z")) == labels("z", "a")
    assert lens.put(frozenset("abcz"), labels("y", "z")) == labels("z", "a")


names = st.frozensets(st.sampled_from(["a", "A", "b", "ß", "SS", " c", "C ", ""]), max_size=5)


@settings(max_examples=150, deadline=None)
@given(held=names, wanted=names, capacity=st.sampled_from([None, 1, 2]), free=st.booleans())
def test_labels_keep_the_laws(
    held: frozenset[str], wanted: frozenset[str], capacity: int | None, *, free: bool
) -> None:
    field = native(NativeType.CHOICES, options=[option("A"), option("b")], free=free, capacity=capacity)
    lens = lens_of("task.labels", field)
    assert check_laws(lens, [None, labels(*held)], [frozenset(), wanted]) == []


ADA, BOB, CYD = (Person(id=name[0], login=name) for name in ("ada", "bob", "cyd"))
EVE = Person(id="e", name="Eve Example", login="eve")


def directory() -> PeopleDirectory:
    people = PeopleDirectory(
        {PersonId(name): {A: name} for name in ("ada", "bob", "cyd")} | {PersonId("dan"): {B: "dan"}}
    )
    people.resolve(A, {"ada": ADA, "bob": BOB, "cyd": CYD})
    return people


def users(*members: Person) -> People:
    return People(frozenset(members))


def test_one_assignee_is_kept_while_it_is_wanted() -> None:
    """Golden story S19: sorting afresh would overwrite the edit just made."""
    lens = lens_of("task.assignees", native(NativeType.PERSON), people=directory())
    assert lens.put(frozenset({"bob", "cyd"}), CYD) == CYD
    assert lens.put(frozenset({"bob", "cyd"}), ADA) == BOB
    assert lens.put(frozenset(), ADA) is None


def test_an_unknown_person_freezes_the_field_and_says_so() -> None:
    lens = lens_of("task.assignees", native(NativeType.PEOPLE), people=directory())
    assert lens.get(users(ADA, EVE)) is MISSING
    assert why_missing(lens, users(ADA, EVE)) == (
        '"Eve Example" (eve) is not in the people file for pmo (task.assignees for pmo)'
    )


@pytest.mark.parametrize(
    ("person", "called"),
    [
        (Person(id="5b1", name="Eve Example", email="eve@acme.example"), '"Eve Example" (eve@acme.example)'),
        (Person(id="5b1", name="Eve Example"), '"Eve Example" (5b1)'),
        (Person(id="eve"), '"eve"'),
    ],
)
def test_it_is_told_what_to_write_into_the_people_file(person: Person, called: str) -> None:
    lens = lens_of("task.assignees", native(NativeType.PEOPLE), people=directory())
    assert why_missing(lens, users(person)).startswith(f"{called} is not in the people file")


def test_somebody_without_a_user_there_is_left_out() -> None:
    lens = lens_of("task.assignees", native(NativeType.PEOPLE), people=directory())
    assert lens.put(frozenset({"ada", "dan"}), None) == users(ADA)
    owner = lens_of("milestone.owner", native(NativeType.PERSON), people=directory())
    assert owner.put("dan", ADA) is CANNOT
    assert owner.put("bob", ADA) == BOB


def test_somebody_whose_user_was_not_looked_up_yet_is_waited_for() -> None:
    people = PeopleDirectory({PersonId("ada"): {A: "ada"}})
    several = lens_of("task.assignees", native(NativeType.PEOPLE), people=people)
    one = lens_of("milestone.owner", native(NativeType.PERSON), people=people)
    assert several.put(frozenset({"ada"}), None) is NOT_LINKED
    assert one.put("ada", None) is NOT_LINKED
    people.resolve(A, {"ada": ADA})
    assert several.put(frozenset({"ada"}), None) == users(ADA)
    assert one.put("ada", None) == ADA


def test_several_people_where_one_is_meant_are_no_reading() -> None:
    lens = lens_of("milestone.owner", native(NativeType.PEOPLE), people=directory())
    assert lens.get(users(ADA)) == "ada"
    assert lens.get(users(ADA, BOB)) is MISSING
    assert why_missing(lens, users(ADA, BOB)) == "several people are in milestone.owner for pmo, which holds one"
    assert lens.put("cyd", users(ADA)) == users(CYD)


@pytest.mark.parametrize("capacity", [None, 1, 2])
def test_people_keep_the_laws(capacity: int | None) -> None:
    lens = lens_of("task.assignees", native(NativeType.PEOPLE, capacity=capacity), people=directory())
    one = lens_of("milestone.owner", native(NativeType.PEOPLE), people=directory())
    natives: list[Native] = [None, users(), users(ADA), users(ADA, BOB), users(CYD)]
    who = {"a": "ada", "b": "bob", "c": "cyd", "d": "dan"}
    values: list[Value] = [frozenset(who[letter] for letter in each) for each in subsets("abcd")]
    assert check_laws(lens, natives, values) == []
    assert check_laws(one, natives, [None, "ada", "bob", "dan"]) == []


def ref(id_: str, connection: ConnectionName = A) -> Ref:
    return Ref(connection, "version", id_)


LINKS = Links([("m1", ref("1"), "P"), ("m1", ref("1q"), "Q"), ("m2", ref("2"), "P"), ("m3", ref("3", B), "R")])


def test_a_reference_is_the_linked_entity_and_points_into_its_own_container() -> None:
    lens = lens_of("task.milestone", native(NativeType.REF), links=LINKS)
    assert lens.get(ref("1q")) == "m1"
    assert lens.put("m1", None) == ref("1")
    assert lens.put("m1", ref("1q")) == ref("1q"), "what already points at it stays"


def test_a_target_that_is_not_linked_is_no_reading_and_not_empty() -> None:
    """Golden story S23."""
    lens = lens_of("task.milestone", native(NativeType.REF), links=LINKS)
    assert lens.get(ref("9")) is MISSING
    assert why_missing(lens, ref("9")) == "the target of task.milestone for pmo is not linked or out of scope"
    assert lens.put("m3", None) is NOT_LINKED


def test_one_milestone_among_several_versions_leaves_foreign_ones_alone() -> None:
    lens = lens_of("task.milestone", native(NativeType.REFS), links=LINKS)
    foreign = Refs(frozenset({ref("1"), ref("9")}))
    assert lens.get(foreign) == "m1"
    assert lens.put("m2", foreign) == Refs(frozenset({ref("2"), ref("9")}))
    assert lens.put(None, foreign) is CANNOT
    assert lens.put(None, Refs(frozenset({ref("1")}))) == Refs(frozenset())
    both = Refs(frozenset({ref("1"), ref("2")}))
    assert lens.get(both) is MISSING
    assert why_missing(lens, both) == "several targets are in task.milestone for pmo, which holds one"


def test_a_set_of_references_leaves_foreign_targets_alone_and_waits_for_all_of_ours() -> None:
    lens = lens_of("initiative.milestones", native(NativeType.REFS), links=LINKS)
    foreign = Refs(frozenset({ref("1"), ref("9")}))
    assert lens.get(foreign) == frozenset({"m1"})
    assert lens.put(frozenset({"m2"}), foreign) == Refs(frozenset({ref("2"), ref("9")}))
    assert lens.put(frozenset({"m2", "m3"}), foreign) is NOT_LINKED


@pytest.mark.parametrize("can_be_empty", [True, False])
def test_references_keep_the_laws(*, can_be_empty: bool) -> None:
    single = lens_of("task.milestone", native(NativeType.REF, can_be_empty=can_be_empty), links=LINKS)
    among = lens_of("task.milestone", native(NativeType.REFS, can_be_empty=can_be_empty), links=LINKS)
    several = lens_of("initiative.milestones", native(NativeType.REFS, can_be_empty=can_be_empty), links=LINKS)
    groups: list[Native] = [None, *(Refs(frozenset(ref(each) for each in ids)) for ids in subsets("129"))]
    values: list[Value] = [None, EntityId("m1"), EntityId("m2"), EntityId("m3")]
    assert check_laws(single, [None, ref("1"), ref("1q"), ref("2"), ref("9")], values) == []
    assert check_laws(among, groups, values) == []
    assert check_laws(several, groups, [frozenset(f"m{each}" for each in ids) for ids in subsets("123")]) == []
