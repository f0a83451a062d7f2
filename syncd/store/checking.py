"""Whether a store is whole: its file, every row, what rows say of each other, and the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, Table, and_, func, or_, select, text

from syncd.errors import StoreError
from syncd.model import codec
from syncd.store import _tables as t
from syncd.store._db import Db
from syncd.store.audit import _audit, _run
from syncd.store.conflicts import _conflict, _ledger
from syncd.store.entities import _entity, _field_state
from syncd.store.journal import _op
from syncd.store.links import _link, _load_base
from syncd.store.plans import _change, _plan
from syncd.store.questions import _proposal, _quarantined
from syncd.store.records import _observed
from syncd.store.rows import LinkState
from syncd.store.store import Store
from syncd.store.tools import _person

READERS: Final[tuple[tuple[Table, Callable[[Row[Any]], object]], ...]] = (
    (t.entity, _entity),
    (t.link, _link),
    (t.observed, _observed),
    (t.base, lambda row: codec.load_map(codec.load_text(row.fields), _load_base)),
    (t.field_state, _field_state),
    (t.run, _run),
    (t.plan, _plan),
    (t.plan_change, _change),
    (t.op, _op),
    (t.conflict, _conflict),
    (t.ledger, _ledger),
    (t.quarantine, _quarantined),
    (t.match_proposal, _proposal),
    (t.seen_person, _person),
    (t.audit, _audit),
)
"""How each repository reads its rows. What is not named here holds plain columns only."""

MOST: Final = 20
"""Rows named of one kind of trouble."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a look at the whole store found."""

    store: str
    rows: dict[str, int]
    audited: int
    damage: tuple[str, ...] = ()
    """What makes it unfit for use: the file, a row, a contradiction."""
    broken: tuple[str, ...] = ()
    """Broken chains of the audit trail; all else is sound nonetheless."""


async def check_store(store: Store) -> Checked:
    """Look at all of it as it is at one moment. Raises `StoreError` when it cannot be read at all."""
    async with store.snapshot() as moment:
        db = moment.db
        damage = await _file(db)
        rows: dict[str, int] = {}
        for table, read in READERS:
            rows[table.name] = await _read(db, table, read, damage)
        damage += await _contradictions(db)
        proof = await moment.audit.prove()
        return Checked(store=db.where, rows=rows, audited=proof.rows, damage=tuple(damage), broken=proof.broken)


async def _file(db: Db) -> list[str]:
    """Return what SQLite itself says of its file; a server sees to its own."""
    if db.dialect.name != "sqlite":
        return []
    found = await db.all(_plain("PRAGMA integrity_check(20)"), lambda row: str(row[0]))
    loose = await db.all(_plain("PRAGMA foreign_key_check"), lambda row: "{0} points at a missing {2}".format(*row))
    return [f"the file: {each}" for each in found if each != "ok"] + loose[:MOST]


def _plain(statement: str) -> Select[Any]:
    return text(statement)  # type: ignore[return-value]


async def _read(db: Db, table: Table, read: Callable[[Row[Any]], object], damage: list[str]) -> int:
    """Read every row of *table* as its repository does, add what cannot be read, and return how many there are."""

    def attempt(row: Row[Any]) -> str | None:
        try:
            read(row)
        except (ValueError, KeyError, TypeError, AttributeError, StoreError) as exc:
            key = " ".join(str(row._mapping[column.name]) for column in table.primary_key)  # noqa: SLF001
            return f'{table.name} "{key}" cannot be understood: {type(exc).__name__}'
        return None

    count = bad = 0
    async with aclosing(db.stream(select(table).order_by(*table.primary_key), attempt)) as rows:
        async for told in rows:
            count += 1
            if told is not None and table is not t.audit:  # its own proof names it
                bad += 1
                damage += [told] * (bad <= MOST)
    return count


async def _contradictions(db: Db) -> list[str]:
    """Return rows that say different things of one item."""
    linked = t.link.c.state != LinkState.UNLINKED
    prefix = t.link.c.connection + ":"
    alone = and_(linked, t.observed.c.ref.is_(None))
    cases = (
        (
            "is of another portfolio than its item",
            select(t.link.c.ref)
            .join(t.entity, t.entity.c.id == t.link.c.entity)
            .where(t.link.c.portfolio != t.entity.c.portfolio),
        ),
        (
            "is linked, and nothing is known of its record",
            select(t.link.c.ref).outerjoin(t.observed, t.observed.c.ref == t.link.c.ref).where(alone),
        ),
        (
            "is linked under another connection's name",
            select(t.link.c.ref).where(func.substr(t.link.c.ref, 1, func.length(prefix)) != prefix),
        ),
        (
            "is linked twice",
            select(t.link.c.ref).where(linked).group_by(t.link.c.ref).having(func.count() > 1),
        ),
        (
            "has a base, and is of no item",
            select(t.base.c.link.label("ref"))
            .outerjoin(t.link, t.link.c.id == t.base.c.link)
            .where(or_(t.link.c.id.is_(None), t.link.c.entity == "")),
        ),
    )
    found = []
    for what, query in cases:
        found += [f"{ref} {what}" for ref in await db.all(query.limit(MOST), lambda row: str(row.ref))]
    return found
