"""The rhythm of one portfolio: a whole cycle, then a rest in which webhooks are served, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import structlog

from syncd.engine.absent import Swept, sweep
from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.facts import After
from syncd.engine.inbox import Lanes, read_what_waits
from syncd.engine.open import refresh
from syncd.engine.pauses import is_paused
from syncd.engine.rest import rest
from syncd.engine.writer import LEASE_S, only_daemon, writing
from syncd.errors import PausedError, RemoteError, UnsafePlanError
from syncd.model.refs import ConnectionName
from syncd.store.store import NEXT

SWEEP_EVERY = timedelta(hours=24)
APART_S: Final = 10.0
"""Between two whole cycles that webhooks ask for: what they cannot name may come in hundreds."""
MORE_S: Final = 60.0
"""The longest rest while there is something to make that a tool's budget did not allow yet."""
SERVE_S: Final = 3.0
"""How long webhooks are served before it is asked whether another portfolio or process waits for its turn."""
PATIENT_AFTER: Final = 3
"""Cycles in a row in which a tool may fail before it is asked less often."""
LONGEST_S: Final = 900.0
"""The longest a failing tool is left alone; a webhook from it ends that."""
log = structlog.get_logger()

Turn: TypeAlias = Callable[[], AbstractAsyncContextManager[None]]
"""Takes the writer's lease for as long as a block lasts."""


class Rhythm:
    """
    One portfolio, kept in step.

    *turn* is entered around everything that writes. *told* hears of every
    cycle, *swept* of every sweep; *after* is waited for after every whole
    cycle. With *hears*, `wake` makes it look into the inbox at once.
    """

    def __init__(
        self,
        desk: Desk,
        turn: Turn,
        *,
        told: Callable[[Cycle], None] = lambda _cycle: None,
        swept: Callable[[Swept], None] = lambda _swept: None,
        after: Callable[[Desk, After], Awaitable[None]] | None = None,
        sweep_every: timedelta = SWEEP_EVERY,
        hears: bool = False,
        outages: Outages | None = None,
        others_wait: Callable[[], bool] = lambda: False,
    ) -> None:
        self._desk = desk
        self._others_wait = others_wait
        self._turn = turn
        self._told = told
        self._swept = swept
        self._after = after
        self._sweep_every = sweep_every
        self._hears = desk.hurries = hears
        self._last_sweep: datetime | None = None
        self._outages = Outages() if outages is None else outages
        self._woken = asyncio.Event()
        self._now = False
        self._has_more = False
        self._lanes = Lanes(desk, told=told, ended=self._woken.set)
        self.ending = asyncio.Event()
        """Set by `end`."""
        self.refused: UnsafePlanError | None = None
        """Why the last whole cycle wrote nothing, if a brake refused it."""
        self.cycled_at: datetime | None = None
        """When the last whole cycle ended."""

    def wake(self, connection: ConnectionName | None = None, *, now: bool = False) -> None:
        """Look into the inbox, since *connection* told something; *now*: run a whole cycle at once."""
        self._now |= now
        if connection is not None and connection in self._desk.accounts:
            self._desk.accounts[connection].retry_at = None
        self._woken.set()

    def end(self) -> None:
        """Say that the cycle under way is the last one."""
        self.ending.set()

    async def run(self, stop: asyncio.Event) -> int:
        """Keep on until *stop* is set; return how many whole cycles ran."""
        cycles = 0
        while not stop.is_set():
            started = self._desk.world.monotonic()
            async with self._turn():
                await self._whole()
            cycles += 1
            self._outages.tell(self._desk)
            self._be_patient()
            every_s = self._desk.portfolio.every_s
            every_s = min(every_s, MORE_S) if self._has_more else every_s
            await self._rest(stop, every_s - (self._desk.world.monotonic() - started))
        return cycles

    async def _whole(self) -> None:
        desk = self._desk
        self._now = False
        self._lanes.begin_anew()
        under_way: list[Cycle] = []
        try:
            await refresh(desk)
            waiting = await read_what_waits(desk) if self._hears else []
            cycle = await self._cycle(under_way) if desk.paused is None else None
            swept = await sweep(desk) if desk.paused is None and self._sweeps() else None
            if swept is not None:
                self._swept(swept)
                self._last_sweep = desk.world.now()
            if done := [row for row in waiting if desk.accounts[row.connection].pulled]:
                async with desk.store.transaction() as tx:
                    await tx.inbox.done(done, desk.world.now())
        except asyncio.CancelledError:
            for each in under_way:
                self._told(each)
            raise
        if cycle is not None:
            self._has_more = bool(cycle.pushed.postponed)
            self._told(cycle)
        if self._after is not None:
            await self._after(desk, After(cycle=cycle, refused=self.refused, swept=swept))

    def _sweeps(self) -> bool:
        return self._last_sweep is None or self._desk.world.now() - self._last_sweep >= self._sweep_every

    async def _cycle(self, under_way: list[Cycle]) -> Cycle | None:
        desk = self._desk
        self.refused = None
        is_first = self.cycled_at is None
        started = desk.world.monotonic()
        try:
            cycle = await sync(desk, command="run", begun=under_way.append)
            cycle.took_s = desk.world.monotonic() - started
        except UnsafePlanError as exc:
            self.refused = exc
            log.warning("plan_refused", portfolio=desk.portfolio.name, reason=exc.what, fix=exc.fix)
            return None
        except RemoteError as exc:
            log.warning("cycle_failed", portfolio=desk.portfolio.name, reason=exc.what)
            return None
        finally:
            self.cycled_at = desk.world.now()
        moved = cycle.records or cycle.compared or cycle.pushed.counts or cycle.opened
        tell = log.info if moved or is_first else log.debug
        tell(
            "cycle_finished",
            portfolio=desk.portfolio.name,
            pulled=cycle.records,
            compared=cycle.compared,
            pushed=sum(cycle.pushed.counts.values()),
            waiting=len(cycle.waiting),
            conflicts=len(cycle.opened),
        )
        return cycle

    async def _rest(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait that long, or until told to stop; what webhooks tell meanwhile is looked at."""
        if not self._hears:
            await rest(self._desk.world, seconds, stop)
            return
        begun = self._desk.world.monotonic()
        while not stop.is_set():
            rested = self._desk.world.monotonic() - begun
            left = min(seconds, APART_S) - rested if self._lanes.wants_all else seconds - rested
            if left <= 0.0 or self._now:
                return
            await rest(self._desk.world, left, stop, self._woken)
            if self._woken.is_set() and not stop.is_set() and not self._now:
                await self._serve(stop, left)

    async def _is_wanted(self) -> bool:
        return self._others_wait() or await self._desk.store.leases.holder(NEXT) is not None

    async def _serve(self, stop: asyncio.Event, left: float) -> None:
        """Look at what webhooks told until nothing waits, a whole cycle is due, or somebody else wants the turn."""
        monotonic = self._desk.world.monotonic
        due = monotonic() + left
        looks_at = min(due, monotonic() + SERVE_S)
        async with self._turn():
            try:
                while (self._woken.is_set() or self._lanes.are_busy) and not (stop.is_set() or self._now):
                    if self._woken.is_set():
                        await rest(self._desk.world, self._desk.portfolio.window_s, stop)
                        self._woken.clear()
                        await self._lanes.start()
                    if monotonic() >= looks_at:
                        if monotonic() >= due or self._lanes.wants_all or await self._is_wanted():
                            break
                        looks_at = min(due, monotonic() + SERVE_S)
                    if self._lanes.are_busy:
                        await rest(self._desk.world, looks_at - monotonic(), stop, self._woken)
                await self._lanes.end()
            except BaseException:
                self._lanes.cancel()  # nothing of it outlives the turn
                await self._lanes.end()
                raise

    def _be_patient(self) -> None:
        """Leave a tool alone for longer and longer while it keeps failing."""
        now = self._desk.world.monotonic()
        for account in self._desk.accounts.values():
            if account.error is None or is_paused(account):
                account.failures, account.retry_at = 0, None
                continue
            if account.left_alone:
                continue
            account.failures += 1
            beyond = account.failures - PATIENT_AFTER
            if beyond >= 0:
                account.retry_at = now + min(LONGEST_S, self._desk.portfolio.every_s * 2**beyond)


async def run_loop(
    desk: Desk,
    stop: asyncio.Event,
    *,
    told: Callable[[Cycle], None] = lambda _cycle: None,
    sweep_every: timedelta = SWEEP_EVERY,
) -> int:
    """
    Run cycles every `portfolio.every_s` seconds until *stop* is set, and sweep now and then; return how many ran.

    A tool that fails is tried again in the next cycle and stops nobody else.
    Between cycles other commands may write.

    Raises:
        StoreError: another loop runs on this store, or it cannot be trusted.
    """
    rhythm = Rhythm(desk, lambda: writing(desk.store, desk.world, wait_s=LEASE_S), told=told, sweep_every=sweep_every)
    async with only_daemon(desk.store, desk.world):
        return await rhythm.run(stop)


class Outages:
    """Which tools of a portfolio went away; known over a reload, since a new key is how one mostly comes back."""

    def __init__(self) -> None:
        self._down: frozenset[ConnectionName] = frozenset()

    def tell(self, desk: Desk) -> None:
        """Log a tool's going away and its coming back, once each; what a person paused did not go away."""
        failing = {name: account.error for name, account in desk.accounts.items() if account.error is not None}
        now = {name: error for name, error in failing.items() if not isinstance(error, PausedError)}
        for name, error in now.items():
            if name not in self._down:
                log.warning("connector_unavailable", connector=name, reason=error.what, fix=error.fix)
        for account in desk.accounts.values():
            account.error_before = None
        for name in (self._down & desk.accounts.keys()) - failing.keys():
            log.info("connector_recovered", connector=name)
        self._down = frozenset(now) | (self._down & failing.keys())
