"""What waits, and for what: entries in quarantine, writes under way, and a store that is an old copy."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from syncd.cli.opening import Shop
from syncd.cli.options import Common
from syncd.connectors._http import make_client
from syncd.connectors.protocol import Capabilities
from syncd.engine.home import FIELD
from syncd.engine.insist import PUSHED_BACK, WITHIN
from syncd.engine.recover import looked_for_until
from syncd.engine.settle import MOST_REFUSALS
from syncd.engine.tools import tools
from syncd.model.native import MISSING
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.titles import title_of
from syncd.report.questions import AsideView
from syncd.report.status import OldCopyView
from syncd.report.values import show_span
from syncd.store.rows import FieldStateRow, OpRow, OpState, QuarantineRow

WAITS = {
    OpState.PLANNED: "to be sent, or dropped by the next cycle",
    OpState.SENT: "the tool's answer",
    OpState.UNKNOWN: "being looked up",
}


async def rows_of(shop: Shop) -> list[QuarantineRow]:
    """Return everything of the portfolio that is set aside."""
    return [row for row in await shop.store.quarantine.all() if row.connection in shop.portfolio.connections]


def subject_of(row: QuarantineRow) -> Ref | EntityId | str:
    """Return what is set aside: a record, or an entity that could not be made."""
    return row.ref or row.entity or ""


async def keys_of(shop: Shop, rows: Sequence[QuarantineRow]) -> dict[Ref | EntityId | str, str]:
    """Return what people call each row's item: its key, a created item's title, or the bare ref."""
    seen = await shop.store.records.observed([row.ref for row in rows if row.ref is not None])
    entities = await shop.store.entities.by_ids([row.entity for row in rows if row.entity is not None])
    found: dict[Ref | EntityId | str, str] = {}
    for row in rows:
        if row.ref is not None:
            found[row.ref] = seen[row.ref].record.key if row.ref in seen else str(row.ref)
        elif row.entity is not None:
            entity = entities.get(row.entity)
            title = title_of(entity.kind, entity.values) if entity else None
            found[row.entity] = title or str(row.entity)
    return found


async def aside_views(shop: Shop, common: Common) -> list[AsideView]:
    """Return everything that is set aside, with what it waits for."""
    rows = await rows_of(shop)
    keys = await keys_of(shop, rows)
    states = await _states(shop, rows)
    return [
        AsideView(
            connection=row.connection,
            item=keys[subject_of(row)],
            field=row.field,
            reason=row.reason,
            since=row.since,
            attempts=row.attempts,
            waits_for=waits_for(
                row,
                states.get((row.ref, row.field)),
                common.command(f"quarantine retry {shlex.quote(keys[subject_of(row)])}"),
                shop.world.now(),
            ),
        )
        for row in rows
    ]


async def _states(shop: Shop, rows: Sequence[QuarantineRow]) -> Mapping[tuple[Ref | None, str | None], FieldStateRow]:
    links = await shop.store.links.by_refs([row.ref for row in rows if row.ref is not None])
    refs = {link.id: ref for ref, link in links.items()}
    states = await shop.store.field_states.of_entities(sorted({link.entity for link in links.values()}))
    return {(refs[row.link], row.field): row for row in states if row.link in refs}


def waits_for(row: QuarantineRow, state: FieldStateRow | None, retry: str, now: datetime) -> str:
    """
    Say what lets one entry flow again.

        refused once                         the next cycle tries once more
        taken, and not kept                  as a field that is refused again
        a create, refused again              a person's retry
        a link home                          likewise
        a field, refused again               another value, or a retry when the tool (or its rights) changed
        a field put back time after time     another value, a retry, or a day
        a whole record                       a person, in the tool
    """
    if state is not None and state.trouble == PUSHED_BACK:
        left = (state.since + WITHIN - now).total_seconds()
        return f"another value, {show_span(left)} to pass, or: {retry}" if left > 0 else "the next cycle"
    if row.ref is not None and row.field is None:
        return f"you to look at it in {row.connection}, then: {retry}"
    is_final = (
        row.attempts >= MOST_REFUSALS or row.field == FIELD or (state is not None and state.refused is not MISSING)
    )
    if not is_final:
        return "the next cycle, which tries it once more"
    if row.field in (None, FIELD):
        return f"the credential's right or the rule to change, then: {retry}"
    return f"another value; or the tool or the credential's right to change, then: {retry}"


async def op_waits_for(shop: Shop, ops: Sequence[OpRow]) -> Mapping[str, str]:
    """Return, by id, what each write under way waits for, and how long that still may take."""
    unsure = sorted({op.connection for op in ops if op.state is OpState.UNKNOWN})
    tool_of = await _capabilities(shop, unsure)
    found = {}
    for op in ops:
        text = WAITS.get(op.state, str(op.state))
        if op.connection in tool_of and op.state is OpState.UNKNOWN:
            left = looked_for_until(op, tool_of[op.connection]) - shop.world.now()
            passed = left <= timedelta()
            text += ", by the next cycle that reads it" if passed else f" for {show_span(left.total_seconds())} more"
        found[str(op.id)] = f"{text}{f' ({op.reason})' if op.reason else ''}"
    return found


async def _capabilities(shop: Shop, names: Sequence[ConnectionName]) -> Mapping[ConnectionName, Capabilities]:
    """Return what the tools of *names* can do; none of them is asked."""
    found = {}
    async with AsyncExitStack() as stack:
        for name in names:
            connection = shop.settings.connections[name]
            client = await stack.enter_async_context(make_client(shop.world))
            connect = tools()[connection.tool]().connect
            found[name] = connect(name, connection.settings, client, shop.world).capabilities
    return found


async def old_copy_view(shop: Shop, common: Common) -> OldCopyView | None:
    """Return what is not trusted yet because the store was restored, or is taken for an old copy."""
    unread = await shop.store.restored.unread()
    mine = sorted(name for name in unread if name in shop.portfolio.connections)
    items = await shop.store.restored.count()
    if not mine and not items:
        return None
    steps = [common.command("sync")] if mine else [common.command("plan"), common.command("apply PLAN")]
    return OldCopyView(why=next(iter(unread.values()), ""), unread=mine, items=items, next=steps)
