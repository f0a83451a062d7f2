"""SQLite in the loop's own thread: locks of others, tasks that are cancelled, and a disk that takes its time."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from syncd.store._sqlite import LOCK_PATIENCE_S, Connection, Ways, open_database


def other(path: Path) -> sqlite3.Connection:
    """Return a connection of another process, which says itself when it begins."""
    return sqlite3.connect(path, isolation_level=None, timeout=0)


async def opened(path: Path, ways: Ways) -> Connection:
    """Open a database with one table."""
    connection = await open_database(str(path), ways)
    connection._conn.isolation_level = None
    for statement in ("PRAGMA journal_mode = WAL", "CREATE TABLE IF NOT EXISTS t (a)"):
        async with connection.execute(statement):
            pass
    return connection


def kept(path: Path) -> list[tuple[int]]:
    """Return what another process finds."""
    with closing(other(path)) as seen:
        return seen.execute("SELECT a FROM t").fetchall()


async def test_a_lock_of_another_process_is_waited_for_while_the_loop_goes_on(tmp_path: Path) -> None:
    path, slept = tmp_path / "a.db", list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            busy.execute("COMMIT")
        await asyncio.sleep(0)

    mine = await opened(path, Ways(sleep=sleep))
    with closing(other(path)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        async with mine.execute("BEGIN IMMEDIATE"):
            assert len(slept) == 3
    await mine.close()


async def test_a_lock_held_for_too_long_is_told(tmp_path: Path) -> None:
    slept = list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    mine = await opened(tmp_path / "a.db", Ways(sleep=sleep))
    with closing(other(tmp_path / "a.db")) as busy:
        busy.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await mine.execute("BEGIN IMMEDIATE")
    assert sum(slept) == pytest.approx(LOCK_PATIENCE_S, abs=0.1)
    await mine.close()


async def test_who_is_cancelled_while_waiting_for_a_lock_holds_none_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    mine = await opened(path, Ways(sleep=asyncio.sleep))
    with closing(other(path)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(mine.execute("BEGIN IMMEDIATE").__aenter__())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        busy.execute("COMMIT")
        busy.execute("BEGIN IMMEDIATE")
    assert not mine._conn.in_transaction
    await mine.close()


class Slow:
    """A disk that takes until it is told to go on."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.goes_on = threading.Event()

    async def beside(self, do: Callable[[], None]) -> None:
        """Do it in a thread, late."""

        def late() -> None:
            self.goes_on.wait()
            do()

        self.began.set()
        await asyncio.get_running_loop().run_in_executor(None, late)


async def test_a_commit_does_not_stop_the_loop_and_is_ended_before_a_cancelled_task_is(tmp_path: Path) -> None:
    path, disk = tmp_path / "a.db", Slow()
    mine = await opened(path, Ways(sleep=asyncio.sleep, beside=disk.beside))
    for statement in ("BEGIN IMMEDIATE", "INSERT INTO t VALUES (1)"):
        async with mine.execute(statement):
            pass
    committing = asyncio.create_task(mine.commit())
    await disk.began.wait()
    committing.cancel()
    await asyncio.sleep(0.02)
    assert not committing.done()
    assert kept(path) == []
    disk.goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await committing
    assert kept(path) == [(1,)]
    await mine.close()


async def test_a_commit_that_fails_says_so(tmp_path: Path) -> None:
    async def full(_do: Callable[[], None]) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    mine = await opened(tmp_path / "a.db", Ways(sleep=asyncio.sleep, beside=full))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await mine.commit()
    await mine.close()


async def test_what_is_kept_is_on_the_disk_unless_told_otherwise(tmp_path: Path) -> None:
    for is_durable, level in ((True, 2), (False, 0)):
        mine = await opened(tmp_path / "a.db", Ways(sleep=asyncio.sleep, is_durable=is_durable))
        assert await mine.execute_fetchall("PRAGMA synchronous") == [(level,)]
        await mine.close()


async def test_many_statements_in_a_row_leave_others_their_turn(tmp_path: Path) -> None:
    mine = await opened(tmp_path / "a.db", Ways(sleep=asyncio.sleep))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    for _ in range(80):
        await mine.execute_fetchall("SELECT a FROM t")
    assert turns >= 10
    beside.cancel()
    await mine.close()
