"""Carry a whole store into another database, and prove that everything arrived."""

from __future__ import annotations

import hashlib
import json
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Table, func, select

from syncd.errors import ConfigError, StoreError
from syncd.store._db import CHUNK, Db
from syncd.store._known import Known
from syncd.store._schema import HEAD
from syncd.store._tables import METADATA, lease, to_micros
from syncd.store.audit import BROKEN
from syncd.store.store import Store

TABLES: Final = tuple(table for table in METADATA.sorted_tables if table is not lease)
"""What is carried over, what is pointed at first. Who holds a lease of one database says nothing about another."""


@dataclass(frozen=True, slots=True)
class Content:
    """How much a table holds, and a hash of all of it."""

    rows: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What a copy carried over. *audited* rows were proven against their runs' hash chains."""

    source: str
    target: str
    revision: str
    tables: dict[str, Content]
    audited: int
    broken: tuple[str, ...] = ()
    """Chains that are broken, in both."""


async def copy_store(source: Store, target: Store) -> Copied:
    """
    Copy every row of *source* to *target* in one transaction, then read both and compare.

    Nobody else writes to *source* meanwhile: its write lock is held. Rows go in
    portions, so memory does not grow with the store.

    Raises:
        ConfigError: *target* is not empty.
        StoreError: a store cannot be read or written; *target* is empty again. Or what arrived is not what was sent.
    """
    async with source.transaction() as old:
        copied = await _carry(old.db, target)
    if copied.broken:
        raise StoreError(copied.broken[0], where=copied.source, fix=BROKEN)
    return copied


async def copy_snapshot(source: Store, target: Store) -> Copied:
    """Do the same from one snapshot of *source*, while others write on; a broken chain is copied as it is, and told."""
    async with source.snapshot() as old:
        return await _carry(old.db, target)


async def _carry(old: Db, target: Store) -> Copied:
    async with target.transaction() as new:
        await _refuse_content(new.db)
        sent = {table.name: await _copy(old, new.db, table) for table in TABLES}
    arrived = {table.name: await _content(target.db, table) for table in TABLES}
    wrong = sorted(name for name, content in sent.items() if arrived[name] != content)
    if wrong:
        raise StoreError(
            f"what arrived is not what was sent: {', '.join(wrong)}",
            where=target.db.where,
            fix="do not use it: drop that database, and copy again",
        )
    proof = await target.audit.prove()
    return Copied(
        source=old.where,
        target=target.db.where,
        revision=HEAD,
        tables=sent,
        audited=proof.rows,
        broken=proof.broken,
    )


async def _refuse_content(db: Db) -> None:
    for table in TABLES:
        if await db.scalar(select(func.count()).select_from(table)):
            raise ConfigError(
                f'the target is not empty: it has rows in "{table.name}"',
                where=db.where,
                fix="name a new one: another file, or in PostgreSQL the outcome of createdb -T template0 -E UTF8 NAME",
            )


async def _copy(old: Db, new: Db, table: Table) -> Content:
    adding = Known(table.insert())
    digest, count = hashlib.sha256(), 0
    portion: list[dict[str, Any]] = []
    async with aclosing(old.stream(_in_order(table), _columns)) as rows:
        async for row in rows:
            digest.update(_line(row))
            count += 1
            portion.append(row)
            if len(portion) == CHUNK:
                await new.insert(adding, portion)
                portion = []
    await new.insert(adding, portion)
    return Content(count, digest.hexdigest())


async def _content(db: Db, table: Table) -> Content:
    digest, count = hashlib.sha256(), 0
    async with aclosing(db.stream(_in_order(table), _columns)) as rows:
        async for row in rows:
            digest.update(_line(row))
            count += 1
    return Content(count, digest.hexdigest())


def _in_order(table: Table) -> Any:  # noqa: ANN401 - any selection of columns
    return select(table).order_by(*table.primary_key)


def _columns(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 - its public name, with an underscore so that no column collides


def _line(row: dict[str, Any]) -> bytes:
    values = [to_micros(value) if isinstance(value, datetime) else value for value in row.values()]
    return f"{json.dumps(values)}\n".encode()
