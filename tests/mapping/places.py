"""Small stand-ins for what surrounds a mapping: files, described fields, links and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.mapping.compile import Source, compile_mapping
from syncd.mapping.compiled import CompiledMapping
from syncd.mapping.lenses.base import BaseLens
from syncd.mapping.people import PeopleDirectory
from syncd.mapping.problems import Problems
from syncd.model.canonical import Kind
from syncd.model.native import Choice, NativeField, NativeType
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.settings.yaml import read_yaml

A, B = ConnectionName("pmo"), ConnectionName("eng")


def source(text: str, file: str = "m.yaml") -> Source:
    document = read_yaml(text, file)
    return Source(document.data, document.locate)


def compiled(
    text: str, defaults: Mapping[ConnectionName, str] | None = None, problems: Problems | None = None
) -> CompiledMapping:
    empty = {A: "version: 1\n", B: "version: 1\n"}
    sources = {name: source(each, f"{name}/defaults.yaml") for name, each in (empty | dict(defaults or {})).items()}
    return compile_mapping(source(text), sources, problems)


@dataclass(frozen=True)
class Spot:
    """A container as a tool describes it."""

    name: str
    record_types: frozenset[str] = frozenset()
    writable: bool = True


@dataclass(frozen=True)
class Described:
    fields: Sequence[NativeField] = ()
    containers: Sequence[Spot] = (Spot("P"),)


@dataclass
class Links:
    """A lookup over a plain table: (entity, ref, container)."""

    rows: list[tuple[str, Ref, str]] = field(default_factory=list)

    def entity_of(self, ref: Ref) -> EntityId | None:
        return next((EntityId(entity) for entity, each, _ in self.rows if each == ref), None)

    def refs_of(self, entity: EntityId, connection: ConnectionName) -> tuple[tuple[Ref, str], ...]:
        return tuple((ref, place) for each, ref, place in self.rows if each == entity and ref.connection == connection)


def option(label: str, id_: str | None = None, category: str | None = None) -> Choice:
    return Choice(id=id_ or label.lower(), label=label, category=category)


def native(
    kind: NativeType,
    *,
    options: Sequence[Choice] = (),
    free: bool = False,
    max_length: int | None = None,
    capacity: int | None = None,
    can_be_empty: bool = True,
) -> NativeField:
    return NativeField(
        key="f",
        label="The field",
        type=kind,
        options=tuple(options),
        free=free,
        max_length=max_length,
        capacity=capacity,
        can_be_empty=can_be_empty,
    )


def lens_of(
    name: str,
    described: NativeField,
    side: str = "f",
    *,
    rule: str = "",
    links: Links | None = None,
    people: PeopleDirectory | None = None,
) -> BaseLens:
    """Return the lens of one canonical field in a tool whose only field is *described*."""
    kind = name.partition(".")[0]
    text = f"version: 1\nkinds: {{{kind}: {{pmo: T, eng: T}}}}\nfields:\n  {name}: {{{rule} pmo: {side}}}\n"
    mapping = compiled(text).with_description(A, Described((described,)))
    lens = mapping.lens(
        A,
        Kind(kind),
        name.partition(".")[2],
        record_type="T",
        container="P",
        lookup=links or Links(),
        people=people or PeopleDirectory(),
    )
    assert lens is not None
    return lens
