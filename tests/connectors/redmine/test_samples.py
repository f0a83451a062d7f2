"""Everything recorded from a real Redmine is understood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from syncd.connectors.redmine import TOOL, payloads
from syncd.connectors.redmine.catalog import Catalog
from syncd.connectors.redmine.fields import custom_value
from syncd.connectors.redmine.payloads import CustomFields, CustomValue, OneIssue, OneUser, OneVersion, Refusal
from syncd.connectors.redmine.records import issue_record, version_record
from syncd.connectors.redmine.settings import RedmineSettings
from syncd.model.native import (
    MISSING,
    Bool,
    Choice,
    Choices,
    Date,
    Number,
    People,
    Person,
    RecordState,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import ConnectionName, Ref
from tests.contracts.openapi import contracts_folder

NAME = ConnectionName("redmine")
SETTINGS = RedmineSettings.model_validate(
    {
        "url": "https://redmine.example/",
        "auth": {"key": "k"},
        "scope": {"projects": ["platform"]},
        "options": {"marker_field": "Upstream key"},
    }
)

SHAPES: dict[str, type[BaseModel]] = {
    "issues": payloads.IssuePage,
    "issue": payloads.OneIssue,
    "versions": payloads.Versions,
    "version": payloads.OneVersion,
    "user": payloads.OneUser,
    "users": payloads.Users,
    "projects": payloads.Projects,
    "project": payloads.OneProject,
    "memberships": payloads.Members,
    "trackers": payloads.Trackers,
    "issue_statuses": payloads.Statuses,
    "issue_priorities": payloads.Priorities,
    "custom_fields": payloads.CustomFields,
    "errors": payloads.Refusal,
}
NOT_READ = frozenset(
    {"time_entries", "news", "results", "roles", "role", "queries", "issue_categories", "issue_category"}
    | {"upload", "relation", "relations", "attachment", "wiki_page"}
)
"""Root keys of answers to requests that we do not make, or whose content we do not read."""

NOT_ASKED = frozenset({"issues.list.nometa"})
"""Lists without their count: only who asks for `nometa` gets them."""


def samples() -> Iterator[tuple[str, dict[str, object]]]:
    """Yield every recorded answer with a body, by file name."""
    for path in sorted(Path(contracts_folder() / "redmine" / "samples").glob("*.json")):
        response = json.loads(path.read_bytes())["response"]
        if isinstance(response.get("body"), dict):
            yield path.stem, response["body"]


def body(name: str) -> str:
    path = contracts_folder() / "redmine" / "samples" / f"{name}.json"
    return json.dumps(json.loads(path.read_bytes())["response"]["body"])


def catalog() -> Catalog:
    from syncd.connectors.redmine.catalog import _told

    told = CustomFields.model_validate_json(body("catalog.custom_fields")).custom_fields
    platform = payloads.OneProject.model_validate_json(body("catalog.project")).project
    return Catalog(
        account=OneUser.model_validate_json(body("catalog.user_current")).user,
        projects={platform.id: platform},
        scope=(platform,),
        statuses=payloads.Statuses.model_validate_json(body("catalog.issue_statuses")).issue_statuses,
        priorities=(),
        trackers=(),
        customs={(field.customized_type, field.id): _told(field) for field in told},
        inferred=False,
    )


@pytest.mark.contracts
def test_every_recorded_answer_is_understood() -> None:
    counts = {"read": 0, "not read": 0}
    for name, answer in samples():
        root = "errors" if "error" in answer else next(iter(answer))
        if root in NOT_READ or name in NOT_ASKED:
            counts["not read"] += 1
            continue
        assert root in SHAPES, f"{name}: {root}"
        SHAPES[root].model_validate_json(json.dumps(answer))
        counts["read"] += 1
    assert counts["read"] >= 40


@pytest.mark.contracts
def test_a_recorded_issue_becomes_a_record() -> None:
    issue = OneIssue.model_validate_json(body("issue.show_full")).issue
    record = issue_record(issue, catalog(), NAME, SETTINGS)
    assert (record.ref, record.key, record.type, record.container) == (
        Ref(NAME, "issue", "3"),
        "#3",
        "Feature",
        "platform",
    )
    assert (record.url, record.state) == ("https://redmine.example/issues/3", RecordState.LIVE)
    fields = record.fields
    assert repr(fields["status"]) == "Choice(id='4', label='Feedback', category='open')"
    assert fields["assigned_to"] == Person("5")
    assert fields["fixed_version"] == Ref(NAME, "version", "3")
    assert fields["parent"] == Ref(NAME, "issue", "1")
    assert fields["estimated_hours"] == Number(Decimal(16))
    assert fields["depends_on"] == Refs(frozenset())  # it blocks another: the other one waits
    assert fields["cf_1"] == Number(Decimal(5))
    assert fields["cf_2"] == Choice("Web", "Web")
    assert fields["cf_3"] == Choices(frozenset({Choice("API", "API"), Choice("Docs", "Docs")}))
    assert (fields["cf_4"], fields["cf_5"], fields["cf_6"]) == (None, None, Bool(value=True))


@pytest.mark.contracts
def test_a_recorded_version_becomes_a_record() -> None:
    version = OneVersion.model_validate_json(body("catalog.version")).version
    record = version_record(version, catalog(), NAME, SETTINGS)
    assert (record.ref, record.key, record.type) == (Ref(NAME, "version", "3"), "2.0", "version")
    assert record.fields == {
        "name": Text("2.0"),
        "description": Text("Milestone 2.0"),
        "status": Choice("open", "open"),
        "due_date": Date(date(2026, 6, 30)),
        "cf_7": None,
    }


@pytest.mark.contracts
def test_a_lost_race_is_told_from_a_refusal() -> None:
    assert Refusal.model_validate_json(body("issue.update_stale_422_empty_errors")).errors == ()
    assert Refusal.model_validate_json(body("issue.create_closed_version")).errors


@pytest.mark.parametrize(
    ("form", "raw", "value"),
    [
        ("string", "x", Text("x")),
        ("string", "", None),
        ("string", None, None),
        ("link", "https://x.example", Text("https://x.example")),
        ("text", "a\r\nb", RichText(TextFormat.MARKDOWN, "a\r\nb")),
        ("int", "7", Number(Decimal(7))),
        ("float", "3.5", Number(Decimal("3.5"))),
        ("float", "many", MISSING),
        ("bool", "1", Bool(value=True)),
        ("bool", "0", Bool(value=False)),
        ("bool", "", None),
        ("date", "2026-05-01", Date(date(2026, 5, 1))),
        ("date", "soon", MISSING),
        ("list", "Web", Choice("Web", "Web")),
        ("list", ["b", "a"], Choices(frozenset({Choice("a", "a"), Choice("b", "b")}))),
        ("list", [], Choices(frozenset())),
        ("list", [""], Choices(frozenset())),
        ("user", "5", Person("5")),
        ("user", ["5"], People(frozenset({Person("5")}))),
        ("version", "3", Ref(NAME, "version", "3")),
        ("version", ["3"], Refs(frozenset({Ref(NAME, "version", "3")}))),
        ("attachment", {"id": 1}, MISSING),
        ("a plugin's own", "x", Text("x")),
    ],
)
def test_custom_values_have_their_formats_type(form: str, raw: object, value: object) -> None:
    from syncd.connectors.redmine.catalog import Custom

    multiple = isinstance(raw, list)
    custom = Custom(id=1, name="F", on="issue", format=form, multiple=multiple)
    assert custom_value(CustomValue(id=1, multiple=multiple, value=raw), custom, NAME, TextFormat.MARKDOWN) == value


def test_the_defaults_are_a_mapping_of_what_redmine_has() -> None:
    from syncd.mapping.schema import DefaultsFile

    file = DefaultsFile.model_validate(YAML(typ="safe").load(TOOL.defaults()))
    assert set(file.kinds) == {"initiative", "milestone", "task", "comment"}


def test_the_readme_stands_beside_the_connector() -> None:
    text = (Path(payloads.__file__).parent / "README.md").read_text(encoding="utf-8")
    for step in ("**reads**", "**writes**", "**hardened**"):
        assert step in text
