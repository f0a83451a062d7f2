"""The portfolio as planted, what people do to it, and what the log and the faults make of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from syncd.errors import ConfigError
from syncd.sandbox.app import make_sandbox
from syncd.sandbox.github.nodes import Issue
from syncd.sandbox.github.nodes_project import ProjectItem
from syncd.sandbox.log import RequestKind
from syncd.sandbox.portfolio import make_portfolio
from tests.sandbox.github.client import START, Client


def test_the_portfolio_is_planted_in_githubs_words(planted: Client) -> None:
    lines = planted.hub.show()
    assert isinstance(lines, list)
    count = {kind: sum(line["type"] == kind for line in lines) for kind in ("Epic", "Milestone", "Draft", "Feature")}
    assert count["Epic"] == 4
    assert count["Milestone"] == 16
    assert count["Draft"] >= 1
    assert count["Feature"] >= 20
    epic = planted.shown("api#1")
    assert (epic["Status"], epic["parent"], epic["milestone"]) == ("In Progress", None, None)
    task = next(planted.shown(line["key"]) for line in lines if line["type"] == "Bug" and line["state"] == "closed")
    assert task["Status"] == "Done"
    assert task["parent"]
    assert task["Estimate"] in {1, 2, 3, 5, 8}


def test_the_seed_is_of_yesterday_so_that_every_edit_shows(planted: Client) -> None:
    assert planted.shown("api#1")["item_updated_at"] == "2026-03-01T09:00:00Z"
    assert planted.hub.set("api#1", "Status", "Done")["item_updated_at"] == "2026-03-02T09:00:00Z"


def test_the_same_portfolio_is_planted_the_same(planted: Client) -> None:
    again = Client(None, make_portfolio(None, START.date()))

    assert again.hub.show() == planted.hub.show()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("title", " Other ", {"title": "Other"}),
        ("body", "a\nb", {"body": "a\r\nb"}),
        ("labels", "x, y", {"labels": ["x", "y"]}),
        ("labels", [], {"labels": []}),
        ("assignees", ["ada", "BEN"], {"assignees": ["ada", "ben"]}),
        ("milestone", "Beta", {"milestone": "Beta"}),
        ("milestone", None, {"milestone": None}),
        ("state", "closed", {"state": "closed", "state_reason": "completed", "Status": "Done"}),
        ("state", "not planned", {"state": "closed", "state_reason": "not_planned"}),
        ("type", "bug", {"type": "Bug"}),
        ("type", None, {"type": "Issue"}),
        ("parent", "api#2", {"parent": "acme/api#2"}),
        ("blocked_by", "acme/api#2", {"blocked_by": ["acme/api#2"]}),
        ("Status", "in review", {"Status": "In Review"}),
        ("target date", "2026-05-01", {"Target date": "2026-05-01"}),
        ("target_date", "2026-05-01", {"Target date": "2026-05-01"}),
        ("Estimate", 3, {"Estimate": 3.0}),
        ("Iteration", "iteration 4", {"Iteration": "Iteration 4"}),
    ],
)
def test_a_person_edits_any_field_by_name(client: Client, field: str, value: object, told: dict[str, object]) -> None:
    client.hub.add_milestone("api", "Beta")
    key = client.hub.add_issue("api", "One", labels="old", milestone="Beta", type="Epic")
    client.hub.add_issue("api", "Two")

    after = client.hub.set(key, field, value, by="ada")

    assert after | told == after


def test_a_column_is_cleared_by_nothing(client: Client) -> None:
    key = client.hub.add_issue("api", "One", Status="Todo")

    assert "Status" not in client.hub.set(key, "Status", None)


def test_milestones_and_drafts_are_edited_too(client: Client) -> None:
    milestone = client.hub.add_milestone("api", "Beta", due_on="2026-05-01")
    assert client.shown(milestone)["due_on"] == "2026-05-01"
    assert client.hub.set(milestone, "due_on", "2026-12-24")["due_on"] == "2026-12-24"
    assert client.hub.set(milestone, "due_on", None)["due_on"] is None
    assert client.hub.set(milestone, "state", "closed")["state"] == "closed"

    draft = client.hub.add_draft("Idea", body="one\ntwo", Status="Todo")
    assert (client.shown(draft)["body"], client.shown(draft)["Status"]) == ("one\r\ntwo", "Todo")
    assert client.hub.set(draft, "assignees", "ada")["assignees"] == ["ada"]
    issue = client.hub.convert_draft(draft, "web", by="ada")
    assert (issue, client.shown(issue)["item"]) == ("acme/web#1", draft)


def test_a_deleted_milestone_leaves_its_issues_without_one(client: Client) -> None:
    milestone = client.hub.add_milestone("api", "Beta")
    key = client.hub.add_issue("api", "One", milestone="Beta")

    client.hub.delete(milestone)

    assert client.shown(key)["milestone"] is None
    with pytest.raises(ConfigError, match="no item"):
        client.hub.show(milestone)


@pytest.mark.parametrize(
    ("key", "field", "value", "what", "fix"),
    [
        ("acme/api#9", "title", "x", 'no item "acme/api#9"', "did you mean acme/api#1?"),
        ("api#1", "titel", "x", 'no field "titel"', "did you mean title or Estimate or state?"),
        (
            "api#1",
            "Status",
            "Dne",
            '"Dne" is not one of Todo, In Progress, In Review, Done',
            "enter a value GitHub takes",
        ),
        ("api#1", "state", "shut", 'no state "shut"', "use one of: closed, duplicate, not planned, open"),
        ("api#1", "assignees", "adda", 'no person "adda"', "did you mean ada?"),
        ("api#1", "milestone", "Beta", 'no milestone "Beta"', "there is none yet"),
        ("api#1", "Estimate", "three", "could not convert string to float: 'three'", "enter a value GitHub takes"),
        ("api#1", "title", " ", "Title can't be blank", "enter a value GitHub takes"),
    ],
)
def test_a_name_nobody_has_is_told_with_what_there_is(
    client: Client, key: str, field: str, value: str, what: str, fix: str
) -> None:
    client.hub.add_issue("api", "One")

    with pytest.raises(ConfigError) as caught:
        client.hub.set(key, field, value)

    assert (caught.value.what, caught.value.fix) == (what, fix)


def test_an_item_is_known_by_every_name_it_has(client: Client) -> None:
    key = client.hub.add_issue("api", "One")

    assert client.hub.spellings("api#1") == {"api#1", key, client.id_of(key), client.item_of(key)}
    assert client.hub.spellings("nothing") == {"nothing"}


async def test_the_log_tells_reads_from_writes_and_counts_what_was_written(client: Client) -> None:
    await client.data("query who { viewer { login } }")
    await client.do("createIssue", "issue { id }", repositoryId=client.repository(), title="One")
    await client.refused("closeIssue", issueId="unknown")
    await client.rest("POST", "/repos/acme/api/milestones", {"title": "Beta"})
    await client.rest("GET", "/repos/acme/api/milestones/1")
    await client.http.post("/graphql", content=b"nonsense", headers=client.headers())

    assert [(entry.kind, entry.operation, entry.objects) for entry in client.sandbox.log.entries("github")] == [
        (RequestKind.READ, "query who", 0),
        (RequestKind.WRITE, "createIssue", 1),
        (RequestKind.WRITE, "closeIssue", 0),
        (RequestKind.WRITE, "POST /repos/acme/api/milestones", 1),
        (RequestKind.READ, "GET /repos/acme/api/milestones/{number}", 0),
        (RequestKind.READ, "POST /graphql", 0),
    ]


async def test_a_fault_strikes_only_the_item_it_names(client: Client) -> None:
    key = client.hub.add_issue("api", "One")
    client.hub.add_issue("api", "Two")
    client.sandbox.faults.add(f"github:502:item={key}")
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    struck = await client.post(query, ids=[client.id_of(key)])
    spared = await client.post(query, ids=[client.id_of("api#2")])

    assert (struck.status_code, spared.status_code) == (502, 200)
    assert struck.json()["data"] is None


async def test_a_lost_answer_was_carried_out(client: Client) -> None:
    client.sandbox.faults.add("github:502-after-commit:match=createIssue")
    query = "mutation ($i: CreateIssueInput!) { createIssue(input: $i) { issue { id } } }"

    response = await client.post(query, i={"repositoryId": client.repository(), "title": "Lost"})

    assert response.status_code == 502
    assert client.shown("api#1")["title"] == "Lost"


@pytest.mark.parametrize(
    ("status", "retry_after"), [("429", "60"), ("429:wait=7", "7"), ("403:wait=5", "5"), ("403", None)]
)
async def test_refusals_on_demand_carry_githubs_headers(client: Client, status: str, retry_after: str | None) -> None:
    client.sandbox.faults.add(f"github:{status}")

    response = await client.post("{ viewer { login } }")

    assert response.status_code == int(status[:3])
    assert response.headers.get("retry-after") == retry_after


def test_the_sandbox_offers_github_with_its_credentials(client: Client) -> None:
    sandbox = make_sandbox(["github"], client.clock.world, seed=False)

    told = sandbox.describe("http://127.0.0.1:1")["github"]

    assert isinstance(told, dict)
    assert told | {"owner": "acme", "project": 7, "repositories": ["api", "web"]} == told
    assert told["token"].startswith("ghp_")
    assert not sandbox.tools["github"].tune("lag", "5")


class Watched(list[ProjectItem]):
    """A list that counts what is taken from it and cannot be walked through."""

    taken = 0

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204 - a slice, as any list takes
        found = super().__getitem__(index)
        self.taken += len(found)
        return found

    def __iter__(self) -> Iterator[ProjectItem]:
        raise AssertionError("a page walks through the whole project")


async def test_a_page_costs_as_much_as_it_is_long_wherever_it_is() -> None:
    client = Client(None, make_portfolio(700, START.date()))
    live = client.hub.project.live = Watched(client.hub.project.live)
    query = """query ($id: ID!, $after: String) { node(id: $id) { ... on ProjectV2 {
      items(first: 100, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { id } } } } }"""
    after, seen = None, 0
    while True:
        page = (await client.data(query, id=client.project, after=after))["node"]["items"]
        seen += len(page["nodes"])
        assert live.taken == seen
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]

    assert seen == page["totalCount"] == len(live) > 500


def test_a_seed_holds_every_parent_and_the_limits_are_for_clients() -> None:
    portfolio = make_portfolio(150, START.date())
    tasks = tuple(replace(task, parent="I1", draft=False, in_github=True) for task in portfolio.tasks)

    hub = Client(None, replace(portfolio, tasks=tasks)).hub

    first = hub.people.find("api#1")
    assert isinstance(first, Issue)
    assert len(first.sub_issues) == 150 > hub.state.max_sub_issues
    assert hub.state.done_on_close
