"""The connection that writes: SQLite's is kept from one transaction to the next, PostgreSQL's lent by the pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from syncd.store._dialect import BEGIN_WRITING, BEGUN, WRITES


@dataclass(frozen=True, slots=True)
class Begun:
    """A connection inside a transaction that writes."""

    connection: AsyncConnection
    driver: Any
    """SQLite's own connection below it (`_sqlite`); `None` for PostgreSQL."""


async def driver_of(connection: AsyncConnection) -> Any:  # noqa: ANN401 - that of `_sqlite`; PostgreSQL has none
    """Return the driver's own connection below one of SQLAlchemy's."""
    return (await connection.get_raw_connection()).driver_connection


class Pen:
    """Begins and ends the transactions that write; its user sees to it that there is one at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._kept: Begun | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Begun]:
        """Hold the write lock: what is written is kept when the block ends, and undone when it raises."""
        if self._engine.dialect.name != "sqlite":
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(**{WRITES: True})
                async with connection.begin():
                    yield Begun(connection, None)
            return
        begun, self._kept = self._kept or await self._open(), None
        try:
            async with begun.driver.execute(BEGIN_WRITING):
                pass
            yield begun
            await begun.driver.commit()
            if begun.connection.in_transaction():  # it takes itself for in one since its first own statement
                await begun.connection.rollback()
        except BaseException:
            await asyncio.shield(begun.connection.close())  # which undoes whatever was not kept
            raise
        self._kept = begun

    async def _open(self) -> Begun:
        plain = await self._engine.connect()
        try:
            connection = await plain.execution_options(**{WRITES: BEGUN})
            return Begun(connection, await driver_of(connection))
        except BaseException:
            await asyncio.shield(plain.close())
            raise

    async def close(self) -> None:
        """Give the kept connection back."""
        kept, self._kept = self._kept, None
        if kept is not None:
            await kept.connection.close()
