"""First contact: every new record finds its entity, becomes one, or becomes a question."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from syncd.engine.alike import asked_of, open_pairs, propose
from syncd.engine.desk import Desk
from syncd.engine.hear import hear
from syncd.engine.linking import Linking
from syncd.engine.newcomers import candidates_of, count_newcomers, newcomers, telling
from syncd.engine.old_copy import identity_of, suspect
from syncd.engine.places import place_of
from syncd.model.canonical import Kind, Unset
from syncd.model.native import Record
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.match import Ambiguity, Candidate, Known, Matched, match
from syncd.reconcile.meeting import Census
from syncd.store.rows import LinkState, MatchProposalRow, ProposalState, QuarantineRow

PORTION = 500
"""Records and entities looked at together."""

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

    What meets nobody is linked portion by portion; only what shares something
    with another is held until all of it is known. Nothing is written to any tool.
    """
    census, comments, marked = await count_newcomers(desk)
    await suspect(desk, marked)
    links = Linking(desk, census)
    found = Matched() if census.is_empty else await _meet(desk, census, links)
    await propose(desk, desk.mapping.similar, links.fresh)
    said = await hear(desk, list(comments.values()))  # below what was linked just now
    await links.add(comments, dict.fromkeys(comments, Kind.COMMENT), said.found, said.parents)
    clones = {**found.clones, **said.found.clones}
    await _set_aside(desk, clones, said.strays)
    await _ask(desk, found.ambiguous)
    told = Adopted(
        linked=links.linked,
        entities=links.made,
        ambiguous=found.ambiguous,
        clones=clones,
        asked=frozenset(
            (entity, ref.connection) for each in found.ambiguous for entity in each.entities for ref in each.refs
        ),
    )
    return await _with_alike(desk, told)


async def _meet(desk: Desk, census: Census, links: Linking) -> Matched:
    """Link what is alone as it comes, then match all the others with each other and with what they may be."""
    known = await _known(desk, census)
    records: dict[Ref, Record] = {}
    candidates: list[Candidate] = []
    async for portion in newcomers(desk, PORTION):
        alone = portion
        if not census.is_sparse:
            told = await candidates_of(desk, portion)
            alone = [
                each for each, one in zip(portion, told, strict=True) if census.is_alone(one, identity_of(one.ref))
            ]
            lone = {each.record.ref for each in alone}
            records |= {
                each.record.ref: replace(each.record, fields={}) for each in portion if each.record.ref not in lone
            }
            candidates += [one for one in told if one.ref not in lone]
        await links.add(
            {each.record.ref: each.record for each in alone},
            {each.record.ref: each.kind for each in alone},
            Matched(groups=tuple((each.record.ref,) for each in alone)),
        )
    found = match(candidates, known)
    await links.add(records, {each.ref: each.kind for each in candidates}, found)
    return found


async def _with_alike(desk: Desk, told: Adopted) -> Adopted:
    """Add what is asked about items that look alike, now or since an earlier cycle."""
    pairs = await open_pairs(desk)
    return replace(told, alike=len(pairs), asked=told.asked | await asked_of(desk, pairs))


async def _known(desk: Desk, census: Census) -> list[Known]:
    """Return every entity that a candidate may be, by what each of its records shows and by what it is canonically."""
    known: list[Known] = []
    for kind in sorted(census.kinds):
        ids = await desk.store.entities.ids(desk.portfolio.name, kind)
        for start in range(0, len(ids), PORTION):
            some = await _known_of(desk, kind, ids[start : start + PORTION])
            known += [each for each in some if census.meets(each)]
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
                        kind, record, {**desk.readings(record, kind, telling(desk, kind)), **values}
                    )
                ),
            )
        )
    return known


def _is_described(desk: Desk, connection: ConnectionName) -> bool:
    """Whether there are lenses for a connection; one that left the portfolio has none."""
    account = desk.accounts.get(connection)
    return account is not None and account.description is not None


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
