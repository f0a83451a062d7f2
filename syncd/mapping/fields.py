"""Each canonical field's type, policy and sides, with the tools' defaults merged in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncd.mapping.kinds import Kinds, asked_for
from syncd.mapping.problems import Place, Problems
from syncd.mapping.schema import DefaultsFile, FieldRule, MappingFile, PolicyRule, Side
from syncd.mapping.spec import Entry, Form, SideSpec, fold, make_entry
from syncd.model.canonical import DEFAULT_FALLBACKS, FIELDS, FieldSpec, FieldType, Kind, Written
from syncd.model.policy import Direction, Earliest, Hold, Latest, Leader, Newest, Once, Order, Policy
from syncd.model.refs import ConnectionName

FieldKey = tuple[Kind, str]
SideKey = tuple[ConnectionName, Kind, str]


@dataclass(slots=True)
class Read:
    """The fields as read so far."""

    specs: dict[FieldKey, FieldSpec] = field(default_factory=dict)
    policies: dict[FieldKey, Policy] = field(default_factory=dict)
    sides: dict[SideKey, SideSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """All that is said about one side: by the portfolio's file, and by the tool's defaults."""

    connection: ConnectionName
    kind: Kind
    field: str
    spec: FieldSpec
    rule: FieldRule
    own: Side | None
    own_place: Place
    default: Side | None
    default_place: Place


def read_fields(
    file: MappingFile,
    place: Place,
    defaults: Mapping[ConnectionName, tuple[DefaultsFile, Place]],
    kinds: Kinds,
    problems: Problems,
) -> Read:
    """Read every field of the portfolio's file and of the defaults; a side the file names wins, part by part."""
    read = Read()
    rules: dict[FieldKey, tuple[FieldRule, Place]] = {}
    for name, rule in file.fields.items():
        key = _field_key(name, rule, place / name, read, problems)
        if key is not None:
            rules[key] = (rule, place / name)
            read.policies[key] = _policy(rule, place / name, read.specs[key], tuple(defaults), problems)
            _check_written(rule, place / name, name, read.specs[key], problems)
            for side in set(rule.sides) - set(defaults):
                problems.unknown(
                    place / name / side, "a connection of this portfolio or a setting here", side, [*defaults, *_KEYS]
                )
    asked = asked_for(file)
    for connection, (default, where) in defaults.items():
        sided = _default_sides(default, where, problems)
        if Kind.ITERATION not in asked:
            sided.pop((Kind.TASK, "iteration"), None)
        present = set(kinds[connection].values())
        for key in dict.fromkeys([*rules, *sided]):
            rule, at = rules.get(key, (FieldRule(), place))
            if key[0] in present or connection in rule.sides:
                said = _said(connection, key, rule=rule, at=at, default=sided.get(key), where=where, read=read)
                _add_side(said, read, problems)
    for (kind, name), (rule, at) in rules.items():
        if not rule.sides and not any(key[1:] == (kind, name) for key in read.sides):
            problems.add(
                at,
                f"no connection holds {kind}.{name}",
                f"name the tools' fields, as in {next(iter(defaults), 'CONNECTION')}: FIELD, or remove it",
            )
    return read


def _said(
    connection: ConnectionName,
    key: FieldKey,
    *,
    rule: FieldRule,
    at: Place,
    default: Side | None,
    where: Place,
    read: Read,
) -> _Said:
    kind, name = key
    return _Said(
        connection=connection,
        kind=kind,
        field=name,
        spec=read.specs.get(key) or FIELDS[kind][name],
        rule=rule,
        own=rule.sides.get(connection),
        own_place=at / connection if connection in rule.sides else at,
        default=default,
        default_place=where / "fields" / f"{kind}.{name}",
    )


_KEYS = ("leader", "policy", "direction", "fallback", "type", "options")


def _field_key(name: str, rule: FieldRule, place: Place, read: Read, problems: Problems) -> FieldKey | None:
    word, _, field_name = name.partition(".")
    if word not in set(Kind) or not field_name:
        problems.unknown(
            place, "a kind and a field", name, _all_fields(), fix=f"write KIND.FIELD, the kind one of {', '.join(Kind)}"
        )
        return None
    kind = Kind(word)
    builtin = FIELDS[kind].get(field_name)
    if builtin is not None and rule.type is not None:
        problems.add(place / "type", f"{name} is built in as {builtin.type}", "remove type:, or choose another name")
    if builtin is None and rule.type is None:
        problems.unknown(
            place,
            f"a field of {kind}",
            field_name,
            list(FIELDS[kind]),
            fix=f"use one of {', '.join(FIELDS[kind])}, or declare your own with type:",
        )
        return None
    spec = builtin or FieldSpec(type=rule.type or FieldType.TEXT, options=rule.options)
    if builtin is None and (spec.type is FieldType.CHOICE) != bool(spec.options):
        problems.add(place, f"{name}: options and the type choice belong together", "give a choice its options: [...]")
    read.specs[kind, field_name] = spec
    return kind, field_name


def _all_fields() -> list[str]:
    return [f"{kind}.{name}" for kind in Kind for name in FIELDS[kind]]


def _policy(
    rule: FieldRule, place: Place, spec: FieldSpec, names: tuple[ConnectionName, ...], problems: Problems
) -> Policy:
    for at, connection in [(place / "leader", rule.leader), *_ordered(rule.policy, place / "policy" / "order")]:
        if connection is not None and connection not in names:
            problems.unknown(at, "a connection of this portfolio", connection, names)
    if rule.leader is not None:
        return Leader(ConnectionName(rule.leader))
    match rule.policy:
        case PolicyRule(name="order", order=order):
            return Order(tuple(ConnectionName(each) for each in order))
        case PolicyRule(name="earliest" | "latest" as name):
            if spec.type not in (FieldType.DATE, FieldType.INSTANT):
                problems.add(
                    place / "policy", f'"{name}" compares dates, and this is {spec.type}', "use another policy"
                )
            return Earliest() if name == "earliest" else Latest()
        case PolicyRule(name="newest"):
            return Newest()
        case PolicyRule(name="once"):
            return Once()
        case _:
            return Hold()


def _check_written(rule: FieldRule, place: Place, name: str, spec: FieldSpec, problems: Problems) -> None:
    """Refuse a direction that would write what nobody may write."""
    if spec.written is not Written.NEVER:
        return
    stated = [(place / "direction", rule.direction)]
    stated += [(place / connection / "direction", side.direction) for connection, side in rule.sides.items()]
    for at, direction in stated:
        if direction not in (None, Direction.READ):
            problems.add(at, f"{name} is only ever read", "remove direction:")


def _ordered(rule: PolicyRule | None, place: Place) -> list[tuple[Place, str | None]]:
    return [(place / index, each) for index, each in enumerate(rule.order)] if rule else []


def _default_sides(default: DefaultsFile, place: Place, problems: Problems) -> dict[FieldKey, Side]:
    sides: dict[FieldKey, Side] = {}
    for name, side in default.fields.items():
        word, _, field_name = name.partition(".")
        if word in set(Kind) and field_name in FIELDS[Kind(word)]:
            sides[Kind(word), field_name] = side
        else:
            problems.unknown(place / "fields" / name, "a built-in field", name, _all_fields())
    return sides


def _add_side(said: _Said, read: Read, problems: Problems) -> None:
    own, default = said.own or Side(), said.default or Side()
    stated = said.own is not None
    if own.off or (default.off and own.field is None):
        return
    if own.field is not None and fold(own.field) != fold(default.field or ""):
        default = Side()
    native = own.field or default.field
    place = said.own_place if stated else said.default_place
    if native is None:
        if stated:
            problems.add(
                place,
                f"{said.connection} has no recommended field for {said.kind}.{said.field}",
                "name the tool's field with field:",
            )
        return
    currency = own.currency or default.currency
    if said.spec.type is FieldType.MONEY and currency is None:
        problems.add(place, f'the currency of "{native}" is not said', "write {field: NAME, currency: EUR}")
    read.specs.setdefault((said.kind, said.field), said.spec)
    read.sides[said.connection, said.kind, said.field] = SideSpec(
        connection=said.connection,
        kind=said.kind,
        field=said.field,
        spec=said.spec,
        native=native,
        place=place,
        stated=stated and own.field is not None,
        direction=own.direction or said.rule.direction or default.direction or Direction.BOTH,
        values=_values(said, own, default, problems),
        fallback=_fallbacks(said, own, default, problems),
        currency=currency,
        pattern=own.pattern or default.pattern,
    )


def _values(said: _Said, own: Side, default: Side, problems: Problems) -> Mapping[str, tuple[Entry, ...]]:
    """
    Merge two value tables: the file's words come first, the defaults' stay after them and go on being understood.

    A word the file claims is taken from the defaults; a value the file gives
    no word at all (`false`) has none.
    """
    options = said.spec.options
    if said.spec.type is not FieldType.CHOICE:
        if own.values is not None:
            problems.add(said.own_place / "values", f"{said.spec.type} has no value table", "remove values:")
        return {}
    if own.values is None and default.values is None:
        return {name: (Entry(Form.WORDS, name, said.own_place, stated=False),) for name in options}
    table: dict[str, tuple[Entry, ...]] = {}
    stated = _entries(own, said.own_place / "values", options, problems, stated=True)
    claimed = {_claim(entry) for entries in stated.values() for entry in entries}
    for name, entries in _entries(default, said.default_place / "values", options, problems, stated=False).items():
        table[name] = tuple(entry for entry in entries if _claim(entry) not in claimed)
    for name, entries in stated.items():
        table[name] = (*entries, *table.get(name, ())) if entries else ()
    return {name: table[name] for name in options if table.get(name)}


def _claim(entry: Entry) -> tuple[Form, str]:
    return entry.form, fold(entry.text)


def _entries(
    side: Side, place: Place, options: tuple[str, ...], problems: Problems, *, stated: bool
) -> dict[str, tuple[Entry, ...]]:
    found = {}
    for name, texts in (side.values or {}).items():
        if name not in options:
            problems.unknown(place / name, "a canonical value of this field", name, options)
            continue
        at = place / name
        found[name] = tuple(
            make_entry(text, at / index if len(texts) > 1 else at, stated=stated) for index, text in enumerate(texts)
        )
    return found


def _fallbacks(said: _Said, own: Side, default: Side, problems: Problems) -> Mapping[str, str]:
    """Return what stands in for what: built-in, then the tool's, the field's, the connection's, each over the last."""
    options = said.spec.options
    if said.spec.type is not FieldType.CHOICE:
        return {}
    chosen: dict[str, str | None] = {
        value: stand_in for value, stand_in in DEFAULT_FALLBACKS.items() if said.field == "status"
    }
    layers = (
        (default.fallback, said.default_place),
        (said.rule.fallback, _parent(said)),
        (own.fallback, said.own_place),
    )
    for layer, place in layers:
        for value, stand_in in layer.items():
            for word in (value, stand_in):
                if word is not None and word != "none" and word not in options:
                    problems.unknown(place / "fallback" / value, "a canonical value of this field", word, options)
            chosen[value] = stand_in
    return {
        value: stand_in
        for value, stand_in in chosen.items()
        if stand_in is not None and stand_in != "none" and value in options and stand_in in options
    }


def _parent(said: _Said) -> Place:
    path = said.own_place.path
    return Place(said.own_place.locate, path[:-1] if said.own is not None else path)
