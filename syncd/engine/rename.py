"""Giving a connection another name: everywhere in the store at once, so that no tool is written to because of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.engine.home import digests_of
from syncd.engine.writer import only_daemon, writing
from syncd.errors import ConfigError
from syncd.model.refs import ConnectionName, EntityId, LinkId, Ref
from syncd.store.rows import LinkRow
from syncd.store.store import Store
from syncd.world import World

PORTION = 500
"""Entities looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """What was done in the store."""

    rows: Mapping[str, int] = field(default_factory=dict)
    """By table, how many rows go by the new name now; none when it was done before, or nothing is known."""


async def rename_connection(store: Store, world: World, old: ConnectionName, new: ConnectionName) -> Renamed:
    """
    Call the connection *old* by the name *new* in one transaction, as the only process that works with the store.

    Nothing is done where nothing goes by the old name: then it was done before.

    Raises:
        ConfigError: *new* has records of its own, or a write in *old* is under way.
        StoreError: a daemon, or another writer, works with this store.
    """
    async with only_daemon(store, world), writing(store, world):
        if not await store.renaming.count(old):
            return Renamed()
        if await store.renaming.count(new):
            raise ConfigError(
                f'the store knows records of "{new}" already, and two connections cannot become one',
                where=store.db.where,
                fix="choose another name",
            )
        for op in await store.journal.open(old):
            raise ConfigError(
                f"a write in {old} is under way ({op.verb}), and its outcome is not known yet",
                fix="run syncd sync, and try again when syncd status shows no write under way",
            )
        homes = {at: digest async for some in _homes(store, old, new) for at, digest in some.items()}
        async with store.transaction() as tx:
            return Renamed(rows=await tx.renaming.rename(old, new, homes, world.now()))


async def _homes(store: Store, old: ConnectionName, new: ConnectionName) -> AsyncIterator[Mapping[LinkId, str]]:
    """Yield what records that show their counterparts will be taken to show: as now, by the new name."""
    links = await store.links.by_connection(old)
    entities = sorted({link.entity for link in links})
    for start in range(0, len(entities), PORTION):
        yield await _of(store, entities[start : start + PORTION], old, new)


async def _of(store: Store, ids: Sequence[EntityId], old: ConnectionName, new: ConnectionName) -> Mapping[LinkId, str]:
    entities = await store.entities.by_ids(ids)
    found: dict[LinkId, str] = {}
    for one, links in (await store.links.by_entities(ids)).items():
        shown = await store.homes.of_links([link.id for link in links])
        before = digests_of(entities[one], links)
        after = digests_of(entities[one], [_renamed(link, old, new) for link in links])
        found |= {at: after[at] for at, digest in shown.items() if before.get(at) == digest}
    return found


def _renamed(link: LinkRow, old: ConnectionName, new: ConnectionName) -> LinkRow:
    ref = link.ref
    return link if ref.connection != old else replace(link, ref=Ref(new, ref.kind, ref.id))
