"""Problems in configuration, collected so that all of them are told at once, each with place and fix."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from syncd.errors import ConfigError, ConfigProblems

KeyPath: TypeAlias = tuple[str | int, ...]
"""The keys (and list positions) that lead to a value in a file."""

Locate: TypeAlias = Callable[[KeyPath], str]
"""Tells where a value stands, as `file:line`; a path that is not there gives the line of its nearest parent."""


def dotted(path: KeyPath) -> str:
    """Return the keys as people write them: `create.task.in[1]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return ` (did you mean "...")` for a near miss, else nothing."""
    folded = {each.casefold(): each for each in allowed}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f' (did you mean "{folded[near[0]]}"?)' if near else ""


def one_of(allowed: Iterable[str]) -> str:
    """Return `use one of a, b, c`, or `use a` when there is but one."""
    names = list(allowed)
    return f"use {names[0]}" if len(names) == 1 else f"use one of {', '.join(names)}"


def article(noun: str) -> str:
    """Return the noun with `a` or `an` before it."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def quoted(value: object) -> str:
    """Return a value as a person would recognise it from the file, never longer than a line."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            text = value
        case Mapping():
            return "a group of settings"
        case list() | tuple():
            return "a list"
        case _:
            return str(value)
    limit = 60
    return f'"{text}"' if len(text) <= limit else f'"{text[:limit]}..."'


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a file: how to find lines there, and the keys that lead to it."""

    locate: Locate
    path: KeyPath = ()

    def __truediv__(self, part: str | int) -> Place:
        return Place(self.locate, (*self.path, part))

    def __str__(self) -> str:
        return f"{self.locate(self.path)} ({dotted(self.path)})" if self.path else self.locate(self.path)


@dataclass(slots=True)
class Problems:
    """What is wrong so far, and what only deserves a look."""

    found: list[ConfigError] = field(default_factory=list)
    warnings: list[ConfigError] = field(default_factory=list)

    def add(self, place: Place, what: str, fix: str) -> None:
        """Note something the operator must change. The same thing told twice counts once."""
        _note(self.found, ConfigError(what, where=str(place), fix=fix))

    def warn(self, place: Place, what: str, fix: str) -> None:
        """Note something that works, though perhaps not as meant."""
        _note(self.warnings, ConfigError(what, where=str(place), fix=fix))

    def unknown(self, place: Place, what: str, word: str, allowed: Sequence[str], *, fix: str | None = None) -> None:
        """Note a word nobody knows; *what* says what kind of word was expected (`a kind`, `a connection here`)."""
        told = f'"{word}" is not {what}{did_you_mean(word, allowed)}'
        self.add(place, told, fix or one_of(allowed))

    def raise_any(self) -> None:
        """
        Raise everything found, if there is anything: file by file as they were read, line by line.

        Raises:
            ConfigProblems: at least one problem was noted.
        """
        if self.found:
            files = list(dict.fromkeys(_file_and_line(each)[0] for each in self.found))
            raise ConfigProblems(tuple(sorted(self.found, key=lambda each: _rank(each, files))))


def _note(notes: list[ConfigError], error: ConfigError) -> None:
    if all((each.where, each.what) != (error.where, error.what) for each in notes):
        notes.append(error)


def _rank(error: ConfigError, files: list[str]) -> tuple[int, int]:
    file, line = _file_and_line(error)
    return files.index(file), line


def _file_and_line(error: ConfigError) -> tuple[str, int]:
    file, _, line = (error.where or "").partition(" (")[0].rpartition(":")
    return file, int(line) if line.isdigit() else 0
