"""After a request: what was confirmed, refused or left unknown, kept in one transaction each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from syncd.connectors.protocol import Done, Update
from syncd.engine.desk import Desk
from syncd.engine.insist import MOST, PUSHED_BACK, tally
from syncd.engine.items import Side, as_base, as_row
from syncd.engine.pull import refreshed
from syncd.errors import AuthError, RateLimitedError, RemoteError
from syncd.model.canonical import Kind, Unset
from syncd.model.native import MISSING, Native, Record
from syncd.model.refs import Ref, RunId
from syncd.reconcile.create import Slot
from syncd.reconcile.state import LinkField
from syncd.reconcile.written import WriteOutcome, WriteResult, after_write
from syncd.store.rows import (
    AuditRow,
    BaseField,
    BaseRow,
    FieldStateRow,
    ObservedRow,
    OpRow,
    QuarantineRow,
)
from syncd.store.store import Transaction

MOST_REFUSALS = 2
"""How often one field of one item may be refused before it waits for a person or another value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An update that passed the fresh read: what goes out, by canonical field."""

    op: OpRow
    side: Side
    pre: Record
    slots: Mapping[str, Slot]
    wants: Mapping[str, Native]
    pushed_back: frozenset[str] = frozenset()
    """Fields that are written because an edit there lost."""

    @property
    def request(self) -> Update:
        """Return what the connector is asked to do."""
        return Update(
            op=self.op.id,
            pre=self.pre,
            fields={self.slots[name].native_key: want for name, want in self.wants.items()},
        )


async def confirm_update(desk: Desk, run: RunId, sent: Sent, done: Done, read_back: ObservedRow) -> None:
    """Account for every field as it was read back: base, refusal, audit; all in one transaction."""
    op, side, pre = sent.op, sent.side, sent.pre
    slots = {name: slot for name, slot in sent.slots.items() if slot.native_key not in done.unsent}
    states = {
        row.field: row for row in await desk.store.field_states.of_entities([op.entity]) if row.link == side.link.id
    }
    undone = {name: row.undone for name, row in states.items() if row.trouble != PUSHED_BACK}
    stored = await desk.store.bases.of_links([side.link.id])
    held = stored[side.link.id].fields if side.link.id in stored else {}
    results = _judged(desk, sent, done, slots, held, undone)
    back = [
        tally(op, side.link, name, states.get(name), desk.world.now())
        for name in sorted(sent.pushed_back & results.keys())
        if results[name].outcome in {WriteOutcome.APPLIED, WriteOutcome.NORMALISED}
    ]
    kind = await _kind(desk, op)
    bases = {**held, **{name: as_row(each.base) for name, each in results.items() if each.base is not None}}
    async with desk.store.transaction() as tx:
        if all(each.settled for each in results.values()):
            await tx.journal.mark_confirmed([op.id], desk.world.now())
        else:
            await tx.journal.mark_unknown({op.id: "the read-back does not show every field"})
        await tx.bases.save([BaseRow(side.link.id, bases)])
        await tx.records.save_observed([read_back])
        await tx.links.save([refreshed(desk, side.link, done.record, kind)])
        await _note_states(tx, desk, op, side, results, undone)
        await tx.field_states.save(back)
        await tx.quarantine.release(
            [
                quarantine_row(desk, op, side.link.ref, name, "")
                for name, each in results.items()
                if each.refused is None
            ]
        )
        await tx.quarantine.add(
            [
                quarantine_row(desk, op, side.link.ref, name, each.refused.reason)
                for name, each in results.items()
                if each.refused is not None
            ]
            + [quarantine_row(desk, op, side.link.ref, row.field, row.text) for row in back if row.undone >= MOST]
        )
        await tx.audit.append(
            run, [audit_row(desk, op, side.link.ref, name, pre, done.record, slots[name]) for name in results]
        )
        await tx.dirty.mark([op.entity])


def _judged(
    desk: Desk,
    sent: Sent,
    done: Done,
    slots: Mapping[str, Slot],
    held: Mapping[str, BaseField],
    undone: Mapping[str, int],
) -> dict[str, WriteResult]:
    """Say of every field that was sent what became of it."""
    results: dict[str, WriteResult] = {}
    for name, slot in slots.items():
        meant = sent.op.fields[name].meant
        results[name] = after_write(
            _link_field(sent.side, slot, held.get(name)),
            want=sent.wants[name],
            pre=sent.pre.fields.get(slot.native_key),
            echo=done.echo.get(slot.native_key, MISSING),
            read_back=done.record.fields.get(slot.native_key, MISSING),
            value=None if isinstance(meant, Unset) else meant,
            now=desk.world.now(),
            undone=undone.get(name, 0),
        )
    return results


def _link_field(side: Side, slot: Slot, base: BaseField | None) -> LinkField:
    """Return one field of the link, with its base as the decision left it: the item was loaded before that."""
    observed = side.observed
    return LinkField(
        link=side.link.id,
        connection=side.connection,
        lens=slot.lens,
        observed=MISSING if observed is None else observed.record.fields.get(slot.native_key, MISSING),
        base=as_base(base),
    )


async def _kind(desk: Desk, op: OpRow) -> Kind:
    return (await desk.store.entities.by_ids([op.entity]))[op.entity].kind


async def _note_states(
    tx: Transaction,
    desk: Desk,
    op: OpRow,
    side: Side,
    results: Mapping[str, WriteResult],
    undone: Mapping[str, int],
) -> None:
    """Remember what would not stick, and how often something moved our write away again."""
    rows = []
    for name, each in results.items():
        moved = each.outcome is WriteOutcome.MOVED
        if each.refused is not None or moved:
            rows.append(
                FieldStateRow(
                    entity=op.entity,
                    field=name,
                    link=side.link.id,
                    refused=MISSING if each.refused is None else each.refused.value,
                    trouble=each.outcome,
                    text="" if each.refused is None else each.refused.reason,
                    undone=undone.get(name, 0) + 1 if moved else 0,
                    since=desk.world.now(),
                )
            )
    await tx.field_states.save(rows)
    stuck = {row.field for row in rows}
    await tx.field_states.clear([(op.entity, name, side.link.id) for name in results if name not in stuck])


def audit_row(
    desk: Desk, op: OpRow, ref: Ref, name: str | None, pre: Record | None, record: Record, slot: Slot
) -> AuditRow:
    """Return what the audit tells of one field that was written."""
    return AuditRow(
        run=op.run,
        at=desk.world.now(),
        connection=op.connection,
        ref=ref,
        entity=op.entity,
        verb=op.verb,
        field=name,
        before=MISSING if pre is None else pre.fields.get(slot.native_key, MISSING),
        after=record.fields.get(slot.native_key, MISSING),
        op=op.id,
    )


async def refuse(desk: Desk, op: OpRow, ref: Ref, error: RemoteError, names: frozenset[str]) -> None:
    """
    Record a definite no to *names* (all fields when empty); what was sent along with them is simply due again.

    The second identical one makes the field wait for a person or another
    value. A credential that is refused says nothing of the item.
    """
    now = desk.world.now()
    fields = {name: field for name, field in op.fields.items() if _is_of_the_item(error) and name in (names or {name})}
    again = [quarantine_row(desk, op, ref, name, error.what) for name in fields]
    known = {(row.ref, row.field): row for row in await desk.store.quarantine.all(op.connection)}
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed({op.id: error.what}, now)
        await tx.quarantine.add(again)
        await tx.field_states.save(
            [
                FieldStateRow(
                    entity=op.entity,
                    field=name,
                    link=op.link,
                    refused=field.meant,
                    trouble="refused",
                    text=error.what,
                    since=now,
                )
                for name, field in fields.items()
                if (row := known.get((ref, name))) is not None
                and row.reason == error.what
                and row.attempts + 1 >= MOST_REFUSALS
            ]
        )
        await tx.dirty.mark([op.entity])


async def refuse_create(desk: Desk, op: OpRow, error: RemoteError) -> None:
    """Record that a create was definitely refused; it is tried again only when a person says so, or it may pass."""
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed({op.id: error.what}, desk.world.now())
        if _is_of_the_item(error):
            await tx.quarantine.add([quarantine_row(desk, op, None, None, error.what)])
        await tx.dirty.mark([op.entity])


def _is_of_the_item(error: RemoteError) -> bool:
    """Whether the refusal is about this item, rather than about the moment or the credential."""
    return not error.retry and not isinstance(error, AuthError)


def quarantine_row(desk: Desk, op: OpRow, ref: Ref | None, name: str | None, reason: str) -> QuarantineRow:
    """Return what sets a record's field aside, or (without *ref*) the create of its entity."""
    return QuarantineRow(
        connection=op.connection,
        ref=ref,
        entity=None if ref is not None else op.entity,
        field=name,
        reason=reason,
        since=desk.world.now(),
    )


async def unsure(desk: Desk, op: OpRow, error: RemoteError) -> None:
    """Record that nobody can tell whether the write was carried out: it is looked up, never sent again."""
    async with desk.store.transaction() as tx:
        if isinstance(error, RateLimitedError):
            await tx.journal.mark_failed({op.id: error.what}, desk.world.now())
        else:
            await tx.journal.mark_unknown({op.id: error.what})
        await tx.dirty.mark([op.entity])
