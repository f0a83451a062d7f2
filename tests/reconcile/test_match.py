"""First contact: what is recognised, what is asked, what is left alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.match import Ambiguity, Candidate, Known, match

E1, E2 = EntityId("e1"), EntityId("e2")


def candidate(name: str, *keys: str, marker: EntityId | None = None, place: str | None = None) -> Candidate:
    """Build a task called `a:1`: connection a, id 1."""
    connection, number = name.split(":")
    return Candidate(
        ref=Ref(ConnectionName(connection), "issue", number),
        kind=Kind.TASK,
        place=place or connection,
        title=keys[0] if keys else "",
        keys=keys,
        marker=marker,
    )


def known(entity: EntityId, *places: str, keys: tuple[str, ...] = ()) -> Known:
    return Known(entity=entity, kind=Kind.TASK, places=frozenset(places), keys=frozenset(keys))


def ref(name: str) -> Ref:
    return candidate(name).ref


def test_equal_keys_in_different_places_make_one_entity() -> None:
    found = match([candidate("a:1", "x"), candidate("b:1", "x"), candidate("c:1", "y")], [])
    assert found.groups == ((ref("a:1"), ref("b:1")), (ref("c:1"),))
    assert not found.ambiguous


def test_a_namesake_in_one_place_alone_is_not_a_question() -> None:
    found = match([candidate("a:1", "fix tests"), candidate("a:2", "fix tests")], [])
    assert found.groups == ((ref("a:1"),), (ref("a:2"),))


def test_two_namesakes_against_one_elsewhere_are_a_persons_to_decide() -> None:
    found = match([candidate("a:1", "x"), candidate("a:2", "x"), candidate("b:1", "x")], [])
    assert not found.groups
    assert found.ambiguous[0].refs == (ref("a:1"), ref("a:2"), ref("b:1"))


def test_a_record_joins_the_one_entity_with_its_key() -> None:
    found = match([candidate("b:1", "x")], [known(E1, "a", keys=("x",))])
    assert found.joins == {ref("b:1"): E1}


def test_a_namesake_does_not_join_where_the_place_is_taken() -> None:
    found = match([candidate("a:2", "x")], [known(E1, "a", keys=("x",))])
    assert found.groups == ((ref("a:2"),),)
    assert not found.joins


def test_two_entities_with_one_key_are_a_persons_to_decide() -> None:
    found = match([candidate("b:1", "x")], [known(E1, "a", keys=("x",)), known(E2, "a", keys=("x",))])
    assert found.ambiguous[0].entities == (E1, E2)


def test_a_marker_beats_every_key() -> None:
    found = match([candidate("b:1", "x", marker=E2)], [known(E1, "a", keys=("x",)), known(E2, "a", keys=("y",))])
    assert found.joins == {ref("b:1"): E2}


def test_a_clone_with_our_marker_stays_unlinked_while_the_original_lives() -> None:
    found = match([candidate("b:2", "x", marker=E1)], [known(E1, "a", "b", keys=("x",))])
    assert found.clones == {ref("b:2"): E1}
    assert not found.groups
    assert not found.joins


def test_two_records_with_one_marker_are_a_persons_to_decide() -> None:
    found = match([candidate("b:1", marker=E1), candidate("b:2", marker=E1)], [known(E1, "a")])
    assert found.ambiguous[0].refs == (ref("b:1"), ref("b:2"))


def test_markers_of_a_forgotten_entity_still_tell_what_belongs_together() -> None:
    """The database was lost: what we made in two tools finds together again."""
    found = match([candidate("a:1", marker=E1), candidate("b:1", marker=E1)], [])
    assert found.groups == ((ref("a:1"), ref("b:1")),)


def test_the_explicit_id_field_comes_before_the_title() -> None:
    found = match([candidate("a:1", "id:7", "x"), candidate("a:2", "id:8", "x"), candidate("b:1", "id:8", "z")], [])
    assert (ref("a:2"), ref("b:1")) in found.groups


def test_milestones_of_several_containers_of_one_connection_are_one_entity() -> None:
    found = match([candidate("g:1", "1.0", place="g/api"), candidate("g:2", "1.0", place="g/web")], [])
    assert found.groups == ((ref("g:1"), ref("g:2")),)


def test_a_rule_that_says_nothing_of_a_record_does_not_bind_it() -> None:
    found = match([candidate("a:1", "", "x"), candidate("b:1", "", "x"), candidate("b:2", "", "y")], [])
    assert found.groups == ((ref("a:1"), ref("b:1")), (ref("b:2"),))


def marked(name: str, *keys: str, by: EntityId | None = None, made: tuple[EntityId, ...] = ()) -> Candidate:
    return replace(candidate(name, *keys, marker=by), identities=frozenset(made))


def test_what_a_record_was_made_from_is_known_by_its_identity() -> None:
    """The database was lost: b:1 carries the marker of what we made from a:1, whatever they are called by now."""
    found = match([marked("a:1", "x", made=(E1,)), marked("b:1", "y", by=E1), marked("a:2", "y")], [])
    assert found.groups == ((ref("a:1"), ref("b:1")), (ref("a:2"),))
    home = match([marked("a:1", "x", made=(E2, E1))], [known(E1, "b", keys=("z",))])
    assert home.joins == {ref("a:1"): E1}


def test_an_identity_leads_nowhere_where_the_place_is_taken_or_the_kind_is_another() -> None:
    taken = match([marked("a:1", "x", made=(E1,))], [known(E1, "a", keys=("z",))])
    assert (taken.joins, taken.groups) == ({}, ((ref("a:1"),),))
    other = replace(known(E1, "b"), kind=Kind.MILESTONE)
    assert match([marked("a:1", "x", made=(E1,))], [other]).groups == ((ref("a:1"),),)
    assert match([marked("a:1", "x", by=E1)], [other]).groups == ((ref("a:1"),),)


def test_two_that_lead_back_to_one_are_a_persons_to_decide() -> None:
    found = match([marked("a:1", made=(E1,)), marked("a:2", made=(E1,))], [known(E1, "b")])
    assert found.ambiguous == (
        Ambiguity(kind=Kind.TASK, key='the marker "e1"', refs=(ref("a:1"), ref("a:2")), entities=(E1,)),
    )
    lost = match([marked("a:1", by=E1), marked("a:2", by=E1)], [])
    assert lost.ambiguous == (
        Ambiguity(kind=Kind.TASK, key='the marker "e1"', refs=(ref("a:1"), ref("a:2")), entities=()),
    )
    assert lost.ambiguous[0].why == '2 tasks share the marker "e1", and no rule says which belong together'


def test_a_group_found_by_its_marker_is_joined_by_what_has_its_key() -> None:
    pool = [marked("a:1", "x", by=E1), marked("b:1", "x", by=E1), candidate("c:1", "x"), candidate("a:9", "x")]
    found = match(pool, [])
    assert found.groups == ((ref("a:1"), ref("b:1"), ref("c:1")), (ref("a:9"),))
    twice = match([*pool, candidate("c:2", "x")], [])
    assert twice.groups == ((ref("a:1"), ref("b:1")), (ref("a:9"),))
    assert [each.refs for each in twice.ambiguous] == [(ref("c:1"), ref("c:2"))]


def test_a_place_that_was_just_taken_is_not_taken_again() -> None:
    found = match([candidate("b:1", "x", marker=E1), candidate("b:2", "x")], [known(E1, "a", keys=("x",))])
    assert (found.joins, found.groups) == ({ref("b:1"): E1}, ((ref("b:2"),),))
    ranked = match([candidate("b:1", "id:7"), candidate("b:2", "", "x")], [known(E1, "a", keys=("id:7", "x"))])
    assert (ranked.joins, ranked.groups) == ({ref("b:1"): E1}, ((ref("b:2"),),))


def test_kinds_never_meet_and_questions_come_in_the_order_of_kind_and_key() -> None:
    milestone = replace(candidate("b:5", "x"), kind=Kind.MILESTONE)
    assert match([candidate("a:1", "x"), milestone], []).groups == ((ref("a:1"),), (ref("b:5"),))
    pool = [candidate(f"{place}:{key}{n}", key) for key in ("y", "x") for place, n in (("a", 1), ("a", 2), ("b", 1))]
    found = match([*pool, *(replace(each, kind=Kind.MILESTONE, ref=ref(f"m:{each.ref.id}")) for each in pool)], [])
    assert [(each.kind, each.key) for each in found.ambiguous] == [
        (Kind.MILESTONE, "x"),
        (Kind.MILESTONE, "y"),
        (Kind.TASK, "x"),
        (Kind.TASK, "y"),
    ]


def test_namesakes_of_two_entities_that_are_both_there_already_are_no_question() -> None:
    both = [known(E1, "a", "b", keys=("x",)), known(E2, "a", "b", keys=("x",))]
    assert match([candidate("b:7", "x")], both).groups == ((ref("b:7"),),)
    assert match([candidate("c:7", "x")], both).ambiguous[0].refs == (ref("c:7"),)
    assert match([candidate("b:7", "x")], [both[0], known(E2, "a", keys=("x",))]).ambiguous[0].entities == (E1, E2)


POOL = [
    candidate("a:1", "x"),
    candidate("b:1", "x"),
    candidate("b:2", "y"),
    candidate("c:1", "y", marker=E1),
    candidate("a:3", "y"),
]


@pytest.mark.parametrize("order", list(permutations(range(len(POOL)))))
def test_the_order_of_the_records_does_not_matter(order: tuple[int, ...]) -> None:
    entities = [known(E1, "a", keys=("x",)), known(E2, "c", keys=("y",))]
    assert match([POOL[index] for index in order], entities) == match(POOL, entities)


def test_every_candidate_ends_in_exactly_one_place() -> None:
    found = match(POOL, [known(E1, "a", keys=("x",)), known(E2, "c", keys=("y",))])
    placed = [
        *found.joins,
        *found.clones,
        *(ref for group in found.groups for ref in group),
        *(ref for each in found.ambiguous for ref in each.refs),
    ]
    assert sorted(placed) == sorted(each.ref for each in POOL)
