from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.mapping.checks import check_laws
from syncd.mapping.lenses.base import BaseLens, why_missing
from syncd.mapping.lenses.table import TableLens
from syncd.mapping.problems import Place
from syncd.mapping.spec import SideSpec, make_entry
from syncd.model.canonical import FIELDS, Kind, Status
from syncd.model.lens import CANNOT
from syncd.model.native import MISSING, Bool, Choice, Native, NativeType
from syncd.model.refs import ConnectionName
from tests.mapping.places import lens_of, native, option

TODO, DOING, REVIEW, DONE, WONT, TRIAGE = (
    option("To Do", "1", "new"),
    option("In Progress", "2", "indeterminate"),
    option("In Review", "3", "indeterminate"),
    option("Done", "4", "done"),
    option("Won't Do", "5", "done"),
    option("Triage", "6"),
)
OPTIONS = (TODO, DOING, REVIEW, DONE, WONT, TRIAGE)
TABLE = {
    "planned": ["Backlog", "To Do", "category:new"],
    "in_progress": ["In Progress", "category:indeterminate"],
    "in_review": ["in review"],
    "done": ["category:done"],
    "cancelled": ["id:5"],
}


def status_lens(table: object = TABLE, options: tuple[Choice, ...] = OPTIONS, rule: str = "") -> BaseLens:
    side = f"{{field: f, values: {json.dumps(table)}}}"
    return lens_of("task.status", native(NativeType.CHOICE, options=options), side, rule=rule)


@pytest.mark.parametrize(
    ("shown", "meaning"),
    [
        (TODO, "planned"),
        (REVIEW, "in_review"),
        (DONE, "done"),
        (WONT, "cancelled"),
        (option("Testing", "9", "indeterminate"), "in_progress"),
        (option("TO DO", "9"), "planned"),
        (None, None),
        (TRIAGE, MISSING),
    ],
)
def test_a_label_beats_an_id_and_an_id_beats_a_category(shown: Native, meaning: object) -> None:
    assert status_lens().get(shown) == meaning


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("planned", TODO),
        ("in_progress", DOING),
        ("in_review", REVIEW),
        ("done", DONE),
        ("cancelled", WONT),
        ("proposed", TODO),
        ("blocked", DOING),
        (None, None),
    ],
)
def test_the_first_word_that_exists_is_written_and_fallbacks_stand_in(value: str | None, written: Native) -> None:
    assert status_lens().put(value, TRIAGE) == written


def test_an_option_that_already_says_so_stays() -> None:
    testing = option("Testing", "9", "indeterminate")
    assert status_lens().put("in_progress", testing) is testing
    assert status_lens().put("blocked", testing) is testing, "the fallback's option stays too"


def test_a_category_prefers_the_option_named_like_the_value() -> None:
    closed, in_progress = option("Rejected", "1", "x"), option("In-progress", "2", "x")
    lens = status_lens({"in_progress": ["category:x"]}, (closed, in_progress))
    assert lens.put("in_progress", None) == in_progress


def test_a_category_never_writes_an_option_that_stands_for_something_else() -> None:
    lens = status_lens({"done": ["category:done"], "cancelled": ["Won't Do"]}, (WONT, DONE))
    assert lens.put("done", TODO) == DONE


def test_a_fallback_may_be_taken_away() -> None:
    assert status_lens(rule="fallback: {blocked: none},").put("blocked", TODO) is CANNOT


def test_what_has_no_word_and_no_fallback_cannot_be_said() -> None:
    assert status_lens({"done": ["Done"]}).put("planned", DONE) is CANNOT


def test_empty_is_refused_where_the_tool_wants_a_value() -> None:
    lens = lens_of("task.status", native(NativeType.CHOICE, options=OPTIONS, can_be_empty=False))
    assert lens.put(None, TODO) is CANNOT
    assert lens.put(None, None) is None


def test_an_empty_field_may_be_a_word_too() -> None:
    lens = status_lens({"proposed": [None], "planned": ["To Do"]})
    assert lens.get(None) == "proposed"
    assert lens.put("proposed", TODO) is None
    assert lens.put(None, TODO) is CANNOT


def test_without_a_table_options_go_by_their_own_names() -> None:
    lens = lens_of("task.status", native(NativeType.CHOICE, options=[DOING, DONE, TRIAGE]))
    assert [lens.get(each) for each in (DOING, DONE, TRIAGE)] == ["in_progress", "done", MISSING]
    assert lens.put("in_progress", DONE) == DOING


def test_yes_and_no_can_stand_for_choices() -> None:
    side = '{field: f, values: {released: ["true"], active: ["false"]}}'
    lens = lens_of("milestone.status", native(NativeType.BOOL), side)
    assert (lens.get(Bool(value=True)), lens.get(Bool(value=False))) == ("released", "active")
    assert lens.put("released", Bool(value=False)) == Bool(value=True)
    assert lens.put("cancelled", Bool(value=False)) is CANNOT


def test_a_frozen_value_says_why() -> None:
    assert why_missing(status_lens(), TRIAGE) == '"Triage" is not in the value table of task.status for pmo'


LABELS = ["To Do", "todo", "Doing", "Done", "In Progress", "planned", "Closed"]
ENTRIES = st.one_of(
    st.none(),
    st.sampled_from(LABELS),
    st.sampled_from(["id:0", "id:1", "id:2", "id:3"]),
    st.sampled_from(["category:new", "category:done", "category:x"]),
)
CHOICES = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from([None, "new", "done", "x"])),
    max_size=5,
    unique_by=lambda x: x[0],
).map(lambda rows: tuple(Choice(id=str(i), label=label, category=cat) for i, (label, cat) in enumerate(rows)))


@settings(max_examples=300, deadline=None)
@given(
    table=st.dictionaries(st.sampled_from(list(Status)), st.lists(ENTRIES, max_size=3), max_size=5),
    options=CHOICES,
    fallback=st.dictionaries(st.sampled_from(list(Status)), st.sampled_from(list(Status)), max_size=4),
    can_be_empty=st.booleans(),
)
def test_any_table_even_a_contradictory_one_keeps_the_laws(
    table: dict[str, list[str | None]],
    options: tuple[Choice, ...],
    fallback: dict[str, str],
    *,
    can_be_empty: bool,
) -> None:
    place = Place(lambda _: "m.yaml:1")
    side = SideSpec(
        connection=ConnectionName("pmo"),
        kind=Kind.TASK,
        field="status",
        spec=FIELDS[Kind.TASK]["status"],
        native="f",
        place=place,
        stated=True,
        values={name: tuple(make_entry(text, place) for text in texts) for name, texts in table.items() if texts},
        fallback=fallback,
    )
    lens = TableLens(side, native(NativeType.CHOICE, options=options, can_be_empty=can_be_empty))
    assert check_laws(lens, [None, *options, option("Elsewhere", "99", "new")], [None, *Status]) == []
