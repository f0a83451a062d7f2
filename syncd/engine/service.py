"""
The daemon: every portfolio in its rhythm, one configuration that may change under it, one writer's lease.

    a portfolio fails          it begins anew after a while; the others go on
    a tool fails               its portfolio goes on without it (`engine/loop.py`)
    the configuration changes  all of it takes effect at once, or none of it
    told to stop               what is under way is finished, for some seconds at most (`engine/flight.py`)
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import structlog

from syncd.engine.absent import Swept
from syncd.engine.chores import Chores
from syncd.engine.cycle import Cycle
from syncd.engine.desk import Account, Desk
from syncd.engine.facts import After
from syncd.engine.intake import Intake
from syncd.engine.loop import Outages, Rhythm
from syncd.engine.open import Tools, open_desk
from syncd.engine.vitals import (
    ConnectionVitals,
    Counts,
    Durations,
    PortfolioVitals,
    Trouble,
    Vitals,
    connections_of,
    state_of,
    trouble_of,
)
from syncd.engine.writer import Turns, only_daemon
from syncd.errors import ConfigError, StoreError, SyncdError
from syncd.model.refs import ConnectionName
from syncd.settings.load import Settings
from syncd.store.rows import InboxRow
from syncd.store.store import Store
from syncd.world import World

AGAIN_S: Final = 10.0
"""After which a portfolio that failed begins anew; twice that after the second failure in a row, and so on."""
LONGEST_S: Final = 600.0
"""The longest a failing portfolio is left alone."""
log = structlog.get_logger()


class Service:
    """
    All portfolios, or those of *only*.

    *load* reads the configuration anew, and raises `ConfigError` when it is
    not one to run on.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        world: World,
        tools: Tools,
        *,
        load: Callable[[], Settings],
        only: frozenset[str] | None = None,
        told: Callable[[str, Cycle], None] = lambda _portfolio, _cycle: None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.world = world
        self.counts = Counts()
        self._tools = tools
        self._load = load
        self._only = only
        self._told = told
        self._turns = Turns(store, world)
        self._intake = Intake(store, self.wake)
        self.chores = Chores(store, world, settings=lambda: self.settings, vitals=self.vitals, accounts=self._accounts)
        self._workers = asyncio.Semaphore(settings.workers)
        self._queueing = 0
        self._started_at = self._configured_at = world.now()
        self._stopping = False
        self._reloading = asyncio.Lock()
        self._reloads: set[asyncio.Task[bool]] = set()
        self._refused: Trouble | None = None
        self._failed: dict[str, Trouble] = {}
        self._outages: defaultdict[str, Outages] = defaultdict(Outages)
        self._rhythms: dict[str, Rhythm] = {}
        self._desks: dict[str, Desk] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._since: dict[ConnectionName, tuple[str, datetime]] = {}
        self._fatal: asyncio.Future[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """
        Run until *stop* is set.

        Raises:
            StoreError: another daemon runs on this store, or took over.
        """
        async with only_daemon(self.store, self.world) as check:
            self._check = check
            self._fatal = asyncio.get_running_loop().create_future()
            self._start_all()
            stopped = asyncio.create_task(stop.wait())
            ends: set[asyncio.Future[Any]] = {stopped, self._fatal}
            try:
                async with self.chores.going_on():
                    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._stopping = True
                stopped.cancel()
                await self._tell()  # how all stood when it ended
                await _cancelled(self._reloads.copy())
                await _cancelled(self._tasks.values())
            if self._fatal.done():
                self._fatal.result()

    def wake(self, connection: ConnectionName) -> None:
        """Look into the inbox: a webhook told something of *connection*."""
        for name, desk in self._desks.items():
            if connection in desk.accounts and name in self._rhythms:
                self._rhythms[name].wake(connection)

    def cycle_now(self, portfolio: str | None = None) -> bool:
        """Run a whole cycle of one portfolio, or of all, as soon as may be; return whether there is such a one."""
        names = [name for name in self._rhythms if portfolio in (None, name)]
        for name in names:
            self._rhythms[name].wake(now=True)
        return bool(names)

    async def take_in(self, row: InboxRow) -> bool:
        """Keep what a webhook told and wake whom it concerns; `False` when it was told before."""
        return await self._intake.keep(row)

    def hears(self, connection: ConnectionName) -> bool:
        """Whether anything is done about what a webhook tells of *connection*."""
        return any(connection in self.settings.portfolios[name].connections for name in self._names())

    async def reload(self) -> bool:
        """
        Put the configuration as it is now in force, all of it, between two cycles; return whether it was.

        One that is not to be run on changes nothing; why is told in the log, in `status` and in the metrics. Who is
        cancelled meanwhile (it waits for the cycles under way) leaves nothing half done: it goes on to its end.
        """
        reloading = asyncio.create_task(self._reload_in_turn())
        self._reloads.add(reloading)
        reloading.add_done_callback(self._reloads.discard)
        return await asyncio.shield(reloading)

    @property
    def is_refused(self) -> bool:
        """Whether the files, as they were last read, are not to be run on."""
        return self._refused is not None

    async def _reload_in_turn(self) -> bool:
        async with self._reloading:
            return await self._reload()

    async def _reload(self) -> bool:
        try:
            settings = self._load()
            _check_reloadable(self.settings, settings)
        except ConfigError as exc:
            trouble = trouble_of(exc)
            if self._refused != trouble:
                log.warning("configuration_refused", reason=str(exc), fix="the configuration before stays in force")
            self._refused = trouble
            await self._notify_configuration(exc)
            await self._tell()
            return False
        self._refused = None
        self._configured_at = self.world.now()
        self.settings = settings
        await self._notify_configuration(None)
        self.chores.notifier.use(settings.notify)
        ended = self._tasks.copy()
        for name, task in ended.items():
            if name in self._rhythms:
                self._rhythms[name].end()
            else:
                task.cancel()  # it waits to begin anew
        await asyncio.gather(*ended.values(), return_exceptions=True)
        self._failed.clear()
        self._start_all()
        log.info("configuration_loaded", portfolios=sorted(self._tasks))
        await self._tell()
        return True

    async def _notify_configuration(self, error: ConfigError | None) -> None:
        try:
            await self.chores.notifier.configuration(error)
        except StoreError as exc:
            log.warning("configuration_not_told", reason=exc.what, fix=exc.fix)

    def _start_all(self) -> None:
        self._tasks = {name: asyncio.create_task(self._portfolio(name)) for name in self._names()}

    def _names(self) -> list[str]:
        """Return the portfolios that this daemon is about."""
        return sorted(name for name in self.settings.portfolios if self._only is None or name in self._only)

    async def _portfolio(self, name: str) -> None:
        """Keep one portfolio in step, and begin anew when that fails."""
        wait_s = AGAIN_S
        while not self._stopping:
            began = self.world.monotonic()
            try:
                await self._run(name)
            except Exception as exc:  # noqa: BLE001 - whatever it is, the other portfolios go on
                self._note_failure(name, exc)
                if not await self._is_ours():
                    return
            else:
                return
            if self.world.monotonic() - began > LONGEST_S:
                wait_s = AGAIN_S
            await self.world.sleep(wait_s)
            wait_s = min(LONGEST_S, 2 * wait_s)

    async def _run(self, name: str) -> None:
        """Run one portfolio until its rhythm is told to end."""
        async with open_desk(self.settings, name, self.store, self.world, self._tools) as desk:
            rhythm = Rhythm(
                desk,
                self._turn,
                told=lambda cycle: self._note(name, cycle),
                swept=lambda swept: self._note_sweep(name, swept),
                after=self._after,
                hears=True,
                outages=self._outages[name],
                others_wait=lambda: self._queueing > 0,
            )
            self._rhythms[name], self._desks[name] = rhythm, desk
            try:
                await rhythm.run(rhythm.ending)
            finally:
                del self._rhythms[name], self._desks[name]

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        self._queueing += 1
        try:
            await self._workers.acquire()
        finally:
            self._queueing -= 1
        try:
            async with self._turns.turn():
                yield
        finally:
            self._workers.release()

    async def _is_ours(self) -> bool:
        """Whether this still is the store's one daemon; if another took over, all of it ends."""
        try:
            await self._check()
        except StoreError as exc:
            if "took over" in exc.what and self._fatal is not None and not self._fatal.done():
                self._fatal.set_exception(exc)
                return False
        return True

    def _note_failure(self, name: str, exc: Exception) -> None:
        self.counts.failed[name] += 1
        trouble = trouble_of(exc)
        if self._failed.get(name) != trouble:
            known = isinstance(exc, SyncdError)
            log.error("portfolio_failed", portfolio=name, reason=trouble.what, fix=trouble.fix, exc_info=not known)
        self._failed[name] = trouble

    def _note(self, name: str, cycle: Cycle) -> None:
        if self._failed.pop(name, None) is not None:
            log.info("portfolio_recovered", portfolio=name)
        sort = "hint" if cycle.is_partial else "whole"
        self.counts.cycles[name, sort] += 1
        self.counts.durations.setdefault((name, sort), Durations()).add(cycle.took_s)
        for verb, count in cycle.pushed.counts.items():
            self.counts.writes[name, verb] += count
        self.counts.conflicts[name] += len(cycle.opened)
        self._told(name, cycle)

    async def _after(self, desk: Desk, after: After) -> None:
        """Let people know; whatever fails in that is no reason for the cycle to fail."""
        try:
            await self.chores.notifier.after_cycle(desk, after)
        except Exception:
            log.exception("notification_failed", portfolio=desk.portfolio.name)

    def _accounts(self) -> list[Account]:
        return [account for desk in self._desks.values() for account in desk.accounts.values()]

    def _note_sweep(self, name: str, swept: Swept) -> None:
        if swept.unseen:
            self.counts.skipped_changes[name] += swept.unseen
            log.warning("change_skipped", portfolio=name, items=swept.unseen)

    async def vitals(self) -> Vitals:
        """Return how everything stands now."""
        delivered = await self.store.inbox.last(list(self.settings.connections))
        backlog = await self.store.inbox.backlog()
        return Vitals(
            started_at=self._started_at,
            at=self.world.now(),
            stopping=self._stopping,
            configuration=self._refused,
            configured_at=self._configured_at,
            portfolios={name: self._portfolio_vitals(name, delivered, backlog) for name in self._tasks},
        )

    def _portfolio_vitals(
        self, name: str, delivered: Mapping[ConnectionName, datetime], backlog: Mapping[ConnectionName, int]
    ) -> PortfolioVitals:
        desk, rhythm = self._desks.get(name), self._rhythms.get(name)
        known = self.settings.portfolios.get(name)
        every_s = known.every_s if known is not None else 0.0  # its last cycle ends, and it is there no more
        if desk is None or rhythm is None:
            trouble = self._failed.get(name)
            return PortfolioVitals(state="failed" if trouble else "starting", trouble=trouble, every_s=every_s)
        refused = None if rhythm.refused is None else trouble_of(rhythm.refused)
        began = rhythm.cycled_at is not None
        return PortfolioVitals(
            state="paused" if desk.paused is not None else "running" if began else "starting",
            trouble=refused or self._failed.get(name),
            cycled_at=rhythm.cycled_at,
            every_s=every_s,
            connections=self._connections(desk, delivered, backlog),
        )

    def _connections(
        self, desk: Desk, delivered: Mapping[ConnectionName, datetime], backlog: Mapping[ConnectionName, int]
    ) -> dict[str, ConnectionVitals]:
        now = self.world.now()
        for name, account in desk.accounts.items():
            state = state_of(account)
            if self._since.get(name, ("", now))[0] != state:
                self._since[name] = (state, now)
        since = {name: at for name, (_, at) in self._since.items()}
        return connections_of(desk, since, delivered, backlog, self.chores.subscriptions.errors())

    async def _tell(self) -> None:
        try:
            await self.chores.tell()
        except StoreError as exc:
            log.warning("standing_not_kept", reason=exc.what, fix=exc.fix)


async def _cancelled(tasks: Collection[asyncio.Task[Any]]) -> None:
    """End what runs: a reading at once, a write when it has its answer or was waited for long enough."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


def _check_reloadable(old: Settings, new: Settings) -> None:
    """Raise `ConfigError` for what cannot change under a running daemon."""
    if old.store != new.store:
        raise ConfigError(
            "the store cannot change under a running daemon",
            where=f"{new.folder}/syncd.yaml (store)",
            fix="restart the daemon; see syncd store copy for moving to another database",
        )
    if old.listen.addresses != new.listen.addresses:
        raise ConfigError(
            "where the daemon listens cannot change while it runs",
            where=f"{new.folder}/syncd.yaml (listen)",
            fix="restart the daemon",
        )
