"""What people call entities, where a value holds only their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from syncd.engine.desk import Desk
from syncd.engine.items import Item, Side
from syncd.engine.load import load_items
from syncd.model.canonical import Unset, Value
from syncd.model.native import MISSING, Missing, Native
from syncd.model.refs import EntityId
from syncd.reconcile.create import Slot
from syncd.reconcile.titles import naming_field
from syncd.reconcile.titles import title_of as title_of_values
from syncd.report.values import Names


async def names_of(desk: Desk, values: Iterable[object]) -> Names:
    """Return the titles of every entity that one of *values* names."""
    texts = sorted({EntityId(text) for text in _texts(values)})
    held = await desk.store.entities.some_values_of(texts, ("title",))
    titles: dict[str, str] = {one: str(each["title"]) for one, each in held.items() if isinstance(each["title"], str)}
    wanted = sorted(held.keys() - titles.keys())
    if wanted:
        titles |= {item.entity.id: title_of(desk, item) for item in await load_items(desk, wanted)}
    return lambda text: titles.get(text, text)


def _texts(values: Iterable[object]) -> Iterable[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, frozenset):
            yield from value


def title_of(desk: Desk, item: Item) -> str:
    """Return an item's title: the agreed one, else what the first tool shows, else a key."""
    kind = item.entity.kind
    if title_of_values(kind, item.entity.values) is not None:
        return item.title
    readings = (title_of_values(kind, _shown(desk, item, side)) for side in item.sides)
    return next((title for title in readings if title), item.title)


def _shown(desk: Desk, item: Item, side: Side) -> Mapping[str, Value | Unset]:
    """Return what one side shows of the field that its item is called by."""
    name = naming_field(item.entity.kind)
    reading = reading_of(desk, item, side, name)
    return {} if isinstance(reading, Missing) else {name: reading}


def key_of(item: Item) -> str:
    """Return a key that names an item in a command, one without spaces where there is one."""
    keys = sorted((" " in side.link.key, side.connection, side.link.key) for side in item.sides)
    return keys[0][2] if keys else item.entity.id


def native_of(desk: Desk, item: Item, side: Side, field: str) -> tuple[Slot, Native | Missing] | None:
    """Return the slot of a field on one side and what the tool holds there; `None` where it is not mapped."""
    slot = desk.slot(side.connection, item.entity.kind, field, side.link.type, side.link.container)
    if slot is None or side.observed is None:
        return None
    return slot, side.observed.record.fields.get(slot.native_key, MISSING)


def reading_of(desk: Desk, item: Item, side: Side, field: str) -> Value | Missing | None:
    """Return what one side shows of a field; `MISSING` where that cannot be told."""
    found = native_of(desk, item, side, field)
    if found is None or isinstance(found[1], Missing):
        return MISSING
    return found[0].lens.get(found[1])


def agreed(values: Mapping[str, Value | Unset], field: str) -> list[tuple[str, Value | Unset]]:
    """Return the canonical value of a field as one more side, where there is one."""
    return [("agreed", values[field])] if field in values and not isinstance(values[field], Unset) else []
