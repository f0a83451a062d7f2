"""Two processes of one store ask one tool: together within the share, and neither within a wait of the other."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from syncd.connectors._budget import Budget, Rate
from syncd.connectors._http import Http, make_client
from syncd.connectors.jira.settings import BasicAuth, JiraSettings
from syncd.engine.allowance import shared
from syncd.errors import RateLimitedError, StoreError
from syncd.model.refs import ConnectionName
from syncd.store.store import Store, open_store
from tests.engine.bench import Bench, make_bench
from tests.simulation.driver import Files
from tests.simulation.loop import simulate
from tests.simulation.office import LoopClock

JIRA = ConnectionName("jira-pmo")
A_SECOND = 100
"""Requests that the site answers within any second."""
SHARE = 0.5


def live(folder: Path, story: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    """Live through *story* in virtual time."""

    async def work() -> None:
        bench = make_bench(folder, items=1, clock=LoopClock())
        bench.store = f"sqlite:///{folder / 'syncd.db'}"
        bench.world = dataclasses.replace(bench.world, connect_sqlite=Files(bench.clock.now).open)
        await story(bench)

    simulate(work())


@asynccontextmanager
async def process(bench: Bench) -> AsyncIterator[Http]:
    """Be a process of its own: another store opened, another client."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(await open_store(bench.store, bench.world))
        client = await stack.enter_async_context(make_client(bench.world))
        rates = {"default": Rate(per_s=A_SECOND, burst=A_SECOND), "slow": Rate(per_s=1.0, burst=A_SECOND)}
        budget = Budget(name=JIRA, world=bench.world, rates=rates, share=SHARE)
        await stack.enter_async_context(shared(budget, JIRA, store, bench.world))
        said = bench.settings().connections[JIRA].settings
        assert isinstance(said, JiraSettings)
        assert isinstance(said.auth, BasicAuth)
        client.auth = httpx.BasicAuth(said.auth.email, said.auth.token.get_secret_value())
        yield Http(name=JIRA, client=client, world=bench.world, budget=budget, base_url=said.url)


async def hurry(http: Http, bench: Bench, until_s: float) -> int:
    """Ask as fast as may be, several at a time; return how often."""
    asked = 0

    async def one() -> None:
        nonlocal asked
        while bench.clock.monotonic() < until_s:
            await http.read("GET", "/rest/api/3/myself")
            asked += 1

    await asyncio.gather(*(one() for _ in range(10)))
    return asked


@pytest.mark.parametrize("many", [1, 2, 3])
def test_processes_together_take_one_share_and_are_never_refused(tmp_path: Path, many: int) -> None:
    async def story(bench: Bench) -> None:
        bench.sandbox.faults.add("jira:burst=1")
        async with AsyncExitStack() as stack:
            https = [await stack.enter_async_context(process(bench)) for _ in range(many)]
            await asyncio.gather(*(http.read("GET", "/rest/api/3/myself") for http in https))
            began, mark = bench.clock.monotonic(), bench.sandbox.log.mark()
            asked = await asyncio.gather(*(hurry(http, bench, began + 20) for http in https))
        entries = bench.sandbox.log.since(mark)
        assert {entry.status for entry in entries} == {200}
        took_s = (entries[-1].at - entries[0].at) / timedelta(seconds=1)
        assert len(entries) <= SHARE * A_SECOND * (took_s + 1)
        assert len(entries) >= SHARE * A_SECOND * took_s * 0.9, "what one leaves, the others have"
        assert min(asked) > 0.6 * max(asked)

    live(tmp_path, story)


def test_nobody_asks_within_a_wait_that_one_was_told(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.sandbox.faults.add("jira:burst=1")
        async with process(bench) as other, process(bench) as first:
            for http in (first, other):
                await http.read("GET", "/rest/api/3/myself")
            bench.sandbox.faults.add("jira:429:after=40:count=1:wait=60")
            ends = bench.clock.monotonic() + 100
            await asyncio.gather(*(hurry(http, bench, ends) for http in (first, other)))
            # what waited leaves with the rest in pace when it is over: there is no second refusal
            (refused,) = (entry for entry in bench.sandbox.log.entries() if entry.status == 429)
            after = [entry for entry in bench.sandbox.log.entries() if entry.number > refused.number]
            assert len(after) > 100
            assert min(entry.at for entry in after) >= refused.at + timedelta(seconds=60)

    live(tmp_path, story)


def test_a_wait_outlives_the_process_that_was_told(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with process(bench) as http:
            http.budget.max_wait_s = 1.0
            bench.sandbox.faults.add("jira:429:count=1:wait=60")
            with pytest.raises(RateLimitedError):
                await http.read("GET", "/rest/api/3/myself")
        mark = bench.sandbox.log.mark()
        async with process(bench) as http:
            http.budget.max_wait_s = 1.0
            with pytest.raises(RateLimitedError):
                await http.read("GET", "/rest/api/3/myself")
            assert not bench.sandbox.log.since(mark)
            await asyncio.sleep(60)
            await http.read("GET", "/rest/api/3/myself")

    live(tmp_path, story)


def test_who_comes_to_nobody_starts_afresh_and_who_comes_to_somebody_does_not(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async def wait_of(http: Http) -> float:
            await http.budget.take("slow", 0.0)
            return http.budget.wait_s("slow", 40.0)

        async with process(bench) as first:
            await first.budget.take("slow", 43.0)
            async with process(bench) as beside:
                assert await wait_of(beside) > 0.0
        async with process(bench) as after:
            assert await wait_of(after) == 0.0

    live(tmp_path, story)


def test_a_store_that_cannot_be_written_stops_no_request_and_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Store) -> None:
        raise StoreError("the disk is full", where="here", fix="make room")

    async def story(bench: Bench) -> None:
        async with process(bench) as http:
            monkeypatch.setattr(Store, "transaction", refuse)
            await hurry(http, bench, bench.clock.monotonic() + 30)
            monkeypatch.undo()
        assert 1000 < len(bench.sandbox.log.entries()) <= SHARE * A_SECOND * 32

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.BoundLogger)
    try:
        with capture_logs() as logs:
            live(tmp_path, story)
    finally:
        structlog.configure(**before)
    assert [line["event"] for line in logs].count("budget_not_shared") == 1
