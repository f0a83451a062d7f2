"""The journal: every remote write, committed before it is sent and settled only by looking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, bindparam, or_, select, update

from syncd.errors import StoreError
from syncd.model import codec
from syncd.model.refs import ConnectionName, EntityId, LinkId, OpId, RunId
from syncd.store._db import Db
from syncd.store._known import Known, among
from syncd.store._tables import op
from syncd.store.rows import OPEN_OPS, OpField, OpRow, OpState

_PLAN: Final = Known(op.insert())
_ATTACH: Final = Known(update(op).where(op.c.id == bindparam("op_id")).values(link=bindparam("link_id")))
_OPEN: Final = select(op).where(op.c.ended_at.is_(None)).order_by(op.c.planned_at, op.c.id)
_OPEN_OF_ALL: Final = Known(_OPEN)
_OPEN_OF_ONE: Final = Known(_OPEN.where(op.c.connection == bindparam("connection")))
_OPEN_OF_LINKS: Final = among(_OPEN, op.c.link)
_OPEN_OF_ENTITIES: Final = among(_OPEN, op.c.entity)
_ARCHIVES: Final = among(
    select(op).where(op.c.verb == "archive", op.c.state == OpState.CONFIRMED).order_by(op.c.planned_at, op.c.id),
    op.c.link,
)
_BY_ID: Final = among(select(op), op.c.id)


@cache
def _moving(allowed: frozenset[OpState], times: tuple[str, ...]) -> Known:
    moved = update(op).where(op.c.id == bindparam("op_id"), or_(*(op.c.state == one for one in sorted(allowed))))
    to: dict[str, Any] = {"state": bindparam("to_state"), "reason": bindparam("why")}
    return Known(moved.values(to | {name: bindparam(f"to_{name}") for name in times}))


def _dump_field(field: OpField) -> codec.Json:
    return [codec.dump_native(field.want), codec.dump_value(field.meant), codec.dump_native(field.pre)]


def _load_field(data: codec.Json) -> OpField:
    want, meant, pre = data
    return OpField(codec.load_native(want), codec.load_value(meant), codec.load_reading(pre))


def _op(row: Row[Any]) -> OpRow:
    return OpRow(
        id=OpId(row.id),
        run=RunId(row.run),
        change=row.change,
        connection=ConnectionName(row.connection),
        entity=EntityId(row.entity),
        link=row.link and LinkId(row.link),
        verb=row.verb,
        fields=codec.load_map(codec.load_text(row.fields), _load_field),
        native=codec.load_map(codec.load_text(row.native), codec.load_native),
        payload_hash=row.payload_hash,
        pre_hash=row.pre_hash,
        state=OpState(row.state),
        marker=row.marker and EntityId(row.marker),
        container=row.container,
        type=row.type,
        reason=row.reason,
        planned_at=row.planned_at,
        sent_at=row.sent_at,
        ended_at=row.ended_at,
    )


class Journal:
    """
    Ops and how far they are.

        planned ──▶ sent ──▶ confirmed | failed | quarantined
           │ ◀── held ┴────▶ unknown ──▶ confirmed | failed | quarantined
           └────▶ failed | quarantined
    """

    def __init__(self, db: Db) -> None:
        self._db = db

    async def plan(self, rows: Sequence[OpRow]) -> None:
        """Keep intents, in the transaction of the decision they come from."""
        await self._db.insert(
            _PLAN,
            [
                {
                    "id": row.id,
                    "run": row.run,
                    "change": row.change,
                    "connection": row.connection,
                    "entity": row.entity,
                    "link": row.link,
                    "verb": row.verb,
                    "fields": codec.dump_text(codec.dump_map(row.fields, _dump_field)),
                    "native": codec.dump_text(codec.dump_map(row.native, codec.dump_native)),
                    "payload_hash": row.payload_hash,
                    "pre_hash": row.pre_hash,
                    "state": OpState.PLANNED,
                    "marker": row.marker,
                    "container": row.container,
                    "type": row.type,
                    "reason": row.reason,
                    "planned_at": row.planned_at,
                    "sent_at": None,
                    "ended_at": None,
                }
                for row in rows
            ],
        )

    async def mark_sent(self, ids: Sequence[OpId], at: datetime) -> None:
        """Say that requests are about to leave. Commit before they do."""
        await self._move(dict.fromkeys(ids), {OpState.PLANNED}, OpState.SENT, sent_at=at)

    async def hold(self, ids: Sequence[OpId]) -> None:
        """Say that these did not leave after all, and are planned as before: surely nothing of them was carried out."""
        await self._move(dict.fromkeys(ids), {OpState.SENT}, OpState.PLANNED, sent_at=None)

    async def mark_unknown(self, reasons: Mapping[OpId, str]) -> None:
        """Say that nobody can tell whether these were carried out, and why."""
        await self._move(reasons, {OpState.SENT, OpState.UNKNOWN}, OpState.UNKNOWN)

    async def mark_confirmed(self, ids: Sequence[OpId], at: datetime) -> None:
        """Say that these were carried out and read back."""
        await self._move(dict.fromkeys(ids), {OpState.SENT, OpState.UNKNOWN}, OpState.CONFIRMED, ended_at=at)

    async def mark_failed(self, reasons: Mapping[OpId, str], at: datetime) -> None:
        """Say that these were surely not carried out, and why."""
        await self._move(reasons, OPEN_OPS, OpState.FAILED, ended_at=at)

    async def mark_quarantined(self, reasons: Mapping[OpId, str], at: datetime) -> None:
        """Say that these wait for a person, and why."""
        await self._move(reasons, OPEN_OPS, OpState.QUARANTINED, ended_at=at)

    async def attach(self, links: Mapping[OpId, LinkId]) -> None:
        """Say which link each confirmed create made."""
        if links:
            await self._db.write(_ATTACH, [{"op_id": one, "link_id": at} for one, at in links.items()])

    async def open(self, connection: ConnectionName | None = None) -> list[OpRow]:
        """Return the ops that have not ended, oldest first: what a restart takes up again."""
        query = _OPEN_OF_ALL if connection is None else _OPEN_OF_ONE
        return await self._db.all(query, _op, {"connection": connection})

    async def open_of_links(self, ids: Sequence[LinkId]) -> dict[LinkId, list[OpRow]]:
        """Return the ops under way on each link, oldest first."""
        found: dict[LinkId, list[OpRow]] = {}
        for row in await self._db.within(_OPEN_OF_LINKS, ids, _op):
            if row.link is not None:
                found.setdefault(row.link, []).append(row)
        return found

    async def open_of_entities(self, ids: Sequence[EntityId]) -> dict[EntityId, list[OpRow]]:
        """Return the ops under way on each entity, creates included, oldest first."""
        found: dict[EntityId, list[OpRow]] = {}
        for row in await self._db.within(_OPEN_OF_ENTITIES, ids, _op):
            found.setdefault(row.entity, []).append(row)
        return found

    async def archives_of(self, ids: Sequence[LinkId]) -> dict[LinkId, OpRow]:
        """Return the last archive that was carried out on each link, if any."""
        rows = await self._db.within(_ARCHIVES, ids, _op)
        return {row.link: row for row in rows if row.link is not None}

    async def by_ids(self, ids: Sequence[OpId]) -> dict[OpId, OpRow]:
        """Return the ops of *ids*; unknown ones are left out."""
        return {row.id: row for row in await self._db.within(_BY_ID, ids, _op)}

    async def of_run(self, run: RunId) -> list[OpRow]:
        """Return the ops of one run, oldest first."""
        return await self._db.all(select(op).where(op.c.run == run).order_by(op.c.planned_at, op.c.id), _op)

    async def _move(
        self,
        reasons: Mapping[OpId, str | None],
        allowed: AbstractSet[OpState],
        state: OpState,
        **times: datetime | None,
    ) -> None:
        """Move every op of *reasons* from an *allowed* state to *state*, or raise `StoreError`."""
        if not reasons:
            return
        to = {"to_state": state, **{f"to_{name}": at for name, at in times.items()}}
        moved = await self._db.write(
            _moving(frozenset(allowed), tuple(times)),
            [{"op_id": one, "why": reason, **to} for one, reason in reasons.items()],
        )
        if moved != len(reasons):
            raise StoreError(
                f"{len(reasons) - moved} of {len(reasons)} writes cannot become {state}: unknown, or ended already",
                where=self._db.where,
                fix="report this: it is a fault in syncd; the transaction was undone",
            )
