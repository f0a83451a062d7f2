"""Canonical items, what stands in the way of their fields, and which of them to look at again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, exists, select

from syncd.model import codec
from syncd.model.canonical import UNSET, Kind, Unset, Value
from syncd.model.native import MISSING, Missing
from syncd.model.refs import EntityId, LinkId
from syncd.store._db import Db
from syncd.store._dialect import upsert
from syncd.store._known import Known, among
from syncd.store._tables import dirty, entity, field_state, link
from syncd.store.rows import EntityRow, FieldStateRow

_BY_ID: Final = among(select(entity), entity.c.id)
_OF_PORTFOLIO: Final = select(entity.c.id).where(entity.c.portfolio == bindparam("portfolio")).order_by(entity.c.id)
_IDS: Final = Known(_OF_PORTFOLIO)
_IDS_OF_KIND: Final = Known(_OF_PORTFOLIO.where(entity.c.kind == bindparam("kind")))
_SOME_VALUES: Final = among(select(entity.c.id, entity.c.vals), entity.c.id)
_BELOW: Final = among(select(entity.c.id, entity.c.parent), entity.c.parent)
_REMOVE: Final = among(delete(entity).where(~exists().where(link.c.entity == entity.c.id)), entity.c.id)
_STATES: Final = among(select(field_state), field_state.c.entity)
_CLEAR_STATE: Final = Known(
    delete(field_state).where(
        field_state.c.entity == bindparam("of_entity"),
        field_state.c.field == bindparam("of_field"),
        field_state.c.link == bindparam("of_link"),
    )
)
_CLEAR_DIRTY: Final = among(delete(dirty).where(dirty.c.generation == bindparam("generation")), dirty.c.entity)
_TAKE: Final = (
    select(dirty)
    .join(entity, entity.c.id == dirty.c.entity)
    .where(entity.c.portfolio == bindparam("portfolio"), dirty.c.entity > bindparam("after"))
    .order_by(dirty.c.entity)
)
_DIRTY: Final = among(select(dirty), dirty.c.entity)
_TAKE_ALL: Final = Known(_TAKE)
_TAKE_SOME: Final = Known(_TAKE.limit(bindparam("limit")))


def _entity(row: Row[Any]) -> EntityRow:
    return EntityRow(
        id=EntityId(row.id),
        portfolio=row.portfolio,
        kind=Kind(row.kind),
        values=codec.load_map(codec.load_text(row.vals), codec.load_value),
        provenance=codec.load_map(codec.load_text(row.provenance), codec.load_provenance),
        created_at=row.created_at,
        parent=row.parent and EntityId(row.parent),
        version=row.version,
    )


@cache
def _saving(dialect: str) -> Known:
    return Known(upsert(dialect, entity, keep=("created_at",), version=entity.c.version + 1))


@cache
def _marking(dialect: str) -> Known:
    return Known(upsert(dialect, dirty, generation=dirty.c.generation + 1))


class Entities:
    """One row per canonical item."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def save(self, rows: Sequence[EntityRow]) -> None:
        """Keep *rows*; each save counts the version up."""
        await self._db.insert(
            _saving(self._db.dialect.name),
            [
                {
                    "id": row.id,
                    "portfolio": row.portfolio,
                    "kind": row.kind,
                    "vals": codec.dump_text(codec.dump_map(row.values, codec.dump_value)),
                    "provenance": codec.dump_text(codec.dump_map(row.provenance, codec.dump_provenance)),
                    "created_at": row.created_at,
                    "parent": row.parent,
                    "version": 1,
                }
                for row in rows
            ],
        )

    async def by_ids(self, ids: Sequence[EntityId]) -> dict[EntityId, EntityRow]:
        """Return the entities of *ids*; unknown ones are left out."""
        rows = await self._db.within(_BY_ID, ids, _entity)
        return {row.id: row for row in rows}

    def by_portfolio(self, portfolio: str, kind: Kind | None = None) -> AsyncIterator[EntityRow]:
        """Yield the portfolio's entities, of one kind or all, by id."""
        return self._db.stream(self._of(portfolio, kind), _entity)

    async def ids(self, portfolio: str, kind: Kind | None = None) -> list[EntityId]:
        """Return the ids of the portfolio's entities, sorted."""
        query = _IDS if kind is None else _IDS_OF_KIND
        return await self._db.all(query, lambda row: EntityId(row.id), {"portfolio": portfolio, "kind": kind})

    async def values_of(
        self, portfolio: str, fields: Sequence[str], kind: Kind | None = None
    ) -> dict[EntityId, Mapping[str, Value | Unset]]:
        """Return some values of every entity (`UNSET` where none is agreed)."""
        query = self._of(portfolio, kind).with_only_columns(entity.c.id, entity.c.vals)
        return dict(await self._db.all(query, _picker(fields)))

    async def some_values_of(
        self, ids: Sequence[EntityId], fields: Sequence[str]
    ) -> dict[EntityId, Mapping[str, Value | Unset]]:
        """Return some values of *ids* (`UNSET` where none is agreed); unknown entities are left out."""
        return dict(await self._db.within(_SOME_VALUES, ids, _picker(fields)))

    async def below(self, parents: Sequence[EntityId]) -> dict[EntityId, EntityId]:
        """Return the comments below *parents*, each with what it is below."""
        rows = await self._db.within(_BELOW, parents, lambda row: (row.id, row.parent))
        return {EntityId(one): EntityId(parent) for one, parent in rows}

    async def remove_unlinked(self, ids: Sequence[EntityId]) -> int:
        """Remove those of *ids* that have no link of any state, and return how many: two entities became one."""
        return await self._db.write_within(_REMOVE, ids)

    def _of(self, portfolio: str, kind: Kind | None) -> Any:  # noqa: ANN401 - any selection of columns
        query = select(entity).where(entity.c.portfolio == portfolio).order_by(entity.c.id)
        return query if kind is None else query.where(entity.c.kind == kind)


def _picker(fields: Sequence[str]) -> Callable[[Row[Any]], tuple[EntityId, Mapping[str, Value | Unset]]]:
    def pick(row: Row[Any]) -> tuple[EntityId, Mapping[str, Value | Unset]]:
        values = codec.load_text(row.vals)
        return EntityId(row.id), {name: codec.load_value(values[name]) if name in values else UNSET for name in fields}

    return pick


def _field_state(row: Row[Any]) -> FieldStateRow:
    refused = codec.load_text(row.refused)
    return FieldStateRow(
        entity=EntityId(row.entity),
        field=row.field,
        link=LinkId(row.link) if row.link else None,
        refused=MISSING if refused is None else codec.load_value(refused[0]),
        trouble=row.trouble,
        text=row.text,
        undone=row.undone,
        since=row.since,
    )


class FieldStates:
    """What stands in the way of a field: refused values, troubles, breakers."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def save(self, rows: Sequence[FieldStateRow]) -> None:
        """Keep *rows*, each in place of the one for its entity, field and link."""
        await self._db.save(
            field_state,
            [
                {
                    "entity": row.entity,
                    "field": row.field,
                    "link": row.link or "",
                    "refused": codec.dump_text(
                        None if isinstance(row.refused, Missing) else [codec.dump_value(row.refused)]
                    ),
                    "trouble": row.trouble,
                    "text": row.text,
                    "undone": row.undone,
                    "since": row.since,
                }
                for row in rows
            ],
        )

    async def of_entities(self, ids: Sequence[EntityId]) -> list[FieldStateRow]:
        """Return what stands in the way of fields of *ids*."""
        return await self._db.within(_STATES, ids, _field_state)

    async def by_portfolio(self, portfolio: str) -> list[FieldStateRow]:
        """Return what stands in the way of the portfolio's fields, by entity and field."""
        query = select(field_state).join(entity, entity.c.id == field_state.c.entity)
        query = query.where(entity.c.portfolio == portfolio)
        return await self._db.all(query.order_by(field_state.c.entity, field_state.c.field), _field_state)

    async def clear(self, keys: Sequence[tuple[EntityId, str, LinkId | None]]) -> None:
        """Forget what stood in the way of these (entity, field, link)."""
        rows = [{"of_entity": owner, "of_field": name, "of_link": at or ""} for owner, name, at in keys]
        if rows:
            await self._db.write(_CLEAR_STATE, rows)


def _taken(row: Row[Any]) -> tuple[EntityId, int]:
    return EntityId(row.entity), int(row.generation)


class Dirty:
    """Entities to reconcile: marked many times, taken once."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def mark(self, ids: Sequence[EntityId]) -> None:
        """Mark *ids*; one already marked gets a new generation."""
        await self._db.insert(
            _marking(self._db.dialect.name), [{"entity": one, "generation": 1} for one in dict.fromkeys(ids)]
        )

    async def take(
        self, portfolio: str, limit: int | None = None, *, after: EntityId | None = None
    ) -> dict[EntityId, int]:
        """Return marked entities (those *after* one) and their generations, by id; they stay marked until `clear`."""
        asked = {"portfolio": portfolio, "after": after or "", "limit": limit}
        return dict(await self._db.all(_TAKE_ALL if limit is None else _TAKE_SOME, _taken, asked))

    async def take_of(self, ids: Sequence[EntityId]) -> dict[EntityId, int]:
        """Return those of *ids* that are marked, and their generations."""
        return dict(await self._db.within(_DIRTY, sorted(ids), _taken))

    async def clear(self, taken: Mapping[EntityId, int]) -> None:
        """Unmark what was taken, but for those marked again since. One taker at a time."""
        by_generation: dict[int, list[EntityId]] = {}
        for one, generation in taken.items():
            by_generation.setdefault(generation, []).append(one)
        for generation, ids in by_generation.items():
            await self._db.write_within(_CLEAR_DIRTY, ids, {"generation": generation})
