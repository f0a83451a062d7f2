"""HTML as a tree that knows where in the source each part stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Final

from syncd.richtext.blocks import TooDeepError

VOID: Final = frozenset({"br", "hr", "img", "input", "wbr", "col", "area", "base", "embed", "link", "meta", "source"})
BLOCKS: Final = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html"),
        *("li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th"),
        *("thead", "tr", "ul"),
    }
)
SILENT: Final = frozenset({"script", "style", "template", "head", "title", "noscript", "meta", "link", "base"})
"""Elements that show nothing."""
OPAQUE: Final = frozenset({"iframe", "object", "embed", "video", "audio", "svg", "canvas", "math", "form", "select"})
"""Elements that stay as they are."""

_ENDS_BY: Final[Mapping[str, frozenset[str]]] = {
    "li": frozenset({"li"}),
    "tr": frozenset({"tr", "td", "th"}),
    "td": frozenset({"td", "th"}),
    "th": frozenset({"td", "th"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
}
"""Which open elements an opening one closes, if nothing else stands between."""

_MOST_TAGS: Final = 12_000
_MOST_UNCLOSED: Final = 200
_MOST_DEPTH: Final = 120


@dataclass(slots=True)
class Node:
    """An element, or with no *tag* a piece of text or a comment."""

    tag: str
    start: int
    end: int = 0
    text: str = ""
    attrs: Mapping[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)


def text_of(node: Node) -> str:
    """Return the text of a node and all below it, a `<br>` as a line break."""
    return node.text if not node.tag else "\n" if node.tag == "br" else "".join(map(text_of, node.children))


def parse_html(source: str) -> Node:
    """Return a nameless node that holds everything; raises `TooDeepError`."""
    opened, closed = source.count("<"), source.count(">")
    if opened > _MOST_TAGS or opened - closed > _MOST_UNCLOSED:
        raise TooDeepError
    tree = _Tree(source)
    tree.feed(source)
    tree.close()
    return tree.finish()


class _Tree(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=False)
        self._source = source
        self._lines = [0, *(at + 1 for at, char in enumerate(source) if char == "\n")]
        self._root = Node("", 0, len(source))
        self._open = [self._root]
        self._last: Node | None = None

    def finish(self) -> Node:
        """Return the whole, with every open element closed and every end known."""
        self._close_to(1, len(self._source))
        return self._root

    def _here(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def _add(self, node: Node) -> None:
        parent = self._open[-1]
        if parent.children and not parent.children[-1].end:
            parent.children[-1].end = node.start
        parent.children.append(node)

    def _close_to(self, depth: int, at: int) -> None:
        while len(self._open) > depth:
            node = self._open.pop()
            node.end = at
            if node.children and not node.children[-1].end:
                node.children[-1].end = at
        last = self._open[-1].children[-1:] if depth else []
        for node in last:
            node.end = node.end or at

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        here = self._here()
        ends = _ENDS_BY.get(tag, frozenset({"p"}) if tag in BLOCKS else frozenset())
        while len(self._open) > 1 and self._open[-1].tag in ends:
            self._close_to(len(self._open) - 1, here)
        node = Node(tag, here, attrs={name: value or "" for name, value in attrs})
        self._add(node)
        if tag in VOID:
            node.end = here + len(self.get_starttag_text() or "")
            return
        self._open.append(node)
        if len(self._open) > _MOST_DEPTH:
            raise TooDeepError

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element and close it."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._close_to(len(self._open) - 1, self._here() + len(self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        """Close the nearest element of that name, if one is open."""
        here = self._here()
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                self._close_to(depth + 1, here)
                end = self._source.find(">", here) + 1
                self._close_to(depth, end or len(self._source))
                return

    def handle_data(self, data: str) -> None:
        """Add text."""
        here = self._here()
        self._add(Node("", here, here + len(data), data))

    def handle_entityref(self, name: str) -> None:
        """Add a character by name."""
        self._character(f"&{name}")

    def handle_charref(self, name: str) -> None:
        """Add a character by number."""
        self._character(f"&#{name}")

    def _character(self, written: str) -> None:
        here = self._here()
        end = here + len(written) + self._source.startswith(";", here + len(written))
        self._add(Node("", here, end, unescape(self._source[here:end])))
