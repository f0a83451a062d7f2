"""The bonds between entities and records, what each was last accounted for, and which went missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, select, update

from syncd.model import codec
from syncd.model.canonical import UNSET, Kind
from syncd.model.refs import ConnectionName, EntityId, LinkId, Ref
from syncd.store._db import Db
from syncd.store._known import Known, among
from syncd.store._tables import base, entity, home, link, observed, tombstone
from syncd.store.records import parse_ref
from syncd.store.rows import BaseField, BaseRow, LinkRow, LinkState, TombstoneRow, Verdict

_LINKED: Final = select(link).where(link.c.state != LinkState.UNLINKED)
_BY_ID: Final = among(select(link), link.c.id)
_BY_REF: Final = among(_LINKED, link.c.ref)
_BY_ENTITY: Final = among(select(link).order_by(link.c.id), link.c.entity)
_PARTED: Final = among(select(link.c.ref).where(link.c.state == LinkState.UNLINKED), link.c.ref)
_KEPT_APART: Final = Known(
    select(link.c.ref).where(link.c.portfolio == bindparam("portfolio"), link.c.parted_at.is_not(None))
)
_EVERY: Final = among(select(link).order_by(link.c.id), link.c.ref)
_JOIN_AGAIN: Final = among(update(link).values(parted_at=None), link.c.ref)
_OF_CONNECTION: Final = _LINKED.where(link.c.connection == bindparam("connection")).order_by(link.c.ref)
_BY_CONNECTION: Final = {
    (has_portfolio, has_state): Known(
        _OF_CONNECTION.where(
            *([link.c.portfolio == bindparam("portfolio")] if has_portfolio else []),
            *([link.c.state == bindparam("state")] if has_state else []),
        )
    )
    for has_portfolio in (False, True)
    for has_state in (False, True)
}
_PORTFOLIOS: Final = Known(
    select(link.c.portfolio)
    .where(link.c.connection == bindparam("connection"), link.c.state.not_in((LinkState.UNLINKED, LinkState.GONE)))
    .distinct()
    .order_by(link.c.portfolio)
)
_COUNT: Final = among(
    select(func.count().label("n"))
    .select_from(link.join(entity, entity.c.id == link.c.entity))
    .where(link.c.connection == bindparam("connection"), link.c.state == LinkState.LIVE),
    entity.c.kind,
)
_BASES: Final = among(select(base), base.c.link)
_FORGET_BASES: Final = among(delete(base), base.c.link)
_HOMES: Final = among(select(home), home.c.link)
_FORGET_HOMES: Final = among(delete(home), home.c.link)
_TOMBSTONES: Final = among(select(tombstone), tombstone.c.link)
_CLEAR_TOMBSTONES: Final = among(delete(tombstone), tombstone.c.link)


def _link(row: Row[Any]) -> LinkRow:
    return LinkRow(
        id=LinkId(row.id),
        entity=EntityId(row.entity),
        ref=parse_ref(row.ref),
        portfolio=row.portfolio,
        state=LinkState(row.state),
        container=row.container,
        type=row.type,
        key=row.key,
        url=row.url,
        created_by_us=row.created_by_us,
        default_fields=frozenset(codec.load_text(row.default_fields)),
        linked_at=row.linked_at,
        parted_at=row.parted_at,
    )


class Links:
    """One row per link, for ever: a link that ends changes its state."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def save(self, rows: Sequence[LinkRow]) -> None:
        """Keep *rows*. Raises `StoreError` when a ref would have two links that are not `UNLINKED`."""
        await self._db.save(
            link,
            [
                {
                    "id": row.id,
                    "entity": row.entity,
                    "ref": str(row.ref),
                    "connection": row.ref.connection,
                    "portfolio": row.portfolio,
                    "state": row.state,
                    "container": row.container,
                    "type": row.type,
                    "key": row.key,
                    "url": row.url,
                    "created_by_us": row.created_by_us,
                    "default_fields": codec.dump_text(sorted(row.default_fields)),
                    "linked_at": row.linked_at,
                    "parted_at": row.parted_at,
                }
                for row in rows
            ],
        )

    async def by_ids(self, ids: Sequence[LinkId]) -> dict[LinkId, LinkRow]:
        """Return the links of *ids*; unknown ones are left out."""
        return {row.id: row for row in await self._db.within(_BY_ID, ids, _link)}

    async def by_refs(self, refs: Sequence[Ref]) -> dict[Ref, LinkRow]:
        """Return the link of each ref that has one, whatever its state but `UNLINKED`."""
        rows = await self._db.within(_BY_REF, [str(ref) for ref in refs], _link)
        return {row.ref: row for row in rows}

    async def parted(self, refs: Sequence[Ref]) -> frozenset[Ref]:
        """Return those of *refs* that were linked once, and are parted."""
        return frozenset(await self._db.within(_PARTED, [str(ref) for ref in refs], lambda row: parse_ref(row.ref)))

    async def kept_apart(self, portfolio: str) -> frozenset[Ref]:
        """Return the records of *portfolio* that a person parted for good."""
        found = await self._db.all(_KEPT_APART, lambda row: parse_ref(row.ref), {"portfolio": portfolio})
        return frozenset(found)

    async def every_of(self, refs: Sequence[Ref]) -> list[LinkRow]:
        """Return every link of *refs*, in any state, by link id."""
        return await self._db.within(_EVERY, [str(ref) for ref in refs], _link)

    async def join_again(self, refs: Sequence[Ref]) -> None:
        """Forget that a person parted *refs* for good: a person links them now."""
        await self._db.write_within(_JOIN_AGAIN, [str(ref) for ref in refs])

    async def by_entities(self, ids: Sequence[EntityId]) -> dict[EntityId, list[LinkRow]]:
        """Return every link, in any state, of each entity that has one, by link id."""
        found: dict[EntityId, list[LinkRow]] = {}
        for row in await self._db.within(_BY_ENTITY, ids, _link):
            found.setdefault(row.entity, []).append(row)
        return found

    async def by_connection(
        self, connection: ConnectionName, portfolio: str | None = None, *, state: LinkState | None = None
    ) -> list[LinkRow]:
        """Return every link of one connection, in *state* or else in any but `UNLINKED`, by ref."""
        values = {"connection": connection, "portfolio": portfolio, "state": state}
        known = {name: value for name, value in values.items() if value is not None}
        return await self._db.all(_BY_CONNECTION["portfolio" in known, "state" in known], _link, known)

    async def portfolios(self, connection: ConnectionName) -> list[str]:
        """Return the portfolios that have links in a connection which are neither parted nor gone, by name."""
        return await self._db.all(_PORTFOLIOS, lambda row: str(row.portfolio), {"connection": connection})

    async def by_key(self, key: str) -> list[LinkRow]:
        """Return the links of what people call *key* (`PMO-12`, `#31`), whatever the connection, by ref."""
        return await self._db.all(select(link).where(link.c.key == key).order_by(link.c.ref), _link)

    async def count(self, connection: ConnectionName, kinds: Sequence[Kind] = tuple(Kind)) -> int:
        """Return how many live links to items of *kinds* a connection has: what the brakes take their share of."""
        return sum(await self._db.within(_COUNT, kinds, lambda row: int(row.n), {"connection": connection}))

    async def move(self, moves: Mapping[LinkId, Ref]) -> None:
        """Let links point at new refs of the same items (a draft became an issue); what the old ref held is dropped."""
        for at, ref in moves.items():
            old = select(link.c.ref).where(link.c.id == at).scalar_subquery()
            await self._db.write(delete(observed).where(observed.c.ref == old, observed.c.ref != str(ref)))
            await self._db.write(
                update(link).where(link.c.id == at).values(ref=str(ref), connection=ref.connection),
            )


def _dump_base(field: BaseField) -> codec.Json:
    shown = codec.dump_native(field.shown)
    return [shown] if field.stale else [shown, codec.dump_value(field.meant)]


def _load_base(data: codec.Json) -> BaseField:
    shown = codec.load_native(data[0])
    if len(data) == 1:
        return BaseField(shown, UNSET, stale=True)
    return BaseField(shown, codec.load_value(data[1]))


class Bases:
    """What each link was last accounted for: one row per link."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def save(self, rows: Sequence[BaseRow]) -> None:
        """Keep *rows*, each the whole of its link's bases."""
        await self._db.save(
            base,
            [{"link": row.link, "fields": codec.dump_text(codec.dump_map(row.fields, _dump_base))} for row in rows],
        )

    async def of_links(self, ids: Sequence[LinkId]) -> dict[LinkId, BaseRow]:
        """Return the bases of *ids*; a link without any is left out."""
        rows = await self._db.within(
            _BASES,
            ids,
            lambda row: BaseRow(LinkId(row.link), codec.load_map(codec.load_text(row.fields), _load_base)),
        )
        return {row.link: row for row in rows}

    async def forget(self, ids: Sequence[LinkId]) -> None:
        """Drop the bases of *ids*: their next reading is first contact."""
        await self._db.write_within(_FORGET_BASES, ids)


class Homes:
    """Which links home each record shows, as a digest: one row per link that shows any."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def of_links(self, ids: Sequence[LinkId]) -> dict[LinkId, str]:
        """Return the digest of what the records behind *ids* show; those that show none are left out."""
        rows = await self._db.within(_HOMES, ids, lambda row: (LinkId(row.link), str(row.digest)))
        return dict(rows)

    async def save(self, digests: Mapping[LinkId, str]) -> None:
        """Remember what is shown now."""
        now = self._db.world.now()
        await self._db.save(home, [{"link": at, "digest": each, "shown_at": now} for at, each in digests.items()])

    async def forget(self, ids: Sequence[LinkId]) -> None:
        """Remember that the records behind *ids* show none."""
        await self._db.write_within(_FORGET_HOMES, ids)

    async def count(self, connection: ConnectionName) -> int:
        """Return how many records of a connection show links home."""
        query = select(func.count().label("n")).select_from(home.join(link, link.c.id == home.c.link))
        return (await self._db.all(query.where(link.c.connection == connection), lambda row: int(row.n)))[0]


class Tombstones:
    """Linked records that were missed on direct reads."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def of_links(self, ids: Sequence[LinkId]) -> dict[LinkId, TombstoneRow]:
        """Return what is known of missed records behind *ids*."""
        rows = await self._db.within(
            _TOMBSTONES,
            ids,
            lambda row: TombstoneRow(
                link=LinkId(row.link),
                first_missing_at=row.first_missing_at,
                last_checked_at=row.last_checked_at,
                count=row.times,
                verdict=row.verdict and Verdict(row.verdict),
            ),
        )
        return {row.link: row for row in rows}

    async def save(self, rows: Sequence[TombstoneRow]) -> None:
        """Keep *rows*, each in place of the one for its link."""
        await self._db.save(
            tombstone,
            [
                {
                    "link": row.link,
                    "first_missing_at": row.first_missing_at,
                    "last_checked_at": row.last_checked_at,
                    "times": row.count,
                    "verdict": row.verdict,
                }
                for row in rows
            ],
        )

    async def clear(self, ids: Sequence[LinkId]) -> None:
        """Forget that the records behind *ids* were missed: they are back."""
        await self._db.write_within(_CLEAR_TOMBSTONES, ids)
