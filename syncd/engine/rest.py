"""Waiting for a while, or until something happens."""

from __future__ import annotations

import asyncio
from typing import Any

from syncd.world import World


async def rest(world: World, seconds: float, *events: asyncio.Event) -> None:
    """Wait that long, or until one of *events* is set."""
    waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(world.sleep(max(0.0, seconds)))]
    waits += [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for each in waits:
        each.cancel()
