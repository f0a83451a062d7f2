"""
Connections that got another name: what goes by it everywhere, and how the audit, which keeps the old one, is read.

The audit and the ledger of lost edits are history: they are never changed, and
what they call a connection is followed to what it is called now by the time of
each row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, and_, case, func, literal, or_, select, update

from syncd.model import codec
from syncd.model.refs import ConnectionName, LinkId, Ref
from syncd.store import _tables as t
from syncd.store._db import Db, chunks
from syncd.store._known import Known
from syncd.store.rows import PauseScope

KEPT: Final = frozenset(
    {
        *("audit", "ledger", "run", "renamed"),
        *("plan", "plan_change", "standing"),
        *("notified", "outbox", "outbox_target"),
    }
)
"""
Tables that keep the old name: history; plans and what a process told of itself, which are of their moment; and what
people were told, so that something amiss is told once more, by the new name.
"""

NAMELESS: Final = frozenset({"field_state", "dirty", "home", "tombstone", "lease"})
"""Tables that name no connection; of `home` the digests do, and are given anew."""


def _natives(fields: codec.Json, rename: codec.Rename) -> codec.Json:
    return {name: rename.native(native) for name, native in fields.items()}


def _record(data: codec.Json, rename: codec.Rename) -> codec.Json:
    return {
        **data,
        "ref": rename.ref(data["ref"]),
        "aliases": [rename.ref(ref) for ref in data["aliases"]],
        "fields": _natives(data["fields"], rename),
    }


def _bases(data: codec.Json, rename: codec.Rename) -> codec.Json:
    return {name: [rename.native(shown), *meant] for name, (shown, *meant) in data.items()}


def _op_fields(data: codec.Json, rename: codec.Rename) -> codec.Json:
    return {name: [rename.native(want), meant, rename.native(pre)] for name, (want, meant, pre) in data.items()}


def _provenance(data: codec.Json, rename: codec.Rename) -> codec.Json:
    return {field: [[[rename.name(name), *more] for name, *more in by], *rest] for field, (by, *rest) in data.items()}


def _contenders(data: codec.Json, rename: codec.Rename) -> codec.Json:
    return [[link, rename.name(name), *more] for link, name, *more in data]


def _refs(data: codec.Json, rename: codec.Rename) -> codec.Json:
    return [rename.ref(ref) for ref in data]


def _revisions(data: codec.Json, rename: codec.Rename) -> codec.Json:
    return {rename.text(ref): revision for ref, revision in data.items()}


def _texts(data: codec.Json, rename: codec.Rename) -> codec.Json:
    return [rename.text(ref) for ref in data]


_ROWS: Final = Known(select(t.renamed).order_by(t.renamed.c.at))

Walk = Callable[[codec.Json, codec.Rename], codec.Json]

INSIDE: Final[Mapping[Column[Any], Walk]] = {
    t.observed.c.record: _record,
    t.base.c.fields: _bases,
    t.entity.c.provenance: _provenance,
    t.op.c.fields: _op_fields,
    t.op.c.native: _natives,
    t.conflict.c.contenders: _contenders,
    t.match_proposal.c.refs: _refs,
    t.stale.c.revisions: _revisions,
    t.inbox.c.refs: _texts,
}
"""Columns of JSON that name connections, and how to look through each."""

PLAIN: Final = ("connection",)
REFS: Final = ("ref", "subject")
"""Columns that hold a ref as text (of `quarantine`, also an entity's id, which no ref looks like)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamedRow:
    """A connection that got another name; what was written before then goes by the old one."""

    old: ConnectionName
    new: ConnectionName
    at: datetime


class Names:
    """What connections were called when, and are called now."""

    def __init__(self, rows: Sequence[RenamedRow]) -> None:
        self._rows = sorted(rows, key=lambda row: row.at)

    def now(self, name: ConnectionName, at: datetime) -> ConnectionName:
        """Return what the connection that was called *name* at that time is called now."""
        for row in self._rows:
            if row.old == name and at < row.at:
                name, at = row.new, row.at
        return name

    def ref(self, ref: Ref, at: datetime) -> Ref:
        """Return a ref written at that time as it is now."""
        name = self.now(ref.connection, at)
        return ref if name == ref.connection else Ref(name, ref.kind, ref.id)

    def of(self, name: ConnectionName, column: Column[Any], at: Column[Any]) -> ColumnElement[bool]:
        """Return the test for rows of the connection that is called *name* now."""
        return or_(*(self._spell(each, name, column, at) for each in sorted({name, *(row.old for row in self._rows)})))

    def _spell(
        self, called: ConnectionName, name: ConnectionName, column: Column[Any], at: Column[Any]
    ) -> ColumnElement[bool]:
        """Return the test for the times in which *called* meant what is called *name* now."""
        left = [row.at for row in self._rows if row.old == called]
        tests: list[ColumnElement[bool]] = [literal(value=False)]
        for number, until in enumerate(left):
            if self.now(called, left[number - 1] if number else datetime.min.replace(tzinfo=until.tzinfo)) == name:
                tests.append(and_(at < until, *([at >= left[number - 1]] if number else [])))
        if called == name:
            tests.append(at >= left[-1] if left else literal(value=True))
        return and_(column == called, or_(*tests))


class Renaming:
    """The names that connections had, and giving one another."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def rows(self) -> list[RenamedRow]:
        """Return every renaming, the oldest first."""
        return await self._db.all(
            _ROWS,
            lambda row: RenamedRow(old=ConnectionName(row.old), new=ConnectionName(row.new), at=row.at),
        )

    async def names(self) -> Names:
        """Return what connections were called when."""
        return Names(await self.rows())

    async def count(self, name: ConnectionName) -> int:
        """Return how many records are known under *name*, or 1 when only a cursor is."""
        seen = select(func.count().label("n")).select_from(t.observed).where(t.observed.c.connection == name)
        read = select(func.count().label("n")).select_from(t.cursor).where(t.cursor.c.connection == name)
        found = [int(await self._db.scalar(query)) for query in (seen, read)]
        return found[0] or min(found[1], 1)

    async def rename(
        self, old: ConnectionName, new: ConnectionName, homes: Mapping[LinkId, str], at: datetime
    ) -> dict[str, int]:
        """
        Call *old* by *new* in every table but those of history; return how many rows of which changed.

        *homes* are the digests of what records show of their counterparts, as
        they are under the new name.
        """
        changed: dict[str, int] = {}
        rename = codec.Rename(old, new)
        for column, walk in INSIDE.items():
            count = await self._inside(column, walk, rename)
            changed[column.table.name] = max(changed.get(column.table.name, 0), count)
        for table in t.METADATA.sorted_tables:
            if table.name not in KEPT | {"paused"}:
                changed[table.name] = max(changed.get(table.name, 0), await self._columns(table, old, new))
        of_pauses = (t.paused.c.scope == PauseScope.CONNECTION, t.paused.c.subject == old)
        changed["paused"] = await self._db.write(update(t.paused).where(*of_pauses).values(subject=new))
        for link, digest in homes.items():
            await self._db.write(update(t.home).where(t.home.c.link == link).values(digest=digest))
        await self._db.insert(Known(t.renamed.insert()), [{"old": old, "new": new, "at": at}])
        return {name: number for name, number in sorted(changed.items()) if number}

    async def _columns(self, table: Table, old: ConnectionName, new: ConnectionName) -> int:
        """Rename in columns that hold the name itself, or a ref."""
        values: dict[str, Any] = {name: _instead(table.c[name], old, new) for name in PLAIN if name in table.c}
        prefix = f"{old}:"
        for name in REFS:
            if name in table.c:
                column = table.c[name]
                starts = func.substr(column, 1, len(prefix)) == prefix
                values[name] = case((starts, literal(f"{new}:") + func.substr(column, len(prefix) + 1)), else_=column)
        if not values:
            return 0
        tests = [table.c[name] == old for name in PLAIN if name in table.c]
        tests += [func.substr(table.c[name], 1, len(prefix)) == prefix for name in REFS if name in table.c]
        return await self._db.write(update(table).where(or_(*tests)).values(values))

    async def _inside(self, column: Column[Any], walk: Walk, rename: codec.Rename) -> int:
        """Rename inside the JSON of one column, in those rows that may hold the name."""
        table = column.table
        keys = list(table.primary_key)
        query = select(*keys).where(column.contains(rename.old, autoescape=True)).order_by(*keys)
        found = await self._db.all(query, tuple)
        changed = 0
        for some in chunks(found):
            for key in some:
                here = and_(*(one == value for one, value in zip(keys, key, strict=True)))
                before = str(await self._db.scalar(select(column).where(here)))
                after = codec.dump_text(walk(codec.load_text(before), rename))
                if after != before:
                    changed += await self._db.write(update(table).where(here).values({column: after}))
        return changed


def _instead(column: Column[Any], old: str, new: str) -> ColumnElement[Any]:
    return case((column == old, new), else_=column)
