"""Ways to the database: reading from a snapshot, writing inside a transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final, TypeGuard, TypeVar

from sqlalchemy import Executable, Row, Select, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from syncd.errors import StoreError
from syncd.store._dialect import insert_new, overwriting
from syncd.store._failures import explain_failure
from syncd.store._known import MANY, Known
from syncd.store._writing import Begun, driver_of
from syncd.world import World

T = TypeVar("T")
K = TypeVar("K")

CHUNK: Final = 500
"""Values one `IN` list carries, and rows one round of a stream fetches."""

_COUNTED: Final = {"preserve_rowcount": True}
"""Some drivers forget how many rows an insert touched unless told to keep it."""


NOTHING: Final[Mapping[str, Any]] = {}


@contextmanager
def edge(where: str) -> Iterator[None]:
    """Let no driver error cross: it becomes a `StoreError` that says what to do."""
    try:
        yield
    except DBAPIError as exc:
        what, fix = explain_failure(exc.orig or exc)
        raise StoreError(what, where=where, fix=fix) from exc
    except (NoConnectionError, sqlite3.Error) as exc:
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

    @abstractmethod
    async def _driver(self) -> Any:  # noqa: ANN401 - that of `_sqlite`; PostgreSQL has none
        """Return SQLite's own connection, on which a statement may be carried out now."""

    def _is_plain(self, statement: Executable | Known) -> TypeGuard[Known]:
        """Return whether *statement* may go to the driver as it is."""
        return isinstance(statement, Known) and self.dialect.name == "sqlite"

    async def all(
        self, statement: Select[Any] | Known, make: Callable[[Row[Any]], T], values: Mapping[str, Any] = NOTHING
    ) -> list[T]:
        """Return every row, made into a value by *make*; *values* are those of the statement's named places."""
        with edge(self.where):
            if self._is_plain(statement):
                plain = statement.plain(self.dialect)
                driver = await self._driver()
                raw = await driver.execute_fetchall(plain.text_for(values), plain.bound(values))
                return self._made(raw, lambda rows: map(make, plain.made(rows)))
            async with self._connection() as connection:
                rows = (await connection.execute(_of(statement), dict(values))).all()
        return self._made(rows, partial(map, make))

    async def one(
        self, statement: Select[Any] | Known, make: Callable[[Row[Any]], T], values: Mapping[str, Any] = NOTHING
    ) -> T | None:
        """Return the first row, made into a value by *make*; a known statement asks for no more than one."""
        found = await self.all(statement if isinstance(statement, Known) else statement.limit(1), make, values)
        return found[0] if found else None

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 - whatever the first column holds
        """Return the first column of the first row."""
        with edge(self.where):
            async with self._connection() as connection:
                return (await connection.execute(statement)).scalar()

    async def within(
        self,
        statement: Known,
        many: Sequence[Any],
        make: Callable[[Row[Any]], T],
        values: Mapping[str, Any] = NOTHING,
    ) -> list[T]:
        """Return the rows of a statement made by `among` for *many* values, asked for in portions."""
        found: list[T] = []
        for portion in chunks(list(dict.fromkeys(many))):
            found += await self.all(statement, make, {**values, MANY: portion})
        return found

    async def stream(self, statement: Select[Any], make: Callable[[Row[Any]], T]) -> AsyncGenerator[T, None]:
        """Yield every row, made into a value by *make*, without holding them all."""
        with edge(self.where):
            async with self._connection() as connection:
                result = await connection.stream(statement)
                try:
                    async for rows in result.partitions(CHUNK):
                        for made in self._made(rows, partial(map, make)):
                            yield made
                finally:
                    await result.close()  # the server's cursor too, when the reader stops early

    def _made(self, rows: Sequence[Any], make: Callable[[Sequence[Any]], Iterable[T]]) -> list[T]:
        try:
            return list(make(rows))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise StoreError(
                f"a row cannot be understood: {exc}",
                where=self.where,
                fix="restore a backup; the file was changed by something other than syncd, or is damaged",
            ) from exc

    async def write(
        self,
        statement: Executable | Known,
        rows: Sequence[Mapping[str, Any]] | None = None,
        values: Mapping[str, Any] = NOTHING,
    ) -> int:
        """Carry out *statement*, once with *values* or for each of *rows*, and return how many rows it touched."""
        del statement, rows, values
        raise RuntimeError("writes belong inside `async with store.transaction()`")

    async def write_within(self, statement: Known, many: Sequence[Any], values: Mapping[str, Any] = NOTHING) -> int:
        """Carry out a statement made by `among` for *many* values, in portions."""
        touched = 0
        for portion in chunks(many):
            touched += await self.write(statement, values={**values, MANY: portion})
        return touched

    async def save(self, table: Table, rows: Sequence[Mapping[str, Any]], *, keep: Sequence[str] = ()) -> None:
        """Insert *rows*, overwriting those with the same primary key (but for the columns in *keep*)."""
        await self.insert(overwriting(self.dialect.name, table, tuple(keep)), rows)

    async def add_new(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert *rows* but for those whose primary key is there already; return how many were new."""
        return await self.insert(insert_new(self.dialect.name, table), rows)

    async def insert(self, statement: Known, rows: Sequence[Mapping[str, Any]]) -> int:
        """Carry out *statement* for each of *rows*; nothing for none."""
        return await self.write(statement, rows) if rows else 0


def _of(statement: Executable | Known) -> Executable:
    return statement.statement if isinstance(statement, Known) else statement


class Reader(Db):
    """Reads, each from a snapshot of its own; never waits for a writer."""

    def __init__(self, engine: AsyncEngine, world: World, where: str) -> None:
        super().__init__(engine, world, where)
        self._opens = asyncio.Lock()
        self._held: AsyncConnection | None = None
        self._raw: Any = None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        async with self._engine.connect() as connection:
            yield connection

    async def _driver(self) -> Any:  # noqa: ANN401 - as above
        """Return a connection that is kept, in no transaction: SQLite shows each statement one moment by itself."""
        if self._raw is None:
            async with self._opens:
                if self._held is None:
                    self._held = await self._engine.connect()
                    self._raw = await driver_of(self._held)
        return self._raw

    async def close(self) -> None:
        """Give the kept connection back."""
        held, self._held, self._raw = self._held, None, None
        if held is not None:
            await held.close()


class Snapshot(Db):
    """Reads inside one transaction, all of the same moment."""

    def __init__(
        self, engine: AsyncEngine, world: World, where: str, connection: AsyncConnection, driver: object = None
    ) -> None:
        super().__init__(engine, world, where)
        self._open = connection
        self._raw: Any = driver

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        yield self._open

    async def _driver(self) -> Any:  # noqa: ANN401 - as above
        if self._raw is None:
            self._raw = await driver_of(self._open)
        return self._raw


class Writer(Db):
    """Reads and writes inside one transaction, and sees its own writes; *begin* is called with the first of them."""

    def __init__(self, engine: AsyncEngine, world: World, where: str, begin: Callable[[], Awaitable[Begun]]) -> None:
        super().__init__(engine, world, where)
        self._begin = begin
        self._begins = asyncio.Lock()
        self._begun: Begun | None = None

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        yield (await self._in_transaction()).connection

    async def _in_transaction(self) -> Begun:
        if self._begun is None:
            async with self._begins:  # several first statements at once begin one transaction
                if self._begun is None:
                    self._begun = await self._begin()
        return self._begun

    async def _driver(self) -> Any:  # noqa: ANN401 - as above
        return (await self._in_transaction()).driver

    async def write(
        self,
        statement: Executable | Known,
        rows: Sequence[Mapping[str, Any]] | None = None,
        values: Mapping[str, Any] = NOTHING,
    ) -> int:
        """Carry out *statement*, once with *values* or for each of *rows*, and return how many rows it touched."""
        with edge(self.where):
            if self._is_plain(statement):
                return await self._write_plain(statement, rows, values)
            connection = (await self._in_transaction()).connection
            given = dict(values) if rows is None else rows
            result = await connection.execute(_of(statement), given, execution_options=_COUNTED)
            return result.rowcount

    async def _write_plain(
        self, statement: Known, rows: Sequence[Mapping[str, Any]] | None, values: Mapping[str, Any]
    ) -> int:
        driver = await self._driver()
        if rows is None:
            plain = statement.plain(self.dialect)
            doing = driver.execute(plain.text_for(values), plain.bound(values))
        else:
            plain = statement.plain(self.dialect, rows[0])
            doing = driver.executemany(plain.text, [plain.bound(row) for row in rows])
        async with doing as cursor:
            return int(cursor.rowcount)
