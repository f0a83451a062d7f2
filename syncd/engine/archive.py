"""
Archiving what was deleted elsewhere: like every write, but item by item, and never beside an edit.

Right before the request every record of the item is read by id: whatever was
edited, whatever is back, and whatever cannot be read stops it. What was sent
and not answered is looked up, and never sent again for the same decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import groupby

from syncd.connectors._fresh import sent_by
from syncd.connectors.protocol import Archive, Done, Outcome, Refused, Unknown, Update
from syncd.engine.commit import Intent
from syncd.engine.desk import Account, Desk
from syncd.engine.flight import fly
from syncd.engine.items import Item, Side
from syncd.engine.load import load_items
from syncd.engine.pauses import halted
from syncd.engine.pull import keep, observe, read_many, refreshed
from syncd.engine.push import ASLEEP, Pushed, drop, patience, send
from syncd.engine.removal import DELETED, STATUS, mark_of, question
from syncd.engine.settle import unsure
from syncd.errors import AuthError, NotFoundError, RejectedError, RemoteError
from syncd.model.canonical import Kind
from syncd.model.native import MISSING, Record, RecordState, Text
from syncd.model.refs import LinkId, OpId, Ref, RunId
from syncd.reconcile.plan import Line
from syncd.store.rows import AuditRow, LinkRow, LinkState, ObservedRow, OpRow, Verdict
from syncd.store.store import Transaction

LIVE, ARCHIVED = Text("in plain sight"), Text("archived")
"""How the audit tells of an archive by the tool itself."""


@dataclass(slots=True)
class Fresh:
    """The records of one item, read right before one of them is archived."""

    records: dict[Ref, Record] = field(default_factory=dict)
    took_s: float = 0.0
    """How long the last reading took: that of the tool about to archive."""


def archive_ops(desk: Desk, run: RunId, lines: Iterable[Line], items: Iterable[Item]) -> list[Intent]:
    """Return one op for each line that archives a record."""
    by_entity = {item.entity.id: item for item in items}
    intents = []
    for line in lines:
        item = by_entity[line.entity]
        side = next(side for side in item.sides if side.link.id == line.link)
        if side.observed is None:
            raise AssertionError("only what was read is archived")
        slot = desk.slot(side.connection, line.kind, STATUS, side.link.type, side.link.container)
        native = {slot.native_key: line.writes[0].want} if slot is not None and line.writes else {}
        op = OpRow(
            id=OpId(desk.world.new_id()),
            run=run,
            change=line.digest,
            connection=side.connection,
            entity=line.entity,
            link=side.link.id,
            verb=line.verb,
            fields={},
            native=native,
            pre_hash=mark_of(side.observed.record.revision),
            container=side.link.container,
            type=side.link.type,
            planned_at=desk.world.now(),
        )
        intents.append(Intent(op=op, item=item, lines=(line,)))
    return intents


async def push_archives(desk: Desk, run: RunId, intents: Sequence[Intent], told: Pushed) -> None:
    """Carry out *intents*, item by item."""
    ordered = sorted(intents, key=lambda intent: (intent.op.entity, intent.op.connection, intent.op.link or ""))
    for entity, group in groupby(ordered, key=lambda intent: intent.op.entity):
        why = await halted(desk)
        if why is not None or entity in desk.resting:
            await drop(desk, list(group), why or ASLEEP, told)
            continue
        await fly(desk, _push_item(desk, run, list(group), told))


async def _push_item(desk: Desk, run: RunId, intents: Sequence[Intent], told: Pushed) -> None:
    """Archive the records of one item, one after another, unless any of its records moved."""
    done: set[LinkId] = set()
    for number, intent in enumerate(intents):
        fresh = Fresh()
        why = await _obstacle(desk, intent, fresh, done)
        if why is not None:
            await _skip(desk, intents[number:], why, told)
            return
        why = await _push(desk, run, intent, fresh, told)
        if why is not None:
            await _skip(desk, intents[number + 1 :], why, told)
            return
        done.add(_side_of(intent).link.id)


async def _push(desk: Desk, run: RunId, intent: Intent, fresh: Fresh, told: Pushed) -> str | None:
    """Send one archive and keep what became of it; return why the item's others have to wait, if they have."""
    op, side = intent.op, _side_of(intent)
    account, pre = desk.accounts[op.connection], fresh.records[side.link.ref]
    async with desk.store.transaction() as tx:
        await tx.journal.mark_sent([op.id], desk.world.now())
    request = Update(op=op.id, pre=pre, fields=op.native) if op.native else Archive(op=op.id, pre=pre)
    with sent_by(desk.world.monotonic() + patience(fresh.took_s)):
        outcome = (await send(account, [request]))[op.id]
    outcome = _as_shown(desk, intent.item.entity.kind, outcome, op)
    digests = [line.digest for line in intent.lines]
    match outcome:
        case Done(record=record):
            observed = observe(desk, account, record, side.observed, desk.world.now(), direct=True)
            await _confirm(desk, run, op, side.link, observed, pre)
            told.done += digests
            told.counts["archive"] += 1
            return None
        case Refused(error=error):
            await _refuse(desk, account, intent, error)
            told.failed |= dict.fromkeys(digests, error.what)
            return f"{account.name} refused: {error.what}"
        case Unknown(error=error):
            await unsure(desk, op, error)
            told.failed |= dict.fromkeys(digests, f"no answer, being looked up: {error.what}")
            return f"{account.name} gave no answer for {side.link.key}"


def _as_shown(desk: Desk, kind: Kind, outcome: Outcome, op: OpRow) -> Outcome:
    """Return *outcome*, or a refusal where the tool said yes and still shows the record as it was."""
    if not isinstance(outcome, Done) or is_archived(desk, kind, outcome.record, op):
        return outcome
    why = RejectedError(f"{op.connection} took it, and shows it as before")
    return Refused(op=op.id, error=why)


def is_archived(desk: Desk, kind: Kind, record: Record, op: OpRow) -> bool:
    """Say whether *record* shows what *op* wanted."""
    if record.state is RecordState.ARCHIVED or not op.native:
        return record.state is RecordState.ARCHIVED
    return desk.is_closed(record, kind) or all(record.fields.get(key) == want for key, want in op.native.items())


def _side_of(intent: Intent) -> Side:
    return next(side for side in intent.item.sides if side.link.id == intent.op.link)


async def _obstacle(desk: Desk, intent: Intent, fresh: Fresh, done: AbstractSet[LinkId]) -> str | None:
    """
    Read every record of the item that is not *done* by id, the tool that is about to archive last.

    Returns why nothing may be archived now, and keeps what moved.
    """
    item, last = intent.item, intent.op.connection
    wanted = [
        side
        for side in item.sides
        if side.link.id not in done
        and side.link.state in (LinkState.LIVE, LinkState.GONE)
        and desk.writes_to(side.connection)
    ]
    moved: list[ObservedRow] = []
    why: str | None = None
    wanted.sort(key=lambda side: (side.connection == last, side.link.ref))
    for name, group in groupby(wanted, key=lambda side: side.connection):
        account, sides = desk.accounts[name], list(group)
        read_at, asked_s = desk.world.now(), desk.world.monotonic()
        answers = await _read(account, [side.link.ref for side in sides])
        fresh.took_s = desk.world.monotonic() - asked_s
        for side in sides:
            answer = answers[side.link.ref]
            found = _moved(desk, item.entity.kind, side, answer)
            why = why or found
            if isinstance(answer, Record):
                fresh.records[answer.ref] = answer
                moved += [observe(desk, account, answer, side.observed, read_at, direct=True)] if found else []
    await keep(desk, moved)
    return why


async def _read(account: Account, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
    """Read *refs* by id; a tool that does not answer does not for any of them."""
    if account.error is not None:
        return dict.fromkeys(refs, account.error)
    try:
        return await read_many(account, refs)
    except RemoteError as exc:
        if isinstance(exc, AuthError):
            account.error = exc
        return dict.fromkeys(refs, exc)


def _moved(desk: Desk, kind: Kind, side: Side, answer: Record | RemoteError) -> str | None:
    """Return why a fresh reading forbids to archive, or `None` when it shows all as it was decided on."""
    name = f"{side.connection} {side.link.key}"
    if side.link.state is LinkState.GONE:
        if isinstance(answer, Record):
            return f"it is back: {name}"
        return None if isinstance(answer, NotFoundError) else f"{name} cannot be looked for: {answer.what}"
    if isinstance(answer, RemoteError):
        return f"{name} cannot be read: {answer.what}"
    before = None if side.observed is None else side.observed.record
    if before is None or desk.link_state(answer, kind) is not LinkState.LIVE:
        return f"{name} left the scope"
    is_same = answer.revision == before.revision and _mapped(desk, kind, answer) == _mapped(desk, kind, before)
    return None if is_same else f"{name} was edited meanwhile"


def _mapped(desk: Desk, kind: Kind, record: Record) -> Mapping[str, object]:
    """Return what a record holds of the fields that are mapped there."""
    slots = [
        desk.slot(record.ref.connection, kind, name, record.type, record.container) for name in desk.rules_of(kind)
    ]
    return {slot.native_key: record.fields.get(slot.native_key, MISSING) for slot in slots if slot is not None}


async def _skip(desk: Desk, intents: Sequence[Intent], why: str, told: Pushed) -> None:
    """Give *intents* up before they are sent: the next cycle decides anew."""
    told.skipped |= {line.digest: why for intent in intents for line in intent.lines}
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed({intent.op.id: why for intent in intents}, desk.world.now())
        await tx.dirty.mark([intent.op.entity for intent in intents])


async def _confirm(desk: Desk, run: RunId, op: OpRow, link: LinkRow, observed: ObservedRow, pre: Record | None) -> None:
    """Keep that a record is archived: its link rests, with the base it had, until it comes back."""
    kind = (await desk.store.entities.by_ids([op.entity]))[op.entity].kind
    rests = replace(refreshed(desk, link, observed.record, kind), state=LinkState.ARCHIVED)
    async with desk.store.transaction() as tx:
        await tx.journal.mark_confirmed([op.id], desk.world.now())
        await tx.records.save_observed([observed])
        await tx.links.save([rests])
        await tx.audit.append(run, list(_audit(desk, op, link.ref, observed.record, pre)))
        await tx.dirty.mark([op.entity])


def _audit(desk: Desk, op: OpRow, ref: Ref, record: Record, pre: Record | None) -> Iterable[AuditRow]:
    row = AuditRow(
        run=op.run,
        at=desk.world.now(),
        connection=op.connection,
        ref=ref,
        entity=op.entity,
        verb=op.verb,
        field=None,
        before=LIVE,
        after=ARCHIVED,
        op=op.id,
    )
    if not op.native:
        yield row
    for key in op.native:
        before = MISSING if pre is None else pre.fields.get(key, MISSING)
        yield replace(row, field=STATUS, before=before, after=record.fields.get(key, MISSING))


async def _refuse(desk: Desk, account: Account, intent: Intent, error: RemoteError) -> None:
    """Keep a definite no: a person is asked, unless it is about the moment or the credential."""
    if isinstance(error, AuthError):
        account.error = error
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed({intent.op.id: error.what}, desk.world.now())
        if not error.retry and not isinstance(error, AuthError):
            why = f"{account.name} would not archive {_side_of(intent).link.key}: {error.what}"
            await _ask(tx, desk, intent.item, why)
        await tx.dirty.mark([intent.op.entity])


async def _ask(tx: Transaction, desk: Desk, item: Item, why: str) -> None:
    """Ask a person about *item*, and decide nothing more about its deletion."""
    gone = [side.link.id for side in item.sides if side.link.state is LinkState.GONE]
    stones = await tx.tombstones.of_links(gone)
    undecided = [replace(stone, verdict=Verdict.ASKED) for stone in stones.values() if stone.verdict is None]
    await tx.tombstones.save(undecided)
    await tx.conflicts.sync(desk.portfolio.name, {(item.entity.id, DELETED): question(item.sides, why)})


async def look_up(
    desk: Desk, account: Account, run: RunId, ops: Sequence[OpRow], answers: Mapping[Ref, Record | RemoteError]
) -> None:
    """
    Settle archives of unknown outcome by what was read since their requests can no longer arrive.

        it is archived                       confirmed
        it is exactly as it was              it was not carried out: decided anew
        it is something else, in sight       perhaps it was carried out and brought back: a person is asked
        it is gone                           nothing is left to do
        it cannot be read                    it stays open
    """
    links = await desk.store.links.by_ids([op.link for op in ops if op.link is not None])
    items = {item.entity.id: item for item in await load_items(desk, [op.entity for op in ops])}
    for op in ops:
        link = links[LinkId(op.link or "")]
        answer, item = answers.get(link.ref), items[op.entity]
        side = next((side for side in item.sides if side.link.id == link.id), None)
        if isinstance(answer, Record) and is_archived(desk, item.entity.kind, answer, op):
            known = None if side is None else side.observed
            observed = observe(desk, account, answer, known, desk.world.now(), direct=True)
            await _confirm(desk, run, op, link, observed, None)
        elif isinstance(answer, Record | NotFoundError):
            is_same = isinstance(answer, Record) and mark_of(answer.revision) == op.pre_hash
            async with desk.store.transaction() as tx:
                await tx.journal.mark_failed({op.id: "looked up: it is not archived"}, desk.world.now())
                if isinstance(answer, Record) and not is_same:
                    why = f"{account.name} may have archived {link.key}, which is in sight and has changed since"
                    await _ask(tx, desk, item, why)
                await tx.dirty.mark([op.entity])
