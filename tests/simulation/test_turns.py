"""A daemon that never has nothing to do lets in whoever else wants to write."""

from __future__ import annotations

import asyncio
from pathlib import Path

from syncd.engine.loop import SERVE_S
from syncd.engine.service import Service
from syncd.engine.writer import LEASE_S, writing
from syncd.store.store import open_store
from tests.engine.bench import Bench
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
