"""A record was made: link it, with a base for every field, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from syncd.connectors.protocol import Done
from syncd.engine.desk import Account, Desk
from syncd.engine.items import as_row
from syncd.engine.linking import new_link
from syncd.engine.pull import observe
from syncd.engine.settle import audit_row, quarantine_row
from syncd.model.canonical import UNSET, Kind
from syncd.model.native import MISSING, Native
from syncd.model.refs import RunId
from syncd.reconcile.create import Slot
from syncd.reconcile.state import Base
from syncd.reconcile.written import CreatedField, after_create
from syncd.store.rows import BaseRow, LinkRow, OpRow


async def confirm_create(
    desk: Desk,
    account: Account,
    run: RunId,
    op: OpRow,
    kind: Kind,
    done: Done,
    payload: Mapping[str, tuple[Slot, Native]],
    known: LinkRow | None = None,
) -> None:
    """
    Link the record just made, with a base for every field that was sent or left to the tool's default.

    A *known* link, by which a list told of the record before it was looked
    up, is kept with the bases it has.
    """
    payload = {name: each for name, each in payload.items() if each[0].native_key not in done.unsent}
    slots = {
        name: slot
        for name in desk.rules_of(kind)
        if (slot := desk.slot(op.connection, kind, name, done.record.type, done.record.container)) is not None
    }
    sent = {name: native for name, (_, native) in payload.items()}
    bases = await _first_bases(desk, op, kind, done, slots, sent)
    link = replace(
        known or new_link(desk, done.record, op.entity),
        created_by_us=True,
        default_fields=frozenset(slots) - frozenset(sent),
    )
    desk.links.add([link])
    stored = await desk.store.bases.of_links([link.id])
    held = stored[link.id].fields if link.id in stored else {}
    below = await desk.store.entities.below([op.entity])
    async with desk.store.transaction() as tx:
        await tx.journal.mark_confirmed([op.id], desk.world.now())
        await tx.links.save([link])
        await tx.journal.attach({op.id: link.id})
        fields = {name: as_row(base) for name, base in bases.items()}
        await tx.bases.save([BaseRow(link.id, {**fields, **held})])
        await tx.records.save_observed([observe(desk, account, done.record, None, desk.world.now(), direct=True)])
        await tx.quarantine.release([quarantine_row(desk, op, None, None, "")])
        await tx.audit.append(
            run,
            [
                audit_row(desk, op, link.ref, name, None, done.record, slots[name])
                for name in sorted(sent)
                if name in slots
            ],
        )
        await tx.dirty.mark([op.entity, *below])


async def _first_bases(
    desk: Desk, op: OpRow, kind: Kind, done: Done, slots: Mapping[str, Slot], sent: Mapping[str, Native]
) -> Mapping[str, Base]:
    """Return the first bases; what was sent stands for the value of then, however long it took to find the record."""
    entity = (await desk.store.entities.by_ids([op.entity]))[op.entity]
    return after_create(
        {
            name: CreatedField(
                spec=desk.rules_of(kind)[name].spec,
                lens=slot.lens,
                canonical=op.fields[name].meant if name in sent else entity.values.get(name, UNSET),
                sent=sent.get(name, MISSING),
                read_back=done.record.fields.get(slot.native_key, MISSING),
                echo=done.echo.get(slot.native_key, MISSING),
            )
            for name, slot in slots.items()
        }
    )
