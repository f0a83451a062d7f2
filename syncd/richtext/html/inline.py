"""Read what stands within a line of HTML into runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from syncd.richtext.blocks import NO_MARKS, Link, Mark, Marks, Run, Runs
from syncd.richtext.carry import unpack
from syncd.richtext.html.tree import OPAQUE, SILENT, Node, text_of
from syncd.richtext.tidy import clean_link, clean_words, placeholder, tidy

MARKS: Final[dict[str, Mark]] = {
    **dict.fromkeys(("strong", "b"), "strong"),
    **dict.fromkeys(("em", "i", "cite", "var", "dfn"), "em"),
    **dict.fromkeys(("s", "del", "strike"), "strike"),
    **dict.fromkeys(("u", "ins"), "under"),
    "sub": "sub",
    "sup": "sup",
}
_CODE: Final = frozenset({"code", "kbd", "samp", "tt"})
_PLAIN: Final = frozenset({"a", "br", "img", "input", "wbr", "", *MARKS, *_CODE})
_KNOWN_ATTRIBUTES: Final = frozenset({"href", "title", "src", "alt", "start", "type", "checked", "colspan", "disabled"})
_SPACE = re.compile(r"[ \t\r\n\f]+")


class InlineReader:
    """Reads the inline parts of one source; *losses* holds what Markdown cannot fully say of them."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.losses: set[str] = set()
        self.keeps_lines = False
        """Whether a line break in the text is a break: Asana's way."""

    def runs(self, nodes: Sequence[Node]) -> Runs:
        """Return the runs of inline parts."""
        return tidy(self.parts(nodes))

    def parts(self, nodes: Sequence[Node], marks: Marks = NO_MARKS, link: Link | None = None) -> list[Run]:
        """Return the same within *marks* and *link*, not yet tidied."""
        out: list[Run] = []
        text: list[str] = []
        for node in nodes:
            if not node.tag:
                text.append(node.text)
                continue
            out += self._words("".join(text), marks, link)
            text = []
            out += self._element(node, marks, link)
        return out + self._words("".join(text), marks, link)

    def _words(self, text: str, marks: Marks, link: Link | None) -> list[Run]:
        if not self.keeps_lines:
            text = _SPACE.sub(" ", text)
        return list(unpack(Run("text", text, marks, link)))

    def _element(self, node: Node, marks: Marks, link: Link | None) -> list[Run]:
        tag = node.tag
        self.note(node)
        if tag in SILENT:
            self.losses.add(tag)
            return []
        if tag == "br":
            return [Run("break", link=link)]
        if tag == "img":
            image = clean_link(node.attrs.get("src", ""), node.attrs.get("title", ""))
            alt = clean_words(node.attrs.get("alt", ""))
            return [Run("image", alt, link=link, image=image) if image else Run("text", alt, marks, link)]
        if tag in _CODE:
            text = text_of(node)
            return [Run("code", text, link=link)] if text.strip() else []
        if tag in OPAQUE:
            self.losses.add(tag)
            return [Run("text", placeholder(self._source[node.start : node.end], tag))]
        if tag == "a":
            link = clean_link(node.attrs.get("href", ""), node.attrs.get("title", "")) or link
        elif tag in MARKS:
            marks |= {MARKS[tag]}
        elif tag not in _PLAIN:
            self.losses.add(tag)
        return self.parts(node.children, marks, link)

    def note(self, node: Node) -> None:
        """Take in that attributes of an element are lost."""
        if node.attrs.keys() - _KNOWN_ATTRIBUTES - ({"class"} if node.tag in ("code", "pre") else set()):
            self.losses.add("attributes")
