"""Where the store is: its address as the operator wrote it, checked, and the engine that talks to it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from syncd.errors import ConfigError, StoreError
from syncd.store._dialect import prepare
from syncd.store._sqlite import Ways, open_database
from syncd.world import World

_WAYS: Final = "write it as sqlite:///state/syncd.db or postgresql://HOST/NAME"
_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})

_OPTIONS: Final = {
    "application_name": "syncd",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""What libpq is told unless the address says otherwise: a server that fell silent is noticed within a minute or so."""

_ENGINE: Final[dict[str, Any]] = {
    "pool_size": 4,
    "max_overflow": 8,
    "pool_timeout": 30,
    "pool_pre_ping": True,
    "use_insertmanyvalues": False,
}
"""
One writer, and readers that take turns; a connection that died while it rested
is replaced unseen. Many rows go as many statements in one pipeline, so that a
key may come twice and the rows touched are counted, as in SQLite.
"""


@dataclass(frozen=True, slots=True)
class Address:
    """A database: how to reach it, and how to call it in messages (never with a password)."""

    url: URL
    where: str


def parse_address(url: str) -> Address:
    """
    Return the database at *url*, with the driver that we use.

    Makes the folder and the file of an SQLite database, the file readable by
    its owner only. Raises `ConfigError` for an address of another kind.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # not `from` it: its text quotes the URL, password and all
        raise ConfigError("the store's address is not a URL", where="store", fix=_WAYS) from None
    if parsed.drivername in _POSTGRESQL:
        return _postgresql(parsed)
    if parsed.drivername != "sqlite":
        raise ConfigError(f'the store cannot be kept in "{parsed.drivername}"', where="store", fix=_WAYS)
    return _sqlite(parsed)


def open_engine(address: Address, world: World) -> AsyncEngine:
    """Return an engine for *address*; nothing is connected yet."""
    if address.url.get_backend_name() == "sqlite":
        connect = world.connect_sqlite or partial(open_database, ways=Ways(sleep=world.sleep))
        engine = create_async_engine(address.url, async_creator=partial(connect, str(address.url.database)))
    else:
        options = {name: value for name, value in _OPTIONS.items() if name not in address.url.query}
        engine = create_async_engine(address.url, connect_args=options, **_ENGINE)
    prepare(engine.sync_engine)
    return engine


def _postgresql(parsed: URL) -> Address:
    if not parsed.database:
        raise ConfigError(
            "the store's address names no database", where="store", fix="write it as postgresql://HOST/NAME"
        )
    try:
        import psycopg  # noqa: F401 - only to see whether it is there
    except ImportError as exc:
        raise ConfigError(
            f"the driver for PostgreSQL cannot be loaded: {exc}",
            where="store",
            fix='install it: pip install "syncd[postgres]"',
        ) from exc
    shown = URL.create("postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database)
    return Address(parsed.set(drivername="postgresql+psycopg"), shown.render_as_string(hide_password=True))


def _sqlite(parsed: URL) -> Address:
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError(
            "the store must be a file: what it holds has to outlive the process", where="store", fix=_WAYS
        )
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
    return Address(parsed.set(drivername="sqlite+aiosqlite"), str(path))
