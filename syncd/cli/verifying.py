"""`syncd verify`."""

from __future__ import annotations

from syncd.cli.failing import DONE, FAILED, HELD
from syncd.cli.finding import held_conflict, tell_warnings
from syncd.cli.naming import names_of
from syncd.cli.opening import open_for, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.pausing import paused_in
from syncd.engine.desk import Desk
from syncd.engine.load import load_items
from syncd.engine.verify import Verified, verify
from syncd.report.findings import Held
from syncd.report.values import as_json
from syncd.report.verify import DifferenceView, VerifyView, verify_text


def verify_tools(common: Common) -> int:
    """Compare all tools; 0 when they agree, 3 for drift or a held conflict, 1 when a tool did not answer."""
    return run_command(common, _verify(common))


async def _verify(common: Common) -> int:
    async with open_for(common, "Comparing the tools") as desk:
        view = await verify_view(desk, await verify(desk), common)
        tell_warnings(desk)
    emit(common, as_json(view), lambda: verify_text(view))
    if view.unreachable:
        return FAILED
    return DONE if view.agrees else HELD


async def verify_view(desk: Desk, found: Verified, common: Common) -> VerifyView:
    """Return a comparison as it is shown."""
    entities = await desk.store.entities.by_ids([each.entity for each in found.differences])
    held = await _held(desk, found)
    values = [value for each in found.differences for value in (each.canonical, *each.shows.values())]
    next_ = [common.command("plan")] if found.differences or found.missing else []
    return VerifyView(
        agrees=found.agrees,
        items=found.entities,
        fields=found.fields,
        unread=found.unread,
        connections=tuple(desk.accounts),
        differences=tuple(
            DifferenceView(
                kind=entities[each.entity].kind,
                title=each.title,
                field=each.field,
                canonical=each.canonical,
                shows=each.shows,
            )
            for each in found.differences
        ),
        missing=tuple((line.place.connection, line.place.container, line.title) for line in found.missing),
        conflicts=held,
        unreachable=dict(found.unreachable),
        paused=await paused_in(desk.store, desk.portfolio.name, desk.accounts, common, {}),
        next=[*next_, *([common.command("conflicts list")] if held else [])],
        names=await names_of(desk, [*values, *(value for each in held for _, value in each.sides)]),
    )


async def _held(desk: Desk, found: Verified) -> list[Held]:
    items = {item.entity.id: item for item in await load_items(desk, [row.entity for row in found.conflicts])}
    return [await held_conflict(desk, row, items[row.entity]) for row in found.conflicts]
