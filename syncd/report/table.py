"""Columns of plain text."""

from __future__ import annotations

from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], *, indent: int = 2) -> str:
    """Return *rows* (all of one length) in columns two spaces apart; the last column may be of any width."""
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        " " * indent
        + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in rows
    )


def count(number: int, one: str, many: str | None = None) -> str:
    """Return `1 item`, `2 items`; *many* where an `s` is not enough."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def section(title: str, lines: Sequence[str]) -> list[str]:
    """Return a blank line, *title* and *lines*; nothing at all without lines."""
    return ["", title, *lines] if lines else []
