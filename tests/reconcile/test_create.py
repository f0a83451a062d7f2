"""What is made where: once, with what the place can hold, and called as people would call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.model.canonical import UNSET, Kind, Unset, Value
from syncd.model.refs import ConnectionName, EntityId
from syncd.reconcile.create import Slot, Wish, due_creates
from syncd.reconcile.plan import FieldWrite, Line, Place, Verb
from syncd.reconcile.titles import LONGEST, first_line, naming_field, title_of
from tests.reconcile.lenses import RefLens, SetLens, WordLens, exact, option, tags
from tests.reconcile.model import word

A, B, C = ConnectionName("A"), ConnectionName("B"), ConnectionName("C")
HERE = Place(connection=B, container="ENG", record_type="task")
NEXT_DOOR = replace(HERE, container="OPS")
THERE = Place(connection=C, container="PMO", record_type="story")
SLOTS: Mapping[str, Slot] = {
    "title": Slot(native_key="summary", lens=WordLens()),
    "status": Slot(native_key="state", lens=exact("v0", "v1")),
    "labels": Slot(native_key="tags", lens=SetLens()),
    "parent": Slot(native_key="epic", lens=RefLens({"e9"})),
}
"""Not in the order of their names."""


def wish(kind: Kind = Kind.TASK, **values: Value | Unset) -> Wish:
    return Wish(
        entity=EntityId("e1"),
        kind=kind,
        values={"title": "Ship SSO", **values},
        source=A,
        targets=(HERE, NEXT_DOOR, THERE),
        alive_in=frozenset({A}),
        once_in=frozenset(),
        depth=2,
    )


def places(of: Wish) -> list[Place]:
    return [line.place for line in due_creates(of, lambda _: SLOTS)]


def written(of: Wish) -> dict[str, FieldWrite]:
    line, *_ = due_creates(of, lambda _: SLOTS)
    return {write.field: write for write in line.writes}


def test_a_line_carries_all_that_its_place_can_hold_in_the_order_of_names() -> None:
    wanted = replace(wish(status="v1", labels=frozenset({"x"}), parent="e9"), targets=(THERE,))
    writes = (
        FieldWrite(field="labels", value=frozenset({"x"}), want=tags("x")),
        FieldWrite(field="parent", value="e9", want=word("e9")),
        FieldWrite(field="status", value="v1", want=option("v1")),
        FieldWrite(field="title", value="Ship SSO", want=word("Ship SSO")),
    )
    assert due_creates(wanted, lambda place: SLOTS if place == THERE else {}) == (
        Line(
            verb=Verb.CREATE,
            entity=EntityId("e1"),
            kind=Kind.TASK,
            title="Ship SSO",
            key="",
            place=THERE,
            link=None,
            writes=writes,
            depth=2,
        ),
    )


@pytest.mark.parametrize(
    "left_out",
    [
        {"status": None},
        {"status": UNSET},
        {"labels": frozenset()},
        {"status": "v7"},
        {"parent": "e8"},
        {"due_on": "v0"},
    ],
    ids=repr,
)
def test_what_is_empty_or_cannot_be_said_there_is_left_out(left_out: dict[str, Value | Unset]) -> None:
    of = wish()
    assert list(written(replace(of, values={**of.values, **left_out}))) == ["title"]


def test_what_follows_a_field_left_out_is_still_carried() -> None:
    assert list(written(wish(labels=None, parent="e8", status="v0"))) == ["status", "title"]


def test_nothing_is_made_without_a_title_a_living_source_or_anything_to_say() -> None:
    assert places(wish()) == [HERE, NEXT_DOOR, THERE]
    assert places(wish(title=None)) == []
    assert places(replace(wish(), alive_in=frozenset({B}))) == []
    assert due_creates(wish(), lambda place: SLOTS if place == THERE else {})[0].place == THERE
    assert due_creates(wish(), lambda _: {}) == ()


@pytest.mark.parametrize(
    ("kind", "once", "made"),
    [
        (Kind.TASK, {(B, "OPS")}, [THERE]),
        (Kind.TASK, {(B, "gone"), (C, "gone")}, []),
        (Kind.MILESTONE, {(B, "OPS")}, [HERE, THERE]),
        (Kind.MILESTONE, {(B, "PMO"), (C, "ENG")}, [HERE, NEXT_DOOR, THERE]),
    ],
)
def test_a_milestone_is_made_once_in_a_container_all_else_once_in_a_connection(
    kind: Kind, once: set[tuple[ConnectionName, str]], made: list[Place]
) -> None:
    assert places(replace(wish(kind), once_in=frozenset(once))) == made


def test_a_comment_that_cannot_be_said_is_still_tried() -> None:
    body: Mapping[str, Slot] = {"body": Slot(native_key="text", lens=exact("v0"))}
    comment = replace(wish(Kind.COMMENT, title=UNSET, body="hello"), targets=(HERE,))
    (line,) = due_creates(comment, lambda _: body)
    assert (line.title, line.writes) == ("hello", (FieldWrite(field="body", value="hello"),))


@pytest.mark.parametrize("kind", Kind)
def test_an_item_is_called_by_its_title_and_a_comment_by_what_it_says(kind: Kind) -> None:
    said = kind is Kind.COMMENT
    values = {"title": "A title\nof two lines", "body": "\n  first \nsecond"}
    assert naming_field(kind) == ("body" if said else "title")
    assert title_of(kind, values) == ("first" if said else "A title\nof two lines")
    for nothing in ({}, {"title": "", "body": ""}, {"title": None, "body": None}, {"title": UNSET, "body": UNSET}):
        assert title_of(kind, nothing) is None


def test_a_long_first_line_is_cut_to_sixty_characters() -> None:
    assert first_line("x" * LONGEST) == "x" * LONGEST
    assert first_line("x" * (LONGEST + 1)) == "x" * (LONGEST - 3) + "..."
    assert first_line("x" * (LONGEST - 4) + "  " + "y" * 9) == "x" * (LONGEST - 4) + "..."
    assert first_line(" \n\n") == ""
