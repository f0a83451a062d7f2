"""What of a document Markdown cannot fully say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from syncd.richtext.adf.nodes import Node, attribute, attributes, children, kind_of, marks_of
from syncd.richtext.adf.schema import MARKS, NODES, Rendering

LOSSY_MARKS: Final = frozenset(name for name, rendering in MARKS.items() if rendering is not Rendering.EXPRESSIBLE)


def losses(nodes: Iterable[Node]) -> set[str]:
    """Return the types of all nodes and marks at any depth that Markdown cannot fully say."""
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        kind = kind_of(node)
        waiting.extend(children(node))
        if kind == "mediaSingle" and [attribute(one, "type") for one in children(node)] == ["external"]:
            waiting.pop()
        elif NODES.get(kind, Rendering.OPAQUE) is not Rendering.EXPRESSIBLE:
            found.add(kind or "unknown")
        elif kind in ("tableCell", "tableHeader") and not _is_plain_cell(node):
            found.add(kind)
        found.update(
            kind_of(mark) for mark in marks_of(node) if kind_of(mark) in LOSSY_MARKS or kind_of(mark) not in MARKS
        )
    return found


def _is_plain_cell(node: Node) -> bool:
    attrs = attributes(node)
    inner = children(node)
    spans = {attrs.get("colspan", 1), attrs.get("rowspan", 1)}
    return spans == {1} and len(inner) <= 1 and all(kind_of(child) == "paragraph" for child in inner)
