"""Our marker in a body: an HTML comment at its end, invisible to readers, taken off before anyone compares."""

from __future__ import annotations

import re
from typing import Final

from syncd.model.native import RichText, TextFormat
from syncd.model.refs import EntityId
from syncd.world import ID_ALPHABET, ID_LENGTH

BODY_LIMIT: Final = 65_536
"""The most characters of a body or description (vendor-facts section 3; refused, never cut)."""

_MARKER: Final = re.compile(rf"(?:\r\n\r\n|\n\n)?<!-- syncd:([{ID_ALPHABET}]{{{ID_LENGTH}}}) -->")
OVERHEAD: Final = len("\n\n<!-- syncd: -->") + ID_LENGTH
"""What the marker adds to a body."""


def split_marker(body: str | None) -> tuple[RichText | None, EntityId | None]:
    """
    Return a body without our markers, and the entity id of the last one.

    The last, because ours is written at the end: an earlier one was quoted
    from elsewhere. A body that is empty then is `None`.
    """
    text = body or ""
    found: list[str] = _MARKER.findall(text)
    bare = _MARKER.sub("", text)
    return (RichText(TextFormat.MARKDOWN, bare) if bare else None), (EntityId(found[-1]) if found else None)


def join_marker(text: RichText | None, marker: str | None) -> str:
    """Return the body to send: *text*, and *marker* (if any) two lines below."""
    source = text.source if text else ""
    if marker is None:
        return source
    comment = f"<!-- syncd:{marker} -->"
    return f"{source}\n\n{comment}" if source else comment
