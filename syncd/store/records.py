"""What the tools were last seen to hold, and where reading goes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, select

from syncd.model import codec
from syncd.model.refs import ConnectionName, Cursor, LinkId, Ref, Revision
from syncd.store._db import CHUNK, Db
from syncd.store._known import Known, among
from syncd.store._tables import cursor, link, observed
from syncd.store.rows import CursorRow, LinkState, ObservedRow

_BY_REF: Final = among(select(observed), observed.c.ref)
_BY_LINK: Final = among(
    select(link.c.id.label("link_id"), observed).join(link, link.c.ref == observed.c.ref), link.c.id
)
_REVISIONS: Final = among(select(observed.c.ref, observed.c.revision), observed.c.ref)
_UNLINKED: Final = (
    select(observed)
    .outerjoin(link, (link.c.ref == observed.c.ref) & (link.c.state != LinkState.UNLINKED))
    .where(observed.c.portfolio == bindparam("portfolio"), link.c.id.is_(None), observed.c.ref > bindparam("after"))
    .order_by(observed.c.ref)
    .limit(CHUNK)
)
_UNLINKED_OF_ALL: Final = Known(_UNLINKED)
_UNLINKED_OF_ONE: Final = Known(_UNLINKED.where(observed.c.connection == bindparam("connection")))
_REFS: Final = Known(select(observed.c.ref).where(observed.c.connection == bindparam("connection")))
_FORGET: Final = among(delete(observed), observed.c.ref)
_CURSOR: Final = Known(select(cursor).where(cursor.c.connection == bindparam("connection")))


def parse_ref(text: str) -> Ref:
    """Return the ref that `str` wrote as *text*. Connection and kind hold no colon; an id may."""
    connection, kind, ref_id = text.split(":", 2)
    return Ref(ConnectionName(connection), kind, ref_id)


def _observed(row: Row[Any]) -> ObservedRow:
    edited = codec.load_map(codec.load_text(row.edited), codec.load_interval)
    return ObservedRow(
        portfolio=row.portfolio,
        record=codec.load_record(codec.load_text(row.record)),
        read_at=row.read_at,
        direct=row.direct,
        edited={name: interval for name, interval in edited.items() if interval},
        previous_updated_at=row.previous_updated_at,
    )


class Records:
    """Observed records, linked or not; one row per ref."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def save_observed(self, rows: Sequence[ObservedRow]) -> None:
        """Keep *rows*, each in place of what its ref was seen to hold before."""
        await self._db.save(
            observed,
            [
                {
                    "ref": str(row.ref),
                    "connection": row.ref.connection,
                    "portfolio": row.portfolio,
                    "revision": row.record.revision,
                    "record": codec.dump_text(codec.dump_record(row.record)),
                    "read_at": row.read_at,
                    "direct": row.direct,
                    "edited": codec.dump_text(codec.dump_map(row.edited, codec.dump_interval)),
                    "previous_updated_at": row.previous_updated_at,
                }
                for row in rows
            ],
        )

    async def observed(self, refs: Sequence[Ref]) -> dict[Ref, ObservedRow]:
        """Return what is known of *refs*; unknown ones are left out."""
        rows = await self._db.within(_BY_REF, [str(ref) for ref in refs], _observed)
        return {row.ref: row for row in rows}

    async def observed_of_links(self, links: Sequence[LinkId]) -> dict[LinkId, ObservedRow]:
        """Return what is known of the records behind *links*."""
        rows = await self._db.within(_BY_LINK, links, lambda row: (LinkId(row.link_id), _observed(row)))
        return dict(rows)

    async def revisions(self, refs: Sequence[Ref]) -> dict[Ref, Revision]:
        """Return the revision last seen of each of *refs*; unknown ones are left out."""
        rows = await self._db.within(
            _REVISIONS,
            [str(ref) for ref in refs],
            lambda row: (parse_ref(row.ref), Revision(row.revision)),
        )
        return dict(rows)

    async def unlinked(
        self, portfolio: str, connection: ConnectionName | None = None
    ) -> AsyncGenerator[ObservedRow, None]:
        """
        Yield the portfolio's records that belong to no entity, by ref.

        No snapshot is held meanwhile: what is linked behind the reader may be
        written as it goes.
        """
        query = _UNLINKED_OF_ALL if connection is None else _UNLINKED_OF_ONE
        asked = {"portfolio": portfolio, "connection": connection}
        rows = await self._db.all(query, _observed, {**asked, "after": ""})
        while rows:
            for row in rows:
                yield row
            if len(rows) < CHUNK:
                return
            rows = await self._db.all(query, _observed, {**asked, "after": str(rows[-1].ref)})

    async def by_key(self, key: str) -> list[ObservedRow]:
        """Return the linked records that people call *key* (`PMO-12`, `#31`), whatever the connection."""
        query = select(observed).join(link, link.c.ref == observed.c.ref).where(link.c.key == key)
        return await self._db.all(query.order_by(observed.c.ref), _observed)

    async def all_refs(self, connection: ConnectionName) -> set[Ref]:
        """Return every ref known of one connection."""
        return set(await self._db.all(_REFS, lambda row: parse_ref(row.ref), {"connection": connection}))

    def by_portfolio(self, portfolio: str) -> AsyncIterator[ObservedRow]:
        """Yield every record of one portfolio, by ref."""
        query = select(observed).where(observed.c.portfolio == portfolio).order_by(observed.c.ref)
        return self._db.stream(query, _observed)

    async def referring_to(self, portfolio: str, refs: AbstractSet[Ref]) -> list[Ref]:
        """Return the portfolio's other linked records that point at any of *refs*."""
        found = self.references(portfolio, refs.__contains__)
        return [ref async for ref, _ in found if ref not in refs]

    async def references(
        self, portfolio: str, is_wanted: Callable[[Ref], bool]
    ) -> AsyncGenerator[tuple[Ref, frozenset[Ref]], None]:
        """Yield each linked record of the portfolio that points at something wanted, with what of that it points at."""
        query = (
            select(observed.c.ref, observed.c.record)
            .join(link, link.c.ref == observed.c.ref)
            .where(observed.c.portfolio == portfolio)
        )

        def read(row: Row[Any]) -> tuple[Ref, frozenset[Ref]]:
            targets = codec.StoredFields(codec.load_text(row.record)["fields"]).refs
            return parse_ref(row.ref), frozenset(ref for ref in targets if is_wanted(ref))

        async for ref, targets in self._db.stream(query, read):
            if targets:
                yield ref, targets

    async def forget(self, refs: Sequence[Ref]) -> None:
        """Drop what is known of *refs*."""
        await self._db.write_within(_FORGET, [str(ref) for ref in refs])


class Cursors:
    """Where reading of each connection goes on."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def get(self, connection: ConnectionName) -> CursorRow | None:
        """Return where reading of *connection* goes on; `None` means from the start."""
        return await self._db.one(
            _CURSOR,
            lambda row: CursorRow(
                connection=ConnectionName(row.connection),
                cursor=Cursor(row.cursor),
                saved_at=row.saved_at,
                query=row.query,
            ),
            {"connection": connection},
        )

    async def save(self, row: CursorRow) -> None:
        """Keep *row*, in the transaction that keeps its page's effects."""
        await self._db.save(
            cursor,
            [{"connection": row.connection, "cursor": row.cursor, "saved_at": row.saved_at, "query": row.query}],
        )

    async def clear(self, connection: ConnectionName) -> None:
        """Read *connection* from the start next time."""
        await self._db.write(delete(cursor).where(cursor.c.connection == connection))
