"""Everything recorded from the real service that holds something we read must parse as what we read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel

from syncd.connectors._graphql import Envelope, PageInfo
from syncd.connectors.github.fields import milestone_state, project_fields, project_values
from syncd.connectors.github.marker import split_body
from syncd.connectors.github.payloads import Connection, FieldValueNode, GraphqlProblem
from syncd.connectors.github.project_payloads import FieldNode
from syncd.connectors.github.rest_payloads import RestComment, RestLabel, RestMilestone
from syncd.model.refs import ConnectionName

pytestmark = pytest.mark.contracts


def nodes(value: object, key: str) -> Iterator[Mapping[str, object]]:
    """Yield every object found under *key*, however deep."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name == key and isinstance(inner, Mapping):
                yield inner
            yield from nodes(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes(inner, key)


def recorded(contracts: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    for path in sorted((contracts / "github/samples/graphql-recorded").glob("*.json")):
        for exchange in json.loads(path.read_text(encoding="utf-8")):
            yield path.name, exchange["response"]["data"]


def test_every_recorded_graphql_answer_is_an_envelope(contracts_dir: Path) -> None:
    answers = [
        Envelope[GraphqlProblem].model_validate_json(json.dumps(answer)) for _, answer in recorded(contracts_dir)
    ]
    assert len(answers) > 80
    types = {problem.type for answer in answers for problem in answer.errors}
    assert types == {"NOT_FOUND", "UNPROCESSABLE", None}


def test_every_recorded_field_and_value_is_read(contracts_dir: Path) -> None:
    fields = values = filled = 0
    for name, answer in recorded(contracts_dir):
        for found in nodes(answer, "fields"):
            for node in found["nodes"] if isinstance(found["nodes"], list) else ():
                # Recorded iterations were asked for without their ids, which we always ask for.
                bare = {key: value for key, value in node.items() if key != "configuration"}
                field = FieldNode.model_validate(bare)
                assert {"id", "name"} <= field.model_dump().keys(), name
                fields += 1
        for found in nodes(answer, "fieldValues"):
            connection = Connection[FieldValueNode].model_validate(found)
            keys = {value.field.id for value in connection.seen if value.field.id}
            native = project_values(ConnectionName("github-eng"), [key for key in keys if key], connection.seen)
            filled += sum(value is not None for value in native.values())
            values += len(connection.seen)
        for found in nodes(answer, "pageInfo"):
            PageInfo.model_validate(found)
    assert (fields > 400, values > 1000, filled > 1000) == (True, True, True)


def test_only_the_writable_recorded_fields_are_the_projects_own(contracts_dir: Path) -> None:
    _, answer = next(iter(recorded(contracts_dir)))
    found = next(nodes(answer, "fields"))
    assert isinstance(found["nodes"], list)
    bare = [{key: value for key, value in node.items() if key != "configuration"} for node in found["nodes"]]
    own = project_fields(FieldNode.model_validate(node) for node in bare)
    assert {field.name for field in own.values()} == {
        *("Status", "Text", "Number", "Date", "Single select", "Iteration"),
    }


def parsed(model: type[BaseModel], values: Iterator[Mapping[str, object]]) -> int:
    return len([model.model_validate_json(json.dumps(value)) for value in values])


def test_every_recorded_milestone_and_label_is_read(contracts_dir: Path) -> None:
    samples = contracts_dir / "github/samples"
    whole = json.loads((samples / "rest/rest-milestone-00.json").read_text(encoding="utf-8"))
    milestone = RestMilestone.model_validate(whole)
    assert milestone_state(milestone.state).id == "open"
    milestones, labels = 1, 0
    for path in sorted(samples.rglob("*.json")):
        if path.parent.name == "graphql-recorded":
            continue
        content = json.loads(path.read_text(encoding="utf-8"))
        milestones += parsed(RestMilestone, nodes(content, "milestone"))
        if path.name.startswith("label."):  # an issue event names its label without an id, and we never read it
            labels += parsed(RestLabel, nodes(content, "label"))
    assert milestones >= 5
    assert labels >= 3


def test_recorded_bodies_hold_no_marker_and_come_through_unchanged(contracts_dir: Path) -> None:
    seen = 0
    for path in sorted((contracts_dir / "github/samples").rglob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        bodies = [issue.get("body") for issue in nodes(content, "issue")] if isinstance(content, Mapping) else []
        if isinstance(content, Mapping) and "rest-issue-" in path.name:
            bodies.append(content.get("body"))
        for body in bodies:
            if isinstance(body, str) and body:
                parts = split_body(body)
                assert parts.text is not None
                assert (parts.text.source, parts.marker, parts.footer) == (body, None, "")
                seen += 1
    assert seen > 10


def test_every_recorded_comment_is_read_and_told_to_be_on_an_issue(contracts_dir: Path) -> None:
    seen = [
        RestComment.model_validate_json(json.dumps(value)).is_on_issue
        for path in sorted((contracts_dir / "github/samples").rglob("issue_comment*.json"))
        for value in nodes(json.loads(path.read_text(encoding="utf-8")), "comment")
    ]
    assert seen
    assert all(seen)


def test_a_comment_on_a_pull_request_is_told_by_its_address() -> None:
    given = {"node_id": "IC_1", "updated_at": "2026-03-01T12:00:00Z"}
    for address, expected in (("issues/7", True), ("pull/7", False)):
        url = f"https://github.example/acme/api/{address}#issuecomment-1"
        assert RestComment.model_validate(given | {"html_url": url}).is_on_issue is expected
