"""References to other records: parents, milestones, dependencies."""

from __future__ import annotations

from syncd.mapping.lenses.base import BaseLens, Lookup
from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, NOT_LINKED, Cannot
from syncd.model.native import MISSING, Missing, Native, NativeField, NativeType, Refs
from syncd.model.refs import ConnectionName, EntityId, Ref


class _LinksLens(BaseLens):
    """What a single reference and several have in common."""

    def __init__(
        self, name: str, native: NativeField, connection: ConnectionName, container: str, lookup: Lookup
    ) -> None:
        super().__init__(name)
        self.native = native
        self.connection = connection
        self.container = container
        self.lookup = lookup

    def _ref(self, entity: str) -> Ref | None:
        """Return the entity's record to point at: the one in this container, else the only one there is."""
        refs = self.lookup.refs_of(EntityId(entity), self.connection)
        here = [ref for ref, container in refs if container == self.container]
        if here:
            return here[0]
        return refs[0][0] if len(refs) == 1 else None

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether they point at the same records, however "none" is written."""
        return _members(a) == _members(b)

    def why(self, native: Native) -> str:
        """Say that the target is not ours, or that there are several."""
        members = _members(native)
        if members is None:
            return super().why(native)
        if any(self.lookup.entity_of(ref) is not None for ref in members):
            return f"several targets are in {self.name}, which holds one"
        return f"the target of {self.name} is not linked or out of scope"


class LinkLens(_LinksLens):
    """
    One canonical entity in a field of one reference, or of several.

    Where there may be several, records that are not linked stay as they are;
    two linked ones are not a reading.
    """

    def get(self, native: Native) -> Value | Missing:
        """Return the entity; `MISSING` when the target is not linked, or when there are two."""
        members = _members(native)
        if members is None:
            return MISSING
        if not members:
            return None
        found = {entity for ref in members if (entity := self.lookup.entity_of(ref)) is not None}
        return next(iter(found)) if len(found) == 1 else MISSING

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the reference; `NOT_LINKED` when the entity is not (yet) there."""
        if self.get(native_now) == value:
            return native_now
        others = frozenset(ref for ref in _members(native_now) or () if self.lookup.entity_of(ref) is None)
        several = self.native.type is NativeType.REFS
        if value is None:
            if not self.native.can_be_empty or (several and others):
                return CANNOT
            return Refs(frozenset()) if several else None
        target = self._ref(value) if isinstance(value, str) else None
        if target is None:
            return NOT_LINKED
        return Refs(others | {target}) if several else target


class LinksLens(_LinksLens):
    """
    A canonical set of entities in a field of several references.

    Targets that are not linked are none of ours and stay.
    """

    def get(self, native: Native) -> Value | Missing:
        """Return the linked entities among the targets."""
        members = _members(native)
        if members is None:
            return MISSING
        return frozenset(entity for ref in members if (entity := self.lookup.entity_of(ref)) is not None)

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the references, those shown staying while wanted; `NOT_LINKED` until every entity is there."""
        now = _members(native_now)
        if not isinstance(value, frozenset) or now is None:
            return CANNOT
        ours = {ref: self.lookup.entity_of(ref) for ref in now}
        kept = frozenset(ref for ref, entity in ours.items() if entity is None or entity in value)
        there = {ours[ref] for ref in kept}
        found = [self._ref(entity) for entity in sorted(value) if entity not in there]
        added = [ref for ref in found if ref is not None]
        if len(added) < len(found):
            return NOT_LINKED
        room = len(added) if self.native.capacity is None else max(0, self.native.capacity - len(kept))
        members = kept | frozenset(added[:room])
        if members == now:
            return native_now
        return Refs(members) if members or self.native.can_be_empty else CANNOT


def _members(native: Native) -> frozenset[Ref] | None:
    match native:
        case None:
            return frozenset()
        case Ref():
            return frozenset({native})
        case Refs(members=members):
            return members
        case _:
            return None
