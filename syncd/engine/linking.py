"""Links between records and entities, new ones and those of first contact, kept portion by portion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from syncd.engine.desk import Desk
from syncd.engine.old_copy import identity_of
from syncd.model.canonical import Kind
from syncd.model.native import Record
from syncd.model.refs import EntityId, LinkId, Ref
from syncd.reconcile.match import Matched
from syncd.reconcile.meeting import Census
from syncd.store.rows import EntityRow, LinkRow

PORTION = 500
"""Links kept in one transaction."""


class Linking:
    """First contact of one cycle: links what was recognised, and remembers what has to be told of it."""

    def __init__(self, desk: Desk, census: Census) -> None:
        """Have linked nothing yet of what was counted."""
        self.linked = 0
        self.made = 0
        self.fresh: set[EntityId] = set()
        """The entities made that are compared with others for being alike."""
        self._desk = desk
        self._census = census
        self._referring: Mapping[Ref, frozenset[EntityId]] | None = None

    async def add(
        self,
        records: Mapping[Ref, Record],
        kinds: Mapping[Ref, Kind],
        found: Matched,
        parents: Mapping[Ref, EntityId] = MappingProxyType({}),
    ) -> None:
        """Link what was recognised among *records*; comments are below *parents*, and nothing refers to them."""
        desk = self._desk
        links = [new_link(desk, records[ref], entity) for ref, entity in sorted(found.joins.items())]
        entities: dict[EntityId, EntityRow] = {}
        wanted = {group: _identity(records, group) for group in found.groups}
        used = set(await desk.store.entities.by_ids(sorted(set(wanted.values()))))
        for group in found.groups:
            one = wanted[group] if wanted[group] not in used else EntityId(desk.world.new_id())
            used.add(one)
            entities[one] = _new_entity(desk, one, kinds[group[0]], parents.get(group[0]))
            links += [new_link(desk, records[ref], one) for ref in group]
        if links and not parents and self._referring is None:
            self._referring = await _referring(desk, self._census)
        for start in range(0, len(links), PORTION):
            await self._keep(links[start : start + PORTION], entities)
        self.linked += len(links)
        self.made += len(entities)
        if desk.mapping.similar:
            desk.links.add(links)
            self.fresh |= {one for one, row in entities.items() if row.kind in desk.mapping.similar}

    async def _keep(self, links: Sequence[LinkRow], entities: Mapping[EntityId, EntityRow]) -> None:
        desk = self._desk
        above = {link.entity for link in links}
        below = await desk.store.entities.below(sorted(above))
        waiting = {one for link in links for one in (self._referring or {}).get(link.ref, ())}
        async with desk.store.transaction() as tx:
            await tx.entities.save([entities[one] for one in sorted(above & entities.keys())])
            await tx.links.save(links)
            if desk.restoring:
                await tx.restored.add(sorted(above & entities.keys()))
            await tx.dirty.mark(sorted({*above, *below, *waiting}))
        desk.touched |= {*above, *below, *waiting}


def _identity(records: Mapping[Ref, Record], group: Sequence[Ref]) -> EntityId:
    """Return what a new entity of these records is called: as a marker says, else after the first of them."""
    return next((marker for ref in group if (marker := records[ref].marker)), None) or identity_of(group[0])


def _new_entity(desk: Desk, one: EntityId, kind: Kind, parent: EntityId | None) -> EntityRow:
    return EntityRow(
        id=one,
        portfolio=desk.portfolio.name,
        kind=kind,
        values={},
        provenance={},
        created_at=desk.world.now(),
        parent=parent,
    )


async def _referring(desk: Desk, census: Census) -> Mapping[Ref, frozenset[EntityId]]:
    """Return, for what may be linked now, the entities of linked records that point at it."""
    pointing = desk.store.records.references(desk.portfolio.name, census.may_hold)
    found = {ref: targets async for ref, targets in pointing}
    links = await desk.store.links.by_refs(list(found))
    referring: dict[Ref, set[EntityId]] = {}
    for ref, targets in found.items():
        for target in targets - {ref}:
            if ref in links:
                referring.setdefault(target, set()).add(links[ref].entity)
    return {target: frozenset(entities) for target, entities in referring.items()}


async def referring_to(desk: Desk, refs: AbstractSet[Ref]) -> frozenset[EntityId]:
    """Return the entities of other records that point at *refs*: what they say can be read once these are linked."""
    if not refs:
        return frozenset()
    found = await desk.store.records.referring_to(desk.portfolio.name, refs)
    return frozenset(link.entity for link in (await desk.store.links.by_refs(found)).values())


def new_link(desk: Desk, record: Record, entity: EntityId) -> LinkRow:
    """Return a fresh link of *record* and *entity*."""
    return LinkRow(
        id=LinkId(desk.world.new_id()),
        entity=entity,
        ref=record.ref,
        portfolio=desk.portfolio.name,
        container=record.container,
        type=record.type,
        key=record.key,
        url=record.url,
        linked_at=desk.world.now(),
    )
