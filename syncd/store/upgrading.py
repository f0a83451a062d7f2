"""What separates a store's tables from ours, and bringing them up to date on purpose."""

from __future__ import annotations

from dataclasses import dataclass

from syncd.store._address import open_engine, parse_address
from syncd.store._db import edge
from syncd.store._schema import Upgrade, bring_up_to_date, look
from syncd.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgraded:
    """A store, and what was, or would be, done to its tables."""

    store: str
    upgrade: Upgrade


async def upgrade_store(url: str, world: World, *, dry_run: bool) -> Upgraded:
    """
    Bring the tables at *url* up to date, or with *dry_run* only say what that would do.

    Raises:
        ConfigError: *url* is not an address of a store.
        StoreError: it cannot be opened, or was written by a newer syncd.
    """
    address = parse_address(url)
    engine = open_engine(address, world)
    try:
        with edge(address.where):
            upgrade = await (look if dry_run else bring_up_to_date)(engine, address.where)
    finally:
        await engine.dispose()
    return Upgraded(store=address.where, upgrade=upgrade)
