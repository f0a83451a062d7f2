"""
What webhooks told, taken from the inbox: coalesced by item, and looked at side by side.

No item is in two lanes at once, and one that several deliveries name is looked
at once for all of them. A delivery is done when every record it names was read,
be that in several lanes; what follows from them is kept as a dirty entity by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
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

LANES: Final = 24
"""Cycles about some items that run at once."""
PER_LANE: Final = 20
"""Items one of them takes at most: more make everybody in it wait for the slowest."""
FEW: Final = 12
"""Items that are not shared out among several: each lane asks for a page, and who we are."""
Key = EntityId | Ref
"""What no two lanes look at together: an item, or a record that is linked to nothing."""
Name = tuple[ConnectionName, str]
"""A delivery, by connection and its id."""
Told = tuple[Name, Ref]
"""That a delivery names a record."""

log = structlog.get_logger()


class Lanes:
    """The cycles about some items of one portfolio that run just now."""

    def __init__(self, desk: Desk, *, told: Callable[[Cycle], None], ended: Callable[[], None]) -> None:
        self._desk = desk
        self._told = told
        self._ended = ended
        self._deciding = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[Key] = set()
        self._taken: set[Told] = set()
        self._read: set[Told] = set()
        """What was read of deliveries of which something else was not."""
        self._waiting: Mapping[Name, InboxRow] = {}
        self._put_off: set[Name] = set()
        """What a tool did not answer for: the next whole cycle asks again."""
        self.wants_all = False
        """Something was told of that only a whole cycle finds or settles."""

    async def start(self) -> None:
        """Start lanes for what waits in the inbox, as far as there are free ones and its items are in no other."""
        rows = await self._desk.store.inbox.waiting(list(self._desk.accounts))
        self._waiting = {_name(row): row for row in rows if _name(row) not in self._put_off}
        self._read = {told for told in self._read if told[0] in self._waiting}
        self.wants_all |= any(not row.refs for row in self._waiting.values())
        keys = await self._keys({ref for row in self._waiting.values() for ref in row.refs})
        due: dict[Key, list[Told]] = {}
        for told in (told for row in self._waiting.values() for told in _told(row)):
            key = keys[told[1]]
            if key not in self._busy and told not in self._taken and told not in self._read:
                due.setdefault(key, []).append(told)
        news: list[Key] = []
        echoes: list[Key] = []
        for key, mine in due.items():
            (echoes if all(self._desk.may_be_echo(ref) for _, ref in mine) else news).append(key)
        for some in (news, echoes):  # no edit waits until an echo is read
            for share in _shares(some, LANES - len(self._tasks)):
                self._start({key: due[key] for key in share})

    async def _keys(self, refs: Iterable[Ref]) -> Mapping[Ref, Key]:
        """Return what each ref is about: its item, or itself while it is linked to nothing."""
        wanted = sorted(refs)
        links = await self._desk.store.links.by_refs(wanted)
        return {ref: links[ref].entity if ref in links else ref for ref in wanted}

    def _start(self, due: Mapping[Key, Sequence[Told]]) -> None:
        told = {each for mine in due.values() for each in mine}
        self._busy |= due.keys()
        self._taken |= told
        task = asyncio.create_task(self._look(told))
        self._tasks.add(task)

        def over(ended: asyncio.Task[None]) -> None:
            self._tasks.discard(ended)
            self._busy.difference_update(due)
            self._taken.difference_update(told)
            self._ended()

        task.add_done_callback(over)

    async def _look(self, told: Collection[Told]) -> None:
        started = self._desk.world.monotonic()
        try:
            looked = await sync_items(self._desk, sorted({ref for _, ref in told}), self._deciding)
        except SyncdError as exc:
            log.warning("hint_failed", portfolio=self._desk.portfolio.name, reason=exc.what, fix=exc.fix)
            self._put_all_off(told)
            return
        except Exception:
            self._put_all_off(told)  # not tried again and again: the whole cycle fails of it, and is heard of
            log.exception("hint_failed", portfolio=self._desk.portfolio.name, fix="report this")
            return
        self.wants_all |= looked.is_new or bool(looked.unread)
        self._put_off.update(name for name, _ in told if name[0] in looked.unread)
        await self._done({(name, ref) for name, ref in told if name[0] not in looked.unread})
        if looked.cycle is not None:
            looked.cycle.took_s = self._desk.world.monotonic() - started
            self._told(looked.cycle)

    def _put_all_off(self, told: Iterable[Told]) -> None:
        self.wants_all = True
        self._put_off.update(name for name, _ in told)

    async def _done(self, read: AbstractSet[Told]) -> None:
        """Be done with the deliveries of which everything was read by now."""
        self._read |= read
        rows = [self._waiting[name] for name in sorted({name for name, _ in read}) if name in self._waiting]
        whole = [row for row in rows if self._read.issuperset(_told(row))]
        self._read.difference_update(told for row in whole for told in _told(row))
        async with self._desk.store.transaction() as tx:
            await tx.inbox.done(whole, self._desk.world.now())

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


def _name(row: InboxRow) -> Name:
    return row.connection, row.delivery


def _told(row: InboxRow) -> list[Told]:
    return [(_name(row), ref) for ref in row.refs]


def _shares(keys: Sequence[Key], lanes: int) -> list[Sequence[Key]]:
    """Share *keys* out among at most so many lanes; what is too much for them waits."""
    if lanes <= 0:
        return []
    size = min(PER_LANE, max(FEW, -(-len(keys) // lanes)))
    return [keys[start : start + size] for start in range(0, len(keys), size)][:lanes]


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
