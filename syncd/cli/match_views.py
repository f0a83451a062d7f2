"""A match proposal as a report shows it."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.cli.options import Common
from syncd.mapping.compiled import CompiledMapping
from syncd.model.native import Record, Text
from syncd.report.questions import MatchView
from syncd.store.rows import MatchProposalRow
from syncd.store.store import Store


def surest_first(rows: Sequence[MatchProposalRow]) -> list[MatchProposalRow]:
    """Return *rows* as a person should see them: what a rule cannot tell apart, then the surest of what is alike."""
    return sorted(rows, key=lambda row: (row.confidence is not None, -(row.confidence or 0), row.made_at, row.id))


async def view_of(store: Store, mapping: CompiledMapping, row: MatchProposalRow, common: Common) -> MatchView:
    """Return *row* with the records it is about."""
    seen = await store.records.observed(row.refs)
    records = [seen[ref].record for ref in row.refs if ref in seen]
    return MatchView(
        id=row.id,
        kind=row.kind,
        reason=row.reason,
        confidence=row.confidence,
        records=[(each.ref.connection, each.key, _title(mapping, row, each)) for each in records],
        made_at=row.made_at,
        next=[common.command(f"match accept {row.id}"), common.command(f"match reject {row.id}")],
    )


def _title(mapping: CompiledMapping, row: MatchProposalRow, record: Record) -> str:
    side = mapping.sides.get((record.ref.connection, row.kind, "title"))
    held = record.fields.get(side.native) if side is not None else None
    return held.value if isinstance(held, Text) else record.key
