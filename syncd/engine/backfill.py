"""
A backfill: everything read anew, linked, decided and written, in portions.

    read     page by page, each kept with the place to go on
    link     once all of it is read
    decide   portion by portion; what leads to no write is kept at once
    brake    what leads to writes, all of it together
    write    portion by portion, each decided afresh, committed and carried out as in a cycle
             until nothing is due any more

Between any two portions others may write. Killed and started again, it reads
on from the saved page and writes what is still due: nothing is remembered but
what the tables of a cycle hold, and the job (`engine/job.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final

from syncd.engine import old_copy
from syncd.engine.anew import Reading
from syncd.engine.cycle import Cycle, brake, brake_or_keep, decide, finish_run, keeper, settle, start_run, write
from syncd.engine.desk import Desk
from syncd.engine.flight import land
from syncd.engine.job import Job
from syncd.engine.judge import Approval
from syncd.engine.open import refresh
from syncd.engine.pace import Pace, Sort
from syncd.engine.plans import entities_of, find_plan, mark, plan_everything
from syncd.engine.portions import PORTION
from syncd.engine.recover import recover
from syncd.engine.removal import Removals
from syncd.engine.shown import keep_plan
from syncd.engine.traces import cycle_span
from syncd.engine.writer import Turns, only_backfill
from syncd.errors import StoreError
from syncd.model.refs import ConnectionName, EntityId
from syncd.reconcile.plan import Line, Verb, in_order
from syncd.store.rows import ChangeState, PlanChangeRow, PlanRow
from syncd.store.store import DAEMON, WRITER

BACKGROUND: Final = 0.5
"""The part of each connection's share that a backfill takes while a daemon serves live changes on the same store."""
LOOK_S: Final = 30.0
"""How often it looks whether a daemon does."""
LONG_S: Final = 0.5
"""A longer wait for the budget is waited for before others are kept from writing."""
MOST_ROUNDS: Final = 12
"""Rounds of deciding and writing, at most: each makes what the one before it made possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for."""

    since: datetime | None = None
    only: ConnectionName | None = None
    plan: str | None = None
    """Carry out exactly this plan; nothing is read anew for it."""
    approve: bool = False
    """Let a plan pass that a brake refused."""
    dry_run: bool = False


@dataclass(slots=True, kw_only=True)
class Progress:
    """How far a backfill is."""

    stage: str = "reading"
    read: int = 0
    linked: int = 0
    decided: int = 0
    written: int = 0
    left: int | None = None
    """Items still to be written; `None` while nobody knows."""
    left_s: float | None = None
    """How long that takes; `None` while nobody knows."""


@dataclass(slots=True, kw_only=True)
class Backfilled:
    """What a backfill did, and what it left."""

    cycle: Cycle
    """What it has in common with a cycle: the run, the counts, what a person should know, what failed."""
    progress: Progress
    is_resumed: bool = False
    job: Job
    waiting: tuple[Line, ...] = ()
    plan: PlanRow | None = None
    """What was shown, or what waits for approval."""
    missed: Sequence[PlanChangeRow] = ()
    """In a plan carried out: shown changes that were not."""


Told = Callable[[Progress], None]


@cycle_span("backfill")
async def backfill(desk: Desk, asked: Asked, told: Told = lambda _progress: None) -> Backfilled:
    """
    Do it, or go on with it.

    Raises:
        StoreError: another process backfills this portfolio.
        ConfigError: there is no such plan.
        UnsafePlanError: a brake refused what is due.
        HeldError: the portfolio is paused.
    """
    async with only_backfill(desk.store, desk.world, desk.portfolio.name):
        return await _Backfill(desk, asked, told).run()


@dataclass(slots=True)
class _Due:
    """What one look at all that is dirty found."""

    lines: list[Line] = field(default_factory=list)
    waiting: dict[str, Line] = field(default_factory=dict)
    busy: set[EntityId] = field(default_factory=set)


class _Backfill:
    def __init__(self, desk: Desk, asked: Asked, told: Told) -> None:
        self._desk = desk
        self._asked = asked
        self._told = told
        self._turns = Turns(desk.store, desk.world)
        self._looked_at: float | None = None
        self._progress = Progress()
        self._reading = Reading(desk, self._turn, self._note_read)
        self._approval = Approval()
        self._shown: Mapping[str, PlanChangeRow] = {}
        self._plan: PlanRow | None = None
        self._pace = Pace(
            {name: account.connector.budget for name, account in desk.accounts.items()},
            {
                (name, Verb.CREATE): {name: account.connector.capabilities.create_cost}
                for name, account in desk.accounts.items()
                if account.connector.capabilities.create_cost
            },
        )

    async def run(self) -> Backfilled:
        desk = self._desk
        if self._asked.plan is not None:
            self._plan = await find_plan(desk, self._asked.plan)
            rows = [row async for row in desk.store.plans.changes(self._plan.id)]
            self._shown = {row.key: row for row in rows if row.state is not ChangeState.DONE}
            self._approval = Approval(frozenset(self._shown))
        self._cycle = Cycle(run=await start_run(desk, "backfill"))
        try:
            await self._read()
            found = await (self._show() if self._asked.dry_run else self._write())
        except BaseException:
            await land(desk)
            await finish_run(desk, self._cycle, "stopped")
            raise
        await finish_run(desk, self._cycle, "shown" if self._asked.dry_run else "done")
        return found

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Write beside nobody else; however long another one takes, it is waited for."""
        async with AsyncExitStack() as stack:
            while True:
                try:
                    await stack.enter_async_context(self._turns.turn())
                except StoreError:
                    if await self._desk.store.leases.holder(WRITER) is None:
                        raise
                else:
                    break
            await self._share()
            yield

    async def _share(self) -> None:
        """Leave room for a daemon's live changes, if there is one."""
        now = self._desk.world.monotonic()
        if self._looked_at is not None and now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        part = 1.0 if await self._desk.store.leases.holder(DAEMON) is None else BACKGROUND
        for account in self._desk.accounts.values():
            account.connector.budget.take_part(part)

    def _note_read(self, records: int) -> None:
        self._progress.read += records
        self._told(self._progress)

    def _stage(self, stage: str) -> None:
        self._progress.stage = stage
        self._told(self._progress)

    async def _read(self) -> None:
        desk, asked = self._desk, self._asked
        self._stage("reading")
        async with self._turn():
            await recover(desk, self._cycle.run)
            await old_copy.begin(desk)
        job = Job(
            portfolio=desk.portfolio.name,
            started_at=desk.world.now(),
            since=asked.since,
            only=asked.only,
            plan=None if self._plan is None else self._plan.id,
            digest=desk.digest,
        )
        await self._reading.begin(job)
        await self._reading.read()
        self._stage("linking")
        await self._reading.link()
        self._cycle.adopted = self._reading.adopted
        self._cycle.records = self._reading.records
        self._progress.linked = self._reading.adopted.linked

    async def _show(self) -> Backfilled:
        """Show all that would be done, and keep it as a plan; whoever carries it out reads only what changed since."""
        self._stage("deciding")
        plan = await plan_everything(self._desk, self._cycle)
        self._progress.decided = self._cycle.compared
        async with self._turn():
            await self._end()
        return self._found(plan=plan, waiting=self._cycle.lines)

    def _found(
        self, *, plan: PlanRow | None, waiting: tuple[Line, ...], missed: Sequence[PlanChangeRow] = ()
    ) -> Backfilled:
        return Backfilled(
            cycle=self._cycle,
            progress=self._progress,
            is_resumed=self._reading.is_resumed,
            job=self._reading.job,
            plan=plan,
            waiting=waiting,
            missed=missed,
        )

    async def _write(self) -> Backfilled:
        desk = self._desk
        due = _Due()
        for _ in range(MOST_ROUNDS):
            self._cycle.pushed.failed.clear()
            self._cycle.pushed.skipped.clear()
            due = await self._decide()
            if not due.busy or await self._carry_out(due) == 0:
                break
        failed = {line.digest: line for line in due.lines if line.digest in self._cycle.pushed.failed}
        waiting = in_order(due.waiting.values()) if self._plan is None else ()
        self._cycle.lines = in_order([*failed.values(), *waiting])
        self._cycle.waiting = frozenset(line.digest for line in waiting)
        missed: Sequence[PlanChangeRow] = ()
        async with self._turn():
            plan = self._plan
            if plan is not None:
                missed = await mark(desk, plan, self._shown.values(), self._cycle)
            elif waiting:
                plan = await keep_plan(desk, waiting)
            if all(account.error is None for account in desk.accounts.values()):
                await self._end()
        self._stage("done")
        return self._found(plan=plan, waiting=waiting, missed=missed)

    async def _end(self) -> None:
        await self._reading.keep(lambda job: replace(job, ended_at=self._desk.world.now()))
        await self._desk.store.optimize()

    async def _decide(self) -> _Due:
        """Look at all that is dirty, or all that was shown; keep what leads to no write, and return the rest."""
        desk, due = self._desk, _Due()
        self._progress.left = self._progress.left_s = None
        self._stage("deciding")
        self._cycle.seen.clear()
        wanted = entities_of(self._shown.values()) if self._plan is not None else None
        after: EntityId | None = None
        while True:
            async with self._turn():
                if wanted is None:
                    taken = await desk.store.dirty.take(desk.portfolio.name, PORTION, after=after)
                    ids = sorted(taken)
                else:
                    ids, wanted = wanted[:PORTION], wanted[PORTION:]
                    taken = await desk.store.dirty.take_of(ids)
                if not ids:
                    break
                after = ids[-1]
                await self._look_at(ids, taken, due)
            self._told(self._progress)
        lines = in_order(due.lines)
        if self._plan is None:
            await self._braked(lines)
        elif not self._asked.approve:
            await brake(desk, lines, self._plan.id)
        return due

    async def _braked(self, lines: tuple[Line, ...]) -> None:
        async with self._turn():
            await brake_or_keep(self._desk, lines)

    async def _look_at(self, ids: Sequence[EntityId], taken: dict[EntityId, int], due: _Due) -> None:
        desk, approval = self._desk, self._approval
        cycle = self._portion()
        keep = keeper(desk, cycle, taken) if self._plan is None else None
        judgements = await decide(desk, cycle, _one(ids), approval, keep=keep)
        mine = [line for line in cycle.lines if approval.permits(line)]
        busy = {line.entity for line in mine} | cycle.removals.entities | cycle.owing
        due.lines += mine
        due.waiting |= {line.digest: line for line in cycle.lines if line.digest in cycle.waiting}
        due.busy |= busy
        quiet = self._portion()
        quiet.lines = tuple(line for line in cycle.lines if line.entity not in busy)
        quiet.waiting, quiet.stale, quiet.unmade = cycle.waiting, cycle.stale, cycle.unmade
        quiet.removals = Removals()
        await settle(desk, quiet, [each for each in judgements if each.item.entity.id not in busy], approval, taken)
        self._cycle.seen |= cycle.seen
        self._cycle.opened = (*self._cycle.opened, *quiet.opened)
        self._cycle.compared += cycle.compared
        self._progress.decided += cycle.compared

    def _portion(self) -> Cycle:
        self._desk.links.clear()
        self._desk.touched.clear()
        return Cycle(run=self._cycle.run, adopted=self._cycle.adopted)

    async def _carry_out(self, due: _Due) -> int:
        """Write what is due, portion by portion; return how many writes were carried out."""
        before = sum(self._cycle.pushed.counts.values())
        self._stage("writing")
        queues = _in_turns(due)
        left = Counter({sort: 0 for sort, _ in queues})
        for sort, ids in queues:
            left[sort] += len(ids)
        for sort, queue in queues:
            ids = list(queue)
            while ids:
                self._tell_left(left)
                began = self._desk.world.monotonic()
                self._pace.begin()
                await self._keep_up()
                size = self._pace.size(sort)
                if (wait_s := self._pace.wait_s(sort, min(size, len(ids)))) > LONG_S:
                    await self._desk.world.sleep(wait_s)
                some, ids = ids[:size], ids[size:]
                async with self._turn():
                    held = self._desk.world.monotonic()
                    await self._write_portion(some)
                    await self._reading.keep(
                        lambda job: replace(job, written=job.written + len(some))  # noqa: B023 - called at once
                    )
                    ended = self._desk.world.monotonic()
                self._pace.end(sort, len(some), took_s=ended - began, busy_s=ended - held)
                left[sort] -= len(some)
        self._tell_left(left)
        return sum(self._cycle.pushed.counts.values()) - before

    def _tell_left(self, left: Mapping[Sort, int]) -> None:
        self._progress.left = sum(left.values())
        self._progress.left_s = self._pace.left_s(left)
        self._told(self._progress)

    async def _keep_up(self) -> None:
        """Ask what changed since, when the last reading is old: what we would make may have been made meanwhile."""
        if self._reading.is_stale():
            await refresh(self._desk)
            await self._reading.read()
            await self._reading.link()

    async def _write_portion(self, ids: Sequence[EntityId]) -> None:
        """Decide about *ids* as they are now, and carry out what follows, as a cycle does."""
        desk, cycle = self._desk, self._portion()
        taken = await desk.store.dirty.take_of(ids)
        some = [one for one in ids if self._plan is not None or one in taken]
        judgements = await decide(desk, cycle, _one(some), self._approval)
        lines = tuple(line for line in cycle.lines if self._approval.permits(line))
        if not self._asked.approve:
            await (brake(desk, lines, self._plan.id) if self._plan else brake_or_keep(desk, lines))
        try:
            await write(desk, cycle, await settle(desk, cycle, judgements, self._approval, taken))
        finally:
            told, all_ = cycle.pushed, self._cycle.pushed
            if self._plan is not None:
                all_.done += told.done
                async with desk.store.transaction() as tx:
                    await tx.plans.mark_changes(self._plan.id, dict.fromkeys(told.done, (ChangeState.DONE, None)))
            all_.failed |= told.failed
            all_.skipped |= told.skipped
            all_.counts.update(told.counts)
            self._cycle.opened = (*self._cycle.opened, *cycle.opened)
            self._progress.written += sum(told.counts.values())


async def _one(portion: Sequence[EntityId]) -> AsyncIterator[Sequence[EntityId]]:
    if portion:
        yield portion


def _in_turns(due: _Due) -> list[tuple[Sort, list[EntityId]]]:
    """
    Return what is due in portions of one sort: first what only changes records, then what makes them, in order.

    Whatever a new record refers to comes before it.
    """
    works: dict[EntityId, set[tuple[ConnectionName, Verb]]] = {one: set() for one in due.busy}
    places: dict[EntityId, int] = dict.fromkeys(due.busy, -1)
    for place, line in enumerate(in_order(due.lines)):
        works[line.entity].add((line.place.connection, line.verb))
        if line.verb is Verb.CREATE:
            places[line.entity] = place
    sorts = {one: frozenset(mine) for one, mine in works.items()}
    order = sorted(due.busy, key=lambda one: (places[one], sorted(sorts[one]), one))
    return [(sort, list(ids)) for sort, ids in groupby(order, key=lambda one: sorts[one])]
