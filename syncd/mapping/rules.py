"""The create and match rules of a mapping file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncd.mapping import schema
from syncd.mapping.kinds import Kinds, make_filter
from syncd.mapping.problems import Place, Problems, article
from syncd.mapping.schema import MappingFile
from syncd.mapping.spec import CreateRule, MatchRule
from syncd.model.canonical import FieldSpec, Kind
from syncd.model.refs import ConnectionName

Specs = Mapping[tuple[Kind, str], FieldSpec]


def read_creates(
    file: MappingFile,
    place: Place,
    kinds: Kinds,
    specs: Specs,
    problems: Problems,
) -> Mapping[Kind, tuple[CreateRule, ...]]:
    """Return one rule for each kind, source and target."""
    names = tuple(kinds)
    creates: dict[Kind, tuple[CreateRule, ...]] = {}
    for kind, rules in file.create.items():
        at = place / kind.value
        found: list[CreateRule] = []
        if kind is Kind.ITERATION:
            problems.add(at, "an iteration is only ever read, never created", "remove the rule")
            continue
        for rule in rules:
            sources = names if rule.source == ("any",) else rule.source
            _known(sources, at / "from", names, problems)
            _fields(rule.when, at / "when", kind, specs, problems)
            if not rule.targets:
                problems.add(at / "in", "the rule names no target", "name the connections to create in")
            for target in rule.targets:
                found.extend(_rules_to(target, rule, kind, sources, place=at / "in", kinds=kinds, problems=problems))
        creates[kind] = tuple(found)
    return creates


def _rules_to(
    target: schema.TargetRule,
    rule: schema.CreateRule,
    kind: Kind,
    sources: tuple[str, ...],
    *,
    place: Place,
    kinds: Kinds,
    problems: Problems,
) -> Iterator[CreateRule]:
    name = ConnectionName(target.connection)
    if not _known((name,), place, tuple(kinds), problems):
        return
    types = [each for each, of in kinds[name].items() if of is kind]
    if not types:
        problems.add(
            place,
            f"no record type of {name} is {article(kind)}, so none can be created there",
            f"add one, as in kinds: {{{kind}: {{{name}: TYPE}}}}",
        )
        return
    if target.type is not None and target.type not in types:
        problems.unknown(place, f"a record type of {name} that is {article(kind)}", target.type, types)
    if sources == (name,):
        problems.add(
            place, f"the rule creates in {name} what comes from {name}", "name another connection in from: or in:"
        )
    if kind is Kind.COMMENT and target.containers:
        problems.add(
            place,
            f"a comment is created below its parent's counterpart, not in {', '.join(target.containers)}",
            f"name the connection alone: {name}",
        )
    elif kind is not Kind.MILESTONE and len(target.containers) > 1:
        problems.add(
            place, f"{article(kind)} is created in one place, not in {len(target.containers)}", "keep one container"
        )
    for source in sources:
        if source != name:
            yield CreateRule(
                kind=kind,
                source=ConnectionName(source),
                target=name,
                containers=target.containers,
                record_type=target.type or types[0],
                when={field: make_filter(test) for field, test in rule.when.items()},
                place=place,
            )


def read_matches(
    file: MappingFile, place: Place, specs: Specs, names: tuple[ConnectionName, ...], problems: Problems
) -> Mapping[Kind, tuple[MatchRule, ...]]:
    """Return the match rules of each kind, in the order of the file: the first that recognises a record counts."""
    matches: dict[Kind, tuple[MatchRule, ...]] = {}
    for kind, rules in file.match.items():
        at = place / kind.value
        if kind is Kind.COMMENT:
            problems.add(at, "comments are recognised by what they say below one item", "remove the rule")
            continue
        for rule in rules:
            _fields(rule.fields, at, kind, specs, problems)
            _known([each for each in (rule.connection, rule.names) if each is not None], at, names, problems)
        matches[kind] = tuple(
            MatchRule(
                fields=rule.fields,
                connection=ConnectionName(rule.connection) if rule.connection else None,
                field=rule.field,
                names=ConnectionName(rule.names) if rule.names else None,
                by=rule.by,
            )
            for rule in rules
            if rule.similar is None
        )
    return matches


def read_similar(file: MappingFile) -> Mapping[Kind, int]:
    """Return for which kinds what is alike is proposed, and from which confidence on, in percent."""
    return {kind: rule.similar for kind, rules in file.match.items() for rule in rules if rule.similar is not None}


def _known(
    words: tuple[str, ...] | list[str], place: Place, names: tuple[ConnectionName, ...], problems: Problems
) -> bool:
    unknown = [word for word in words if word not in names]
    for word in unknown:
        problems.unknown(place, "a connection of this portfolio", word, names)
    return not unknown


def _fields(
    words: tuple[str, ...] | Mapping[str, object], place: Place, kind: Kind, specs: Specs, problems: Problems
) -> None:
    mapped = [name for of, name in specs if of is kind]
    for word in words:
        if word not in mapped:
            problems.unknown(place, f"a mapped field of {kind}", word, mapped)
