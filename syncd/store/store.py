"""Opening the store, reading from it, and the one transaction at a time that writes to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Final, Self

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from syncd.store._address import open_engine, parse_address
from syncd.store._db import Db, Reader, Snapshot, Writer, edge
from syncd.store._schema import Upgrade, bring_up_to_date
from syncd.store._writing import Begun, Pen
from syncd.store.audit import Audit, Runs
from syncd.store.budgets import Budgets
from syncd.store.conflicts import Conflicts, Ledger
from syncd.store.entities import Dirty, Entities, FieldStates
from syncd.store.expiring import Expiring
from syncd.store.inbox import Inbox, Standing
from syncd.store.journal import Journal
from syncd.store.lease import Leases, this_process
from syncd.store.links import Bases, Homes, Links, Tombstones
from syncd.store.notices import Notified, Outbox
from syncd.store.pauses import Pauses
from syncd.store.plans import Plans
from syncd.store.questions import Proposals, Quarantine
from syncd.store.records import Cursors, Records
from syncd.store.renaming import Renaming
from syncd.store.restored import Restored
from syncd.store.rows import LeaseRow
from syncd.store.tools import Described, People
from syncd.world import World

WRITER: Final = "writer"
"""The lease of whoever writes to this store."""

NEXT: Final = "next"
"""The lease of whoever waits for the writer's, so that a busy daemon lets it in."""

DAEMON: Final = "daemon"
"""The lease of the one polling loop; held between its cycles too, when other commands may write."""

OPTIMIZE: Final = ("PRAGMA analysis_limit=1000", "ANALYZE")
"""Look at every table, at about so many rows of each index."""


class Repositories:
    """The store by topic; the same on `Store` (reads) and on a transaction (reads and writes)."""

    def __init__(self, db: Db) -> None:
        self.db = db
        self.records = Records(db)
        self.cursors = Cursors(db)
        self.entities = Entities(db)
        self.field_states = FieldStates(db)
        self.dirty = Dirty(db)
        self.links = Links(db)
        self.bases = Bases(db)
        self.homes = Homes(db)
        self.tombstones = Tombstones(db)
        self.journal = Journal(db)
        self.plans = Plans(db)
        self.conflicts = Conflicts(db)
        self.ledger = Ledger(db)
        self.quarantine = Quarantine(db)
        self.proposals = Proposals(db)
        self.runs = Runs(db)
        self.audit = Audit(db)
        self.leases = Leases(db)
        self.described = Described(db)
        self.restored = Restored(db)
        self.people = People(db)
        self.pauses = Pauses(db)
        self.inbox = Inbox(db)
        self.standing = Standing(db)
        self.renaming = Renaming(db)
        self.notified = Notified(db)
        self.outbox = Outbox(db)
        self.expiring = Expiring(db)
        self.budgets = Budgets(db)


class Transaction(Repositories):
    """Everything written through it is kept together, or not at all."""


class Store(Repositories):
    """
    One open database.

    Reads go through it at any time, each from its own snapshot. Writes go
    through `transaction()`; calling a writing method on the store itself is a
    programming error (`RuntimeError`).
    """

    def __init__(self, engine: AsyncEngine, world: World, where: str) -> None:
        self.upgrade: Upgrade | None = None
        """What was done to its tables when it was opened."""
        self._reader = Reader(engine, world, where)
        super().__init__(self._reader)
        self._engine = engine
        self._world = world
        self._where = where
        self._one_writer = asyncio.Lock()
        self._pen = Pen(engine)
        self._held: LeaseRow | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """
        Write what belongs together: kept when the block ends, undone when it raises.

        One at a time, others wait; never open one inside another. Keep remote
        requests out of it. It begins with the first thing read or written in
        it: raises `StoreError` then when the writer's lease was lost.
        """
        async with self._one_writer:
            with edge(self._where):
                async with AsyncExitStack() as ending:
                    begin = partial(self._begin, ending)
                    yield Transaction(Writer(self._engine, self._world, self._where, begin))

    async def _begin(self, ending: AsyncExitStack) -> Begun:
        """Begin a writing transaction, which *ending* ends; nothing of it is left when that fails."""
        async with AsyncExitStack() as begun:
            at = await begun.enter_async_context(self._pen.transaction())
            if self._held is not None:
                db = Snapshot(self._engine, self._world, self._where, at.connection, at.driver)
                await Leases(db).check(self._held)
            await ending.enter_async_context(begun.pop_all())
        return at

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Repositories]:
        """Read all of it as it is at one moment, while others go on writing; nothing can be written through it."""
        level = {} if self._engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        with edge(self._where):
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(**level)
                async with connection.begin():
                    yield Repositories(Snapshot(self._engine, self._world, self._where, connection))

    async def optimize(self) -> None:
        """Let SQLite look anew at how much it holds of what, after much was written; PostgreSQL does so by itself."""
        if self._engine.dialect.name == "sqlite":
            async with self.transaction() as tx:
                for pragma in OPTIMIZE:
                    await tx.db.write(text(pragma))

    async def acquire_lease(self, *, ttl_s: float = 60.0, holder: str | None = None) -> LeaseRow:
        """
        Become the one process that writes; from now on every transaction proves it still is.

        Raises `StoreError` naming the process that holds it. Renew well within *ttl_s* seconds.
        """
        async with self.transaction() as tx:
            held = await tx.leases.acquire(WRITER, holder or this_process(), timedelta(seconds=ttl_s))
        self._held = held
        return held

    async def renew_lease(self, *, ttl_s: float = 60.0) -> None:
        """Stay the one that writes. Raises `StoreError` when another process took over."""
        if self._held is None:
            raise RuntimeError("there is no lease to renew")
        async with self.transaction() as tx:
            self._held = await tx.leases.renew(self._held, timedelta(seconds=ttl_s))

    async def release_lease(self) -> None:
        """Let another process write; nothing happens if it was lost already."""
        held, self._held = self._held, None
        if held is not None:
            async with self.transaction() as tx:
                await tx.leases.release(held)

    async def close(self) -> None:
        """Release the lease and every connection."""
        try:
            await self.release_lease()
        finally:
            async with AsyncExitStack() as ending:
                ending.push_async_callback(self._engine.dispose)
                ending.push_async_callback(self._pen.close)
                ending.push_async_callback(self._reader.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def open_store(url: str, world: World) -> Store:
    """
    Open the database at *url*, bring its tables up to date.

    `sqlite:///path` is made if there is none; the database of
    `postgresql://host/name` has to be there.

    Raises:
        ConfigError: *url* is not an address of a store, or its driver is not installed.
        StoreError: it cannot be opened, is damaged, or was written by a newer syncd.
    """
    address = parse_address(url)
    engine = open_engine(address, world)
    try:
        with edge(address.where):
            upgrade = await bring_up_to_date(engine, address.where)
    except BaseException:
        await engine.dispose()
        raise
    store = Store(engine, world, address.where)
    store.upgrade = upgrade
    return store
