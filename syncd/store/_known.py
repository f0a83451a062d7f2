"""
Statements made once and carried out thousands of times.

To build one, to look it up and to carry it out costs SQLAlchemy fifty times
what SQLite needs to answer it, so SQLite is given its text and its values at
once. PostgreSQL gets it through SQLAlchemy: there the way to the server is
longer than all of that.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Delete, Dialect, Executable, Insert, Select, Update, bindparam
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

Turn = Callable[[Any], Any]
"""Turns one value into what the other side takes."""

MANY: Final = "many"
"""The name of the values one asks for at once."""
_PLACE: Final = "__[POSTCOMPILE_{}]"
"""Where SQLAlchemy leaves room for several values."""


@dataclass(frozen=True, slots=True)
class _Bind:
    name: str
    preset: Any
    is_required: bool
    is_many: bool
    turn: Turn | None

    def of(self, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the column takes it
        value = values[self.name] if self.is_required or self.name in values else self.preset
        if self.turn is None:
            return value
        return [self.turn(each) for each in value] if self.is_many else self.turn(value)


@dataclass(frozen=True, slots=True)
class Plain:
    """A statement as SQLite takes it."""

    text: str
    binds: tuple[_Bind, ...]
    row: Callable[[Iterable[Any]], Any]
    turns: tuple[tuple[int, Turn], ...]

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """Return *values* in the order of the text's places; raises `KeyError` when one is missing."""
        found: list[Any] = []
        for bind in self.binds:
            if bind.is_many:
                found += bind.of(values)
            else:
                found.append(bind.of(values))
        return found

    def text_for(self, values: Mapping[str, Any]) -> str:
        """Return the text with as many places as there are *values*."""
        text = self.text
        for bind in self.binds:
            if bind.is_many:
                count = len(values.get(bind.name, bind.preset))
                text = text.replace(_PLACE.format(bind.name), ", ".join("?" * count))
        return text

    def made(self, raw: Iterable[Sequence[Any]]) -> list[Any]:
        """Return rows whose columns have the names of the statement's, and values as its types say."""
        if not self.turns:
            return [self.row(each) for each in raw]
        found = []
        for each in raw:
            values = list(each)
            for at, turn in self.turns:
                values[at] = turn(values[at])
            found.append(self.row(values))
        return found


class Known:
    """One statement, made once; what changes about it are the values of its named places."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._plain: dict[tuple[str, ...], Plain] = {}

    def plain(self, dialect: Dialect, names: Iterable[str] = ()) -> Plain:
        """Return it as SQLite takes it, with places for the columns *names* when it inserts."""
        key = tuple(names)
        found = self._plain.get(key)
        if found is None:
            found = self._plain[key] = _plain(self.statement, dialect, key)
        return found


def among(statement: Select[Any] | Update | Delete, column: ColumnElement[Any]) -> Known:
    """Return *statement* for the rows whose *column* is among many values: for `Db.within` and `Db.write_within`."""
    return Known(statement.where(column.in_(bindparam(MANY, expanding=True))))


def _plain(statement: Executable, dialect: Dialect, names: Sequence[str]) -> Plain:
    given = statement.inline() if isinstance(statement, Insert) else statement
    columns = list(names) if isinstance(statement, Insert) else None
    compiled = cast("SQLCompiler", given.compile(dialect=dialect, column_keys=columns))  # type: ignore[attr-defined]
    binds = []
    for name in compiled.positiontup or ():
        bind = compiled.binds[name]
        turn = cast("Turn | None", _type(bind.type, dialect).bind_processor(dialect))
        binds.append(_Bind(name, bind.value, bind.required, bind.expanding, turn))
    shown = list(statement.selected_columns) if isinstance(statement, Select) else []
    row: Any = namedtuple("Row", [column.key for column in shown])  # type: ignore[misc]  # noqa: PYI024
    turns = [(at, _type(column.type, dialect).result_processor(dialect, None)) for at, column in enumerate(shown)]
    return Plain(
        text=str(compiled),
        binds=tuple(binds),
        row=row._make,
        turns=tuple((at, turn) for at, turn in turns if turn is not None),
    )


def _type(declared: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return declared.dialect_impl(dialect)
