from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from syncd.connectors.jira.edits import choose_step, make_edit
from syncd.connectors.jira.encode import clean, is_label, write_field
from syncd.connectors.jira.fields import FieldInfo, field_info, read_field
from syncd.connectors.jira.payloads import FieldDetails, Issue, Transition, Version, parse_instant
from syncd.connectors.jira.records import issue_record, mark_description, version_record
from syncd.connectors.jira.versions import make_version
from syncd.errors import RejectedError
from syncd.model.native import (
    Choice,
    Choices,
    Date,
    Instant,
    Native,
    Number,
    People,
    Person,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import Ref
from tests.connectors.jira.test_samples import NAME, SETTINGS, make_catalog

DOC = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": "Hello"}]}]}
CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes"
MARKER = "0123456789abcdef"


def custom(plugin: str, kind: str, items: str | None = None) -> FieldInfo:
    schema = {"type": kind, "items": items, "custom": f"{CUSTOM}:{plugin}"}
    info = field_info(FieldDetails.model_validate({"id": "customfield_1", "name": "Mine", "schema": schema}))
    assert info is not None
    return info


def label(text: str) -> Choice:
    return Choice(id=text, label=text)


PAIRS: list[tuple[FieldInfo, Any, Native]] = [
    (custom("textfield", "string"), "a", Text("a")),
    (custom("url", "string"), "https://x.example", Text("https://x.example")),
    (
        custom("textarea", "string"),
        DOC,
        RichText(TextFormat.ADF, json.dumps(DOC, separators=(",", ":"), sort_keys=True)),
    ),
    (custom("float", "number"), 2.5, Number(Decimal("2.5"))),
    (custom("float", "number"), 3, Number(Decimal(3))),
    (custom("datepicker", "date"), "2026-03-01", Date(date(2026, 3, 1))),
    (custom("labels", "array", "string"), ["x"], Choices(frozenset({label("x")}))),
]


@pytest.mark.parametrize(("info", "raw", "native"), PAIRS, ids=lambda one: getattr(one, "label", ""))
def test_values_survive_the_way_in_and_out(info: FieldInfo, raw: object, native: Native) -> None:
    assert read_field(info, raw, NAME) == native
    assert write_field(info, native) == raw


def test_options_people_versions_and_moments_are_named_by_id() -> None:
    option = read_field(custom("select", "option"), {"id": "7", "value": "Red"}, NAME)
    assert option == Choice(id="7", label="Red")
    assert write_field(custom("select", "option"), option) == {"id": "7"}
    people = read_field(custom("multiuserpicker", "array", "user"), [{"accountId": "a", "displayName": "Ada"}], NAME)
    assert people == People(frozenset({Person(id="a")}))
    assert write_field(custom("multiuserpicker", "array", "user"), people) == [{"accountId": "a"}]
    versions = read_field(custom("multiversion", "array", "version"), [{"id": "9", "name": "v1"}], NAME)
    assert versions == Refs(frozenset({Ref(NAME, "version", "9")}))
    moment = read_field(custom("datetime", "datetime"), "2026-03-01T09:30:00.500+0100", NAME)
    assert moment == Instant(datetime(2026, 3, 1, 8, 30, 0, 500_000, tzinfo=UTC))
    assert write_field(custom("datetime", "datetime"), moment) == "2026-03-01T08:30:00.500+0000"


@pytest.mark.parametrize(
    ("info", "empty"), [(PAIRS[0][0], None), (PAIRS[2][0], None), (PAIRS[6][0], Choices(frozenset()))]
)
def test_null_is_empty_and_an_empty_set_is_a_set(info: FieldInfo, empty: Native) -> None:
    assert read_field(info, None, NAME) == empty


def test_two_orders_of_keys_are_one_document() -> None:
    info = custom("textarea", "string")
    assert read_field(info, DOC, NAME) == read_field(info, dict(reversed(DOC.items())), NAME)


@pytest.mark.parametrize("value", [1732877091000, "2024-11-29T10:44:51.000+0000", "2024-11-29T12:44:51.000+0200"])
def test_times_are_read_in_every_form_jira_prints(value: object) -> None:
    assert parse_instant(value) == datetime(2024, 11, 29, 10, 44, 51, tzinfo=UTC)


@pytest.mark.parametrize("minutes", range(0, 600, 7))
def test_every_minute_of_an_estimate_survives_as_hours(minutes: int) -> None:
    info = make_catalog().fields["timeoriginalestimate"]
    value = read_field(info, minutes * 60, NAME)
    edit = make_edit(make_catalog(), {info.key: value}, {}, where="x")
    assert edit == {"fields": {"timetracking": {"originalEstimate": f"{minutes}m"}}}


def issue(fields: dict[str, Any], properties: dict[str, Any] | None = None) -> Issue:
    core = {
        "issuetype": {"id": "1", "name": "Story"},
        "project": {"id": "10000", "key": "PMO"},
        "updated": "2026-03-01T08:00:00.000+0000",
    }
    return Issue(id="10", key="PMO-1", fields={**core, **fields}, properties=properties or {})


def test_absent_is_missing_null_is_empty_and_nonsense_is_missing() -> None:
    record = issue_record(issue({"duedate": None, "assignee": "?"}), make_catalog(), NAME, SETTINGS)
    assert record.fields.keys() == {"duedate", "updated"}
    assert record.fields["duedate"] is None
    assert record.url == "https://acme.atlassian.net/browse/PMO-1"


def test_our_mark_is_read_from_the_property_first_and_its_label_is_hidden() -> None:
    labels = {"labels": ["syncd-related", "api", f"syncd-{MARKER}", "syncd-odd"]}
    marked = issue_record(issue(labels, {"syncd": {"entity": "odd"}}), make_catalog(), NAME, SETTINGS)
    assert marked.marker == "odd"
    assert marked.fields["labels"] == Choices(frozenset({label("syncd-related"), label("api")}))
    copied = issue_record(issue(labels), make_catalog(), NAME, SETTINGS)
    assert copied.marker == MARKER
    plain = issue_record(issue({"labels": ["api"]}), make_catalog(), NAME, SETTINGS)
    assert plain.marker is None


def test_only_links_of_the_right_kind_and_direction_are_dependencies() -> None:
    blocks, relates = {"id": "10000", "name": "Blocks"}, {"id": "10001", "name": "Relates"}
    links = [
        {"id": "1", "type": blocks, "inwardIssue": {"id": "21"}},
        {"id": "2", "type": blocks, "outwardIssue": {"id": "22"}},
        {"id": "3", "type": relates, "inwardIssue": {"id": "23"}},
    ]
    record = issue_record(issue({"issuelinks": links}), make_catalog(), NAME, SETTINGS)
    assert record.fields["depends_on"] == Refs(frozenset({Ref(NAME, "issue", "21")}))


def test_an_issue_without_its_type_is_an_error_that_names_it() -> None:
    with pytest.raises(RejectedError) as caught:
        issue_record(Issue(id="10", key="PMO-1", fields={}), make_catalog(), NAME, SETTINGS)
    assert caught.value.where == "jira-pmo:issue:10"


def test_sets_are_edited_by_verbs_and_only_where_they_differ() -> None:
    pre: dict[str, Native] = {
        "labels": Choices(frozenset({label("keep"), label("drop")})),
        "components": Choices(frozenset()),
    }
    wanted: dict[str, Native] = {
        "labels": Choices(frozenset({label("keep"), label("new"), label("two words")})),
        "components": Choices(frozenset()),
        "summary": Text("Ship\x00 it\nnow"),
    }
    assert make_edit(make_catalog(), wanted, pre, where="jira-pmo:issue:10") == {
        "fields": {"summary": "Ship it now"},
        "update": {"labels": [{"add": "new"}, {"remove": "drop"}]},
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"customfield_999": Text("x")}, 'this site has no field "customfield_999"'),
        ({"created": None}, '"Created" is read-only in Jira'),
        ({"summary": Date(date(2026, 1, 1))}, '"Summary" cannot hold a Date'),
        ({"summary": Text("x" * 256)}, '"Summary" takes at most 255 characters, this text has 256'),
        (
            {"description": RichText(TextFormat.ADF, json.dumps({"type": "doc", "text": "x" * 3_000_000}))},
            '"Description" takes at most 32,767 characters, this text has 3,000,000',
        ),
    ],
)
def test_what_cannot_be_written_is_refused_before_it_is_sent(fields: dict[str, Native], words: str) -> None:
    with pytest.raises(RejectedError) as caught:
        make_edit(make_catalog(), fields, {}, where="jira-pmo:issue:10")
    assert caught.value.what == words
    assert str(caught.value.where).startswith("jira-pmo:issue:10 ")
    assert caught.value.fix


@pytest.mark.parametrize(
    ("text", "cleaned"), [("a\x00b\x07", "ab"), ("a\r\nb\rc", "a\nb\nc"), ("😀 עברית", "😀 עברית"), ("\ud800x", "x")]
)
def test_control_characters_go_and_everything_else_stays(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_labels_with_white_space_are_none_of_jiras() -> None:
    assert is_label("good-first-issue")
    assert not is_label("good first issue")
    assert not is_label("")
    assert not is_label("x" * 256)


def step(number: str, to: str, *required: str) -> Transition:
    fields = {name: {"name": name, "required": True} for name in required}
    return Transition.model_validate({"id": number, "name": to, "to": {"id": to, "name": to.title()}, "fields": fields})


def test_the_step_that_demands_least_is_taken() -> None:
    steps = [step("1", "done", "Resolution"), step("2", "done"), step("3", "new")]
    assert choose_step(steps, Choice(id="done", label="Done"), None, where="x").id == "2"


def test_no_step_and_a_demanding_step_are_refused_with_what_would_help() -> None:
    now, done = Choice(id="new", label="New"), Choice(id="done", label="Done")
    with pytest.raises(RejectedError, match='no single step leads from "New" to "Done"; reachable: "Review"'):
        choose_step([step("1", "review")], done, now, where="x")
    with pytest.raises(RejectedError, match='the step from "New" to "Done" demands Resolution'):
        choose_step([step("1", "done", "Resolution")], done, now, where="x")


def test_a_versions_mark_is_hidden_from_people_and_kept_by_every_edit() -> None:
    version = Version.model_validate(
        {"id": "5", "name": "1.0", "description": mark_description("Spring\nrelease", MARKER), "projectId": 10000}
    )
    record = version_record(version, make_catalog(), NAME, SETTINGS)
    assert record.marker == MARKER
    assert record.container == "PMO"
    assert record.fields["description"] == Text("Spring\nrelease")
    body = make_version({"description": None, "releaseDate": None}, MARKER, where="x")
    assert body == {"description": f"[syncd:{MARKER}]", "releaseDate": None}


@pytest.mark.parametrize(
    ("status", "flags"),
    [("unreleased", (False, False)), ("released", (True, False)), ("archived", (None, True))],
)
def test_a_versions_status_is_its_two_flags(status: str, flags: tuple[bool | None, bool]) -> None:
    body = make_version({"status": Choice(id=status, label=status)}, None, where="x")
    assert (body.get("released"), body["archived"]) == flags


@pytest.mark.parametrize("fields", [{"name": None}, {"name": Text("  ")}, {"status": None}, {"owner": Text("x")}])
def test_a_version_refuses_what_it_has_no_place_for(fields: dict[str, Native]) -> None:
    with pytest.raises(RejectedError, match="cannot hold"):
        make_version(fields, None, where="jira-pmo:version:5")
