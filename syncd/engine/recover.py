"""What an earlier run left open: writes that were planned, under way, or of unknown outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from syncd.connectors.protocol import Capabilities, CreateIdentity, CreateKey, Done
from syncd.engine.absent import look_again, note_gone
from syncd.engine.archive import look_up
from syncd.engine.cleaning import CLEAN, look_up_cleans
from syncd.engine.creates import slots_of
from syncd.engine.desk import Account, Desk
from syncd.engine.flight import open_ops
from syncd.engine.load import REQUEST_TIMEOUT_S
from syncd.engine.lookups import look_up_updates
from syncd.engine.made import confirm_create
from syncd.engine.pull import missing, reread
from syncd.errors import RemoteError
from syncd.model.canonical import Kind
from syncd.model.native import Native, Record
from syncd.model.refs import RunId
from syncd.reconcile.create import Slot
from syncd.reconcile.plan import Place, Verb
from syncd.store.rows import LinkRow, LinkState, OpRow, OpState, QuarantineRow

LONGEST_LAG_S = 3600.0
"""An index that usually lags for minutes may lag for longer; a create is not tried again before that is unthinkable."""


async def recover(desk: Desk, run: RunId) -> None:
    """
    Settle every open write by looking, never by sending again.

        planned                      it was never sent: failed, to be decided anew
        sent (we were killed)        unknown
        unknown update               read by id; the merge tells what it finds
        unknown update, archived     read by id; see `syncd.engine.lookups`
        unknown update, not there    stays, and is missed (`engine/absent.py`); failed once it is known to be deleted
        unknown archive              read by id; see `syncd.engine.archive.look_up`
        unknown create, found        linked and confirmed
        unknown create, not found    stays, until the tool's index must have shown it; then failed
    """
    now = desk.world.now()
    ops = await open_ops(desk)
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed(
            {op.id: "stopped before it was sent" for op in ops if op.state is OpState.PLANNED}, now
        )
        await tx.journal.mark_unknown(
            {op.id: "stopped while it was under way" for op in ops if op.state is OpState.SENT}
        )
        await tx.dirty.mark([op.entity for op in ops])
    for name, account in desk.accounts.items():
        mine = [op for op in ops if op.connection == name and op.state is not OpState.PLANNED]
        if account.is_ready:
            try:
                if mine:
                    await _look_up(desk, account, run, mine)
                await look_again(desk, account)
            except RemoteError as exc:
                account.error = exc
    desk.links.clear()  # links moved since they were loaded to look something up


async def _look_up(desk: Desk, account: Account, run: RunId, ops: Sequence[OpRow]) -> None:
    old = [op for op in ops if _is_over(desk, op)]
    links = await desk.store.links.by_ids([op.link for op in old if op.link is not None])
    answers = await reread(desk, account, [links[op.link].ref for op in old if op.link in links])
    archives = [op for op in old if op.verb == Verb.ARCHIVE]
    if archives:
        await look_up(desk, account, run, archives, answers)
    await look_up_cleans(desk, [op for op in old if op.verb == CLEAN], answers)
    ended = await look_up_updates(desk, run, [op for op in old if op.verb == Verb.UPDATE])
    if absent := missing(answers):
        still = [op for op in old if op.id not in ended]
        await _miss(desk, account, [link for link in links.values() if link.ref in absent], still)
    creates = [op for op in ops if op.verb == Verb.CREATE]
    if creates:
        await _find_created(desk, account, run, creates)


async def _miss(desk: Desk, account: Account, absent: Sequence[LinkRow], ops: Sequence[OpRow]) -> None:
    """Miss what is not there, and end the updates among *ops* of what is deleted: nothing of it waits for them."""
    await note_gone(desk, account, [link for link in absent if link.state is LinkState.LIVE])
    gone = {link.id for link in absent if link.state is LinkState.GONE}
    over = [op for op in ops if op.verb == Verb.UPDATE and op.link in gone]
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed({op.id: "looked up: its record is deleted" for op in over}, desk.world.now())
        await tx.dirty.mark([op.entity for op in over])


def _is_over(desk: Desk, op: OpRow) -> bool:
    """Say whether the request of *op* can no longer arrive."""
    sent = op.sent_at or op.planned_at
    return desk.world.now() - sent > timedelta(seconds=REQUEST_TIMEOUT_S)


async def _find_created(desk: Desk, account: Account, run: RunId, ops: Sequence[OpRow]) -> None:
    keys = [
        CreateKey(
            marker=op.entity,
            type=op.type,
            container=op.container,
            sent_at=op.sent_at or op.planned_at,
            fields=op.native,
        )
        for op in ops
    ]
    found = await account.connector.find_created(keys)
    entities = await desk.store.entities.by_ids([op.entity for op in ops])
    for op in ops:
        records = [each for each in found.get(op.entity, ()) if each.container == op.container]
        if records:
            await _adopt(desk, account, run, op, entities[op.entity].kind, records)
        elif _has_surely_not_come(desk, account, op):
            async with desk.store.transaction() as tx:
                await tx.journal.mark_failed({op.id: "looked up: nothing was created"}, desk.world.now())
                await tx.dirty.mark([op.entity])


def _has_surely_not_come(desk: Desk, account: Account, op: OpRow) -> bool:
    return desk.world.now() > looked_for_until(op, account.connector.capabilities)


def looked_for_until(op: OpRow, tool: Capabilities) -> datetime:
    """Return from when on it is sure that what *op* sent did not arrive, if nothing was found by then."""
    wait_s = REQUEST_TIMEOUT_S
    if op.verb == Verb.CREATE:
        lagged = tool.create_identity is CreateIdentity.MARKER_LAGGED
        wait_s += tool.clock_skew_s + (max(tool.index_lag_s, LONGEST_LAG_S) if lagged else 0.0)
    return (op.sent_at or op.planned_at) + timedelta(seconds=wait_s)


async def _adopt(desk: Desk, account: Account, run: RunId, op: OpRow, kind: Kind, records: Sequence[Record]) -> None:
    """Link the record our create made; a second one with the same marker is a question, not ours to keep."""
    known = await desk.store.links.by_refs([record.ref for record in records])
    first = records[0]
    if first.ref in known and known[first.ref].entity != op.entity:
        async with desk.store.transaction() as tx:
            await tx.journal.mark_confirmed([op.id], desk.world.now())
            await tx.journal.attach({op.id: known[first.ref].id})
        return
    payload = _sent(desk, kind, op)
    await confirm_create(desk, account, run, op, kind, Done(op=op.id, record=first), payload, known.get(first.ref))
    twins = [record for record in records[1:] if record.ref not in known]
    async with desk.store.transaction() as tx:
        await tx.quarantine.add(
            [
                QuarantineRow(
                    connection=account.name,
                    ref=record.ref,
                    reason=f"it carries the marker of {first.key}, which is linked already",
                    since=desk.world.now(),
                )
                for record in twins
            ]
        )


def _sent(desk: Desk, kind: Kind, op: OpRow) -> Mapping[str, tuple[Slot, Native]]:
    slots = slots_of(desk, kind, Place(connection=op.connection, container=op.container, record_type=op.type))
    return {name: (slots[name], field.want) for name, field in op.fields.items() if name in slots}
