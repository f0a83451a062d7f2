"""What to call an item when talking to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from syncd.model.canonical import Kind, Unset, Value

NAMED_BY: Final[Mapping[Kind, str]] = {Kind.COMMENT: "body"}
LONGEST: Final = 60


def naming_field(kind: Kind) -> str:
    """Return the field an item is called by: its title, or what a comment says."""
    return NAMED_BY.get(kind, "title")


def title_of(kind: Kind, values: Mapping[str, Value | Unset]) -> str | None:
    """Return an item's title, or the first line of a comment; `None` when it has none."""
    text = values.get(naming_field(kind))
    if not isinstance(text, str) or not text:
        return None
    return text if kind is not Kind.COMMENT else first_line(text)


def first_line(text: str) -> str:
    """Return the first line of *text*, in a few words."""
    line = next((each.strip() for each in text.splitlines() if each.strip()), "")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3].rstrip()}..."
