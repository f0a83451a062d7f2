"""What webhooks told until it was read again, and how the daemon says it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, func, select, update

from syncd.model import codec
from syncd.model.codec import Json
from syncd.model.refs import ConnectionName
from syncd.store._db import Db
from syncd.store._known import MANY, Known, among
from syncd.store._tables import inbox, standing
from syncd.store.records import parse_ref
from syncd.store.rows import InboxRow

MOST_AT_ONCE = 2000
"""Deliveries looked at together; more wait their turn."""

_WAITING: Final = among(
    select(inbox).where(inbox.c.done_at.is_(None)).order_by(inbox.c.received_at, inbox.c.delivery).limit(MOST_AT_ONCE),
    inbox.c.connection,
)
_DONE: Final = among(
    update(inbox).where(inbox.c.connection == bindparam("of")).values(done_at=bindparam("at")), inbox.c.delivery
)
_BACKLOG: Final = Known(
    select(inbox.c.connection, func.count().label("n")).where(inbox.c.done_at.is_(None)).group_by(inbox.c.connection)
)
_LAST: Final = Known(
    select(inbox.c.received_at)
    .where(inbox.c.connection == bindparam("connection"))
    .order_by(inbox.c.received_at.desc())
    .limit(1)
)
_KNOWN: Final = among(select(inbox.c.delivery).where(inbox.c.connection == bindparam("connection")), inbox.c.delivery)


def _row(row: Row[Any]) -> InboxRow:
    return InboxRow(
        connection=ConnectionName(row.connection),
        delivery=row.delivery,
        received_at=row.received_at,
        refs=tuple(parse_ref(ref) for ref in codec.load_text(row.refs)),
    )


class Inbox:
    """Deliveries of webhooks, each kept once."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def add(self, rows: Sequence[InboxRow]) -> int:
        """Keep *rows*, but for those told before; return how many were new."""
        return await self._db.add_new(
            inbox,
            [
                {
                    "connection": row.connection,
                    "delivery": row.delivery,
                    "received_at": row.received_at,
                    "refs": codec.dump_text([str(ref) for ref in row.refs]),
                    "done_at": None,
                }
                for row in rows
            ],
        )

    async def known(self, rows: Sequence[InboxRow]) -> set[tuple[ConnectionName, str]]:
        """Return which of *rows* were told before, by connection and delivery."""
        by_connection: dict[ConnectionName, list[str]] = {}
        for row in rows:
            by_connection.setdefault(row.connection, []).append(row.delivery)
        found: set[tuple[ConnectionName, str]] = set()
        for name, deliveries in by_connection.items():
            of = {"connection": name}
            seen = await self._db.within(_KNOWN, deliveries, lambda each: str(each.delivery), of)
            found.update((name, delivery) for delivery in seen)
        return found

    async def waiting(self, connections: Sequence[ConnectionName]) -> list[InboxRow]:
        """Return what was told of *connections* and not read since, oldest first."""
        return await self._db.all(_WAITING, _row, {MANY: list(connections)})

    async def done(self, rows: Sequence[InboxRow], at: datetime) -> None:
        """Say that what *rows* told was read."""
        by_connection: dict[ConnectionName, list[str]] = {}
        for row in rows:
            by_connection.setdefault(row.connection, []).append(row.delivery)
        for name, deliveries in by_connection.items():
            await self._db.write_within(_DONE, deliveries, {"of": name, "at": at})

    async def backlog(self) -> Mapping[ConnectionName, int]:
        """Return how many deliveries wait, by connection."""
        found = await self._db.all(_BACKLOG, lambda row: (row.connection, int(row.n)))
        return {ConnectionName(name): count for name, count in found}

    async def last(self, connections: Sequence[ConnectionName]) -> dict[ConnectionName, datetime]:
        """Return when each of *connections* was last told of."""
        found: dict[ConnectionName, datetime] = {}
        for name in connections:
            at = await self._db.one(_LAST, lambda row: row.received_at, {"connection": name})
            if at is not None:
                found[name] = at
        return found

    async def expire(self, before: datetime, limit: int) -> int:
        """Forget deliveries read and received before then, about *limit* of them; return how many."""
        old = (inbox.c.done_at.is_not(None), inbox.c.received_at < before)
        query = select(inbox.c.received_at).where(*old).order_by(inbox.c.received_at).limit(limit)
        times = await self._db.all(query, lambda row: row.received_at)
        if not times:
            return 0
        return await self._db.write(delete(inbox).where(*old, inbox.c.received_at <= times[-1]))


class Standing:
    """What a process says of itself, by its name."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def save(self, name: str, content: Json, at: datetime) -> None:
        """Say how *name* stands."""
        await self._db.save(standing, [{"name": name, "content": codec.dump_text(content), "saved_at": at}])

    async def get(self, name: str) -> tuple[Json, datetime] | None:
        """Return what *name* said last, and when."""
        query = select(standing).where(standing.c.name == name)
        return await self._db.one(query, lambda row: (codec.load_text(row.content), row.saved_at))
