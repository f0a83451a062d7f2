"""Forgetting what is over, a little at a time; of the audit nothing, and of nothing that something still goes by."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, delete, exists, not_, or_, select

from syncd.store._db import Db
from syncd.store._tables import conflict, ledger, op, plan, run
from syncd.store.rows import OpState, PlanState


class Expiring:
    """Each method forgets at most *limit* rows that ended before a time, the oldest first, and returns how many."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def plans(self, before: datetime, limit: int) -> int:
        """Forget plans that were applied or superseded; the one that may still be applied stays, however old."""
        over = plan.c.state.in_((PlanState.APPLIED, PlanState.SUPERSEDED))
        return await self._some(plan, plan.c.made_at, and_(over, plan.c.made_at < before), limit)

    async def conflicts(self, before: datetime, limit: int, *, keep: Collection[str]) -> int:
        """Forget conflicts that ended, but for those about the fields *keep*: a question answered once stays so."""
        over = and_(conflict.c.ended_at < before, conflict.c.field.not_in(sorted(keep)))
        return await self._some(conflict, conflict.c.ended_at, over, limit)

    async def writes(self, before: datetime, limit: int) -> int:
        """Forget ops that ended, but for archives that were carried out: these are never sent again."""
        archived = and_(op.c.verb == "archive", op.c.state == OpState.CONFIRMED)
        return await self._some(op, op.c.ended_at, and_(op.c.ended_at < before, not_(archived)), limit)

    async def runs(self, before: datetime, limit: int) -> int:
        """Forget runs that wrote nothing: no row of the audit, no op and no lost edit names them."""
        named = or_(
            exists().where(op.c.run == run.c.id),
            exists().where(ledger.c.run == run.c.id),
        )
        over = and_(run.c.started_at < before, run.c.audit_rows == 0, not_(named))
        return await self._some(run, run.c.started_at, over, limit)

    async def _some(self, table: Table, at: ColumnElement[datetime], over: ColumnElement[bool], limit: int) -> int:
        query = select(table.c.id).where(over).order_by(at, table.c.id).limit(limit)
        ids = await self._db.all(query, lambda row: str(row.id))
        return await self._db.write(delete(table).where(table.c.id.in_(ids))) if ids else 0
