"""The one place that knows how the databases differ."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Engine, Insert, Table, TextClause, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError

from syncd.errors import ConfigError, StoreError

WRITES: Final = "syncd_writes"
"""Execution option of the connection that writes: its transactions take the write lock at once."""

_PRAGMAS: Final = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)

_NOW: Final = {
    "sqlite": "SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
}


def parse_url(url: str) -> URL:
    """
    Return the address of the database with the driver that we use.

    Makes the folder and the file of an SQLite database, the file readable by
    its owner only. Raises `ConfigError` for an address of another kind.
    """
    fix = "write it as sqlite:///state/syncd.db"
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise ConfigError("the store's address is not a URL", where="store", fix=fix) from exc
    if parsed.drivername != "sqlite":
        raise ConfigError(f'the store cannot be kept in "{parsed.drivername}"', where="store", fix=fix)
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError("the store must be a file: what it holds has to outlive the process", where="store", fix=fix)
    path = Path(parsed.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDONLY, 0o600))
    except OSError as exc:
        raise StoreError(
            f"the file cannot be made or read: {exc.strerror}",
            where=str(path),
            fix="check the folder's owner and permissions, or name another file under `store`",
        ) from exc
    return parsed.set(drivername="sqlite+aiosqlite")


def prepare(engine: Engine) -> None:
    """Set up every connection of *engine* as the store needs it."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def database_now(dialect: Dialect) -> TextClause:
    """Return a query for the database's own time, in microseconds since 1970."""
    return text(_NOW[dialect.name])


def insert_into(dialect: Dialect, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can say what happens on a conflict."""
    return sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)


def upsert(dialect: Dialect, table: Table, *, keep: Sequence[str] = (), **computed: Any) -> Insert:  # noqa: ANN401
    """
    Return an insert that overwrites the row with the same primary key.

    Columns named in *keep* stay as they are on overwriting; *computed* gives
    an expression for a column instead of the new value.
    """
    statement = insert_into(dialect, table)
    keys = [column.name for column in table.primary_key]
    changed = {c.name: statement.excluded[c.name] for c in table.c if c.name not in {*keys, *keep}} | computed
    if not changed:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=changed)


def insert_new(dialect: Dialect, table: Table) -> Insert:
    """Return an insert that leaves a row with the same primary key alone."""
    return insert_into(dialect, table).on_conflict_do_nothing(index_elements=list(table.primary_key))


_MESSAGES: Final = (
    ("locked", "another process is writing to it", "wait, or stop the other process"),
    ("not a database", "it is not an SQLite database", "name another file under `store`, or restore a backup"),
    ("malformed", "it is damaged", "stop syncd and restore a backup; nothing was written"),
    ("disk i/o", "the disk failed", "check the disk, then restore a backup if the file is damaged"),
    ("readonly", "it is read-only", "check the owner and permissions of the file and its folder"),
    ("unable to open", "it cannot be opened", "check that the folder exists and is ours to write"),
    ("full", "the disk is full", "make room; nothing of the last transaction was kept"),
    ("no such table", "its tables are not ours", "name another file under `store`"),
    ("constraint", "a row contradicts another", "report this: it is a fault in syncd; nothing was written"),
)


def explain_failure(message: str) -> tuple[str, str]:
    """Return what a driver's *message* means, and what to do about it."""
    folded = message.casefold()
    for sign, what, fix in _MESSAGES:
        if sign in folded:
            return f"{what} ({message})", fix
    return f"the database refused: {message}", "report this; nothing was written"
