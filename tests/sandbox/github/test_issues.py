"""Issues: create, read back, edit, relate, list."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.sandbox.github.client import Client

READ = """query ($id: ID!) { node(id: $id) { ... on Issue {
  id databaseId fullDatabaseId number title body bodyText url resourcePath state stateReason closed createdAt updatedAt
  closedAt lastEditedAt locked repository { nameWithOwner owner { login } } author { login ... on User { id name } }
  issueType { id name color isEnabled } milestone { id title } parent { number }
  assignees(first: 10) { nodes { login } } labels(first: 10) { nodes { name color } }
  subIssues(first: 10) { nodes { number } } subIssuesSummary { total completed percentCompleted }
  blockedBy(first: 10) { nodes { number } } blocking(first: 10) { nodes { number } }
  issueDependenciesSummary { blockedBy totalBlockedBy blocking totalBlocking }
  projectItems(first: 10) { nodes { id isArchived } }
} } }"""
LIST = """query ($since: DateTime, $by: IssueOrderField!, $way: OrderDirection!, $first: Int!, $after: String) {
  repository(owner: "acme", name: "api") {
    issues(first: $first, after: $after, filterBy: {since: $since}, orderBy: {field: $by, direction: $way}) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { number } edges { cursor }
    }
  }
}"""


async def read(client: Client, key: str) -> dict[str, object]:
    found: dict[str, object] = (await client.data(READ, id=client.id_of(key)))["node"]
    return found


async def numbers(client: Client, **variables: object) -> list[int]:
    """Return the numbers of all pages."""
    found: list[int] = []
    after: object = None
    while True:
        asked = {"since": None, "by": "CREATED_AT", "way": "ASC", "first": 2, "after": after} | variables
        page = (await client.data(LIST, **asked))["repository"]["issues"]
        found += [node["number"] for node in page["nodes"]]
        assert [edge["cursor"] for edge in page["edges"]][-1:] == ([page["pageInfo"]["endCursor"]] if found else [])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_what_is_created_reads_back_whole(client: Client) -> None:
    milestone = client.hub.add_milestone("api", "Beta")
    parent = client.hub.add_issue("api", "Above")
    label = client.hub.people.label(client.hub.people.repository("api"), "sso").id
    ada = client.hub.people.person("ada").id
    types = client.hub.project.owner.issue_types

    made = await client.do(
        "createIssue",
        "clientMutationId issue { id number }",
        repositoryId=client.repository(),
        title="  Ship SSO \n",
        body="One\r\ntwo\0",
        labelIds=[label],
        assigneeIds=[ada],
        milestoneId=client.id_of(milestone),
        issueTypeId=types[2].id,
        parentIssueId=client.id_of(parent),
        projectV2Ids=[client.project],
        clientMutationId="only an echo",
    )

    assert made["clientMutationId"] == "only an echo"
    assert made["issue"]["number"] == 2
    found = await read(client, "acme/api#2")
    assert found["title"] == "Ship SSO"
    assert found["body"] == "One\r\ntwo"
    assert found["state"] == "OPEN"
    assert found["url"] == "https://github.com/acme/api/issues/2"
    assert found["author"] == {"login": "sync-bot", "id": client.hub.bot.id, "name": "syncd"}
    assert found["issueType"] == {"id": types[2].id, "name": "Bug", "color": "RED", "isEnabled": True}
    assert found["parent"] == {"number": 1}
    assert found["labels"] == {"nodes": [{"name": "sso", "color": "ededed"}]}
    assert found["assignees"] == {"nodes": [{"login": "ada"}]}
    assert found["projectItems"] == {"nodes": [{"id": client.item_of("api#2"), "isArchived": False}]}
    assert (await read(client, "api#1"))["subIssuesSummary"] == {"total": 1, "completed": 0, "percentCompleted": 0}


async def test_a_create_sent_twice_makes_two(client: Client) -> None:
    given = {"repositoryId": client.repository(), "title": "Twice", "clientMutationId": "same"}
    first = await client.do("createIssue", "issue { id }", **given)
    second = await client.do("createIssue", "issue { id }", **given)

    assert first != second
    assert await numbers(client) == [1, 2]


async def test_a_refused_create_leaves_nothing_behind(client: Client) -> None:
    other = client.hub.people.label(client.hub.people.repository("web"), "elsewhere").id

    error = await client.refused("createIssue", repositoryId=client.repository(), title="Half", labelIds=[other])

    assert error["type"] == "UNPROCESSABLE"
    assert await numbers(client) == []
    assert client.written() == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"title": " \t"}, "Title can't be blank"),
        ({"title": "x" * 257}, "Title is too long (maximum is 256 characters)"),
        ({"title": "ok", "body": "x" * 65_537}, "Body is too long (maximum is 65536 characters)"),
    ],
)
async def test_texts_github_cannot_hold_are_refused(client: Client, given: dict[str, str], message: str) -> None:
    error = await client.refused("createIssue", repositoryId=client.repository(), **given)

    assert (error["type"], error["path"], error["message"]) == ("UNPROCESSABLE", ["createIssue"], message)


async def test_only_what_is_given_changes_and_null_clears(client: Client) -> None:
    milestone = client.hub.add_milestone("api", "Beta")
    key = client.hub.add_issue("api", "Old", body="kept", labels="a, b", assignees="ada", milestone="Beta", type="Bug")
    client.clock.move(60)

    await client.do("updateIssue", "issue { id } actor { login }", id=client.id_of(key), title="New")
    shown = client.shown(key)
    assert (shown["body"], shown["labels"], shown["milestone"]) == ("kept", ["a", "b"], "Beta")
    assert client.hub.people.find(key).updated_at == "2026-03-02T09:01:00Z"

    label = client.hub.people.label(client.hub.people.repository("api"), "c").id
    await client.do(
        "updateIssue",
        "issue { id }",
        id=client.id_of(key),
        milestoneId=None,
        issueTypeId=None,
        labelIds=[label],
        assigneeIds=[],
        state="CLOSED",
    )
    found = await read(client, key)
    assert (found["milestone"], found["issueType"], found["state"]) == (None, None, "CLOSED")
    assert found["labels"] == {"nodes": [{"name": "c", "color": "ededed"}]}
    assert found["assignees"] == {"nodes": []}
    assert client.shown(milestone)["issues"] == []


async def test_an_update_that_is_refused_in_part_changes_nothing(client: Client) -> None:
    key = client.hub.add_issue("api", "Old")
    other = client.id_of(client.hub.add_milestone("web", "Elsewhere"))

    error = await client.refused("updateIssue", id=client.id_of(key), title="New", milestoneId=other)

    assert error["message"] == "Milestone does not belong to the same repository as the issue"
    assert client.shown(key)["title"] == "Old"


async def test_an_update_that_changes_nothing_is_no_update(client: Client) -> None:
    key = client.hub.add_issue("api", "Same", body="same", labels="a")
    before = await read(client, key)
    client.clock.move(60)

    await client.do("updateIssue", "issue { id }", id=client.id_of(key), title=" Same ", body="same")

    assert await read(client, key) == before


async def test_labels_and_assignees_are_added_and_removed_one_by_one(client: Client) -> None:
    key = client.hub.add_issue("api", "Set", labels="a, b", assignees="ada")
    repository = client.hub.people.repository("api")
    (b, c) = (client.hub.people.label(repository, name).id for name in "bc")
    (ada, ben) = (client.hub.people.person(login).id for login in ("ada", "ben"))
    issue = client.id_of(key)

    await client.do("addLabelsToLabelable", "labelable { __typename }", labelableId=issue, labelIds=[b, c])
    await client.do("removeLabelsFromLabelable", "clientMutationId", labelableId=issue, labelIds=[b])
    await client.do("addAssigneesToAssignable", "clientMutationId", assignableId=issue, assigneeIds=[ben])
    await client.do("removeAssigneesFromAssignable", "assignable { __typename }", assignableId=issue, assigneeIds=[ada])

    shown = client.shown(key)
    assert (shown["labels"], shown["assignees"]) == (["a", "c"], ["ben"])


async def test_whoever_cannot_be_assigned_is_silently_left_out(client: Client) -> None:
    key = client.hub.add_issue("api", "Alone")
    ada = client.hub.people.person("ada").id
    client.hub.deactivate("ada")

    await client.do("addAssigneesToAssignable", "clientMutationId", assignableId=client.id_of(key), assigneeIds=[ada])

    assert (await read(client, key))["assignees"] == {"nodes": []}


async def test_closing_keeps_its_reason_and_reopening_clears_the_time(client: Client) -> None:
    key = client.hub.add_issue("api", "Done")
    issue = client.id_of(key)

    await client.do("closeIssue", "issue { id }", issueId=issue, stateReason="NOT_PLANNED")
    closed = await read(client, key)
    assert (closed["state"], closed["stateReason"], closed["closedAt"]) == (
        "CLOSED",
        "NOT_PLANNED",
        "2026-03-02T09:00:00Z",
    )
    await client.do("reopenIssue", "issue { id }", issueId=issue)
    opened = await read(client, key)
    assert (opened["state"], opened["stateReason"], opened["closedAt"]) == ("OPEN", "REOPENED", None)


async def test_a_duplicate_is_told_only_to_those_who_ask(client: Client) -> None:
    key = client.hub.add_issue("api", "Again", state="duplicate")
    query = (
        "query ($id: ID!) { node(id: $id) { ... on Issue { stateReason all: stateReason(enableDuplicate: true) } } }"
    )

    found = (await client.data(query, id=client.id_of(key)))["node"]

    assert found == {"stateReason": "NOT_PLANNED", "all": "DUPLICATE"}


async def test_sub_issues_have_one_parent_and_no_cycle(client: Client) -> None:
    top, middle, leaf = (client.hub.add_issue("api", title) for title in ("Top", "Middle", "Leaf"))
    a, b, c = map(client.id_of, (top, middle, leaf))
    await client.do("addSubIssue", "issue { id } subIssue { id }", issueId=a, subIssueId=b)
    await client.do("addSubIssue", "issue { id }", issueId=b, subIssueUrl="https://github.com/acme/api/issues/3")

    for parent, child in ((c, a), (a, a)):
        assert "cycle" in (await client.refused("addSubIssue", issueId=parent, subIssueId=child))["message"]
    second = await client.refused("addSubIssue", issueId=a, subIssueId=c)
    assert second["message"] == "Sub issue may only have one parent"
    await client.do("addSubIssue", "issue { id }", issueId=a, subIssueId=c, replaceParent=True)
    assert (await read(client, top))["subIssues"] == {"nodes": [{"number": 2}, {"number": 3}]}

    await client.do("removeSubIssue", "issue { id } subIssue { id }", issueId=a, subIssueId=c)
    assert (await read(client, leaf))["parent"] is None
    assert (await client.refused("removeSubIssue", issueId=a, subIssueId=c))["type"] == "UNPROCESSABLE"


async def test_nesting_ends_at_eight_levels(client: Client) -> None:
    ids = [client.id_of(client.hub.add_issue("api", f"Level {level}")) for level in range(9)]
    for above, below in pairwise(ids[:8]):
        await client.do("addSubIssue", "clientMutationId", issueId=above, subIssueId=below)

    error = await client.refused("addSubIssue", issueId=ids[7], subIssueId=ids[8])

    assert error["message"] == "Sub-issues cannot be nested more than 8 layers deep"


async def test_a_parent_has_only_so_many_sub_issues(client: Client) -> None:
    client.hub.state.max_sub_issues = 2
    parent, *children = [client.id_of(client.hub.add_issue("api", f"Issue {index}")) for index in range(4)]
    for child in children[:2]:
        await client.do("addSubIssue", "clientMutationId", issueId=parent, subIssueId=child)

    error = await client.refused("addSubIssue", issueId=parent, subIssueId=children[2])

    assert error["message"] == "Parent cannot have more than 2 sub-issues"


async def test_dependencies_are_told_from_both_ends(client: Client) -> None:
    first, second = (client.hub.add_issue("api", title) for title in ("First", "Second"))
    given = {"issueId": client.id_of(second), "blockingIssueId": client.id_of(first)}

    await client.do("addBlockedBy", "issue { id } blockingIssue { id }", **given)
    assert (await client.refused("addBlockedBy", **given))["type"] == "UNPROCESSABLE"
    client.hub.set(first, "state", "closed")
    assert (await read(client, second))["issueDependenciesSummary"] == {
        "blockedBy": 0,
        "totalBlockedBy": 1,
        "blocking": 0,
        "totalBlocking": 0,
    }
    assert (await read(client, first))["blocking"] == {"nodes": [{"number": 2}]}

    await client.do("removeBlockedBy", "issue { id }", **given)
    assert (await read(client, second))["blockedBy"] == {"nodes": []}


async def test_a_type_is_given_and_taken(client: Client) -> None:
    key = client.hub.add_issue("api", "Typed")
    epic = client.hub.project.owner.issue_types[0].id

    for given, name in ((epic, "Epic"), (None, None)):
        payload = await client.do(
            "updateIssueIssueType", "issue { issueType { name } }", issueId=client.id_of(key), issueTypeId=given
        )
        assert payload["issue"]["issueType"] == (None if name is None else {"name": name})


async def test_label_names_are_unique_whatever_their_case(client: Client) -> None:
    given = {"repositoryId": client.repository(), "color": "ff0000"}
    made = await client.do("createLabel", "label { id name color }", name="SSO", **given)

    assert made["label"]["name"] == "SSO"
    error = await client.refused("createLabel", name="sso", **given)
    assert (error["type"], error["message"]) == ("UNPROCESSABLE", "Name has already been taken")
    query = 'query { repository(owner: "ACME", name: "Api") { label(name: "sSo") { id } } }'
    assert (await client.data(query))["repository"]["label"] == {"id": made["label"]["id"]}


async def test_pages_by_creation_cover_everything_in_both_directions(client: Client) -> None:
    for index in range(5):
        client.hub.add_issue("api", f"Issue {index}")

    assert await numbers(client) == [1, 2, 3, 4, 5]
    assert await numbers(client, way="DESC") == [5, 4, 3, 2, 1]
    assert await numbers(client, first=100) == [1, 2, 3, 4, 5]


async def test_since_is_inclusive_and_an_update_moves_an_issue_to_the_end(client: Client) -> None:
    for index in range(4):
        client.hub.add_issue("api", f"Issue {index}")
        client.clock.move(60)
    client.hub.set("api#2", "title", "Edited last")

    assert await numbers(client, by="UPDATED_AT", since="2026-03-02T09:02:00Z") == [3, 4, 2]
    assert await numbers(client, by="UPDATED_AT", since="2026-03-02T10:02:01+01:00") == [4, 2]
    assert await numbers(client, by="UPDATED_AT", way="DESC") == [2, 4, 3, 1]
    assert await numbers(client, since="2026-03-02T09:02:00Z") == [2, 3, 4]


async def test_an_issue_edited_while_somebody_pages_is_met_again_at_the_end(client: Client) -> None:
    for index in range(3):
        client.hub.add_issue("api", f"Issue {index}")
    asked = {"since": None, "by": "UPDATED_AT", "way": "ASC", "first": 2}
    page = (await client.data(LIST, **asked, after=None))["repository"]["issues"]
    client.hub.set("api#1", "title", "Edited in between")

    rest = (await client.data(LIST, **asked, after=page["pageInfo"]["endCursor"]))["repository"]["issues"]

    assert [node["number"] for node in page["nodes"]] == [1, 2]
    assert [node["number"] for node in rest["nodes"]] == [3, 1]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"states": ["CLOSED"]}, [2]),
        ({"states": ["OPEN", "CLOSED"]}, [1, 2, 3]),
        ({"createdBy": "ben"}, [3]),
        ({"assignee": "ADA"}, [1]),
        ({"assignee": "*"}, [1]),
        ({"labels": ["A"]}, [1, 2]),
        ({"milestoneNumber": "1"}, [3]),
        ({"milestone": "*"}, [3]),
        ({"type": "Epic"}, [2]),
    ],
)
async def test_each_filter_lists_what_it_says(client: Client, filters: dict[str, object], expected: list[int]) -> None:
    client.hub.add_milestone("api", "Beta")
    client.hub.add("issue", "api", {"title": "One", "labels": "a", "assignees": "ada"})
    client.hub.add("epic", "api", {"title": "Two", "labels": ["a", "b"], "state": "closed"})
    client.hub.add("issue", "api", {"title": "Three", "milestone": "Beta"}, by="ben")
    query = """query ($filters: IssueFilters) { repository(owner: "acme", name: "api") {
      issues(first: 10, filterBy: $filters) { totalCount nodes { number } } } }"""

    found = (await client.data(query, filters=filters))["repository"]["issues"]

    assert [node["number"] for node in found["nodes"]] == expected
    assert found["totalCount"] == len(expected)


async def test_the_last_page_can_be_asked_for_from_the_end(client: Client) -> None:
    for index in range(5):
        client.hub.add_issue("api", f"Issue {index}")
    query = """query ($before: String) { repository(owner: "acme", name: "api") {
      issues(last: 2, before: $before) { pageInfo { hasPreviousPage hasNextPage startCursor } nodes { number } } } }"""

    end = (await client.data(query, before=None))["repository"]["issues"]
    before = (await client.data(query, before=end["pageInfo"]["startCursor"]))["repository"]["issues"]

    assert [node["number"] for node in end["nodes"]] == [4, 5]
    assert [node["number"] for node in before["nodes"]] == [2, 3]
    assert (end["pageInfo"]["hasPreviousPage"], before["pageInfo"]["hasNextPage"]) == (True, True)


async def test_a_deleted_issue_is_gone_and_its_number_is_not_given_again(client: Client) -> None:
    parent, key = client.hub.add_issue("api", "Above"), client.hub.add_issue("api", "Doomed", parent="api#1")
    item, issue = client.item_of(key), client.id_of(key)

    await client.do("deleteIssue", "repository { name }", issueId=issue)

    for gone in (item, issue):
        answer = await client.ask("query ($id: ID!) { node(id: $id) { id } }", id=gone)
        assert answer["errors"][0]["type"] == "NOT_FOUND"
    assert (await read(client, parent))["subIssues"] == {"nodes": []}
    assert client.hub.add_issue("api", "Next") == "acme/api#3"
    assert await numbers(client) == [1, 3]
