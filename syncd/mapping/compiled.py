"""What the engine asks of a mapping: kinds, scope, lenses, policies, rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from syncd.errors import ConfigError
from syncd.mapping.bind import Binding, find, make_lens, named
from syncd.mapping.explain import fallbacks_of
from syncd.mapping.lenses.base import BaseLens, Lookup, People
from syncd.mapping.problems import Place
from syncd.mapping.spec import Comments, CreateRule, Deletion, Fallback, Filter, MatchRule, SideSpec, fold, texts_of
from syncd.model.canonical import FieldSpec, Kind, Value, Written
from syncd.model.native import (
    Bool,
    Choice,
    Choices,
    Date,
    Instant,
    Native,
    NativeField,
    Number,
    Person,
    Record,
    Refs,
    RichText,
    Text,
)
from syncd.model.native import (
    People as NativePeople,
)
from syncd.model.policy import Direction, Hold, OnDelete, Policy
from syncd.model.refs import ConnectionName, Ref


class DescribedContainer(Protocol):
    """A place records live in, as the tool tells it."""

    @property
    def name(self) -> str:
        """As `Record.container` spells it."""
        ...

    @property
    def record_types(self) -> frozenset[str]:
        """What may be created there; empty when the tool does not tell."""
        ...

    @property
    def writable(self) -> bool:
        """Whether anything may be created there."""
        ...


class Described(Protocol):
    """What an account can see and do, as the tool tells it now."""

    @property
    def fields(self) -> Sequence[NativeField]:
        """Every field, for every record type and container."""
        ...

    @property
    def containers(self) -> Sequence[DescribedContainer]:
        """Every container in scope."""
        ...


@dataclass(frozen=True, kw_only=True)
class CompiledMapping:
    """
    A portfolio's mapping. Immutable; `with_description` adds what a tool tells about itself.

    Before a connection is described its field names are taken as keys, and it has no lenses.
    """

    connections: tuple[ConnectionName, ...]
    kinds: Mapping[ConnectionName, Mapping[str, Kind]] = field(default_factory=dict)
    stated_types: Mapping[ConnectionName, frozenset[str]] = field(default_factory=dict)
    """The record types the portfolio's own file names."""
    scope: Mapping[tuple[ConnectionName, Kind], Mapping[str, Filter]] = field(default_factory=dict)
    specs: Mapping[tuple[Kind, str], FieldSpec] = field(default_factory=dict)
    sides: Mapping[tuple[ConnectionName, Kind, str], SideSpec] = field(default_factory=dict)
    policies: Mapping[tuple[Kind, str], Policy] = field(default_factory=dict)
    creates: Mapping[Kind, tuple[CreateRule, ...]] = field(default_factory=dict)
    matches: Mapping[Kind, tuple[MatchRule, ...]] = field(default_factory=dict)
    similar: Mapping[Kind, int] = field(default_factory=dict)
    """Kinds of which what is alike is proposed, with the least confidence in percent."""
    comments: Comments = field(default_factory=Comments)
    deletions: Mapping[Kind, Deletion] = field(default_factory=dict)
    archivable: Mapping[ConnectionName, frozenset[str]] = field(default_factory=dict)
    """The record types that a tool's own archive takes."""
    place: Place = field(default_factory=lambda: Place(lambda _: ""))
    warnings: tuple[ConfigError, ...] = ()
    """What works, though perhaps not as meant; never raised."""
    described: Mapping[ConnectionName, Described] = field(default_factory=dict)
    _found: dict[tuple[str, ...], NativeField | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Described fields looked up before; there are thousands, and every record asks."""

    def with_description(self, connection: ConnectionName, description: Described) -> CompiledMapping:
        """Return this mapping, knowing what a tool told about itself."""
        return dataclasses.replace(self, described={**self.described, connection: description})

    def with_warnings(self, warnings: tuple[ConfigError, ...]) -> CompiledMapping:
        """Return this mapping with these warnings."""
        return dataclasses.replace(self, warnings=warnings)

    def types(self, connection: ConnectionName) -> frozenset[str]:
        """Return the record types of a connection that are of some kind."""
        return frozenset(self.kinds.get(connection, {}))

    def kind_of(self, connection: ConnectionName, record_type: str) -> Kind | None:
        """Return the kind of a record type; `None` when it is not mapped: such records are out of scope."""
        return self.kinds.get(connection, {}).get(record_type)

    def in_scope(self, connection: ConnectionName, record: Record) -> bool:
        """
        Say whether a record's type is mapped and it passes the `where:` of its kind.

        A field the record does not show passes no test. Whether the record is archived or hidden is not asked here.
        """
        kind = self.kind_of(connection, record.type)
        if kind is None:
            return False
        for name, test in self.scope.get((connection, kind), {}).items():
            key = self._key(connection, name, record.type, record.container)
            if key is None or key not in record.fields or not test.passes(native_texts(record.fields[key])):
                return False
        return True

    def fields(self, kind: Kind) -> Mapping[str, FieldSpec]:
        """Return the fields of a kind that some connection holds, custom ones included."""
        held = {(of, name) for _, of, name in self.sides}
        return {name: spec for (of, name), spec in self.specs.items() if of is kind and (of, name) in held}

    def native_key(self, connection: ConnectionName, kind: Kind, field: str) -> str | None:
        """Return the tool's key of a field; `None` when it is not mapped, or not there."""
        side = self.sides.get((connection, kind, field))
        if side is None:
            return None
        for record_type, of in self.kinds.get(connection, {}).items():
            key = self._key(connection, side.native, record_type, None) if of is kind else None
            if key is not None:
                return key
        return None

    def key_in(
        self, connection: ConnectionName, kind: Kind, field: str, *, record_type: str, container: str
    ) -> str | None:
        """Return the tool's key of a field for records of one type and container; `None` when they have none."""
        side = self.sides.get((connection, kind, field))
        return None if side is None else self._key(connection, side.native, record_type, container)

    def policy(self, kind: Kind, field: str) -> Policy:
        """Return how a field's disagreements are settled."""
        return self.policies.get((kind, field), Hold())

    def direction(self, connection: ConnectionName, kind: Kind, field: str) -> Direction:
        """Return which way a field of a record flows; what is never written, or never lets us, is only read."""
        side = self.sides.get((connection, kind, field))
        if side is None or side.spec.written is not Written.ALWAYS:
            return Direction.READ
        if connection in self.described and side.direction is Direction.BOTH:
            types = {name for name, of in self.kinds[connection].items() if of is kind}
            fields = named(self.described[connection].fields, side.native)
            fields = [each for each in fields if not each.record_types or each.record_types & types]
            if fields and not any(each.writable for each in fields):
                return Direction.READ
        return side.direction

    def on_delete(self, kind: Kind) -> OnDelete:
        """Return what is done elsewhere about an item of *kind* that was deleted in one tool."""
        return self.deletions[kind].do if kind in self.deletions else OnDelete.UNLINK

    def closes_as(self, connection: ConnectionName, kind: Kind, record_type: str) -> str | None:
        """Return the status that stands for archived there; `None` where the tool archives, or nothing is declared."""
        if record_type in self.archivable.get(connection, ()) or kind not in self.deletions:
            return None
        return self.deletions[kind].close_as

    def match_rules(self, kind: Kind) -> tuple[MatchRule, ...]:
        """Return how records of a kind are recognised, the most telling first."""
        return self.matches.get(kind, ())

    def match_keys(self, kind: Kind, record: Record, values: Mapping[str, Value]) -> tuple[str, ...]:
        """
        Return what a record is recognised by, one key for each match rule in its order.

        *values* are its canonical readings. Where a rule does not apply, the
        key is the record's own and equals no other.
        """
        return tuple(self._match_key(rule, record, values) or f"only {record.ref}" for rule in self.match_rules(kind))

    def _match_key(self, rule: MatchRule, record: Record, values: Mapping[str, Value]) -> str | None:
        if rule.fields:
            held = [(name, sorted(texts_of(values.get(name)))) for name in rule.fields]
            told = ", ".join(f'{name} "{", ".join(texts)}"' for name, texts in held)
            return told if all(texts for _, texts in held) else None
        if record.ref.connection == rule.names:
            named_by = {"key": record.key, "id": record.ref.id, "url": record.url}[rule.by]
            return f'{rule.names} {rule.by} "{fold(named_by)}"' if named_by else None
        if record.ref.connection != rule.connection or rule.field is None:
            return None
        key = self._key(rule.connection, rule.field, record.type, record.container)
        texts = native_texts(record.fields.get(key)) if key is not None else frozenset()
        return f'{rule.names} {rule.by} "{next(iter(texts))}"' if len(texts) == 1 else None

    def create_rules(self, kind: Kind) -> tuple[CreateRule, ...]:
        """Return what is created where; containers as the tool spells them, once it is described."""
        return tuple(
            dataclasses.replace(rule, containers=self.containers_of(rule)) for rule in self.creates.get(kind, ())
        )

    def containers_of(self, rule: CreateRule) -> tuple[str, ...]:
        """Return a create rule's containers as the tool spells them; the only one there is when it names none."""
        described = self.described.get(rule.target)
        if described is None:
            return rule.containers
        if rule.containers:
            return tuple(spelling_of(name, described.containers) or name for name in rule.containers)
        fit = [
            each.name
            for each in described.containers
            if each.writable and (not each.record_types or rule.record_type in each.record_types)
        ]
        return tuple(fit) if len(fit) == 1 else ()

    def lens(
        self,
        connection: ConnectionName,
        kind: Kind,
        field: str,
        *,
        record_type: str,
        container: str,
        lookup: Lookup,
        people: People,
    ) -> BaseLens | None:
        """
        Return the lens of a field for all records of one type and container; `None` when they have no such field.

        Depends on nothing but its arguments and this mapping: keep it and use it for every item.
        """
        side = self.sides.get((connection, kind, field))
        if side is None or connection not in self.described:
            return None
        native = self._find(connection, side.native, record_type, container)
        if native is None:
            return None
        return make_lens(Binding(side=side, native=native, container=container, lookup=lookup, people=people))

    def explain_fallbacks(self) -> Iterator[Fallback]:
        """Yield what each connection shows for every canonical value it has no word for; once described, no option."""
        for side in self.sides.values():
            types = frozenset(name for name, kind in self.kinds[side.connection].items() if kind is side.kind)
            described = self.described.get(side.connection)
            yield from fallbacks_of(side, types, described.fields if described else None)

    def _key(self, connection: ConnectionName, name: str, record_type: str, container: str | None) -> str | None:
        if connection not in self.described:
            return name
        native = self._find(connection, name, record_type, container)
        return native.key if native else None

    def _find(
        self, connection: ConnectionName, name: str, record_type: str, container: str | None
    ) -> NativeField | None:
        asked = (connection, name, record_type, container or "")
        if asked not in self._found:
            self._found[asked] = find(self.described[connection].fields, name, record_type, container)
        return self._found[asked]


def spelling_of(name: str, containers: Sequence[DescribedContainer]) -> str | None:
    """Return a container as the tool spells it: `api` is `acme/api` where no other container ends like that."""
    every = [each.name for each in containers]
    if name in every:
        return name
    ends = [each for each in every if fold(each) == fold(name) or fold(each).endswith(f"/{fold(name)}")]
    return ends[0] if len(ends) == 1 else None


def native_texts(native: Native) -> frozenset[str]:
    """Return the folded texts a filter compares: labels, ids, names; none when empty."""
    match native:
        case None:
            return frozenset()
        case Choice() | Person() | Ref():
            return _told(native)
        case Choices(members=members) | NativePeople(members=members) | Refs(members=members):
            return frozenset().union(*(_told(each) for each in members))
        case Text(value=value) | RichText(source=value):
            return frozenset({fold(value)} - {""})
        case Bool(value=yes):
            return frozenset({str(yes).lower()})
        case Number() | Date() | Instant():
            return frozenset({fold(str(native.value))})


def _told(member: Choice | Person | Ref) -> frozenset[str]:
    match member:
        case Choice(id=id_, label=label, category=category):
            texts = [label, f"id:{id_}", f"category:{category}" if category else None]
        case Person(id=id_, name=name, login=login, email=email):
            texts = [id_, name, login, email]
        case Ref(id=id_):
            texts = [id_]
    return frozenset(fold(text) for text in texts if text)
