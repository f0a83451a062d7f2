"""How far a backfill is, kept in the store with what it did: whoever starts it again goes on there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from syncd.engine.writer import backfill_of
from syncd.model.codec import Json
from syncd.model.refs import ConnectionName, Cursor
from syncd.store.store import Store, Transaction

if TYPE_CHECKING:
    from syncd.engine.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One backfill of a portfolio, from its beginning to its end, over any number of processes."""

    portfolio: str
    started_at: datetime
    since: datetime | None = None
    """Only what changed since is read anew."""
    only: ConnectionName | None = None
    """The one connection that is read anew; `None`: all of them."""
    plan: str | None = None
    """The plan it carries out; then nothing is read anew."""
    digest: str = ""
    """The mapping by which it decides."""
    cursors: Mapping[ConnectionName, Cursor] = field(default_factory=dict)
    """Where reading anew goes on; apart from the cursors of cycles, which go on meanwhile."""
    read: Mapping[ConnectionName, datetime] = field(default_factory=dict)
    """What was read to the end, and when last."""
    is_linked: bool = False
    """All that was read was linked: cycles beside it may link what comes up."""
    written: int = 0
    """Writes carried out so far."""
    ended_at: datetime | None = None

    def reads_anew(self, connection: ConnectionName) -> bool:
        """Say whether *connection* is among what is read anew."""
        return self.plan is None and self.only in (None, connection)

    def asks_the_same(self, other: Job) -> bool:
        """Say whether a person asked for the same."""
        return (self.since, self.only, self.plan) == (other.since, other.only, other.plan)

    def at(self, connection: ConnectionName, cursor: Cursor) -> Job:
        """Return the job with another place at which reading of *connection* goes on."""
        return replace(self, cursors={**self.cursors, connection: cursor})

    def has_read(self, connection: ConnectionName, at: datetime) -> Job:
        """Return the job with *connection* read to the end."""
        return replace(self, read={**self.read, connection: at})

    async def unbegun(self, desk: Desk) -> frozenset[ConnectionName]:
        """Return the connections that no cycle ever read to the end: it leaves them to the job."""
        names = [name for name in desk.accounts if name not in self.read]
        return frozenset({name for name in names if await desk.store.cursors.get(name) is None})

    async def save(self, tx: Transaction, now: datetime) -> None:
        """Keep it, in the transaction of what it tells of."""
        await tx.standing.save(backfill_of(self.portfolio), _to_json(self), now)


async def job_of(store: Store, portfolio: str) -> Job | None:
    """Return the last backfill of a portfolio, ended or not."""
    kept = await store.standing.get(backfill_of(portfolio))
    return None if kept is None else _from_json(portfolio, kept[0])


async def job_under_way(desk: Desk) -> Job | None:
    """Return the backfill of this portfolio that a process is at just now."""
    name = desk.portfolio.name
    if await desk.store.leases.holder(backfill_of(name)) is None:
        return None
    job = await job_of(desk.store, name)
    return job if job is not None and job.ended_at is None else None


def _to_json(job: Job) -> Json:
    return {
        "started_at": job.started_at.isoformat(),
        "since": job.since.isoformat() if job.since else None,
        "only": job.only,
        "plan": job.plan,
        "digest": job.digest,
        "cursors": {str(name): str(cursor) for name, cursor in job.cursors.items()},
        "read": {str(name): at.isoformat() for name, at in job.read.items()},
        "is_linked": job.is_linked,
        "written": job.written,
        "ended_at": job.ended_at.isoformat() if job.ended_at else None,
    }


def _from_json(portfolio: str, told: Any) -> Job:  # noqa: ANN401 - our own JSON
    return Job(
        portfolio=portfolio,
        started_at=datetime.fromisoformat(told["started_at"]),
        since=datetime.fromisoformat(told["since"]) if told["since"] else None,
        only=ConnectionName(told["only"]) if told["only"] else None,
        plan=told["plan"],
        digest=told["digest"],
        cursors={ConnectionName(name): Cursor(cursor) for name, cursor in told["cursors"].items()},
        read={ConnectionName(name): datetime.fromisoformat(at) for name, at in told["read"].items()},
        is_linked=told["is_linked"],
        written=told["written"],
        ended_at=datetime.fromisoformat(told["ended_at"]) if told["ended_at"] else None,
    )
