"""A store that is an old copy: what was written past it is found again, and nothing newer is overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import structlog

from syncd.engine.desk import Desk
from syncd.engine.items import Item
from syncd.model.refs import ConnectionName, EntityId, LinkId, Ref, Revision
from syncd.store.rows import LinkState, ProposalState
from syncd.world import id_of

PORTION = 500
STRANGE = "records carry markers of items this store does not know: it may be an old copy"

log = structlog.get_logger()


def identity_of(ref: Ref) -> EntityId:
    """
    Return the id of the entity that begins with *ref*: the same in every store, so that a lost one can be rebuilt.

    What we make elsewhere carries it as its marker, and leads back to *ref*.
    """
    return EntityId(id_of(int.from_bytes(hashlib.sha256(f"entity {ref}".encode()).digest())))


async def begin(desk: Desk) -> frozenset[ConnectionName]:
    """Say which of the portfolio's connections have to be read anew because the store is an old copy."""
    unread = await _unread(desk)
    desk.restoring = bool(unread)
    return unread


async def _unread(desk: Desk) -> frozenset[ConnectionName]:
    return frozenset((await desk.store.restored.unread()).keys() & desk.accounts.keys())


async def suspect(desk: Desk, marked: Mapping[Ref, EntityId]) -> None:
    """
    Take the store for an old copy when new records carry markers (*marked*) of entities that it does not know.

    An empty store is no copy: all of it is first contact. What a person is
    being asked about already, or was linked once, tells nothing new.
    """
    if desk.restoring or not marked or not await desk.store.entities.ids(desk.portfolio.name):
        return
    known = await desk.store.entities.by_ids(sorted(set(marked.values())))
    asked = {
        ref
        for row in await desk.store.proposals.by_portfolio(desk.portfolio.name, ProposalState.OPEN)
        for ref in row.refs
    }
    strangers = sorted(ref for ref, marker in marked.items() if marker not in known and ref not in asked)
    if not strangers:
        return
    async with desk.store.transaction() as tx:
        await tx.restored.mark(STRANGE, known=False)
    desk.restoring = True
    log.warning("old_copy_suspected", portfolio=desk.portfolio.name, records=len(strangers), reason=STRANGE)


async def without_unread(desk: Desk, ids: Sequence[EntityId]) -> Sequence[EntityId]:
    """Leave out entities with a record in a connection that was not read to the end since the store came back."""
    if not desk.restoring:
        return ids
    unread = await _unread(desk)
    links = await desk.store.links.by_entities(ids) if unread else {}
    waiting = {
        link.entity
        for each in links.values()
        for link in each
        if link.state is not LinkState.UNLINKED and link.ref.connection in unread
    }
    return [one for one in ids if one not in waiting]


def moved_since(items: Iterable[Item], stale: Mapping[EntityId, Mapping[Ref, Revision]]) -> frozenset[LinkId]:
    """
    Return the links whose records moved since the copy was made.

    What such a record shows may be newer than all we know of it, even where
    it equals an old base: a person has to see what would be written over it.
    """
    return frozenset(
        side.link.id
        for item in items
        if item.entity.id in stale
        for side in item.sides
        if side.observed is None or stale[item.entity.id].get(side.link.ref) != side.observed.record.revision
    )
