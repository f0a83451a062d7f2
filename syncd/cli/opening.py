"""From options to settings, store and desk, and back to an exit code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, Final

from syncd.cli.logs import configure_logs
from syncd.cli.options import Common
from syncd.cli.output import working
from syncd.engine.desk import Desk
from syncd.engine.open import open_desk
from syncd.engine.tools import tools
from syncd.errors import ConfigError
from syncd.settings.load import Portfolio, Settings, load
from syncd.store.lease import is_surely_dead
from syncd.store.store import WRITER, Store, open_store
from syncd.world import World, real_world

LEASE_S: Final = 120.0
"""How long the lease of a command that was killed keeps others from writing."""

LEASE_WAIT_S: Final = 5.0
"""How long to wait for another command to end."""


def run_command(common: Common, work: Coroutine[Any, Any, int]) -> int:
    """Run *work* with logging set up, and return its exit code."""
    configure_logs(common.verbose)
    return asyncio.run(work)


def load_settings(common: Common) -> Settings:
    """Return the configuration. Raises `ConfigProblems` with everything that is wrong with it."""
    return load(common.folder, tools(), os.environ)


def choose_portfolio(settings: Settings, name: str | None) -> Portfolio:
    """Return the portfolio called *name*; without a name, the only one there is."""
    names = sorted(settings.portfolios)
    if name is None and len(names) == 1:
        return settings.portfolios[names[0]]
    if name is not None and name in settings.portfolios:
        return settings.portfolios[name]
    what = "there are several portfolios" if name is None else f'there is no portfolio "{name}"'
    raise ConfigError(what, where=str(settings.folder), fix=f"say which: {', '.join(f'-p {each}' for each in names)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A configuration with its store open."""

    settings: Settings
    portfolio: Portfolio
    store: Store
    world: World


@asynccontextmanager
async def open_shop(common: Common, world: World | None = None) -> AsyncIterator[Shop]:
    """Load the configuration and open its store; no tool is asked."""
    settings = load_settings(common)
    portfolio = choose_portfolio(settings, common.portfolio)
    world = world or real_world()
    async with await open_store(settings.store, world) as store:
        yield Shop(settings=settings, portfolio=portfolio, store=store, world=world)


@asynccontextmanager
async def open_for(common: Common, doing: str | None, *, writes: bool = False) -> AsyncIterator[Desk]:
    """
    Open a portfolio with all its tools, telling *doing* when it takes long (`None`: the block does its own telling).

    *writes* takes the store's lease first, so that two writers never run at once (`StoreError` names the other one).
    """
    async with open_shop(common) as shop:
        if writes:
            await _take_lease(shop)
        opening = open_desk(shop.settings, shop.portfolio.name, shop.store, shop.world, tools())
        telling = working(doing, shop.world) if doing else nullcontext()
        async with telling, _keep_lease(shop, holds=writes), opening as desk:
            yield desk


async def _take_lease(shop: Shop) -> None:
    """Become the writer; a writer that is about to end is waited for, for a few seconds."""
    deadline = shop.world.monotonic() + LEASE_WAIT_S
    while shop.world.monotonic() < deadline:
        lease = await shop.store.leases.get(WRITER)
        if lease is None or lease.expires_at <= shop.world.now() or is_surely_dead(lease.holder):
            break
        await shop.world.sleep(LEASE_WAIT_S / 20)
    await shop.store.acquire_lease(ttl_s=LEASE_S)


@asynccontextmanager
async def _keep_lease(shop: Shop, *, holds: bool) -> AsyncIterator[None]:
    """Renew the lease while the block lasts, however long the tools take."""
    renewing = asyncio.create_task(_renew(shop)) if holds else None
    try:
        yield
    finally:
        if renewing is not None:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing


async def _renew(shop: Shop) -> None:
    while True:
        await shop.world.sleep(LEASE_S / 3)
        await shop.store.renew_lease(ttl_s=LEASE_S)
