"""The disk under an SQLite store fills up, or another process holds its lock: at any commit, and until it is over."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from syncd.engine.cycle import sync
from syncd.errors import StoreError
from syncd.store._sqlite import Connection, Ways, open_database
from tests import databases
from tests.engine.bench import Bench
from tests.engine.hand import (
    CREATE,
    LATER_S,
    OTHER,
    TASK,
    after_edits,
    agreed,
    all_is_well,
    census,
    github_of,
    jira_of,
    shown,
)

FULL: Final = ("database or disk is full", "the disk is full", "make room; nothing of the last transaction was kept")
LOCKED: Final = ("database is locked", "another process is writing to it", "wait, or stop the other process")
FEW: Final = 4
"""Commits tried of one run, spread over all of it; all of them in the long run."""


@dataclass
class Disk:
    """Keeps so many commits and refuses every one after them."""

    refusal: str
    room: int = 1_000_000
    commits: int = 0

    async def connect(self, path: str) -> Connection:
        """Open a database on this disk."""
        connection = await open_database(path, Ways(sleep=asyncio.sleep))
        raw = connection._conn
        commit, kept = connection.commit, raw.total_changes

        async def checked() -> None:
            nonlocal kept
            if raw.total_changes != kept:
                if self.commits >= self.room:
                    raise sqlite3.OperationalError(self.refusal)
                self.commits += 1
            await commit()
            kept = raw.total_changes

        connection.commit = checked  # type: ignore[method-assign]
        return connection


async def disturbed(folder: Path) -> Bench:
    """Return an installation where something is due in every direction."""
    bench = await agreed(folder, mapping=CREATE)
    jira, github = jira_of(bench), github_of(bench)
    jira.add("Story", "ENG", {"title": "The first of its kind"}, by="ada")
    await after_edits(bench)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    await bench.settle()
    jira.set(TASK[0], "summary", "Called anew in Jira", by="ada")
    github.set(OTHER[1], "title", "Called anew in GitHub", by="ben")
    jira.add("Story", "ENG", {"title": "Made in Jira"}, by="ada")
    bench.clock.pass_(LATER_S)
    return bench


async def refused_at(bench: Bench, disk: Disk, room: int) -> StoreError | None:
    """Sync with room for so many commits, and return what was told of it."""
    disk.room, disk.commits = room, 0
    try:
        await bench.sync()
    except StoreError as exc:
        return exc
    return None


async def check_room(folder: Path, room: int, refusal: tuple[str, str, str]) -> bool:
    """Let the disk take so many commits; return whether a sync came to the end of it."""
    said, what, fix = refusal
    bench = await disturbed(folder)
    before = census(bench)
    disk = Disk(said)
    bench.world = replace(bench.world, connect_sqlite=disk.connect)
    told = await refused_at(bench, disk, room)
    if told is not None:
        assert (told.what, told.fix) == (f"{what} ({said})", fix)
        again: Any = await refused_at(bench, disk, 0)
        assert again is not None, "it went on without room"
    disk.room = 1_000_000
    for _ in range(2):
        await after_edits(bench)
    await all_is_well(bench)
    assert shown(bench, "github", TASK[1])["title"] == "Called anew in Jira"
    assert shown(bench, "jira", OTHER[0])["summary"] == "Called anew in GitHub"
    born = census(bench) - before
    assert born["github", "Made in Jira"] == 1
    assert sum(census(bench).values()) == sum(before.values()) + 1
    return told is not None


async def commits_of(folder: Path) -> int:
    """Return how many commits a whole sync makes, but for saying at the end that it asks nothing any more."""
    bench, disk = await disturbed(folder), Disk("")
    bench.world = replace(bench.world, connect_sqlite=disk.connect)
    async with bench.desk() as desk:
        await sync(desk)
        return disk.commits


@pytest.fixture
def on_a_file() -> None:
    """Skip where the store is not a file."""
    if databases.kind() != databases.SQLITE:
        pytest.skip("a server has its own disk")


@pytest.mark.usefixtures("on_a_file")
@pytest.mark.parametrize("refusal", [FULL, LOCKED], ids=["full", "locked"])
async def test_a_commit_the_disk_refuses_stops_the_cycle_and_loses_nothing(
    tmp_path: Path, refusal: tuple[str, str, str]
) -> None:
    commits = await commits_of(tmp_path / "whole")
    step = max(1, commits // FEW)
    for room in range(refusal is LOCKED, commits, step):
        assert await check_room(tmp_path / str(room), room, refusal), f"no refusal after {room} commits"


@pytest.mark.slow
@pytest.mark.usefixtures("on_a_file")
async def test_the_disk_may_be_full_at_every_commit(tmp_path: Path) -> None:
    for room in range(await commits_of(tmp_path / "whole")):
        assert await check_room(tmp_path / str(room), room, FULL), f"no refusal after {room} commits"
