"""Issues over the API: what is written is read back, and what Linear would refuse is refused."""

from __future__ import annotations

import pytest

from tests.sandbox.linear.client import Client

ISSUE = """query($id: String!) { issue(id: $id) {
  id identifier title description priority priorityLabel estimate dueDate state { name type } team { key }
  assignee { displayName } creator { displayName } labels { nodes { name } } labelIds project { name }
  projectMilestone { name } cycle { number } parent { identifier } previousIdentifiers trashed archivedAt
  startedAt completedAt canceledAt createdAt updatedAt botActor { name userDisplayName }
} }"""
CREATE = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { issue { id } } }"
UPDATE = "mutation($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { issue { id } } }"
OWN_ID = "0b4f6a52-8c1d-4f7e-9a3b-2d5c7e9f1a3b"


async def read(client: Client, name: str) -> dict[str, object]:
    found: dict[str, object] = (await client.data(ISSUE, id=name))["issue"]
    return found


async def test_a_created_issue_reads_back_as_it_was_sent(client: Client) -> None:
    made = await client.issue(
        "  Ship   it ",
        description="Some **text**",
        priority=2,
        estimate=5,
        dueDate="2026-12-24",
        stateId=client.state("In Progress"),
        assigneeId=client.user("ada"),
    )
    told = await read(client, made["identifier"])

    assert (told["identifier"], told["title"], told["description"]) == ("API-1", "Ship it", "Some **text**")
    assert (told["priority"], told["priorityLabel"], told["estimate"]) == (2, "High", 5)
    assert (told["dueDate"], told["assignee"]) == ("2026-12-24", {"displayName": "ada"})
    assert told["creator"] == {"displayName": "sync-bot"}
    assert told["state"] == {"name": "In Progress", "type": "started"}
    assert told["startedAt"] == told["createdAt"] == "2026-11-20T09:30:15.250Z"


async def test_a_client_chooses_the_id_once(client: Client) -> None:
    made = await client.issue("One", id=OWN_ID)
    again = {"title": "One", "teamId": client.team(), "id": OWN_ID}
    assert made["id"] == OWN_ID

    error = await client.refused(CREATE, input=again)
    assert (error["status"], error["extensions"]["code"]) == (200, "INPUT_ERROR")
    assert error["message"] == f"Entity with id {OWN_ID} already exists"

    client.linear.tune("answer_repeated", "on")
    assert (await client.data(CREATE, input=again))["issueCreate"]["issue"] == {"id": OWN_ID}
    assert client.written() == 1


@pytest.mark.parametrize("bad", ["mine", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"])
async def test_an_id_must_be_a_uuid_of_version_4(client: Client, bad: str) -> None:
    error = await client.refused(CREATE, input={"title": "One", "teamId": client.team(), "id": bad})

    assert error["extensions"]["userPresentableMessage"] == "id must be a UUID"


async def test_an_update_changes_what_it_names_and_null_empties(client: Client) -> None:
    made = await client.issue("One", description="Text", dueDate="2026-12-24", assigneeId=client.user("ada"))
    client.clock.advance(5)

    await client.edit("issueUpdate", made["id"], "issue { id }", dueDate=None, assigneeId=None, priority=1)
    told = await read(client, made["id"])

    assert (told["dueDate"], told["assignee"], told["priority"]) == (None, None, 1)
    assert (told["title"], told["description"]) == ("One", "Text")
    assert told["updatedAt"] == "2026-11-20T09:30:20.250Z"


async def test_an_update_that_changes_nothing_is_no_update(client: Client) -> None:
    made = await client.issue("One", priority=1)
    client.clock.advance(5)

    await client.edit("issueUpdate", made["id"], "issue { id }", priority=1, title="One")

    assert (await read(client, made["id"]))["updatedAt"] == "2026-11-20T09:30:15.250Z"


async def test_labels_are_added_and_removed_without_touching_the_others(client: Client) -> None:
    one, two, three = (client.linear.add_label(name) for name in ("one", "two", "three"))
    made = await client.issue("One", labelIds=[one, two])

    await client.edit("issueUpdate", made["id"], "issue { id }", addedLabelIds=[three], removedLabelIds=[one])

    assert (await read(client, made["id"]))["labelIds"] == [two, three]
    error = await client.refused(UPDATE, id=made["id"], input={"labelIds": [one], "addedLabelIds": [two]})
    assert error["extensions"]["userPresentableMessage"] == "labelIds cannot be used with added or removed labels."


async def test_another_team_means_another_identifier_and_the_same_id(client: Client) -> None:
    mine = client.linear.add_label("api only", team="API")
    made = await client.issue("One", stateId=client.state("In Review"), labelIds=[mine])

    await client.edit("issueUpdate", made["id"], "issue { id }", teamId=client.team("WEB"))
    told = await read(client, "API-1")

    assert told["id"] == made["id"]
    assert (told["identifier"], told["previousIdentifiers"]) == ("WEB-1", ["API-1"])
    assert told["state"] == {"name": "Doing", "type": "started"}
    assert told["labelIds"] == []


async def test_state_types_set_the_times(client: Client) -> None:
    made = await client.issue("One")

    async def enter(name: str) -> tuple[object, ...]:
        client.clock.advance(1)
        await client.edit("issueUpdate", made["id"], "issue { id }", stateId=client.state(name))
        told = await read(client, made["id"])
        return told["startedAt"], told["completedAt"], told["canceledAt"]

    assert await enter("started") == ("2026-11-20T09:30:16.250Z", None, None)
    assert await enter("completed") == ("2026-11-20T09:30:16.250Z", "2026-11-20T09:30:17.250Z", None)
    assert await enter("canceled") == ("2026-11-20T09:30:16.250Z", None, "2026-11-20T09:30:18.250Z")
    assert await enter("backlog") == (None, None, None)


async def test_the_trash_keeps_an_issue_readable_and_out_of_lists(client: Client) -> None:
    made = await client.issue("One")
    payload = await client.act("issueDelete", made["id"], "entity { trashed archivedAt }")
    assert payload["entity"] == {"trashed": True, "archivedAt": "2026-11-20T09:30:15.250Z"}

    assert (await read(client, made["id"]))["trashed"] is True
    assert (await client.data("{ issues { nodes { id } } }"))["issues"]["nodes"] == []
    listed = await client.data("{ issues(includeArchived: true) { nodes { id trashed } } }")
    assert listed["issues"]["nodes"] == [{"id": made["id"], "trashed": True}]

    await client.act("issueUnarchive", made["id"])
    told = await read(client, made["id"])
    assert (told["trashed"], told["archivedAt"]) == (None, None)


async def test_what_is_purged_is_not_found(client: Client) -> None:
    made = await client.issue("One")
    client.linear.purge("API-1")

    error = await client.refused(ISSUE, id=made["id"])

    assert error["status"] == 200
    assert error["message"] == "Entity not found: Issue"
    assert error["extensions"] == {
        "type": "invalid input",
        "code": "INPUT_ERROR",
        "statusCode": 400,
        "userError": True,
        "userPresentableMessage": "Could not find referenced Issue.",
    }


async def test_only_an_admin_deletes_for_good(client: Client) -> None:
    made = await client.issue("One")
    query = "mutation($id: String!) { issueDelete(id: $id, permanentlyDelete: true) { entity { id } } }"
    assert (await client.refused(query, id=made["id"]))["extensions"]["code"] == "FORBIDDEN"

    client.authorization = client.linear.gate.grant_key(client.linear.people.person("admin"))
    assert (await client.data(query, id=made["id"]))["issueDelete"] == {"entity": None}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"title": " "}, "title must be longer than or equal to 1 characters."),
        ({"title": "x" * 513}, "title must be shorter than or equal to 512 characters."),
        ({"priority": 5}, "priority must be from 0 to 4."),
        ({"stateId": "WEB Doing"}, "The state does not belong to the issue's team"),
        ({"labelIds": ["Group"]}, 'The label "Group" is a group, which cannot be applied to an issue'),
        ({"labelIds": ["Left", "Right"]}, "labelIds not exclusive child labels"),
        ({"labelIds": ["Web only"]}, 'The label "Web only" does not belong to the issue\'s team'),
        ({"assigneeId": "fay"}, "The assignee is not an active member of the workspace"),
        ({"parentId": "API-1"}, "An issue cannot be its own parent or the parent of one above it"),
        (
            {"projectMilestoneId": "project/milestone/beta"},
            "The project milestone does not belong to the issue's project",
        ),
        ({"projectId": "project/web-project"}, "The project is not shared with the issue's team"),
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_changes(
    client: Client, given: dict[str, object], told: str
) -> None:
    hub = client.linear
    labels = {name: hub.add_label(name, group="Group") for name in ("Left", "Right")}
    labels |= {"Web only": hub.add_label("Web only", team="WEB")}
    labels |= {"Group": next(one.id for one in hub.state.labels if one.is_group)}
    hub.add("project", "API", {"title": "Project"})
    hub.add("project", "WEB", {"title": "Web project"})
    hub.add("milestone", "project/project", {"title": "Beta"})
    hub.deactivate("fay")
    ids = {
        "WEB Doing": client.state("Doing", "WEB"),
        "fay": client.user("fay"),
        "project/milestone/beta": client.id_of("project/milestone/beta"),
        "project/web-project": client.id_of("project/web-project"),
        **labels,
    }
    made = await client.issue("One")
    before = client.shown("API-1")
    sent = {
        name: [ids[each] for each in value] if isinstance(value, list) else ids.get(str(value), value)
        for name, value in given.items()
    }

    error = await client.refused(UPDATE, id=made["id"], input={"dueDate": "2026-12-01", **sent})

    assert error["extensions"]["userPresentableMessage"] == told
    assert client.shown("API-1") == before


async def test_a_batch_is_one_transaction(client: Client) -> None:
    query = "mutation($input: IssueBatchCreateInput!) { issueBatchCreate(input: $input) { issues { identifier } } }"
    good = {"title": "One", "teamId": client.team()}
    made = await client.data(query, input={"issues": [good, good | {"title": "Two"}]})
    assert made["issueBatchCreate"]["issues"] == [{"identifier": "API-1"}, {"identifier": "API-2"}]

    await client.refused(query, input={"issues": [good, good | {"title": ""}]})
    listed = await client.data("{ issues { nodes { title } } }")
    assert [one["title"] for one in listed["issues"]["nodes"]] == ["Two", "One"]
    assert client.written() == 2


async def test_a_batch_update_gives_many_the_same(client: Client) -> None:
    names = [(await client.issue(str(number)))["id"] for number in range(51)]
    query = """mutation($ids: [UUID!]!, $input: IssueUpdateInput!) {
      issueBatchUpdate(ids: $ids, input: $input) { issues { priority } } }"""

    done = await client.data(query, ids=names[:50], input={"priority": 1})
    assert done["issueBatchUpdate"]["issues"] == [{"priority": 1}] * 50
    error = await client.refused(query, ids=names, input={"priority": 2})
    assert error["extensions"]["userPresentableMessage"] == "ids must contain no more than 50 elements."


async def test_a_refused_alias_takes_all_data_with_it_and_stops_the_rest(client: Client) -> None:
    """Payloads are not nullable: what ran before has happened, what comes after has not, and nothing tells."""
    one, two, three = [(await client.issue(str(number)))["id"] for number in range(3)]
    query = f"""mutation {{
      a: issueUpdate(id: "{one}", input: {{priority: 1}}) {{ issue {{ id }} }}
      b: issueUpdate(id: "{two}", input: {{priority: 9}}) {{ issue {{ id }} }}
      c: issueUpdate(id: "{three}", input: {{priority: 1}}) {{ issue {{ id }} }}
    }}"""

    answer = (await client.send(query)).json()

    assert answer["data"] is None
    assert [error["path"] for error in answer["errors"]] == [["b"]]
    assert [client.shown(name)["priority"] for name in (one, two, three)] == ["Urgent", "No priority", "No priority"]


async def test_somebody_from_outside_starts_in_triage(client: Client) -> None:
    query = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { issue { identifier state { type } } } }"
    made = await client.data(query, input={"title": "Help", "teamId": client.team("OPS")})

    assert made["issueCreate"]["issue"] == {"identifier": "OPS-1", "state": {"type": "triage"}}


async def test_only_an_app_writes_as_somebody(client: Client) -> None:
    given = {"title": "One", "teamId": client.team(), "createAsUser": "Ada Example"}
    assert (await client.refused(CREATE, input=given))["extensions"]["code"] == "FORBIDDEN"

    client.authorization = f"Bearer {client.linear.app_token()}"
    await client.data(CREATE, input=given)
    told = await read(client, "API-1")
    assert (told["creator"], told["botActor"]) == (None, {"name": "syncd", "userDisplayName": "Ada Example"})
