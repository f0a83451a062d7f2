"""Held fields, and the ledger of edits that lost."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from syncd.model import codec
from syncd.model.refs import ConnectionName, EntityId, LinkId, RunId
from syncd.store._db import Db
from syncd.store._known import Known, among
from syncd.store._tables import conflict, ledger
from syncd.store.renaming import Renaming
from syncd.store.rows import ConflictContent, ConflictRow, ContenderRow, LedgerRow, dump_contender

ID_LENGTH: Final = 8

_ADD: Final = Known(conflict.insert())
_OPEN: Final = among(select(conflict).where(conflict.c.ended_at.is_(None)), conflict.c.entity)
_ABOUT: Final = among(
    select(conflict).where(conflict.c.field == bindparam("of_field")).order_by(conflict.c.opened_at, conflict.c.id),
    conflict.c.entity,
)
_LOST: Final = select(ledger).where(ledger.c.entity == bindparam("entity")).order_by(ledger.c.at.desc(), ledger.c.hash)
_LOST_OF_ALL: Final = Known(_LOST)
_LOST_OF_ONE: Final = Known(_LOST.where(ledger.c.field == bindparam("field")))


def _load_contender(data: codec.Json) -> ContenderRow:
    at, connection, value, author, when = data
    return ContenderRow(
        link=at and LinkId(at),
        connection=connection and ConnectionName(connection),
        value=codec.load_value(value),
        author=author,
        when=codec.load_interval(when),
    )


def _conflict(row: Row[Any]) -> ConflictRow:
    return ConflictRow(
        id=row.id,
        portfolio=row.portfolio,
        entity=EntityId(row.entity),
        field=row.field,
        content=ConflictContent(tuple(map(_load_contender, codec.load_text(row.contenders))), row.why),
        opened_at=row.opened_at,
        ended_at=row.ended_at,
        how=row.how,
    )


@dataclass(frozen=True, slots=True)
class ConflictChanges:
    """What a look at some fields changed: a person is told of these once."""

    opened: tuple[ConflictRow, ...] = ()
    changed: tuple[ConflictRow, ...] = ()
    """Still open, with other contenders."""
    ended: tuple[ConflictRow, ...] = ()


class Conflicts:
    """Conflicts, open and ended."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def sync(
        self, portfolio: str, found: Mapping[tuple[EntityId, str], ConflictContent | None], *, how: str = "agreement"
    ) -> ConflictChanges:
        """
        Make the open conflicts of these fields what *found* says; `None` ends one, and *how* says by what.

        Fields not named are left alone. An open conflict keeps its id while
        its contenders change.
        """
        now = self._db.world.now()
        known = {(row.entity, row.field): row for row in await self.of_entities([entity for entity, _ in found])}
        opened, changed, ended = [], [], []
        for key, content in found.items():
            row = known.get(key)
            if row is None and content is not None:
                entity, name = key
                opened.append(
                    ConflictRow(
                        id=self._db.world.new_id()[:ID_LENGTH],
                        portfolio=portfolio,
                        entity=entity,
                        field=name,
                        content=content,
                        opened_at=now,
                    )
                )
            elif row is not None and content is None:
                ended.append(replace(row, ended_at=now, how=how))
            elif row is not None and content is not None and row.content != content:
                changed.append(replace(row, content=content))
        await self._db.insert(_ADD, [_columns(row) for row in opened])
        await self._overwrite([*changed, *ended])
        return ConflictChanges(tuple(opened), tuple(changed), tuple(ended))

    async def open_list(self, portfolio: str | None = None) -> list[ConflictRow]:
        """Return the open conflicts, oldest first."""
        query = select(conflict).where(conflict.c.ended_at.is_(None))
        if portfolio is not None:
            query = query.where(conflict.c.portfolio == portfolio)
        return await self._db.all(query.order_by(conflict.c.opened_at, conflict.c.id), _conflict)

    async def of_entities(self, ids: Sequence[EntityId]) -> list[ConflictRow]:
        """Return the open conflicts of *ids*."""
        return await self._db.within(_OPEN, ids, _conflict)

    async def last_of(self, ids: Sequence[EntityId], field: str) -> dict[EntityId, ConflictRow]:
        """Return the last conflict about *field* of each entity, open or ended."""
        rows = await self._db.within(_ABOUT, ids, _conflict, {"of_field": field})
        return {row.entity: row for row in rows}

    async def find(self, prefix: str) -> list[ConflictRow]:
        """Return the conflicts, open or ended, whose id begins with *prefix*, newest first."""
        query = select(conflict).where(conflict.c.id.startswith(prefix, autoescape=True))
        return await self._db.all(query.order_by(conflict.c.opened_at.desc(), conflict.c.id), _conflict)

    async def _overwrite(self, rows: Sequence[ConflictRow]) -> None:
        statement = (
            update(conflict)
            .where(conflict.c.id == bindparam("of_id"))
            .values({name: bindparam(f"to_{name}") for name in ("contenders", "why", "ended_at", "how")})
        )
        values = [_columns(row) for row in rows]
        if values:
            await self._db.write(
                statement,
                [
                    {
                        "of_id": value["id"],
                        **{f"to_{name}": value[name] for name in ("contenders", "why", "ended_at", "how")},
                    }
                    for value in values
                ],
            )


def _columns(row: ConflictRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "portfolio": row.portfolio,
        "entity": row.entity,
        "field": row.field,
        "contenders": codec.dump_text([dump_contender(side) for side in row.content.contenders]),
        "why": row.content.why,
        "opened_at": row.opened_at,
        "ended_at": row.ended_at,
        "how": row.how,
    }


def _lost(row: LedgerRow) -> str:
    return codec.dump_text(
        [
            row.link,
            row.connection,
            codec.dump_value(row.value),
            row.author,
            codec.dump_interval(row.when),
            row.rule,
        ]
    )


def _ledger(row: Row[Any]) -> LedgerRow:
    at, connection, value, author, when, rule = codec.load_text(row.content)
    return LedgerRow(
        run=row.run and RunId(row.run),
        entity=EntityId(row.entity),
        field=row.field,
        link=at and LinkId(at),
        connection=connection and ConnectionName(connection),
        value=codec.load_value(value),
        author=author,
        when=codec.load_interval(when),
        rule=rule,
        at=row.at,
    )


class Ledger:
    """Every edit that lost, kept for ever."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def add(self, rows: Sequence[LedgerRow]) -> int:
        """Keep *rows*, but for those known already (in all but run and time); return how many were new."""
        values = []
        for row in rows:
            content = _lost(row)
            digest = hashlib.sha256(codec.dump_text([row.entity, row.field, content]).encode()).hexdigest()
            values.append(
                {
                    "hash": digest,
                    "run": row.run,
                    "entity": row.entity,
                    "field": row.field,
                    "content": content,
                    "at": row.at,
                }
            )
        return await self._db.add_new(ledger, values)

    async def of_entity(self, entity: EntityId, field: str | None = None) -> list[LedgerRow]:
        """Return the edits of an entity (or of one field of it) that lost, newest first."""
        names = await Renaming(self._db).names()
        query = _LOST_OF_ALL if field is None else _LOST_OF_ONE
        rows = await self._db.all(query, _ledger, {"entity": entity, "field": field})
        return [replace(row, connection=row.connection and names.now(row.connection, row.at)) for row in rows]

    async def of_run(self, run: RunId) -> list[LedgerRow]:
        """Return the edits that lost in one run."""
        query = select(ledger).where(ledger.c.run == run)
        return await self._db.all(query.order_by(ledger.c.at, ledger.c.hash), _ledger)
