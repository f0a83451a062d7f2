"""`syncd match list|suggest|review|accept|reject` and `syncd match --from FILE`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from syncd.cli.failing import DONE, HELD
from syncd.cli.match_views import surest_first, view_of
from syncd.cli.opening import open_for, open_shop, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.streams import say
from syncd.engine.alike import propose
from syncd.engine.desk import Desk
from syncd.engine.matching import accept_match, find_proposal, reject_match
from syncd.engine.paired import pair_up, read_table
from syncd.errors import ConfigError
from syncd.model.canonical import Kind
from syncd.model.refs import EntityId
from syncd.report.questions import matches_text
from syncd.report.table import count
from syncd.report.values import as_json
from syncd.store.rows import ProposalState

USUAL_CONFIDENCE: Final = 80
"""From how many percent on `suggest` proposes, where neither the command nor the mapping says."""


def list_matches(common: Common) -> int:
    """List the open proposals."""
    return run_command(common, _list(common))


async def _list(common: Common) -> int:
    async with open_shop(common) as shop:
        rows = await shop.store.proposals.by_portfolio(shop.portfolio.name, ProposalState.OPEN)
        views = [await view_of(shop.store, shop.portfolio.mapping, row, common) for row in surest_first(rows)]
    emit(common, {"matches": as_json(views)}, lambda: matches_text(views))
    return DONE


def suggest(common: Common, kind: str | None, at_least: int | None) -> int:
    """Look for linked items that may be one, and keep a proposal for each pair."""
    return run_command(common, _suggest(common, kind, at_least))


async def _suggest(common: Common, kind: str | None, at_least: int | None) -> int:
    if kind is not None and kind not in tuple(Kind):
        raise ConfigError(f'"{kind}" is not a kind', fix=f"use one of {', '.join(Kind)}")
    async with open_for(common, "Comparing titles, dates and people", writes=True) as desk:
        kinds = [Kind(kind)] if kind else list(desk.mapping.similar) or [Kind.INITIATIVE, Kind.MILESTONE, Kind.TASK]
        least = {each: at_least or desk.mapping.similar.get(each, USUAL_CONFIDENCE) for each in kinds}
        new = await propose(desk, least)
        waiting = len(await desk.store.proposals.by_portfolio(desk.portfolio.name, ProposalState.OPEN))
    review = common.command("match review")
    told = f"{count(new, 'new proposal')}; {waiting} to decide. Nothing was linked."
    emit(
        common,
        {"new": new, "open": waiting, "next": review if waiting else None},
        lambda: f"{told}\nNext: {review}" if waiting else told,
    )
    return HELD if waiting else DONE


def accept(common: Common, proposal: str | None, keys: Sequence[str], at_least: int | None) -> int:
    """Link the records of a proposal as one item, or accept every proposal that is sure enough."""
    if (proposal is None) == (at_least is None):
        raise ConfigError("say which: a proposal's id, or --at-least", fix="run syncd match list")
    return run_command(common, _accept(common, proposal, keys, at_least))


async def _accept(common: Common, proposal: str | None, keys: Sequence[str], at_least: int | None) -> int:
    async with open_for(common, "Asking the tools", writes=True) as desk:
        if proposal is not None:
            linked = [await accept_match(desk, await find_proposal(desk, proposal), keys)]
            failed: list[str] = []
        else:
            linked, failed = await _accept_all(desk, at_least or USUAL_CONFIDENCE)
    for each in failed:
        say(f"warning: {each}")
    data = {"entities": list(linked), "left": failed, "next": common.command("plan")}
    told = "Linked as one item." if proposal else f"Linked as {count(len(linked), 'item')}."
    emit(common, data, lambda: f"{told} Nothing was written yet.\nNext: {data['next']}")
    return HELD if failed else DONE


async def _accept_all(desk: Desk, at_least: int) -> tuple[list[EntityId], list[str]]:
    """Accept what is at least so sure, surest first; return the items made and what could not be accepted."""
    linked: list[EntityId] = []
    failed: list[str] = []
    for row in surest_first(await desk.store.proposals.by_portfolio(desk.portfolio.name, ProposalState.OPEN)):
        if row.confidence is None or row.confidence < at_least:
            continue
        try:
            linked.append(await accept_match(desk, row, ()))
        except ConfigError as exc:
            failed.append(f"{row.id}: {exc.what}")
    return linked, failed


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


def pair(common: Common, file: Path, *, dry_run: bool) -> int:
    """Link what a table says is one and the same."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"the file cannot be read: {exc}", where=str(file), fix="name a CSV file in UTF-8") from exc
    return run_command(common, _pair(common, text, str(file), dry_run=dry_run))


async def _pair(common: Common, text: str, where: str, *, dry_run: bool) -> int:
    async with open_for(common, "Looking up what the table names", writes=not dry_run) as desk:
        rows = read_table(text, where, tuple(desk.accounts))
        told = await pair_up(desk, rows, where, dry_run=dry_run)
    done = (
        f"{'Would link' if dry_run else 'Linked'} {count(len(told.united), 'item')}; {told.already} were one already."
    )
    data = {"united": len(told.united), "already": told.already, "dry_run": dry_run, "next": common.command("plan")}
    emit(common, data, lambda: f"{done} Nothing was written yet.\nNext: {data['next']}")
    return DONE
