"""
What we keep in a text and nobody sees: our mark in a note. Taken off before anyone compares.

Markdown shows an HTML comment and hides a link definition; Textile does the
opposite (both seen on 5.0.4, which has three formatters). Each is written as
its format wants it and recognised as either, since a site may change format.
"""

from __future__ import annotations

import re
from typing import Final

from syncd.model.native import TextFormat
from syncd.model.refs import EntityId
from syncd.world import ID_ALPHABET, ID_LENGTH

_ID: Final = rf"[{ID_ALPHABET}]{{{ID_LENGTH}}}"
_MARK: Final = re.compile(
    rf"(?:\r?\n\r?\n)?(?:<!-- syncd:(?P<comment>{_ID}) -->|^\[syncd:(?P<definition>{_ID})\]: \#syncd[ ]*$)",
    re.MULTILINE,
)


def split_mark(text: str) -> tuple[str, EntityId | None]:
    """Return a text without our marks, and the entity id in the last one: an earlier one was quoted."""
    found = [match["comment"] or match["definition"] for match in _MARK.finditer(text)]
    return (_MARK.sub("", text), EntityId(found[-1])) if found else (text, None)


def join_mark(text: str, marker: str | None, form: TextFormat) -> str:
    """Return *text* to send, with *marker* (if any) two lines below."""
    if marker is None:
        return text
    mark = f"<!-- syncd:{marker} -->" if form is TextFormat.TEXTILE else f"[syncd:{marker}]: #syncd"
    return f"{text}\n\n{mark}"
