"""Ways to the database: reading from a snapshot, writing inside a transaction."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Executable, Insert, Row, Select, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from syncd.errors import StoreError
from syncd.store._dialect import insert_new, overwriting
from syncd.store._failures import explain_failure
from syncd.world import World

T = TypeVar("T")
K = TypeVar("K")

CHUNK: Final = 500
"""Values one `IN` list carries, and rows one round of a stream fetches."""

_COUNTED: Final = {"preserve_rowcount": True}
"""Some drivers forget how many rows an insert touched unless told to keep it."""


@contextmanager
def edge(where: str) -> Iterator[None]:
    """Let no driver error cross: it becomes a `StoreError` that says what to do."""
    try:
        yield
    except DBAPIError as exc:
        what, fix = explain_failure(exc.orig or exc)
        raise StoreError(what, where=where, fix=fix) from exc
    except NoConnectionError as exc:
        what, fix = explain_failure(exc)
        raise StoreError(what, where=where, fix=fix) from exc


def chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield *items* in slices of at most `CHUNK`."""
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


class Db(ABC):
    """What the repositories read and write through."""

    def __init__(self, engine: AsyncEngine, world: World, where: str) -> None:
        self.world = world
        self.where = where
        self.dialect = engine.dialect
        self._engine = engine

    @abstractmethod
    def _connection(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Lend a connection for one statement."""

    async def all(self, statement: Select[Any], make: Callable[[Row[Any]], T]) -> list[T]:
        """Return every row, made into a value by *make*."""
        with edge(self.where):
            async with self._connection() as connection:
                rows = (await connection.execute(statement)).all()
        return self._made(rows, make)

    async def one(self, statement: Select[Any], make: Callable[[Row[Any]], T]) -> T | None:
        """Return the first row, made into a value by *make*."""
        found = await self.all(statement.limit(1), make)
        return found[0] if found else None

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 - whatever the first column holds
        """Return the first column of the first row."""
        with edge(self.where):
            async with self._connection() as connection:
                return (await connection.execute(statement)).scalar()

    async def within(
        self,
        statement: Select[Any],
        column: ColumnElement[Any],
        among: Sequence[Any],
        make: Callable[[Row[Any]], T],
    ) -> list[T]:
        """Return the rows whose *column* is *among* many values, asked for in portions."""
        found: list[T] = []
        for portion in chunks(list(dict.fromkeys(among))):
            found += await self.all(statement.where(column.in_(portion)), make)
        return found

    async def stream(self, statement: Select[Any], make: Callable[[Row[Any]], T]) -> AsyncGenerator[T, None]:
        """Yield every row, made into a value by *make*, without holding them all."""
        with edge(self.where):
            async with self._connection() as connection:
                result = await connection.stream(statement)
                try:
                    async for rows in result.partitions(CHUNK):
                        for made in self._made(rows, make):
                            yield made
                finally:
                    await result.close()  # the server's cursor too, when the reader stops early

    def _made(self, rows: Sequence[Row[Any]], make: Callable[[Row[Any]], T]) -> list[T]:
        try:
            return [make(row) for row in rows]
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise StoreError(
                f"a row cannot be understood: {exc}",
                where=self.where,
                fix="restore a backup; the file was changed by something other than syncd, or is damaged",
            ) from exc

    async def write(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Carry out *statement*, for each of *rows* if given, and return how many rows it touched."""
        del statement, rows
        raise RuntimeError("writes belong inside `async with store.transaction()`")

    async def save(self, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: Sequence[str] = ()) -> None:
        """Insert *rows*, overwriting those with the same primary key (but for the columns in *keep*)."""
        await self.insert(overwriting(self.dialect.name, table, tuple(keep)), rows)

    async def add_new(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert *rows* but for those whose primary key is there already; return how many were new."""
        return await self.insert(insert_new(self.dialect.name, table), rows)

    async def insert(self, statement: Insert, rows: Sequence[Mapping[str, Any]]) -> int:
        """Carry out *statement* for each of *rows*; nothing for none."""
        return await self.write(statement, rows) if rows else 0


class Reader(Db):
    """Reads, each from a snapshot of its own; never waits for a writer."""

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        async with self._engine.connect() as connection:
            yield connection


class Snapshot(Db):
    """Reads inside one transaction, all of the same moment."""

    def __init__(self, engine: AsyncEngine, world: World, where: str, connection: AsyncConnection) -> None:
        super().__init__(engine, world, where)
        self._open = connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        yield self._open


class Writer(Db):
    """Reads and writes inside one transaction, and sees its own writes; *begin* is called with the first of them."""

    def __init__(
        self, engine: AsyncEngine, world: World, where: str, begin: Callable[[], Awaitable[AsyncConnection]]
    ) -> None:
        super().__init__(engine, world, where)
        self._begin = begin
        self._begins = asyncio.Lock()
        self._begun: AsyncConnection | None = None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        async with self._begins:  # several first statements at once begin one transaction
            if self._begun is None:
                self._begun = await self._begin()
        yield self._begun

    async def write(self, statement: Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """Carry out *statement*, for each of *rows* if given, and return how many rows it touched."""
        with edge(self.where):
            async with self._connection() as connection:
                result = await connection.execute(statement, rows, execution_options=_COUNTED)
                return result.rowcount
