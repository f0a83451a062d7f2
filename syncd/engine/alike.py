"""Proposing that two linked items may be one, where no rule can say so; a person answers, nothing is linked by it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from syncd.engine.desk import Desk
from syncd.engine.places import place_of
from syncd.model.canonical import Kind, Unset, Value
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.similar import Alike, Profile, find_alike
from syncd.store.rows import EntityRow, LinkRow, LinkState, MatchProposalRow, ObservedRow, ProposalState

DUE: Mapping[Kind, str] = {Kind.INITIATIVE: "target_on"}
"""The field that says when something is due, where it is not `due_on`."""
PEOPLE = ("owner", "assignees")


async def propose(desk: Desk, at_least: Mapping[Kind, int], among: Collection[EntityId] | None = None) -> int:
    """
    Keep a proposal for every two items that look alike, and return how many are new.

    With *among* only pairs with one of these. A pair a person kept apart once
    is not proposed again.
    """
    if not at_least or (among is not None and not among):
        return 0
    profiles: dict[EntityId, Profile] = {}
    links: dict[EntityId, list[LinkRow]] = {}
    for kind in sorted(at_least):
        ids = await desk.store.entities.ids(desk.portfolio.name, kind)
        found = await desk.store.links.by_entities(ids)
        links |= {one: [each for each in mine if each.state is LinkState.LIVE] for one, mine in found.items()}
        profiles |= await _profiles(desk, kind, [one for one in ids if links.get(one)], found)
    rows = [_row(desk, pair, links) for pair in find_alike(profiles.values(), at_least, among)]
    async with desk.store.transaction() as tx:
        return await tx.proposals.add(rows)


async def _profiles(
    desk: Desk, kind: Kind, ids: Sequence[EntityId], links: Mapping[EntityId, Sequence[LinkRow]]
) -> Mapping[EntityId, Profile]:
    """Return what each entity is compared by: what is agreed, else what its first record shows."""
    entities = await desk.store.entities.by_ids(ids)
    new = [link.id for one in ids if not entities[one].values for link in links[one]]
    seen = await desk.store.records.observed_of_links(new)
    return {one: _profile(desk, kind, entities[one], links[one], seen) for one in ids}


def _profile(
    desk: Desk, kind: Kind, entity: EntityRow, links: Sequence[LinkRow], seen: Mapping[LinkId, ObservedRow]
) -> Profile:
    values: dict[str, Value] = {k: v for k, v in entity.values.items() if not isinstance(v, Unset)}
    due_field = DUE.get(kind, "due_on")
    if not values:
        for link in links:
            if link.id in seen:
                shown = desk.readings(seen[link.id].record, kind, ("title", due_field, "parent", *PEOPLE))
                values |= {name: value for name, value in shown.items() if name not in values}
    due, title, parent = values.get(due_field), values.get("title"), values.get("parent")
    held = [values.get(name) for name in PEOPLE]
    people = {each for value in held for each in (value if isinstance(value, frozenset) else {value} if value else ())}
    return Profile(
        entity=entity.id,
        kind=kind,
        places=frozenset(place_of(link, kind) for link in links if link.state is not LinkState.UNLINKED),
        title=title if isinstance(title, str) else "",
        due_on=due if isinstance(due, date) else None,
        people=frozenset(str(each) for each in people),
        parent=EntityId(parent) if isinstance(parent, str) else None,
    )


def _row(desk: Desk, pair: Alike, links: Mapping[EntityId, Sequence[LinkRow]]) -> MatchProposalRow:
    return MatchProposalRow(
        id=hashlib.sha256(f"{pair.first}\n{pair.second}".encode()).hexdigest()[:8],
        portfolio=desk.portfolio.name,
        kind=pair.kind,
        refs=tuple(
            link.ref for one in (pair.first, pair.second) for link in sorted(links[one], key=lambda each: each.ref)
        ),
        reason="; ".join(pair.reasons),
        confidence=pair.confidence,
        made_at=desk.world.now(),
    )


async def open_pairs(desk: Desk) -> Mapping[str, frozenset[EntityId]]:
    """
    Return the two entities of every open proposal of alike items, by the proposal's id.

    Proposals that no longer ask anything are dropped: one side went away, or both are one item now.
    """
    rows = await desk.store.proposals.by_portfolio(desk.portfolio.name, ProposalState.OPEN)
    alike = [row for row in rows if row.confidence is not None]
    links = await desk.store.links.by_refs([ref for row in alike for ref in row.refs])
    pairs = {
        row.id: frozenset(
            links[ref].entity for ref in row.refs if ref in links and links[ref].state is not LinkState.GONE
        )
        for row in alike
    }
    over = [name for name, pair in pairs.items() if len(pair) < 2]  # noqa: PLR2004 - a pair
    if over:
        async with desk.store.transaction() as tx:
            await tx.proposals.drop(over)
    return {name: pair for name, pair in pairs.items() if name not in over}


async def asked_of(desk: Desk, pairs: Mapping[str, frozenset[EntityId]]) -> frozenset[tuple[EntityId, ConnectionName]]:
    """Return which entities may be in which connections already, by the open proposals of alike items."""
    links = await desk.store.links.by_entities(sorted({one for pair in pairs.values() for one in pair}))
    return frozenset(
        (one, link.ref.connection)
        for pair in pairs.values()
        for one in pair
        for other in pair - {one}
        for link in links.get(other, ())
        if link.state is not LinkState.UNLINKED
    )
