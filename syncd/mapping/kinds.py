"""Which record types are of which kind, and which of their records are in scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from syncd.mapping.problems import Place, Problems
from syncd.mapping.schema import Condition, DefaultsFile, MappingFile, TypesRule
from syncd.mapping.spec import Filter
from syncd.model.canonical import OPT_IN, Kind
from syncd.model.refs import ConnectionName

Kinds: TypeAlias = Mapping[ConnectionName, Mapping[str, Kind]]
"""For each connection the kind of every mapped record type, in the order of the file."""

Scope: TypeAlias = Mapping[tuple[ConnectionName, Kind], Mapping[str, Filter]]
"""The tests, by native field name, a record must pass to be in scope."""


def make_filter(condition: Condition) -> Filter:
    """Return a condition's meaning."""
    return Filter(is_=condition.is_, not_=condition.not_ or (), contains=condition.contains)


def asked_for(file: MappingFile) -> frozenset[Kind]:
    """
    Return the kinds a portfolio keeps.

    Comments and iterations are kept where its own file speaks of them, in
    whatever part of it: the defaults alone must not make anybody read them.
    """
    named = {*file.kinds, *file.match, *file.create}
    fields = {name.partition(".")[0] for name in file.fields}
    if "task.iteration" in file.fields:
        fields.add(Kind.ITERATION)
    if file.comments is not None:
        fields.add(Kind.COMMENT)
    return frozenset(kind for kind in Kind if kind not in OPT_IN or kind in named or kind in fields)


def read_kinds(
    file: MappingFile, place: Place, defaults: Mapping[ConnectionName, DefaultsFile], problems: Problems
) -> tuple[Kinds, Scope]:
    """Merge the portfolio's kinds over the defaults: a type it names goes where it says, whatever the defaults say."""
    scope: dict[tuple[ConnectionName, Kind], Mapping[str, Filter]] = {}
    for kind, sides in file.kinds.items():
        for name, rule in sides.items():
            here = place / kind.value / name
            if name not in defaults:
                problems.unknown(here, "a connection of this portfolio", name, list(defaults))
            elif rule.where:
                scope[ConnectionName(name), kind] = {field: make_filter(test) for field, test in rule.where.items()}
    asked = asked_for(file)
    kinds = {name: _types(name, file, place, default, asked, problems) for name, default in defaults.items()}
    for name, types in kinds.items():
        if not types:
            problems.add(
                place / name,
                f"no record type of {name} is of any kind, so nothing of it would be read",
                f"add its types, as in kinds: {{task: {{{name}: [TYPE]}}}}, or say extends: defaults",
            )
    return kinds, scope


def stated_types(file: MappingFile, names: tuple[ConnectionName, ...]) -> Mapping[ConnectionName, frozenset[str]]:
    """Return, for each connection, the record types the portfolio's own file names."""
    return {
        name: frozenset(each for sides in file.kinds.values() for each in _named(sides.get(name))) for name in names
    }


def _types(
    name: ConnectionName,
    file: MappingFile,
    place: Place,
    default: DefaultsFile,
    asked: frozenset[Kind],
    problems: Problems,
) -> Mapping[str, Kind]:
    stated: dict[str, Kind] = {}
    for kind, sides in file.kinds.items():
        for each in _named(sides.get(name)):
            other = stated.setdefault(each, kind)
            if other is not kind:
                problems.add(
                    place / kind.value / name,
                    f'"{each}" of {name} is both {other} and {kind}',
                    "name each record type under one kind",
                )
    types: dict[str, Kind] = {}
    for kind in sorted(asked, key=list(Kind).index):
        rule = file.kinds.get(kind, {}).get(name)
        own = rule is not None and (rule.off or rule.types is not None)
        found = _named(rule) if own else _named(default.kinds.get(kind))
        for each in found:
            if own or each not in stated:
                types.setdefault(each, kind)
    return types


def _named(rule: TypesRule | None) -> tuple[str, ...]:
    return (rule.types or ()) if rule is not None and not rule.off else ()
