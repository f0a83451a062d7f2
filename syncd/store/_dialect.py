"""The one place that knows how the databases differ."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Engine, Insert, Table, event, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from syncd.store._known import Known

WRITES: Final = "syncd_writes"
"""Execution option of the connection that writes: its transactions take the write lock at once."""

BEGUN: Final = "begun"
"""The value of that option where SQLite was told to begin already, and SQLAlchemy need not."""

BEGIN_WRITING: Final = "BEGIN IMMEDIATE"

WRITE_LOCK: Final = int.from_bytes(b"syncd")
"""PostgreSQL's advisory lock that stands for the whole store, as SQLite's lock on its file does."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
)

_SESSION: Final = """
SELECT set_config('lock_timeout', '10s', false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                  WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false),
       set_config('default_transaction_isolation', 'read committed', false),
       set_config('tcp_keepalives_idle', '30', false),
       set_config('tcp_keepalives_interval', '10', false),
       set_config('tcp_keepalives_count', '3', false)
"""
"""
How we want PostgreSQL: the write lock is waited for as long as SQLite's, a
commit is on the disk when we are told so, and a writer whose machine vanished
is noticed, so that its lock does not outlive it for hours.
"""

_NOW: Final = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
}


def prepare(engine: Engine) -> None:
    """Set up every connection of *engine* as the store needs it."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)


def _prepare_sqlite(engine: Engine) -> None:
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
        if writes != BEGUN:
            connection.exec_driver_sql(BEGIN_WRITING if writes else "BEGIN")


def _prepare_postgresql(engine: Engine) -> None:
    """
    Let writers take turns by a lock that ends with their transaction.

    READ COMMITTED on purpose: a snapshot taken before the lock is had would
    show the store as it was before the writer we waited for.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(_SESSION)
        cursor.close()
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITES):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")


@cache
def database_now(dialect: str) -> Known:
    """Return a query for the database's own time, `now`, in microseconds since 1970."""
    return Known(select(literal_column(_NOW[dialect]).label("now")))


def insert_into(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can say what happens on a conflict."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def upsert(dialect: str, table: Table, *, keep: Sequence[str] = (), **computed: Any) -> Insert:  # noqa: ANN401
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


@cache
def overwriting(dialect: str, table: Table, keep: tuple[str, ...]) -> Known:
    """Return `upsert` without computed columns, made once for each table."""
    return Known(upsert(dialect, table, keep=keep))


@cache
def insert_new(dialect: str, table: Table) -> Known:
    """Return an insert that leaves a row with the same primary key alone."""
    return Known(insert_into(dialect, table).on_conflict_do_nothing(index_elements=list(table.primary_key)))
