from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from syncd.sandbox.jira.jql import parse_jql
from tests.sandbox.jira.peer import Peer


async def test_a_page_tells_only_ids_no_total_and_a_token_until_the_last(peer: Peer) -> None:
    first = await peer.get("/search/jql", jql="project in (PMO, ENG) ORDER BY key ASC", maxResults="5")
    assert set(first) == {"issues", "isLast", "nextPageToken"}
    assert [set(one) for one in first["issues"]] == [{"id"}] * 5
    assert await peer.find("project in (PMO, ENG)") == {str(number) for number in peer.site.issues}


async def test_get_and_post_ask_the_same(peer: Peer) -> None:
    jql = "project = ENG ORDER BY updated DESC"
    by_get = await peer.get("/search/jql", jql=jql, fields=["summary", "updated"], maxResults="3")
    body = {"jql": jql, "fields": ["summary", "updated"], "maxResults": 3}
    by_post = (await peer.ask("POST", "/search/jql", body)).json()
    assert by_get["issues"] == by_post["issues"]
    assert set(by_get["issues"][0]["fields"]) == {"summary", "updated"}


async def test_a_token_dies_after_seven_days_and_belongs_to_one_query(peer: Peer) -> None:
    jql = "project in (PMO, ENG)"
    token = (await peer.get("/search/jql", jql=jql, maxResults="1"))["nextPageToken"]
    foreign = await peer.ask("GET", "/search/jql", query={"jql": "project = PMO", "nextPageToken": token})
    assert foreign.status_code == 400
    peer.clock.advance(7 * 86_400)
    assert (await peer.ask("GET", "/search/jql", query={"jql": jql, "nextPageToken": token})).status_code == 400


async def test_the_index_lags_while_reading_by_id_does_not(peer: Peer) -> None:
    peer.site.index_lag_s = 30
    issue = await peer.create("Late", labels=["first"])
    assert await peer.find("labels = first") == set()
    assert (await peer.fields(issue))["summary"] == "Late"
    peer.clock.advance(30)
    assert await peer.find("labels = first") == {issue}

    await peer.edit(issue, summary="Later", labels=["second"])
    assert await peer.find("labels = second") == set()
    stale = await peer.get("/search/jql", jql="labels = first", fields="summary")
    assert stale["issues"][0]["fields"]["summary"] == "Late"
    peer.clock.advance(30)
    assert await peer.find("labels = second") == {issue}
    assert await peer.find("labels = first") == set()


async def test_reconciled_issues_are_seen_at_once(peer: Peer) -> None:
    peer.site.index_lag_s = 30
    issue = await peer.create("Named", labels=["named"])
    found = await peer.get("/search/jql", jql="labels = named", reconcileIssues=issue)
    assert [one["id"] for one in found["issues"]] == [issue]


async def test_many_edits_within_the_lag_are_indexed_in_turn(peer: Peer) -> None:
    peer.site.index_lag_s = 10
    issue = await peer.create("v0", labels=["turns"])
    for number in range(1, 4):
        peer.clock.advance(4)
        await peer.edit(issue, summary=f"v{number}")
    seen = []
    for _ in range(6):
        found = await peer.get("/search/jql", jql="labels = turns", fields="summary")
        seen += [one["fields"]["summary"] for one in found["issues"]]
        peer.clock.advance(2)
    assert seen == ["v0", "v1", "v1", "v2", "v2", "v3"]


async def test_epoch_milliseconds_are_zone_free_and_exact(peer: Peer) -> None:
    issue = await peer.create("Now")
    updated = int(peer.clock.now.timestamp() * 1000)
    assert issue in await peer.find(f"updated >= {updated}")
    assert issue not in await peer.find(f"updated >= {updated + 1}")
    peer.as_office()
    assert issue in await peer.find(f"updated >= {updated}")


async def test_a_minute_literal_is_read_in_the_accounts_own_zone(peer: Peer) -> None:
    """09:30 UTC is 15:00 for the main account and 02:30 for the second."""
    issue = await peer.create("Zones")
    assert issue in await peer.find('updated >= "2026-11-20 15:00"')
    assert issue not in await peer.find('updated >= "2026-11-20 15:01"')
    peer.as_office()
    assert issue in await peer.find('updated >= "2026-11-20 02:30"')
    assert issue not in await peer.find('updated >= "2026-11-20 02:31"')


async def test_literals_finer_than_a_minute_are_refused(peer: Peer) -> None:
    response = await peer.ask("POST", "/search/jql", {"jql": 'updated >= "2026-11-20 15:00:30"'})
    assert response.status_code == 400
    assert "Date value '2026-11-20 15:00:30' for field 'updated' is invalid." in response.text


async def test_times_are_printed_in_the_accounts_zone(peer: Peer) -> None:
    issue = await peer.create("Printed")
    assert (await peer.fields(issue))["updated"] == "2026-11-20T15:00:15.250+0530"
    peer.as_office()
    assert (await peer.fields(issue))["updated"] == "2026-11-20T02:30:15.250-0700"


@pytest.mark.parametrize(
    ("jql", "found"),
    [
        ("labels = red", {"a", "b"}),
        ("labels in (red, blue) AND issuetype in (Bug)", {"b"}),
        ("labels = red AND NOT issuetype = Bug", {"a"}),
        ("labels = red AND labels != blue", {"a"}),
        ("labels = blue OR labels = green", {"b", "c"}),
        ("(labels = blue OR labels = green) AND due is EMPTY", {"c"}),
        ("labels in (red, green) AND due >= 2026-12-01", {"b"}),
        ("labels in (red, green) AND priority > Medium", {"c"}),
        ("labels in (red, green) AND reporter = currentUser()", {"a", "b", "c"}),
        ('labels in (red, green) AND "Story Points" > 2', {"c"}),
        ("labels in (red, green) AND cf[10016] = 1", {"a"}),
        ("labels in (red, green) AND created > -5m AND summary ~ 'charlie'", {"c"}),
        ("labels in (red, green) AND statusCategory != done ORDER BY priority DESC, key ASC", {"a", "b", "c"}),
    ],
)
async def test_jql_means_what_it_says(peer: Peer, jql: str, found: set[str]) -> None:
    names = {
        await peer.create("alpha", "Task", labels=["red"], customfield_10016=1): "a",
        await peer.create("bravo", "Bug", labels=["red", "blue"], duedate="2026-12-24"): "b",
        await peer.create("charlie", "Story", labels=["green"], customfield_10016=3, priority={"name": "High"}): "c",
    }
    assert {names[one] for one in await peer.find(jql)} == found


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("", "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."),
        ("ORDER BY key", "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."),
        ("colour = red", "Field 'colour' does not exist or you do not have permission to view it."),
        ("project = NONE", "The value 'NONE' does not exist for the field 'project'."),
        ("id in (1)", "An issue with key '1' does not exist for field 'id'."),
        ("labels ~ red", "The operator '~' is not supported by the 'labels' field."),
        ("labels > red", "The operator '>' is not supported by the 'labels' field."),
        ("assignee = membersOf(x)", "Unable to find JQL function 'membersof'."),
        ("project = ENG AND", "Error in the JQL Query: Expecting a field name but reached the end of the query."),
        ("project = ENG labels = x", "Error in the JQL Query: Expecting either 'OR' or 'AND' but got 'labels'."),
        ("(project = ENG", "Error in the JQL Query: Expecting ')' but reached the end of the query."),
    ],
)
async def test_jql_it_does_not_know_is_refused(peer: Peer, jql: str, message: str) -> None:
    response = await peer.ask("POST", "/search/jql", {"jql": jql})
    assert (response.status_code, response.json()["errorMessages"]) == (400, [message])


async def test_order_is_the_querys_own(peer: Peer) -> None:
    ids = [await peer.create(f"Number {number}", labels=["ordered"]) for number in range(3)]
    for jql, wanted in (
        ("labels = ordered ORDER BY created ASC, key ASC", ids),
        ("labels = ordered ORDER BY key DESC", ids[::-1]),
        ("labels = ordered", ids[::-1]),
    ):
        found = (await peer.get("/search/jql", jql=jql))["issues"]
        assert [one["id"] for one in found] == wanted


async def test_archived_and_hidden_issues_are_not_found(peer: Peer) -> None:
    archived, hidden = [await peer.create(name, labels=["gone"]) for name in ("Archived", "Hidden")]
    peer.jira.archive(archived)
    peer.jira.hide(hidden)
    assert await peer.find("labels = gone") == set()
    assert (await peer.ask("GET", f"/issue/{archived}")).status_code == 200
    assert (await peer.ask("GET", f"/issue/{hidden}")).status_code == 404


def test_quoted_words_are_plain_values() -> None:
    query = parse_jql('labels = "order" AND summary ~ "it\\"s" ORDER BY "Story Points" DESC')
    assert query.order == (("story points", True),)


async def test_the_seed_is_old_news(peer: Peer) -> None:
    since = int((peer.clock.now - timedelta(days=1)).timestamp() * 1000)
    assert await peer.find(f"updated >= {since}") == set()


FIELDS = [
    "project",
    "updated",
    "labels",
    "id",
    "due",
    "priority",
    "statusCategory",
    "cf[10016]",
    '"Story Points"',
    "parent",
]
OPERATORS = ["=", "!=", ">=", "<", "~", "in", "not in", "is", "is not"]
OPERANDS = ["ENG", "x", "empty", '"2026-01-01"', "99999999999999999999", "-5d", "99999999999w", "currentUser()", "1.5"]
GLUE = ["and", "or", "not", "!", "(", ")", ",", "ORDER BY", "key", "desc", '"open', "now()", "issuelinks", "\\"]


async def test_no_query_however_odd_breaks_the_site(peer: Peer) -> None:
    """Two thousand random strings of JQL's own words: each is answered with 200 or a 400 in Jira's words."""
    dice = random.Random(7)  # noqa: S311 - a test that is the same every time
    answered = Counter[int]()
    for _ in range(2000):
        words = [dice.choice(part) for part in (FIELDS, OPERATORS, OPERANDS)]
        if dice.random() < 0.7:
            words += dice.choices([*GLUE, *FIELDS, *OPERATORS, *OPERANDS], k=dice.randint(1, 6))
        response = await peer.client.post("/search/jql", json={"jql": " ".join(words)}, auth=peer.auth)
        answered[response.status_code] += 1
        assert response.status_code == 200 or response.json()["errorMessages"], words
    assert set(answered) == {200, 400}


async def test_keys_are_compared_by_number_within_one_project(peer: Peer) -> None:
    top = peer.site.projects["ENG"].next_number - 1
    assert top > 12
    low = await peer.find("project = ENG and key >= ENG-1 and key < ENG-10 order by key")
    high = await peer.find(f"project = ENG and key >= ENG-10 and key < ENG-{top + 1000} order by key")
    assert low.isdisjoint(high)
    assert low | high == await peer.find("project = ENG")
    assert await peer.find("project = PMO and key >= ENG-1") == set()
    refused = await peer.ask("GET", "/search/jql", query={"jql": "key > NOPE-1"})
    assert refused.status_code == 400


async def test_every_project_is_listed_plainly(peer: Peer) -> None:
    assert [one["key"] for one in await peer.get("/project")] == list(peer.site.projects)
