"""What waits for a person: items set aside, and matches to accept or reject."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Row, bindparam, delete, select, update

from syncd.model import codec
from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName, EntityId
from syncd.store._db import Db
from syncd.store._dialect import upsert
from syncd.store._known import Known, among
from syncd.store._tables import match_proposal, quarantine
from syncd.store.records import parse_ref
from syncd.store.rows import MatchProposalRow, ProposalState, QuarantineRow

_ALL: Final = select(quarantine).order_by(quarantine.c.since, quarantine.c.subject, quarantine.c.field)
_OF_ALL: Final = Known(_ALL)
_OF_ONE: Final = Known(_ALL.where(quarantine.c.connection == bindparam("connection")))
_RELEASE: Final = Known(
    delete(quarantine).where(
        quarantine.c.connection == bindparam("of_connection"),
        quarantine.c.subject == bindparam("of_subject"),
        quarantine.c.field == bindparam("of_field"),
    )
)
_PROPOSED: Final = (
    select(match_proposal)
    .where(match_proposal.c.portfolio == bindparam("portfolio"))
    .order_by(match_proposal.c.made_at, match_proposal.c.id)
)
_IN_ANY_STATE: Final = Known(_PROPOSED)
_IN_ONE_STATE: Final = Known(_PROPOSED.where(match_proposal.c.state == bindparam("state")))
_DROP: Final = among(delete(match_proposal), match_proposal.c.id)


def _quarantined(row: Row[Any]) -> QuarantineRow:
    return QuarantineRow(
        connection=ConnectionName(row.connection),
        ref=row.ref and parse_ref(row.ref),
        entity=row.entity and EntityId(row.entity),
        field=row.field or None,
        reason=row.reason,
        since=row.since,
        attempts=row.attempts,
    )


def _subject(row: QuarantineRow) -> str:
    return str(row.ref or row.entity)


@cache
def _adding(dialect: str) -> Known:
    return Known(upsert(dialect, quarantine, keep=("since",), attempts=quarantine.c.attempts + 1))


class Quarantine:
    """Items, or fields of them, that are set aside so the rest flow."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def add(self, rows: Sequence[QuarantineRow]) -> None:
        """Set *rows* aside; one set aside already keeps its *since* and counts an attempt more."""
        await self._db.insert(
            _adding(self._db.dialect.name),
            [
                {
                    "connection": row.connection,
                    "subject": _subject(row),
                    "field": row.field or "",
                    "ref": row.ref and str(row.ref),
                    "entity": row.entity,
                    "reason": row.reason,
                    "since": row.since,
                    "attempts": row.attempts,
                }
                for row in rows
            ],
        )

    async def all(self, connection: ConnectionName | None = None) -> list[QuarantineRow]:
        """Return everything set aside, oldest first."""
        query = _OF_ALL if connection is None else _OF_ONE
        return await self._db.all(query, _quarantined, {"connection": connection})

    async def release(self, rows: Sequence[QuarantineRow]) -> None:
        """Let *rows* flow again."""
        for row in rows:
            of = {"of_connection": row.connection, "of_subject": _subject(row), "of_field": row.field or ""}
            await self._db.write(_RELEASE, values=of)


def _proposal(row: Row[Any]) -> MatchProposalRow:
    return MatchProposalRow(
        id=row.id,
        portfolio=row.portfolio,
        kind=Kind(row.kind),
        refs=tuple(codec.load_ref(ref) for ref in codec.load_text(row.refs)),
        entity=row.entity and EntityId(row.entity),
        reason=row.reason,
        confidence=row.confidence,
        state=ProposalState(row.state),
        made_at=row.made_at,
        decided_at=row.decided_at,
    )


class Proposals:
    """Matches for a person to accept or reject; a decision is remembered."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def add(self, rows: Sequence[MatchProposalRow]) -> int:
        """Keep *rows* but for those whose id is known, decided or not; return how many were new."""
        return await self._db.add_new(
            match_proposal,
            [
                {
                    "id": row.id,
                    "portfolio": row.portfolio,
                    "kind": row.kind,
                    "refs": codec.dump_text([codec.dump_ref(ref) for ref in row.refs]),
                    "entity": row.entity,
                    "reason": row.reason,
                    "confidence": row.confidence,
                    "state": row.state,
                    "made_at": row.made_at,
                    "decided_at": row.decided_at,
                }
                for row in rows
            ],
        )

    async def by_portfolio(self, portfolio: str, state: ProposalState | None = None) -> list[MatchProposalRow]:
        """Return the portfolio's proposals, in one state or all, oldest first."""
        query = _IN_ANY_STATE if state is None else _IN_ONE_STATE
        return await self._db.all(query, _proposal, {"portfolio": portfolio, "state": state})

    async def find(self, prefix: str) -> list[MatchProposalRow]:
        """Return the proposals whose id begins with *prefix*."""
        query = select(match_proposal).where(match_proposal.c.id.startswith(prefix, autoescape=True))
        return await self._db.all(query.order_by(match_proposal.c.id), _proposal)

    async def decide(self, proposal: str, state: ProposalState, at: datetime) -> None:
        """Keep a person's answer."""
        await self._db.write(
            update(match_proposal).where(match_proposal.c.id == proposal).values(state=state, decided_at=at)
        )

    async def drop(self, proposals: Sequence[str]) -> None:
        """Forget *proposals*: their records were linked, or went away."""
        await self._db.write_within(_DROP, proposals)
