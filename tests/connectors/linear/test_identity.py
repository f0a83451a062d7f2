"""Ids of our own: one for each entity and place, in the form Linear takes, and telling whose they are."""

from __future__ import annotations

from random import Random
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from syncd.connectors.linear.identity import derived_id, is_uuid, marked_id, marker_of
from syncd.model.refs import EntityId
from syncd.world import ID_ALPHABET, ID_LENGTH

markers = st.text(alphabet=ID_ALPHABET, min_size=ID_LENGTH, max_size=ID_LENGTH).map(EntityId)


def is_v4(text: str) -> bool:
    found = UUID(text)
    return found.version == 4 and found.variant == RFC_4122 and str(found) == text and is_uuid(text)


@given(markers, st.text(max_size=20))
def test_an_id_is_a_uuid_v4_and_tells_the_entity_whatever_the_place(marker: EntityId, place: str) -> None:
    made = marked_id(marker, place)
    assert is_v4(made)
    assert made == marked_id(marker, place)
    assert marker_of(made) == marker


def test_one_entity_has_another_id_in_every_place() -> None:
    marker = EntityId("0123456789abcdef")
    assert len({marked_id(marker, f"milestone ENG/{number}") for number in range(50)}) == 50


def test_foreign_ids_carry_no_marker() -> None:
    dice = Random(7)  # noqa: S311 - reproducible ids
    foreign = [str(UUID(int=dice.getrandbits(128), version=4)) for _ in range(2000)]
    assert {marker_of(each) for each in foreign} == {None}
    assert {marker_of(each) for each in ("", "ENG-12", "not-a-uuid", foreign[0].upper())} == {None}


@given(st.lists(st.text(max_size=10), max_size=4))
def test_a_derived_id_depends_on_its_parts_alone_and_is_no_marker(parts: list[str]) -> None:
    made = derived_id(*parts)
    assert is_v4(made)
    assert made == derived_id(*parts)
    assert made != derived_id(*parts, "more")


def test_an_entity_id_of_another_form_still_has_one_id_of_its_own() -> None:
    odd = EntityId("not in our alphabet: UIL")
    assert is_v4(marked_id(odd, "issue ENG"))
    assert marked_id(odd, "issue ENG") != marked_id(odd, "issue WEB")
    assert marker_of(marked_id(odd, "issue ENG")) is None
