"""A tool that says yes and does nothing: told once, listed, and tried again when a person says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from syncd.engine.choices import retry
from syncd.store.rows import QuarantineRow
from tests.engine.bench import Bench, make_bench
from tests.engine.contact import agreed
from tests.engine.test_stories import held, pair


class Deaf(httpx.AsyncBaseTransport):
    """Answers edits of Jira issues with a 204 and drops them, while it is deaf."""

    def __init__(self, bench: Bench) -> None:
        self.is_deaf = True
        self.dropped = 0
        self._bench = bench

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Drop an edit, or pass a request on."""
        if self.is_deaf and request.method == "PUT":
            self.dropped += 1
            return httpx.Response(204, request=request)
        return await self._bench.sandbox.transport().handle_async_request(request)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


async def aside(bench: Bench) -> Sequence[QuarantineRow]:
    """Return what is in quarantine."""
    async with bench.desk() as desk:
        return await desk.store.quarantine.all()


async def dropped(bench: Bench) -> tuple[Deaf, str]:
    """Let an edit in GitHub be dropped by Jira, and return the tool and the Jira key."""
    await agreed(bench)
    jira, github = await pair(bench)
    deaf = Deaf(bench)
    bench.world = dataclasses.replace(bench.world, transport=lambda: deaf)
    bench.sandbox.tools["github"].set(github, "title", "Nobody listens", by="ben")
    for _ in range(4):
        await bench.sync(full=True)
    assert deaf.dropped == 1
    assert held(bench, "jira", jira)["summary"] != "Nobody listens"
    [row] = await aside(bench)
    assert (row.field, row.attempts) == ("title", 1)
    return deaf, jira


async def test_a_dropped_write_is_listed_and_flows_when_a_person_says_so(bench: Bench) -> None:
    deaf, jira = await dropped(bench)
    deaf.is_deaf = False
    await bench.sync(full=True)
    assert held(bench, "jira", jira)["summary"] != "Nobody listens"
    async with bench.desk() as desk:
        await retry(desk, await desk.store.quarantine.all())
    await bench.settle()
    assert held(bench, "jira", jira)["summary"] == "Nobody listens"
    assert await aside(bench) == []


async def test_what_a_person_enters_in_the_tool_ends_the_refusal(bench: Bench) -> None:
    _, jira = await dropped(bench)
    bench.sandbox.tools["jira"].set(jira, "summary", "Nobody listens", by="ada")
    await bench.settle()
    assert await aside(bench) == []
    assert (await bench.verify()).agrees
