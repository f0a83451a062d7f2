"""`syncd match list|accept|reject`."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.cli.failing import DONE
from syncd.cli.opening import Shop, open_for, open_shop, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.engine.choices import accept_match, find_proposal, reject_match
from syncd.model.native import Record, Text
from syncd.report.questions import MatchView, matches_text
from syncd.report.table import count
from syncd.report.values import as_json
from syncd.store.rows import MatchProposalRow, ProposalState


def list_matches(common: Common) -> int:
    """List the open proposals."""
    return run_command(common, _list(common))


async def _list(common: Common) -> int:
    async with open_shop(common) as shop:
        rows = await shop.store.proposals.by_portfolio(shop.portfolio.name, ProposalState.OPEN)
        views = [await _view(shop, row, common) for row in rows]
    emit(common, {"matches": as_json(views)}, lambda: matches_text(views))
    return DONE


async def _view(shop: Shop, row: MatchProposalRow, common: Common) -> MatchView:
    seen = await shop.store.records.observed(row.refs)
    records = [seen[ref].record for ref in row.refs if ref in seen]
    return MatchView(
        id=row.id,
        kind=row.kind,
        reason=row.reason,
        records=[(each.ref.connection, each.key, _title(shop, row, each)) for each in records],
        made_at=row.made_at,
        next=[common.command(f"match accept {row.id}"), common.command(f"match reject {row.id}")],
    )


def _title(shop: Shop, row: MatchProposalRow, record: Record) -> str:
    side = shop.portfolio.mapping.sides.get((record.ref.connection, row.kind, "title"))
    held = record.fields.get(side.native) if side is not None else None
    return held.value if isinstance(held, Text) else record.key


def accept(common: Common, proposal: str, keys: Sequence[str]) -> int:
    """Link the records of a proposal as one item."""
    return run_command(common, _accept(common, proposal, keys))


async def _accept(common: Common, proposal: str, keys: Sequence[str]) -> int:
    async with open_for(common, "Asking the tools", writes=True) as desk:
        entity = await accept_match(desk, await find_proposal(desk, proposal), keys)
    data = {"entity": entity, "next": common.command("plan")}
    emit(common, data, lambda: f"Linked as one item. Nothing was written yet.\nNext: {data['next']}")
    return DONE


def reject(common: Common, proposal: str) -> int:
    """Make every record of a proposal an item of its own."""
    return run_command(common, _reject(common, proposal))


async def _reject(common: Common, proposal: str) -> int:
    async with open_for(common, "Asking the tools", writes=True) as desk:
        entities = await reject_match(desk, await find_proposal(desk, proposal))
    data = {"entities": list(entities), "next": common.command("plan")}
    made = count(len(entities), "item")
    emit(common, data, lambda: f"Kept apart as {made}. Nothing was written yet.\nNext: {data['next']}")
    return DONE
