"""What a cycle decides about, a portion at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from syncd.engine.desk import Desk
from syncd.engine.judge import Judgement
from syncd.model.refs import EntityId

PORTION = 500
"""Entities decided together; parents and dates are checked against all others too."""


async def in_portions(ids: Sequence[EntityId]) -> AsyncIterator[Sequence[EntityId]]:
    """Yield *ids* as `decide` takes them."""
    for start in range(0, len(ids), PORTION):
        yield ids[start : start + PORTION]


async def keep_nothing(_: Sequence[Judgement]) -> None:
    """Forget decisions that lead to no write and that nobody has to be told of: a plan is of the others."""


async def dirty(desk: Desk, taken: dict[EntityId, int]) -> AsyncIterator[Sequence[EntityId]]:
    """Yield what is dirty, noting in *taken* as of which generation."""
    after: EntityId | None = None
    while some := await desk.store.dirty.take(desk.portfolio.name, PORTION, after=after):
        taken.update(some)
        *_, after = some
        yield sorted(some)


async def dirty_among(
    desk: Desk, ids: Sequence[EntityId], taken: dict[EntityId, int]
) -> AsyncIterator[Sequence[EntityId]]:
    """Yield what is dirty of *ids*, in their order, noting in *taken* as of which generation."""
    for start in range(0, len(ids), PORTION):
        portion = ids[start : start + PORTION]
        some = await desk.store.dirty.take_of(portion)
        taken.update(some)
        yield [one for one in portion if one in some]
