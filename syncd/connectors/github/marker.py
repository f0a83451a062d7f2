"""
What we add to a body: visible links to an item's counterparts, then our marker, an HTML comment; both at the end.

    what people wrote

    Also in: [PMO-12](https://...) (jira-pmo) <!-- syncd:links -->

    <!-- syncd:0123456789abcdef -->

Reading takes off exactly what we wrote, wherever it has got to: anything that
people type around it, or into the same line, stays theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from syncd.connectors.protocol import Home
from syncd.model.native import RichText, TextFormat
from syncd.model.refs import EntityId
from syncd.world import ID_ALPHABET, ID_LENGTH

BODY_LIMIT: Final = 65_536
"""The most characters of a body or description (vendor-facts section 3; refused, never cut)."""
FOOTER_LIMIT: Final = 2_000
"""The most characters of the links: kept free in every body, so that they always fit below what we write."""

_LINKS: Final = "<!-- syncd:links -->"
_LEAD: Final = "Also in: "
_GAP: Final = r"(?:\r\n\r\n|\n\n)?"
_MARKER: Final = re.compile(rf"{_GAP}<!-- syncd:([{ID_ALPHABET}]{{{ID_LENGTH}}}) -->")
_FOOTER: Final = re.compile(rf"{_GAP}((?:{_LEAD}(?:(?!{_LEAD})[^\r\n])*?)?{_LINKS})")
OVERHEAD: Final = len("\n\n<!-- syncd: -->") + ID_LENGTH + len("\n\n") + FOOTER_LIMIT
"""What marker and links may add to a body."""
_URL_ESCAPES: Final = {ord(sign): f"%{ord(sign):02X}" for sign in ' ()<>\\"\t\r\n'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body in its parts."""

    text: RichText | None
    """What people wrote; `None` when that is nothing."""
    marker: EntityId | None
    footer: str = ""
    """Our line of links as it stands there, damaged or not; empty when there is none."""


def split_body(body: str | None) -> Body:
    """
    Return a body's parts.

    Of several markers or footers the last counts: ours are written at the
    end, earlier ones were quoted from elsewhere.
    """
    bare = body or ""
    footers: list[str] = []
    if _LINKS in bare:
        footers = _FOOTER.findall(bare)
        bare = _FOOTER.sub("", bare)
    found: list[str] = _MARKER.findall(bare)
    bare = _MARKER.sub("", bare)
    return Body(
        text=RichText(TextFormat.MARKDOWN, bare) if bare else None,
        marker=EntityId(found[-1]) if found else None,
        footer=footers[-1] if footers else "",
    )


def join_body(text: RichText | None, marker: str | None, footer: str = "") -> str:
    """Return the body to send: *text*, *footer* and *marker*, as far as there are any; too long, *footer* gives way."""
    comment = f"<!-- syncd:{marker} -->" if marker else ""
    source = text.source if text else ""
    whole = "\n\n".join(part for part in (source, footer, comment) if part)
    return whole if len(whole) <= BODY_LIMIT or not footer else join_body(text, marker)


def make_footer(homes: Sequence[Home]) -> str:
    """Return the line that shows these counterparts; those that do not fit are counted at its end."""
    if not homes:
        return ""
    links: list[str] = []
    for index, home in enumerate(homes):
        key = re.sub(r"([\\\[\]<>`*_@#:])", r"\\\1", " ".join(home.key.split()))
        link = f"[{key}]({home.url.translate(_URL_ESCAPES)}) ({home.connection})"
        if len(f"{_LEAD}{' · '.join([*links, link])} and {len(homes)} more {_LINKS}") > FOOTER_LIMIT:
            return f"{_LEAD}{' · '.join(links)} and {len(homes) - index} more {_LINKS}"
        links.append(link)
    return f"{_LEAD}{' · '.join(links)} {_LINKS}"
