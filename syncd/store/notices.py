"""What people were told, and what is still to be sent to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, func, select

from syncd.store._db import Db, chunks
from syncd.store._tables import notified, outbox, outbox_target
from syncd.store.rows import NotifiedRow, OutboxRow, OutboxTargetRow


def _notified(row: Row[Any]) -> NotifiedRow:
    return NotifiedRow(**row._mapping)  # noqa: SLF001 - SQLAlchemy's own name for it, and public


def _waiting(row: Row[Any]) -> OutboxRow:
    return OutboxRow(**row._mapping)  # noqa: SLF001 - same


def _target(row: Row[Any]) -> OutboxTargetRow:
    return OutboxTargetRow(**row._mapping)  # noqa: SLF001 - same


class Notified:
    """What people were told and that is so still, so that nothing is told twice."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def of(self, portfolio: str) -> list[NotifiedRow]:
        """Return what was told of a portfolio (empty: of the whole installation), by topic and subject."""
        query = select(notified).where(notified.c.portfolio == portfolio)
        return await self._db.all(query.order_by(notified.c.topic, notified.c.subject), _notified)

    async def save(self, rows: Sequence[NotifiedRow]) -> None:
        """Keep *rows*, each in place of what was kept of its subject."""
        await self._db.save(notified, [asdict(row) for row in rows])

    async def forget(self, rows: Sequence[NotifiedRow]) -> None:
        """Forget *rows*: they are over, and are told anew should they come back."""
        by_topic: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            by_topic.setdefault((row.portfolio, row.topic), []).append(row.subject)
        for (portfolio, topic), subjects in by_topic.items():
            for some in chunks(subjects):
                await self._db.write(
                    delete(notified).where(
                        notified.c.portfolio == portfolio, notified.c.topic == topic, notified.c.subject.in_(some)
                    )
                )


class Outbox:
    """What each target is still to be sent, and how sending went."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def waiting(self, target: str) -> list[OutboxRow]:
        """Return what *target* was not sent yet, oldest first."""
        query = select(outbox).where(outbox.c.target == target).order_by(outbox.c.at, outbox.c.id)
        return await self._db.all(query, _waiting)

    async def counts(self) -> Mapping[str, int]:
        """Return how much waits, by target."""
        query = select(outbox.c.target, func.sum(outbox.c.number).label("number")).group_by(outbox.c.target)
        return dict(await self._db.all(query, lambda row: (str(row.target), int(row.number))))

    async def add(self, rows: Sequence[OutboxRow]) -> None:
        """Keep *rows* until they were sent."""
        await self._db.save(outbox, [asdict(row) for row in rows])

    async def remove(self, ids: Sequence[str]) -> None:
        """Forget rows: they were sent, or summed up in others."""
        for some in chunks(ids):
            await self._db.write(delete(outbox).where(outbox.c.id.in_(some)))

    async def targets(self) -> Mapping[str, OutboxTargetRow]:
        """Return how sending went last, by target."""
        rows = await self._db.all(select(outbox_target).order_by(outbox_target.c.target), _target)
        return {row.target: row for row in rows}

    async def save_target(self, row: OutboxTargetRow) -> None:
        """Keep how sending to one target went."""
        await self._db.save(outbox_target, [asdict(row)])

    async def keep_only(self, names: Collection[str]) -> None:
        """Forget targets that are not among *names*, with all that was to be sent to them."""
        await self._db.write(delete(outbox).where(outbox.c.target.not_in(sorted(names))))
        await self._db.write(delete(outbox_target).where(outbox_target.c.target.not_in(sorted(names))))
