"""Comments, relations, attachments, projects, milestones, initiatives and cycles, and people who edit them by hand."""

from __future__ import annotations

import pytest

from syncd.errors import ConfigError
from tests.sandbox.linear.client import Client


async def test_comments_are_threaded_and_only_their_authors(client: Client) -> None:
    await client.issue("One")
    first = client.linear.add("comment", "API-1", {"body": "- Hello"}, by="ada")
    client.clock.advance(1)
    reply = await client.make(
        "commentCreate", "comment { id body parentId issueId }", issueId="API-1", parentId=first["id"], body="Hi"
    )
    below = await client.make(
        "commentCreate", "comment { parentId }", issueId="API-1", parentId=reply["comment"]["id"], body="Me too"
    )
    assert (first["body"], reply["comment"]["parentId"]) == ("* Hello", first["id"])
    assert below["comment"]["parentId"] == first["id"]
    assert client.shown("API-1")["updated_at"] == "2026-11-20T09:30:16.250Z"

    told = (await client.edit("commentUpdate", reply["comment"]["id"], "comment { editedAt }", body="Hi!"))["comment"]
    assert told["editedAt"] == "2026-11-20T09:30:16.250Z"
    query = 'mutation($id: String!) { commentUpdate(id: $id, input: {body: "x"}) { success } }'
    assert (await client.refused(query, id=first["id"]))["extensions"]["code"] == "FORBIDDEN"

    client.linear.delete(str(first["id"]))
    assert (await client.data("{ comments { nodes { id } } }"))["comments"]["nodes"] == []


async def test_a_comment_is_created_under_the_clients_id(client: Client) -> None:
    await client.issue("One")
    own = "0b4f6a52-8c1d-4f7e-9a3b-2d5c7e9f1a3b"
    made = await client.make("commentCreate", "comment { id url }", issueId="API-1", body="Hi", id=own)
    assert made["comment"] == {"id": own, "url": "https://linear.app/acme/issue/API-1/one#comment-0b4f6a52"}


async def test_relations_touch_both_unless_switched_off(client: Client) -> None:
    one, two = await client.issue("One"), await client.issue("Two")
    client.clock.advance(1)
    made = await client.make(
        "issueRelationCreate", "issueRelation { id type }", issueId=one["id"], relatedIssueId=two["id"], type="blocks"
    )
    assert client.shown("API-2")["blocked_by"] == ["API-1"]
    assert client.shown("API-1")["updated_at"] == client.shown("API-2")["updated_at"] == "2026-11-20T09:30:16.250Z"

    client.linear.tune("relations_touch", "off")
    client.clock.advance(1)
    await client.act("issueRelationDelete", made["issueRelation"]["id"], "entityId")
    assert client.shown("API-2")["blocked_by"] == []
    assert client.shown("API-2")["updated_at"] == "2026-11-20T09:30:16.250Z"


async def test_a_duplicate_moves_to_its_own_state(client: Client) -> None:
    one, two = await client.issue("One"), await client.issue("Two")
    await client.make(
        "issueRelationCreate", "issueRelation { id }", issueId=two["id"], relatedIssueId=one["id"], type="duplicate"
    )
    assert client.shown("API-2")["state_type"] == "duplicate"


async def test_an_attachment_is_one_a_url(client: Client) -> None:
    made = await client.issue("One")
    url = "https://pmo.example/browse/PMO-1"
    sent = {"issueId": made["id"], "url": url}
    first = await client.make("attachmentCreate", "attachment { id }", title="PMO-1", **sent)
    again = await client.make("attachmentCreate", "attachment { id title }", title="PMO-1: done", **sent)

    assert again["attachment"] == {"id": first["attachment"]["id"], "title": "PMO-1: done"}
    query = "query($url: String!) { attachmentsForURL(url: $url) { nodes { issue { identifier } } } }"
    assert (await client.data(query, url=url))["attachmentsForURL"]["nodes"] == [{"issue": {"identifier": "API-1"}}]


async def test_a_project_goes_through_its_life(client: Client) -> None:
    statuses = {one.type: one.id for one in client.linear.state.organization.project_statuses}
    made = await client.make(
        "projectCreate", "project { id slugId status { type } }", name="Sign-on", teamIds=[client.team()]
    )
    assert made["project"]["status"] == {"type": "backlog"}
    name = made["project"]["id"]
    await client.edit(
        "projectUpdate",
        name,
        "project { id }",
        statusId=statuses["started"],
        leadId=client.user("ada"),
        targetDate="2026-12-31",
        targetDateResolution="quarter",
        content="- Goal",
    )
    await client.make("projectUpdateCreate", "projectUpdate { health }", projectId=name, health="atRisk", body="Late")
    query = """query($id: String!) { project(id: $id) {
      name content health startedAt targetDate targetDateResolution lead { displayName } trashed } }"""
    told = (await client.data(query, id=f"sign-on-{made['project']['slugId']}"))["project"]
    assert told == {
        "name": "Sign-on",
        "content": "* Goal",
        "health": "atRisk",
        "startedAt": "2026-11-20T09:30:15.250Z",
        "targetDate": "2026-12-31",
        "targetDateResolution": "quarter",
        "lead": {"displayName": "ada"},
        "trashed": None,
    }
    await client.act("projectDelete", name, "entity { trashed }")
    assert (await client.data("{ projects { nodes { id } } }"))["projects"]["nodes"] == []
    assert (await client.data(query, id=name))["project"]["trashed"] is True


async def test_a_short_description_has_its_limit(client: Client) -> None:
    query = "mutation($input: ProjectCreateInput!) { projectCreate(input: $input) { success } }"
    error = await client.refused(query, input={"name": "X", "teamIds": [client.team()], "description": "x" * 256})
    assert (
        error["extensions"]["userPresentableMessage"] == "description must be shorter than or equal to 255 characters."
    )


async def test_a_milestones_status_is_computed(client: Client) -> None:
    client.linear.add("project", "API", {"title": "Project"})
    for name, day in (("Past", "2026-11-19"), ("Soon", "2026-12-01"), ("Later", None)):
        client.linear.add("milestone", "project/project", {"title": name, "target_date": day})
    client.linear.add("issue", "API", {"title": "One", "project": "project/project", "milestone": "Past"})

    assert [client.shown(name)["status"] for name in ("Past", "Soon", "Later")] == ["overdue", "unstarted", "unstarted"]
    client.linear.set("API-1", "state", "Done")
    told = await client.data("{ projectMilestones { nodes { name status progress } } }")
    assert told["projectMilestones"]["nodes"] == [
        {"name": "Later", "status": "unstarted", "progress": 0},
        {"name": "Soon", "status": "next", "progress": 0},
        {"name": "Past", "status": "done", "progress": 100},
    ]
    client.linear.delete("Past")
    assert client.shown("API-1")["milestone"] is None


async def test_a_project_is_tied_to_an_initiative_once(client: Client) -> None:
    client.linear.add("project", "API", {"title": "Project"})
    client.linear.add("initiative", "", {"title": "Goal"})
    sent = {"initiativeId": client.id_of("initiative/goal"), "projectId": client.id_of("project/project")}
    made = await client.make("initiativeToProjectCreate", "initiativeToProject { id }", **sent)
    assert client.shown("Project")["initiatives"] == ["Goal"]

    query = "mutation($input: InitiativeToProjectCreateInput!) { initiativeToProjectCreate(input: $input) { success } }"
    assert (await client.refused(query, input=sent))["message"] == "The project is part of the initiative already"
    await client.act("initiativeToProjectDelete", made["initiativeToProject"]["id"], "entityId")
    assert client.shown("Project")["initiatives"] == []


async def test_cycles_begin_at_midnight_where_their_team_is(client: Client) -> None:
    query = "{ cycles(filter: {isActive: {eq: true}}) { nodes { number startsAt endsAt team { key } } } }"
    told = {one["team"]["key"]: one for one in (await client.data(query))["cycles"]["nodes"]}

    assert told["API"]["startsAt"] == "2026-11-16T08:00:00.000Z"
    assert told["API"]["endsAt"] == "2026-11-30T08:00:00.000Z"
    assert told["WEB"]["endsAt"] == "2026-11-30T00:00:00.000Z"


# --- people --------------------------------------------------------------------------------


def test_the_portfolio_is_planted_in_linears_words(planted: Client) -> None:
    lines = planted.linear.show()
    assert isinstance(lines, list)
    count = {kind: sum(line["type"] == kind for line in lines) for kind in ("Issue", "Project", "Milestone")}
    assert count["Project"] == 4
    assert count["Milestone"] == 8
    assert count["Issue"] == 68
    issue = planted.shown("API-1")
    assert (issue["project"], issue["milestone"]) == ("Enterprise single sign-on", "SSO beta")
    assert issue["updated_at"] == "2026-11-19T09:30:15.250Z"
    assert planted.linear.set("API-1", "title", "Other")["updated_at"] == "2026-11-20T09:30:15.250Z"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("title", "Other", {"title": "Other"}),
        ("description", "- a", {"description": "* a"}),
        ("status", "in review", {"state": "In Review"}),
        ("priority", "high", {"priority": "High"}),
        ("due_on", "2027-01-02", {"due_date": "2027-01-02"}),
        ("due_date", None, {"due_date": None}),
        ("assignee", "Ben Example", {"assignee": "ben"}),
        ("labels", "x, y", {"labels": ["x", "y"]}),
        ("estimate", 3, {"estimate": 3.0}),
        ("cycle", 4, {"cycle": "API/cycle/4"}),
        ("team", "WEB", {"key": "WEB-1", "previous_identifiers": ["API-1"], "state": "Icebox"}),
    ],
)
def test_a_person_edits_any_field_by_name(client: Client, field: str, value: object, told: dict[str, object]) -> None:
    client.linear.add("issue", "API", {"title": "One", "labels": "old", "due_date": "2026-12-01"})
    after = client.linear.set("API-1", field, value, by="ada")
    assert after | told == after


@pytest.mark.parametrize(
    ("key", "field", "value", "told"),
    [
        ("API-9", "title", "x", 'sandbox linear: no item "API-9"\n  fix: did you mean API-1'),
        ("API-1", "tilte", "x", 'sandbox linear: API-1: no field "tilte"\n  fix: did you mean title'),
        ("API-1", "state", "Dune", 'sandbox linear: API: no state "Dune"\n  fix: did you mean Done?'),
        ("API-1", "title", " ", "sandbox linear: API-1: title must be longer than or equal to 1 characters."),
    ],
)
def test_a_slip_is_answered_with_what_is_allowed(
    client: Client, key: str, field: str, value: object, told: str
) -> None:
    client.linear.add("issue", "API", {"title": "One"})
    with pytest.raises(ConfigError) as caught:
        client.linear.set(key, field, value)
    assert str(caught.value).startswith(told)
