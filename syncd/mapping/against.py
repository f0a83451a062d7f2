"""A mapping against the live tool: fields, options, types and containers that are not (or no longer) there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from syncd.errors import ConfigError
from syncd.mapping.archive import check_closing
from syncd.mapping.bind import applying, holders_of, named
from syncd.mapping.checks import check_laws
from syncd.mapping.compiled import CompiledMapping, Described, spelling_of
from syncd.mapping.lenses.table import NO, YES, TableLens
from syncd.mapping.problems import Place, Problems, did_you_mean
from syncd.mapping.spec import CreateRule, Entry, Form, SideSpec, fold
from syncd.model.canonical import FieldType, Kind
from syncd.model.native import Choice, Native, NativeField, NativeType
from syncd.model.policy import Direction
from syncd.model.refs import ConnectionName


def check_against(mapping: CompiledMapping, connection: ConnectionName, description: Described) -> Problems:
    """
    Return what does not fit what the tool tells about itself now.

    Only what the portfolio's own file names is a problem; what a tool's
    defaults name and this instance lacks is simply not mapped there, or a
    warning where it matters.
    """
    problems = Problems()
    here = mapping.with_description(connection, description)
    _check_types(here, connection, description, problems)
    for side in here.sides.values():
        if side.connection == connection:
            _check_side(here, side, description, problems)
    _check_names(here, connection, description, problems)
    for rules in here.creates.values():
        for rule in rules:
            if rule.target == connection:
                _check_create(here, rule, description, problems)
    check_closing(here, connection, description, problems)
    return problems


def vanished(
    mapping: CompiledMapping,
    connection: ConnectionName,
    description: Described,
    used: Collection[tuple[ConnectionName, Kind, str]],
) -> list[ConfigError]:
    """Return an error for each field in use that the recommended mapping names and the tool has no more."""
    return [
        ConfigError(
            f'{connection} has no field "{side.native}" any more: {side.kind}.{side.field} stays as it is there',
            where=f"{connection} ({side.kind}.{side.field})",
            fix=f"rename it back, or name the field under fields.{side.kind}.{side.field}.{connection}",
        )
        for key, side in sorted(mapping.sides.items())
        if side.connection == connection
        and not side.stated
        and key in used
        and not _holders(mapping, side, description)
    ]


def _holders(mapping: CompiledMapping, side: SideSpec, description: Described) -> list[NativeField]:
    """Return the fields of that name which records of the side's kind have."""
    types = {name for name, kind in mapping.kinds[side.connection].items() if kind is side.kind}
    found = named(description.fields, side.native)
    return [each for each in found if not each.record_types or each.record_types & types]


def _check_types(
    mapping: CompiledMapping, connection: ConnectionName, description: Described, problems: Problems
) -> None:
    told = [
        *(each.record_types for each in description.containers),
        *(each.record_types for each in description.fields),
    ]
    known = sorted(frozenset().union(*told))
    if not known:
        return
    for name, kind in mapping.kinds[connection].items():
        if name not in known and name in mapping.stated_types.get(connection, ()):
            problems.unknown(
                mapping.place / "kinds" / kind.value / connection, f"a record type of {connection}", name, known
            )
    if not set(mapping.kinds[connection]) & set(known):
        problems.add(
            mapping.place / "kinds",
            f"{connection} has none of the mapped record types ({', '.join(mapping.kinds[connection])})",
            f"name its own under kinds: {', '.join(known)}",
        )


def _check_side(mapping: CompiledMapping, side: SideSpec, description: Described, problems: Problems) -> None:
    """Report a field that is not there, is ambiguous, of the wrong type, or cannot be written."""
    found = named(description.fields, side.native)
    if not found:
        if side.stated:
            _no_field(side.place, side.native, side.connection, description.fields, problems)
        return
    natives = _holders(mapping, side, description)
    note = problems.add if side.stated else problems.warn
    keys = sorted({each.key for each in natives})
    if len(keys) > 1:
        told = f'{side.connection} has several fields called "{side.native}"'
        note(side.place, told, f"use a key: {', '.join(keys)}")
    if not natives and side.stated:
        problems.warn(
            side.place,
            f'no {side.kind} of {side.connection} has the field "{side.native}"',
            "add it to their screens, or turn it off with false",
        )
    wrong = [each for each in natives if each.type not in holders_of(side.spec.type)]
    if wrong:
        note(
            side.place,
            f'"{side.native}" holds {wrong[0].type}, which cannot be {side.kind}.{side.field} ({side.spec.type})',
            _fix_type(side.spec.type),
        )
    if natives and not any(each.writable for each in natives) and side.direction is not Direction.READ:
        note = problems.add if side.direction is Direction.WRITE else problems.warn
        note(side.place, f'"{side.native}" of {side.connection} cannot be written', "say direction: read")
    if side.spec.type is FieldType.CHOICE and natives and not wrong:
        _check_options(side, natives, problems)


def _fix_type(canonical: FieldType) -> str:
    holders = holders_of(canonical)
    return f"name a field of type {' or '.join(holders)}" if holders else "remove it: no tool's field can hold it yet"


def _no_field(
    place: Place, name: str, connection: ConnectionName, fields: Sequence[NativeField], problems: Problems
) -> None:
    known = sorted({each.label for each in fields} | {each.key for each in fields})
    problems.add(
        place,
        f'{connection} has no field "{name}"{did_you_mean(name, known)}',
        "name one of its fields, by key or label, or turn it off with false",
    )


def _check_options(side: SideSpec, natives: Sequence[NativeField], problems: Problems) -> None:
    """Report entries without an option and, for each description of the field, whatever breaks a law."""
    options = [option for native in natives for option in _options(native)]
    if not options or any(native.free for native in natives):
        return
    for entries in side.values.values():
        for entry in entries:
            if entry.stated and entry.form is not Form.EMPTY and not any(_is(entry, each) for each in options):
                labels = [option.label for option in options]
                problems.add(
                    entry.place,
                    f'"{side.native}" of {side.connection} has no option {entry}{did_you_mean(entry.text, labels)}',
                    f"its options are {', '.join(dict.fromkeys(labels))}",
                )
    for native in natives:
        lens = TableLens(side, native)
        values: list[Native] = [None, *native.options]
        for told in check_laws(lens, values, side.spec.options):
            problems.add(side.place, f"the value table of {side.name} is not stable: {told}", "correct the table")
    _check_ids(side, options, problems)
    unread = sorted({option.label for option in options if TableLens(side, natives[0]).table.read(option) is None})
    if unread:
        problems.warn(
            side.place,
            f"{', '.join(unread)} of {side.connection} stand for no value of {side.kind}.{side.field}: "
            "items showing one keep that field as it is, everywhere",
            "add them to the value table",
        )


def _check_ids(side: SideSpec, options: Iterable[Choice], problems: Problems) -> None:
    table = TableLens(side, NativeField(key="", label="", type=NativeType.CHOICE)).table
    for value, entries in side.values.items():
        for entry in entries:
            for option in options:
                if entry.form is Form.ID and option.id == entry.text and table.read(option) not in (value, None):
                    problems.add(
                        entry.place,
                        f'{entry} is the option "{option.label}", which stands for {table.read(option)} by its label',
                        "keep it under one of them",
                    )


def _options(native: NativeField) -> tuple[Choice, ...]:
    return (YES, NO) if native.type is NativeType.BOOL else native.options


def _is(entry: Entry, option: Choice) -> bool:
    match entry.form:
        case Form.ID:
            return option.id == entry.text
        case Form.CATEGORY:
            return option.category == entry.text
        case _:
            return fold(option.label) == fold(entry.text)


def _check_names(
    mapping: CompiledMapping, connection: ConnectionName, description: Described, problems: Problems
) -> None:
    """Report filters and id fields the tool does not have."""
    for (name, kind), tests in mapping.scope.items():
        for field in tests if name == connection else ():
            if not named(description.fields, field):
                at = mapping.place / "kinds" / kind.value / connection / "where" / field
                _no_field(at, field, connection, description.fields, problems)
    for kind, rules in mapping.matches.items():
        for rule in rules:
            if rule.connection == connection and rule.field and not named(description.fields, rule.field):
                _no_field(mapping.place / "match" / kind.value, rule.field, connection, description.fields, problems)


def _check_create(mapping: CompiledMapping, rule: CreateRule, description: Described, problems: Problems) -> None:
    known = [each.name for each in description.containers]
    for name in rule.containers:
        if spelling_of(name, description.containers) is None:
            problems.unknown(rule.place, f"a container of {rule.target}", name, known)
    containers = mapping.containers_of(rule)
    if rule.kind is Kind.COMMENT:  # below the counterparts of what they are about, wherever those are
        fit = [each for each in description.containers if each.writable]
        containers = tuple(e.name for e in fit if not e.record_types or rule.record_type in e.record_types)
        if not containers:
            problems.add(
                rule.place, f'no "{rule.record_type}" may be created in {rule.target}', "give the account the right"
            )
    elif not containers:
        problems.add(
            rule.place,
            f"{rule.target} has {len(known)} containers, and the rule does not say in which to create",
            f"write {{{rule.target}: {{containers: NAME}}}}, with one of {', '.join(known)}",
        )
    for each in description.containers:
        refused = each.record_types and rule.record_type not in each.record_types
        if each.name in containers and (refused or not each.writable):
            problems.add(
                rule.place,
                f'no "{rule.record_type}" may be created in {each.name}',
                "name another container or type, or give the account the right",
            )
    for container in containers:
        _check_required(mapping, rule, container, description, problems)


def _check_required(
    mapping: CompiledMapping, rule: CreateRule, container: str, description: Described, problems: Problems
) -> None:
    sent = {
        mapping.native_key(rule.target, rule.kind, side.field)
        for side in mapping.sides.values()
        if side.connection == rule.target and side.kind is rule.kind and side.direction is not Direction.READ
    }
    for field in applying(description.fields, rule.record_type, container):
        if field.required_on_create and field.key not in sent:
            problems.add(
                rule.place,
                f'{container} wants "{field.label}" for a new {rule.record_type}, and no field is mapped to it',
                "map a field to it, give it a default in the tool, or remove the create rule",
            )
