"""From the store's rows to items, with everything their lenses will ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from syncd.engine.comments import arrange
from syncd.engine.desk import Desk
from syncd.engine.insist import stands
from syncd.engine.items import Item, Side, state_of
from syncd.model.canonical import Kind, Unset, Value
from syncd.model.codec import refs_of
from syncd.model.native import MISSING
from syncd.model.refs import EntityId, LinkId
from syncd.reconcile.create import Slot
from syncd.reconcile.state import EntityState, Pending, Refusal
from syncd.store.rows import FieldStateRow, LinkRow, ObservedRow, OpRow

REQUEST_TIMEOUT_S = 60.0
"""A request may still arrive this long after it was sent; until then nothing is concluded from its absence."""


async def load_items(desk: Desk, ids: Sequence[EntityId]) -> list[Item]:
    """Return the entities of *ids* with all their links, and let the lenses know what they refer to."""
    store = desk.store
    entities = await store.entities.by_ids(ids)
    links = await store.links.by_entities(ids)
    every = [link.id for found in links.values() for link in found]
    observed = await store.records.observed_of_links(every)
    bases = await store.bases.of_links(every)
    states = await store.field_states.of_entities(ids)
    refused = _refusals(row for row in states if stands(row, desk.world.now()))
    pending = {link: _pending(ops) for link, ops in (await store.journal.open_of_links(every)).items()}
    await _know_targets(desk, links, observed.values(), (entity.values for entity in entities.values()))
    items = [
        Item(
            entity=entities[one],
            sides=tuple(
                Side(
                    link=link,
                    observed=observed.get(link.id),
                    bases=bases[link.id].fields if link.id in bases else {},
                    refused=refused.get(link.id, {}),
                    pending=pending.get(link.id, {}),
                )
                for link in links.get(one, ())
            ),
        )
        for one in sorted(entities)
    ]
    return [arrange(desk, item) for item in items]


def _refusals(rows: Iterable[FieldStateRow]) -> Mapping[LinkId, dict[str, Refusal]]:
    found: dict[LinkId, dict[str, Refusal]] = {}
    for row in rows:
        if row.link is not None and row.refused is not MISSING and not isinstance(row.refused, Unset):
            found.setdefault(row.link, {})[row.field] = Refusal(row.refused, row.text)
    return found


def _pending(ops: Iterable[OpRow]) -> Mapping[str, Pending]:
    return {
        name: Pending(
            op=op.id,
            want=each.want,
            meant=each.meant,
            pre=None if each.pre is MISSING else each.pre,
            sent_at=op.sent_at,
            expires_at=op.sent_at + timedelta(seconds=REQUEST_TIMEOUT_S),
        )
        for op in ops
        if op.sent_at is not None
        for name, each in op.fields.items()
        if not isinstance(each.meant, Unset)
    }


async def _know_targets(
    desk: Desk,
    links: Mapping[EntityId, Sequence[LinkRow]],
    observed: Iterable[ObservedRow],
    values: Iterable[Mapping[str, Value | Unset]],
) -> None:
    """Fill the link index with whatever these records and entities refer to."""
    desk.links.add(link for found in links.values() for link in found)
    refs = {ref for row in observed for ref in refs_of(row.record)}
    unknown = [ref for ref in refs if desk.links.entity_of(ref) is None]
    desk.links.add((await desk.store.links.by_refs(unknown)).values())
    named = {EntityId(name) for held in values for name in _entities(held)}
    named |= {entity for ref in refs if (entity := desk.links.entity_of(ref)) is not None}
    found = await desk.store.links.by_entities(sorted(named))
    desk.links.add(link for each in found.values() for link in each)


ENTITY_FIELDS = ("parent", "milestone", "milestones", "iteration", "initiatives", "depends_on")


def _entities(values: Mapping[str, Value | Unset]) -> Iterable[str]:
    for name in ENTITY_FIELDS:
        value = values.get(name)
        if isinstance(value, str):
            yield value
        elif isinstance(value, frozenset):
            yield from value


def states_of(desk: Desk, items: Sequence[Item], *, preview: bool = False) -> dict[EntityId, EntityState]:
    """Return each item as the merge wants it told."""
    standing = desk.standing(preview=preview)
    desk.unbound |= {
        (side.connection, item.entity.kind, name)
        for item in items
        for side in item.sides
        if side.takes_part
        for name in side.bases
        if _slot_of(desk, item.entity.kind, side.link, name) is None
    }
    return {
        item.entity.id: state_of(
            item, desk.rules_of(item.entity.kind), partial(_slot_of, desk, item.entity.kind), standing
        )
        for item in items
    }


def _slot_of(desk: Desk, kind: Kind, link: LinkRow, name: str) -> Slot | None:
    return desk.slot(link.ref.connection, kind, name, link.type, link.container)
