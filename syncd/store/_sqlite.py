"""
SQLite in the loop's own thread, in the shape of aiosqlite, which is how SQLAlchemy knows it.

A statement takes SQLite less time than to hand it to a thread and back, and
nothing of one is under way when its task is cancelled. Only what waits for the
disk, a commit, is done beside the loop; for a lock of another process we wait
ourselves, and everything else goes on.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")

LOCK_POLL_S: Final = 0.02
LOCK_PATIENCE_S: Final = 10.0
"""How long another process may hold the lock until we give up."""


async def _beside(do: Callable[[], None]) -> None:
    await asyncio.get_running_loop().run_in_executor(None, do)


def ignore(_what: str) -> None:
    """Take no note of a step; by name, so that what holds it can be pickled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a database waits, and who is told of what it does."""

    sleep: Callable[[float], Awaitable[None]]
    """Wait that many seconds: for a lock."""
    beside: Callable[[Callable[[], None]], Awaitable[None]] = _beside
    """Do what waits for the disk while the loop goes on."""
    step: Callable[[str], None] = ignore
    """Is told of each thing done, before it is done; may raise."""
    turn: int = 8
    """After how many statements everybody else gets a turn, since none of them waits; 0: never."""
    is_durable: bool = True
    """Whether what is kept is on the disk when a commit ends, and outlives a loss of power."""


async def open_database(path: str, ways: Ways) -> Connection:
    """Open the database file at *path*."""
    raw = sqlite3.connect(path, timeout=0, check_same_thread=False)
    raw.execute(f"PRAGMA synchronous = {'FULL' if ways.is_durable else 'OFF'}")
    return Connection(raw, ways)


class Cursor:
    """One cursor; every method answers at once."""

    def __init__(self, raw: sqlite3.Cursor, connection: Connection) -> None:
        self._raw = raw
        self._connection = connection

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
        await self._connection.carried_out(statement, lambda: self._raw.execute(statement, values))
        return self

    async def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> Self:
        """Carry out one statement for each of *values*."""
        await self._connection.carried_out(statement, lambda: self._raw.executemany(statement, values))
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
        if self._cursor is not None:
            await self._cursor.close()


class _Inbox:
    """Where SQLAlchemy leaves what the thread of aiosqlite should do."""

    def put_nowait(self, asked: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        """Do it now."""
        future, do = asked
        future.set_result(do())


class _Turn:
    """Lets every other task that can go on do so; no time passes."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Connection:
    """One connection, with the attributes by which SQLAlchemy knows one of aiosqlite's."""

    def __init__(self, raw: sqlite3.Connection, ways: Ways) -> None:
        self._conn = raw
        self._connection: sqlite3.Connection | None = raw
        self._ways = ways
        self._statements = 0
        self._tx = _Inbox()

    @property
    def isolation_level(self) -> str | None:
        """Return who begins transactions."""
        return self._conn.isolation_level

    def cursor(self) -> Cursor:
        """Return a fresh cursor."""
        return Cursor(self._conn.cursor(), self)

    async def carried_out(self, statement: str, do: Callable[[], T]) -> T:
        """
        Tell of *statement* and do it, once nobody else holds a lock that it needs.

        Raises `sqlite3.OperationalError` when somebody does for too long.
        """
        self._ways.step(statement)
        self._statements += 1
        if self._ways.turn and self._statements % self._ways.turn == 0:
            await _Turn()
        waited_s = 0.0
        while True:
            try:
                return do()
            except sqlite3.OperationalError as exc:
                if not _is_locked(exc) or self._conn.in_transaction or waited_s >= LOCK_PATIENCE_S:
                    raise
            waited_s += LOCK_POLL_S
            await self._ways.sleep(LOCK_POLL_S)

    async def execute_fetchall(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return what a query finds; outside a transaction SQLite begins one for it, and that is a step as well."""
        if not self._conn.in_transaction:
            self._ways.step("BEGIN")
        return await self.carried_out(statement, lambda: self._conn.execute(statement, values).fetchall())

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
        """Keep what was written; a task that is cancelled meanwhile waits for the end of it."""
        self._ways.step("COMMIT")
        kept = asyncio.ensure_future(self._ways.beside(self._conn.commit))
        try:
            await asyncio.shield(kept)
        except asyncio.CancelledError:
            await asyncio.wait({kept})
            if not kept.cancelled():
                kept.exception()  # seen: who is cancelled learns nothing of it
            raise

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


def _is_locked(exc: sqlite3.OperationalError) -> bool:
    return (exc.sqlite_errorcode or 0) & 0xFF == sqlite3.SQLITE_BUSY
