"""One entity with everything the store knows of it, and its state as the merge wants it told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from syncd.mapping.lenses.base import is_gone
from syncd.model.canonical import UNSET, FieldSpec, FieldType, Written
from syncd.model.native import MISSING, Missing, Native, refs_in, with_refs
from syncd.model.policy import Direction, Policy, Provenance
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.create import Slot
from syncd.reconcile.state import STALE, Base, EntityState, FieldState, LinkField, Pending, Refusal
from syncd.reconcile.titles import title_of
from syncd.store.rows import BaseField, EntityRow, LinkRow, LinkState, ObservedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One link of an entity: what was last seen there, and what it was last accounted for."""

    link: LinkRow
    observed: ObservedRow | None
    bases: Mapping[str, BaseField] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    pending: Mapping[str, Pending] = field(default_factory=dict)
    is_origin: bool = True
    """What is only ever read counts here; of a comment's records, one tells who wrote it, when and below what."""
    is_copy: bool = False
    """We made it of a comment elsewhere, and it follows that one."""

    @property
    def connection(self) -> ConnectionName:
        """Name the connection it lives in."""
        return self.link.ref.connection

    @property
    def takes_part(self) -> bool:
        """Whether it is live and was ever read: everything else is kept and left alone."""
        return self.link.state is LinkState.LIVE and self.observed is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entity and all its links, whatever their state."""

    entity: EntityRow
    sides: tuple[Side, ...]

    @property
    def title(self) -> str:
        """Return what to call it when talking to people."""
        title = title_of(self.entity.kind, self.entity.values)
        return title or next((side.link.key for side in self.sides), self.entity.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRules:
    """What the mapping says of one field of one kind."""

    spec: FieldSpec
    policy: Policy
    directions: Mapping[ConnectionName, Direction]


SlotOf: TypeAlias = Callable[[LinkRow, str], Slot | None]
"""Finds the bound lens of one field of one link; `None` where it is not mapped or does not exist there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the connections stand in this cycle."""

    writing: frozenset[ConnectionName]
    """Those in `write` mode; all others have neither voice nor writes."""
    fresh: frozenset[ConnectionName]
    """Those read to the end in this cycle."""
    lost: frozenset[Ref] = frozenset()
    """Targets that cannot be read: who no longer refers to them did not say so."""


def state_of(item: Item, rules: Mapping[str, FieldRules], slot_of: SlotOf, standing: Standing) -> EntityState:
    """Return *item* as the merge wants it: only live links of writing connections, in no particular order."""
    sides = [side for side in item.sides if side.takes_part and side.connection in standing.writing]
    fields = {}
    for name, rule in rules.items():
        links = _links(sides, name, rule, slot_of, standing)
        if links:
            fields[name] = FieldState(
                name=name,
                spec=rule.spec,
                policy=rule.policy,
                canonical=item.entity.values.get(name, UNSET),
                provenance=item.entity.provenance.get(name) or Provenance(),
                links=links,
            )
    return EntityState(entity=EntityId(item.entity.id), fields=fields)


def _links(
    sides: Sequence[Side], name: str, rule: FieldRules, slot_of: SlotOf, standing: Standing
) -> tuple[LinkField, ...]:
    return tuple(
        link_field(side, name, slot, _direction(side, rule), standing)
        for side in sides
        if (side.is_origin or rule.spec.written is Written.ALWAYS)
        and (slot := slot_of(side.link, name)) is not None
        and not _is_a_stranger(side, rule, slot)
    )


def _is_a_stranger(side: Side, rule: FieldRules, slot: Slot) -> bool:
    """Whether it only tells of somebody the people file does not name, where nobody will ever be written."""
    if rule.spec.type is not FieldType.PERSON or rule.spec.written is not Written.NEVER or side.observed is None:
        return False
    native = side.observed.record.fields.get(slot.native_key, MISSING)
    return native is MISSING or slot.lens.get(native) is MISSING


def _direction(side: Side, rule: FieldRules) -> Direction:
    """Return which way a field flows there: a copy is a mirror, whatever people do to it."""
    stated = rule.directions[side.connection]
    return Direction.WRITE if side.is_copy and stated is Direction.BOTH else stated


def link_field(side: Side, name: str, slot: Slot, direction: Direction, standing: Standing) -> LinkField:
    """Return one field of a side that was read, as the merge wants it."""
    observed = side.observed
    if observed is None:
        raise AssertionError("only what was read has fields")
    return LinkField(
        link=side.link.id,
        connection=side.connection,
        lens=slot.lens,
        observed=believed(
            observed.record.fields.get(slot.native_key, MISSING), side.bases.get(name), slot, standing.lost
        ),
        base=as_base(side.bases.get(name)),
        voice=direction is not Direction.WRITE,
        writable=direction is not Direction.READ,
        mirror=direction is Direction.WRITE,
        fresh=side.connection in standing.fresh,
        read_after=observed.read_at if observed.direct else None,
        edited=observed.edited.get(slot.native_key),
        author=observed.record.updated_by,
        pending=side.pending.get(name),
        refused=side.refused.get(name),
        default=name in side.link.default_fields,
    )


def believed(observed: Native | Missing, base: BaseField | None, slot: Slot, lost: frozenset[Ref]) -> Native | Missing:
    """
    Return what is observed, less what went by itself and is nobody's edit.

    A field emptied because its option was deleted says nothing; a reference
    that went with its target is taken as still there.
    """
    if base is None or observed is MISSING:
        return observed
    if observed is None and is_gone(slot.lens, base.shown):
        return MISSING
    return with_refs(observed, (refs_in(base.shown) - refs_in(observed)) & lost, base.shown)


def as_base(row: BaseField | None) -> Base | None:
    """Return a stored base as the merge's."""
    if row is None:
        return None
    return Base(row.shown, STALE if row.stale else row.meant)


def as_row(base: Base) -> BaseField:
    """Return the merge's base as it is stored."""
    if base.meant is STALE:
        return BaseField(base.shown, UNSET, stale=True)
    return BaseField(base.shown, base.meant)
