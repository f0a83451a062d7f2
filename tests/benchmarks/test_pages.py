"""The fast pages are the stand-in's own answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
import pytest

from benchmarks.office import make_office
from benchmarks.pages import COUNTS, Counted, Fast
from syncd.sandbox.jira import JiraStandIn
from syncd.world import World, real_world

BASE = "http://sandbox"


def world() -> World:
    import dataclasses

    return dataclasses.replace(real_world(), now=lambda: datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@asynccontextmanager
async def both() -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Open the same site twice: as the sandbox answers, and as the fast pages do."""
    office = make_office(["jira"], world(), 250)
    jira = office.tools["jira"]
    assert isinstance(jira, JiraStandIn)
    fast = Counted(Fast(jira, office.app, f"{BASE}/jira", 0.0))
    login = httpx.BasicAuth("sync-bot@acme.example", "jira-sandbox-token")
    async with (
        httpx.AsyncClient(transport=office.transport(), base_url=BASE, auth=login) as slow,
        httpx.AsyncClient(transport=httpx.ASGITransport(fast), base_url=BASE) as quick,
    ):
        yield slow, quick


@pytest.mark.parametrize(
    "fields", [["*all"], ["*all", "-description"], ["id"], ["summary", "status", "issuelinks", "project"]]
)
async def test_a_search_answers_page_by_page_what_the_stand_in_would(fields: list[str]) -> None:
    asked = {"jql": "project in (PMO, ENG) ORDER BY key ASC", "maxResults": 100, "fields": fields, "properties": ["x"]}
    async with both() as (slow, quick):
        tokens: list[str | None] = [None, None]
        for _ in range(10):
            pages = []
            for place, client in enumerate((slow, quick)):
                body = asked | ({"nextPageToken": tokens[place]} if tokens[place] else {})
                page = (await client.post("/jira/rest/api/3/search/jql", json=body)).json()
                tokens[place] = page.pop("nextPageToken", None)
                pages.append(page)
            assert pages[0] == pages[1]
            if pages[0]["isLast"]:
                return
    raise AssertionError("the search never ended")


async def test_a_bulk_fetch_answers_what_the_stand_in_would() -> None:
    async with both() as (slow, quick):
        found = await slow.post("/jira/rest/api/3/search/jql", json={"jql": "project = ENG", "maxResults": 100})
        ids = [one["id"] for one in found.json()["issues"]]
        body = {"issueIdsOrKeys": ids, "fields": ["summary", "labels", "parent"], "properties": ["syncd"]}
        answers = [await client.post("/jira/rest/api/3/issue/bulkfetch", json=body) for client in (slow, quick)]
    assert len(ids) == 100
    assert answers[0].json() == answers[1].json()


async def test_a_search_it_refuses_is_refused_alike() -> None:
    async with both() as (slow, quick):
        answers = [
            await client.post("/jira/rest/api/3/search/jql", json={"jql": "nonsense = 1"}) for client in (slow, quick)
        ]
    assert answers[0].status_code == answers[1].status_code == 400
    assert answers[0].json() == answers[1].json()


async def test_everything_else_is_the_stand_ins_and_every_request_is_counted_once_told() -> None:
    async with both() as (slow, quick):
        path = "/jira/rest/api/3/field"
        assert (await slow.get(path)).json() == (await quick.get(path)).json()
        assert (await quick.get(COUNTS)).json() == {f"GET {path}": 1}
        assert (await quick.get(COUNTS)).json() == {}


async def test_an_issue_is_about_as_long_as_a_real_one() -> None:
    async with both() as (_, quick):
        page = await quick.get(
            "/jira/rest/api/3/search/jql?jql=created%20%3E%3D%202000-01-01&fields=*all&maxResults=100"
        )
    sizes = [len(json.dumps(issue, separators=(",", ":"))) for issue in page.json()["issues"]]
    assert 6_500 < sum(sizes) / len(sizes) < 7_600
