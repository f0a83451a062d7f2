"""
An exact round trip between our values and JSON: natives, canonical values, provenance, records.

Everything but a bare string, a truth value and `None` is a list that opens
with its kind, so a text that happens to look like a date stays a text. Sets
are sorted: equal values give equal JSON, which makes hashes of it meaningful.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypeVar, cast

import orjson

from syncd.model.canonical import UNSET, Metric, Money, Unset, Value
from syncd.model.native import (
    MISSING,
    Bool,
    Choice,
    Choices,
    Date,
    Instant,
    Missing,
    Native,
    Number,
    People,
    Person,
    Record,
    RecordState,
    Refs,
    RichText,
    Text,
    TextFormat,
    refs_in,
)
from syncd.model.policy import Interval, Provenance, Rule, Stated
from syncd.model.refs import ConnectionName, EntityId, Ref, Revision

Json: TypeAlias = Any
"""What `json` reads and writes. Only this module looks inside."""

T = TypeVar("T")


def dump_text(data: Json) -> str:
    """Return *data* as compact JSON text that any database takes: no lone surrogate, no raw control character."""
    return _dump(data, 0)


def dump_sorted(data: Json) -> str:
    """Return *data* as `dump_text` does, the same for every order of keys."""
    return _dump(data, orjson.OPT_SORT_KEYS)


def _dump(data: Json, option: int) -> str:
    try:
        return orjson.dumps(data, option=option).decode()
    except TypeError:  # a lone surrogate, or a whole number of more than 64 bits
        return json.dumps(data, ensure_ascii=True, separators=(",", ":"), sort_keys=bool(option))


def load_text(text: str | bytes) -> Json:
    """Return what `dump_text` was given. Raises `ValueError` when *text* is not JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # among others the escape of a lone surrogate, which is ours to keep
        return json.loads(text)


# --- natives ---------------------------------------------------------------


def _person(value: Person) -> list[Json]:
    return [value.id, value.name, value.login, value.email]


def _choice(value: Choice) -> list[Json]:
    return [value.id, value.label, value.category]


def _span(*days: str) -> tuple[date, date] | None:
    if not days:
        return None
    first, last = days
    return date.fromisoformat(first), date.fromisoformat(last)


def dump_ref(ref: Ref) -> list[str]:
    """Return *ref* as a list of its three parts."""
    return [ref.connection, ref.kind, ref.id]


def load_ref(data: Json) -> Ref:
    """Return the ref `dump_ref` was given."""
    connection, kind, ref_id = data
    return Ref(ConnectionName(connection), kind, ref_id)


_DUMP_NATIVE: Final[dict[type, Callable[[Any], list[Json]]]] = {
    Text: lambda v: ["text", v.value],
    RichText: lambda v: ["rich_text", v.format, v.source],
    Number: lambda v: ["number", str(v.value)],
    Bool: lambda v: ["bool", v.value],
    Date: lambda v: ["date", v.value.isoformat(), *(day.isoformat() for day in v.span or ())],
    Instant: lambda v: ["instant", v.value.isoformat()],
    Choice: lambda v: ["choice", *_choice(v)],
    Choices: lambda v: ["choices", *sorted((_choice(m) for m in v.members), key=lambda m: str(m[0]))],
    Person: lambda v: ["person", *_person(v)],
    People: lambda v: ["people", *sorted((_person(m) for m in v.members), key=lambda m: str(m[0]))],
    Ref: lambda v: ["ref", *dump_ref(v)],
    Refs: lambda v: ["refs", *sorted(dump_ref(m) for m in v.members)],
    Missing: lambda _: ["missing"],
}

_LOAD_NATIVE: Final[dict[str, Callable[..., Native | Missing]]] = {
    "text": Text,
    "rich_text": lambda form, source: RichText(TextFormat(form), source),
    "number": lambda v: Number(Decimal(v)),
    "bool": Bool,
    "date": lambda v, *span: Date(date.fromisoformat(v), _span(*span)),
    "instant": lambda v: Instant(datetime.fromisoformat(v)),
    "choice": Choice,
    "choices": lambda *members: Choices(frozenset(Choice(*m) for m in members)),
    "person": Person,
    "people": lambda *members: People(frozenset(Person(*m) for m in members)),
    "ref": lambda *parts: load_ref(parts),
    "refs": lambda *members: Refs(frozenset(load_ref(m) for m in members)),
    "missing": lambda: MISSING,
}


def dump_native(value: Native | Missing) -> Json:
    """Return *value* as JSON; `None` stays `None`."""
    return None if value is None else _DUMP_NATIVE[type(value)](value)


def load_reading(data: Json) -> Native | Missing:
    """Return what `dump_native` was given, `MISSING` included. Raises `ValueError` for anything it never wrote."""
    if data is None:
        return None
    return _load(_LOAD_NATIVE, data, "native value")


def load_native(data: Json) -> Native:
    """Return what `dump_native` was given, where `MISSING` cannot be. Raises `ValueError` for anything else."""
    value = load_reading(data)
    if isinstance(value, Missing):
        raise ValueError("a missing reading where a native value belongs")  # noqa: TRY004 - bad data, not a bad call
    return value


# --- canonical values ------------------------------------------------------


def _text_of(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _number_of(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _metric(value: Metric) -> list[Json]:
    return [value.name, value.unit, _text_of(value.baseline), _text_of(value.target), _text_of(value.current)]


def _load_metric(data: Json) -> Metric:
    name, unit, baseline, target, current = data
    return Metric(name, unit, _number_of(baseline), _number_of(target), _number_of(current))


_DUMP_VALUE: Final[dict[type, Callable[[Any], list[Json]]]] = {
    Decimal: lambda v: ["decimal", str(v)],
    date: lambda v: ["date", v.isoformat()],
    datetime: lambda v: ["instant", v.isoformat()],
    Money: lambda v: ["money", str(v.amount), v.currency],
    tuple: lambda v: ["metrics", *(_metric(m) for m in v)],
    frozenset: lambda v: ["set", *sorted(map(str, v))],
    Unset: lambda _: ["unset"],
}

_LOAD_VALUE: Final[dict[str, Callable[..., Value | Unset]]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "instant": datetime.fromisoformat,
    "money": lambda amount, currency: Money(Decimal(amount), currency),
    "metrics": lambda *members: tuple(map(_load_metric, members)),
    "set": lambda *members: frozenset(members),
    "unset": lambda: UNSET,
}


def dump_value(value: Value | Unset) -> Json:
    """Return *value* as JSON; strings (of any enum, too), truth values and `None` stay what they are."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    return _DUMP_VALUE[type(value)](value)


def load_value(data: Json) -> Value | Unset:
    """Return what `dump_value` was given. Raises `ValueError` for anything it never wrote."""
    if data is None or isinstance(data, bool | str):
        return data
    return _load(_LOAD_VALUE, data, "canonical value")


def _load(loaders: Mapping[str, Callable[..., T]], data: Json, what: str) -> T:
    try:
        kind, *parts = data
        return loaders[kind](*parts)
    except (KeyError, TypeError, ValueError, ArithmeticError) as exc:
        raise ValueError(f"not a {what}: {str(data)[:80]}") from exc


# --- provenance ------------------------------------------------------------


def dump_interval(interval: Interval | None) -> Json:
    """Return *interval* as a pair of ISO times, or `None`."""
    return interval and [interval.not_before.isoformat(), interval.not_after.isoformat()]


def load_interval(data: Json) -> Interval | None:
    """Return what `dump_interval` was given."""
    return data and Interval(datetime.fromisoformat(data[0]), datetime.fromisoformat(data[1]))


def dump_provenance(provenance: Provenance) -> Json:
    """Return *provenance* as JSON."""
    by = [[s.connection, dump_interval(s.when), s.author] for s in provenance.by]
    by.sort(key=lambda row: (row[0], row[1] or [], row[2] is not None, row[2] or ""))
    return [by, provenance.rule, provenance.policy, provenance.at and provenance.at.isoformat()]


def load_provenance(data: Json) -> Provenance:
    """Return what `dump_provenance` was given."""
    by, rule, policy, at = data
    return Provenance(
        by=frozenset(Stated(ConnectionName(c), load_interval(when), author) for c, when, author in by),
        rule=rule and Rule(rule),
        policy=policy,
        at=at and datetime.fromisoformat(at),
    )


# --- mappings and records --------------------------------------------------


def dump_map(fields: Mapping[str, T], dump: Callable[[T], Json]) -> dict[str, Json]:
    """Return each field dumped by *dump*, sorted by name."""
    return {name: dump(fields[name]) for name in sorted(fields)}


def load_map(data: Json, load: Callable[[Json], T]) -> dict[str, T]:
    """Return each field loaded by *load*."""
    return {name: load(value) for name, value in cast("dict[str, Json]", data).items()}


class StoredFields(Mapping[str, Native]):
    """
    A record's fields as they were kept, each made into its value when it is first asked for.

    Most of what a tool shows is mapped to nothing, and most readers want a few fields.
    """

    __slots__ = ("_data", "_made")

    def __init__(self, data: Mapping[str, Json]) -> None:
        """Take what `dump_map` returned. Raises `ValueError` for a value of no kind we know."""
        for name, each in data.items():
            if each is not None and each[0] not in _LOAD_NATIVE:
                raise ValueError(f"not a native value: {name} {str(each)[:80]}")
        self._data = data
        self._made: dict[str, Native] = {}

    def __getitem__(self, name: str) -> Native:
        """Return a field's value."""
        if name not in self._made:
            self._made[name] = load_native(self._data[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the fields' names."""
        return iter(self._data)

    def __len__(self) -> int:
        """Return how many fields there are."""
        return len(self._data)

    def __contains__(self, name: object) -> bool:
        """Say whether there is such a field."""
        return name in self._data

    @property
    def refs(self) -> frozenset[Ref]:
        """Return the records these fields refer to; no other field is made for that."""
        names = [name for name, each in self._data.items() if each is not None and each[0] in ("ref", "refs")]
        return frozenset(ref for name in names for ref in refs_in(self[name]))


def refs_of(record: Record) -> frozenset[Ref]:
    """Return the records that *record* refers to."""
    fields = record.fields
    if isinstance(fields, StoredFields):
        return fields.refs
    return frozenset(ref for native in fields.values() for ref in refs_in(native))


def dump_record(record: Record) -> Json:
    """Return *record* as JSON, whole."""
    return {
        "ref": dump_ref(record.ref),
        "type": record.type,
        "container": record.container,
        "key": record.key,
        "revision": record.revision,
        "fields": dump_map(record.fields, dump_native),
        "url": record.url,
        "updated_at": record.updated_at and record.updated_at.isoformat(),
        "created_at": record.created_at and record.created_at.isoformat(),
        "updated_by": record.updated_by,
        "marker": record.marker,
        "state": record.state,
        "aliases": [dump_ref(ref) for ref in record.aliases],
    }


def load_record(data: Json) -> Record:
    """Return what `dump_record` was given."""
    return Record(
        ref=load_ref(data["ref"]),
        type=data["type"],
        container=data["container"],
        key=data["key"],
        revision=Revision(data["revision"]),
        fields=StoredFields(data["fields"]),
        url=data["url"],
        updated_at=data["updated_at"] and datetime.fromisoformat(data["updated_at"]),
        created_at=data["created_at"] and datetime.fromisoformat(data["created_at"]),
        updated_by=data["updated_by"],
        marker=data["marker"] and EntityId(data["marker"]),
        state=RecordState(data["state"]),
        aliases=tuple(load_ref(ref) for ref in data["aliases"]),
    )


@dataclass(frozen=True, slots=True)
class Rename:
    """A connection's old name and its new one, for what was dumped; anything else comes out as it was."""

    old: str
    new: str

    def name(self, name: Json) -> Json:
        """Return a connection's name as it is now."""
        return self.new if name == self.old else name

    def ref(self, data: Json) -> Json:
        """Return what `dump_ref` gave, under the new name."""
        connection, kind, ref_id = data
        return [self.name(connection), kind, ref_id]

    def text(self, ref: str) -> str:
        """Return a ref written as text, under the new name."""
        return f"{self.new}{ref[len(self.old) :]}" if ref.startswith(f"{self.old}:") else ref

    def native(self, data: Json) -> Json:
        """Return what `dump_native` gave, with the refs in it under the new name, in order."""
        match data:
            case ["ref", *parts]:
                return ["ref", *self.ref(parts)]
            case ["refs", *members]:
                return ["refs", *sorted(self.ref(member) for member in members)]
            case _:
                return data
