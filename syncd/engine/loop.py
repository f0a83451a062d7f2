"""The plain polling loop: a cycle, a rest, until told to stop; the write in flight is always finished."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from syncd.engine.absent import sweep
from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.open import refresh
from syncd.engine.writer import LEASE_S, only_daemon, writing
from syncd.errors import PausedError, RemoteError, UnsafePlanError
from syncd.model.refs import ConnectionName

SWEEP_EVERY = timedelta(hours=24)
log = structlog.get_logger()


async def run_loop(
    desk: Desk,
    stop: asyncio.Event,
    *,
    told: Callable[[Cycle], None] | None = None,
    sweep_every: timedelta = SWEEP_EVERY,
) -> int:
    """
    Run cycles every `portfolio.every_s` seconds until *stop* is set, and sweep now and then; return how many ran.

    A tool that fails is tried again in the next cycle and stops nobody else.
    Between cycles other commands may write.

    Raises:
        StoreError: another loop runs on this store, or it cannot be trusted.
    """
    cycles = 0
    swept: datetime | None = None
    down: frozenset[ConnectionName] = frozenset()
    async with only_daemon(desk.store, desk.world):
        while not stop.is_set():
            started = desk.world.monotonic()
            async with writing(desk.store, desk.world, wait_s=LEASE_S):
                await refresh(desk)
                cycle = await _cycle(desk) if desk.paused is None else None
                if desk.paused is None and (swept is None or desk.world.now() - swept >= sweep_every):
                    await sweep(desk)
                    swept = desk.world.now()
            cycles += 1
            if cycle is not None and told is not None:
                told(cycle)
            down = _tell_outages(desk, down)
            await _rest(desk, stop, desk.portfolio.every_s - (desk.world.monotonic() - started))
    return cycles


async def _cycle(desk: Desk) -> Cycle | None:
    try:
        cycle = await sync(desk, command="run")
    except UnsafePlanError as exc:
        log.warning("plan_refused", portfolio=desk.portfolio.name, reason=exc.what, fix=exc.fix)
        return None
    except RemoteError as exc:
        log.warning("cycle_failed", portfolio=desk.portfolio.name, reason=exc.what)
        return None
    log.info(
        "cycle_finished",
        portfolio=desk.portfolio.name,
        pulled=cycle.records,
        compared=cycle.compared,
        pushed=sum(cycle.pushed.counts.values()),
        waiting=len(cycle.waiting),
        conflicts=len(cycle.opened),
    )
    return cycle


def _tell_outages(desk: Desk, down: frozenset[ConnectionName]) -> frozenset[ConnectionName]:
    """Log a tool's going away and its coming back, once each; what a person paused did not go away."""
    failing = {name: account.error for name, account in desk.accounts.items() if account.error is not None}
    now = {name: error for name, error in failing.items() if not isinstance(error, PausedError)}
    for name, error in now.items():
        if name not in down:
            log.warning("connector_unavailable", connector=name, reason=error.what, fix=error.fix)
    for name in down - failing.keys():
        log.info("connector_recovered", connector=name)
    return frozenset(now) | (down & failing.keys())


async def _rest(desk: Desk, stop: asyncio.Event, seconds: float) -> None:
    """Wait that long, or until told to stop."""
    nap = asyncio.ensure_future(desk.world.sleep(max(0.0, seconds)))
    told = asyncio.ensure_future(stop.wait())
    await asyncio.wait({nap, told}, return_when=asyncio.FIRST_COMPLETED)
    for each in (nap, told):
        each.cancel()
