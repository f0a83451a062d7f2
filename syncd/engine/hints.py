"""
A cycle about some items only, because a webhook or a person named them.

    read every record of these items by id, in all tools at once
    decide, brake, commit     one such cycle at a time
    write                     beside others of its kind, about other items

Nobody is believed but the tools themselves. Nothing is created, since no tool
was read to the end, and what is not linked yet is kept for the next whole cycle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.connectors._together import together
from syncd.engine.absent import leave_alone, note_gone
from syncd.engine.cycle import Cycle, Due, brake, decide, finish_run, settle, start_run, write
from syncd.engine.desk import Account, Desk, JustRead
from syncd.engine.flight import land
from syncd.engine.history import last_edits
from syncd.engine.judge import Approval
from syncd.engine.pauses import heed
from syncd.engine.portions import in_portions
from syncd.engine.pull import by_connection, hidden, keep, lost_of, missing, moved_of, observe, read_many
from syncd.engine.traces import cycle_span, span
from syncd.errors import AuthError, RemoteError, UnsafePlanError
from syncd.model.native import Record
from syncd.model.refs import ConnectionName, EntityId, Ref, Revision
from syncd.reconcile.plan import plan_id
from syncd.store.rows import LinkState


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What became of some items that were named."""

    cycle: Cycle | None = None
    """`None`: nothing had moved, or a brake refused what would follow."""
    is_new: bool = False
    """Something is not linked yet, or speaks against what its tool told of itself: a whole cycle is needed."""
    unread: frozenset[ConnectionName] = frozenset()
    """Tools that did not answer."""


@cycle_span("hint")
async def sync_items(desk: Desk, refs: Sequence[Ref], deciding: asyncio.Lock, *, command: str = "hint") -> Looked:
    """
    Read the items behind *refs* anew, and write what follows and needs no approval, within the brakes.

    Several may run at once about different items; *deciding* is the same for
    all of them, so that each decision sees those before it.
    """
    lane = desk.for_items()
    await heed(lane)
    if lane.paused is not None:
        return Looked(unread=frozenset(lane.accounts))
    links = await lane.store.links.by_refs(refs)
    entities = sorted({link.entity for link in links.values()})
    strangers = [ref for ref in refs if ref not in links]
    before = await lane.store.records.revisions(strangers)
    news = {link.entity for ref, link in links.items() if not lane.may_be_echo(ref)}
    unread = await _read(lane, sorted(ref for ref in links if links[ref].entity not in news), frozenset(refs))
    entities = await _without_echoes(lane, entities, news)
    back = [ref for ref, link in links.items() if link.state is LinkState.GONE]  # told of: perhaps they are back
    unread |= await _read(lane, await _records_of(lane, entities, [*strangers, *back]), frozenset(refs))
    lane.only = frozenset(lane.accounts) - unread
    async with deciding:
        taken = await lane.store.dirty.take_of(entities)
        decided = await _decide(lane, taken, command) if taken else None
    cycle = None if decided is None else await _carry_out(lane, *decided)
    doubted = any(account.doubts for account in lane.accounts.values())
    return Looked(cycle=cycle, is_new=doubted or await _is_new(lane, strangers, before), unread=unread)


async def _without_echoes(lane: Desk, entities: Sequence[EntityId], told: set[EntityId]) -> list[EntityId]:
    """
    Return those of *entities* that somebody else edited, or that wait to be decided.

    Of those not *told* of, only records were named that we wrote to a moment
    ago, and these were read anew by now: where nothing moved, it was our own write.
    """
    dirty = await lane.store.dirty.take_of([one for one in entities if one not in told])
    return [one for one in entities if one in told or one in dirty]


async def _is_new(lane: Desk, strangers: Sequence[Ref], before: Mapping[Ref, Revision]) -> bool:
    """Say whether something that is linked to nothing moved, and may be linked now."""
    apart = await lane.store.links.kept_apart(lane.portfolio.name)
    for ref, row in (await lane.store.records.observed([ref for ref in strangers if ref not in apart])).items():
        kind = lane.mapping.kind_of(ref.connection, row.record.type)
        moved = before.get(ref) != row.record.revision
        if moved and kind is not None and lane.link_state(row.record, kind) is LinkState.LIVE:
            return True
    return False


async def _records_of(lane: Desk, entities: Sequence[EntityId], others: Sequence[Ref]) -> list[Ref]:
    """Return every record of these entities that may be read, and *others*."""
    found = await lane.store.links.by_entities(entities)
    resting = (LinkState.UNLINKED, LinkState.GONE)
    linked = [link.ref for links in found.values() for link in links if link.state not in resting]
    return [ref for ref in (*linked, *others) if ref not in lane.just_read]


async def _read(lane: Desk, refs: Sequence[Ref], named: frozenset[Ref]) -> frozenset[ConnectionName]:
    """Read *refs* by id and keep what moved; return the tools that did not answer."""
    asked = by_connection(ref for ref in refs if ref.connection in lane.accounts)
    accounts = [lane.accounts[name] for name in sorted(asked)]
    answered = await together(_read_account(lane, account, asked[account.name], named) for account in accounts)
    return frozenset(account.name for account, told in zip(accounts, answered, strict=True) if not told)


async def _read_account(lane: Desk, account: Account, refs: Sequence[Ref], named: frozenset[Ref]) -> bool:
    with span("read", connection=account.name, records=len(refs)):
        return await _read_and_keep(lane, account, refs, named)


async def _read_and_keep(lane: Desk, account: Account, refs: Sequence[Ref], named: frozenset[Ref]) -> bool:
    """Read *refs* of one tool, and who edited those *named*; say whether all of them were answered for."""
    if not account.is_ready:
        return False
    read_at, asked_s = lane.world.now(), lane.world.monotonic()
    known = await lane.store.records.observed(refs)
    told = [ref for ref in refs if ref in named and ref in known]
    echoes = [ref for ref in told if lane.may_be_echo(ref)]
    try:
        answers, history = await asyncio.gather(
            read_many(account, refs), last_edits(account, [ref for ref in told if ref not in echoes])
        )
    except RemoteError as exc:
        if isinstance(exc, AuthError):
            account.error = exc
        return False
    lost = await lost_of(lane, refs)
    found = [answer for answer in answers.values() if isinstance(answer, Record)]
    moved = {record.ref: record for record in moved_of(found, known, lost)}
    history = {**history, **await last_edits(account, [ref for ref in echoes if ref in moved])}
    rows = [
        observe(lane, account, record, known.get(ref), read_at, direct=True, history=history)
        for ref, record in moved.items()
    ]
    await keep(lane, rows)
    lane.just_read |= {ref: JustRead(asked_s, answer) for ref, answer in answers.items()}
    await _note_absent(lane, account, answers)
    return all(
        isinstance(answer, Record) or ref in {*missing(answers), *hidden(answers)} for ref, answer in answers.items()
    )


async def _note_absent(lane: Desk, account: Account, answers: Mapping[Ref, Record | RemoteError]) -> None:
    """Leave alone what cannot be read; a tombstone takes what it always takes."""
    away = [*missing(answers), *hidden(answers)]
    if not away:
        return
    links = await lane.store.links.by_refs(away)
    links = {ref: link for ref, link in links.items() if link.state is not LinkState.GONE}  # that is known
    await note_gone(lane, account, [links[ref] for ref in missing(answers) if ref in links])
    await leave_alone(lane, [links[ref] for ref in hidden(answers) if ref in links])


async def _decide(lane: Desk, taken: Mapping[EntityId, int], command: str) -> tuple[Cycle, Due] | None:
    """Decide and commit; nothing at all when a brake refuses what would follow: the next whole cycle says so."""
    cycle = Cycle(run=await start_run(lane, command), is_partial=True)
    approval = Approval()
    try:
        judgements = await decide(lane, cycle, in_portions(sorted(taken)), approval)
        due = tuple(line for line in cycle.lines if line.digest not in cycle.waiting)
        await brake(lane, due, plan_id(due))
        return cycle, await settle(lane, cycle, judgements, approval, taken)
    except UnsafePlanError:
        await finish_run(lane, cycle, "refused")
        return None
    except BaseException:
        await finish_run(lane, cycle, "stopped")
        raise


async def _carry_out(lane: Desk, cycle: Cycle, due: Due) -> Cycle:
    try:
        await write(lane, cycle, due)
    except BaseException:
        await land(lane)
        await finish_run(lane, cycle, "stopped")
        raise
    await finish_run(lane, cycle, "done")
    return cycle
