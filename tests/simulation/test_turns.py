"""A daemon that never has nothing to do lets in whoever else wants to write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from syncd.engine import inbox
from syncd.engine.desk import Desk
from syncd.engine.hints import Looked
from syncd.engine.loop import SERVE_S
from syncd.engine.service import Service
from syncd.engine.writer import LEASE_S, writing
from syncd.errors import StoreError
from syncd.store.store import WRITER, open_store
from tests.engine.bench import Bench
from tests.engine.hand import TASK, shown
from tests.simulation.test_service import daemon, edit, tell

BUSY_S = 60.0
CYCLE_S = 5.0
"""Longer than what is under way takes to end."""


def test_another_process_has_its_turn_soon_while_webhooks_keep_coming(tmp_path: Path) -> None:
    waited: list[float] = []

    async def work(service: Service, bench: Bench) -> None:
        async def be_busy() -> None:
            for number in range(round(BUSY_S / 0.1)):
                edit(bench, f"Named {number}")
                await tell(service, bench, f"delivery {number}")
                await asyncio.sleep(0.1)

        busy = asyncio.create_task(be_busy())
        await asyncio.sleep(BUSY_S / 4)
        async with await open_store(bench.settings().store, bench.world) as other:
            begun = bench.clock.monotonic()
            async with writing(other, bench.world, wait_s=LEASE_S, look_s=0.1):
                waited.append(bench.clock.monotonic() - begun)
                mark = bench.sandbox.log.mark()
                await asyncio.sleep(CYCLE_S)
                assert not bench.writes_since(mark), "two write at once"
        await asyncio.sleep(CYCLE_S)
        assert bench.writes_since(mark), "it does not go on"
        await busy

    daemon(tmp_path, work)
    assert len(waited) == 1
    assert 0 < waited[0] < SERVE_S + CYCLE_S


def test_no_lane_goes_on_without_the_writers_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store fails once while a lane is at it."""
    held: list[object] = []
    real: Callable[..., Awaitable[Looked]] = vars(inbox)["sync_items"]

    async def slow(desk: Desk, *rest: object) -> Looked:
        await asyncio.sleep(8.0)
        held.append(await desk.store.leases.holder(WRITER))
        return await real(desk, *rest)

    async def work(service: Service, bench: Bench) -> None:
        monkeypatch.setattr(inbox, "sync_items", slow)
        edit(bench, "Named anew")
        await tell(service, bench, "first")
        await asyncio.sleep(1.0)
        (desk,) = service._desks.values()
        with monkeypatch.context() as patch:

            async def broken(*_: object) -> None:
                raise StoreError("the database is locked", where="here", fix="none")

            patch.setattr(desk.store.inbox, "waiting", broken)
            await tell(service, bench, "second")
            await asyncio.sleep(2.0)
        await asyncio.sleep(60.0)
        assert shown(bench, "github", TASK[1])["title"] == "Named anew"

    daemon(tmp_path, work)
    assert None not in held


def test_a_portfolio_that_waits_for_a_worker_is_noticed(tmp_path: Path) -> None:
    async def work(service: Service, _bench: Bench) -> None:
        (rhythm,) = service._rhythms.values()
        most = service.settings.workers
        async with AsyncExitStack() as held:
            for _ in range(most):
                await held.enter_async_context(service._turn())
            assert not rhythm._others_wait()
            waiting = asyncio.create_task(service._turn().__aenter__())
            await asyncio.sleep(1.0)
            assert rhythm._others_wait()
            waiting.cancel()
            await asyncio.wait({waiting})
            assert not rhythm._others_wait()

    daemon(tmp_path, work)
