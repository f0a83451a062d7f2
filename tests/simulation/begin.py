"""Lives that begin with a backfill, and those whose daemon is told by webhooks: what each process does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from syncd.console.hooks import Receiver
from syncd.engine import backfill as engine
from syncd.engine import pace
from syncd.engine.backfill import Asked, backfill
from syncd.engine.recover import LONGEST_LAG_S
from syncd.engine.service import Service
from syncd.engine.tools import tools
from syncd.engine.writer import LEASE_S
from syncd.errors import SyncdError
from syncd.store.rows import PlanRow
from syncd.store.store import open_store
from syncd.world import World
from tests.simulation.delivery import Mail, delivering, hear
from tests.simulation.ways import Death

if TYPE_CHECKING:
    from tests.simulation.life import Life

MOST: Final = 12
"""Backfills within which two tools agree that never met."""
DRAIN_S: Final = 150.0
"""Two whole cycles and more, when everybody has long stopped delivering."""
AT_ONCE_S: Final = 2.4
"""As `people.AT_ONCE_S`, where what was read for a decision serves as the fresh read, too."""


@contextmanager
def telling(life: Life) -> Iterator[Mail]:
    """Let the tools tell the daemon of a life by webhook while the block lasts, if they do."""
    mail = Mail()
    if life.script.ways.told is None:
        yield mail
        return
    hear(life.bench)
    life.people.at_once_s = AT_ONCE_S
    dice = Random(f"mail {life.script.seed}")  # noqa: S311 - a seeded life
    with delivering(life.bench, mail, dice, life.script.ways.told):
        yield mail


async def serve(life: Life, world: World, stop: asyncio.Event, mail: Mail | None) -> None:
    """Be a daemon that is told by webhooks; a second one, without *mail*, has no port to be told at."""
    settings = life.bench.settings()
    async with await open_store(settings.store, world) as store:
        service = Service(settings, store, world, tools(), load=life.bench.settings)
        if mail is not None:
            mail.receiver = Receiver(service, tools())
        try:
            await service.run(stop)
        finally:
            if mail is not None:
                mail.receiver = None


async def drain(life: Life, mail: Mail) -> None:
    """Let a daemon go on where the last one ended; then nothing may wait in its inbox."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(DRAIN_S, stop.set)
    mail.process = process = life.process(many=True)
    await process.run(lambda world: serve(life, world, stop, mail))
    settings = life.bench.settings()
    async with await open_store(settings.store, life.bench.world) as store:
        left = {name: count for name, count in (await store.inbox.backlog()).items() if count}
    assert not left, f"I14: left in the inbox: {left}"


@contextmanager
def small_portions() -> Iterator[None]:
    """Let a backfill take few items at a time, so that there is something between any two portions."""
    with patch.object(engine, "PORTION", 2), patch.object(pace, "FIRST", 2), patch.object(pace, "MOST", 4):
        yield


async def bring_together(life: Life) -> None:
    """
    Backfill, and carry out what waits, until nothing does; killed now and then, and started again.

    A person looks at the status, too: a write of unknown outcome is looked up
    once an index shows for certain whether it came, and may be due again then.
    """
    deaths = iter(life.script.ways.backfill or ())
    plan: str | None = None
    for _ in range(MOST):
        await life.clock.sleep(LEASE_S)  # what a killed process held is held until then
        found = await fill(life, next(deaths, None), plan)
        if found is None:
            continue  # the same once more
        if plan is None and found.plan is None:
            if not found.open:
                return
            await life.clock.sleep(LONGEST_LAG_S)
        plan = found.plan.id if plan is None and found.plan is not None else None
    raise AssertionError(f"I1: {MOST} backfills do not bring it together")


@dataclass(frozen=True)
class Filled:
    """What a backfill that lived left."""

    plan: PlanRow | None
    """What waits for approval, or was carried out."""
    open: int
    """Writes of unknown outcome."""


async def fill(life: Life, death: Death | None, plan: str | None = None) -> Filled | None:
    """Run one process that backfills; return what it left, `None` when it was killed."""
    found: list[Filled] = []

    async def work(world: World) -> None:
        async with life.desk(world) as desk:
            done = await backfill(desk, Asked(plan=plan))
            found.append(Filled(done.plan, len(await desk.store.journal.open())))

    process = life.process(death)
    with small_portions():
        await process.run(work)
    life.steps += process.steps["any"]
    if process.died_of:
        life.say(f"a backfill was killed at {process.died_of}")
    return found[0] if found else None


async def beside(life: Life) -> None:
    """Start a backfill while the daemon runs, kill it, and start it again."""
    at_s, into_s, deaths = life.script.ways.beside_s, life.script.ways.into_s, life.script.ways.backfill
    if at_s is None or deaths is None:
        return
    await life.clock.sleep(at_s)
    for tries, death in enumerate((*deaths[:1], None)):
        await life.clock.sleep(LEASE_S if tries else 0.0)
        if into_s is not None:
            await life.pulse.next()
            await life.clock.sleep(into_s)
        try:
            found = await fill(life, death)
        except SyncdError as exc:
            life.say(f"a backfill ended: {exc.what}")
            return
        life.say("a backfill is over" if found is not None else "a backfill begins again")
