"""Lists, their filters and pages, and everything that bars a request: keys, limits, faults."""

from __future__ import annotations

import pytest

from syncd.sandbox.linear.markdown import RULES, saved
from tests.sandbox.linear.client import Client

LIST = """query($filter: IssueFilter, $first: Int, $after: String, $orderBy: PaginationOrderBy, $all: Boolean) {
  issues(filter: $filter, first: $first, after: $after, orderBy: $orderBy, includeArchived: $all) {
    nodes { identifier } pageInfo { hasNextPage endCursor } } }"""


async def listed(client: Client, **variables: object) -> tuple[list[str], bool, str | None]:
    page = (await client.data(LIST, **variables))["issues"]
    return [one["identifier"] for one in page["nodes"]], page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]


async def make(client: Client, count: int) -> None:
    for number in range(count):
        await client.issue(str(number))
        client.clock.advance(1)


async def test_pages_follow_each_other_newest_first(client: Client) -> None:
    await make(client, 5)

    first, more, cursor = await listed(client, first=2)
    second, _, cursor = await listed(client, first=2, after=cursor)
    third, end, _ = await listed(client, first=2, after=cursor)

    assert (first, second, third) == (["API-5", "API-4"], ["API-3", "API-2"], ["API-1"])
    assert (more, end) == (True, False)
    client.linear.tune("newest_first", "off")
    assert (await listed(client, first=2))[0] == ["API-1", "API-2"]


async def test_what_is_edited_while_somebody_pages_is_met_in_the_next_poll(client: Client) -> None:
    await make(client, 4)
    since = "2026-11-20T09:30:10.000Z"
    first, _, cursor = await listed(client, first=2, orderBy="updatedAt", filter={"updatedAt": {"gte": since}})
    moved = client.linear.set("API-1", "title", "Moved")["updated_at"]
    rest, _, _ = await listed(client, first=2, after=cursor, orderBy="updatedAt")

    assert (first, rest) == (["API-4", "API-3"], ["API-2"])
    assert (await listed(client, orderBy="updatedAt", filter={"updatedAt": {"gte": moved}}))[0] == ["API-1"]


async def test_archived_ones_are_listed_only_when_asked_for(client: Client) -> None:
    await make(client, 2)
    client.linear.auto_archive("API-1")

    assert (await listed(client))[0] == ["API-2"]
    assert (await listed(client, all=True))[0] == ["API-2", "API-1"]


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"id": {"in": ["API-1", "WEB-1"]}}, ["WEB-1", "API-1"]),
        ({"team": {"key": {"eq": "WEB"}}}, ["WEB-1"]),
        ({"state": {"type": {"nin": ["backlog"]}}}, ["API-2"]),
        ({"assignee": {"null": True}}, ["WEB-1", "API-2"]),
        ({"assignee": {"email": {"eqIgnoreCase": "ADA@acme.example"}}}, ["API-1"]),
        ({"labels": {"name": {"eq": "red"}}}, ["API-2"]),
        ({"labels": {"length": {"eq": 0}}}, ["WEB-1", "API-1"]),
        ({"or": [{"title": {"contains": "n"}}, {"priority": {"eq": 1}}]}, ["API-2", "API-1"]),
        ({"dueDate": {"lt": "2026-12-01"}}, ["API-1"]),
        ({"createdAt": {"gt": "-P1D"}}, ["WEB-1", "API-2", "API-1"]),
        ({"createdAt": {"gt": "P1D"}}, []),
        ({"hasBlockedByRelations": {"eq": True}}, ["API-2"]),
    ],
)
async def test_filters(client: Client, spec: dict[str, object], found: list[str]) -> None:
    hub = client.linear
    hub.add("issue", "API", {"title": "One", "assignee": "ada", "due_date": "2026-11-30"})
    hub.add("issue", "API", {"title": "Two", "state": "Todo", "labels": "red", "priority": "Urgent"})
    hub.add("issue", "WEB", {"title": "Three"})
    hub.set("API-2", "blocked_by", "API-1")

    assert (await listed(client, filter=spec))[0] == found


@pytest.mark.parametrize("first", [0, 251])
async def test_a_page_holds_from_1_to_250(client: Client, first: int) -> None:
    error = await client.refused(LIST, first=first)
    assert error["extensions"]["userPresentableMessage"] == "first must be from 1 to 250."


async def test_hidden_things_are_as_if_they_were_not_there(client: Client) -> None:
    await make(client, 2)
    client.linear.set("API-2", "parent", "API-1")
    client.linear.hide("API-1")

    assert (await listed(client))[0] == ["API-2"]
    assert (await client.data('{ issue(id: "API-2") { parent { id } } }'))["issue"] == {"parent": None}
    client.linear.hide_team("API")
    assert (await listed(client))[0] == []
    assert (await client.refused('{ issue(id: "API-2") { id } }'))["message"] == "Entity not found: Issue"


# --- keys and limits -----------------------------------------------------------------------


@pytest.mark.parametrize("authorization", [None, "lin_api_wrong", "Bearer lin_oauth_wrong"])
async def test_a_wrong_key_is_answered_401(client: Client, authorization: str | None) -> None:
    client.authorization = authorization
    error = await client.refused("{ viewer { id } }")

    assert (error["status"], error["extensions"]["code"]) == (401, "AUTHENTICATION_ERROR")


async def test_a_key_is_sent_bare_and_a_token_as_bearer(client: Client) -> None:
    client.authorization = f"Bearer {client.linear.token}"
    assert "Remove the Bearer prefix" in (await client.refused("{ viewer { id } }"))["message"]

    client.authorization = f"Bearer {client.linear.app_token()}"
    assert (await client.data("{ viewer { app } }"))["viewer"] == {"app": True}
    client.linear.revoke()
    assert (await client.send("{ viewer { app } }")).status_code == 401


@pytest.mark.parametrize(
    ("query", "points"),
    [
        ("{ viewer { id } }", 2),
        ("{ issues { nodes { id } } }", 56),
        ("{ issues(first: 10) { nodes { id title } } }", 13),
        ("{ issues(first: 10) { nodes { id labels(first: 2) { nodes { id } } } } }", 44),
    ],
)
async def test_the_complexity_of_a_query_is_told(client: Client, query: str, points: int) -> None:
    response = await client.send(query)

    assert response.headers["X-Complexity"] == str(points)
    assert response.headers["X-RateLimit-Complexity-Remaining"] == str(250_000 - points)
    assert response.headers["X-RateLimit-Requests-Remaining"] == "4999"


async def test_a_query_that_may_cost_too_much_is_refused_unseen(client: Client) -> None:
    error = await client.refused("{ issues(first: 250) { nodes { comments(first: 50) { nodes { id } } } } }")

    assert error["status"] == 400
    assert error["message"] == "Query too complex: 14251 points, 10000 are allowed"


async def test_an_empty_bucket_is_400_ratelimited_and_fills_evenly(client: Client) -> None:
    client.linear.limits.requests.limit = 2
    await client.data("{ viewer { id } }")
    await client.data("{ viewer { id } }")
    response = await client.send("{ viewer { id } }")

    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "RATELIMITED"
    assert response.headers["X-RateLimit-Requests-Remaining"] == "0"
    full = round(1_000 * (client.clock.now.timestamp() + 3_600))
    assert response.headers["X-RateLimit-Requests-Reset"] == str(full)
    client.clock.advance(1_800)
    await client.data("{ viewer { id } }")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("429:wait=5", 400, "RATELIMITED"),
        ("401", 401, "AUTHENTICATION_ERROR"),
        ("403", 403, "FORBIDDEN"),
        ("404", 200, "INPUT_ERROR"),
        ("400", 400, "BAD_REQUEST"),
        ("502", 502, "INTERNAL_SERVER_ERROR"),
    ],
)
async def test_faults_are_worded_as_linear_does(client: Client, fault: str, status: int, code: str) -> None:
    client.sandbox.faults.add(f"linear:{fault}")
    response = await client.send("{ viewer { id } }")

    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (status, code)


async def test_a_lost_answer_was_carried_out(client: Client) -> None:
    client.sandbox.faults.add("linear:502-after-commit:match=issueCreate:count=1")
    query = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { issue { id } } }"
    assert (await client.send(query, input={"title": "One", "teamId": client.team()})).status_code == 502

    assert client.shown("API-1")["title"] == "One"
    assert client.written() == 1


async def test_a_fault_strikes_one_item_by_any_of_its_names(client: Client) -> None:
    made = await client.issue("One")
    client.sandbox.faults.add("linear:403:item=API-1")
    query = "query($id: String!) { issue(id: $id) { id } }"

    assert (await client.send(query, id=made["id"])).status_code == 403
    assert (await client.send("{ viewer { id } }")).status_code == 200


@pytest.mark.parametrize(
    ("query", "code"), [("{ nope }", "GRAPHQL_VALIDATION_FAILED"), ("{", "GRAPHQL_VALIDATION_FAILED")]
)
async def test_a_document_that_does_not_fit_is_400(client: Client, query: str, code: str) -> None:
    response = await client.send_unchecked(query)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (400, code)


# --- text ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "text", "told"),
    [
        ({"bullets"}, "- a\n  - b\n+ c\n\n---", "* a\n  * b\n* c\n\n---"),
        ({"trailing_space"}, "a  \nb\t\n\n", "a\nb"),
        ({"blank_lines"}, "a\n\n\n\nb", "a\n\nb"),
        ({"emphasis"}, "_a b_ and snake_case", "*a b* and snake_case"),
        ({"escapes"}, "snake_case", r"snake\_case"),
        (RULES, "```\n- a  \n\n\nsnake_case\n```", "```\n- a  \n\n\nsnake_case\n```"),
        (frozenset(), "- a  \n\n\n", "- a  \n\n\n"),
    ],
)
def test_text_is_rewritten_by_rules_that_settle(rules: frozenset[str], text: str, told: str) -> None:
    assert saved(text, rules) == told
    assert saved(told, rules) == told
