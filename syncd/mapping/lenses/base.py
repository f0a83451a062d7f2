"""What all lenses share: a name for messages, plain comparison, and telling why a value has no reading."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from syncd.model.canonical import Value
from syncd.model.lens import Cannot, Lens
from syncd.model.native import Choice, Missing, Native, Person
from syncd.model.refs import ConnectionName, EntityId, PersonId, Ref


class Lookup(Protocol):
    """What is linked to what, as the engine knows it."""

    def entity_of(self, ref: Ref) -> EntityId | None:
        """Return the entity a record is linked to, if any."""
        ...

    def refs_of(self, entity: EntityId, connection: ConnectionName) -> tuple[tuple[Ref, str], ...]:
        """Return an entity's records in one connection, each with its container, in a steady order."""
        ...


class People(Protocol):
    """Who is who across the tools."""

    def person_of(self, connection: ConnectionName, person: Person) -> PersonId | None:
        """Return our own name for a tool's user; `None` when nobody said who that is."""
        ...

    def expects(self, connection: ConnectionName, person: PersonId) -> bool:
        """Return whether a person has a user in that tool by the people file, looked up or not."""
        ...

    def native_of(self, connection: ConnectionName, person: PersonId) -> Person | None:
        """Return a person's user in that tool; `None` when there is none we know."""
        ...


class BaseLens:
    """A lens bound to its place, able to say why a value has no reading."""

    def __init__(self, name: str) -> None:
        self.name = name
        """`task.status for pmo`, for messages."""

    def get(self, native: Native) -> Value | Missing:
        """Return what *native* means (see `syncd.model.lens.Lens`)."""
        raise NotImplementedError

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return how the tool says *value* (see `syncd.model.lens.Lens`)."""
        raise NotImplementedError

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether *a* and *b* differ only by the tool's normalising: plain equality, unless said otherwise."""
        return a == b

    def is_gone(self, native: Native) -> bool:
        """Say whether the field could hold *native* once and cannot any more: whoever held it was emptied by that."""
        del native
        return False

    def why(self, native: Native) -> str:
        """Say why `get(native)` is `MISSING`, or why an empty value is not believed."""
        if native is None:
            return f"the option that {self.name} showed was deleted in the tool: choose another one there"
        return f"a {type(native).__name__} cannot be read as {self.name}"

    def why_cannot(self, value: Value) -> str:
        """Say why `put(value, ...)` is `CANNOT`."""
        del value
        return f"{self.name} has no way to say this value"


def is_gone(lens: Lens, native: Native) -> bool:
    """Say whether *native* was taken away with its option: an administrator's doing, nobody's edit of the item."""
    return isinstance(lens, BaseLens) and lens.is_gone(native)


def without_option(native: Native, options: Collection[Choice]) -> bool:
    """Say whether *native* is an option that is not among *options*, where the tool names any."""
    return isinstance(native, Choice) and bool(options) and native not in options


def why_missing(lens: Lens, native: Native) -> str:
    """Say, for a person, why *lens* has no reading of *native*; equal values give equal sentences, to be counted."""
    return lens.why(native) if isinstance(lens, BaseLens) else "no rule maps this value"


def why_cannot(lens: Lens, value: Value) -> str:
    """Say, for a person, why *lens* cannot write *value*; equal values give equal sentences, to be counted."""
    return lens.why_cannot(value) if isinstance(lens, BaseLens) else "the tool has no way to say this value"
