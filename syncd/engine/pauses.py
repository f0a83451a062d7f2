"""
What a person paused, and how a cycle heeds it.

    paused        what a cycle does
    connection    takes it as a tool that is down, without a complaint: not read, not written, no base moves
    item          reads it, but neither decides about it (nor its comments) nor writes it; it stays dirty
    portfolio     does not begin

What begins while a cycle writes is heeded before its next request (`halted`).
So everything that happens meanwhile is there when it is resumed, and is decided as if it had just been read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from syncd.engine.desk import Account, Desk
from syncd.engine.items import Item
from syncd.engine.judge import Judgement
from syncd.errors import ConfigError, HeldError, PausedError
from syncd.model.refs import ConnectionName, EntityId
from syncd.reconcile.plan import Line
from syncd.store.rows import PausedRow, PauseScope
from syncd.store.store import Store

HEED_S: Final = 1.0
"""Seconds for which what was seen of pauses holds while something is written: many writes may take hours."""


async def heed(desk: Desk) -> None:
    """Know what is paused now: its accounts take no part any more, its items are left alone."""
    desk.heeded_at = desk.world.monotonic()
    rows = await desk.store.pauses.all()
    desk.paused = next((row for row in rows if _is(row, PauseScope.PORTFOLIO, desk.portfolio.name)), None)
    for row in rows:
        if row.scope is PauseScope.CONNECTION and (account := desk.accounts.get(ConnectionName(row.subject))):
            account.error = PausedError(
                f"{account.name} is paused{_because(row)}", fix=f"run syncd resume {_typed(row)} to go on with it"
            )
    items = [EntityId(row.subject) for row in rows if row.scope is PauseScope.ITEM]
    desk.resting = frozenset([*items, *(await desk.store.entities.below(items) if items else ())])


async def halted(desk: Desk, account: Account | None = None) -> str | None:
    """
    Return why nothing more is written, to *account* or at all, if so.

    Asked before each portion of writes: who pauses something means now, and there may be hours of writes left.
    """
    if desk.world.monotonic() - desk.heeded_at >= HEED_S:
        await heed(desk)
    if desk.paused is not None:
        return f"the portfolio {desk.portfolio.name} is paused"
    return None if account is None or account.error is None else silence(account)


def _is(row: PausedRow, scope: PauseScope, subject: str) -> bool:
    return row.scope is scope and row.subject == subject


def _because(row: PausedRow) -> str:
    return f" since {row.since:%Y-%m-%d %H:%M} UTC{f' ({row.why})' if row.why else ''}"


def _typed(row: PausedRow) -> str:
    return f"{row.scope}:{row.subject}"


def check_running(desk: Desk) -> None:
    """Raise `HeldError` when the portfolio is paused: no cycle begins, nothing is decided or written."""
    if desk.paused is not None:
        raise HeldError(
            f"the portfolio {desk.portfolio.name} is paused{_because(desk.paused)}",
            fix=f"run syncd resume {_typed(desk.paused)} to go on with it",
        )


def is_paused(account: Account) -> bool:
    """Say whether a person paused a connection."""
    return isinstance(account.error, PausedError)


def silence(account: Account) -> str:
    """Say why nothing can be read or written in a connection that takes no part."""
    if account.error is None:
        return f"{account.name} was not asked yet"
    return account.error.what if is_paused(account) else f"{account.name} does not answer: {account.error.what}"


def rests(desk: Desk, line: Line) -> bool:
    """Say whether a write waits until its connection is resumed."""
    account = desk.accounts.get(line.place.connection)
    return account is not None and is_paused(account)


def without_resting(desk: Desk, each: Judgement) -> Judgement:
    """Take the writes out that wait for a paused connection; the decision stands, and the item is looked at again."""
    resting = tuple(line for line in (*each.lines, *each.waiting) if rests(desk, line))
    if not resting:
        return each
    return replace(
        each,
        lines=tuple(line for line in each.lines if not rests(desk, line)),
        waiting=tuple(line for line in each.waiting if not rests(desk, line)),
        resting=resting,
    )


async def pause(store: Store, row: PausedRow) -> PausedRow:
    """Pause what *row* names; what is paused already keeps its time, and its reason unless another is given."""
    known = next((each for each in await store.pauses.all() if _is(each, row.scope, row.subject)), None)
    if known is not None:
        row = replace(known, why=row.why or known.why)
    async with store.transaction() as tx:
        await tx.pauses.save([row])
    return row


async def resume(store: Store, row: PausedRow, portfolios: Sequence[str]) -> None:
    """Let what *row* names run again; everything of *portfolios* that it touches is looked at in the next cycle."""
    touched = await _touched(store, row, portfolios)
    async with store.transaction() as tx:
        await tx.pauses.end([row])
        await tx.dirty.mark(touched)


async def _touched(store: Store, row: PausedRow, portfolios: Sequence[str]) -> list[EntityId]:
    match row.scope:
        case PauseScope.CONNECTION:
            links = await store.links.by_connection(ConnectionName(row.subject))
            return sorted({link.entity for link in links})
        case PauseScope.PORTFOLIO:
            return await store.entities.ids(row.subject) if row.subject in portfolios else []
        case PauseScope.ITEM:
            one = EntityId(row.subject)
            there = await store.entities.by_ids([one])
            return sorted([*there, *await store.entities.below([one])])


def check_awake(desk: Desk, item: Item) -> None:
    """Raise `ConfigError` when a person's word is about an item that is paused."""
    if item.entity.id in desk.resting:
        keys = sorted((side.connection, side.link.key) for side in item.sides)
        name = keys[0][1] if keys else str(item.entity.id)
        raise ConfigError(f"{name} is paused: nothing is decided about it", fix=f"run syncd resume {name} first")
