"""A company past its first contact: two tools that tell one story, a store, and a clock, each to be copied."""

from __future__ import annotations

import asyncio
import pickle
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from syncd.sandbox.redmine import RedmineStandIn
from syncd.world import World
from tests.engine.bench import Bench, Clock, make_bench
from tests.engine.contact import live_through, state_of
from tests.simulation.casts import CASTS, PARTS, mappings, tools_of
from tests.simulation.driver import Files
from tests.simulation.loop import simulate

ITEMS = 6
LEAST_S: Final = 1e-6
"""The shortest sleep: a microsecond, as the times of day have it."""
PORTFOLIO = "platform"
LIMITS = "    mapping: platform.yaml\n    limits: {update_count: 100000, create_count: 100000}\n"


class LoopClock(Clock):
    """Time that passes in a simulated loop, on top of what had passed when it was copied."""

    def __init__(self, before_s: float = 0.0) -> None:
        super().__init__()
        self.before_s = before_s
        self.skew_s = 0.0
        """How far the wall clock of syncd's machine is ahead of everybody else's."""

    def __reduce__(self) -> tuple[type[LoopClock], tuple[float]]:
        """Go on from now, in a loop that begins at second 0."""
        return LoopClock, (self.monotonic(),)

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass, and some at least: less than a float can tell apart would never be over."""
        await asyncio.sleep(max(LEAST_S, seconds) if seconds > 0 else 0.0)

    def monotonic(self) -> float:
        """Return the seconds since the beginning."""
        return self.before_s + asyncio.get_running_loop().time()

    def now(self) -> datetime:
        """Return the time of day in the tools."""
        return self.at + timedelta(seconds=self.monotonic())

    def skewed(self) -> datetime:
        """Return the time of day on syncd's machine."""
        return self.now() + timedelta(seconds=self.skew_s)


@dataclass(frozen=True)
class Prepared:
    """How a first contact left everything: the tools with their clock, pickled, the database, and the rest."""

    state: bytes
    database: bytes
    bench: Bench


@cache
def prepared(mapping: str, other: str = "github") -> Prepared:
    """Live through the first contact with a mapping and another tool, by name; once in a process."""
    with TemporaryDirectory() as folder:
        return simulate(_contact(Path(folder), mapping, other))


def _bench(folder: Path, mapping: str, other: str) -> Bench:
    cast = CASTS[other]
    bench = make_bench(folder, items=ITEMS, tools=tools_of(other), clock=LoopClock())
    bench.mapping = mappings(cast)[mapping]
    bench.main = cast.main(bench.main).replace("    mapping: platform.yaml\n", LIMITS)
    bench.people = cast.people(bench.people)
    if other != "github":
        _open(bench)
    bench.store = f"sqlite:///{folder / 'syncd.db'}"
    bench.world = replace(bench.world, connect_sqlite=Files(bench.clock.now).open)
    return bench


def _open(bench: Bench) -> None:
    """Make something in each tool, since what syncd makes first of a kind in another one, it makes after approval."""
    for tool, stand_in in bench.sandbox.tools.items():
        if isinstance(stand_in, RedmineStandIn):
            stand_in.site.derives = False  # a parent that has its dates from its children never tells the same story
        stand_in.add(*PARTS[tool].made, {"title": f"Opened in {tool}"}, by=PARTS[tool].by)


async def _contact(folder: Path, mapping: str, other: str) -> Prepared:
    bench = _bench(folder, mapping, other)
    await live_through(bench)
    return Prepared(state_of(bench), (folder / "syncd.db").read_bytes(), bench)


@cache
def strangers(mapping: str, other: str = "github") -> Prepared:
    """Return two tools that were never brought together, and no store."""
    with TemporaryDirectory() as folder:
        return simulate(_apart(Path(folder), mapping, other))


async def _apart(folder: Path, mapping: str, other: str) -> Prepared:
    bench = _bench(folder, mapping, other)
    return Prepared(state_of(bench), b"", bench)


def copy_of(origin: Prepared, folder: Path, seed: int) -> Bench:
    """Return a copy that nobody else sees, its database in *folder*."""
    sandbox, clock, world = pickle.loads(origin.state)  # noqa: S301 - our own
    file = folder / "syncd.db"
    if origin.database:
        file.write_bytes(origin.database)
    dice = Random(seed)  # noqa: S311 - jitter
    return Bench(
        folder=folder,
        sandbox=sandbox,
        clock=clock,
        world=World(
            now=clock.skewed,
            monotonic=clock.monotonic,
            sleep=clock.sleep,
            random=dice,
            new_id=world.new_id,
            transport=sandbox.transport,
            connect_sqlite=Files(clock.now).open,
        ),
        env=origin.bench.env,
        mapping=origin.bench.mapping,
        main=origin.bench.main,
        store=f"sqlite:///{file}",
        people=origin.bench.people,
    )
