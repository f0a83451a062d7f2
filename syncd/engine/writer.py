"""One writer at a time: the store's lease, kept for as long as something is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Final

from syncd.errors import StoreError
from syncd.store.lease import this_process
from syncd.store.rows import LeaseRow
from syncd.store.store import DAEMON, NEXT, WRITER, Store
from syncd.world import World

LEASE_S: Final = 120.0
"""How long the lease of a process that was killed on another machine keeps others from writing."""

LOOK_S: Final = 0.5
"""How often the daemon looks whether another writer has ended."""

LET_IN_S: Final = 0.1
"""How often the daemon looks whether whoever asked for the next turn has begun."""

WAIT_S: Final = 5.0
"""How long to wait for another writer to end before giving up."""


@asynccontextmanager
async def writing(
    store: Store, world: World, *, wait_s: float = WAIT_S, look_s: float | None = None
) -> AsyncIterator[None]:
    """
    Be the one process that writes while the block lasts.

    Who has to wait asks for the next turn, so that a daemon that is always
    busy lets it in.

    Raises:
        StoreError: another process still writes after *wait_s* seconds; it is named.
    """
    deadline = world.monotonic() + wait_s
    asked: LeaseRow | None = None
    while world.monotonic() < deadline and await store.leases.holder(WRITER) is not None:
        asked = asked or await _ask(store, wait_s)
        await world.sleep(wait_s / 20 if look_s is None else look_s)
    try:
        await store.acquire_lease(ttl_s=LEASE_S)
    finally:
        if asked is not None:
            async with store.transaction() as tx:
                await tx.leases.release(asked)
    try:
        async with _renewed(world, lambda: store.renew_lease(ttl_s=LEASE_S)):
            yield
    finally:
        await store.release_lease()


async def _ask(store: Store, wait_s: float) -> LeaseRow | None:
    """Ask for the next turn; `None` while somebody else does."""
    try:
        async with store.transaction() as tx:
            return await tx.leases.acquire(NEXT, this_process(), timedelta(seconds=wait_s + 1.0))
    except StoreError:
        return None


class Turns:
    """The writer's lease, shared by all that writes in this process, and given up for who asks for the next turn."""

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world
        self._users = 0
        self._entering = asyncio.Lock()
        self._idle = asyncio.Event()
        self._held = AsyncExitStack()
        self._closing: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Write beside others of this process, and beside nobody else."""
        async with self._entering:
            if await self._store.leases.holder(NEXT) is not None:
                await self._let_in()
            if self._closing is not None:
                await asyncio.wait({self._closing})
            if not self._users:
                alone = writing(self._store, self._world, wait_s=LEASE_S, look_s=LOOK_S)
                await self._held.enter_async_context(alone)
            self._users += 1
            self._idle.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._idle.set()
                self._closing = asyncio.ensure_future(self._held.aclose())
                await asyncio.shield(self._closing)

    async def _let_in(self) -> None:
        """Wait until nobody in this process writes, and whoever asked has begun."""
        if self._users:
            await self._idle.wait()
        while await self._store.leases.holder(NEXT) is not None:
            await self._world.sleep(LET_IN_S)


@asynccontextmanager
async def only_daemon(store: Store, world: World) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """
    Be the one daemon of this store while the block lasts.

    Yields what raises `StoreError` when another one took over.

    Raises:
        StoreError: another one runs; it is named.
    """
    async with _only(store, world, DAEMON) as check:
        yield check


def backfill_of(portfolio: str) -> str:
    """Return the name of the lease of whoever backfills a portfolio."""
    return f"backfill {portfolio}"


@asynccontextmanager
async def only_backfill(store: Store, world: World, portfolio: str) -> AsyncIterator[None]:
    """
    Be the one that backfills *portfolio* while the block lasts: cycles of it leave the rest of that work alone.

    Raises:
        StoreError: another process does; it is named.
    """
    async with _only(store, world, backfill_of(portfolio)):
        yield


@asynccontextmanager
async def _only(store: Store, world: World, name: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    ttl = timedelta(seconds=LEASE_S)
    async with store.transaction() as tx:
        held: LeaseRow = await tx.leases.acquire(name, this_process(), ttl)

    async def renew() -> None:
        async with store.transaction() as tx:
            await tx.leases.renew(held, ttl)

    try:
        async with _renewed(world, renew):
            yield lambda: store.leases.check(held)
    finally:
        async with store.transaction() as tx:
            await tx.leases.release(held)


@asynccontextmanager
async def _renewed(world: World, renew: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call *renew* well before the lease runs out, however long the block takes."""

    async def keep_on() -> None:
        while True:
            await world.sleep(LEASE_S / 3)
            await renew()

    renewing = asyncio.create_task(keep_on())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.wait({renewing})  # unlike awaiting the task, this never swallows a cancellation meant for us
        if not renewing.cancelled():
            renewing.exception()  # a lost lease: every transaction tells of it by itself
