"""Taking our marker off a record that was parted: by the protocol of every write, for what a person asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from syncd.connectors._fresh import sent_by
from syncd.connectors.protocol import CreateIdentity, Done, Outcome, Refused, Unknown, Unmarks
from syncd.engine.desk import Account, Desk
from syncd.engine.pull import keep, observe, read_many
from syncd.engine.push import FRESH_S
from syncd.engine.settle import unsure
from syncd.errors import RemoteError
from syncd.model.native import Record, Text
from syncd.model.refs import OpId, Ref, RunId
from syncd.store.rows import AuditRow, LinkRow, OpRow

CLEAN: Final = "clean"
"""What the journal, the audit and the counts call it."""


async def take_mark_off(desk: Desk, run: RunId, link: LinkRow) -> str | None:
    """
    Take our marker off the record of *link*: planned, fresh read, sent, read back, confirmed.

    Returns why it is still there; `None` when there is none, any more or ever.
    """
    account = desk.accounts[link.ref.connection]
    op = _op(desk, run, link)
    async with desk.store.transaction() as tx:
        await tx.journal.plan([op])
    asked_s = desk.world.monotonic()
    fresh = await _fresh(account, link.ref)
    if isinstance(fresh, RemoteError):
        return await _failed(desk, op, f"it cannot be read: {fresh.what}")
    if fresh.marker is None:
        await _failed(desk, op, "it carries no marker of ours")
        return None
    if fresh.ref.kind not in account.connector.capabilities.unmarks:
        return await _failed(desk, op, _why_it_stays(account, fresh))
    async with desk.store.transaction() as tx:
        await tx.journal.mark_sent([op.id], desk.world.now())
    with sent_by(asked_s + FRESH_S):
        outcome = await _send(account, op.id, fresh)
    match outcome:
        case Done(record=record):
            return await _confirm(desk, account, op, fresh, record)
        case Refused(error=error):
            return await _failed(desk, op, f"{account.name} would not take our marker off: {error.what}")
        case Unknown(error=error):
            await unsure(desk, op, error)
            return f"no answer, being looked up: {error.what}"


def _why_it_stays(account: Account, record: Record) -> str:
    if account.connector.capabilities.create_identity is CreateIdentity.CLIENT_ID:
        return (
            f"it is the id that syncd chose when it made this {record.type}, which {account.connection.tool} "
            "lets nobody change; nobody sees it, and nothing needs to be done"
        )
    return (
        f"syncd cannot take its marker off a {record.type} of {account.connection.tool}; "
        "it does nothing any more, and may be removed by hand"
    )


async def _failed(desk: Desk, op: OpRow, why: str) -> str:
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed({op.id: why}, desk.world.now())
    return why


def _op(desk: Desk, run: RunId, link: LinkRow) -> OpRow:
    return OpRow(
        id=OpId(desk.world.new_id()),
        run=run,
        connection=link.ref.connection,
        entity=link.entity,
        link=link.id,
        verb=CLEAN,
        fields={},
        container=link.container,
        type=link.type,
        planned_at=desk.world.now(),
    )


async def _fresh(account: Account, ref: Ref) -> Record | RemoteError:
    try:
        return (await read_many(account, [ref]))[ref]
    except RemoteError as exc:
        return exc


async def _send(account: Account, op: OpId, fresh: Record) -> Outcome:
    try:
        return await cast("Unmarks", account.connector).take_mark_off(op, fresh)
    except RemoteError as exc:
        return Unknown(op=op, error=exc)


async def _confirm(desk: Desk, account: Account, op: OpRow, pre: Record, record: Record) -> str | None:
    known = (await desk.store.records.observed([record.ref])).get(record.ref)
    await keep(desk, [observe(desk, account, record, known, desk.world.now(), direct=True)])
    if record.marker is not None:
        return await _failed(desk, op, f"{account.name} still shows our marker after it was taken off")
    await _settle(desk, op, record, pre.marker)
    return None


async def _settle(desk: Desk, op: OpRow, record: Record, marker: str | None) -> None:
    """Confirm that a record carries our marker no more, with its row in the audit."""
    row = AuditRow(
        run=op.run,
        at=desk.world.now(),
        connection=op.connection,
        ref=record.ref,
        entity=op.entity,
        verb=CLEAN,
        field=None,
        before=Text(marker or op.entity),
        after=None,
        op=op.id,
    )
    async with desk.store.transaction() as tx:
        await tx.journal.mark_confirmed([op.id], desk.world.now())
        await tx.audit.append(op.run, [row])


async def look_up_cleans(desk: Desk, ops: Sequence[OpRow], answers: Mapping[Ref, Record | RemoteError]) -> None:
    """Settle cleanings of unknown outcome by what was read since: without a marker it was carried out."""
    links = await desk.store.links.by_ids([op.link for op in ops if op.link is not None])
    for op in ops:
        answer = answers.get(links[op.link].ref) if op.link is not None else None
        if isinstance(answer, Record) and answer.marker is None:
            await _settle(desk, op, answer, None)
        elif isinstance(answer, Record):
            async with desk.store.transaction() as tx:
                await tx.journal.mark_failed({op.id: "looked up: the marker is still there"}, desk.world.now())
