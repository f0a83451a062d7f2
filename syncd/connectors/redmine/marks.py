"""
What we keep in a text: our mark in a note, which nobody sees, and the links home below a description.

Both are taken off before anyone compares.

Markdown shows an HTML comment and hides a link definition; Textile does the
opposite (both seen on 5.0.4, which has three formatters). Each is written as
its format wants it and recognised as either, since a site may change format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from syncd.connectors.protocol import Home
from syncd.model.native import TextFormat
from syncd.model.refs import EntityId
from syncd.world import ID_ALPHABET, ID_LENGTH

_ID: Final = rf"[{ID_ALPHABET}]{{{ID_LENGTH}}}"
_MARK: Final = re.compile(
    rf"(?:\r?\n\r?\n)?(?:<!-- syncd:(?P<comment>{_ID}) -->|^\[syncd:(?P<definition>{_ID})\]: \#syncd(?=\s|\Z))",
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


_LINKS: Final = re.compile(
    r"(?:\r?\n){0,2}(?:<!-- syncd:links -->.*?<!-- /syncd:links -->"
    r"|^\[syncd:links\]: \#syncd(?=\s).*?^\[/syncd:links\]: \#syncd(?=\s|\Z))",
    re.MULTILINE | re.DOTALL,
)
_UNSAFE: Final = re.compile(r"[\s()<>\"|\\]")


def without_links(text: str) -> str:
    """Return a description without our links home; what people wrote after them stays."""
    return _LINKS.sub("", text) if "syncd:links" in text else text


def links_in(text: str) -> str:
    """Return our links home as they stand in a description, with LF; empty when there are none."""
    found = _LINKS.search(text)
    return found.group().replace("\r\n", "\n").lstrip("\n") if found else ""


def join_links(text: str, links: str) -> str:
    """Return a description to send, with the links two lines below."""
    return f"{text}\n\n{links}" if text and links else text or links


def show_links(homes: Sequence[Home], form: TextFormat) -> str:
    """Return the links home as they stand below a description; empty for none."""
    shown = [home for home in homes if home.url.startswith(("http://", "https://"))]
    if not shown:
        return ""
    if form is TextFormat.TEXTILE:
        links = ", ".join(f'"{_plain(home.key)}":{_address(home)} ({home.connection})' for home in shown)
        return f"<!-- syncd:links -->\nAlso in: {links}\n<!-- /syncd:links -->"
    links = ", ".join(f"[{_escaped(home.key)}]({_address(home)}) ({home.connection})" for home in shown)
    return f"[syncd:links]: #syncd\n\nAlso in: {links}\n\n[/syncd:links]: #syncd"


def list_links(homes: Sequence[Home]) -> str:
    """Return the links home as a custom field holds them: one line each."""
    return "\n".join(f"{home.key} ({home.connection}): {home.url}" for home in homes)


def _address(home: Home) -> str:
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match.group().encode()), home.url)


def _plain(key: str) -> str:
    return " ".join(re.sub(r"[\"<>|]", "", key).split())


def _escaped(key: str) -> str:
    return re.sub(r"[\\\[\]*_`<>]", lambda match: "\\" + match.group(), " ".join(key.split()))
