"""What processes that ask the same tool tell each other: what is left of each bucket, and who is there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, or_, select

from syncd.model.refs import ConnectionName
from syncd.store._db import Db
from syncd.store._known import Known
from syncd.store._tables import budget, budget_user

_LEFT: Final = Known(select(budget).where(budget.c.connection == bindparam("name")))
_USERS: Final = Known(select(budget_user).where(budget_user.c.connection == bindparam("name")))
_MILLI: Final = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """What was left of one bucket at one moment, and until when nothing may be asked, said when."""

    bucket: str
    level: float
    at: datetime
    blocked_until: datetime | None = None
    blocked_at: datetime | None = None


class Budgets:
    """Buckets by connection and name; levels are kept to a thousandth."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def of(self, connection: ConnectionName) -> list[BudgetRow]:
        """Return what is known of each bucket of one connection."""
        return await self._db.all(
            _LEFT,
            lambda row: BudgetRow(
                bucket=row.bucket,
                level=row.level / _MILLI,
                at=row.at,
                blocked_until=row.blocked_until,
                blocked_at=row.blocked_at,
            ),
            {"name": connection},
        )

    async def save(self, connection: ConnectionName, rows: Sequence[BudgetRow]) -> None:
        """Say what is left of some buckets."""
        await self._db.save(
            budget,
            [
                {
                    "connection": connection,
                    "bucket": row.bucket,
                    "level": round(row.level * _MILLI),
                    "at": row.at,
                    "blocked_until": row.blocked_until,
                    "blocked_at": row.blocked_at,
                }
                for row in rows
            ],
        )

    async def forget(self, connection: ConnectionName, now: datetime) -> None:
        """Forget what was spent, but for buckets in which nothing may be asked yet."""
        free = or_(budget.c.blocked_until.is_(None), budget.c.blocked_until <= now)
        await self._db.write(delete(budget).where(budget.c.connection == connection, free))

    async def users(self, connection: ConnectionName) -> dict[str, datetime]:
        """Return who asks that tool, and when each last said so."""
        found = await self._db.all(_USERS, lambda row: (str(row.holder), row.seen_at), {"name": connection})
        return dict(found)

    async def enter(self, connection: ConnectionName, holder: str, at: datetime) -> None:
        """Say that *holder* asks that tool."""
        await self._db.save(budget_user, [{"connection": connection, "holder": holder, "seen_at": at}])

    async def leave(self, connection: ConnectionName, holders: Collection[str]) -> None:
        """Say that *holders* do not any more."""
        mine = (budget_user.c.connection == connection, budget_user.c.holder.in_(holders))
        await self._db.write(delete(budget_user).where(*mine))
