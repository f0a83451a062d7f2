"""REST: milestones, labels, issues since, the account, the app; every answer fits GitHub's own OpenAPI document."""

from __future__ import annotations

import jwt
import pytest

from tests.sandbox.github.client import Client

MILESTONES = "/repos/acme/api/milestones"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2020-09-24T06:59:00Z", "2020-09-23T07:00:00Z"),
        ("2020-09-24T07:01:00Z", "2020-09-24T07:00:00Z"),
        ("2026-07-15T12:00:00Z", "2026-07-15T07:00:00Z"),
        ("2026-12-15T12:00:00Z", "2026-12-15T08:00:00Z"),
        ("2026-12-15T07:30:00Z", "2026-12-14T08:00:00Z"),
        ("2026-03-08T12:00:00Z", "2026-03-08T08:00:00Z"),
        ("2026-03-09T12:00:00Z", "2026-03-09T07:00:00Z"),
        ("2026-11-01T12:00:00Z", "2026-11-01T07:00:00Z"),
        ("2026-11-02T12:00:00Z", "2026-11-02T08:00:00Z"),
        ("2026-11-02T07:30:00Z", "2026-11-01T07:00:00Z"),
        ("2026-05-01T23:00:00-05:00", "2026-05-01T07:00:00Z"),
    ],
)
async def test_of_a_due_date_only_its_pacific_day_is_kept(client: Client, sent: str, kept: str) -> None:
    made = await client.rest("POST", MILESTONES, {"title": "Beta", "due_on": sent})

    assert made.status_code == 201
    assert made.json()["due_on"] == kept
    query = '{ repository(owner: "acme", name: "api") { milestone(number: 1) { dueOn title state number url } } }'
    assert (await client.data(query))["repository"]["milestone"]["dueOn"] == kept


async def test_a_milestone_is_made_changed_closed_and_opened_field_by_field(client: Client) -> None:
    await client.rest("POST", MILESTONES, {"title": " Beta ", "description": "first", "due_on": "2026-05-01T12:00:00Z"})
    client.clock.move(60)
    path = f"{MILESTONES}/1"

    closed = (await client.rest("PATCH", path, {"state": "closed"})).json()
    assert (closed["title"], closed["state"], closed["closed_at"]) == ("Beta", "closed", "2026-03-02T09:01:00Z")
    assert (closed["description"], closed["due_on"]) == ("first", "2026-05-01T07:00:00Z")
    assert closed["creator"]["login"] == "sync-bot"

    changed = (await client.rest("PATCH", path, {"title": "Gamma", "state": "open"})).json()
    assert (changed["title"], changed["state"], changed["closed_at"]) == ("Gamma", "open", None)
    cleared = await client.http.patch(path, json={"due_on": None, "description": None}, headers=client.headers())
    assert (cleared.json()["due_on"], cleared.json()["description"]) == (None, None)
    assert (await client.rest("GET", path)).json() == cleared.json()
    assert client.written() == 4


async def test_a_milestone_counts_its_issues_and_tells_its_share(client: Client) -> None:
    client.hub.add_milestone("api", "Beta", description="x\ny")
    client.hub.add_issue("api", "Open", milestone="Beta")
    client.hub.add_issue("api", "Closed", milestone="Beta", state="closed")

    told = (await client.rest("GET", f"{MILESTONES}/1")).json()
    assert (told["open_issues"], told["closed_issues"], told["description"]) == (1, 1, "x\r\ny")
    query = """{ repository(owner: "acme", name: "api") { milestones(first: 5, states: [OPEN], query: "bet",
      orderBy: {field: DUE_DATE, direction: ASC}) { nodes {
        openIssueCount closedIssueCount progressPercentage closed creator { login } repository { name }
        issues(first: 5) { nodes { number } } resourcePath } } } }"""
    [found] = (await client.data(query))["repository"]["milestones"]["nodes"]
    assert (found["openIssueCount"], found["closedIssueCount"], found["progressPercentage"]) == (1, 1, 50.0)
    assert found["issues"] == {"nodes": [{"number": 1}, {"number": 2}]}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"title": "Beta"}, {"resource": "Milestone", "code": "already_exists", "field": "title"}),
        ({"title": " "}, {"resource": "Milestone", "code": "missing_field", "field": "title"}),
    ],
)
async def test_a_title_that_is_taken_or_blank_is_422(
    client: Client, body: dict[str, str], error: dict[str, str]
) -> None:
    client.hub.add_milestone("api", "Beta")

    refused = await client.rest("POST", MILESTONES, body)

    assert refused.status_code == 422
    assert refused.json()["message"] == "Validation Failed"
    assert refused.json()["errors"] == [error]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b'{"title": "x", "due_on": "soon"}', 422),
        (b'{"title": "x", "due_on": null}', 422),
        (b'{"title": "x", "description": null}', 422),
    ],
)
async def test_a_body_that_cannot_be_read_is_refused(client: Client, content: bytes, status: int) -> None:
    response = await client.http.post(MILESTONES, content=content, headers=client.headers())

    assert response.status_code == status
    assert client.written() == 0


async def test_milestones_are_listed_open_first_by_due_date_and_page_by_page(client: Client) -> None:
    for title, due in (("C", "2026-07-01"), ("A", "2026-05-01"), ("B", "2026-06-01")):
        client.hub.add_milestone("api", title, due_on=due)
    client.hub.set("api/milestone/2", "state", "closed")

    first = await client.rest("GET", MILESTONES, query={"state": "all", "per_page": "2"})
    assert [one["title"] for one in first.json()] == ["A", "B"]
    assert first.headers["link"].endswith('milestones?state=all&per_page=2&page=2>; rel="next"')
    address = first.headers["link"].split(";")[0].strip("<>")
    second = await client.http.get(address, headers=client.headers())
    assert [one["title"] for one in second.json()] == ["C"]
    assert 'rel="prev"' in second.headers["link"]
    default = await client.rest("GET", MILESTONES)
    assert [one["title"] for one in default.json()] == ["B", "C"]


async def test_issues_since_come_with_pull_requests_and_everything_they_hold(planted: Client) -> None:
    planted.hub.state.add_pull_request(planted.hub.people.repository("api"), "Code", author=None)

    response = await planted.rest(
        "GET",
        "/repos/acme/api/issues",
        query={"since": "2026-03-01T09:00:00Z", "state": "all", "per_page": "100", "sort": "updated"},
    )

    told = response.json()
    assert len(told) == len(planted.hub.people.repository("api").contents)
    assert [one["title"] for one in told if "pull_request" in one] == ["Code"]
    assert any(one["milestone"] and one["assignees"] and one["labels"] and one["type"] for one in told)
    assert {one["state"] for one in told} == {"open", "closed"}
    planted.clock.move(1)
    planted.hub.set("api#3", "title", "Moved")
    later = await planted.rest("GET", "/repos/acme/api/issues", query={"since": "2026-03-02T09:00:01Z", "state": "all"})
    assert [one["number"] for one in later.json()] == [3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"since": "2026-03-02T10:01:00+01:00"}, [3, 2]),
        ({"since": "2026-03-02T09:02:00Z"}, [3]),
        ({"labels": "a"}, [2, 1]),
        ({"labels": "A,b"}, [2]),
        ({"assignee": "none"}, [3, 2]),
        ({"milestone": "none"}, [3, 1]),
        ({"milestone": "1"}, [2]),
        ({"creator": "ada", "direction": "asc"}, [3]),
        ({"state": "closed"}, [4]),
        ({"type": "Bug"}, [3]),
    ],
)
async def test_each_filter_of_the_list_does_what_it_says(
    client: Client, query: dict[str, str], expected: list[int]
) -> None:
    client.hub.add_milestone("api", "Beta")
    client.hub.add("issue", "api", {"title": "One", "labels": "a", "assignees": "ada"})
    client.clock.move(60)
    client.hub.add("issue", "api", {"title": "Two", "labels": "a, b", "milestone": "Beta"})
    client.clock.move(60)
    client.hub.add("bug", "api", {"title": "Three"}, by="ada")
    client.hub.add("issue", "api", {"title": "Four", "state": "closed"})

    response = await client.rest("GET", "/repos/acme/api/issues", query=query)

    assert [one["number"] for one in response.json()] == expected


async def test_a_since_that_is_no_time_is_refused(client: Client) -> None:
    response = await client.http.get("/repos/acme/api/issues?since=monday", headers=client.headers())

    assert response.status_code == 422


async def test_a_deleted_issue_is_410_and_an_unknown_one_404(client: Client) -> None:
    key = client.hub.add_issue("api", "Doomed")
    assert (await client.rest("GET", "/repos/acme/api/issues/1")).json()["title"] == "Doomed"
    client.hub.delete(key)

    assert (await client.rest("GET", "/repos/acme/api/issues/1")).status_code == 410
    assert (await client.rest("GET", "/repos/acme/api/issues/2")).status_code == 404
    assert (await client.rest("GET", "/repos/acme/none/issues")).status_code == 404


async def test_labels_are_made_once_and_listed_by_name(client: Client) -> None:
    made = await client.rest("POST", "/repos/acme/api/labels", {"name": "b", "color": "ff0000", "description": "two"})
    again = await client.rest("POST", "/repos/acme/api/labels", {"name": "B"})
    await client.rest("POST", "/repos/acme/api/labels", {"name": "a"})

    assert made.status_code == 201
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "already_exists")
    assert [one["name"] for one in (await client.rest("GET", "/repos/acme/api/labels")).json()] == ["a", "b"]


async def test_the_account_its_types_and_its_limits_are_told(client: Client) -> None:
    assert (await client.rest("GET", "/user")).json()["login"] == "sync-bot"
    types = (await client.rest("GET", "/orgs/acme/issue-types")).json()
    assert [one["name"] for one in types] == ["Epic", "Feature", "Bug", "Task"]
    limits = await client.rest("GET", "/rate_limit")
    assert limits.json()["resources"]["core"]["used"] == 2
    assert limits.headers["x-ratelimit-resource"] == "core"


async def test_what_has_not_changed_is_304_and_free(client: Client) -> None:
    first = await client.rest("GET", MILESTONES)
    again = await client.rest("GET", MILESTONES, headers={"if-none-match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert client.hub.limits.rest.used == 1


async def test_an_empty_hour_is_403_with_the_reset_time(client: Client) -> None:
    client.hub.limits.rest.limit = 1
    await client.rest("GET", MILESTONES)

    refused = await client.rest("GET", MILESTONES)

    assert refused.status_code == 403
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.json()["message"].startswith("API rate limit exceeded")


async def test_content_limits_hold_for_rest_too(client: Client) -> None:
    client.hub.limits.limit_content(a_minute=1)
    await client.rest("POST", MILESTONES, {"title": "One"})

    refused = await client.rest("POST", MILESTONES, {"title": "Two"})

    assert (refused.status_code, refused.headers["retry-after"]) == (403, "60")
    assert (await client.rest("PATCH", f"{MILESTONES}/1", {"title": "Renamed"})).status_code == 200


async def token(client: Client, **claims: object) -> int:
    """Ask for an installation token with a JWT, use it, and return the status."""
    app, now = client.hub.app_credentials(), int(client.clock.moment.timestamp())
    told = {"iat": now - 60, "exp": now + 540, "iss": str(app["app_id"])} | claims
    client.token = jwt.encode(told, str(app["private_key"]), "RS256")
    made = await client.rest("POST", f"/app/installations/{app['installation_id']}/access_tokens", {})
    if made.status_code == 201:
        client.token = made.json()["token"]
    return made.status_code


async def test_an_app_gets_a_token_for_an_hour(client: Client) -> None:
    assert await token(client) == 201
    assert await client.data('{ organization(login: "acme") { projectV2(number: 7) { number } } }')
    assert (await client.rest("GET", "/user")).status_code == 403
    assert client.written() == 0

    client.clock.move(3_600)
    assert (await client.rest("GET", MILESTONES)).status_code == 401


@pytest.mark.parametrize(
    "claims", [{"iss": "1"}, {"exp": 0}, {"iat": 4_000_000_000}, {"exp": 4_000_000_000}, {"exp": "never"}]
)
async def test_a_jwt_that_is_not_the_apps_own_and_fresh_is_401(client: Client, claims: dict[str, object]) -> None:
    assert await token(client, **claims) == 401


async def test_a_withdrawn_installation_is_404(client: Client) -> None:
    client.hub.revoke()

    assert await token(client) == 404


async def test_a_path_nobody_serves_is_404(client: Client) -> None:
    response = await client.http.get("/repos/acme/api/pulls", headers=client.headers())

    assert (response.status_code, response.json()["message"]) == (404, "Not Found")
