"""Which records Linear's webhooks name, made up here and recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from syncd.connectors.hooks import Delivery
from syncd.connectors.linear.hooks import HOOKS
from syncd.connectors.linear.settings import LinearSettings
from syncd.model.refs import ConnectionName, Ref

NAME = ConnectionName("linear-eng")
ONE, TWO = (f"9f1c2d3e-0000-4000-8000-00000000000{digit}" for digit in "12")
ENG, OPS = {"id": ONE, "key": "ENG"}, {"id": TWO, "key": "OPS"}


def read(body: dict[str, Any], team: str = "eng", **scope: object) -> Delivery:
    raw = {"auth": {"api_key": "t"}, "scope": {"teams": [team], **scope}}
    headers = {"linear-delivery": "d-1"}
    return HOOKS.read(NAME, LinearSettings.model_validate(raw), headers, json.dumps(body).encode())


def told(kind: str, action: str = "update", before: object = None, **data: object) -> dict[str, Any]:
    return {"action": action, "type": kind, "data": {"id": ONE, **data}, "updatedFrom": before}


def ref(kind: str, node_id: str = ONE) -> Ref:
    return Ref(NAME, kind, node_id)


ON_ISSUE = {"issueId": TWO, "issue": {"id": TWO, "team": ENG}}
TOLD: dict[str, tuple[dict[str, Any], tuple[Ref, ...], bool]] = {
    "issue": (told("Issue", team=ENG), (ref("issue"),), False),
    "issue removed": (told("Issue", "remove", team=ENG), (ref("issue"),), False),
    "issue of no team told": (told("Issue"), (ref("issue"),), False),
    "issue elsewhere": (told("Issue", team=OPS), (), False),
    "issue that left or came": (told("Issue", team=OPS, before={"teamId": TWO}), (ref("issue"),), False),
    "project": (told("Project", teamIds=[TWO]), (ref("project"),), False),
    "initiative": (told("Initiative"), (ref("initiative"),), False),
    "cycle": (told("Cycle", teamId=TWO), (ref("iteration"),), False),
    "comment": (told("Comment", "create", **ON_ISSUE), (ref("comment"), ref("issue", TWO)), False),
    "comment on a project": (told("Comment", projectId=TWO), (ref("comment"), ref("project", TWO)), False),
    "comment on a document": (told("Comment", documentContentId=TWO), (), False),
    "comment elsewhere": (told("Comment", issueId=TWO, issue={"id": TWO, "team": OPS}), (), False),
    "report of a project": (told("ProjectUpdate", projectId=TWO), (ref("project", TWO),), False),
    "report of an initiative": (told("InitiativeUpdate", initiativeId=TWO), (ref("initiative", TWO),), False),
    "label made": (told("IssueLabel", "create"), (), False),
    "label renamed": (told("IssueLabel"), (), True),
    "project label removed": (told("ProjectLabel", "remove"), (), True),
    "attachment": (told("Attachment", issueId=TWO), (), False),
    "without data": ({"action": "revoked", "type": "OAuthApp"}, (), False),
}


@pytest.mark.parametrize("case", TOLD)
def test_an_event_names_what_it_is_about(case: str) -> None:
    body, refs, wide = TOLD[case]
    assert read(body) == Delivery(id="d-1", refs=refs, wide=wide)


@pytest.mark.parametrize("case", ["project", "comment on a project", "report of a project"])
def test_what_the_scope_leaves_out_is_not_named(case: str) -> None:
    assert read(TOLD[case][0], projects=False) == Delivery(id="d-1")


@pytest.mark.contracts
def test_every_recorded_webhook_names_its_record(contracts_dir: Path) -> None:
    samples = sorted((contracts_dir / "linear" / "samples" / "webhooks").glob("*.json"))
    assert len(samples) == 2
    for path in samples:
        raw = json.loads(path.read_bytes())
        delivery = read(raw, "WEB")
        assert delivery.refs == (ref(raw["type"].lower(), raw["data"]["id"]),), path.name
        assert delivery.sent_at == datetime.fromtimestamp(raw["webhookTimestamp"] / 1000, UTC)
        if raw["type"] == "Issue":
            assert read(raw, "ENG").refs == ()
