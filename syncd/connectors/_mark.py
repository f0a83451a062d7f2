"""Where a scan stands, kept as the text of a cursor."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from syncd.model.refs import Cursor


class ScanMark(BaseModel):
    """What every connector's mark tells: its own format, and a digest of what is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    query: str

    def as_cursor(self) -> Cursor:
        """Return it as text to keep."""
        return Cursor(self.model_dump_json(exclude_none=True))


MarkT = TypeVar("MarkT", bound=ScanMark)


def read_cursor(cursor: Cursor | None, blank: MarkT) -> MarkT:
    """Return the mark in a cursor; *blank*, the beginning, when it is of another query, scope or format."""
    if cursor is None:
        return blank
    try:
        mark = type(blank).model_validate_json(cursor)
    except ValidationError:
        return blank
    return mark if (mark.version, mark.query) == (blank.version, blank.query) else blank
