"""A scan goes on only where a mark of the same format, asked for the same things, left off."""

from __future__ import annotations

import pytest

from syncd.connectors._mark import ScanMark, read_cursor
from syncd.model.refs import Cursor


class First(ScanMark):
    after: str | None = None


class Second(First):
    version: int = 2


def test_a_mark_is_read_as_it_was_kept() -> None:
    mark = First(query="q", after="x")
    assert read_cursor(mark.as_cursor(), First(query="q")) == mark


@pytest.mark.parametrize(
    ("cursor", "blank"),
    [
        (None, First(query="q")),
        (First(query="q", after="x").as_cursor(), First(query="other")),
        (First(query="q", after="x").as_cursor(), Second(query="q")),
        (Cursor("2026-03-01"), First(query="q")),
        (Cursor('{"query": "q", "unheard_of": 1}'), First(query="q")),
    ],
)
def test_any_other_begins_anew(cursor: Cursor | None, blank: First) -> None:
    assert read_cursor(cursor, blank) == blank
