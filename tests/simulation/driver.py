"""The store's own SQLite in virtual time: a commit takes none, and the time of day is that of a clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syncd.store._sqlite import Connection, Ways, ignore, open_database

UNIX_EPOCH_JD: Final = 2440587.5
"""The Julian day of 1970."""


async def _at_once(do: Callable[[], None]) -> None:
    do()


@dataclass(frozen=True)
class Files:
    """Opens database files whose time of day is that of a clock."""

    now: Callable[[], datetime]
    step: Callable[[str], None] = ignore

    async def open(self, path: str) -> Connection:
        """Open a file."""
        return await connect(path, self.now, self.step)


async def connect(path: str, now: Callable[[], datetime], step: Callable[[str], None]) -> Connection:
    """Open the database file at *path*, whose time of day is *now*; the disk is not what is tested here."""
    opened = await open_database(path, Ways(sleep=asyncio.sleep, beside=_at_once, step=step, turn=0, is_durable=False))
    await opened.create_function("julianday", 1, lambda _: now().timestamp() / 86400 + UNIX_EPOCH_JD)
    return opened
