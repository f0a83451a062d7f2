"""What a person paused, since when and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import delete, select

from syncd.model.refs import EntityId
from syncd.store._db import Db
from syncd.store._known import Known
from syncd.store._tables import paused
from syncd.store.rows import PausedRow, PauseScope

_ALL: Final = Known(select(paused).order_by(paused.c.since, paused.c.scope, paused.c.subject))


class Pauses:
    """One row for each thing that is paused; none when all runs."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def all(self) -> list[PausedRow]:
        """Return everything that is paused, the longest first."""
        return await self._db.all(
            _ALL,
            lambda row: PausedRow(scope=PauseScope(row.scope), subject=row.subject, since=row.since, why=row.why),
        )

    async def save(self, rows: Sequence[PausedRow]) -> None:
        """Pause what *rows* name; what is paused already takes their time and reason."""
        await self._db.save(
            paused,
            [{"scope": row.scope, "subject": row.subject, "since": row.since, "why": row.why} for row in rows],
        )

    async def end(self, rows: Sequence[PausedRow]) -> None:
        """Let what *rows* name run again."""
        for row in rows:
            where = (paused.c.scope == row.scope, paused.c.subject == row.subject)
            await self._db.write(delete(paused).where(*where))

    async def move(self, gone: Collection[EntityId], stays: EntityId) -> None:
        """Let the item that *gone* became part of be paused, if one of them was."""
        rows = [row for row in await self.all() if row.scope is PauseScope.ITEM and row.subject in gone]
        if rows:
            await self.end(rows)
            first = rows[0]
            await self.save([PausedRow(scope=first.scope, subject=stays, since=first.since, why=first.why)])
