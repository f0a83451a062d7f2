"""What is to be made where: only what a create rule asks for, once, and never again where it was removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from syncd.model.canonical import Kind, Unset, Value
from syncd.model.lens import Cannot, Lens
from syncd.model.refs import ConnectionName, EntityId
from syncd.reconcile.plan import FieldWrite, Line, Place, Verb
from syncd.reconcile.titles import title_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One mapped, writable field of a place: its native key and its lens there."""

    native_key: str
    lens: Lens


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One entity that a create rule may want somewhere, with all that bears on it."""

    entity: EntityId
    kind: Kind
    values: Mapping[str, Value | Unset]
    source: ConnectionName
    """The rule's `from`: the entity must live there."""
    targets: tuple[Place, ...]
    alive_in: frozenset[ConnectionName]
    """Connections where it has a live link in scope."""
    once_in: frozenset[tuple[ConnectionName, str]]
    """(connection, container) of every link it has or ever had, and of creates whose outcome is open."""
    depth: int = 0


def due_creates(wish: Wish, slots: Callable[[Place], Mapping[str, Slot]]) -> Sequence[Line]:
    """
    Return the records to make for one entity, one line each.

    A milestone may be made once in every container, everything else once in a
    connection. A field the place cannot hold, or whose target is not linked
    there yet, is left out: it follows as an update. Without a title nothing is
    made.
    """
    title = title_of(wish.kind, wish.values)
    if wish.source not in wish.alive_in or title is None:
        return ()
    return tuple(
        Line(
            verb=Verb.CREATE,
            entity=wish.entity,
            kind=wish.kind,
            title=title,
            key="",
            place=place,
            link=None,
            writes=writes,
            depth=wish.depth,
        )
        for place in wish.targets
        if not _is_there(wish, place) and (writes := _writes(wish, slots(place)))
    )


def _is_there(wish: Wish, place: Place) -> bool:
    if wish.kind is Kind.MILESTONE:
        return (place.connection, place.container) in wish.once_in
    return any(connection == place.connection for connection, _ in wish.once_in)


def _writes(wish: Wish, slots: Mapping[str, Slot]) -> tuple[FieldWrite, ...]:
    writes = []
    for name in sorted(slots):
        value = wish.values.get(name)
        if value is None or value == frozenset() or isinstance(value, Unset):
            continue
        want = slots[name].lens.put(value, None)
        if not isinstance(want, Cannot):
            writes.append(FieldWrite(field=name, value=value, want=want))
        elif wish.kind is Kind.COMMENT:
            writes.append(FieldWrite(field=name, value=value))  # a comment is its text: refused whole when it is sent
    return tuple(writes)
