"""One writer at a time: the store's lease, kept for as long as something is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from syncd.store.lease import this_process
from syncd.store.rows import LeaseRow
from syncd.store.store import DAEMON, WRITER, Store
from syncd.world import World

LEASE_S: Final = 120.0
"""How long the lease of a process that was killed on another machine keeps others from writing."""

WAIT_S: Final = 5.0
"""How long to wait for another writer to end before giving up."""


@asynccontextmanager
async def writing(store: Store, world: World, *, wait_s: float = WAIT_S) -> AsyncIterator[None]:
    """
    Be the one process that writes while the block lasts.

    Raises:
        StoreError: another process still writes after *wait_s* seconds; it is named.
    """
    deadline = world.monotonic() + wait_s
    while world.monotonic() < deadline and await store.leases.holder(WRITER) is not None:
        await world.sleep(wait_s / 20)
    await store.acquire_lease(ttl_s=LEASE_S)
    try:
        async with _renewed(world, lambda: store.renew_lease(ttl_s=LEASE_S)):
            yield
    finally:
        await store.release_lease()


@asynccontextmanager
async def only_daemon(store: Store, world: World) -> AsyncIterator[None]:
    """
    Be the one polling loop of this store while the block lasts.

    Raises:
        StoreError: another one runs; it is named.
    """
    ttl = timedelta(seconds=LEASE_S)
    async with store.transaction() as tx:
        held: LeaseRow = await tx.leases.acquire(DAEMON, this_process(), ttl)

    async def renew() -> None:
        async with store.transaction() as tx:
            await tx.leases.renew(held, ttl)

    try:
        async with _renewed(world, renew):
            yield
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
