"""Reading the tools: what changed becomes `observed`, and the entities it belongs to become dirty."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from syncd.connectors.protocol import Capabilities, Page
from syncd.engine.desk import Account, Desk
from syncd.engine.doubt import contradicts
from syncd.engine.history import Edits, interval_of, last_edits, signed
from syncd.errors import AuthError, ForbiddenError, NotFoundError, PausedError, RemoteError, StrangerError
from syncd.model.canonical import OPT_IN, Kind
from syncd.model.native import MISSING, Record
from syncd.model.policy import Interval
from syncd.model.refs import ConnectionName, EntityId, Ref, Revision
from syncd.store.rows import CursorRow, LinkRow, LinkState, ObservedRow
from syncd.store.store import Transaction

HOSTS_APART: Final = timedelta(minutes=1)
"""By as much may the clocks of two hosts that work on one store be apart."""


@dataclass(slots=True)
class Pulled:
    """What one connection told in one cycle."""

    records: int = 0
    changed: int = 0


async def pull(desk: Desk, account: Account) -> Pulled:
    """
    Read everything that may have changed in one connection, page by page.

    Each page and the place to go on are kept in one transaction. A failure
    stops this connection only; it is kept in `account.error`.
    """
    told = Pulled()
    since = await desk.store.cursors.get(account.name)
    cursor = since.cursor if since else None

    async def known(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
        held = await desk.store.records.revisions(refs)
        lost = await lost_of(desk, list(held))
        return {ref: revision for ref, revision in held.items() if ref not in lost}

    try:
        began_at = asked_at = desk.world.now()
        async for page in account.connector.changes(cursor, known):
            await keep_page(desk, account, page, asked_at, told, _cursor(desk, account, page))
            asked_at = desk.world.now()
    except RemoteError as exc:
        account.error = exc
    else:
        account.pulled, account.asked_at = True, began_at
        account.read_at = desk.world.now()
    return told


async def keep_page(
    desk: Desk,
    account: Account,
    page: Page,
    read_at: datetime,
    told: Pulled,
    also: Also | None = None,
    *,
    anew: bool = False,
) -> None:
    """
    Keep what moved of a page whose reading began at *read_at*; all of it when *anew*.

    A backfill reads while others write: what was read or lost by them since is
    read again by id, for the page may show what was before a write of ours.
    """
    refs = [record.ref for record in page.records]
    known = await desk.store.records.observed(refs)
    lost = await lost_of(desk, refs)
    moved = moved_of(page.records, known, lost)
    told.records += len(page.records)
    told.changed += len(moved)
    hints = [record.ref for record in moved if record.ref in known]
    newer = {ref for ref, row in known.items() if row.read_at > read_at}
    overtaken = {ref for ref, row in known.items() if row.read_at > read_at - HOSTS_APART} if anew else newer
    without_history = {name for name, kind in desk.mapping.kinds.get(account.name, {}).items() if kind in OPT_IN}
    lags = account.connector.capabilities.index_lag_s > 0 and not page.direct
    if again := frozenset(hints if lags else overtaken.union(lost).intersection(hints)):
        read_at, moved = await _read_by_id(desk, account, moved, again)
    history = await last_edits(account, [ref for ref in hints if known[ref].record.type not in without_history])
    rows = [
        observe(
            desk,
            account,
            record,
            known.get(record.ref),
            read_at,
            direct=page.direct or record.ref in hints,
            history=history,
        )
        for record in moved
    ]
    if anew:
        seen = {row.ref for row in rows} | newer
        same = [record for record in page.records if record.ref in known and record.ref not in seen]
        rows += [observe(desk, account, record, known[record.ref], read_at, direct=page.direct) for record in same]
    await keep(desk, rows, also=also)


def moved_of(records: Iterable[Record], known: Mapping[Ref, ObservedRow], lost: Collection[Ref]) -> list[Record]:
    """Return those of *records* that are not as they were *known*, or that were *lost* and are back."""
    return [
        record
        for record in records
        if record.ref in lost or record.ref not in known or _differs(record, known[record.ref].record)
    ]


def _differs(record: Record, known: Record) -> bool:
    """Compare what both say, too: within the grain of a tool's clock two edits leave one revision."""
    return (record.revision, record.state, record.fields) != (known.revision, known.state, known.fields)


async def lost_of(desk: Desk, refs: Sequence[Ref]) -> frozenset[Ref]:
    """Return those of *refs* that could not be read last time: listed again, they are back, whatever their revision."""
    links = await desk.store.links.by_refs(refs)
    away = {ref: link for ref, link in links.items() if link.state in (LinkState.OUT_OF_SCOPE, LinkState.GONE)}
    if not away:
        return frozenset()
    seen = await desk.store.records.observed(list(away))
    kinds = await _kinds(desk, away.values())
    return frozenset(
        ref for ref, row in seen.items() if desk.link_state(row.record, kinds[away[ref].entity]) is not away[ref].state
    )


def _cursor(desk: Desk, account: Account, page: Page) -> Also | None:
    if page.resume is None:
        return None
    query = desk.digest_of(account.name)
    row = CursorRow(connection=account.name, cursor=page.resume, saved_at=desk.world.now(), query=query)
    return lambda tx: tx.cursors.save(row)


async def _read_by_id(
    desk: Desk, account: Account, listed: Sequence[Record], hints: Collection[Ref]
) -> tuple[datetime, list[Record]]:
    """Read what the list shows as changed by id: an index may show yesterday's value, and it is no edit."""
    read_at = desk.world.now()
    direct = await read_many(account, list(hints))
    found = [direct.get(record.ref, record) if record.ref in hints else record for record in listed]
    return read_at, [each for each in found if isinstance(each, Record)]


async def read_many(account: Account, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
    """Read *refs* by id in portions the tool can take, with an answer for each; raises why one is not asked at all."""
    if isinstance(account.error, PausedError | StrangerError):
        raise account.error
    answers: dict[Ref, Record | RemoteError] = {}
    size = account.connector.capabilities.max_read_batch
    for start in range(0, len(refs), size):
        answers |= await account.connector.read_many(refs[start : start + size])
    return answers


async def reread(desk: Desk, account: Account, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
    """Read *refs* by id and keep what they show."""
    read_at = desk.world.now()
    answers = await read_many(account, refs)
    known = await desk.store.records.observed(list(refs))
    rows = [
        observe(desk, account, answer, known.get(ref), read_at, direct=True)
        for ref, answer in answers.items()
        if isinstance(answer, Record)
    ]
    await keep(desk, rows)
    for answer in answers.values():
        if isinstance(answer, AuthError):
            account.error = answer
    return answers


def observe(
    desk: Desk,
    account: Account,
    record: Record,
    known: ObservedRow | None,
    read_at: datetime,
    *,
    direct: bool,
    history: Edits = MappingProxyType({}),
) -> ObservedRow:
    """Return what is now known of a record whose reading began at *read_at*: who edited its fields, and when."""
    if contradicts(record, known.record if known else None, account.offered):
        account.doubts.add(record.ref)
    edited = edits(record, known, desk.world.now(), account.connector.capabilities, history) if known else {}
    changed = [name for name in edited if known and known.edited.get(name) != edited[name]]
    return ObservedRow(
        portfolio=desk.portfolio.name,
        record=signed(record, changed, history),
        read_at=read_at,
        direct=direct,
        edited=edited,
        previous_updated_at=known.record.updated_at if known else None,
    )


def edits(
    record: Record, known: ObservedRow, now: datetime, tool: Capabilities, history: Edits
) -> Mapping[str, Interval]:
    """
    Return when each field was edited, as far as it can be known (merge-semantics.md section 7, `newest`).

    Exactly (but for the clocks) where the tool's own history tells of an edit
    that is not older than what we knew. A field that looks as before keeps the
    interval fixed when its edit was first seen.
    """
    skew = timedelta(seconds=tool.clock_skew_s)
    lag = timedelta() if known.direct else timedelta(seconds=tool.index_lag_s)
    earliest = known.read_at - lag
    if known.record.updated_at is not None:
        earliest = max(earliest, known.record.updated_at - skew)
    latest = now if record.updated_at is None else min(now, record.updated_at + skew)
    when = Interval(min(earliest, latest), latest)
    found = dict(known.edited)
    for name, value in record.fields.items():
        if known.record.fields.get(name, MISSING) != value:
            told = history.get((record.ref, name))
            is_news = told is not None and told.at + skew >= when.not_before
            found[name] = interval_of(told, skew) if told is not None and is_news else when
    return found


Also = Callable[[Transaction], Awaitable[None]]
"""What is kept in the same transaction."""


async def keep(desk: Desk, rows: Sequence[ObservedRow], *, also: Also | None = None) -> None:
    """Keep what was observed and the links' new standing, and mark what it touches, all at once and with *also*."""
    links = await _links_of(desk, rows)
    kinds = await _kinds(desk, links.values())
    changed = [
        updated
        for row in rows
        if (link := links.get(row.ref)) is not None
        and (updated := refreshed(desk, link, row.record, kinds[link.entity])) != link
    ]
    back = {link.entity for link in changed if link.state is not links[link.ref].state} if changed else set()
    below = await desk.store.entities.below(sorted(back))
    touched = [*(link.entity for link in links.values()), *below]
    former = {alias for row in rows for alias in row.record.aliases} - {row.ref for row in rows}
    async with desk.store.transaction() as tx:
        await tx.records.save_observed(rows)
        await tx.records.forget(sorted(former))
        await tx.links.save(changed)
        await tx.dirty.mark(touched)
        await tx.tombstones.clear([link.id for link in links.values()])
        if also is not None:
            await also(tx)
    desk.touched.update(touched)


async def _links_of(desk: Desk, rows: Sequence[ObservedRow]) -> dict[Ref, LinkRow]:
    """Return the link of each row's record, also where the link still goes by an alias (a former draft)."""
    aliases = {alias: row.ref for row in rows for alias in row.record.aliases}
    found = await desk.store.links.by_refs([*(row.ref for row in rows), *aliases])
    links = {ref: link for ref, link in found.items() if ref not in aliases}
    for alias, ref in aliases.items():
        if alias in found and ref not in links:
            links[ref] = replace(found[alias], ref=ref)
    return links


async def _kinds(desk: Desk, links: Iterable[LinkRow]) -> Mapping[EntityId, Kind]:
    entities = await desk.store.entities.by_ids([link.entity for link in links])
    return {entity: row.kind for entity, row in entities.items()}


def refreshed(desk: Desk, link: LinkRow, record: Record, kind: Kind) -> LinkRow:
    """
    Return *link* as *record* shows it now; one that was parted stays so.

    One that we archived by closing it rests until its status is another one.
    """
    state = link.state if link.state is LinkState.UNLINKED else desk.link_state(record, kind)
    if state is LinkState.LIVE and link.state is LinkState.ARCHIVED and desk.is_closed(record, kind):
        state = LinkState.ARCHIVED
    return replace(link, state=state, container=record.container, type=record.type, key=record.key, url=record.url)


def missing(answers: Mapping[Ref, Record | RemoteError]) -> list[Ref]:
    """Return the refs that were answered with "gone or hidden"."""
    return [ref for ref, answer in answers.items() if isinstance(answer, NotFoundError)]


def hidden(answers: Mapping[Ref, Record | RemoteError]) -> list[Ref]:
    """Return the refs that were answered with "not for this account"."""
    return [ref for ref, answer in answers.items() if isinstance(answer, ForbiddenError)]


def by_connection(refs: Iterable[Ref]) -> Mapping[ConnectionName, list[Ref]]:
    """Sort *refs* into their connections."""
    found: dict[ConnectionName, list[Ref]] = {}
    for ref in refs:
        found.setdefault(ref.connection, []).append(ref)
    return found
