"""Which records GitHub's webhooks name, made up here and recorded by GitHub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from syncd.connectors.github.hooks import HOOKS
from syncd.connectors.github.settings import GithubSettings
from syncd.connectors.hooks import Delivery
from syncd.model.refs import ConnectionName, Ref

NAME = ConnectionName("github-eng")


def settings(owner: str = "acme", *repositories: str) -> GithubSettings:
    scope = {"owner": owner, "project": 7, "repositories": repositories}
    return GithubSettings.model_validate({"auth": {"token": "t"}, "scope": scope})


OURS = settings("acme", "api", "other/web")


def read(body: dict[str, Any], within: GithubSettings = OURS, headers: dict[str, str] | None = None) -> Delivery:
    return HOOKS.read(NAME, within, headers or {}, json.dumps({"sender": {"login": "ada-example"}, **body}).encode())


def ref(kind: str, node_id: str) -> Ref:
    return Ref(NAME, kind, node_id)


def issue(node_id: str, repository: str = "acme/api", **more: object) -> dict[str, Any]:
    return {"node_id": node_id, "repository_url": f"https://api.github.com/repos/{repository}", **more}


API = {"repository": {"full_name": "acme/API"}}
DOCS = {"repository": {"full_name": "acme/docs"}}
ACME = {"organization": {"login": "Acme"}}
ITEM = {"node_id": "PVTI_1", "content_node_id": "I_1", "content_type": "Issue"}
DRAFT = {"node_id": "PVTI_1", "content_node_id": "DI_1", "content_type": "DraftIssue"}
TOLD: dict[str, tuple[dict[str, Any], tuple[Ref, ...], bool]] = {
    "issue": ({"action": "edited", "issue": issue("I_1"), **API}, (ref("issue", "I_1"),), False),
    "milestoned": (
        {"action": "milestoned", "issue": issue("I_1"), "milestone": {"node_id": "MI_1"}, **API},
        (ref("issue", "I_1"),),
        False,
    ),
    "labelled": (
        {"action": "labeled", "issue": issue("I_1"), "label": {"node_id": "L"}, **API},
        (ref("issue", "I_1"),),
        False,
    ),
    "comment": (
        {"action": "deleted", "issue": issue("I_1"), "comment": {"node_id": "IC_1"}, **API},
        (ref("comment", "IC_1"), ref("issue", "I_1")),
        False,
    ),
    "comment on a pull request": (
        {"action": "created", "issue": issue("PR_1", pull_request={"url": "u"}), "comment": {"node_id": "IC"}, **API},
        (),
        False,
    ),
    "sub-issue": (
        {"action": "sub_issue_added", "parent_issue": issue("I_1"), "sub_issue": issue("I_2", "other/web"), **API},
        (ref("issue", "I_1"), ref("issue", "I_2")),
        False,
    ),
    "sub-issue elsewhere": (
        {"action": "sub_issue_added", "parent_issue": issue("I_1"), "sub_issue": issue("I_2", "acme/docs"), **API},
        (ref("issue", "I_1"),),
        False,
    ),
    "blocked": (
        {"action": "blocked_by_added", "blocked_issue": issue("I_1"), "blocking_issue": issue("I_2"), **API, **ACME},
        (ref("issue", "I_1"), ref("issue", "I_2")),
        False,
    ),
    "transferred away": (
        {
            "action": "transferred",
            "issue": issue("I_1"),
            "changes": {"new_issue": {"node_id": "I_9"}, "new_repository": {"full_name": "acme/docs"}},
            **API,
        },
        (ref("issue", "I_1"), ref("issue", "I_9")),
        False,
    ),
    "transferred from us": (
        {
            "action": "opened",
            "issue": issue("I_9", "acme/docs"),
            "changes": {"old_issue": {"node_id": "I_1"}, "old_repository": {"full_name": "acme/api"}},
            **DOCS,
        },
        (ref("issue", "I_1"), ref("issue", "I_9")),
        False,
    ),
    "elsewhere": ({"action": "edited", "issue": issue("I_1", "acme/docs"), **DOCS}, (), False),
    "milestone": (
        {"action": "edited", "milestone": {"node_id": "MI_1"}, **API},
        (ref("milestone", "MI_1"),),
        False,
    ),
    "milestone gone": (
        {"action": "deleted", "milestone": {"node_id": "MI_1"}, **API},
        (ref("milestone", "MI_1"),),
        True,
    ),
    "milestone elsewhere": ({"action": "deleted", "milestone": {"node_id": "MI_1"}, **DOCS}, (), False),
    "label made": ({"action": "created", "label": {"node_id": "L"}, **API}, (), False),
    "label renamed": ({"action": "edited", "label": {"node_id": "L"}, **API}, (), True),
    "label renamed elsewhere": ({"action": "edited", "label": {"node_id": "L"}, **DOCS}, (), False),
    "item": ({"action": "edited", "projects_v2_item": ITEM, **ACME}, (ref("issue", "I_1"),), False),
    "item moved": ({"action": "reordered", "projects_v2_item": ITEM, **ACME}, (), False),
    "draft": ({"action": "archived", "projects_v2_item": DRAFT, **ACME}, (ref("draft", "PVTI_1"),), False),
    "draft without a name": (
        {"action": "edited", "projects_v2_item": {**DRAFT, "node_id": None}, **ACME},
        (),
        True,
    ),
    "draft made an issue": (
        {"action": "converted", "projects_v2_item": ITEM, **ACME},
        (ref("draft", "PVTI_1"), ref("issue", "I_1")),
        False,
    ),
    "pull request in the project": (
        {"action": "created", "projects_v2_item": {**ITEM, "content_type": "PullRequest"}, **ACME},
        (),
        False,
    ),
    "item of another owner": (
        {"action": "edited", "projects_v2_item": ITEM, "organization": {"login": "emca"}},
        (),
        False,
    ),
    "project": ({"action": "edited", "projects_v2": {"number": 7}, **ACME}, (), True),
    "another project": ({"action": "edited", "projects_v2": {"number": 8}, **ACME}, (), False),
    "repository renamed": (
        {
            "action": "renamed",
            "repository": {"full_name": "acme/new"},
            "changes": {"repository": {"name": {"from": "api"}}},
        },
        (),
        True,
    ),
    "ping": ({"zen": "Keep it logically awesome.", "hook_id": 1, "hook": {}, **API}, (), False),
    "installed": ({"action": "created", "installation": {"id": 1}, "repositories": []}, (), False),
    "pushed": ({"ref": "refs/heads/main", "commits": [], **API}, (), False),
}


@pytest.mark.parametrize("case", TOLD)
def test_an_event_names_what_it_is_about(case: str) -> None:
    body, refs, wide = TOLD[case]
    told = read(body)
    assert (told.refs, told.wide) == (refs, wide)


def test_without_a_list_of_repositories_every_one_may_be_ours() -> None:
    assert read(TOLD["elsewhere"][0], settings()).refs == (ref("issue", "I_1"),)


def test_the_delivery_is_known_by_its_guid() -> None:
    assert read({"action": "edited", **API}, headers={"x-github-delivery": "0b989ba4"}).id == "0b989ba4"


def test_a_webhook_set_to_send_forms_is_read_as_well() -> None:
    body = json.dumps({"sender": {"login": "ada-example"}, "action": "edited", "issue": issue("I_1"), **API})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert HOOKS.read(NAME, OURS, headers, urlencode({"payload": body}).encode()).refs == (ref("issue", "I_1"),)
    for wrong in (body.encode(), b"", b"payload=%", b"payload=%FF", b"a=1&b=2", b"payload=[]"):
        with pytest.raises(ValueError, match=r"not a webhook of GitHub|[Ff]ields"):
            HOOKS.read(NAME, OURS, headers, wrong)


@pytest.mark.contracts
def test_every_recorded_webhook_names_its_records(contracts_dir: Path) -> None:
    samples = sorted((contracts_dir / "github" / "samples" / "webhooks").glob("*.json"))
    assert len(samples) >= 35
    named = 0
    for path in samples:
        raw = json.loads(path.read_bytes())
        ours, foreign = (
            settings(raw.get("organization", {}).get("login", "Octocoders"), "Codertocat/Hello-World"),
            settings("acme", "api"),
        )
        wanted = (
            {ref("issue", raw["issue"]["node_id"])} if "issue" in raw and "pull_request" not in raw["issue"] else set()
        )
        if wanted and "comment" in raw:
            wanted.add(ref("comment", raw["comment"]["node_id"]))
        if "milestone" in raw and "issue" not in raw:
            wanted = {ref("milestone", raw["milestone"]["node_id"])}
        if item := raw.get("projects_v2_item"):
            is_draft = item["content_type"] == "DraftIssue"
            wanted = {ref("draft", item["node_id"]) if is_draft else ref("issue", item["content_node_id"])}
        told = read(raw, ours)
        assert wanted <= set(told.refs), path.name
        assert {each.kind for each in told.refs} <= {each.kind for each in wanted}, path.name
        assert read(raw, foreign) == Delivery(), path.name
        named += bool(told.refs)
    assert named >= 20
