"""
The write protocol for updates (design.md section 6): planned, fresh read, sent, request, read back, confirmed.

A kill between any two lines loses nothing: what is `planned` was never sent,
what is `sent` is looked up, and a base moves only to what was read back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.connectors._fresh import sent_by
from syncd.connectors._together import together
from syncd.connectors.protocol import Done, Outcome, Refused, Unknown
from syncd.connectors.protocol import Write as RemoteWrite
from syncd.engine.absent import leave_alone
from syncd.engine.commit import Intent
from syncd.engine.desk import JUST_S, Account, Desk
from syncd.engine.flight import fly
from syncd.engine.items import Side, believed
from syncd.engine.pauses import halted
from syncd.engine.pull import keep, observe, read_many
from syncd.engine.settle import Sent, confirm_update, refuse, unsure
from syncd.engine.traces import span
from syncd.errors import AuthError, ForbiddenError, ReadTooOldError, RemoteError
from syncd.model.canonical import Unset
from syncd.model.lens import Cannot
from syncd.model.native import MISSING, Native, Record
from syncd.model.refs import ConnectionName, OpId, Ref, RunId
from syncd.reconcile.create import Slot
from syncd.reconcile.plan import Verb
from syncd.reconcile.state import DueReason
from syncd.store.rows import LinkState, ObservedRow, OpField

FRESH_S: Final = 5.0
"""Seconds after a fresh read was asked for within which the write has to leave: what is edited in between is lost."""
SLOW_S: Final = 10.0
"""A fresh read that took longer was waiting for something: how slow the tool is does not show in it."""
ASLEEP: Final = "the item is paused"
TOO_LATE: Final = f"no write could leave within {FRESH_S:.0f} s after it was read: it is tried again in the next cycle"


@dataclass(slots=True)
class Pushed:
    """What became of the writes of one run."""

    done: list[str] = field(default_factory=list)
    """Digests of plan lines carried out."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Digests of lines not sent, with the reason: their pre-image moved."""
    failed: dict[str, str] = field(default_factory=dict)
    """Digests of lines the tool refused, or whose outcome is being looked up."""
    counts: Counter[str] = field(default_factory=Counter)
    """Requests carried out, by verb."""
    postponed: set[ConnectionName] = field(default_factory=set)
    """Tools that take no more new records just now, while others wait for the turn: later cycles make the rest."""


async def push_updates(desk: Desk, run: RunId, intents: Sequence[Intent], told: Pushed) -> None:
    """Carry out *intents*, connection by connection side by side, each in portions its tool can take."""
    by_connection: dict[ConnectionName, list[Intent]] = {}
    for intent in intents:
        by_connection.setdefault(intent.op.connection, []).append(intent)
    await together(
        _push_connection(desk, desk.accounts[name], run, mine, told) for name, mine in sorted(by_connection.items())
    )


async def _push_connection(desk: Desk, account: Account, run: RunId, intents: Sequence[Intent], told: Pushed) -> None:
    size = account.connector.capabilities.max_batch
    with span("write", connection=account.name, verb=Verb.UPDATE, writes=len(intents)):
        for start in range(0, len(intents), size):
            portion = intents[start : start + size]
            why = await halted(desk, account)
            asleep = [intent for intent in portion if intent.op.entity in desk.resting]
            awake = [intent for intent in portion if intent.op.entity not in desk.resting]
            if why is not None:
                await drop(desk, portion, why, told)
                continue
            if asleep:
                await drop(desk, asleep, ASLEEP, told)
            if awake:
                await fly(desk, _push_portion(desk, account, run, awake, told))


async def _push_portion(desk: Desk, account: Account, run: RunId, portion: Sequence[Intent], told: Pushed) -> None:
    """
    Send a portion; what came too late after its fresh read is read again, in halves when all of it was late.

    A tool that is slow just now may be quick at the second reading; only one
    that is slow again is written to after a reading that took long.
    """
    late = await _push_once(desk, account, run, portion, told)
    if late and len(portion) == 1:
        late = await _push_once(desk, account, run, late, told)
        if late:
            await drop(desk, await _push_once(desk, account, run, late, told, is_alone=True), TOO_LATE, told)
    elif late:
        size = len(late) if len(late) < len(portion) else (len(late) + 1) // 2
        for start in range(0, len(late), size):
            await _push_portion(desk, account, run, late[start : start + size], told)


async def _push_once(
    desk: Desk, account: Account, run: RunId, portion: Sequence[Intent], told: Pushed, *, is_alone: bool = False
) -> list[Intent]:
    """
    Read a portion anew and send what did not move; return what then had to wait for too long.

    What is alone and was late before may take as long as `patience` says: a
    tool that is so slow is written to as well.
    """
    read_at, asked_s = desk.world.now(), desk.world.monotonic()
    sides = {intent.op.id: _side_of(intent) for intent in portion}
    just_read = _just_read(desk, [side.link.ref for side in sides.values()])
    if just_read is None:
        fresh = await _fresh(account, portion, sides, told, desk)
    else:
        asked_s, fresh = just_read
    if fresh is None:
        return []
    read_s = desk.world.monotonic() - asked_s
    ready: list[tuple[Intent, Sent]] = []
    moved: dict[OpId, str] = {}
    seen: list[ObservedRow] = []
    for intent in portion:
        side = sides[intent.op.id]
        answer = fresh[side.link.ref]
        checked = _guard(desk, intent, side, answer)
        if isinstance(checked, Sent):
            ready.append((intent, checked))
        else:
            moved[intent.op.id] = checked
            told.skipped |= dict.fromkeys((line.digest for line in intent.lines), checked)
        if isinstance(answer, Record):
            seen.append(observe(desk, account, answer, side.observed, read_at, direct=True))
    await keep(desk, [row for row in seen if row.ref in {sides[op].link.ref for op in moved}])
    unread = {sides[op].link.ref: sides[op].link for op in moved}
    await leave_alone(desk, [link for ref, link in unread.items() if isinstance(fresh[ref], ForbiddenError)])
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed(moved, desk.world.now())
        await tx.journal.mark_sent([sent.op.id for _, sent in ready], desk.world.now())
    with sent_by(desk.world.monotonic() + patience(read_s) if is_alone else asked_s + FRESH_S):
        outcomes = await send(account, [sent.request for _, sent in ready])
    late = [intent for intent, sent in ready if _is_late(outcomes[sent.op.id])]
    async with desk.store.transaction() as tx:
        await tx.journal.hold([intent.op.id for intent in late])
    for intent, sent in ready:
        if intent not in late:
            await _settle(desk, account, run, intent, sent, outcomes[sent.op.id], told)
    return late


def _just_read(desk: Desk, refs: Sequence[Ref]) -> tuple[float, Mapping[Ref, Record | RemoteError]] | None:
    """
    Return what was read of all *refs* a moment ago, and when it was asked for; `None` when some must be read anew.

    It serves once: what was too late with it is read again.
    """
    found = {ref: desk.just_read.pop(ref) for ref in refs if ref in desk.just_read}
    since = min((each.asked_s for each in found.values()), default=0.0)
    if len(found) < len(set(refs)) or desk.world.monotonic() - since > JUST_S:
        return None
    return since, {ref: each.answer for ref, each in found.items()}


def patience(read_s: float) -> float:
    """
    Return within how many seconds after a fresh read that took *read_s* a write has to leave, however slow the tool.

    A write asks for up to two things first (the steps a workflow offers, the
    links there are), and each of them may take as long as the reading did.
    """
    return FRESH_S + 2 * min(read_s, SLOW_S)


def _is_late(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and isinstance(outcome.error, ReadTooOldError)


async def _fresh(
    account: Account, portion: Sequence[Intent], sides: Mapping[OpId, Side], told: Pushed, desk: Desk
) -> Mapping[Ref, Record | RemoteError] | None:
    """Read the records about to be written by id; `None` when the tool does not answer (nothing is sent then)."""
    try:
        return await read_many(account, [sides[intent.op.id].link.ref for intent in portion])
    except RemoteError as exc:
        if isinstance(exc, AuthError):
            account.error = exc
        await drop(desk, portion, f"the fresh read failed: {exc.what}", told)
        return None


async def drop(desk: Desk, intents: Sequence[Intent], reason: str, told: Pushed) -> None:
    """Give *intents* up before anything was sent."""
    for intent in intents:
        told.failed |= dict.fromkeys((line.digest for line in intent.lines), reason)
    async with desk.store.transaction() as tx:
        await tx.journal.mark_failed({intent.op.id: reason for intent in intents}, desk.world.now())


def _side_of(intent: Intent) -> Side:
    return next(side for side in intent.item.sides if side.link.id == intent.op.link)


def _guard(desk: Desk, intent: Intent, side: Side, answer: Record | RemoteError) -> Sent | str:
    """Return what to send, or why nothing is: whatever moved since the decision is decided anew."""
    if isinstance(answer, RemoteError):
        return f"it cannot be read: {answer.what}"
    kind = intent.item.entity.kind
    if desk.link_state(answer, kind) is not LinkState.LIVE:
        return "it left the scope"
    slots: dict[str, Slot] = {}
    wants: dict[str, Native] = {}
    for name, each in intent.op.fields.items():
        slot = desk.slot(side.connection, kind, name, answer.type, answer.container)
        if slot is None:
            return f"{name} is not there any more"
        now = believed(answer.fields.get(slot.native_key, MISSING), side.bases.get(name), slot, frozenset(desk.lost))
        want = _want(slot, now, each)
        if isinstance(want, str):
            return f"{name} {want}"
        slots[name], wants[name] = slot, want[0]
    back = {write.field for line in intent.lines for write in line.writes if write.reason is DueReason.PUSH_BACK}
    return Sent(op=intent.op, side=side, pre=answer, slots=slots, wants=wants, pushed_back=frozenset(back))


def _want(slot: Slot, now: object, planned: OpField) -> tuple[Native] | str:
    """Return the native value to send (in a 1-tuple, since it may be `None`), or why none is."""
    if now is MISSING or planned.pre is MISSING or isinstance(planned.meant, Unset):
        return "cannot be read any more"
    if now == planned.pre:
        return (planned.want,)
    if slot.lens.get(now) != slot.lens.get(planned.pre):  # type: ignore[arg-type]
        return "was edited meanwhile"
    want = slot.lens.put(planned.meant, now)  # type: ignore[arg-type]
    return "cannot hold the value any more" if isinstance(want, Cannot) else (want,)


async def send(account: Account, writes: Sequence[RemoteWrite]) -> Mapping[OpId, Outcome]:
    """Send *writes* and return an outcome for each: a connector that raises leaves them all unknown."""
    if not writes:
        return {}
    try:
        outcomes = {outcome.op: outcome for outcome in await account.connector.write(writes)}
    except RemoteError as exc:
        outcomes = {}
        lost: RemoteError = exc
    else:
        lost = RemoteError(f"{account.name} gave no answer for this write")
    return {write.op: outcomes.get(write.op, Unknown(op=write.op, error=lost)) for write in writes}


async def _settle(
    desk: Desk, account: Account, run: RunId, intent: Intent, sent: Sent, outcome: Outcome, told: Pushed
) -> None:
    digests = [line.digest for line in intent.lines]
    match outcome:
        case Done(record=record):
            read_back = observe(desk, account, record, sent.side.observed, desk.world.now(), direct=True)
            await confirm_update(desk, run, sent, outcome, read_back)
            unsent = {name for name, slot in sent.slots.items() if slot.native_key in outcome.unsent}
            for line in intent.lines:
                if unsent.isdisjoint(write.field for write in line.writes):
                    told.done.append(line.digest)
                else:
                    told.failed[line.digest] = "the tool would not take it just now: it is tried again"
            told.counts["update"] += 1
            desk.wrote_at[record.ref] = desk.world.monotonic()
        case Refused(error=error, fields=keys):
            account.doubts.add(sent.side.link.ref)
            names = frozenset(name for name, slot in sent.slots.items() if slot.native_key in keys)
            await refuse(desk, sent.op, sent.side.link.ref, error, names)
            told.failed |= dict.fromkeys(digests, error.what)
            if isinstance(error, AuthError):
                account.error = error
        case Unknown(error=error):
            await unsure(desk, sent.op, error)
            told.failed |= dict.fromkeys(digests, f"no answer, being looked up: {error.what}")
