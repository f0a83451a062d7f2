"""First contact: every new record finds its entity, becomes one, or becomes a question."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from types import MappingProxyType

from syncd.engine.alike import asked_of, open_pairs, propose
from syncd.engine.desk import Desk
from syncd.engine.hear import hear
from syncd.engine.old_copy import identity_of, suspect
from syncd.engine.places import place_of
from syncd.model.canonical import Kind, Unset
from syncd.model.native import Record
from syncd.model.refs import ConnectionName, EntityId, LinkId, Ref
from syncd.reconcile.match import Ambiguity, Candidate, Known, Matched, match
from syncd.store.rows import (
    EntityRow,
    LinkRow,
    LinkState,
    MatchProposalRow,
    ProposalState,
    QuarantineRow,
)

PORTION = 500
"""Links kept in one transaction, and entities looked at together."""

CLONE = "it carries the marker"
"""How the reason begins for which a copy of a record of ours is set aside."""

STRAY = "it begins with our signature, and its original is not known any more: take that line off if it is its own"
"""Why a comment we once made, and cannot tell whose copy it is, is never taken for a new one."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What first contact found in one cycle."""

    linked: int = 0
    entities: int = 0
    ambiguous: tuple[Ambiguity, ...] = ()
    alike: int = 0
    """Open proposals of items that look alike."""
    clones: Mapping[Ref, EntityId] | None = None
    asked: frozenset[tuple[EntityId, ConnectionName]] = frozenset()
    """Which entities may be in which connections already: a person is being asked."""


async def adopt(desk: Desk) -> Adopted:
    """
    Link every unlinked record in scope, but for ambiguous ones and clones.

    Nothing is written to any tool.
    """
    records, candidates, comments = await _unlinked(desk)
    found = Matched()
    candidates = await _with_identities(desk, records, candidates)
    await suspect(desk, candidates)
    if candidates:
        found = match(candidates, await _known(desk, {candidate.kind for candidate in candidates}))
        fresh = await _link(desk, records, {candidate.ref: candidate.kind for candidate in candidates}, found)
        await propose(desk, desk.mapping.similar, fresh)
    said = await hear(desk, list(comments.values()))  # below what was linked just now
    await _link(desk, comments, dict.fromkeys(comments, Kind.COMMENT), said.found, said.parents)
    clones = {**found.clones, **said.found.clones}
    await _set_aside(desk, clones, said.strays)
    await _ask(desk, found.ambiguous)
    groups = (*found.groups, *said.found.groups)
    told = Adopted(
        linked=len(found.joins) + len(said.found.joins) + sum(len(group) for group in groups),
        entities=len(groups),
        ambiguous=found.ambiguous,
        clones=clones,
        asked=frozenset(
            (entity, ref.connection) for each in found.ambiguous for entity in each.entities for ref in each.refs
        ),
    )
    return await _with_alike(desk, told)


async def _with_alike(desk: Desk, told: Adopted) -> Adopted:
    """Add what is asked about items that look alike, now or since an earlier cycle."""
    pairs = await open_pairs(desk)
    return replace(told, alike=len(pairs), asked=told.asked | await asked_of(desk, pairs))


async def _unlinked(desk: Desk) -> tuple[dict[Ref, Record], list[Candidate], dict[Ref, Record]]:
    """
    Return the records that may be linked, what they can be recognised by, and the comments.

    All of them are held at once, since what is the same is told from all; so
    without their fields, but for comments.
    """
    records: dict[Ref, Record] = {}
    candidates: list[Candidate] = []
    comments: dict[Ref, Record] = {}
    async for row in desk.store.records.unlinked(desk.portfolio.name):
        record = row.record
        kind = desk.mapping.kind_of(record.ref.connection, record.type)
        account = desk.accounts.get(record.ref.connection)
        if kind is None or account is None or not account.is_ready:
            continue
        if desk.link_state(record, kind) is not LinkState.LIVE:
            continue
        if kind is Kind.COMMENT:
            comments[record.ref] = record
        else:
            records[record.ref] = replace(record, fields={})
            candidates.append(_candidate(desk, record, kind))
    return records, candidates, comments


async def _with_identities(
    desk: Desk, records: Mapping[Ref, Record], candidates: Sequence[Candidate]
) -> list[Candidate]:
    """Add which markers lead to each record; one that was parted from something is led to by none."""
    parted = await desk.store.links.parted([each.ref for each in candidates])
    return [
        replace(each, identities=frozenset(identity_of(ref) for ref in (each.ref, *records[each.ref].aliases)))
        if each.ref not in parted
        else each
        for each in candidates
    ]


def _candidate(desk: Desk, record: Record, kind: Kind) -> Candidate:
    values = desk.readings(record, kind, _telling(desk, kind))
    title = values.get("title")
    return Candidate(
        ref=record.ref,
        kind=kind,
        place=place_of(record, kind),
        title=title if isinstance(title, str) else record.key,
        keys=desk.mapping.match_keys(kind, record, values),
        marker=record.marker,
    )


def _telling(desk: Desk, kind: Kind) -> frozenset[str]:
    """Return the fields that a match rule looks at, and the title."""
    return frozenset(name for rule in desk.mapping.match_rules(kind) for name in rule.fields) | {"title"}


async def _known(desk: Desk, kinds: Iterable[Kind]) -> list[Known]:
    """Return every entity of *kinds*, by what each of its records shows and by what it is canonically."""
    known: list[Known] = []
    for kind in sorted(kinds):
        ids = await desk.store.entities.ids(desk.portfolio.name, kind)
        for start in range(0, len(ids), PORTION):
            known += await _known_of(desk, kind, ids[start : start + PORTION])
    return known


async def _known_of(desk: Desk, kind: Kind, ids: Sequence[EntityId]) -> list[Known]:
    entities = await desk.store.entities.by_ids(ids)
    links = await desk.store.links.by_entities(ids)
    seen = await desk.store.records.observed_of_links([link.id for each in links.values() for link in each])
    known = []
    for one in ids:
        mine = [link for link in links.get(one, ()) if link.state is not LinkState.UNLINKED]
        values = {name: value for name, value in entities[one].values.items() if not isinstance(value, Unset)}
        records = [seen[link.id].record for link in mine if link.id in seen]
        known.append(
            Known(
                entity=one,
                kind=kind,
                places=frozenset(place_of(link, kind) for link in mine),
                keys=frozenset(
                    key
                    for record in records
                    if _is_described(desk, record.ref.connection)
                    for key in desk.mapping.match_keys(
                        kind, record, {**desk.readings(record, kind, _telling(desk, kind)), **values}
                    )
                ),
            )
        )
    return known


def _is_described(desk: Desk, connection: ConnectionName) -> bool:
    """Whether there are lenses for a connection; one that left the portfolio has none."""
    account = desk.accounts.get(connection)
    return account is not None and account.description is not None


async def _link(
    desk: Desk,
    records: Mapping[Ref, Record],
    kinds: Mapping[Ref, Kind],
    found: Matched,
    parents: Mapping[Ref, EntityId] = MappingProxyType({}),
) -> frozenset[EntityId]:
    """Link what was recognised, and return the entities made."""
    links = [new_link(desk, records[ref], entity) for ref, entity in sorted(found.joins.items())]
    entities: dict[EntityId, EntityRow] = {}
    wanted = {group: _identity(records, group) for group in found.groups}
    used = set(await desk.store.entities.by_ids(sorted(set(wanted.values()))))
    for group in found.groups:
        one = wanted[group] if wanted[group] not in used else EntityId(desk.world.new_id())
        used.add(one)
        entity = _new_entity(desk, one, kinds[group[0]], parents.get(group[0]))
        entities[entity.id] = entity
        links += [new_link(desk, records[ref], entity.id) for ref in group]
    waiting = frozenset() if parents else await referring_to(desk, {link.ref for link in links})
    for start in range(0, len(links), PORTION):
        some = links[start : start + PORTION]
        above = {link.entity for link in some}
        below = await desk.store.entities.below(sorted(above))
        async with desk.store.transaction() as tx:
            await tx.entities.save([entities[one] for one in sorted(above & entities.keys())])
            await tx.links.save(some)
            if desk.restoring:
                await tx.restored.add(sorted(above & entities.keys()))
            await tx.dirty.mark(sorted({*above, *below, *waiting}))
    desk.links.add(links)
    return frozenset(entities)


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


async def _set_aside(desk: Desk, clones: Mapping[Ref, EntityId], strays: Collection[Ref]) -> None:
    """Quarantine records that carry the marker of another one, or our signature, each told once, while they do."""
    links = await desk.store.links.by_entities(sorted(set(clones.values())))
    originals = {
        ref: next((link for link in links.get(entity, ()) if link.ref.connection == ref.connection), None)
        for ref, entity in clones.items()
    }
    rows = await desk.store.quarantine.all()
    known = [row for row in rows if row.reason.startswith((CLONE, STRAY)) and row.field is None]
    held = {row.ref for row in known}
    fresh = [
        QuarantineRow(
            connection=ref.connection,
            ref=ref,
            reason=f"{CLONE} of {original.key if original else 'another record'}, which is linked already: "
            "take the marker off the copy if it is a thing of its own",
            since=desk.world.now(),
        )
        for ref, original in sorted(originals.items())
        if ref not in held
    ] + [
        QuarantineRow(connection=ref.connection, ref=ref, reason=STRAY, since=desk.world.now())
        for ref in sorted(strays)
        if ref not in held
    ]
    async with desk.store.transaction() as tx:
        await tx.quarantine.add(fresh)
        over = [row for row in known if row.ref not in clones and row.ref not in strays]
        await tx.quarantine.release([row for row in over if row.connection in desk.accounts])


async def _ask(desk: Desk, ambiguous: Sequence[Ambiguity]) -> None:
    """Keep what is ambiguous now as open proposals, and drop those that no longer are."""
    rows = [
        MatchProposalRow(
            id=hashlib.sha256(
                "\n".join([each.kind, each.key, *map(str, each.refs), *each.entities]).encode()
            ).hexdigest()[:8],
            portfolio=desk.portfolio.name,
            kind=each.kind,
            refs=each.refs,
            entity=each.entities[0] if len(each.entities) == 1 else None,
            reason=each.why,
            made_at=desk.world.now(),
        )
        for each in ambiguous
    ]
    kept = {row.id for row in rows}
    open_now = await desk.store.proposals.by_portfolio(desk.portfolio.name, ProposalState.OPEN)
    over = [row.id for row in open_now if row.confidence is None and row.id not in kept]
    async with desk.store.transaction() as tx:
        await tx.proposals.add(rows)
        await tx.proposals.drop(over)
