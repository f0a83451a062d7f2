"""What a mapping says of items deleted in one tool, and whether every other tool can do it."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.mapping.bind import applying, named
from syncd.mapping.compiled import CompiledMapping, Described
from syncd.mapping.lenses.table import TableLens
from syncd.mapping.problems import Place, Problems, article
from syncd.mapping.schema import MappingFile
from syncd.mapping.spec import Deletion, SideSpec
from syncd.model.canonical import FieldSpec, Kind
from syncd.model.policy import Direction, OnDelete
from syncd.model.refs import ConnectionName

STATUS = "status"
"""The field that `close_as` speaks of."""

NEVER = {
    Kind.COMMENT: "say comments: {deleted: mark} to have the copies say so",
    Kind.ITERATION: "iterations are only ever read; remove the line",
}
"""Kinds that are not archived, and what to do instead."""


def read_deletions(
    file: MappingFile, place: Place, specs: Mapping[tuple[Kind, str], FieldSpec], problems: Problems
) -> Mapping[Kind, Deletion]:
    """Return what the file says of each kind; `unlink` is the same as nothing."""
    found: dict[Kind, Deletion] = {}
    for kind, rule in file.on_delete.items():
        at = place / kind.value
        if rule.do is OnDelete.UNLINK:
            continue
        if kind in NEVER:
            problems.add(at, f"{article(kind)} is never archived", NEVER[kind])
            continue
        spec = specs.get((kind, STATUS))
        if rule.close_as is not None and (spec is None or rule.close_as not in spec.options):
            options = spec.options if spec is not None else ()
            problems.unknown(at / "close_as", f"a status of {kind}", rule.close_as, options, fix=_fix_word(options))
            continue
        found[kind] = Deletion(do=rule.do, close_as=rule.close_as, place=at)
    return found


def _fix_word(options: tuple[str, ...]) -> str | None:
    return None if options else "map a status first, or remove close_as:"


def check_archives(mapping: CompiledMapping, problems: Problems) -> None:
    """Report every connection that could neither archive an item nor close it, though the file asks for one of both."""
    for kind, deletion in mapping.deletions.items():
        for connection in mapping.connections:
            types = _closed(mapping, connection, kind)
            if types and _is_written(mapping, connection, kind):
                _check_closing(mapping, deletion, connection, kind, types, problems)


def _closed(mapping: CompiledMapping, connection: ConnectionName, kind: Kind) -> list[str]:
    """Return the record types of a kind that the tool itself cannot archive."""
    own = mapping.archivable.get(connection, frozenset())
    return [name for name, of in mapping.kinds.get(connection, {}).items() if of is kind and name not in own]


def _is_written(mapping: CompiledMapping, connection: ConnectionName, kind: Kind) -> bool:
    """Say whether anything of *kind* is ever written there; what is only read is not archived either."""
    return any(
        mapping.direction(connection, kind, field) is not Direction.READ
        for name, of, field in mapping.sides
        if name == connection and of is kind
    )


def _check_closing(
    mapping: CompiledMapping,
    deletion: Deletion,
    connection: ConnectionName,
    kind: Kind,
    types: list[str],
    problems: Problems,
) -> None:
    what = f"{connection} cannot archive {article(kind)} ({', '.join(types)})"
    side = mapping.sides.get((connection, kind, STATUS))
    if side is None or mapping.direction(connection, kind, STATUS) is Direction.READ:
        problems.add(
            deletion.place,
            f"{what}, and has no status that could be written instead",
            f"map fields.{kind}.{STATUS} for {connection}, or say {kind}: unlink",
        )
    elif deletion.close_as is None:
        problems.add(
            deletion.place,
            f"{what}, and no status is declared that stands for archived",
            f"declare one, as in {kind}: {{do: archive, close_as: {_example(side)}}}, or say {kind}: unlink",
        )
    elif deletion.close_as not in side.values:
        problems.add(
            deletion.place / "close_as",
            f"{what}, and has no word of its own for {deletion.close_as}",
            f"name one under fields.{kind}.{STATUS}.{connection}.values.{deletion.close_as}, or use one of "
            f"{', '.join(value for value in side.spec.options if value in side.values)}",
        )


def _example(side: SideSpec) -> str:
    last = [value for value in ("cancelled", "done", "released") if value in side.values]
    return last[0] if last else next(iter(side.values), "STATUS")


def check_closing(
    mapping: CompiledMapping, connection: ConnectionName, description: Described, problems: Problems
) -> None:
    """Report kinds whose `close_as` has no option in the tool as it is now."""
    for kind, deletion in mapping.deletions.items():
        side = mapping.sides.get((connection, kind, STATUS))
        if side is None or deletion.close_as is None:
            continue
        for record_type in _closed(mapping, connection, kind):
            natives = applying(named(description.fields, side.native), record_type, None)
            if natives and not any(TableLens(side, native).has_word(deletion.close_as) for native in natives):
                labels = ", ".join(dict.fromkeys(option.label for native in natives for option in native.options))
                at = f"fields.{kind}.{STATUS}.{connection}.values.{deletion.close_as}"
                problems.add(
                    deletion.place,
                    f'no {side.native} of "{record_type}" in {connection} stands for {deletion.close_as}',
                    f"name one under {at}: {labels}",
                )
