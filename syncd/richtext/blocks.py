"""
What formatted text is made of, whatever tool it came from: blocks, and flat runs of inline text.

Every format is read into these values and written from them, so two texts are
alike exactly when these values render alike. A run carries all its marks at
once (as ADF does), so nesting order never makes two equal texts look different.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Mark: TypeAlias = Literal["strong", "em", "strike", "under", "sub", "sup"]
Marks: TypeAlias = frozenset[Mark]
Align: TypeAlias = Literal["", "center", "right"]

NO_MARKS: Marks = frozenset()


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link or an image points."""

    href: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """
    A stretch of inline text with the same marks throughout.

    *text* is the text itself, an image's alternative text, or raw HTML;
    it is empty for a break.
    """

    kind: Literal["text", "code", "break", "image", "html"]
    text: str = ""
    marks: Marks = NO_MARKS
    link: Link | None = None
    image: Link | None = None


Runs: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph; never empty once tidied."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 6."""

    level: int
    runs: Runs


@dataclass(frozen=True, slots=True)
class Code:
    """A code block; *info* is everything after the fence, usually a language."""

    info: str
    text: str


@dataclass(frozen=True, slots=True)
class Html:
    """A block of raw HTML."""

    text: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation, or with *alert* (`NOTE`, `TIP`, ...) a highlighted box."""

    blocks: tuple[Block, ...]
    alert: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A list item; *done* is `None` when it has no checkbox."""

    blocks: tuple[Block, ...]
    done: bool | None = None


@dataclass(frozen=True, slots=True)
class List:
    """A list; *start* is `None` for bullets. Checkbox items and others are never in one list."""

    start: int | None
    items: tuple[Item, ...]

    @property
    def is_tasks(self) -> bool:
        """Whether its items carry checkboxes."""
        return self.items[0].done is not None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: every row as wide as *aligns*; an all-empty *header* means none."""

    aligns: tuple[Align, ...]
    header: tuple[Runs, ...]
    rows: tuple[tuple[Runs, ...], ...]


@dataclass(frozen=True, slots=True)
class Details:
    """Blocks folded away under a plain-text title."""

    title: str
    blocks: tuple[Block, ...]


Block: TypeAlias = Para | Heading | Code | Html | Rule | Quote | List | Table | Details

MAX_DEPTH = 20
"""How deep blocks may nest before the text is left alone."""


class TooDeepError(Exception):
    """The text is nested too deep, or too intricate, to be read; never leaves this room."""
