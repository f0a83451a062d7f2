"""A plan's order, and the id that names exactly its lines."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.plan import ID_DIGITS, FieldWrite, Line, Place, Verb, in_order, plan_id
from syncd.reconcile.state import NEEDS_APPROVAL, DueReason
from tests.reconcile.model import word

TITLE = FieldWrite(field="title", value="new", before="old", want=word("new"), pre=word("old"))
PLACE = Place(connection=ConnectionName("B"), container="ENG", record_type="task")
LINE = Line(
    verb=Verb.UPDATE,
    entity=EntityId("e2"),
    kind=Kind.TASK,
    title="Ship SSO",
    key="ENG-2",
    place=PLACE,
    link=LinkId("l2"),
    writes=(TITLE,),
)


def line(**changes: Any) -> Line:  # noqa: ANN401 - whatever a line holds
    return replace(LINE, **changes)


ORDERED = (
    line(verb=Verb.CREATE, kind=Kind.MILESTONE, depth=9),
    line(verb=Verb.CREATE, kind=Kind.INITIATIVE, depth=8),
    line(verb=Verb.CREATE, depth=0, place=replace(PLACE, connection=ConnectionName("C"))),
    line(verb=Verb.CREATE, depth=1, place=replace(PLACE, connection=ConnectionName("A")), entity=EntityId("e9")),
    line(verb=Verb.CREATE, depth=1, entity=EntityId("e1"), place=replace(PLACE, container="OPS")),
    line(verb=Verb.CREATE, depth=1, place=replace(PLACE, container="DEV"), link=LinkId("l9")),
    line(verb=Verb.CREATE, depth=1, link=None, writes=(replace(TITLE, field="z"),)),
    line(verb=Verb.CREATE, depth=1, writes=(replace(TITLE, field="due_on"),)),
    line(verb=Verb.CREATE, depth=1),
    line(verb=Verb.CREATE, kind=Kind.COMMENT),
    line(kind=Kind.ITERATION),
    line(),
    line(verb=Verb.ARCHIVE, kind=Kind.ITERATION),
)
"""Neighbours differ in one thing that decides, and often in a later one that says the opposite."""


@pytest.mark.parametrize("seed", range(20))
def test_what_others_refer_to_comes_first(seed: int) -> None:
    mixed = random.Random(seed).sample(ORDERED, len(ORDERED))  # noqa: S311 - not for secrets
    assert in_order(mixed) == ORDERED


def test_a_plan_is_named_by_its_lines_in_whatever_order() -> None:
    name = plan_id(ORDERED)
    assert plan_id(ORDERED[::-1]) == name
    assert len(name) == ID_DIGITS
    assert int(name, 16)
    assert plan_id(ORDERED[1:]) != name
    assert plan_id([LINE]) == "9de08c13", "an id that somebody noted down names the same plan after an upgrade"


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"title": "Else", "key": "X-1", "depth": 3}, True),
        ({"writes": (replace(TITLE, before="unsaid", reason=DueReason.FILL),)}, True),
        ({"verb": Verb.ARCHIVE}, False),
        ({"entity": EntityId("e3")}, False),
        ({"link": LinkId("l3")}, False),
        ({"place": replace(PLACE, connection=ConnectionName("C"))}, False),
        ({"place": replace(PLACE, container="OPS")}, False),
        ({"writes": (replace(TITLE, field="body"),)}, False),
        ({"writes": (replace(TITLE, value="else"),)}, False),
        ({"writes": (replace(TITLE, want=word("else")),)}, False),
        ({"writes": (replace(TITLE, pre=word("else")),)}, False),
        ({"writes": ()}, False),
    ],
    ids=repr,
)
def test_a_line_is_the_same_change_when_record_field_and_both_values_are(changes: dict[str, Any], same: bool) -> None:  # noqa: FBT001 - a case's expectation
    assert (line(**changes).digest == LINE.digest) is same


def test_what_a_create_sends_is_made_later_and_does_not_name_it() -> None:
    create = line(verb=Verb.CREATE)
    assert replace(create, writes=(replace(TITLE, want=None, pre=None),)).digest == create.digest
    assert replace(create, writes=(replace(TITLE, value="else"),)).digest != create.digest


def test_a_person_is_asked_for_a_first_plan_an_old_store_a_worn_value_and_first_contact() -> None:
    assert not LINE.needs_approval
    for why in ("opening", "late", "worn"):
        assert line(**{why: True}).needs_approval
    for reason in DueReason:
        assert line(writes=(TITLE, replace(TITLE, reason=reason))).needs_approval is (reason in NEEDS_APPROVAL)
