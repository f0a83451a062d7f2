"""Runs, and the audit of every remote write: each row's hash covers the row before it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, or_, select, union, update

from syncd.errors import StoreError
from syncd.model import codec
from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId, OpId, RunId
from syncd.store._db import Db
from syncd.store._known import Known, among
from syncd.store._tables import audit, entity, run, to_micros
from syncd.store.records import parse_ref
from syncd.store.renaming import Names, RenamedRow, Renaming
from syncd.store.rows import AuditRow, RunRow

BROKEN: Final = (
    "find out who or what changed the database; a backup made after that run tells what was written "
    "(compare syncd log there). syncd goes on, but no run with a broken trail can be undone"
)
"""What to do about a broken chain."""

_START: Final = Known(run.insert())
_FINISH: Final = Known(
    update(run)
    .where(run.c.id == bindparam("of_run"))
    .values(ended_at=bindparam("at"), outcome=bindparam("so"), counts=bindparam("counted"))
)
_RUNS: Final = among(select(run), run.c.id)
_APPEND: Final = Known(audit.insert())
_LENGTHEN: Final = Known(
    update(run)
    .where(run.c.id == bindparam("of_run"))
    .values(audit_rows=bindparam("to_rows"), audit_hash=bindparam("to_hash"))
)
_UPDATES: Final = among(select(audit).where(audit.c.at >= bindparam("since"), audit.c.verb == "update"), audit.c.entity)
_END: Final = Known(select(run.c.audit_rows, run.c.audit_hash).where(run.c.id == bindparam("run")))


class BrokenTrailError(StoreError):
    """A run's audit is not what was written."""


def _run(row: Row[Any]) -> RunRow:
    return RunRow(
        id=RunId(row.id),
        command=row.command,
        portfolio=row.portfolio,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        counts=codec.load_text(row.counts),
    )


class Runs:
    """Recorded executions."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def start(self, row: RunRow) -> None:
        """Keep a run that begins."""
        await self._db.insert(
            _START,
            [
                {
                    "id": row.id,
                    "command": row.command,
                    "portfolio": row.portfolio,
                    "started_at": row.started_at,
                    "ended_at": None,
                    "outcome": None,
                    "counts": codec.dump_text(dict(row.counts)),
                    "audit_rows": 0,
                    "audit_hash": _first_hash(row.id),
                }
            ],
        )

    async def finish(self, run_id: RunId, at: datetime, outcome: str, counts: Mapping[str, int]) -> None:
        """Say how a run ended."""
        values = {"of_run": run_id, "at": at, "so": outcome, "counted": codec.dump_text(dict(counts))}
        await self._db.write(_FINISH, values=values)

    async def get(self, run_id: RunId) -> RunRow | None:
        """Return one run."""
        return await self._db.one(select(run).where(run.c.id == run_id), _run)

    async def find(self, prefix: str) -> list[RunRow]:
        """Return the runs whose id begins with *prefix*, newest first."""
        query = select(run).where(run.c.id.startswith(prefix, autoescape=True))
        return await self._db.all(query.order_by(run.c.started_at.desc(), run.c.id), _run)

    async def by_ids(self, ids: Sequence[RunId]) -> dict[RunId, RunRow]:
        """Return the runs of *ids*; unknown ones are left out."""
        return {row.id: row for row in await self._db.within(_RUNS, ids, _run)}

    async def latest(self, limit: int = 20, portfolio: str | None = None, *, writing: bool = False) -> list[RunRow]:
        """Return the runs that began last, newest first; those alone that wrote something when *writing*."""
        query = select(run).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(limit)
        if portfolio is not None:
            query = query.where(run.c.portfolio == portfolio)
        if writing:
            query = query.where(run.c.audit_rows > 0)
        return await self._db.all(query, _run)


@dataclass(frozen=True, slots=True)
class Writes:
    """How many records were written, by verb."""

    created: int = 0
    updated: int = 0
    archived: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """How many runs there are, how many rows of theirs are proven, and where a chain is broken."""

    runs: int
    rows: int
    broken: tuple[str, ...] = ()
    """For each run whose chain is broken: the run, the first row, and what is wrong with it."""


def _every_run() -> Select[Any]:
    """Return the query for every run, also those that only their audit rows tell of."""
    ids = union(select(run.c.id.label("run")), select(audit.c.run.label("run"))).subquery()
    return select(ids.c.run).order_by(ids.c.run)


def _first_hash(run_id: RunId) -> str:
    return hashlib.sha256(f"run {run_id}".encode()).hexdigest()


def _content(row: AuditRow) -> str:
    return codec.dump_text(
        [row.field, codec.dump_native(row.before), codec.dump_native(row.after), row.op],
    )


def _next_hash(previous: str, row: AuditRow) -> str:
    head = [row.run, row.seq, to_micros(row.at), row.connection, str(row.ref), row.entity, row.verb]
    return hashlib.sha256(f"{previous}\n{codec.dump_text(head)}\n{_content(row)}".encode()).hexdigest()


def _audit(row: Row[Any]) -> AuditRow:
    name, before, after, op_id = codec.load_text(row.content)
    return AuditRow(
        run=RunId(row.run),
        seq=row.seq,
        at=row.at,
        connection=ConnectionName(row.connection),
        ref=parse_ref(row.ref),
        entity=EntityId(row.entity),
        verb=row.verb,
        field=name,
        before=codec.load_reading(before),
        after=codec.load_reading(after),
        op=op_id and OpId(op_id),
        hash=row.hash,
    )


def _called_now(row: AuditRow, names: Names) -> AuditRow:
    return replace(row, connection=names.now(row.connection, row.at), ref=names.ref(row.ref, row.at))


def _in_chain(row: Row[Any]) -> tuple[int, str, int | None, AuditRow | None]:
    """Return the run's count and last hash, and the row's number and content; `None` where it cannot be read."""
    try:
        return row.audit_rows, row.audit_hash, row.seq, None if row.seq is None else _audit(row)
    except (ValueError, KeyError, TypeError, AttributeError):
        return row.audit_rows, row.audit_hash, row.seq, None


def _of(kinds: Sequence[Kind]) -> ColumnElement[bool]:
    """Return the test for items of *kinds*; one that was united with another since counts with the tasks."""
    among = entity.c.kind.in_(kinds)
    return or_(among, entity.c.id.is_(None)) if Kind.TASK in kinds else among


@lru_cache(maxsize=256)
def _changes(renamed: Sequence[RenamedRow], connection: ConnectionName, kinds: Sequence[Kind]) -> Known:
    record = func.substr(audit.c.ref, func.length(audit.c.connection) + 2)  # whatever its connection was called
    mine = Names(renamed).of(connection, audit.c.connection, audit.c.at)
    return Known(
        select(audit.c.verb, func.count(record.distinct()).label("n"))
        .outerjoin(entity, entity.c.id == audit.c.entity)
        .where(mine, audit.c.at >= bindparam("since"), _of(kinds))
        .group_by(audit.c.verb)
    )


class Audit:
    """What was written where, before and after; never changed afterwards."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def append(self, run_id: RunId, rows: Sequence[AuditRow]) -> None:
        """Add *rows* to the end of the run's chain, in the transaction that confirms their ops."""
        if not rows:
            return
        seq, last = await self._end(run_id)
        written = []
        for row in rows:
            seq += 1
            placed = replace(row, run=run_id, seq=seq)
            last = _next_hash(last, placed)
            written.append(
                {
                    "run": run_id,
                    "seq": seq,
                    "at": row.at,
                    "connection": row.connection,
                    "ref": str(row.ref),
                    "entity": row.entity,
                    "verb": row.verb,
                    "content": _content(placed),
                    "hash": last,
                }
            )
        await self._db.insert(_APPEND, written)
        await self._db.write(_LENGTHEN, values={"of_run": run_id, "to_rows": seq, "to_hash": last})

    async def of_run(self, run_id: RunId) -> AsyncGenerator[AuditRow, None]:
        """Yield one run's rows in order, with every connection as it is called now (so do the others but the chain)."""
        names = await Renaming(self._db).names()
        query = select(audit).where(audit.c.run == run_id).order_by(audit.c.seq)
        async with aclosing(self._db.stream(query, _audit)) as rows:
            async for row in rows:
                yield _called_now(row, names)

    async def of_entity(self, entity: EntityId, limit: int = 100) -> list[AuditRow]:
        """Return the last writes of one entity, newest first."""
        names = await Renaming(self._db).names()
        query = select(audit).where(audit.c.entity == entity)
        rows = await self._db.all(query.order_by(audit.c.at.desc(), audit.c.seq.desc()).limit(limit), _audit)
        return [_called_now(row, names) for row in rows]

    async def updates_of(self, ids: Sequence[EntityId], since: datetime) -> list[AuditRow]:
        """Return every field of *ids* that was updated since then, in no particular order."""
        names = await Renaming(self._db).names()
        found = await self._db.within(_UPDATES, ids, _audit, {"since": since})
        return [_called_now(row, names) for row in found]

    async def check_chain(self, run_id: RunId) -> int:
        """
        Return how many rows the run's chain has, every one proven.

        Raises `StoreError` naming the first row that was changed, added,
        removed or moved since it was written.
        """
        query = (
            select(run.c.audit_rows, run.c.audit_hash, audit)
            .outerjoin(audit, audit.c.run == run.c.id)
            .where(run.c.id == run_id)
            .order_by(audit.c.seq)
        )  # one statement, hence one snapshot: a row added meanwhile raises no false alarm
        count, end = -1, ""
        seen, last = 0, _first_hash(run_id)
        async with aclosing(self._db.stream(query, _in_chain)) as rows:
            async for count, end, seq, row in rows:  # noqa: B007 - the last ones are used below
                if seq is None:
                    break
                seen += 1
                if seq != seen:
                    raise self._broken(run_id, f"row {seen} is missing")
                last = "" if row is None else _next_hash(last, row)
                if row is None or row.hash != last:
                    raise self._broken(run_id, f"row {seen} is not what was written")
        if count < 0:
            raise self._broken(run_id, "there is no such run")
        if seen < count:
            raise self._broken(run_id, f"row {seen + 1} is missing: {count} were written, {seen} are left")
        if seen > count:
            raise self._broken(run_id, f"row {count + 1} was added: {count} were written, {seen} are there")
        if last != end:
            raise self._broken(run_id, f"row {seen} is not the last one that was written")
        return seen

    async def prove(self) -> Proof:
        """Look at every run's chain, and say how many runs and rows are proven and what is wrong with the others."""
        runs = proven = 0
        broken: list[str] = []
        async with aclosing(self._db.stream(_every_run(), lambda row: RunId(row.run))) as ids:
            async for each in ids:
                runs += 1
                try:
                    proven += await self.check_chain(each)
                except BrokenTrailError as exc:
                    broken.append(exc.what)
        return Proof(runs=runs, rows=proven, broken=tuple(broken))

    async def has_any(self, connection: ConnectionName, verb: str, kinds: Sequence[Kind] = tuple(Kind)) -> bool:
        """Return whether *verb* was ever carried out in a connection, on an item of one of *kinds*."""
        names = await Renaming(self._db).names()
        query = (
            select(audit.c.seq)
            .outerjoin(entity, entity.c.id == audit.c.entity)
            .where(names.of(connection, audit.c.connection, audit.c.at), audit.c.verb == verb, _of(kinds))
            .limit(1)
        )
        return await self._db.one(query, lambda row: int(row.seq)) is not None

    async def recent_changes(
        self, connection: ConnectionName, since: datetime, kinds: Sequence[Kind] = tuple(Kind)
    ) -> Writes:
        """Return how many records of a connection, of items of *kinds*, were written since then: for the brakes."""
        query = _changes(tuple(await Renaming(self._db).rows()), connection, tuple(kinds))
        counts = dict(await self._db.all(query, lambda row: (str(row.verb), int(row.n)), {"since": since}))
        return Writes(counts.get("create", 0), counts.get("update", 0), counts.get("archive", 0))

    async def _end(self, run_id: RunId) -> tuple[int, str]:
        end = await self._db.one(_END, lambda row: (int(row.audit_rows), str(row.audit_hash)), {"run": run_id})
        if end is None:
            raise self._broken(run_id, "there is no such run")
        return end

    def _broken(self, run_id: RunId, what: str) -> BrokenTrailError:
        return BrokenTrailError(
            f"the audit of run {run_id} cannot be trusted: {what}",
            where=self._db.where,
            fix=BROKEN,
        )
