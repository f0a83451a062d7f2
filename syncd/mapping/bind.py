"""From one side of a field and the tool's own description of it to a lens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from syncd.mapping.lenses.base import BaseLens, Lookup, People
from syncd.mapping.lenses.labels import LabelsLens
from syncd.mapping.lenses.links import LinkLens, LinksLens
from syncd.mapping.lenses.persons import PeopleLens, PersonLens
from syncd.mapping.lenses.scalar import DayInMomentLens, DayLens, MomentLens, bool_lens, money_lens, number_lens
from syncd.mapping.lenses.table import TableLens
from syncd.mapping.lenses.text import OptionTextLens, TextLens
from syncd.mapping.spec import SideSpec, fold
from syncd.model.canonical import FieldType, Kind
from syncd.model.native import NativeField, NativeType


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """All a lens may need to know about its place."""

    side: SideSpec
    native: NativeField
    container: str
    lookup: Lookup
    people: People


def _links(lens: type[LinkLens | LinksLens]) -> Callable[[Binding], BaseLens]:
    return lambda b: lens(b.side.name, b.native, b.side.connection, b.container, b.lookup)


def _persons(lens: type[PersonLens | PeopleLens]) -> Callable[[Binding], BaseLens]:
    return lambda b: lens(b.side.name, b.native, b.side.connection, b.people)


def _markdown(binding: Binding) -> BaseLens:
    from syncd.mapping.lenses.comment import CommentLens  # the Markdown parser is slow to import
    from syncd.mapping.lenses.markdown import MarkdownLens

    is_said = binding.side.kind is Kind.COMMENT and binding.side.field == "body"
    return (CommentLens if is_said else MarkdownLens)(binding.side.name, binding.native)


_T, _N = FieldType, NativeType

_BUILDERS: Final[Mapping[tuple[FieldType, NativeType], Callable[[Binding], BaseLens]]] = MappingProxyType(
    {
        (_T.TEXT, _N.TEXT): lambda b: TextLens(b.side.name, b.native),
        (_T.TEXT, _N.CHOICE): lambda b: OptionTextLens(b.side.name, b.native),
        (_T.MARKDOWN, _N.TEXT): _markdown,
        (_T.MARKDOWN, _N.RICH_TEXT): _markdown,
        (_T.CHOICE, _N.CHOICE): lambda b: TableLens(b.side, b.native),
        (_T.CHOICE, _N.BOOL): lambda b: TableLens(b.side, b.native),
        (_T.NUMBER, _N.NUMBER): lambda b: number_lens(b.side.name, b.native),
        (_T.BOOL, _N.BOOL): lambda b: bool_lens(b.side.name, b.native),
        (_T.DATE, _N.DATE): lambda b: DayLens(b.side.name, b.native),
        (_T.DATE, _N.INSTANT): lambda b: DayInMomentLens(b.side.name, b.native),
        (_T.INSTANT, _N.INSTANT): lambda b: MomentLens(b.side.name, b.native),
        (_T.MONEY, _N.NUMBER): lambda b: money_lens(b.side.name, b.native, b.side.currency or ""),
        (_T.PERSON, _N.PERSON): _persons(PersonLens),
        (_T.PERSON, _N.PEOPLE): _persons(PersonLens),
        (_T.PEOPLE, _N.PERSON): _persons(PeopleLens),
        (_T.PEOPLE, _N.PEOPLE): _persons(PeopleLens),
        (_T.LABELS, _N.CHOICES): lambda b: LabelsLens(b.side, b.native),
        (_T.ENTITY, _N.REF): _links(LinkLens),
        (_T.ENTITY, _N.REFS): _links(LinkLens),
        (_T.ENTITIES, _N.REFS): _links(LinksLens),
    }
)
"""Which native types can hold which canonical ones, and how."""


def holders_of(canonical: FieldType) -> tuple[NativeType, ...]:
    """Return the native types that can hold a canonical type."""
    return tuple(native for of, native in _BUILDERS if of is canonical)


def make_lens(binding: Binding) -> BaseLens | None:
    """Return the lens, `None` when the tool's field is of a type that cannot hold this one."""
    build = _BUILDERS.get((binding.side.spec.type, binding.native.type))
    return build(binding) if build else None


def named(fields: Iterable[NativeField], name: str) -> list[NativeField]:
    """Return the described fields of that key; when there is none, those of that label, whatever its case."""
    every = list(fields)
    return [each for each in every if each.key == name] or [each for each in every if fold(each.label) == fold(name)]


def applying(fields: Iterable[NativeField], record_type: str, container: str | None) -> list[NativeField]:
    """Return the described fields that apply to a record there, the most particular first."""
    found = [
        each
        for each in fields
        if (not each.record_types or record_type in each.record_types)
        and (container is None or not each.containers or container in each.containers)
    ]
    return sorted(found, key=lambda each: -(bool(each.record_types) + bool(each.containers)))


def find(fields: Sequence[NativeField], name: str, record_type: str, container: str | None) -> NativeField | None:
    """Return the described field of that key or label that a record there has."""
    found = applying(named(fields, name), record_type, container)
    return found[0] if found else None
