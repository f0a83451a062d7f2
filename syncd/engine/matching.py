"""What a person says of match proposals, and of items that belong together."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.engine.desk import Desk
from syncd.engine.linking import new_link, referring_to
from syncd.engine.unite import unite
from syncd.errors import ConfigError
from syncd.model.refs import EntityId
from syncd.store.rows import EntityRow, MatchProposalRow, ProposalState


async def find_proposal(desk: Desk, name: str) -> MatchProposalRow:
    """
    Return the open proposal whose id begins with *name*.

    Raises:
        ConfigError: none does, or several do.
    """
    rows = [
        row
        for row in await desk.store.proposals.find(name)
        if row.portfolio == desk.portfolio.name and row.state is ProposalState.OPEN
    ]
    if len(rows) == 1:
        return rows[0]
    what = f'there is no open match proposal "{name}"' if not rows else f'"{name}" begins {len(rows)} proposals'
    raise ConfigError(what, fix="run syncd match list")


async def accept_match(desk: Desk, proposal: MatchProposalRow, keys: Sequence[str]) -> EntityId:
    """
    Link the records called *keys* (all of the proposal's when empty) as one entity, and return it.

    Raises:
        ConfigError: a key is not in the proposal, two of them live in one place, or two have entities already.
    """
    if proposal.confidence is not None:
        return await _accept_alike(desk, proposal, keys)
    seen = await desk.store.records.observed(proposal.refs)
    by_key = {seen[ref].record.key: ref for ref in proposal.refs if ref in seen}
    linked = {link.key: link for key in keys for link in await desk.store.links.by_key(key)}
    if unknown := [key for key in keys if key not in by_key and key not in linked]:
        raise ConfigError(f"{', '.join(unknown)}: not in this proposal", fix=f"name some of {', '.join(by_key)}")
    refs = [ref for key, ref in by_key.items() if not keys or key in keys]
    owners = {link.entity for link in linked.values()} | ({proposal.entity} if proposal.entity else set())
    if len(owners) > 1:
        raise ConfigError("these belong to two items already", fix="name the keys of one of them only")
    places = [(ref.connection, seen[ref].record.container) for ref in refs]
    if len(set(places)) < len(places):
        raise ConfigError(
            "two of these live in the same place, and an item can be there only once",
            fix=f"name the keys that belong together: syncd match accept {proposal.id} KEY KEY",
        )
    entity = owners.pop() if owners else EntityId(desk.world.new_id())
    await _link(desk, proposal, refs, entity, is_new=not linked and proposal.entity is None)
    return entity


async def _accept_alike(desk: Desk, proposal: MatchProposalRow, keys: Sequence[str]) -> EntityId:
    """Make one item of two that look alike; what else was asked about either is asked of the one from now on."""
    if keys:
        raise ConfigError(
            "this proposal is about two items as a whole", fix=f"run syncd match accept {proposal.id} without keys"
        )
    entity = await unite(desk, proposal.refs)
    async with desk.store.transaction() as tx:
        await tx.proposals.decide(proposal.id, ProposalState.ACCEPTED, desk.world.now())
    return entity


async def reject_match(desk: Desk, proposal: MatchProposalRow) -> list[EntityId]:
    """Say that nothing in *proposal* belongs together: each record becomes, or stays, an item of its own."""
    if proposal.confidence is not None:
        linked = await desk.store.links.by_refs(proposal.refs)
        apart = sorted({link.entity for link in linked.values()})
        async with desk.store.transaction() as tx:
            await tx.proposals.decide(proposal.id, ProposalState.REJECTED, desk.world.now())
            await tx.dirty.mark(apart)  # what was not created because of the question may be due now
        return apart
    entities = [EntityId(desk.world.new_id()) for _ in proposal.refs]
    for ref, entity in zip(proposal.refs, entities, strict=True):
        await _link(desk, proposal, [ref], entity, is_new=True, state=ProposalState.REJECTED)
    return entities


async def _link(
    desk: Desk,
    proposal: MatchProposalRow,
    refs: Sequence[object],
    entity: EntityId,
    *,
    is_new: bool,
    state: ProposalState = ProposalState.ACCEPTED,
) -> None:
    now = desk.world.now()
    seen = await desk.store.records.observed([ref for ref in proposal.refs if ref in refs])
    row = EntityRow(
        id=entity, portfolio=desk.portfolio.name, kind=proposal.kind, values={}, provenance={}, created_at=now
    )
    waiting = await referring_to(desk, set(seen)) | (await desk.store.entities.below([entity])).keys()
    async with desk.store.transaction() as tx:
        await tx.entities.save([row] if is_new else [])
        await tx.links.join_again(list(seen))
        await tx.links.save([new_link(desk, each.record, entity) for each in seen.values()])
        await tx.dirty.mark(sorted({entity} | waiting))
        if proposal.state is ProposalState.OPEN:
            await tx.proposals.decide(proposal.id, state, now)
