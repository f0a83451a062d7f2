"""Telling people: what a cycle leaves is queued in the store, and sent beside the cycles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, TypeVar

import structlog

from syncd.engine.deliver import send
from syncd.engine.desk import Desk
from syncd.engine.facts import After, gather
from syncd.engine.notices import Fault, Notice, is_over, notices_of
from syncd.engine.telling import Message, compose, decide, fold, one_line, queue
from syncd.errors import ConfigError, ConfigProblems, DeliveryError, StoreError
from syncd.model.refs import ConnectionName
from syncd.settings.notify import Target, Topic
from syncd.store.rows import NotifiedRow, OutboxTargetRow
from syncd.store.store import Store
from syncd.world import World

EVERY_S: Final = 60.0
"""Seconds between two messages to one target, at least."""
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 900.0
"""Seconds between two attempts at a target that takes nothing, at most."""
LONGEST_HINT_S: Final = 3600.0
"""What of a receiver's own wish to wait is granted."""

T = TypeVar("T")
log = structlog.get_logger()


class Notifier:
    """
    Tells people what the daemon finds.

        notifier = Notifier(store, world, settings.notify)
        sending = asyncio.create_task(notifier.run(stop))
        ...
        await notifier.after_cycle(desk, After(cycle=cycle, refused=None, swept=swept))
        await notifier.configuration(error)     # a reload: `None` when it was taken
        notifier.use(settings.notify)           # then with the new targets

    Both calls only write to the store, and to that only when there is news.
    Whatever happens to a target, only `run` feels it.
    """

    def __init__(self, store: Store, world: World, targets: Sequence[Target]) -> None:
        self._store = store
        self._world = world
        self._targets = tuple(targets)
        self._began = world.now()
        self._read_at: dict[ConnectionName, datetime] = {}
        self._free_at: dict[str, float] = {}
        """When each target may be sent to next (`World.monotonic`)."""
        self._failures: dict[str, int] = {}
        self._news = asyncio.Event()
        self._is_tidy = False

    def use(self, targets: Sequence[Target]) -> None:
        """Tell *targets* from now on; what waits for others is forgotten."""
        self._targets = tuple(targets)
        self._is_tidy = False
        self._failures.clear()  # what failed may be mended
        self._free_at.clear()
        self._news.set()

    async def after_cycle(self, desk: Desk, after: After) -> None:
        """Queue what people should be told after a cycle, before the desk is refreshed for the next one."""
        now = self._world.now()
        for name, account in desk.accounts.items():
            self._read_at.setdefault(name, self._began)
            if account.pulled:
                self._read_at[name] = now
        if not self._targets:
            return
        portfolio = desk.portfolio.name
        told = await self._store.notified.of(portfolio)
        facts = await gather(desk, after, told, self._read_at)
        strays = [row for row in told if _is_stray(row, desk)]
        await self._tell(
            notices_of(facts),
            [row for row in told if row not in strays],
            lambda row: is_over(facts, row),
            portfolio=portfolio,
            strays=strays,
        )

    async def configuration(self, error: ConfigError | None) -> None:
        """Queue that a changed configuration was refused, or (`None`) remember that one was taken."""
        if self._targets:
            told = await self._store.notified.of("")
            await self._tell(_refusal(error), told, lambda _: error is None, portfolio="")

    async def _tell(
        self,
        notices: Sequence[Notice],
        told: Sequence[NotifiedRow],
        over: Callable[[NotifiedRow], bool],
        *,
        portfolio: str,
        strays: Sequence[NotifiedRow] = (),
    ) -> None:
        """Queue what is news, and remember it, in one transaction; nothing is written when nothing is."""
        now = self._world.now()
        decision = decide(notices, told, over, portfolio=portfolio, now=now)
        if not (decision.say or decision.keep or decision.over or strays):
            return
        async with self._store.transaction() as tx:
            await tx.notified.forget([*decision.over, *strays])
            await tx.notified.save(decision.keep)
            for target in self._targets if decision.say else ():
                new = queue(decision.say, target, portfolio=portfolio, now=now, new_id=self._world.new_id)
                added, summed = fold(await tx.outbox.waiting(target.name), new, self._world.new_id)
                await tx.outbox.remove(summed)
                await tx.outbox.add(added)
        if decision.say:
            self._news.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is queued until *stop* is set; what was not sent by then is sent by the next process."""
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while not stop.is_set():
                sending = asyncio.ensure_future(self.deliver())
                await asyncio.wait({sending, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not sending.done():
                    await _end(sending)
                    return
                await self._rest(stopping, sending.result())
        finally:
            await _end(stopping)

    async def _rest(self, stopping: asyncio.Future[Literal[True]], seconds: float) -> None:
        """Wait that long, for news, or for the end."""
        nap = asyncio.ensure_future(self._world.sleep(seconds))
        news = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait((nap, news, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._news.clear()
            await _end(nap)
            await _end(news)

    async def deliver(self) -> float:
        """Send to each target what waits for it, if it may be sent to now; return how long to wait for the next."""
        targets = self._targets
        try:
            if not self._is_tidy:
                await self._tidy(targets)
            waits = await asyncio.gather(*(self._serve(target) for target in targets))
        except StoreError as exc:  # the cycles feel that themselves; here it passes, or they end the process
            log.warning("notifications_not_read", reason=exc.what)
            return EVERY_S
        return min(waits, default=LONGEST_WAIT_S)

    async def _tidy(self, targets: Sequence[Target]) -> None:
        """Forget targets that are no more, and keep the pace that the process before us kept."""
        async with self._store.transaction() as tx:
            await tx.outbox.keep_only([target.name for target in targets])
        now, seconds = self._world.now(), self._world.monotonic()
        for name, row in (await self._store.outbox.targets()).items():
            if row.sent_at is not None:
                passed_s = max(0.0, (now - row.sent_at).total_seconds())
                self._free_at[name] = seconds + max(0.0, EVERY_S - passed_s)
        self._is_tidy = targets is self._targets

    async def _serve(self, target: Target) -> float:
        """Send what waits for one target; return how long to wait before looking again."""
        wait_s = self._free_at.get(target.name, 0.0) - self._world.monotonic()
        rows = await self._store.outbox.waiting(target.name)
        if not rows:
            return LONGEST_WAIT_S
        if wait_s > 0.0:
            return wait_s
        try:
            remark = await send(target, compose(rows, self._world.now()), self._world)
        except DeliveryError as exc:
            return await self._failed(target, exc)
        except Exception as exc:  # noqa: BLE001 - no target, and no fault in sending, may end anything else
            return await self._failed(target, DeliveryError(f"internal fault: {type(exc).__name__}", where=target.name))
        await self._sent(target, [row.id for row in rows], remark)
        return EVERY_S

    async def _sent(self, target: Target, ids: Sequence[str], remark: str) -> None:
        """Forget what was sent; killed before that, the next process sends it again."""
        before = (await self._store.outbox.targets()).get(target.name)
        now = self._world.now()
        async with self._store.transaction() as tx:
            await tx.outbox.remove(ids)
            await tx.outbox.save_target(OutboxTargetRow(target=target.name, sent_at=now, reason=remark))
        self._failures.pop(target.name, None)
        self._free_at[target.name] = self._world.monotonic() + EVERY_S
        if before is not None and before.failing_since is not None:
            log.info("notifications_taken_again", target=target.name)
        if remark and (before is None or before.reason != remark):
            log.warning("notification_partly_refused", target=target.name, reason=remark)

    async def _failed(self, target: Target, exc: DeliveryError) -> float:
        """Note that a target took nothing, and return how long to leave it alone: longer each time."""
        number = self._failures[target.name] = self._failures.get(target.name, 0) + 1
        most = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(number - 1, 10))
        wait_s = max(min(exc.wait_s, LONGEST_HINT_S), most / 2 + self._world.random.uniform(0.0, most / 2))
        self._free_at[target.name] = self._world.monotonic() + wait_s
        before = (await self._store.outbox.targets()).get(target.name) or OutboxTargetRow(target=target.name)
        if before.failing_since is None:
            log.warning("notifications_not_taken", target=target.name, reason=exc.what, fix=exc.fix)
        row = replace(
            before, failing_since=before.failing_since or self._world.now(), reason=exc.what, fix=exc.fix or ""
        )
        if row != before:
            async with self._store.transaction() as tx:
                await tx.outbox.save_target(row)
        return wait_s


def _is_stray(row: NotifiedRow, desk: Desk) -> bool:
    """Say whether what was told is about a connection that the portfolio has no more."""
    topics = (Topic.CREDENTIAL, Topic.LAG, Topic.UNMAPPED)
    return row.topic in topics and row.subject.partition(" ")[0] not in desk.accounts


def _refusal(error: ConfigError | None) -> list[Notice]:
    if error is None:
        return []
    fault = _first(error)
    text = f"the changed configuration was refused, and the one before stays in force: {fault.what}"
    return [Notice(topic=Topic.CONFIGURATION, subject="configuration", text=text, fix=fault.fix)]


def _first(error: ConfigError) -> Fault:
    """Return the first problem with its place, and how many more there are."""
    problems = error.problems if isinstance(error, ConfigProblems) else (error,)
    first = problems[0] if problems else error
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    place = f"{first.where}: " if first.where else ""
    return Fault(what=f"{place}{first.what}{more}", fix=f"{one_line(first.fix or '')}; see them all: syncd check")


async def _end(task: asyncio.Future[T]) -> None:
    """Cancel *task* and wait until it has ended, however it does."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


TEST: Final = Message(
    "syncd: a test message", "syncd: a test message\n\nWhoever reads this is told when syncd needs them."
)


async def send_tests(targets: Iterable[Target], world: World) -> list[tuple[Target, DeliveryError | None, str]]:
    """Send each of *targets* a test message, past every queue; return what became of each."""
    found: list[tuple[Target, DeliveryError | None, str]] = []
    for target in targets:
        try:
            found.append((target, None, await send(target, TEST, world)))
        except DeliveryError as exc:
            found.append((target, exc, ""))
    return found
