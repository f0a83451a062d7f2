"""
SQLite without a thread, in the shape of aiosqlite: a query takes no virtual time, and the clock cannot leap past it.

What a database does besides is told in virtual time too: waiting for a lock, and the time of day.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

UNIX_EPOCH_JD: Final = 2440587.5
"""The Julian day of 1970."""
LOCK_POLL_S: Final = 0.05
LOCK_PATIENCE_S: Final = 10.0
"""As long as the store asks a real database to wait (`busy_timeout`)."""

Step = Callable[[str], None]
"""Is told of each thing done, before it is done; may raise."""


class Cursor:
    """One cursor; every method answers at once."""

    def __init__(self, raw: sqlite3.Cursor, step: Step) -> None:
        self._raw = raw
        self._step = step

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._raw.close()

    @property
    def description(self) -> Any:  # noqa: ANN401 - the database's own
        """Return the columns of the last query."""
        return self._raw.description

    @property
    def rowcount(self) -> int:
        """Return how many rows the last statement touched."""
        return self._raw.rowcount

    @property
    def lastrowid(self) -> int | None:
        """Return the id of the row inserted last."""
        return self._raw.lastrowid

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> Self:
        """Carry out one statement."""
        if statement.startswith(("PRAGMA busy_timeout", "PRAGMA synchronous")):
            return self  # waiting is ours, and the disk is not what is tested here
        self._step(statement)
        if statement == "BEGIN IMMEDIATE":
            await self._lock(statement)
        else:
            self._raw.execute(statement, values)
        return self

    async def _lock(self, statement: str) -> None:
        waited_s = 0.0
        while True:
            try:
                self._raw.execute(statement)
            except sqlite3.OperationalError as exc:
                if "locked" not in str(exc) or waited_s >= LOCK_PATIENCE_S:
                    raise
                waited_s += LOCK_POLL_S
                await asyncio.sleep(LOCK_POLL_S)
            else:
                return

    async def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> Self:
        """Carry out one statement for each of *values*."""
        self._step(statement)
        self._raw.executemany(statement, values)
        return self

    async def fetchall(self) -> list[Any]:
        """Return every row that is left."""
        return self._raw.fetchall()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        return self._raw.fetchmany(size or 1)

    async def fetchone(self) -> Any:  # noqa: ANN401 - a row
        """Return the next row."""
        return self._raw.fetchone()

    async def __aiter__(self) -> AsyncIterator[Any]:
        for row in self._raw:
            yield row

    async def close(self) -> None:
        """Close it."""
        self._raw.close()


class _Doing:
    """A cursor to come, which may be awaited, or entered and closed again."""

    def __init__(self, work: Coroutine[Any, Any, Cursor]) -> None:
        self._work = work
        self._cursor: Cursor | None = None

    def __await__(self) -> Generator[Any, Any, Cursor]:
        return self._work.__await__()

    async def __aenter__(self) -> Cursor:
        self._cursor = await self._work
        return self._cursor

    async def __aexit__(self, *_: object) -> None:
        assert self._cursor
        await self._cursor.close()


class _Inbox:
    """Where SQLAlchemy leaves what the thread of aiosqlite should do."""

    def put_nowait(self, asked: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        """Do it now."""
        future, do = asked
        future.set_result(do())


class Connection:
    """One connection, with the attributes by which SQLAlchemy knows one of aiosqlite's."""

    def __init__(self, raw: sqlite3.Connection, step: Step) -> None:
        self._conn = raw
        self._connection: sqlite3.Connection | None = raw
        self._step = step
        self._tx = _Inbox()

    @property
    def isolation_level(self) -> str | None:
        """Return who begins transactions."""
        return self._conn.isolation_level

    def cursor(self) -> Cursor:
        """Return a fresh cursor."""
        return Cursor(self._conn.cursor(), self._step)

    async def execute_fetchall(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return what a query finds; outside a transaction SQLite begins one for it, and that is a step as well."""
        if not self._conn.in_transaction:
            self._step("BEGIN")
        self._step(statement)
        return self._conn.execute(statement, values).fetchall()

    def execute(self, statement: str, values: Sequence[Any] = ()) -> _Doing:
        """Carry out one statement, once awaited or entered."""
        return _Doing(self.cursor().execute(statement, values))

    def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> _Doing:
        """Carry out one statement for each of *values*, once awaited or entered."""
        return _Doing(self.cursor().executemany(statement, values))

    async def create_function(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 - handed on
        """Let statements call a function of ours."""
        self._conn.create_function(*args, **named)

    async def commit(self) -> None:
        """Keep what was written."""
        self._step("COMMIT")
        self._conn.commit()

    async def rollback(self) -> None:
        """Undo what was written."""
        self._conn.rollback()

    async def close(self) -> None:
        """Close it; what was not kept is undone."""
        self.stop()

    def stop(self) -> None:
        """Close it, as when the process ends."""
        self._conn.close()
        self._connection = None


def ignore(_what: str) -> None:
    """Take no note of a step; by name, so that what holds it can be pickled."""


@dataclass(frozen=True)
class Files:
    """Opens database files whose time of day is that of a clock."""

    now: Callable[[], datetime]
    step: Step = ignore

    async def open(self, path: str) -> Connection:
        """Open a file."""
        return connect(path, self.now, self.step)


def connect(path: str, now: Callable[[], datetime], step: Step) -> Connection:
    """Open the database file at *path*, whose time of day is *now*."""
    raw = sqlite3.connect(path, timeout=0, check_same_thread=False)
    raw.execute("PRAGMA synchronous = OFF")
    raw.create_function("julianday", 1, lambda _: now().timestamp() / 86400 + UNIX_EPOCH_JD)
    return Connection(raw, step)
