"""The project: items, cells, drafts, archive, REDACTED, and what an admin does to its fields."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.github.client import Client

FIELDS = """query ($id: ID!) { node(id: $id) { ... on ProjectV2 {
  number title url closed public viewerCanUpdate owner { id } creator { login }
  repositories(first: 5) { nodes { nameWithOwner } }
  field(name: "sTATUS") { __typename ... on ProjectV2SingleSelectField { options(names: ["Done"]) { name } } }
  fields(first: 50) { totalCount nodes { __typename
    ... on ProjectV2FieldCommon { id name dataType createdAt updatedAt databaseId project { id } }
    ... on ProjectV2SingleSelectField { options { id name color description } }
    ... on ProjectV2IterationField { configuration { duration startDay
      iterations { id title startDate duration } completedIterations { id title startDate duration } } }
  } } } } }"""
ITEM = """query ($id: ID!) { node(id: $id) { ... on ProjectV2Item {
  id databaseId type isArchived createdAt updatedAt project { number } creator { login }
  status: fieldValueByName(name: "Status") { ... on ProjectV2ItemFieldSingleSelectValue { name optionId } }
  content { __typename ... on Issue { number title }
    ... on DraftIssue { id title body creator { login } assignees(first: 5) { nodes { login } } updatedAt
      projectV2Items(first: 5) { nodes { id } } } }
  fieldValues(first: 50) { nodes { __typename
    ... on ProjectV2ItemFieldTextValue { text }
    ... on ProjectV2ItemFieldNumberValue { number field { ... on ProjectV2FieldCommon { name } } item { id } }
    ... on ProjectV2ItemFieldDateValue { date createdAt updatedAt creator { login } }
    ... on ProjectV2ItemFieldSingleSelectValue { name optionId color description }
    ... on ProjectV2ItemFieldIterationValue { title iterationId startDate duration }
    ... on ProjectV2ItemFieldLabelValue { labels(first: 5) { nodes { name } } }
    ... on ProjectV2ItemFieldUserValue { users(first: 5) { nodes { login } } }
    ... on ProjectV2ItemFieldMilestoneValue { milestone { title } }
    ... on ProjectV2ItemFieldRepositoryValue { repository { name } }
  } } } } }"""
ITEMS = """query ($id: ID!, $first: Int!, $after: String, $query: String) { node(id: $id) { ... on ProjectV2 {
  items(first: $first, after: $after, query: $query) {
    totalCount pageInfo { hasNextPage endCursor } nodes { id content { ... on Issue { number } } }
  } } } }"""


async def item(client: Client, key: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(ITEM, id=client.item_of(key)))["node"]
    return found


async def items(client: Client, *, first: int = 100, after: str | None = None, query: str = "") -> dict[str, Any]:
    data = await client.data(ITEMS, id=client.project, first=first, after=after, query=query)
    found: dict[str, Any] = data["node"]["items"]
    return found


def listed(page: dict[str, Any]) -> list[int]:
    return [node["content"]["number"] for node in page["nodes"]]


async def write(client: Client, key: str, field: str, **value: object) -> None:
    await client.do(
        "updateProjectV2ItemFieldValue",
        "projectV2Item { id }",
        projectId=client.project,
        itemId=client.item_of(key),
        fieldId=client.field(field),
        value=value,
    )


async def test_the_project_tells_its_fields_with_options_and_iterations(client: Client) -> None:
    found = (await client.data(FIELDS, id=client.project))["node"]

    by_name = {field["name"]: field for field in found["fields"]["nodes"]}
    assert (found["number"], found["title"], found["owner"]["id"]) == (7, "Platform", client.hub.project.owner.id)
    assert [option["name"] for option in by_name["Status"]["options"]] == ["Todo", "In Progress", "In Review", "Done"]
    assert by_name["Target date"]["dataType"] == "DATE"
    assert by_name["Iteration"]["configuration"]["startDay"] == 1
    assert [one["title"] for one in by_name["Iteration"]["configuration"]["completedIterations"]] == [
        "Iteration 2",
        "Iteration 1",
    ]
    assert len(by_name["Iteration"]["configuration"]["iterations"]) == 4
    assert found["field"] == {"__typename": "ProjectV2SingleSelectField", "options": [{"name": "Done"}]}


async def test_every_kind_of_cell_is_written_read_back_and_cleared(client: Client) -> None:
    client.hub.add_milestone("api", "Beta")
    key = client.hub.add_issue("api", "Cells", labels="a", assignees="ada", milestone="Beta")
    client.hub.state.add_field(client.hub.project, "Note", "TEXT")
    iteration = client.hub.column("Iteration").iterations[3]
    await write(client, key, "Status", singleSelectOptionId=client.option("Status", "In Review"))
    await write(client, key, "Estimate", number=3)
    await write(client, key, "Target date", date="2026-05-01")
    await write(client, key, "Iteration", iterationId=iteration.id)
    await write(client, key, "Note", text="remember")

    cells = (await item(client, key))["fieldValues"]["nodes"]
    told = {cell["__typename"].removeprefix("ProjectV2ItemField"): cell for cell in cells}
    assert [cell["text"] for cell in cells if "text" in cell] == ["Cells", "remember"]
    assert told["SingleSelectValue"]["name"] == "In Review"
    assert told["NumberValue"]["number"] == 3
    assert told["DateValue"]["date"] == "2026-05-01"
    assert told["IterationValue"]["title"] == "Iteration 4"
    assert told["LabelValue"]["labels"] == {"nodes": [{"name": "a"}]}
    assert told["UserValue"]["users"] == {"nodes": [{"login": "ada"}]}
    assert told["MilestoneValue"]["milestone"] == {"title": "Beta"}
    assert told["RepositoryValue"]["repository"] == {"name": "api"}

    for field in ("Status", "Estimate", "Target date", "Iteration", "Note"):
        await client.do(
            "clearProjectV2ItemFieldValue",
            "projectV2Item { id }",
            projectId=client.project,
            itemId=client.item_of(key),
            fieldId=client.field(field),
        )
    assert len((await item(client, key))["fieldValues"]["nodes"]) == 5


async def test_a_cell_moves_the_item_and_not_the_issue_and_an_issue_edit_not_the_item(client: Client) -> None:
    key = client.hub.add_issue("api", "Clocks")
    client.clock.move(60)
    await write(client, key, "Estimate", number=1)
    client.clock.move(60)
    client.hub.set(key, "title", "Other clocks")
    client.clock.move(60)
    await write(client, key, "Estimate", number=1)

    shown = client.shown(key)
    assert (shown["item_updated_at"], shown["updated_at"]) == ("2026-03-02T09:01:00Z", "2026-03-02T09:02:00Z")


@pytest.mark.parametrize(
    ("field", "value", "kind", "message"),
    [
        ("Status", {"singleSelectOptionId": "f75ad846"}, "VALIDATION", "does not belong to the field"),
        ("Iteration", {"iterationId": "nope"}, "VALIDATION", "does not belong to the field"),
        ("Estimate", {"text": "three"}, "VALIDATION", "Did not receive a number value"),
        ("Title", {"text": "by the back door"}, "VALIDATION", "Did not receive a title value"),
        ("Estimate", {"number": 1, "text": "both"}, "VALIDATION", "Did not receive a number value"),
    ],
)
async def test_a_value_the_field_cannot_hold_is_refused(
    client: Client, field: str, value: dict[str, object], kind: str, message: str
) -> None:
    key = client.hub.add_issue("api", "Strict")

    error = await client.refused(
        "updateProjectV2ItemFieldValue",
        projectId=client.project,
        itemId=client.item_of(key),
        fieldId=client.field(field),
        value=value,
    )

    assert error["type"] == kind
    assert message in error["message"]


async def test_a_text_over_1024_characters_is_refused_as_recorded(client: Client) -> None:
    key = client.hub.add_issue("api", "Long")
    client.hub.state.add_field(client.hub.project, "Note", "TEXT")
    given = {"projectId": client.project, "itemId": client.item_of(key), "fieldId": client.field("Note")}

    error = await client.refused("updateProjectV2ItemFieldValue", **given, value={"text": "." * 1025})

    assert (error["type"], error["message"]) == (
        "UNPROCESSABLE",
        "Column value must be a valid value for text column",
    )


async def test_adding_an_item_again_returns_the_one_there_is_even_archived(client: Client) -> None:
    key = client.hub.add("issue", "api", {"title": "Once", "project": False})["key"]
    given = {"projectId": client.project, "contentId": client.id_of(str(key))}
    first = await client.do("addProjectV2ItemById", "item { id isArchived }", **given)
    second = await client.do("addProjectV2ItemById", "item { id isArchived }", **given)
    assert first == second
    where = {"projectId": client.project, "itemId": first["item"]["id"]}

    await client.do("archiveProjectV2Item", "item { isArchived }", **where)

    third = await client.do("addProjectV2ItemById", "item { id isArchived }", **given)
    assert third["item"] == {"id": first["item"]["id"], "isArchived": True}


async def test_an_archived_item_is_not_listed_and_still_reads(client: Client) -> None:
    keys = [client.hub.add_issue("api", f"Issue {index}") for index in range(3)]
    where = {"projectId": client.project, "itemId": client.item_of(keys[1])}
    client.clock.move(60)
    await client.do("archiveProjectV2Item", "item { id }", **where)

    assert listed(await items(client)) == [1, 3]
    found = await item(client, keys[1])
    assert (found["isArchived"], found["type"], found["updatedAt"]) == (True, "ISSUE", "2026-03-02T09:01:00Z")

    await client.do("unarchiveProjectV2Item", "item { id isArchived }", **where)
    assert listed(await items(client)) == [1, 2, 3]


async def test_a_page_starts_one_late_when_an_item_leaves_in_between(client: Client) -> None:
    """Recorded cursors are offsets, so this is what happens: whoever scans must cope."""
    keys = [client.hub.add_issue("api", f"Issue {index}") for index in range(4)]
    page = await items(client, first=2)
    assert page["pageInfo"] == {"hasNextPage": True, "endCursor": "Mg"}

    client.hub.archive(keys[0])

    rest = await items(client, first=2, after="Mg")
    assert (listed(page), listed(rest)) == ([1, 2], [4])


async def test_a_removed_item_is_gone_and_its_issue_stays(client: Client) -> None:
    key = client.hub.add_issue("api", "Leaving")
    where = {"projectId": client.project, "itemId": client.item_of(key)}

    payload = await client.do("deleteProjectV2Item", "deletedItemId", **where)

    assert payload["deletedItemId"] == where["itemId"]
    answer = await client.ask(ITEM, id=where["itemId"])
    assert answer["data"] == {"node": None}
    assert answer["errors"][0]["type"] == "NOT_FOUND"
    assert (await client.data("query ($id: ID!) { node(id: $id) { id } }", id=client.id_of(key)))["node"]


async def test_a_redacted_item_shows_only_what_belongs_to_the_project(client: Client) -> None:
    key = client.hub.add_issue("api", "Secret", labels="a")
    await write(client, key, "Estimate", number=5)
    issue, row = client.id_of(key), client.item_of(key)
    client.hub.redact_item(key)

    found = (await client.data(ITEM, id=row))["node"]

    assert (found["type"], found["content"], found["isArchived"]) == ("REDACTED", None, False)
    assert [cell["__typename"] for cell in found["fieldValues"]["nodes"]] == ["ProjectV2ItemFieldNumberValue"]
    assert [node["id"] for node in (await items(client))["nodes"]] == [row]
    assert (await client.ask("query ($id: ID!) { node(id: $id) { id } }", id=issue))["errors"]

    client.hub.redact_item(key, hidden=False)
    assert (await item(client, key))["type"] == "ISSUE"


async def test_a_draft_becomes_an_issue_under_the_same_item(client: Client) -> None:
    ada = client.hub.people.person("ada").id
    made = await client.do(
        "addProjectV2DraftIssue",
        "projectItem { id type content { ... on DraftIssue { id } } }",
        projectId=client.project,
        title=" Idea ",
        body="rough",
        assigneeIds=[ada],
    )
    row, draft = made["projectItem"]["id"], made["projectItem"]["content"]["id"]
    assert made["projectItem"]["type"] == "DRAFT_ISSUE"
    await client.do("updateProjectV2DraftIssue", "draftIssue { title }", draftIssueId=draft, title="Better idea")
    found = await item(client, row)
    assert (found["content"]["title"], found["content"]["body"]) == ("Better idea", "rough")
    assert found["content"]["assignees"] == {"nodes": [{"login": "ada"}]}

    await client.do(
        "convertProjectV2DraftIssueItemToIssue", "item { id type }", itemId=row, repositoryId=client.repository("web")
    )

    converted = (await client.data(ITEM, id=row))["node"]
    assert converted["type"] == "ISSUE"
    assert converted["content"] == {"__typename": "Issue", "number": 1, "title": "Better idea"}
    assert (await client.ask("query ($id: ID!) { node(id: $id) { id } }", id=draft))["errors"][0]["type"] == "NOT_FOUND"


async def test_closing_an_issue_sets_done_and_the_other_way_only_when_switched_on(client: Client) -> None:
    key = client.hub.add_issue("api", "Workflow", Status="Todo")
    await client.do("closeIssue", "issue { id }", issueId=client.id_of(key))
    assert (await item(client, key))["status"]["name"] == "Done"

    other = client.hub.add_issue("api", "Other way")
    done = client.option("Status", "Done")
    await write(client, other, "Status", singleSelectOptionId=done)
    assert client.shown(other)["state"] == "open"

    assert client.hub.tune("close_on_done", "on")
    client.hub.set(other, "Status", "Todo")
    await write(client, other, "Status", singleSelectOptionId=done)
    assert client.shown(other)["state"] == "closed"

    assert client.hub.tune("done_on_close", "off")
    third = client.hub.add_issue("api", "Left alone", Status="Todo", state="closed")
    assert (await item(client, third))["status"]["name"] == "Todo"


async def test_an_edited_option_gets_a_new_id_and_a_deleted_one_empties_its_cells(client: Client) -> None:
    key = client.hub.add_issue("api", "Options", Status="In Review")
    old = client.option("Status", "In Review")
    client.clock.move(60)

    new = client.hub.rename_option("Status", "In Review", "Reviewing")

    assert (await item(client, key))["status"] == {"name": "Reviewing", "optionId": new}
    given = {"projectId": client.project, "itemId": client.item_of(key), "fieldId": client.field("Status")}
    assert (await client.refused("updateProjectV2ItemFieldValue", **given, value={"singleSelectOptionId": old}))[
        "type"
    ] == "VALIDATION"
    client.hub.delete_option("Status", "Reviewing")
    assert (await item(client, key))["status"] is None
    assert (await item(client, key))["updatedAt"] == "2026-03-02T09:00:00Z"


async def test_a_renamed_field_keeps_its_id(client: Client) -> None:
    before = client.field("Target date")
    client.hub.rename_field("Target date", "Due")

    fields = (await client.data(FIELDS, id=client.project))["node"]["fields"]["nodes"]

    assert {field["id"]: field["name"] for field in fields}[before] == "Due"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [1, 2, 3]),
        ("updated:>@today-2d", [2, 3]),
        ("updated:2026-03-04", [2]),
        ("updated:<2026-03-03", [1]),
        ("-last-updated:2days", [2, 3]),
        ("is:closed", [3]),
        ("is:issue label:a", [1]),
        ('status:"In Progress"', [2]),
        ("no:status", [1]),
        ("assignee:ada", [2]),
        ("second", [2]),
        ("nonsense:1", []),
    ],
)
async def test_items_are_filtered_by_day_and_never_finer(client: Client, query: str, expected: list[int]) -> None:
    client.hub.add_issue("api", "First", labels="a")
    client.clock.move(2 * 86_400)
    client.hub.add_issue("api", "Second", Status="In Progress", assignees="ada")
    client.clock.move(86_400)
    client.hub.add_issue("api", "Third", state="closed")
    client.hub.set("api#3", "Status", "Done")

    page = await items(client, query=query)

    assert listed(page) == expected
    assert page["totalCount"] == len(expected)


async def test_a_pull_request_may_be_an_item(client: Client) -> None:
    repository = client.hub.people.repository("api")
    pull = client.hub.state.add_pull_request(repository, "Code", author=client.hub.people.person("ada"))
    added = await client.do("addProjectV2ItemById", "item { id type }", projectId=client.project, contentId=pull.id)
    query = """query { repository(owner: "acme", name: "api") { issues(first: 5) { totalCount }
      issueOrPullRequest(number: 1) { __typename ... on PullRequest { number title url merged closed } } } }"""

    found = (await client.data(query))["repository"]

    assert added["item"]["type"] == "PULL_REQUEST"
    assert found["issues"] == {"totalCount": 0}
    assert found["issueOrPullRequest"]["url"] == "https://github.com/acme/api/pull/1"
