"""The stand-in answers as the recorded Redmine did: the same keys in the same places, the same refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.contracts.openapi import contracts_folder
from tests.sandbox.redmine.peer import DANA, Peer

pytestmark = pytest.mark.contracts

PLAYED: Final = frozenset({"attachments", "changesets", "watchers", "time_entry_activities", "enabled_modules"})
"""What a recorded answer includes of which the connector asks nothing."""
LISTS: Final = {
    "catalog.custom_fields": "/custom_fields.json",
    "catalog.issue_categories": "/projects/pmo/issue_categories.json",
    "catalog.issue_priorities": "/enumerations/issue_priorities.json",
    "catalog.issue_statuses": "/issue_statuses.json",
    "catalog.memberships": "/projects/pmo/memberships.json",
    "catalog.project": "/projects/pmo.json?include=trackers,issue_categories,issue_custom_fields",
    "catalog.projects": "/projects.json?include=trackers,issue_categories,issue_custom_fields",
    "catalog.roles": "/roles.json",
    "catalog.trackers": "/trackers.json",
    "catalog.users": "/users.json",
    "catalog.versions": "/projects/pmo/versions.json",
    "catalog.version": "/versions/1.json",
    "issue.show_full": "/issues/FULL.json?include=children,relations,journals,allowed_statuses",
    "issues.list.include": "/issues.json?limit=2&status_id=*&sort=id:asc&include=relations,journals",
    "issues.list.nometa": "/issues.json?limit=2&nometa=1",
    "issues.list.page1": "/issues.json?project_id=eng&status_id=*&limit=5",
    "issues.list.past_end": "/issues.json?status_id=*&limit=5&offset=5000",
}
"""Recorded answers, and what brings the like of them here."""


def sample(name: str) -> Any:  # noqa: ANN401 - JSON of any shape
    return json.loads((contracts_folder() / "redmine" / "samples" / f"{name}.json").read_bytes())


def shape(value: object) -> dict[str, set[str]]:
    """Return every place in an answer with the types found there; list members share a place."""
    found: dict[str, set[str]] = {}

    def walk(path: str, one: object) -> None:
        found.setdefault(path, set()).add(type(one).__name__)
        if isinstance(one, Mapping):
            for key, inner in one.items():
                if key not in PLAYED:
                    walk(f"{path}.{key}", inner)
        elif isinstance(one, list):
            for inner in one:
                walk(f"{path}[]", inner)

    walk("", value)
    return found


async def full_issue(peer: Peer) -> int:
    """Make an issue that has everything the recorded one has."""
    version = (await peer.ask("POST", "/projects/pmo/versions.json", {"version": {"name": "1.0"}})).json()["version"]
    category = (await peer.get("/projects/pmo/issue_categories.json"))["issue_categories"][0]["id"]
    dana = next(one.id for one in peer.site.users.values() if one.login == "dana")
    parent, other = await peer.create("Parent"), await peer.create("Other")
    number = await peer.create(
        "Full",
        parent_issue_id=parent,
        assigned_to_id=dana,
        fixed_version_id=version["id"],
        category_id=category,
        estimated_hours=16,
        custom_fields=[{"id": 3, "value": ["API"]}],
    )
    for name in ("One", "Two"):
        await peer.create(name, parent_issue_id=number)
    await peer.edit(number, status_id=2, notes="Started.")
    body = {"relation": {"issue_to_id": other, "relation_type": "blocks"}}
    await peer.ask("POST", f"/issues/{number}/relations.json", body)
    return number


@pytest.mark.parametrize("name", LISTS)
async def test_an_answer_has_the_keys_and_types_of_the_recorded_one(peer: Peer, name: str) -> None:
    path = LISTS[name]
    if "FULL" in path:
        path = path.replace("FULL", str(await full_issue(peer)))
    recorded, told = shape(sample(name)["response"]["body"]), shape(await peer.get(path))
    gone = recorded.keys() - told.keys()
    assert not gone, "the stand-in does not tell these"
    for place in recorded.keys() & told.keys():
        types = recorded[place] | told[place]
        assert len(types - {"NoneType"}) <= 1 or types <= {"str", "list", "NoneType"}, f"{place}: {types}"


def refusals() -> list[tuple[str, dict[str, object]]]:
    """Return recorded writes whose answer does not depend on what else the site held, with what differs here."""
    return [
        ("issue.create_bad_list_value", {}),
        ("issue.create_broken_json", {}),
        ("issue.create_in_closed_project", {}),
        ("issue.create_invalid", {}),
        ("issue.create_no_project", {}),
        ("issue.create_subject_too_long", {}),
        ("issue.create_closed_version", {}),
        ("issue.create_unknown_fields_ignored", {}),
        ("issue.create_bad_assignee", {"assigned_to_id": 2}),
        ("issue.delete_again", {"path": "/issues/9999.json"}),
        ("issue.delete_forbidden", {"key": DANA}),
        ("issue.not_found", {}),
        ("issue.update_deleted", {"path": "/issues/9999.json"}),
        ("issue.update_in_closed_project", {}),
        ("issue.update_parent_missing", {"path": "/issues/1.json"}),
        ("issue.update_stale_422_empty_errors", {"path": "/issues/1.json", "lock_version": 7}),
        ("issue.update_unknown_status", {"path": "/issues/1.json"}),
        ("issue.update_clear", {"path": "/issues/1.json"}),
        ("issues.list.archived_project", {}),
        ("issues.list.bad_status_filter", {}),
        ("issues.list.bad_updated_on", {}),
        ("issues.list.unknown_project", {}),
        ("auth.anonymous_write", {"key": ""}),
        ("auth.bad_key_user_current", {"key": "nobody"}),
        ("auth.custom_fields_needs_admin", {"key": DANA}),
        ("auth.not_admin", {"key": DANA}),
        ("version.create_bad_date", {}),
        ("version.create_duplicate", {}),
        ("version.delete_in_use", {"path": "/versions/1.json"}),
    ]


@pytest.mark.parametrize(("name", "here"), refusals())
async def test_a_refusal_is_worded_as_recorded(peer: Peer, name: str, here: Mapping[str, Any]) -> None:
    recorded = sample(name)
    request, answer = recorded["request"], recorded["response"]
    await _prepare(peer)
    if name == "issues.list.archived_project":
        peer.site.project("research").status = 9
    path = str(here.get("path", request["path"])).replace("/platform", "/pmo").replace("/issues/18.", "/issues/READ.")
    path = path.replace("READ", str(max(peer.site.issues)))
    body = request.get("body")
    if isinstance(body, dict) and "issue" in body:
        issue = dict(body["issue"])
        if issue.get("project_id") == 1:
            issue["project_id"] = "pmo"
        body = {"issue": issue | {key: here[key] for key in ("lock_version", "assigned_to_id") if key in here}}
    headers = {"X-Redmine-API-Key": str(here.get("key", peer.key)), "Content-Type": "application/json"}
    content = b"{broken" if body == "<7 bytes>" else json.dumps(body).encode() if body is not None else b""
    told = await peer.client.request(request["method"], path, content=content, headers=headers)
    assert told.status_code == answer["status"], told.text
    expected = answer.get("body")
    if answer["status"] >= 400:
        assert (told.json() if told.content.strip() else None) == expected


async def _prepare(peer: Peer) -> None:
    """Have what the recorded requests speak of: a closed version 1 with an issue, a version 3.0, a closed project."""
    body = {"project": {"identifier": "research", "name": "Research"}}
    await peer.ask("POST", "/projects.json", body)
    await peer.ask("POST", "/projects/pmo/versions.json", {"version": {"name": "3.0"}})
    await peer.create("In it", fixed_version_id=1)
    await peer.create("Read a paper", project_id="research")
    peer.site.versions[1].status = "closed"
    peer.site.project("research").status = 5
