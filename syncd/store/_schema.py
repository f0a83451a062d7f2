"""Bring a database's tables up to date when it is opened."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from syncd.errors import StoreError
from syncd.store._dialect import WRITES

HEAD: Final = "0002"
"""The last migration. Named here so that opening an up-to-date database need not load Alembic (a test holds it)."""

MIGRATIONS: Final = "syncd.store:migrations"


async def bring_up_to_date(engine: AsyncEngine, where: str) -> None:
    """Migrate, in one transaction, whatever is not at `HEAD`. Raises `StoreError` for a newer or foreign file."""
    async with engine.connect() as connection:
        if await connection.run_sync(_version, where) == HEAD:
            return
    async with engine.connect() as plain:
        connection = await plain.execution_options(**{WRITES: True})
        async with connection.begin():
            await connection.run_sync(_migrate, where)


def _version(connection: Connection, where: str) -> str | None:
    names = set(inspect(connection).get_table_names())
    if not names:
        return None
    if "alembic_version" not in names:
        raise StoreError("it is another program's database", where=where, fix="name another file under `store`")
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection, where: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    version = _version(connection, where)  # anew: another process may have migrated meanwhile
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"it was written by a newer syncd (its tables are at {version}, ours at {HEAD})",
            where=where,
            fix="install that newer syncd, or restore a backup made before the upgrade",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
