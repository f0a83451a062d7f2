"""B3: a first two-way sync in virtual time: every limit and every wait of hours, in minutes."""

from __future__ import annotations

import asyncio
import os
import selectors
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from benchmarks.installation import BOTH, install
from benchmarks.office import STANDINS, lengthened, only_elsewhere
from benchmarks.quiet import agree
from syncd.engine.backfill import Asked, backfill
from syncd.engine.cycle import sync
from syncd.engine.desk import Desk
from syncd.engine.open import open_desk, refresh
from syncd.engine.plans import apply, make_plan
from syncd.engine.tools import tools
from syncd.sandbox.app import Sandbox
from syncd.sandbox.portfolio import Portfolio, make_portfolio
from syncd.settings.load import load
from syncd.store.store import open_store
from syncd.world import World, real_world
from tests.simulation.driver import Files

T = TypeVar("T")
START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATENCY_MS: Final = 150
MET: Final = ("jira", "github")
CONTENT_A_MINUTE, CONTENT_AN_HOUR = 80, 500
"""GitHub's limit on making content (vendor facts, G2)."""
GRACE_S: Final = 0.002
"""How long a database thread may answer before virtual time moves on."""
MOST_ROUNDS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What bringing two filled tools together asked of them."""

    requests: int
    refused_share: float
    second_writes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What filling an empty tool from the other one took."""

    wanted: int
    made: int
    requests: int
    refused_share: float
    took_s: float
    least_s: float
    second_writes: int


class _Leaping(selectors.DefaultSelector):
    """Never waits for a timer: where nothing happens, the clock leaps to the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.leapt_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout is not None and timeout <= 0 else GRACE_S if timeout else None)
        if not ready and timeout is not None and timeout > 0:
            self.leapt_s += timeout
        return ready


class _LeapingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.leapt_s


def _run(work: Callable[[World], Awaitable[T]]) -> T:
    with asyncio.Runner(loop_factory=_LeapingLoop) as runner:
        loop = runner.get_loop()
        world = replace(
            real_world(), now=lambda: START + timedelta(seconds=loop.time()), monotonic=loop.time, sleep=asyncio.sleep
        )
        return runner.run(_awaited(work, world))


async def _awaited(work: Callable[[World], Awaitable[T]], world: World) -> T:
    return await work(world)


def meet(items: int, folder: Path) -> Met:
    """Bring two tools together that hold the same *items* already."""

    async def work(world: World) -> Met:
        office = _office(world, items, lambda portfolio: portfolio)
        async with _desk(office, folder, world, BOTH) as desk:
            await agree(desk)
            asked, refused = _told(office)
            second = await sync(desk)
        return Met(requests=asked, refused_share=refused, second_writes=sum(second.pushed.counts.values()))

    return _run(work)


def create_side(target: str, items: int, folder: Path) -> Created:
    """Fill *target*, empty of tasks, from the other tool: initial states, no comments, no links."""
    source = {"jira": "github-eng", "github": "jira-pmo"}[target]
    place = {"jira": "{jira-pmo: {project: ENG}}", "github": "{github-eng: {repository: api}}"}[target]
    rule = f"create:\n  task: {{from: {source}, in: [{place}]}}\n"

    async def work(world: World) -> Created:
        office = _office(world, items, lambda portfolio: only_elsewhere(portfolio, target))
        async with _desk(office, folder, world, BOTH + rule) as desk:
            began = world.monotonic()
            made = await _fill(desk)
            took_s = world.monotonic() - began
            asked, refused = _told(office)
            second = await sync(desk)
        wanted = len(office_tasks(items))
        return Created(
            wanted=wanted,
            made=made,
            requests=asked,
            refused_share=refused,
            took_s=took_s,
            least_s=3600.0 * wanted / CONTENT_AN_HOUR,
            second_writes=sum(second.pushed.counts.values()),
        )

    return _run(work)


def foresee(items: int, folder: Path) -> tuple[list[tuple[float, float | None]], float]:
    """
    Fill GitHub, empty of tasks, by a backfill, with all its limits on.

    Return what it told of how long it still takes, and when it ended; in seconds of the tool's time.
    """
    rule = "create:\n  task: {from: jira-pmo, in: [{github-eng: {repository: api}}]}\n"

    async def work(world: World) -> tuple[list[tuple[float, float | None]], float]:
        office = _office(world, items, lambda portfolio: only_elsewhere(portfolio, "github"))
        told: list[tuple[float, float | None]] = []
        world = replace(world, connect_sqlite=Files(world.now).open)  # no thread that virtual time could leap past
        async with _desk(office, folder, world, BOTH + rule) as desk:
            shown = await backfill(desk, Asked(dry_run=True))
            await refresh(desk)
            plan = None if shown.plan is None else shown.plan.id
            await backfill(
                desk, Asked(plan=plan, approve=True), lambda far: told.append((world.monotonic(), far.left_s))
            )
            return told, world.monotonic()

    return _run(work)


async def _fill(desk: Desk) -> int:
    plan = await make_plan(desk)
    await refresh(desk)
    applied = await apply(desk, plan.plan_id, approve=True)
    made = applied.cycle.pushed.counts["create"]
    for _ in range(MOST_ROUNDS):
        await refresh(desk)
        cycle = await sync(desk)
        made += cycle.pushed.counts["create"]
        if not cycle.pushed.counts:
            break
    return made


def office_tasks(items: int) -> tuple[Any, ...]:
    """Return the tasks such an office holds."""
    return lengthened(make_portfolio(items, START.date())).tasks


def _office(world: World, items: int, shape: Callable[[Portfolio], Portfolio]) -> Sandbox:
    portfolio = shape(lengthened(make_portfolio(items, START.date())))
    office = Sandbox({name: STANDINS[name](world, portfolio) for name in MET}, world, latency_ms=LATENCY_MS)
    office.tools["jira"].tune("burst", "1")
    return office


@asynccontextmanager
async def _desk(office: Sandbox, folder: Path, world: World, mapping: str) -> AsyncIterator[Desk]:
    install(folder, office.describe("http://sandbox"), mapping)
    reached = replace(world, transport=office.transport)
    settings = load(folder, tools(), os.environ)
    async with (
        await open_store(settings.store, reached) as store,
        open_desk(settings, "all", store, reached, tools()) as desk,
    ):
        yield desk


def _told(office: Sandbox) -> tuple[int, float]:
    entries = office.log.entries()
    refused = sum(entry.status in {403, 429} for entry in entries)
    return len(entries), refused / max(1, len(entries))
