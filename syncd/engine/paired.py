"""A table of what belongs together, from a person's own hand: read, looked up whole, then linked."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.engine.desk import Desk
from syncd.engine.unite import check_unity, unite
from syncd.errors import ConfigError, ConfigProblems
from syncd.model.refs import ConnectionName, EntityId, Ref

FEWEST: Final = 2
"""Cells a row needs to say anything."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what the same thing is called in each connection."""

    line: int
    names: tuple[tuple[ConnectionName, str], ...]


@dataclass(slots=True, kw_only=True)
class Paired:
    """What a table said: items made one, and rows that said nothing new."""

    united: list[EntityId] = field(default_factory=list)
    already: int = 0


def read_table(text: str, where: str, connections: Sequence[ConnectionName]) -> list[Row]:
    """
    Return the rows of a CSV table with one column for each connection; empty cells say nothing.

    Raises:
        ConfigProblems: everything that is wrong with it, with its line.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    rows: list[Row] = []
    problems: list[ConfigError] = []
    try:
        head = [ConnectionName(cell.strip()) for cell in next(reader, [])]
        problems += _wrong_head(head, where, connections)
        for cells in () if problems else reader:
            named = [(name, cell.strip()) for name, cell in zip(head, cells, strict=False) if cell.strip()]
            if len(cells) > len(head):
                problems.append(_wrong(where, reader.line_num, "it has more cells than the first line has names"))
            elif len(named) == 1:
                problems.append(_wrong(where, reader.line_num, f"it names {named[0][1]} alone"))
            elif named:
                rows.append(Row(reader.line_num, tuple(named)))
    except csv.Error as exc:
        problems.append(_wrong(where, reader.line_num, f"it is not CSV: {exc}"))
    if problems:
        raise ConfigProblems(tuple(problems))
    return rows


def _wrong(where: str, line: int, what: str) -> ConfigError:
    return ConfigError(what, where=f"{where}:{line}", fix="write what the same item is called in two or more tools")


def _wrong_head(head: Sequence[ConnectionName], where: str, connections: Sequence[ConnectionName]) -> list[ConfigError]:
    fix = f"name connections of the portfolio in the first line, as in {','.join(connections[:2])}"
    unknown = [name for name in head if name not in connections]
    if unknown:
        return [ConfigError(f'"{unknown[0]}" is not a connection of this portfolio', where=f"{where}:1", fix=fix)]
    if len(head) < FEWEST or len(set(head)) < len(head):
        return [
            ConfigError("the first line names fewer than two connections, or one twice", where=f"{where}:1", fix=fix)
        ]
    return []


async def pair_up(desk: Desk, rows: Sequence[Row], where: str, *, dry_run: bool = False) -> Paired:
    """
    Make one item of what each row names, by key, URL or id; rows that name one item already change nothing.

    Everything is looked up before anything is linked, so a table with a
    mistake changes nothing. With *dry_run* nothing is linked either way.

    Raises:
        ConfigProblems: a name means nothing, or what a row names cannot be one item.
    """
    index = await _index(desk, {name for row in rows for name, _ in row.names})
    problems: list[ConfigError] = []
    wanted: list[list[Ref]] = []
    for row in rows:
        refs = [index.get((name, text.casefold()), ()) for name, text in row.names]
        bad = [
            _unclear(where, row.line, name, text, found)
            for (name, text), found in zip(row.names, refs, strict=True)
            if len(found) != 1
        ]
        problems += bad
        if not bad:
            wanted.append([found[0] for found in refs])
            problems += await _impossible(desk, wanted[-1], f"{where}:{row.line}")
    if problems:
        raise ConfigProblems(tuple(problems))
    return await _carry_out(desk, wanted, dry_run=dry_run)


async def _carry_out(desk: Desk, wanted: Sequence[Sequence[Ref]], *, dry_run: bool) -> Paired:
    told = Paired()
    for refs in wanted:
        links = await desk.store.links.by_refs(refs)
        if len(links) == len(refs) and len({link.entity for link in links.values()}) == 1:
            told.already += 1
        elif dry_run:
            told.united.append(next((link.entity for link in links.values()), EntityId("")))
        else:
            told.united.append(await unite(desk, refs))
    return told


async def _impossible(desk: Desk, refs: Sequence[Ref], where: str) -> list[ConfigError]:
    try:
        await check_unity(desk, refs)
    except ConfigError as exc:
        return [ConfigError(exc.what, where=where, fix=exc.fix)]
    return []


async def _index(desk: Desk, names: set[ConnectionName]) -> Mapping[tuple[ConnectionName, str], Sequence[Ref]]:
    """Return every record of some connections by what it may be called there."""
    found: dict[tuple[ConnectionName, str], set[Ref]] = defaultdict(set)
    async for row in desk.store.records.by_portfolio(desk.portfolio.name):
        record = row.record
        if record.ref.connection in names:
            for text in (record.key, record.ref.id, record.url):
                if text:
                    found[record.ref.connection, text.casefold()].add(record.ref)
    return {key: sorted(refs) for key, refs in found.items()}


def _unclear(where: str, line: int, name: ConnectionName, text: str, found: Sequence[Ref]) -> ConfigError:
    at = f"{where}:{line} ({name})"
    if not found:
        return ConfigError(
            f'nothing is called "{text}" there, as far as it was read',
            where=at,
            fix="write the key, the URL or the id as the tool shows it; run syncd sync first if it is new",
        )
    return ConfigError(
        f'"{text}" means {len(found)} records', where=at, fix="write the URL or the id instead of the key"
    )
