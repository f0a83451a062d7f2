"""Keeping what was decided: canonical values, bases, ledger, conflicts and journal intents in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncd.engine.desk import Desk
from syncd.engine.insist import WHY
from syncd.engine.items import Item, Side, as_row
from syncd.engine.judge import Judgement
from syncd.model.canonical import UNSET, Kind, Unset, Value
from syncd.model.codec import dump_map, dump_native, dump_text
from syncd.model.native import Native
from syncd.model.policy import Provenance
from syncd.model.refs import EntityId, LinkId, OpId, RunId
from syncd.reconcile.create import Slot
from syncd.reconcile.plan import Line, Verb
from syncd.reconcile.state import Base, Conflict, FieldResult, Pending, Trouble
from syncd.store.conflicts import ConflictChanges
from syncd.store.rows import (
    AuditRow,
    BaseField,
    BaseRow,
    ConflictContent,
    ContenderRow,
    EntityRow,
    LedgerRow,
    OpField,
    OpRow,
    QuarantineRow,
)
from syncd.store.store import Transaction

QUIET: frozenset[Trouble] = frozenset({Trouble.CANNOT, Trouble.READ_ONLY, Trouble.UNREADABLE, Trouble.REFUSED})
"""Troubles that only a change in a tool or in the configuration can end: no reason to look again each cycle."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One write about to be journaled: the op, and the plan lines it carries out."""

    op: OpRow
    item: Item
    lines: tuple[Line, ...]


async def commit(
    tx: Transaction,
    desk: Desk,
    run: RunId,
    judgements: Sequence[Judgement],
    intents: Sequence[Intent],
    *,
    how: str = "agreement",
) -> ConflictChanges:
    """Keep every decision in *judgements* and plan *intents*; nothing has been sent yet."""
    await tx.entities.save([row for each in judgements if (row := _entity(each)) is not None])
    await tx.bases.save([row for each in judgements for row in _bases(each)])
    await tx.ledger.add([row for each in judgements for row in _losers(desk, run, each)])
    changes = await tx.conflicts.sync(
        desk.portfolio.name,
        {
            (each.item.entity.id, name): _content(result.conflict)
            for each in judgements
            for name, result in each.results.items()
        },
        how=how,
    )
    await _settle(tx, desk, run, judgements)
    await _let_go(tx, desk, judgements)
    await tx.journal.plan([intent.op for intent in intents])
    return changes


def _entity(each: Judgement) -> EntityRow | None:
    row = each.item.entity
    values: dict[str, Value | Unset] = dict(row.values)
    provenance: dict[str, Provenance] = dict(row.provenance)
    for name, result in each.results.items():
        values[name] = result.canonical
        provenance[name] = result.provenance
    values = {name: value for name, value in values.items() if value is not UNSET}
    if values == dict(row.values) and provenance == dict(row.provenance):
        return None
    return EntityRow(
        id=row.id,
        portfolio=row.portfolio,
        kind=row.kind,
        values=values,
        provenance=provenance,
        created_at=row.created_at,
        parent=_parent(row, values),
    )


def _parent(row: EntityRow, values: Mapping[str, Value | Unset]) -> EntityId | None:
    """Return what a comment is found from: the item it is agreed to be below, else the one it was first read below."""
    parent = values.get("parent")
    return EntityId(parent) if row.kind is Kind.COMMENT and isinstance(parent, str) else row.parent


def _bases(each: Judgement) -> Iterable[BaseRow]:
    changed: dict[LinkId, dict[str, BaseField]] = {}
    for name, result in each.results.items():
        for link, base in result.bases.items():
            changed.setdefault(link, {})[name] = as_row(base)
    for side in each.item.sides:
        fields = {**side.bases, **changed.get(side.link.id, {})}
        if fields != dict(side.bases):
            yield BaseRow(side.link.id, fields)


def _losers(desk: Desk, run: RunId, each: Judgement) -> Iterable[LedgerRow]:
    for name, result in each.results.items():
        for loser in result.losers:
            yield LedgerRow(
                run=run,
                entity=each.item.entity.id,
                field=name,
                link=loser.link,
                connection=loser.connection,
                value=loser.value,
                author=loser.author,
                when=loser.when,
                rule=loser.rule,
                at=desk.world.now(),
            )


def _content(conflict: Conflict | None) -> ConflictContent | None:
    if conflict is None:
        return None
    return ConflictContent(
        tuple(
            ContenderRow(each.link, each.connection, each.value, each.author, each.when) for each in conflict.contenders
        ),
        conflict.why,
    )


async def _settle(tx: Transaction, desk: Desk, run: RunId, judgements: Sequence[Judgement]) -> None:
    """End the ops whose outcome a direct reading has told: applied when the base moved to what was meant."""
    ended = Ended(run, desk.world.now())
    for each in judgements:
        for side in each.item.sides:
            for name, held in side.pending.items():
                result = each.results.get(name)
                if result is None or held.op not in result.settled:
                    continue
                base = result.bases.get(side.link.id)
                has_landed = base is not None and base.meant == held.meant
                ended.note(side, name, held, base if has_landed else None)
    await ended.end(tx)


@dataclass(slots=True)
class Ended:
    """Ops whose outcome was told by a look at their records."""

    run: RunId
    at: datetime
    applied: dict[OpId, bool] = field(default_factory=dict)
    """Whether any of its fields was carried out."""
    found: list[AuditRow] = field(default_factory=list)

    def note(self, side: Side, name: str, held: Pending, landed: Base | None) -> None:
        """Note what became of one field: the base that its write left, `None` when it was not carried out."""
        self.applied[held.op] = self.applied.get(held.op, False) or landed is not None
        if landed is not None:
            self.found.append(_landed(self.run, self.at, side, name, held, landed))

    async def end(self, tx: Transaction) -> None:
        """End the ops as they were found."""
        await tx.journal.mark_confirmed([op for op, is_applied in self.applied.items() if is_applied], self.at)
        await tx.journal.mark_failed(
            {op: "looked up: it was not carried out" for op, is_applied in self.applied.items() if not is_applied},
            self.at,
        )
        await tx.audit.append(self.run, self.found)


async def _let_go(tx: Transaction, desk: Desk, judgements: Sequence[Judgement]) -> None:
    """Forget refusals that are over: another value is wanted, or a person brought the tool to the one that was."""
    over = [
        (side, name)
        for each in judgements
        for side in each.item.sides
        for name in side.refused
        if name in each.results and not _is_refused(each.results[name], side, name)
    ]
    await tx.field_states.clear([(side.link.entity, name, side.link.id) for side, name in over])
    await tx.quarantine.release(
        [
            QuarantineRow(
                connection=side.connection, ref=side.link.ref, field=name, reason="it is over", since=desk.world.now()
            )
            for side, name in over
        ]
    )


def _is_refused(result: FieldResult, side: Side, name: str) -> bool:
    """Whether the refusal still says something; that of a breaker does for as long as its value is wanted."""
    refusal = side.refused[name]
    if refusal.reason.startswith(WHY) and refusal.value == result.canonical:
        return True
    return any(each.link == side.link.id and each.trouble is Trouble.REFUSED for each in result.notices)


def _landed(run: RunId, now: datetime, side: Side, name: str, held: Pending, base: Base) -> AuditRow:
    return AuditRow(
        run=run,
        at=now,
        connection=side.connection,
        ref=side.link.ref,
        entity=side.link.entity,
        verb=Verb.UPDATE,
        field=name,
        before=held.pre,
        after=base.shown,
        op=held.op,
    )


def plan_ops(desk: Desk, run: RunId, judgements: Iterable[Judgement]) -> list[Intent]:
    """Return one update op for each link that has lines: all its fields go in one request."""
    intents = []
    for each in judgements:
        by_link: dict[LinkId, list[Line]] = {}
        for line in each.lines:
            if line.link is not None:
                by_link.setdefault(line.link, []).append(line)
        for link, lines in sorted(by_link.items()):
            fields = {
                write.field: OpField(write.want, write.value, write.pre) for line in lines for write in line.writes
            }
            intents.append(
                Intent(
                    op=OpRow(
                        id=OpId(desk.world.new_id()),
                        run=run,
                        change=lines[0].digest,
                        connection=lines[0].place.connection,
                        entity=each.item.entity.id,
                        link=link,
                        verb=lines[0].verb,
                        fields=fields,
                        payload_hash=_hash({name: field.want for name, field in fields.items()}),
                        pre_hash=_hash({name: field.pre for name, field in fields.items()}),
                        container=lines[0].place.container,
                        type=lines[0].place.record_type,
                        planned_at=desk.world.now(),
                    ),
                    item=each.item,
                    lines=tuple(lines),
                )
            )
    return intents


def create_op(desk: Desk, run: RunId, line: Line, sent: Mapping[str, tuple[Slot, Native]]) -> OpRow:
    """Return the op that makes the record of *line* with what is *sent*; its marker is the entity's id."""
    return OpRow(
        id=OpId(desk.world.new_id()),
        run=run,
        change=line.digest,
        connection=line.place.connection,
        entity=line.entity,
        verb=line.verb,
        fields={
            write.field: OpField(sent[write.field][1], write.value, None)
            for write in line.writes
            if write.field in sent
        },
        native={slot.native_key: native for slot, native in sent.values()},
        payload_hash=_hash({name: native for name, (_, native) in sent.items()}),
        marker=line.entity,
        container=line.place.container,
        type=line.place.record_type,
        planned_at=desk.world.now(),
    )


def _hash(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(dump_text(dump_map(fields, dump_native)).encode()).hexdigest()[:32]  # type: ignore[arg-type]


def outstanding(each: Judgement) -> bool:
    """Say whether an entity has to be looked at again in the next cycle, even if no tool reports a change."""
    return bool(each.lines or each.waiting or each.resting) or any(_is_open(result) for result in each.seen.values())


def is_plain(each: Judgement) -> bool:
    """Say whether a decision only takes in what a tool shows: no write, no loser, no question, nothing settled."""
    if each.lines or each.waiting or each.resting or any(side.pending or side.refused for side in each.item.sides):
        return False
    return not any(
        result.due or result.losers or result.settled or result.notices or result.conflict
        for result in each.seen.values()
    )


def _is_open(result: FieldResult) -> bool:
    return result.conflict is not None or any(notice.trouble not in QUIET for notice in result.notices)


def ids_of(judgements: Iterable[Judgement]) -> list[EntityId]:
    """Return the entities of *judgements*."""
    return [each.item.entity.id for each in judgements]
