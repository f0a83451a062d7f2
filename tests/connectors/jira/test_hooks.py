"""Which records Jira's webhooks name, made up here and recorded at real sites."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from syncd.connectors.hooks import Delivery
from syncd.connectors.jira.hooks import HOOKS
from syncd.connectors.jira.settings import JiraSettings
from syncd.model.refs import ConnectionName, Ref

NAME = ConnectionName("jira-pmo")
ISSUE, COMMENT, VERSION, SPRINT = (
    Ref(NAME, "issue", "10040"),
    Ref(NAME, "comment", "10040/10019"),
    Ref(NAME, "version", "77"),
    Ref(NAME, "iteration", "5"),
)


def read(body: object, project: str = "PMO", **headers: str) -> Delivery:
    settings = JiraSettings.model_validate(
        {
            "url": "https://acme.atlassian.net",
            "auth": {"email": "bot@acme.example", "token": "t"},
            "scope": {"projects": [project]},
        }
    )
    return HOOKS.read(NAME, settings, headers, json.dumps(body).encode())


def issue(event: str, project: str = "PMO", **more: object) -> dict[str, Any]:
    fields = {"project": {"id": "1", "key": project}}
    return {"webhookEvent": event, "issue": {"id": "10040", "key": f"{project}-41", "fields": fields}, **more}


LINK = {"sourceIssueId": 10040, "destinationIssueId": 10041, "issueLinkType": {"name": "Blocks"}}
ON = {"id": "10019", "self": "https://acme.atlassian.net/rest/api/2/issue/10040/comment/10019"}
TOLD: dict[str, tuple[dict[str, Any], tuple[Ref, ...], bool]] = {
    "created": (issue("jira:issue_created"), (ISSUE,), False),
    "deleted": (issue("jira:issue_deleted"), (ISSUE,), False),
    "commented": (issue("comment_created", comment=ON), (COMMENT, ISSUE), False),
    "comment without its issue": ({"webhookEvent": "comment_deleted", "comment": ON}, (COMMENT, ISSUE), False),
    "comment from nowhere": ({"webhookEvent": "comment_deleted", "comment": {"id": "1"}}, (), True),
    "linked": ({"webhookEvent": "issuelink_created", "issueLink": LINK}, (ISSUE, Ref(NAME, "issue", "10041")), False),
    "version": ({"webhookEvent": "jira:version_released", "version": {"id": "77"}}, (VERSION,), False),
    "version gone": ({"webhookEvent": "jira:version_deleted", "version": {"id": "77"}}, (VERSION,), True),
    "sprint": ({"webhookEvent": "sprint_started", "sprint": {"id": 5, "originBoardId": 1}}, (SPRINT,), False),
    "our project": ({"webhookEvent": "project_updated", "project": {"id": 1, "key": "PMO"}}, (), True),
    "other project": ({"webhookEvent": "project_updated", "project": {"id": 2, "key": "OPS"}}, (), False),
    "elsewhere": (issue("jira:issue_updated", "OPS", comment=ON), (), False),
    "elsewhere, by its key": ({"webhookEvent": "jira:issue_updated", "issue": {"id": 1, "key": "OPS-1"}}, (), False),
    "of a user": ({"webhookEvent": "user_updated", "user": {"accountId": "5b1"}}, (), False),
    "work logged": ({"webhookEvent": "worklog_created", "worklog": {"issueId": "10040"}}, (), False),
    "a mark set": (issue("issue_property_set"), (), False),
    "an event of tomorrow": ({"webhookEvent": "roadmap_turned"}, (), True),
    "an event of tomorrow on an issue": (issue("issue_turned"), (ISSUE,), False),
}


@pytest.mark.parametrize("case", TOLD)
def test_an_event_names_what_it_is_about(case: str) -> None:
    body, refs, wide = TOLD[case]
    told = read(body)
    assert (told.refs, told.wide) == (refs, wide)


@pytest.mark.parametrize(("before", "refs"), [("PMO-41", (ISSUE,)), ("WEB-41", ())])
def test_an_issue_that_leaves_our_projects_is_named_once_more(before: str, refs: tuple[Ref, ...]) -> None:
    items = [{"field": "project", "fromString": "Office"}, {"field": "Key", "fromString": before, "toString": "OPS-5"}]
    assert read(issue("jira:issue_updated", "OPS", changelog={"items": items})).refs == refs


def test_the_delivery_is_known_by_the_vendors_id_and_its_time_is_not_believed() -> None:
    """The body's own time is the event's, which may be long before a retry."""
    told = read({**issue("jira:issue_updated"), "timestamp": 1}, **{"x-atlassian-webhook-identifier": "d-1"})
    assert (told.id, told.sent_at) == ("d-1", None)
    assert read(issue("jira:issue_updated")).id is None


@pytest.mark.contracts
@pytest.mark.parametrize("folder", ["jira-cloud", "jira-datacenter"])
def test_every_recorded_webhook_names_its_issue(folder: str, contracts_dir: Path) -> None:
    samples = sorted((contracts_dir / folder / "samples" / "webhooks").glob("*.json"))
    assert len(samples) >= 10
    for path in samples:
        raw = json.loads(path.read_bytes())
        number = raw["issue"]["id"] if "issue" in raw else raw["comment"]["self"].split("/")[-3]
        project = raw["issue"]["fields"]["project"]["key"] if "issue" in raw else "PMO"
        refs = {Ref(NAME, "issue", number)}
        if "comment" in raw:
            refs.add(Ref(NAME, "comment", f"{number}/{raw['comment']['id']}"))
        told = read(raw, project)
        assert (set(told.refs), told.wide) == (refs, False), path.name
        if "issue" in raw:
            assert read(raw, "OTHER") == Delivery(), path.name
