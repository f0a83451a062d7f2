"""Boards, sprints and the Sprint field on the stand-in."""

from __future__ import annotations

import pytest

from tests.sandbox.jira.peer import Peer

AGILE = "/rest/agile/1.0"
FIELD = "customfield_10028"


@pytest.fixture
def peer() -> Peer:
    """Return a client of a fresh site."""
    return Peer()


def number(peer: Peer, name: str) -> int:
    return next(one.id for one in peer.site.sprints.values() if one.name == name)


async def test_boards_are_listed_by_project_and_only_scrum_boards_have_sprints(peer: Peer) -> None:
    everything = (await peer.get(f"{AGILE}/board"))["values"]
    assert [(one["location"]["projectKey"], one["type"]) for one in everything] == [("PMO", "kanban"), ("ENG", "scrum")]
    assert (await peer.get(f"{AGILE}/board", projectKeyOrId="ENG"))["values"] == everything[1:]
    assert await peer.get(f"{AGILE}/board/{everything[1]['id']}") == everything[1]
    refused = await peer.ask("GET", f"{AGILE}/board/{everything[0]['id']}/sprint")
    assert refused.status_code == 400
    assert (await peer.ask("GET", f"{AGILE}/board/999999")).status_code == 404


async def test_sprints_come_closed_first_in_pages(peer: Peer) -> None:
    board = next(one.id for one in peer.site.boards.values() if one.project == "ENG")
    first = await peer.get(f"{AGILE}/board/{board}/sprint", maxResults="4")
    rest = await peer.get(f"{AGILE}/board/{board}/sprint", startAt="4")
    assert [one["state"] for one in first["values"]] == ["closed", "closed", "active", "future"]
    assert (first["isLast"], rest["isLast"]) == (False, True)
    assert [one["name"] for one in rest["values"]] == ["Iteration 5", "Iteration 6"]
    assert "completeDate" not in first["values"][2]
    told = await peer.get(f"{AGILE}/sprint/{first['values'][0]['id']}")
    assert told == first["values"][0]
    assert (await peer.ask("GET", f"{AGILE}/sprint/999999")).status_code == 404


async def test_an_issue_is_put_into_a_sprint_by_number_and_keeps_the_closed_ones(peer: Peer) -> None:
    issue = await peer.create("Planned")
    assert (await peer.fields(issue))[FIELD] is None
    third, fourth = number(peer, "Iteration 3"), number(peer, "Iteration 4")
    assert (await peer.edit(issue, **{FIELD: third})).status_code == 204
    peer.site.sprints[third].state = "closed"
    await peer.edit(issue, **{FIELD: fourth})
    held = (await peer.fields(issue))[FIELD]
    assert [(one["name"], one["state"]) for one in held] == [("Iteration 3", "closed"), ("Iteration 4", "future")]
    await peer.edit(issue, **{FIELD: None})
    assert [one["name"] for one in (await peer.fields(issue))[FIELD]] == ["Iteration 3"]
    assert await peer.find(f"sprint = {third}") == {issue}


@pytest.mark.parametrize("value", ["37", {"id": 37}, 999_999, [3]])
async def test_what_is_no_open_sprint_is_refused(peer: Peer, value: object) -> None:
    issue = await peer.create("Planned")
    response = await peer.edit(issue, **{FIELD: value})
    assert response.status_code == 400
    assert FIELD in response.json()["errors"]
    closed = await peer.edit(issue, **{FIELD: number(peer, "Iteration 1")})
    assert "completed sprint" in closed.json()["errors"][FIELD]


async def test_people_name_sprints(peer: Peer) -> None:
    issue = await peer.create("Planned")
    assert peer.jira.set(issue, "sprint", "Iteration 5")["Sprint"] == ["Iteration 5"]
