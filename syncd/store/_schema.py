"""Bring a database's tables up to date when it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from syncd.errors import StoreError
from syncd.store._dialect import WRITES

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0012"
"""The last migration. Named here so that opening an up-to-date database need not load Alembic (a test holds it)."""

MIGRATIONS: Final = "syncd.store:migrations"

OLDEST_SERVER: Final = 14
"""The oldest PostgreSQL that its makers still maintained when this was written."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What separates a database's tables from ours. *found* is `None` where there are none yet."""

    found: str | None
    head: str
    steps: tuple[tuple[str, str], ...] = ()
    """Revision and what it does, in order; empty when the tables are up to date."""


async def bring_up_to_date(engine: AsyncEngine, where: str) -> Upgrade:
    """Migrate, in one transaction, whatever is not at `HEAD`. Raises `StoreError` for a newer or foreign database."""
    async with engine.connect() as connection:
        if await connection.run_sync(_version, where) == HEAD:
            return Upgrade(HEAD, HEAD)
    async with engine.connect() as plain:
        connection = await plain.execution_options(**{WRITES: True})
        async with connection.begin():  # holds the write lock: of two processes that start at once, one migrates
            return await connection.run_sync(_migrate, where)


async def look(engine: AsyncEngine, where: str) -> Upgrade:
    """Return what `bring_up_to_date` would do, and do nothing. Raises what it raises."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda plain: _steps(plain, where)[1])


def _version(connection: Connection, where: str) -> str | None:
    if connection.dialect.name == "postgresql":
        _check_server(connection, where)
    names = set(inspect(connection).get_table_names())
    if not names:
        return None
    if "alembic_version" not in names:
        raise StoreError("it is another program's database", where=where, fix="name another database under `store`")
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _check_server(connection: Connection, where: str) -> None:
    version = connection.dialect.server_version_info or (0,)
    if int(version[0]) < OLDEST_SERVER:
        raise StoreError(
            f"the server is PostgreSQL {'.'.join(map(str, version))}",
            where=where,
            fix=f"use PostgreSQL {OLDEST_SERVER} or newer",
        )
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        raise StoreError(
            f"the database is encoded in {encoding}, which cannot hold every text",
            where=where,
            fix="make one that can: createdb -T template0 -E UTF8 NAME",
        )


def _steps(connection: Connection, where: str) -> tuple[Config, Upgrade]:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    version = _version(connection, where)  # anew: another process may have migrated meanwhile
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())  # the newest comes first
    if version is not None and version not in {script.revision for script in scripts}:
        raise StoreError(
            f"it was written by a newer syncd (its tables are at {version}, ours at {HEAD})",
            where=where,
            fix="install that newer syncd, or restore a backup made before the upgrade",
        )
    missing = []
    for script in scripts:
        if script.revision == version:
            break
        missing.append((script.revision, script.doc))
    return config, Upgrade(version, HEAD, tuple(reversed(missing)))


def _migrate(connection: Connection, where: str) -> Upgrade:
    from alembic import command

    config, upgrade = _steps(connection, where)
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
    return upgrade
