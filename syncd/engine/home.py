"""
Links home: linked items show where their counterparts are, in connections that ask for it.

The store remembers a digest of what each record shows, so a link is shown once
and taken away once. Showing is idempotent: after a kill it is simply done again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from syncd.connectors.protocol import Home, Homes, LinksHome
from syncd.engine.desk import Account, Desk
from syncd.engine.pauses import halted
from syncd.errors import AuthError, OutcomeUnknownError, RemoteError
from syncd.model.canonical import OPT_IN
from syncd.model.codec import dump_text
from syncd.model.native import MISSING, Text
from syncd.model.refs import ConnectionName, EntityId, LinkId, RunId
from syncd.reconcile.titles import title_of
from syncd.store.rows import AuditRow, EntityRow, LinkRow, LinkState, QuarantineRow

AT_ONCE: Final = 50
"""Records shown with one call of the connector."""
PORTION: Final = 500
"""Entities looked at together."""
VERB: Final = "home"
"""What the audit and the counts call it."""
FIELD: Final = "links home"
"""What the quarantine calls it."""


@dataclass(frozen=True, slots=True)
class DueHome:
    """One record that does not show what it should."""

    link: LinkRow
    homes: Homes

    @property
    def digest(self) -> str:
        """Name what is to be shown. Titles come and go with every edit and do not count."""
        told = [[each.connection, each.key, each.url] for each in self.homes.homes]
        return hashlib.sha256(dump_text(told).encode()).hexdigest()[:32] if told else ""


async def due_homes(desk: Desk, ids: Sequence[EntityId], *, preview: bool = False) -> list[DueHome]:
    """Return what the records of entities *ids* should show and do not; a preview counts observed connections, too."""
    asked = frozenset(name for name, account in desk.accounts.items() if _shows(account, preview=preview))
    if not asked:
        return []
    refused = {row.ref for row in await desk.store.quarantine.all() if row.field == FIELD}
    found: list[DueHome] = []
    for start in range(0, len(ids), PORTION):
        portion = ids[start : start + PORTION]
        entities = await desk.store.entities.by_ids(portion)
        links = await desk.store.links.by_entities(portion)
        shown = await desk.store.homes.of_links([link.id for rows in links.values() for link in rows])
        settled = await _settled_anew(desk, [link for rows in links.values() for link in rows if link.id in shown])
        for one, rows in sorted(links.items()):
            due = _due(entities[one], [link for link in rows if link.id not in settled], asked)
            found += [each for each in due if each.digest != shown.get(each.link.id, "")]
    cleared = {each.link.ref for each in found if each.link.state is LinkState.UNLINKED}
    return [
        each
        for each in found
        if each.link.ref not in refused and (each.link.ref not in cleared or each.link.state is LinkState.UNLINKED)
    ]


async def owing(desk: Desk, ids: Sequence[EntityId]) -> frozenset[EntityId]:
    """Return which of *ids* stay dirty until their records show what they should: a kill before that forgets none."""
    return frozenset(each.link.entity for each in await due_homes(desk, ids))


async def _settled_anew(desk: Desk, links: Sequence[LinkRow]) -> frozenset[LinkId]:
    """Return the parted ones among *links* whose record is linked anew and shows what that link wants."""
    parted = {link.ref: link.id for link in links if link.state is LinkState.UNLINKED}
    now = await desk.store.links.by_refs(list(parted))
    shown = await desk.store.homes.of_links([link.id for link in now.values()])
    return frozenset(parted[ref] for ref, link in now.items() if link.id in shown)


def _shows(account: Account, *, preview: bool) -> bool:
    connection = account.connection
    may = connection.writes or preview
    return connection.links_home and may and account.is_ready and account.connector.capabilities.links_home


def _due(entity: EntityRow, links: Sequence[LinkRow], asked: frozenset[ConnectionName]) -> Iterable[DueHome]:
    if entity.kind in OPT_IN:
        return
    live = [link for link in links if link.state is LinkState.LIVE]
    title = title_of(entity.kind, entity.values)
    homes = {
        link.id: Home(connection=link.ref.connection, key=link.key, url=link.url, title=title or link.key)
        for link in sorted(live, key=lambda link: (link.ref.connection, link.key, link.ref))
        if link.url
    }
    for link in links:
        if link.ref.connection in asked and link.state in (LinkState.LIVE, LinkState.UNLINKED):
            is_parted = link.state is LinkState.UNLINKED
            others = () if is_parted else tuple(home for at, home in homes.items() if at != link.id)
            yield DueHome(link, Homes(ref=link.ref, homes=others))


def digests_of(entity: EntityRow, links: Sequence[LinkRow]) -> Mapping[LinkId, str]:
    """Return what each record of an entity should show of the others, as a digest, wherever it is asked for."""
    everywhere = frozenset(link.ref.connection for link in links)
    return {each.link.id: each.digest for each in _due(entity, links, everywhere)}


async def show_homes(desk: Desk, run: RunId, ids: Iterable[EntityId], counts: Counter[str]) -> None:
    """Show what is not shown yet on the records of entities *ids*, and count what was."""
    by_connection: dict[ConnectionName, list[DueHome]] = {}
    for each in await due_homes(desk, sorted(set(ids) - desk.resting)):
        by_connection.setdefault(each.link.ref.connection, []).append(each)
    for name, due in sorted(by_connection.items()):
        account = desk.accounts[name]
        for start in range(0, len(due), AT_ONCE):
            if await halted(desk, account) is None:
                counts[VERB] += await _show(desk, account, run, due[start : start + AT_ONCE])
            else:
                await _again(desk, due[start:])


async def _show(desk: Desk, account: Account, run: RunId, due: Sequence[DueHome]) -> int:
    """Show one portion and keep what came of it; return how many records took it."""
    try:
        failed = await cast("LinksHome", account.connector).show_home([each.homes for each in due])
    except RemoteError as exc:
        failed = {each.link.ref: exc for each in due}
    done = [each for each in due if each.link.ref not in failed]
    later = [each for each in due if each.link.ref in failed and _may_pass(failed[each.link.ref])]
    never = [each for each in due if each.link.ref in failed and not _may_pass(failed[each.link.ref])]
    cleared = [each.link.ref for each in done if each.link.state is LinkState.UNLINKED]
    again = [link.entity for link in (await desk.store.links.by_refs(cleared)).values()]
    now = desk.world.now()
    digests: Mapping[LinkId, str] = {each.link.id: each.digest for each in done}
    async with desk.store.transaction() as tx:
        await tx.homes.save({at: digest for at, digest in digests.items() if digest})
        await tx.homes.forget([at for at, digest in digests.items() if not digest])
        await tx.audit.append(run, [_audit(desk, run, each) for each in done])
        await tx.quarantine.add(
            [
                QuarantineRow(
                    connection=account.name,
                    ref=each.link.ref,
                    field=FIELD,
                    reason=failed[each.link.ref].what,
                    since=now,
                )
                for each in never
            ]
        )
        await tx.dirty.mark([*(each.link.entity for each in later), *again])
    account.error = next((error for error in failed.values() if isinstance(error, AuthError)), account.error)
    return len(done)


async def _again(desk: Desk, due: Sequence[DueHome]) -> None:
    async with desk.store.transaction() as tx:
        await tx.dirty.mark([each.link.entity for each in due])


def _may_pass(error: RemoteError) -> bool:
    """Whether it says something of the moment or the credential rather than of the item; showing twice does no harm."""
    return error.retry or isinstance(error, AuthError | OutcomeUnknownError)


def _audit(desk: Desk, run: RunId, each: DueHome) -> AuditRow:
    told = ", ".join(f"{home.connection} {home.key}" for home in each.homes.homes)
    return AuditRow(
        run=run,
        at=desk.world.now(),
        connection=each.link.ref.connection,
        ref=each.link.ref,
        entity=each.link.entity,
        verb=VERB,
        field=None,
        before=MISSING,
        after=Text(told) if told else None,
    )


def by_connection(due: Iterable[DueHome]) -> Mapping[ConnectionName, int]:
    """Count *due* by connection."""
    return Counter(each.link.ref.connection for each in due)
