"""First contact of comments: which belong together, which are new, and which are ours and lost their original."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.engine.comments import native_in, parent_ref
from syncd.engine.desk import Desk
from syncd.mapping.lenses.comment import CommentLens, is_signed
from syncd.model.canonical import Kind
from syncd.model.native import Missing, Record
from syncd.model.refs import EntityId, LinkId, Ref
from syncd.reconcile.comments import Heard, Said, comment_keys, sameness
from syncd.reconcile.match import Candidate, Known, Matched, match
from syncd.store.rows import EntityRow, LinkRow, LinkState, ObservedRow


@dataclass(frozen=True, slots=True)
class Hearing:
    """What was found."""

    found: Matched = field(default_factory=Matched)
    parents: Mapping[Ref, EntityId] = field(default_factory=dict)
    """What each comment is below."""
    strays: frozenset[Ref] = frozenset()
    """Comments we made, of which no original is known: never taken for new ones, or they would come back as echoes."""


async def hear(desk: Desk, records: Sequence[Record]) -> Hearing:
    """
    Say where each unlinked comment of *records* belongs whose parent is linked; nothing is kept yet.

    By our marker, else by what it says below one item. Never by asking.
    """
    if not records:
        return Hearing()
    parents = await _parents(desk, records)
    said = {record.ref: record for record in records if record.ref in parents}
    heard, marked = await _known(desk, set(parents.values()), {each.marker for each in said.values() if each.marker})
    unmarked = [each for each in said.values() if each.marker is None or each.marker not in marked]
    keys, known = comment_keys([_said(desk, each, parents[each.ref]) for each in unmarked], heard)
    found = match(
        [_candidate(record, keys.get(record.ref)) for record in said.values()],
        [
            Known(entity=one, kind=Kind.COMMENT, places=frozenset(places), keys=known.get(one, frozenset()))
            for one, places in marked.items()
        ],
    )
    alone = {group[0] for group in found.groups if len(group) == 1}
    strays = frozenset(ref for ref in alone if _is_ours(desk, said[ref]))
    groups = tuple(group for group in found.groups if group[0] not in strays)
    kept = Matched(joins=found.joins, groups=groups, clones=found.clones)
    return Hearing(kept, parents, strays)


async def _parents(desk: Desk, records: Sequence[Record]) -> Mapping[Ref, EntityId]:
    """Return what each comment is below, where that is linked and in plain sight; the others wait."""
    refs = {record.ref: ref for record in records if (ref := parent_ref(desk, record)) is not None}
    desk.links.add((await desk.store.links.by_refs(sorted(set(refs.values())))).values())
    return {
        one: entity
        for one, ref in refs.items()
        if desk.links.is_live(ref) and (entity := desk.links.entity_of(ref)) is not None
    }


async def _known(
    desk: Desk, parents: set[EntityId], markers: set[EntityId]
) -> tuple[list[Heard], Mapping[EntityId, set[str]]]:
    """Return the comments below *parents*, and the places of every comment these or *markers* name."""
    below = await desk.store.entities.below(sorted(parents))
    entities = await desk.store.entities.by_ids(sorted({*below, *markers}))
    entities = {one: row for one, row in entities.items() if row.kind is Kind.COMMENT}
    links = await desk.store.links.by_entities(sorted(entities))
    seen = await desk.store.records.observed_of_links([link.id for each in links.values() for link in each])
    mine = {
        one: [link for link in links.get(one, ()) if link.state is not LinkState.UNLINKED] for one in sorted(entities)
    }
    heard = [
        Heard(
            entity=one,
            parent=below[one],
            bodies=_bodies(desk, entities[one], [seen[link.id].record for link in mine[one] if link.id in seen]),
            places=frozenset(link.ref.connection for link in mine[one]),
            order=(_written(seen, mine[one]), one),
        )
        for one in mine
        if one in below and mine[one]
    ]
    return heard, {one: {link.ref.connection for link in rows} for one, rows in mine.items()}


def _written(seen: Mapping[LinkId, ObservedRow], links: Sequence[LinkRow]) -> str:
    times = [row.record.created_at for link in links if (row := seen.get(link.id)) and row.record.created_at]
    return min(times).isoformat() if times else ""


def _bodies(desk: Desk, entity: EntityRow, records: Sequence[Record]) -> frozenset[str]:
    told = [entity.values.get("body"), *(_body(desk, record) for record in records)]
    return frozenset(sameness(each) for each in told if isinstance(each, str))


def _body(desk: Desk, record: Record) -> object:
    """Return what a comment says, without our signature; nothing where it cannot be read."""
    slot = desk.slot(record.ref.connection, Kind.COMMENT, "body", record.type, record.container)
    native = native_in(desk, record, "body")
    if slot is None or isinstance(native, Missing):
        return None
    return slot.lens.get(native) or ""


def _said(desk: Desk, record: Record, parent: EntityId) -> Said:
    body = _body(desk, record)
    written = record.created_at.isoformat() if record.created_at else ""
    return Said(
        ref=record.ref,
        parent=parent,
        body=sameness(body) if isinstance(body, str) else f"unreadable {record.ref}",
        order=(written, record.ref),
    )


def _candidate(record: Record, key: str | None) -> Candidate:
    return Candidate(
        ref=record.ref,
        kind=Kind.COMMENT,
        place=record.ref.connection,
        title=record.key,
        keys=() if key is None else (key,),
        marker=record.marker,
    )


def _is_ours(desk: Desk, record: Record) -> bool:
    slot = desk.slot(record.ref.connection, Kind.COMMENT, "body", record.type, record.container)
    native = native_in(desk, record, "body")
    return slot is not None and isinstance(slot.lens, CommentLens) and is_signed(slot.lens, native)
