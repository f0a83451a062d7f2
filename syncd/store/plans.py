"""Plans as they were shown, kept so that exactly these can be applied."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from syncd.model import codec
from syncd.store._db import Db
from syncd.store._known import Known
from syncd.store._tables import plan, plan_change
from syncd.store.rows import ChangeState, PlanChangeRow, PlanRow, PlanState


def _plan(row: Row[Any]) -> PlanRow:
    return PlanRow(
        id=row.id,
        portfolio=row.portfolio,
        made_at=row.made_at,
        state=PlanState(row.state),
        summary=codec.load_text(row.summary),
    )


def _change(row: Row[Any]) -> PlanChangeRow:
    return PlanChangeRow(
        plan=row.plan,
        seq=row.seq,
        key=row.key,
        payload=codec.load_text(row.payload),
        needs_approval=row.needs_approval,
        state=ChangeState(row.state),
        reason=row.reason,
    )


class Plans:
    """Plans and their changes."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def save(self, row: PlanRow, changes: Sequence[PlanChangeRow]) -> bool:
        """
        Keep a plan; one of the same id stays as it is. Return whether it is new.

        Open plans of the portfolio made before it are superseded.
        """
        new = await self._db.add_new(
            plan,
            [
                {
                    "id": row.id,
                    "portfolio": row.portfolio,
                    "made_at": row.made_at,
                    "state": row.state,
                    "summary": codec.dump_text(dict(row.summary)),
                }
            ],
        )
        others = update(plan).where(plan.c.portfolio == row.portfolio, plan.c.id != row.id)
        waiting = others.where(plan.c.state.in_([PlanState.OPEN, PlanState.REFUSED]))
        await self._db.write(waiting.values(state=PlanState.SUPERSEDED))
        if not new:
            return False
        await self._db.insert(
            Known(plan_change.insert()),
            [
                {
                    "plan": row.id,
                    "seq": change.seq,
                    "key": change.key,
                    "payload": codec.dump_text(change.payload),
                    "needs_approval": change.needs_approval,
                    "state": change.state,
                    "reason": change.reason,
                }
                for change in changes
            ],
        )
        return True

    async def find(self, prefix: str) -> list[PlanRow]:
        """Return the plans whose id begins with *prefix*, newest first."""
        query = select(plan).where(plan.c.id.startswith(prefix, autoescape=True))
        return await self._db.all(query.order_by(plan.c.made_at.desc(), plan.c.id), _plan)

    async def latest(self, portfolio: str) -> PlanRow | None:
        """Return the portfolio's last plan."""
        query = select(plan).where(plan.c.portfolio == portfolio)
        return await self._db.one(query.order_by(plan.c.made_at.desc(), plan.c.id), _plan)

    def changes(self, plan_id: str) -> AsyncIterator[PlanChangeRow]:
        """Yield a plan's changes in order."""
        query = select(plan_change).where(plan_change.c.plan == plan_id).order_by(plan_change.c.seq)
        return self._db.stream(query, _change)

    async def set_state(self, plan_id: str, state: PlanState) -> None:
        """Say what became of a plan."""
        await self._db.write(update(plan).where(plan.c.id == plan_id).values(state=state))

    async def mark_changes(self, plan_id: str, outcomes: Mapping[str, tuple[ChangeState, str | None]]) -> None:
        """Say, by key, what became of changes and why."""
        statement = (
            update(plan_change)
            .where(plan_change.c.plan == plan_id, plan_change.c.key == bindparam("of_key"))
            .values(state=bindparam("to_state"), reason=bindparam("why"))
        )
        rows = [{"of_key": key, "to_state": state, "why": why} for key, (state, why) in outcomes.items()]
        if rows:
            await self._db.write(statement, rows)
