from __future__ import annotations

from typing import Any

import pytest

from syncd.sandbox.jira.values import off_screen
from tests.sandbox.jira.peer import Peer


def doc(*paragraphs: str) -> dict[str, Any]:
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]} for text in paragraphs]
    return {"type": "doc", "version": 1, "content": content}


def marked(mark: str) -> dict[str, Any]:
    text = {"type": "text", "text": "x", "marks": [{"type": mark}]}
    return {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]}


async def test_what_was_created_is_read_back_normalised(peer: Peer) -> None:
    version = peer.site.versions_of("ENG")[0]
    issue = await peer.create(
        "  Ship it 🚀 مرحبا ",
        "Story",
        description=doc("one\r\ntwo"),
        labels=["b", "a", "a"],
        duedate="2026-12-24",
        customfield_10016=2.5,
        customfield_10021={"value": "Payments"},
        fixVersions=[{"name": version.name}],
        priority={"name": "High"},
        assignee={"accountId": "712020:ada"},
    )
    fields = await peer.fields(issue)
    assert fields["summary"] == "Ship it 🚀 مرحبا"
    assert fields["description"] == doc("one\ntwo")
    assert fields["labels"] == ["a", "b"]
    assert fields["duedate"] == "2026-12-24"
    assert fields["customfield_10016"] == 2.5
    assert fields["customfield_10021"]["value"] == "Payments"
    assert [one["id"] for one in fields["fixVersions"]] == [version.id]
    assert fields["priority"]["name"] == "High"
    assert fields["assignee"]["displayName"] == "Ada Example"
    assert fields["status"]["statusCategory"]["key"] == "new"
    assert "parent" not in fields


async def test_the_same_create_twice_makes_two_issues(peer: Peer) -> None:
    assert await peer.create("Twin") != await peer.create("Twin")


async def test_an_edit_answers_204_changes_only_what_it_names_and_leaves_history(peer: Peer) -> None:
    issue = await peer.create("Before", labels=["kept"])
    peer.clock.advance(60)
    response = await peer.edit(issue, summary="After", duedate="2027-01-02")
    assert (response.status_code, response.content) == (204, b"")
    fields = await peer.fields(issue)
    assert (fields["summary"], fields["labels"], fields["duedate"]) == ("After", ["kept"], "2027-01-02")
    assert fields["updated"] > fields["created"]
    history = (await peer.get(f"/issue/{issue}/changelog"))["values"]
    assert [(item["fieldId"], item["fromString"], item["toString"]) for item in history[0]["items"]] == [
        ("summary", "Before", "After"),
        ("duedate", None, "2027-01-02"),
    ]
    assert history[0]["author"]["displayName"] == "Sync Bot"
    bulk = await peer.ask("POST", "/changelog/bulkfetch", {"issueIdsOrKeys": [issue], "fieldIds": ["summary"]})
    assert len(bulk.json()["issueChangeLogs"][0]["changeHistories"]) == 1


async def test_an_edit_that_changes_nothing_does_not_touch_the_time(peer: Peer) -> None:
    issue = await peer.create("Same")
    before = (await peer.fields(issue))["updated"]
    peer.clock.advance(60)
    assert (await peer.edit(issue, summary="Same ")).status_code == 204
    assert (await peer.fields(issue))["updated"] == before


async def test_verbs_add_and_remove_without_overwriting(peer: Peer) -> None:
    first, second = peer.site.versions_of("ENG")[:2]
    issue = await peer.create("Verbs", labels=["theirs"], fixVersions=[{"id": first.id}])
    update = {
        "labels": [{"add": "ours"}, {"remove": "absent"}],
        "fixVersions": [{"add": {"id": second.id}}, {"remove": {"id": first.id}}],
    }
    assert (await peer.ask("PUT", f"/issue/{issue}", {"update": update})).status_code == 204
    fields = await peer.fields(issue)
    assert fields["labels"] == ["ours", "theirs"]
    assert [one["id"] for one in fields["fixVersions"]] == [second.id]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"labels": ["two words"]}, {"labels": "The label 'two words' contains spaces which is invalid."}),
        ({"summary": ""}, {"summary": "You must specify a summary of the issue."}),
        ({"summary": "x" * 256}, {"summary": "Summary can't exceed 255 characters."}),
        ({"summary": "a\nb"}, {"summary": "The summary is invalid because it contains newline characters."}),
        ({"duedate": "24.12.2026"}, {"duedate": "Error parsing date string: 24.12.2026"}),
        ({"customfield_10016": "five"}, {"customfield_10016": "Operation value must be a number"}),
        ({"customfield_10021": {"value": "Nobody"}}, {"customfield_10021": "Option id 'Nobody' is not valid"}),
        ({"fixVersions": [{"name": "never"}]}, {"fixVersions": "Version name 'never' is not valid"}),
        ({"assignee": {"accountId": "gone"}}, {"assignee": "User 'gone' cannot be assigned issues."}),
        (
            {"customfield_10020": 5},
            {"customfield_10020": off_screen("customfield_10020")},
        ),
        (
            {"status": {"id": "3"}},
            {"status": "Field 'status' cannot be set. It is not on the appropriate screen, or unknown."},
        ),
        (
            {"description": "plain"},
            {"description": "Operation value must be an Atlassian Document (see the Atlassian Document Format)"},
        ),
        (
            {"description": doc("x" * 32_768)},
            {"description": "The entered text is too long. It exceeds the allowed limit of 32,767 characters."},
        ),
    ],
)
async def test_a_bad_value_is_refused_by_field_and_nothing_changes(
    peer: Peer, fields: dict[str, object], errors: dict[str, str]
) -> None:
    issue = await peer.create("Kept", "Story")
    response = await peer.edit(issue, **{"priority": {"name": "Low"}, **fields})
    assert response.status_code == 400
    assert response.json() == {"errorMessages": [], "errors": errors}
    kept = await peer.fields(issue)
    assert (kept["summary"], kept["priority"]["name"]) == ("Kept", "Medium")


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "doc", "content": []},
        {"type": "doc", "version": 1, "content": [{"type": "marquee"}]},
        {"type": "doc", "version": 1, "content": [{"type": "text", "text": "bare"}]},
        {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]},
        {"type": "doc", "version": 1, "content": [{"type": "heading", "attrs": {"level": 9}, "content": []}]},
        {"type": "doc", "version": 1, "content": [{"type": "bulletList", "content": []}]},
        {
            "type": "doc",
            "version": 1,
            "content": [
                {"type": "paragraph", "content": [{"type": "text", "text": "x", "marks": [{"type": "blink"}]}]}
            ],
        },
    ],
)
async def test_a_document_the_editor_could_not_have_made_is_invalid_input(peer: Peer, broken: object) -> None:
    issue = await peer.create("Document")
    response = await peer.edit(issue, description=broken)
    assert (response.status_code, response.json()) == (400, {"errorMessages": ["INVALID_INPUT"], "errors": {}})


async def test_bulk_create_makes_the_good_ones_and_tells_the_bad_ones(peer: Peer) -> None:
    good = {"project": {"key": "ENG"}, "issuetype": {"name": "Task"}}
    updates = [{"fields": {**good, "summary": "One"}}, {"fields": good}, {"fields": {**good, "summary": "Three"}}]
    response = await peer.ask("POST", "/issue/bulk", {"issueUpdates": updates})
    told = response.json()
    assert (response.status_code, len(told["issues"])) == (201, 2)
    assert [(one["failedElementNumber"], one["status"]) for one in told["errors"]] == [(1, 400)]
    assert told["errors"][0]["elementErrors"]["errors"] == {"summary": "You must specify a summary of the issue."}
    assert peer.sandbox.log.objects_written() == 2


async def test_bulk_create_takes_at_most_fifty(peer: Peer) -> None:
    fields = {"project": {"key": "ENG"}, "issuetype": {"name": "Task"}, "summary": "Many"}
    response = await peer.ask("POST", "/issue/bulk", {"issueUpdates": [{"fields": fields}] * 51})
    assert response.status_code == 400
    assert peer.sandbox.log.objects_written() == 0


async def test_bulk_fetch_leaves_out_what_nobody_may_see(peer: Peer) -> None:
    seen, hidden = await peer.create("Seen"), await peer.create("Hidden")
    peer.jira.hide(hidden)
    body = {"issueIdsOrKeys": [seen, hidden, "ENG-9999"], "fields": ["summary"]}
    told = (await peer.ask("POST", "/issue/bulkfetch", body)).json()
    assert [(one["id"], one["fields"]) for one in told["issues"]] == [(seen, {"summary": "Seen"})]
    assert {one["id"] for one in told["issueErrors"]} == {hidden, "ENG-9999"}


async def test_status_moves_one_hop_along_the_types_own_workflow(peer: Peer) -> None:
    issue = await peer.create("Hop")
    names = {one["name"]: one["id"] for one in (await peer.get(f"/issue/{issue}/transitions"))["transitions"]}
    assert "Ask for review" not in names
    early = await peer.ask("POST", f"/issue/{issue}/transitions", {"transition": {"id": "41"}})
    assert early.status_code == 400
    for number in (names["In Progress"], "41", names["Done"]):
        moved = await peer.ask("POST", f"/issue/{issue}/transitions", {"transition": {"id": number}})
        assert moved.status_code == 204
    fields = await peer.fields(issue)
    assert (fields["status"]["name"], fields["resolution"]["name"]) == ("Done", "Done")
    await peer.ask("POST", f"/issue/{issue}/transitions", {"transition": {"id": names["Backlog"]}})
    assert (await peer.fields(issue))["resolution"] is None


async def test_a_screen_may_demand_a_field(peer: Peer) -> None:
    peer.site.resolution_required = True
    issue = await peer.create("Screen")
    told = (await peer.get(f"/issue/{issue}/transitions", expand="transitions.fields"))["transitions"]
    done = next(one for one in told if one["name"] == "Done")
    assert (done["hasScreen"], done["fields"]["resolution"]["required"]) == (True, True)
    bare = await peer.ask("POST", f"/issue/{issue}/transitions", {"transition": {"id": done["id"]}})
    assert bare.json()["errors"] == {"resolution": "Resolution is required."}
    body = {"transition": {"id": done["id"]}, "fields": {"resolution": {"name": "Won't Do"}}}
    assert (await peer.ask("POST", f"/issue/{issue}/transitions", body)).status_code == 204
    assert (await peer.fields(issue))["resolution"]["name"] == "Won't Do"


async def test_parents_must_be_one_level_up(peer: Peer) -> None:
    initiative = await peer.create("Top", "Initiative", "PMO")
    story = await peer.create("Story", "Story", parent={"id": initiative})
    assert (await peer.fields(story))["parent"]["id"] == initiative
    wrong = await peer.edit(await peer.create("Other", "Story"), parent={"id": story})
    assert "hierarchy" in wrong.json()["errors"]["parent"]
    orphan = {"project": {"key": "ENG"}, "issuetype": {"name": "Sub-task"}, "summary": "Orphan"}
    assert "parent" in (await peer.ask("POST", "/issue", {"fields": orphan})).json()["errors"]
    assert (await peer.edit(story, parent=None)).status_code == 204
    assert "parent" not in await peer.fields(story)


async def test_deleting_is_refused_while_there_are_subtasks(peer: Peer) -> None:
    task = await peer.create("Task")
    child = await peer.create("Child", "Sub-task", parent={"id": task})
    assert (await peer.ask("DELETE", f"/issue/{task}")).status_code == 400
    assert [one["id"] for one in (await peer.fields(task))["subtasks"]] == [child]
    assert (await peer.ask("DELETE", f"/issue/{task}", query={"deleteSubtasks": "true"})).status_code == 204
    assert (await peer.ask("GET", f"/issue/{child}")).status_code == 404


async def test_a_moved_issue_changes_its_key_not_its_id(peer: Peer) -> None:
    issue = await peer.create("Moving")
    old = (await peer.get(f"/issue/{issue}"))["key"]
    peer.jira.set(old, "project", "PMO")
    told = await peer.get(f"/issue/{old}")
    assert (told["id"], told["fields"]["project"]["key"]) == (issue, "PMO")
    assert told["key"].startswith("PMO-")


async def test_links_show_from_both_ends(peer: Peer) -> None:
    blocker, blocked = await peer.create("Blocker"), await peer.create("Blocked")
    body = {"type": {"name": "Blocks"}, "inwardIssue": {"id": blocker}, "outwardIssue": {"id": blocked}}
    assert (await peer.ask("POST", "/issueLink", body)).status_code == 201
    (seen,) = (await peer.fields(blocked))["issuelinks"]
    assert (seen["type"]["inward"], seen["inwardIssue"]["id"]) == ("is blocked by", blocker)
    (other,) = (await peer.fields(blocker))["issuelinks"]
    assert other["outwardIssue"]["id"] == blocked
    assert (await peer.get(f"/issueLink/{seen['id']}"))["outwardIssue"]["id"] == blocked
    assert (await peer.ask("DELETE", f"/issueLink/{seen['id']}")).status_code == 204
    assert (await peer.fields(blocked))["issuelinks"] == []


async def test_properties_travel_with_the_create_and_are_read_by_id(peer: Peer) -> None:
    fields = {"project": {"key": "ENG"}, "issuetype": {"name": "Task"}, "summary": "Marked"}
    body = {"fields": fields, "properties": [{"key": "syncd", "value": {"id": "m1"}}]}
    issue = (await peer.ask("POST", "/issue", body)).json()["id"]
    assert (await peer.get(f"/issue/{issue}", properties="syncd"))["properties"] == {"syncd": {"id": "m1"}}
    assert (await peer.get(f"/issue/{issue}/properties/syncd"))["value"] == {"id": "m1"}
    assert (await peer.ask("PUT", f"/issue/{issue}/properties/syncd", {"id": "m2"})).status_code == 200
    too_long = await peer.ask("PUT", f"/issue/{issue}/properties/other", "x" * 32_769)
    assert too_long.status_code == 400
    assert [one["key"] for one in (await peer.get(f"/issue/{issue}/properties"))["keys"]] == ["syncd"]


async def test_a_project_may_refuse_edits(peer: Peer) -> None:
    issue = await peer.create("Locked")
    peer.site.projects["ENG"].editable = False
    assert (await peer.edit(issue, summary="No")).status_code == 403
    assert (await peer.get(f"/issue/{issue}/editmeta"))["fields"] == {}


@pytest.mark.parametrize("odd", [None, 5, "text", [], ["x"], [None], {}, {"id": None}, {"id": "0"}, True, [[]]])
async def test_no_value_however_odd_breaks_the_site(peer: Peer, odd: object) -> None:
    """Every field of every screen is given every kind of JSON: 204, or a 400 in Jira's words, never a 500."""
    issue = await peer.create("Odd", "Story")
    top = await peer.create("Odd", "Initiative", "PMO")
    for number in (issue, top):
        for field in (await peer.get(f"/issue/{number}/editmeta"))["fields"]:
            peer.clock.advance(1)
            answer = await peer.client.put(f"/issue/{number}", json={"fields": {field: odd}}, auth=peer.auth)
            assert answer.status_code in {204, 400}, (field, answer.text)
            verb = {"update": {field: [{"add": odd}, {"remove": odd}]}}
            answer = await peer.client.put(f"/issue/{number}", json=verb, auth=peer.auth)
            assert answer.status_code in {204, 400, 404}, (field, answer.text)
            await peer.fields(number)
