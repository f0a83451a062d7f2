"""ADF's nodes as they come: JSON objects that may lack anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from syncd.richtext.tidy import placeholder as stand_in

Node: TypeAlias = Mapping[str, object]


class MalformedError(Exception):
    """The source is not an ADF document; never leaves this room."""


def load(source: str) -> dict[str, object]:
    """Return the document; raises `MalformedError` when *source* is no ADF document."""
    try:
        document = json.loads(source, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise MalformedError from exc
    if not isinstance(document, dict) or document.get("type") != "doc" or not _all_nodes(document.get("content", [])):
        raise MalformedError
    return document


def _no_constant(_name: str) -> float:
    raise MalformedError


def _all_nodes(content: object) -> bool:
    return isinstance(content, list) and all(isinstance(node, dict) for node in content)


def children(node: Node) -> Sequence[Node]:
    """Return the nodes inside *node*, leaving out what is none."""
    content = node.get("content")
    return [child for child in content if isinstance(child, dict)] if isinstance(content, list) else ()


def kind_of(node: Node) -> str:
    """Return the node's type; empty when it has none."""
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def attributes(node: Node) -> Mapping[str, object]:
    """Return the node's attributes."""
    found = node.get("attrs")
    return found if isinstance(found, dict) else {}


def attribute(node: Node, name: str) -> str:
    """Return an attribute that should be text; empty when it is not."""
    value = attributes(node).get(name)
    return value if isinstance(value, str) else ""


def marks_of(node: Node) -> Sequence[Node]:
    """Return the node's marks."""
    found = node.get("marks")
    return [mark for mark in found if isinstance(mark, dict)] if isinstance(found, list) else ()


def placeholder(node: Node, label: str) -> str:
    """Return the one-line text that stands for an opaque *node* wherever its block goes."""
    return stand_in(json.dumps(node, sort_keys=True), label)
