"""From what a cycle saw to what a report tells: conflicts, questions, unmapped values, fields left alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syncd.cli.failing import warn
from syncd.cli.naming import agreed, key_of, names_of, native_of, reading_of, title_of
from syncd.cli.options import Common
from syncd.cli.pausing import paused_in
from syncd.engine.cycle import Cycle
from syncd.engine.desk import Desk
from syncd.engine.items import Item
from syncd.engine.load import load_items
from syncd.engine.open import problems
from syncd.engine.pauses import is_paused
from syncd.engine.removal import QUESTIONS
from syncd.mapping.lenses.base import why_cannot, why_missing
from syncd.model.canonical import Unset, Value
from syncd.model.native import Missing
from syncd.model.refs import EntityId
from syncd.reconcile.state import FieldResult, Notice, Trouble
from syncd.report.findings import Findings, Held, tally
from syncd.store.rows import ConflictRow


async def findings_of(desk: Desk, cycle: Cycle, common: Common) -> Findings:
    """Return everything a person should know besides the writes of *cycle*."""
    ids = await _conflict_ids(desk, cycle)
    held: list[Held] = []
    unreadable: list[tuple[str, str]] = []
    left: list[tuple[str, str]] = []
    for item, results in cycle.seen.values():
        for result in results.values():
            held += _held(desk, item, result, ids)
            unreadable += _unreadable(desk, item, result)
            left += _left_alone(desk, item, result)
    held += await _whole(desk)
    values = [write.value for line in cycle.lines for write in line.writes]
    before = [write.before for line in cycle.lines for write in line.writes]
    sides = [value for each in held for _, value in each.sides]
    return Findings(
        held=tuple(sorted(held, key=lambda each: (not each.is_conflict, each.kind, each.title, each.field, each.name))),
        unreadable=tally(unreadable),
        left_alone=tally(left),
        ambiguous=len(cycle.adopted.ambiguous) + cycle.adopted.alike,
        unreachable=tuple(
            (name, str(each.error.what))
            for name, each in desk.accounts.items()
            if each.error is not None and not is_paused(each)
        ),
        paused=tuple(await paused_in(desk.store, desk.portfolio.name, desk.accounts, common, cycle.resting)),
        problems=tuple(str(each) for each in problems(desk)),
        names=await names_of(desk, [*values, *before, *sides]),
    )


def tell_warnings(desk: Desk) -> None:
    """Say on stderr which tools did not answer and what the mapping asks for in vain."""
    for account in desk.accounts.values():
        if account.error is not None and not is_paused(account):
            warn(account.error)
    for problem in problems(desk):
        warn(problem)


async def _conflict_ids(desk: Desk, cycle: Cycle) -> dict[tuple[EntityId, str], str]:
    rows = await desk.store.conflicts.of_entities(list(cycle.seen))
    return {(row.entity, row.field): row.id for row in rows}


async def _whole(desk: Desk) -> list[Held]:
    """Return the questions about whole items."""
    rows = [row for row in await desk.store.conflicts.open_list(desk.portfolio.name) if row.field in QUESTIONS]
    items = {item.entity.id: item for item in await load_items(desk, [row.entity for row in rows])} if rows else {}
    return [await held_conflict(desk, row, items[row.entity]) for row in rows]


def _held(desk: Desk, item: Item, result: FieldResult, ids: dict[tuple[EntityId, str], str]) -> Iterable[Held]:
    if result.conflict is not None:
        values = [(each.connection or "agreed", each.value) for each in result.conflict.contenders]
        yield _held_as(desk, item, result, values, ids.get((item.entity.id, result.name)), result.conflict.why)
    elif _is_question(result):
        sides = [
            (f"{side.connection}", value)
            for side in item.sides
            if not isinstance(value := reading_of(desk, item, side, result.name), Missing)
        ]
        why = "the tools differ at first contact, and no policy names a winner"
        yield _held_as(desk, item, result, [*agreed(item.entity.values, result.name), *sides], None, why)


def _held_as(
    desk: Desk,
    item: Item,
    result: FieldResult,
    sides: Sequence[tuple[str, Value | Unset | Missing]],
    conflict: str | None,
    why: str,
) -> Held:
    key = key_of(item)
    return Held(
        is_conflict=result.conflict is not None,
        name=conflict or f"{key}.{result.name}",
        kind=item.entity.kind,
        key=key,
        title=title_of(desk, item),
        field=result.name,
        sides=tuple(sides),
        why=why,
    )


def _is_question(result: FieldResult) -> bool:
    """Say whether a person has to choose: a link differs and nothing is proposed for it."""
    proposed = {due.link for due in result.due}
    return any(each.trouble is Trouble.UNDECIDED and each.link not in proposed for each in result.notices)


def _unreadable(desk: Desk, item: Item, result: FieldResult) -> Iterable[tuple[str, str]]:
    for notice in result.notices:
        if notice.trouble is Trouble.UNREADABLE:
            yield _why(desk, item, result.name, notice), _key(item, notice)


def _why(desk: Desk, item: Item, field: str, notice: Notice) -> str:
    side = next(each for each in item.sides if each.link.id == notice.link)
    found = native_of(desk, item, side, field)
    if found is None or isinstance(found[1], Missing):
        return f"{notice.connection} does not show {item.entity.kind}.{field}"
    return why_missing(found[0].lens, found[1])


def _left_alone(desk: Desk, item: Item, result: FieldResult) -> Iterable[tuple[str, str]]:
    for notice in result.notices:
        if notice.trouble is Trouble.CANNOT and (why := _why_cannot(desk, item, result.name, notice)):
            yield why, _key(item, notice)
        elif notice.trouble not in (Trouble.UNREADABLE, Trouble.UNDECIDED):
            yield f"{item.entity.kind}.{result.name} in {notice.connection}: {notice.text}", _key(item, notice)


def _why_cannot(desk: Desk, item: Item, field: str, notice: Notice) -> str | None:
    side = next((each for each in item.sides if each.link.id == notice.link), None)
    found = None if side is None else native_of(desk, item, side, field)
    return None if found is None or isinstance(notice.value, Missing) else why_cannot(found[0].lens, notice.value)


def _key(item: Item, notice: Notice) -> str:
    return next((side.link.key for side in item.sides if side.link.id == notice.link), item.title)


async def held_conflict(desk: Desk, row: ConflictRow, item: Item) -> Held:
    """Return a recorded conflict as a report shows it."""
    return Held(
        is_conflict=True,
        name=row.id,
        kind=item.entity.kind,
        key=key_of(item),
        title=title_of(desk, item),
        field=row.field,
        sides=tuple((each.connection or "agreed", each.value) for each in row.content.contenders),
        why=row.content.why,
    )
