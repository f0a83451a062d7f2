"""
What webhooks told, taken from the inbox: coalesced by item, and looked at side by side.

No item is in two lanes at once. A delivery is done when the records it names
were read; what follows from them is kept as a dirty entity by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog

from syncd.connectors._together import together
from syncd.engine.cycle import Cycle
from syncd.engine.desk import Desk
from syncd.engine.hints import sync_items
from syncd.engine.pull import by_connection, reread
from syncd.errors import RemoteError, SyncdError
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.store.rows import InboxRow

LANES: Final = 4
"""Cycles about some items that run at once."""
PER_LANE: Final = 50
"""Deliveries one of them takes at most: more make everybody in it wait for the slowest."""

log = structlog.get_logger()


class Lanes:
    """The cycles about some items of one portfolio that run just now."""

    def __init__(self, desk: Desk, *, told: Callable[[Cycle], None], ended: Callable[[], None]) -> None:
        self._desk = desk
        self._told = told
        self._ended = ended
        self._deciding = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[EntityId | Ref] = set()
        self._taken: set[tuple[ConnectionName, str]] = set()
        self._put_off: set[tuple[ConnectionName, str]] = set()
        """What a tool did not answer for: the next whole cycle asks again."""
        self.wants_all = False
        """Something was told of that only a whole cycle finds or settles."""

    async def start(self) -> None:
        """Start lanes for what waits in the inbox, as far as there are free ones and its items are in no other."""
        rows = await self._desk.store.inbox.waiting(list(self._desk.accounts))
        rows = [row for row in rows if _name(row) not in self._taken | self._put_off]
        self.wants_all |= any(not row.refs for row in rows)
        keys = await self._keys({ref for row in rows for ref in row.refs})
        mine: list[InboxRow] = []
        passed: set[EntityId | Ref] = set()
        for row in rows:
            wanted = {keys[ref] for ref in row.refs}
            if not wanted or not wanted.isdisjoint(self._busy | passed) or len(mine) >= PER_LANE * LANES:
                passed |= wanted  # what was told later of the same item waits behind this
                continue
            mine.append(row)
        for some in _shares(mine, keys, LANES - len(self._tasks)):
            self._start(some, keys)

    async def _keys(self, refs: Iterable[Ref]) -> Mapping[Ref, EntityId | Ref]:
        """Return what each ref is about: its item, or itself while it is linked to nothing."""
        wanted = sorted(refs)
        links = await self._desk.store.links.by_refs(wanted)
        return {ref: links[ref].entity if ref in links else ref for ref in wanted}

    def _start(self, rows: Sequence[InboxRow], keys: Mapping[Ref, EntityId | Ref]) -> None:
        about = {keys[ref] for row in rows for ref in row.refs}
        names = {_name(row) for row in rows}
        self._busy |= about
        self._taken |= names
        task = asyncio.create_task(self._look(rows))
        self._tasks.add(task)

        def over(ended: asyncio.Task[None]) -> None:
            self._tasks.discard(ended)
            self._busy.difference_update(about)
            self._taken.difference_update(names)
            self._ended()

        task.add_done_callback(over)

    async def _look(self, rows: Sequence[InboxRow]) -> None:
        refs = sorted({ref for row in rows for ref in row.refs})
        started = self._desk.world.monotonic()
        try:
            looked = await sync_items(self._desk, refs, self._deciding)
        except SyncdError as exc:
            log.warning("hint_failed", portfolio=self._desk.portfolio.name, reason=exc.what, fix=exc.fix)
            self.wants_all = True
            self._put_off.update(map(_name, rows))
            return
        self.wants_all |= looked.is_new or bool(looked.unread)
        answered = [row for row in rows if row.connection not in looked.unread]
        self._put_off.update(_name(row) for row in rows if row.connection in looked.unread)
        async with self._desk.store.transaction() as tx:
            await tx.inbox.done(answered, self._desk.world.now())
        if looked.cycle is not None:
            looked.cycle.took_s = self._desk.world.monotonic() - started
            self._told(looked.cycle)

    def begin_anew(self) -> None:
        """Know of nothing that was put off: a whole cycle is about to look at it."""
        self._put_off.clear()
        self.wants_all = False

    @property
    def are_busy(self) -> bool:
        """Whether any runs."""
        return bool(self._tasks)

    async def end(self) -> None:
        """Wait until no lane is left."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        """Let nothing more begin."""
        for task in self._tasks:
            task.cancel()


def _name(row: InboxRow) -> tuple[ConnectionName, str]:
    return row.connection, row.delivery


def _shares(rows: Sequence[InboxRow], keys: Mapping[Ref, EntityId | Ref], lanes: int) -> list[list[InboxRow]]:
    """Share *rows* out among at most so many lanes, all that concern one item to the same."""
    groups: list[tuple[set[EntityId | Ref], list[InboxRow]]] = []
    for row in rows:
        about = {keys[ref] for ref in row.refs}
        same = [group for group in groups if not group[0].isdisjoint(about)]
        for group in same:
            groups.remove(group)
            about |= group[0]
        groups.append((about, [each for group in same for each in group[1]] + [row]))
    if lanes <= 0 or not groups:
        return []
    size = max(1, -(-len(groups) // lanes))
    shares = [groups[start : start + size] for start in range(0, len(groups), size)]
    return [[row for group in share for row in group[1]] for share in shares]


async def read_what_waits(desk: Desk) -> list[InboxRow]:
    """
    Read by id what waits in the inbox, at the start of a whole cycle; return what is settled by that cycle.

    A list may lag behind a webhook, so what it names is not left to the list.
    """
    ready = [name for name, account in desk.accounts.items() if account.is_ready]
    rows = await desk.store.inbox.waiting(ready)
    asked = by_connection(sorted({ref for row in rows for ref in row.refs}))
    answered = await together(_reread(desk, name, asked[name]) for name in sorted(asked))
    failed = {name for name, told in zip(sorted(asked), answered, strict=True) if not told}
    return [row for row in rows if row.connection not in failed]


async def _reread(desk: Desk, name: ConnectionName, refs: Sequence[Ref]) -> bool:
    if name not in desk.accounts:
        return True
    try:
        await reread(desk, desk.accounts[name], refs)
    except RemoteError:
        return False
    return True
