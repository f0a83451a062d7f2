"""From options to settings, store and desk, and back to an exit code."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from syncd.cli.logs import configure_logs, never_show
from syncd.cli.options import Common
from syncd.cli.output import working
from syncd.cli.streams import say
from syncd.cli.tracing import tracing
from syncd.engine.desk import Desk
from syncd.engine.open import open_desk
from syncd.engine.tools import tools
from syncd.engine.writer import WAIT_S, writing
from syncd.errors import ConfigError
from syncd.settings.load import Portfolio, Settings, load
from syncd.store._schema import Upgrade
from syncd.store.store import Store, open_store
from syncd.world import World, real_world


def run_command(common: Common, work: Coroutine[Any, Any, int]) -> int:
    """Run *work* with logging and traces set up, and return its exit code."""
    configure_logs(common.verbose)
    with tracing():
        return asyncio.run(work)


def load_settings(common: Common) -> Settings:
    """Return the configuration. Raises `ConfigProblems` with everything that is wrong with it."""
    settings = load(common.folder, tools(), os.environ)
    never_show(settings.secrets)
    return settings


def choose_portfolio(settings: Settings, name: str | None) -> Portfolio:
    """Return the portfolio called *name*; without a name, the only one there is."""
    names = sorted(settings.portfolios)
    if name is None and len(names) == 1:
        return settings.portfolios[names[0]]
    if name is not None and name in settings.portfolios:
        return settings.portfolios[name]
    what = "there are several portfolios" if name is None else f'there is no portfolio "{name}"'
    raise ConfigError(what, where=str(settings.folder), fix=f"say which: {', '.join(f'-p {each}' for each in names)}")


def tell_upgrade(upgrade: Upgrade | None) -> None:
    """Say that a store of an older syncd was brought up to date: that one cannot read it any more."""
    if upgrade is not None and upgrade.found is not None and upgrade.steps:
        said = f"brought up to date, from {upgrade.found} to {upgrade.head}; an older syncd cannot read it any more"
        say(f"The store's tables were {said}.")


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
        tell_upgrade(store.upgrade)
        yield Shop(settings=settings, portfolio=portfolio, store=store, world=world)


@asynccontextmanager
async def open_for(common: Common, doing: str | None, *, writes: bool = False) -> AsyncIterator[Desk]:
    """
    Open a portfolio with all its tools, telling *doing* when it takes long (`None`: the block does its own telling).

    *writes* takes the store's lease first, so that two writers never run at once (`StoreError` names the other one).
    """
    async with open_shop(common) as shop:
        alone = writing(shop.store, shop.world, wait_s=WAIT_S) if writes else nullcontext()
        opening = open_desk(shop.settings, shop.portfolio.name, shop.store, shop.world, tools())
        telling = working(doing, shop.world) if doing else nullcontext()
        async with alone, telling, opening as desk:
            yield desk
