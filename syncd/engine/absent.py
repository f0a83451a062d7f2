"""
Linked records that a sweep of ids does not find. Absence is not deletion (design.md section 6).

    read by id           then
    a record             archived, hidden or out of scope, or back again: its link says so
    gone or hidden       nothing, unless another record of the same family in the same container is
                         readable: then left alone at once, and a tombstone when it is so again
                         ten minutes later
    not for us           left alone until it can be read again; never a tombstone
    anything else        nothing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from syncd.engine.desk import Account, Desk
from syncd.engine.pull import hidden, lost_of, missing, read_many, reread
from syncd.errors import RemoteError
from syncd.model.canonical import Kind
from syncd.model.native import Record
from syncd.model.refs import Ref
from syncd.store.rows import LinkRow, LinkState, TombstoneRow

Place: TypeAlias = tuple[str, str]
"""A container, and the tool's family of ids; for a comment, the item it is below instead of the container."""

PARENT = "parent"
"""How every connector calls what a comment is below."""
APART_S = 600.0
"""Seconds between the two readings that make a tombstone."""


@dataclass(slots=True)
class Swept:
    """What one sweep found."""

    ids: int = 0
    absent: int = 0
    gone: int = 0
    unseen: int = 0
    """Ids the changes should have reported and did not: a skipped change, worth an alarm."""


async def sweep(desk: Desk) -> Swept:
    """Compare every connection's ids with what is known, and look at each difference by id."""
    told = Swept()
    for account in desk.accounts.values():
        if account.is_ready and account.pulled:
            try:
                await _sweep(desk, account, told)
            except RemoteError as exc:
                account.error = exc
    return told


async def _sweep(desk: Desk, account: Account, told: Swept) -> None:
    present: set[Ref] = set()
    async for portion in account.connector.ids():
        present.update(portion)
    every = {link.ref: link for link in await desk.store.links.by_connection(account.name, desk.portfolio.name)}
    links = {ref: link for ref, link in every.items() if link.state in (LinkState.LIVE, LinkState.OUT_OF_SCOPE)}
    known = await desk.store.records.all_refs(account.name)
    unseen = sorted(present - known)
    absent = sorted(links.keys() - present)
    back = sorted(ref for ref in present & every.keys() if every[ref].state is not LinkState.LIVE)
    told.ids += len(present)
    told.absent += len(absent)
    if unseen or back:
        answers = await reread(desk, account, [*unseen, *back])
        told.unseen += sum(_is_skipped(account, answers.get(ref)) for ref in unseen)
    await _forget(desk, account, sorted(known - present - every.keys()))
    if absent:
        answers = await reread(desk, account, absent)
        told.gone += await note_missing(desk, account, [links[ref] for ref in missing(answers)], sorted(present))
        await leave_alone(desk, [links[ref] for ref in hidden(answers)])


def _is_skipped(account: Account, answer: Record | RemoteError | None) -> bool:
    """
    Say whether the changes should have told of a record they did not tell of, by its *answer* when read by id.

    One that moved after they were asked for, or so shortly before that a list or a clock may lag, is told of next
    time; one that cannot be read stays unknown, so the next sweep looks at it again.
    """
    if not isinstance(answer, Record):
        return False
    times = [at for at in (answer.created_at, answer.updated_at) if at is not None]
    if not times or account.asked_at is None:
        return True
    tool = account.connector.capabilities
    return max(times) < account.asked_at - timedelta(seconds=tool.index_lag_s + tool.clock_skew_s)


async def look_again(desk: Desk, account: Account) -> None:
    """Read by id what could not be read last time: it may be back although no list tells, or gone for good."""
    away = await desk.store.links.by_connection(account.name, desk.portfolio.name, state=LinkState.OUT_OF_SCOPE)
    links = {link.ref: link for link in away}
    lost = await lost_of(desk, list(links))
    if not lost:
        return
    answers = await reread(desk, account, sorted(lost))
    await note_gone(desk, account, [links[ref] for ref in missing(answers)])


async def note_gone(desk: Desk, account: Account, gone: Sequence[LinkRow]) -> None:
    """Do what `note_missing` does, with whatever else is linked in the same places to vouch for them."""
    live = await desk.store.links.by_connection(account.name, desk.portfolio.name, state=LinkState.LIVE)
    away = {link.ref for link in gone}
    beside = {_place(link.ref, link.container): link.ref for link in live if link.ref not in away}
    places = dict.fromkeys(_place(link.ref, link.container) for link in gone)
    await note_missing(desk, account, gone, [beside[place] for place in places if place in beside])


async def _forget(desk: Desk, account: Account, unlinked: Sequence[Ref]) -> None:
    """Forget records nobody is linked to and that are gone; one that comes back is read as a new one."""
    gone = missing(await reread(desk, account, unlinked))
    async with desk.store.transaction() as tx:
        await tx.records.forget(gone)


async def leave_alone(desk: Desk, links: Sequence[LinkRow]) -> None:
    """Keep *links* whose records may not be seen, and write nothing there until they show again."""
    async with desk.store.transaction() as tx:
        await tx.links.save([replace(link, state=LinkState.OUT_OF_SCOPE) for link in links])
        await tx.dirty.mark([link.entity for link in links])


async def note_missing(desk: Desk, account: Account, links: Sequence[LinkRow], present: Sequence[Ref] = ()) -> int:
    """Leave links alone whose records are gone or hidden; return how many of them now have a tombstone."""
    if not links:
        return 0
    now, seconds = desk.world.now(), desk.world.monotonic()
    before = await desk.store.tombstones.of_links([link.id for link in links])
    parents = await _parents(desk, links)
    places = {link.id: _place(link.ref, str(parents.get(link.ref, link.container))) for link in links}
    canaries = {
        **await _canaries(desk, account, set(places.values()), present),
        **await _below(account, parents),
    }
    stones: list[TombstoneRow] = []
    changed: list[LinkRow] = []
    gone = 0
    for link in links:
        if not canaries.get(places[link.id], False):
            continue
        known = before.get(link.id)
        stone = known or TombstoneRow(link=link.id, first_missing_at=now, last_checked_at=now)
        if known is None:
            desk.missing_since[link.id] = seconds
        is_apart = seconds - desk.missing_since.get(link.id, -APART_S) >= APART_S  # the wall's clock may have leapt
        stands = known is not None and is_apart and now - known.first_missing_at >= timedelta(seconds=APART_S)
        stones.append(replace(stone, last_checked_at=now, count=stone.count + (known is not None)))
        gone += stands
        changed.append(replace(link, state=LinkState.GONE if stands else LinkState.OUT_OF_SCOPE))
    async with desk.store.transaction() as tx:
        await tx.links.save(changed)
        await tx.tombstones.save(stones)
        await tx.dirty.mark([link.entity for link in changed])
    return gone


def _place(ref: Ref, container: str) -> Place:
    """Return where a record is, and as what: who lost the right to see issues may still see the project's versions."""
    return container, ref.kind


async def _parents(desk: Desk, links: Sequence[LinkRow]) -> Mapping[Ref, Ref]:
    """Return what comments are below: out of sight with it, and with nothing else."""
    comments = [link.ref for link in links if desk.mapping.kind_of(link.ref.connection, link.type) is Kind.COMMENT]
    seen = await desk.store.records.observed(comments)
    said = {ref: row.record.fields.get(PARENT) for ref, row in seen.items()}
    return {ref: parent for ref, parent in said.items() if isinstance(parent, Ref)}


async def _below(account: Account, parents: Mapping[Ref, Ref]) -> Mapping[Place, bool]:
    """Say for each comment's place whether the item it is below can be read by id just now."""
    answers = await read_many(account, sorted(set(parents.values())))
    return {_place(ref, str(parent)): isinstance(answers.get(parent), Record) for ref, parent in parents.items()}


async def _canaries(desk: Desk, account: Account, places: set[Place], present: Sequence[Ref]) -> Mapping[Place, bool]:
    """Say for each place whether another record there can be read by id just now."""
    seen = await desk.store.records.observed(list(present))
    chosen: dict[Place, Ref] = {}
    for ref, row in sorted(seen.items()):
        if (place := _place(ref, row.record.container)) in places:
            chosen.setdefault(place, ref)
    answers = await read_many(account, list(chosen.values()))
    return {place: isinstance(answers.get(ref), Record) for place, ref in chosen.items()}
