"""What a cycle found besides its writes: fields held for a person, values nobody mapped, links that cannot follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.model.canonical import Unset, Value
from syncd.model.native import Missing
from syncd.report.paused import PausedView, paused_lines
from syncd.report.table import count, section
from syncd.report.values import Names, as_is, show

CONFLICT: Final = "!"
QUESTION: Final = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A field that waits for a person: a conflict, or a question of first contact."""

    is_conflict: bool
    name: str
    """What to call it in a command: a conflict's id, or `KEY.FIELD`."""
    kind: str
    key: str
    title: str
    field: str
    sides: tuple[tuple[str, Value | Unset | Missing], ...]
    """Who holds what: a connection (or `canonical`) and the value."""
    why: str = ""

    @property
    def sign(self) -> str:
        """Return the sign its line opens with."""
        return CONFLICT if self.is_conflict else QUESTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Something told once, with how many fields it stands for and an item to look at."""

    what: str
    count: int
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything a person should know besides the writes."""

    held: tuple[Held, ...] = ()
    unreadable: tuple[Tally, ...] = ()
    """Native values that no rule maps, each once."""
    left_alone: tuple[Tally, ...] = ()
    """Fields a tool cannot follow, by reason."""
    ambiguous: int = 0
    """Groups of records that may be one item."""
    unreachable: tuple[tuple[str, str], ...] = ()
    """Connections that did not answer, and why."""
    paused: tuple[PausedView, ...] = ()
    """What a person paused, and how to go on with it."""
    problems: tuple[str, ...] = ()
    """What the mapping asks for and a tool does not have."""
    names: Names = field(default=as_is, repr=False)

    @property
    def conflicts(self) -> int:
        """Count the conflicts."""
        return sum(each.is_conflict for each in self.held)

    @property
    def questions(self) -> int:
        """Count the questions of first contact."""
        return sum(not each.is_conflict for each in self.held)


def tally(found: Iterable[tuple[str, str]]) -> tuple[Tally, ...]:
    """Return each reason once, with how many it stands for, most first; *found* holds (what, item)."""
    seen: dict[str, list[str]] = {}
    for what, item in found:
        seen.setdefault(what, []).append(item)
    rows = (Tally(what=what, count=len(items), example=min(items)) for what, items in seen.items())
    return tuple(sorted(rows, key=lambda row: (-row.count, row.what)))


def held_row(each: Held, names: Names) -> tuple[str, ...]:
    """Return a held field as a row of a plan."""
    sides = ", ".join(f"{who} {show(value, names)}" for who, value in each.sides)
    return (
        each.sign,
        each.name if each.is_conflict else each.key,
        each.kind,
        show_title(each.title),
        each.field,
        f"{sides}  (held)",
    )


def show_title(title: str) -> str:
    """Return a title in quotes, of a width that leaves room for the rest."""
    most = 34
    return f'"{title}"' if len(title) <= most else f'"{title[: most - 1].rstrip()}…"'


def tally_lines(rows: Sequence[Tally]) -> list[str]:
    """Return a line for each reason."""
    return [f"  {row.what} ({count(row.count, 'item')}, such as {row.example})" for row in rows]


def notes(findings: Findings) -> list[str]:
    """Return what stands below a plan's lines: unmapped values and fields left alone, each once, and what is paused."""
    frozen = section("Not readable, and therefore frozen:", tally_lines(findings.unreadable))
    alone = section("Left alone:", tally_lines(findings.left_alone))
    return [*frozen, *alone, *section("Paused:", paused_lines(findings.paused))]
