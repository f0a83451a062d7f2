"""What goes wrong, told as GitHub tells it: errors in a 200, credentials, scopes, limits."""

from __future__ import annotations

import pytest

from syncd.sandbox.faults import SORRY
from tests.sandbox.github.client import Client

VIEWER = "query { viewer { login } }"
CREATE = "mutation ($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }"


async def test_an_unknown_node_is_null_with_an_error_as_recorded(client: Client) -> None:
    answer = await client.ask("query ($id: ID!) {\n  node(id: $id) { id }\n}", id="<unknown>")

    assert answer == {
        "data": {"node": None},
        "errors": [
            {
                "type": "NOT_FOUND",
                "path": ["node"],
                "locations": [{"line": 2, "column": 3}],
                "message": "Could not resolve to a node with the global id of '<unknown>'",
            }
        ],
    }


async def test_of_many_nodes_the_known_ones_come_and_each_other_is_told(client: Client) -> None:
    answer = await client.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=["x", client.project, "y"])

    assert answer["data"] == {"nodes": [None, {"id": client.project}, None]}
    assert [error["path"] for error in answer["errors"]] == [["nodes", 0], ["nodes", 2]]


@pytest.mark.parametrize(
    ("query", "path", "message"),
    [
        (
            '{ repositoryOwner(login: "acme") { ... on ProjectV2Owner { projectV2(number: 9) { id } } } }',
            ["repositoryOwner", "projectV2"],
            "Could not resolve to a ProjectV2 with the number 9.",
        ),
        (
            '{ repository(owner: "acme", name: "no") { id } }',
            ["repository"],
            "Could not resolve to a Repository with the name 'acme/no'.",
        ),
        (
            '{ organization(login: "nobody") { id } }',
            ["organization"],
            "Could not resolve to an Organization with the login of 'nobody'.",
        ),
        ('{ user(login: "nobody") { id } }', ["user"], "Could not resolve to a User with the login of 'nobody'."),
    ],
)
async def test_what_is_not_there_is_told_where(client: Client, query: str, path: list[str], message: str) -> None:
    answer = await client.ask(query)

    [error] = answer["errors"]
    assert (error["type"], error["path"], error["message"]) == ("NOT_FOUND", path, message)


async def test_an_unknown_owner_is_null_without_an_error(client: Client) -> None:
    assert await client.ask('{ repositoryOwner(login: "nobody") { id } }') == {"data": {"repositoryOwner": None}}


async def test_one_alias_fails_and_the_others_stand(client: Client) -> None:
    query = """mutation ($a: CreateIssueInput!, $b: CloseIssueInput!, $c: CreateIssueInput!) {
      a: createIssue(input: $a) { issue { number } }
      b: closeIssue(input: $b) { issue { number } }
      c: createIssue(input: $c) { issue { number } }
    }"""
    given = {"repositoryId": client.repository(), "title": "Stands"}

    answer = await client.ask(query, a=given, b={"issueId": "unknown"}, c=given)

    assert answer["data"] == {"a": {"issue": {"number": 1}}, "b": None, "c": {"issue": {"number": 2}}}
    assert [error["path"] for error in answer["errors"]] == [["b"]]
    assert client.written() == 2


async def test_an_id_of_another_kind_is_not_found(client: Client) -> None:
    error = await client.refused("closeIssue", issueId=client.project)

    assert error["type"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "piece"),
    [
        ("{ viewer { nonsense } }", "nonsense"),
        ("{ viewer", "Syntax Error"),
        ("query a { viewer { id } } query b { viewer { id } }", "operation name"),
        ('mutation { closeIssue(input: {issueId: "x", nonsense: 1}) { clientMutationId } }', "nonsense"),
    ],
)
async def test_a_document_that_is_not_valid_gets_errors_and_no_data(client: Client, query: str, piece: str) -> None:
    response = await client.post(query)

    assert response.status_code == 200
    assert response.json().keys() == {"errors"}
    assert piece in response.json()["errors"][0]["message"]


async def test_a_variable_of_the_wrong_type_gets_errors_and_no_data(client: Client) -> None:
    query = """query ($since: DateTime) { repository(owner: "acme", name: "api") {
      issues(first: 1, filterBy: {since: $since}) { totalCount } } }"""

    response = await client.post(query, since="yesterday")

    assert response.status_code == 200
    assert response.json().keys() == {"errors"}
    assert "yesterday" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ("first: 101", "EXCESSIVE_PAGINATION"),
        ("after: null", "MISSING_PAGINATION_BOUNDARIES"),
        ("first: -1", "ARGUMENT_ERROR"),
        ('first: 1, after: "?"', "INVALID_CURSOR_ARGUMENTS"),
    ],
)
async def test_pages_have_bounds(client: Client, arguments: str, kind: str) -> None:
    query = f'{{ repository(owner: "acme", name: "api") {{ issues({arguments}) {{ totalCount }} }} }}'

    answer = await client.ask(query)

    assert answer["errors"][0]["type"] == kind
    assert answer["data"] == {"repository": None}


async def test_a_query_over_half_a_million_nodes_is_refused(client: Client) -> None:
    query = """{ repository(owner: "acme", name: "api") { issues(first: 100) { nodes {
      subIssues(first: 100) { nodes { labels(first: 100) { nodes { name } } } } } } } }"""

    answer = await client.ask(query)

    [error] = answer["errors"]
    assert error["type"] == "MAX_NODE_LIMIT_EXCEEDED"
    assert "up to 1,010,100 possible nodes" in error["message"]


async def test_a_wrong_or_missing_token_is_401(client: Client) -> None:
    client.token = "ghp_wrong"
    wrong = await client.post(VIEWER)
    client.token = None
    missing = await client.post(VIEWER)

    assert (wrong.status_code, missing.status_code) == (401, 401)
    assert wrong.json()["message"] == "Bad credentials"


async def test_a_token_revoked_in_mid_run_stops_working(client: Client) -> None:
    assert (await client.data(VIEWER))["viewer"] == {"login": "sync-bot"}

    client.hub.revoke()

    assert (await client.post(VIEWER)).status_code == 401
    assert (await client.rest("GET", "/user")).status_code == 401


async def test_a_scope_that_lacks_is_named_and_nothing_runs(client: Client) -> None:
    client.token = client.hub.gate.grant(client.hub.bot, frozenset({"repo"}))
    query = '{ organization(login: "acme") { projectV2(number: 7) { id } } }'

    answer = await client.ask(query)

    assert answer.keys() == {"errors"}
    assert [error["type"] for error in answer["errors"]] == ["INSUFFICIENT_SCOPES"] * 2
    assert "'projectV2' field requires one of the following scopes: ['read:project']" in answer["errors"][1]["message"]


async def test_reading_a_project_does_not_allow_writing_it(client: Client) -> None:
    client.token = client.hub.gate.grant(client.hub.bot, frozenset({"repo", "read:project"}))
    query = "mutation ($i: AddProjectV2DraftIssueInput!) { addProjectV2DraftIssue(input: $i) { clientMutationId } }"

    answer = await client.ask(query, i={"projectId": client.project, "title": "No"})

    assert [error["type"] for error in answer["errors"]] == ["INSUFFICIENT_SCOPES"]
    assert client.written() == 0


async def test_the_mail_of_a_person_needs_a_scope_and_may_be_private(client: Client) -> None:
    query = '{ ada: user(login: "ada") { email } dora: user(login: "dora") { email } }'
    assert await client.data(query) == {"ada": {"email": "ada@acme.example"}, "dora": {"email": ""}}

    client.token = client.hub.gate.grant(client.hub.bot, frozenset({"repo"}))
    assert (await client.ask(query))["errors"][0]["type"] == "INSUFFICIENT_SCOPES"


async def test_points_are_counted_told_and_come_back_after_an_hour(client: Client) -> None:
    client.hub.limits.graphql.limit = 2
    query = "{ viewer { login } rateLimit { limit cost remaining used nodeCount resetAt } }"
    first = await client.data(query)
    assert first["rateLimit"] == {
        "limit": 2,
        "cost": 1,
        "remaining": 1,
        "used": 1,
        "nodeCount": 0,
        "resetAt": "2026-03-02T10:00:00Z",
    }
    await client.data(query)

    empty = await client.post(query)

    assert empty.status_code == 200
    assert empty.json()["errors"][0]["type"] == "RATE_LIMITED"
    assert empty.headers["x-ratelimit-remaining"] == "0"
    assert empty.headers["x-ratelimit-reset"] == str(int(client.clock.moment.timestamp()) + 3600)
    client.clock.move(3600)
    assert (await client.data(query))["rateLimit"]["remaining"] == 1


async def test_a_query_costs_a_hundredth_of_its_requests(client: Client) -> None:
    """100 issues with their labels are 101 requests, so 1 point; with sub-issues of sub-issues it is more."""
    query = """query ($first: Int!) { rateLimit { cost nodeCount } repository(owner: "acme", name: "api") {
      issues(first: $first) { nodes { subIssues(first: 10) { nodes { labels(first: 5) { nodes { name } } } } } } } }"""

    told = (await client.data(query, first=50))["rateLimit"]

    assert told == {"cost": round((1 + 50 + 500) / 100), "nodeCount": 50 + 500 + 2500}


async def test_a_secondary_limit_is_403_with_retry_after(client: Client) -> None:
    client.hub.limits.block(30)

    for response in (await client.post(VIEWER), await client.rest("GET", "/user")):
        assert response.status_code == 403
        assert response.headers["retry-after"] == "30"
        assert "secondary rate limit" in response.json()["message"]
    client.clock.move(30)
    assert (await client.post(VIEWER)).status_code == 200


async def test_content_limits_bar_creation_and_nothing_else(client: Client) -> None:
    client.hub.limits.limit_content(a_minute=2, an_hour=3)
    given = {"repositoryId": client.repository(), "title": "Many"}
    query = """mutation ($i: CreateIssueInput!) {
      a: createIssue(input: $i) { clientMutationId } b: createIssue(input: $i) { clientMutationId }
      c: createIssue(input: $i) { clientMutationId } }"""

    answer = await client.ask(query, i=given)
    assert [error["message"] for error in answer["errors"]] == ["was submitted too quickly"]
    assert answer["errors"][0]["path"] == ["c"]

    barred = await client.post(CREATE, i=given)
    assert (barred.status_code, barred.headers["retry-after"]) == (403, "60")
    await client.do("closeIssue", "issue { id }", issueId=client.id_of("api#1"))

    client.clock.move(60)
    await client.data(CREATE, i=given)
    barred = await client.post(CREATE, i=given)
    assert (barred.status_code, barred.headers["retry-after"]) == (403, "3540")


async def test_a_body_that_is_no_query_is_400(client: Client) -> None:
    response = await client.http.post("/graphql", content=b"no json", headers=client.headers())

    assert response.status_code == 400
    assert response.json()["message"] == "A query attribute must be specified and must be a string."


async def test_an_answer_may_be_nothing_but_an_error(client: Client) -> None:
    client.sandbox.faults.add("github:graphql-errors:count=1")
    answer = (await client.post(VIEWER)).json()
    assert answer == {"data": None, "errors": [{"message": SORRY}]}


async def test_an_answer_may_lack_the_last_thing_asked_for(client: Client) -> None:
    client.sandbox.faults.add("github:graphql-partial:count=1")
    answer = (await client.post("{ one: viewer { login } two: viewer { login } }")).json()
    assert answer["data"] == {"one": {"login": "sync-bot"}, "two": None}
    assert [error["path"] for error in answer["errors"]] == [["two"]]
