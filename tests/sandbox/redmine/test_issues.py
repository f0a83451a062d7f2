"""What Redmine's lists, drops, refusals and derived values look like from outside."""

from __future__ import annotations

import pytest

from syncd.sandbox.redmine.schema import CLOSED, FEEDBACK, IN_PROGRESS, NEW, REJECTED, RESOLVED
from tests.sandbox.redmine.peer import DANA, RITA, Peer


async def test_a_list_has_pages_of_25_and_never_more_than_100(peer: Peer) -> None:
    for number in range(120 - len(peer.site.issues)):
        await peer.create(f"Item {number}")
    page = await peer.get("/issues.json?status_id=*")
    assert (len(page["issues"]), page["total_count"], page["offset"], page["limit"]) == (25, 120, 0, 25)
    assert len((await peer.get("/issues.json?status_id=*&limit=1000"))["issues"]) == 100
    assert (await peer.get("/issues.json?status_id=*&limit=0"))["limit"] == 25
    second = await peer.get("/issues.json?status_id=*&limit=100&offset=100&sort=id:asc")
    assert [one["id"] for one in second["issues"]] == list(range(101, 121))
    assert (await peer.get("/issues.json?status_id=*&offset=5000"))["issues"] == []


async def test_a_time_filter_reaches_back_a_second_and_takes_whole_seconds_only(peer: Peer) -> None:
    number = await peer.create("Now")  # at 09:30:15.25
    assert number in await peer.found("updated_on=>=2026-11-20T09:30:16Z")
    assert number not in await peer.found("updated_on=>=2026-11-20T09:30:17Z")
    assert number not in await peer.found("updated_on=<=2026-11-20T09:30:15Z"), "the second's rest is left out"
    assert number in await peer.found("updated_on=<=2026-11-20T09:30:16Z")
    assert number in await peer.found("updated_on=><2026-11-20|2026-11-20")
    for text in (">=garbage", ">=2026-11-20T09:30:15.5Z", ">=2026-11-20T09:30:15%2B00:00", ">2026-11-20T09:30:15Z"):
        answer = await peer.ask("GET", f"/issues.json?updated_on={text}")
        assert (answer.status_code, answer.json()) == (422, {"errors": ["Updated is invalid"]}), text


async def test_closed_issues_and_unknown_filters(peer: Peer) -> None:
    number = await peer.create("Done")
    await peer.edit(number, status_id=CLOSED)
    assert number not in await peer.found("limit=100")
    assert number in await peer.found("status_id=closed&limit=100")
    everything = await peer.found("status_id=*&limit=100")
    assert await peer.found("status_id=*&limit=100&cf_999=x&updated_at=x&version_id=3") == everything
    assert (await peer.ask("GET", "/issues.json?status_id=bogus")).status_code == 500


async def test_a_marker_is_found_at_once_by_its_custom_field(peer: Peer) -> None:
    number = await peer.create("Marked", custom_fields=[{"id": 8, "value": "abcd"}])
    assert await peer.found("status_id=*&cf_8=abcd") == [number]
    assert await peer.found("status_id=*&cf_8=other") == []


async def test_a_project_shows_what_is_below_it_unless_told_not_to(peer: Peer) -> None:
    below = await peer.found("project_id=acme&status_id=*&limit=100")
    assert len(below) == len(peer.site.issues)
    assert await peer.found("project_id=acme&status_id=*&subproject_id=!*") == []
    assert (await peer.ask("GET", "/issues.json?project_id=nosuch")).status_code == 404


async def test_the_workflow_of_a_role_says_which_statuses_there_are(peer: Peer) -> None:
    number = await peer.create("Step by step")
    told = (await peer.get(f"/issues/{number}.json?include=allowed_statuses", key=DANA))["issue"]["allowed_statuses"]
    assert [one["id"] for one in told] == [NEW, IN_PROGRESS, RESOLVED, FEEDBACK, CLOSED]
    assert (await peer.edit(number, key=DANA, status_id=REJECTED)).status_code == 204
    assert (await peer.issue(number))["status"]["id"] == NEW, "dropped without a word"
    assert (await peer.edit(number, key=RITA, subject="No", notes="Yes")).status_code == 204
    seen = await peer.issue(number, "journals")
    assert (seen["subject"], seen["journals"][-1]["notes"]) == ("Step by step", "Yes")


async def test_what_waits_or_has_open_children_does_not_close_nor_a_child_open_alone(peer: Peer) -> None:
    parent = await peer.create("Parent")
    child = await peer.create("Child", parent_issue_id=parent)
    await peer.edit(parent, status_id=CLOSED)
    assert (await peer.issue(parent))["status"]["id"] == NEW
    await peer.edit(child, status_id=CLOSED)
    await peer.edit(parent, status_id=CLOSED)
    closed = await peer.issue(parent)
    assert (closed["status"]["id"], closed["closed_on"]) == (CLOSED, "2026-11-20T09:30:15Z")
    await peer.edit(child, status_id=NEW)
    assert (await peer.issue(child))["status"]["id"] == CLOSED


async def test_a_parent_has_dates_priority_and_progress_from_its_children(peer: Peer) -> None:
    parent = await peer.create("Parent")
    await peer.create("One", parent_issue_id=parent, start_date="2026-01-01", due_date="2026-02-01", priority_id=3)
    two = await peer.create("Two", parent_issue_id=parent, due_date="2027-01-01", estimated_hours="3h", done_ratio=50)
    told = await peer.issue(parent)
    assert (told["start_date"], told["due_date"], told["priority"]["id"]) == ("2026-01-01", "2027-01-01", 3)
    assert (told["done_ratio"], told["estimated_hours"], told["total_estimated_hours"]) == (25, None, 3.0)
    await peer.edit(parent, due_date="2030-01-01", priority_id=5, done_ratio=90, subject="Kept")
    after = await peer.issue(parent)
    assert (after["due_date"], after["priority"]["id"], after["done_ratio"]) == ("2027-01-01", 3, 25)
    assert after["subject"] == "Kept"
    await peer.edit(two, parent_issue_id="")
    assert (await peer.issue(parent))["due_date"] == "2026-02-01"


async def test_an_empty_change_moves_the_date_and_a_relation_or_a_versions_name_does_not(peer: Peer) -> None:
    version = (await peer.ask("POST", "/projects/pmo/versions.json", {"version": {"name": "1.0"}})).json()["version"]
    one, two = await peer.create("One", fixed_version_id=version["id"]), await peer.create("Two")
    before = (await peer.issue(one))["updated_on"]
    peer.clock.advance(10)
    body = {"relation": {"issue_to_id": two, "relation_type": "blocked"}}
    made = await peer.ask("POST", f"/issues/{one}/relations.json", body)
    assert made.json()["relation"] | {"id": 0} == {
        "id": 0,
        "issue_id": two,
        "issue_to_id": one,
        "relation_type": "blocks",
        "delay": None,
    }
    await peer.ask("PUT", f"/versions/{version['id']}.json", {"version": {"name": "1.1"}})
    assert (await peer.issue(one))["updated_on"] == before
    await peer.edit(one)
    assert (await peer.issue(one))["updated_on"] != before


async def test_an_old_lock_version_loses_the_race_without_a_reason(peer: Peer) -> None:
    number = await peer.create("Raced")
    assert (await peer.edit(number, subject="First", lock_version=0)).status_code == 204
    lost = await peer.edit(number, subject="Second", lock_version=0)
    assert (lost.status_code, lost.json()) == (422, {"errors": []})
    assert (await peer.issue(number))["subject"] == "First"


async def test_moving_drops_what_the_other_project_has_not(peer: Peer) -> None:
    version = (await peer.ask("POST", "/projects/pmo/versions.json", {"version": {"name": "1.0"}})).json()["version"]
    category = (await peer.get("/projects/pmo/issue_categories.json"))["issue_categories"][0]
    number = await peer.create("Moves", fixed_version_id=version["id"], category_id=category["id"])
    child = await peer.create("Below", parent_issue_id=number)
    await peer.edit(number, project_id="eng")
    moved = await peer.issue(number)
    assert moved["project"]["name"] == "Engineering"
    assert "fixed_version" not in moved
    assert moved["category"]["name"] == category["name"], "there is one of that name"
    assert moved["category"]["id"] != category["id"]
    assert (await peer.issue(child))["project"]["name"] == "Engineering"


@pytest.mark.parametrize(
    ("kind", "other"), [("blocks", "blocked"), ("precedes", "follows"), ("duplicates", "duplicated")]
)
async def test_relations_are_unique_acyclic_and_not_between_parent_and_child(peer: Peer, kind: str, other: str) -> None:
    one, two = await peer.create("One"), await peer.create("Two")
    child = await peer.create("Child", parent_issue_id=one)

    async def relate(first: int, second: int, name: str) -> str:
        body = {"relation": {"issue_to_id": second, "relation_type": name}}
        answer = await peer.ask("POST", f"/issues/{first}/relations.json", body)
        return "" if answer.status_code == 201 else str(answer.json()["errors"][0])

    assert await relate(one, child, kind) == "An issue cannot be linked to one of its subtasks"
    assert await relate(one, two, kind) == ""
    assert await relate(two, one, other) == "Related issue has already been taken"
    if kind != "duplicates":
        assert await relate(two, one, kind) == "This relation would create a circular dependency"
    assert await relate(one, one, kind) == "Related issue is invalid"
