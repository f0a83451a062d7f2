"""Two items are one, says a person: their links come under one entity; what the joined ones hold is first contact."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from syncd.engine.comments import to_hear_again
from syncd.engine.desk import Desk
from syncd.engine.linking import new_link, referring_to
from syncd.engine.places import place_of
from syncd.errors import ConfigError
from syncd.model.canonical import FieldType, Kind, Unset, Value
from syncd.model.native import Record
from syncd.model.refs import EntityId, Ref
from syncd.store.rows import BaseField, BaseRow, EntityRow, LinkRow, LinkState, ObservedRow

_REFERRING: Final = frozenset({FieldType.ENTITY, FieldType.ENTITIES})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is to become one item."""

    kind: Kind
    entities: Mapping[EntityId, EntityRow]
    links: Mapping[EntityId, Sequence[LinkRow]]
    unlinked: Mapping[Ref, ObservedRow]


async def check_unity(desk: Desk, refs: Sequence[Ref]) -> Parts:
    """Return what *refs* stand for. Raises `ConfigError` where that cannot be one item (see `unite`)."""
    links = await desk.store.links.by_refs(refs)
    seen = await desk.store.records.observed([ref for ref in refs if ref not in links])
    owners = sorted({link.entity for link in links.values()})
    entities = await desk.store.entities.by_ids(owners)
    mine = await desk.store.links.by_entities(owners)
    kind = _one_kind(desk, entities, seen)
    _apart(mine, seen, kind)
    await _at_rest(desk, owners)
    return Parts(kind=kind, entities=entities, links=mine, unlinked=seen)


async def unite(desk: Desk, refs: Sequence[Ref]) -> EntityId:
    """
    Bring everything linked like *refs*, and those of *refs* not linked yet, under one entity, and return it.

    Nothing is written to any tool: what the joined records show differently is
    first contact, so the next plan proposes or asks. What pointed at the other
    entities points at the one that stays: the one we made most records for,
    else the oldest.

    Raises:
        ConfigError: they are of different kinds, two live in one place, or a write of one is under way.
    """
    parts = await check_unity(desk, refs)
    entities = parts.entities
    stays = _staying(entities, parts.links) if entities else EntityId(desk.world.new_id())
    gone = set(entities) - {stays}
    moved = [replace(link, entity=stays) for one in gone for link in parts.links.get(one, ())]
    made = [new_link(desk, row.record, stays) for row in parts.unlinked.values()]
    waiting = await referring_to(desk, {link.ref for link in [*moved, *made]})
    repointed = [each async for each in _repointed(desk, gone, stays)]
    again = await to_hear_again(desk, sorted(gone))
    rebased = await _rebased(desk, [row.id for row in repointed], gone, stays)
    new = EntityRow(
        id=stays, portfolio=desk.portfolio.name, kind=parts.kind, values={}, provenance={}, created_at=desk.world.now()
    )
    async with desk.store.transaction() as tx:
        await tx.entities.save([*repointed, *([] if entities else [new])])
        await tx.links.join_again([link.ref for link in made])
        await tx.links.save([*moved, *made, *again])
        await tx.bases.forget([link.id for link in moved])
        await tx.bases.save(rebased)
        await tx.pauses.move(gone, stays)
        await tx.entities.remove_unlinked(sorted(gone))
        await tx.dirty.mark(sorted({stays, *(waiting - gone), *(row.id for row in repointed)}))
    desk.links.clear()
    return stays


def _one_kind(desk: Desk, entities: Mapping[EntityId, EntityRow], seen: Mapping[Ref, ObservedRow]) -> Kind:
    kinds = {row.kind for row in entities.values()} | {_kind(desk, row.record) for row in seen.values()}
    if len(kinds) != 1 or None in kinds:
        told = " and ".join(sorted(str(kind or "something no rule maps") for kind in kinds)) or "nothing we know"
        raise ConfigError(f"these are {told}, and only things of one kind can be one item", fix="name others")
    return next(kind for kind in kinds if kind is not None)


def _kind(desk: Desk, record: Record) -> Kind | None:
    return desk.mapping.kind_of(record.ref.connection, record.type)


def _apart(mine: Mapping[EntityId, Sequence[LinkRow]], seen: Mapping[Ref, ObservedRow], kind: Kind) -> None:
    """Refuse what would put two records of one item into one place."""
    links = [link for each in mine.values() for link in each if link.state is not LinkState.UNLINKED]
    there: list[tuple[str, str]] = [(place_of(link, kind), link.key) for link in links]
    there += [(place_of(row.record, kind), row.record.key) for row in seen.values()]
    twice = {place for place, times in Counter(place for place, _ in there).items() if times > 1}
    if twice:
        keys = ", ".join(key for place, key in sorted(there) if place in twice)
        raise ConfigError(
            f"{keys} live in the same place ({', '.join(sorted(twice))}), and an item can be there only once",
            fix="name only one of them, or say that they are different: syncd match reject",
        )


async def _at_rest(desk: Desk, owners: Sequence[EntityId]) -> None:
    for ops in (await desk.store.journal.open_of_entities(owners)).values():
        if ops:
            raise ConfigError(
                f"a write of one of them in {ops[0].connection} is under way, and its outcome is not known yet",
                fix="run syncd sync, and try again when syncd status shows no write under way",
            )


def _staying(entities: Mapping[EntityId, EntityRow], mine: Mapping[EntityId, Sequence[LinkRow]]) -> EntityId:
    def rank(row: EntityRow) -> tuple[int, object, str]:
        marked = sum(link.created_by_us for link in mine.get(row.id, ()))
        return -marked, row.created_at, row.id

    return min(entities.values(), key=rank).id


async def _repointed(desk: Desk, gone: set[EntityId], stays: EntityId) -> AsyncIterator[EntityRow]:
    """Yield the entities whose values name one that goes, with the one that stays instead."""
    async for row in desk.store.entities.by_portfolio(desk.portfolio.name):
        if row.id in gone:
            continue
        values = {name: _instead(desk, row.kind, name, value, gone, stays) for name, value in row.values.items()}
        parent = stays if row.parent in gone else row.parent
        if values != row.values or parent != row.parent:
            yield replace(row, values=values, parent=parent)


def _instead(
    desk: Desk, kind: Kind, name: str, value: Value | Unset, gone: set[EntityId], stays: EntityId
) -> Value | Unset:
    spec = desk.mapping.fields(kind).get(name)
    if spec is None or spec.type not in _REFERRING:
        return value
    if isinstance(value, frozenset):
        return frozenset(stays if each in gone else each for each in value)
    return stays if isinstance(value, str) and value in gone else value


async def _rebased(desk: Desk, entities: Sequence[EntityId], gone: set[EntityId], stays: EntityId) -> list[BaseRow]:
    """Return the bases of *entities* with what they were accounted for meaning the one that stays."""
    rows = await desk.store.entities.by_ids(entities)
    links = [
        (link, rows[one].kind) for one, each in (await desk.store.links.by_entities(entities)).items() for link in each
    ]
    bases = await desk.store.bases.of_links([link.id for link, _ in links])
    changed = []
    for link, kind in links:
        if (base := bases.get(link.id)) is None:
            continue
        fields = {
            name: BaseField(field.shown, _instead(desk, kind, name, field.meant, gone, stays), field.stale)
            for name, field in base.fields.items()
        }
        if fields != base.fields:
            changed.append(BaseRow(link.id, fields))
    return changed
