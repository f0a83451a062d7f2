"""From mapping files to a compiled mapping: merge the defaults in, check everything the files alone can tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from syncd.mapping import checks, rules
from syncd.mapping.archive import check_archives, read_deletions
from syncd.mapping.compiled import CompiledMapping
from syncd.mapping.fields import read_fields
from syncd.mapping.kinds import read_kinds, stated_types
from syncd.mapping.problems import Locate, Place, Problems
from syncd.mapping.schema import DefaultsFile, MappingFile
from syncd.mapping.spec import Comments
from syncd.mapping.validate import validate
from syncd.model.refs import ConnectionName


@dataclass(frozen=True, slots=True)
class Source:
    """One file as plain data, with its lines."""

    data: object
    locate: Locate
    archives: Callable[[str], bool] = frozenset[str]().__contains__
    """Of a tool's defaults: whether the tool's own archive takes records of a type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """A tool's defaults, validated, with a place for messages."""

    file: DefaultsFile = field(default_factory=lambda: DefaultsFile(version=1))
    place: Place = field(default_factory=lambda: Place(lambda _: "defaults.yaml"))


def compile_mapping(
    source: Source, defaults: Mapping[ConnectionName, Source], problems: Problems | None = None
) -> CompiledMapping:
    """
    Compile a portfolio's mapping file for its connections, in their order.

    *defaults* has each connection with its tool's `defaults.yaml`, which
    counts only when the file says `extends: defaults`. With *problems* the
    caller collects and raises; what is returned may then be incomplete.

    Raises:
        ConfigProblems: the files have problems, and no *problems* was given to note them in.
    """
    notes = problems if problems is not None else Problems()
    place = Place(source.locate)
    names = tuple(defaults)
    read = validate(MappingFile, source.data, place, notes)
    mapping = _merge(read, place, defaults, notes) if read else CompiledMapping(connections=names)
    if problems is None:
        notes.raise_any()
    return mapping


def _merge(
    file: MappingFile, place: Place, sources: Mapping[ConnectionName, Source], problems: Problems
) -> CompiledMapping:
    names = tuple(sources)
    warned = len(problems.warnings)
    defaults = {name: _defaults(each, problems) if file.extends else Defaults() for name, each in sources.items()}
    files = {name: each.file for name, each in defaults.items()}
    kinds, scope = read_kinds(file, place / "kinds", files, problems)
    read = read_fields(file, place / "fields", {n: (d.file, d.place) for n, d in defaults.items()}, kinds, problems)
    for side in read.sides.values():
        checks.check_table(side, problems)
    mapping = CompiledMapping(
        connections=names,
        kinds=kinds,
        stated_types=stated_types(file, names),
        scope=scope,
        specs=read.specs,
        sides=read.sides,
        policies=read.policies,
        creates=rules.read_creates(file, place / "create", kinds, read.specs, problems),
        matches=rules.read_matches(file, place / "match", read.specs, names, problems),
        similar=rules.read_similar(file),
        comments=_comments(file),
        deletions=read_deletions(file, place / "on_delete", read.specs, problems),
        archivable={name: frozenset(filter(sources[name].archives, kinds[name])) for name in names},
        place=place,
    )
    checks.check_policies(mapping, place / "fields", problems)
    check_archives(mapping, problems)
    return mapping.with_warnings(tuple(problems.warnings[warned:]))


def _comments(file: MappingFile) -> Comments:
    said = file.comments
    return Comments(any_edits=said.edits == "any", mark_deleted=said.deleted == "mark") if said else Comments()


def _defaults(source: Source, problems: Problems) -> Defaults:
    place = Place(source.locate)
    file = validate(DefaultsFile, source.data, place, problems)
    return Defaults(file=file or DefaultsFile(version=1), place=place)
