"""First contact: what is recognised, what is asked, what is left alone."""

from __future__ import annotations

from itertools import permutations

import pytest

from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.match import Candidate, Known, match

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
