"""The parts the simulation stands on: time that leaps, a database without a thread, a process that can die."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from random import Random

import pytest

from syncd.model.refs import RunId
from syncd.store._sqlite import ignore
from syncd.store.rows import RunRow
from syncd.store.store import open_store
from syncd.world import World
from tests.engine.bench import make_bench
from tests.simulation.driver import Files, connect
from tests.simulation.loop import StuckError, simulate
from tests.simulation.office import LoopClock
from tests.simulation.process import Process
from tests.simulation.ways import Death


def test_hours_pass_at_once() -> None:
    async def wait() -> float:
        await asyncio.sleep(36_000)
        return asyncio.get_running_loop().time()

    assert simulate(wait()) == 36_000


def test_waiting_for_nothing_is_told() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(StuckError):
        simulate(wait())


def test_a_lock_is_waited_for_in_virtual_time(tmp_path: Path) -> None:
    async def two() -> float:
        clock = LoopClock()
        one, other = [await connect(str(tmp_path / "a.db"), clock.now, ignore) for _ in range(2)]
        await one.cursor().execute("CREATE TABLE t (a)")
        await one.cursor().execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(3, one.stop)
        await other.cursor().execute("BEGIN IMMEDIATE")
        other.stop()
        return asyncio.get_running_loop().time()

    assert simulate(two()) == pytest.approx(3, abs=0.06)


def test_a_lock_that_is_never_given_back_is_an_error_after_ten_seconds(tmp_path: Path) -> None:
    async def two() -> float:
        one, other = [await connect(str(tmp_path / "a.db"), LoopClock().now, ignore) for _ in range(2)]
        await one.cursor().execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await other.cursor().execute("BEGIN IMMEDIATE")
        return asyncio.get_running_loop().time()

    assert 10 <= simulate(two()) < 10.2


def test_a_database_tells_virtual_time(tmp_path: Path) -> None:
    async def look() -> float:
        clock = LoopClock()
        await clock.sleep(86_400)
        opened = await Files(clock.now).open(str(tmp_path / "a.db"))
        cursor = await opened.cursor().execute("SELECT (julianday('now') - 2440587.5) * 86400")
        (told,) = await cursor.fetchone()
        opened.stop()
        return float(told) - clock.now().timestamp()

    assert abs(simulate(look())) < 0.001


@pytest.mark.parametrize("kind", ["database", "commit"])
def test_a_killed_process_leaves_whole_transactions_and_nothing_of_it_goes_on(tmp_path: Path, kind: str) -> None:
    """Killed at each step of a program that commits three runs, the database holds the first few of them."""
    counts: list[int] = []

    async def program(world: World) -> None:
        async with await open_store(f"sqlite:///{tmp_path / 'a.db'}", world) as store:
            for number in range(3):
                async with store.transaction() as tx:
                    await tx.runs.start(
                        RunRow(id=RunId(str(number)), command="test", portfolio="p", started_at=world.now())
                    )

    async def lives() -> None:
        bench = make_bench(tmp_path, items=0, clock=LoopClock())
        plain = Process(bench.world, bench.sandbox, Random(1))  # noqa: S311 - waits
        await plain.run(_made)
        for step in range(1, 200):
            (tmp_path / "a.db").unlink(missing_ok=True)
            await Process(bench.world, bench.sandbox, Random(1)).run(_made)  # noqa: S311
            process = Process(bench.world, bench.sandbox, Random(1), Death(kind, step))  # noqa: S311
            lived = await process.run(program)
            with sqlite3.connect(tmp_path / "a.db") as raw:
                counts.append(raw.execute("SELECT count(*) FROM run").fetchone()[0])
            if lived:
                return

    async def _made(world: World) -> None:
        await (await open_store(f"sqlite:///{tmp_path / 'a.db'}", world)).close()

    simulate(lives())
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2, 3}
