"""Atlassian Document Format: what the site accepts, and the little that plain Markdown needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from syncd.sandbox.jira.problems import JiraProblem, field_problem
from syncd.sandbox.jira.schema import TEXT_LIMIT

Node = dict[str, Any]

INLINE: Final = frozenset(
    {
        "text",
        "hardBreak",
        "mention",
        "emoji",
        "inlineCard",
        "date",
        "status",
        "mediaInline",
        "placeholder",
        "inlineExtension",
    }
)
_LISTS: Final = frozenset({"bulletList", "orderedList", "taskList", "decisionList"})
_LEAF_BLOCKS: Final = frozenset({"paragraph", "heading", "codeBlock", "rule", "blockCard", "embedCard", "extension"})
_MEDIA: Final = frozenset({"mediaGroup", "mediaSingle"})
_CELL: Final = _LEAF_BLOCKS | _LISTS | _MEDIA | {"panel", "blockquote", "nestedExpand", "bodiedExtension"}
_BLOCKS: Final = _LEAF_BLOCKS | _LISTS | _MEDIA | {"panel", "blockquote", "expand", "table", "bodiedExtension"}
CHILDREN: Final[dict[str, frozenset[str]]] = {
    "doc": _BLOCKS | {"layoutSection"},
    "paragraph": INLINE,
    "heading": INLINE,
    "codeBlock": frozenset({"text"}),
    "blockquote": frozenset({"paragraph", "codeBlock", "extension"}) | _LISTS | _MEDIA,
    "panel": _LEAF_BLOCKS | _LISTS | _MEDIA,
    "expand": _BLOCKS | {"nestedExpand"},
    "nestedExpand": _CELL,
    "bulletList": frozenset({"listItem"}),
    "orderedList": frozenset({"listItem"}),
    "listItem": frozenset({"paragraph", "codeBlock", "bulletList", "orderedList", "taskList", "extension"}) | _MEDIA,
    "taskList": frozenset({"taskItem", "blockTaskItem", "taskList"}),
    "taskItem": INLINE,
    "blockTaskItem": frozenset({"paragraph", "extension"}),
    "decisionList": frozenset({"decisionItem"}),
    "decisionItem": INLINE,
    "table": frozenset({"tableRow"}),
    "tableRow": frozenset({"tableCell", "tableHeader"}),
    "tableCell": _CELL,
    "tableHeader": _CELL,
    "mediaGroup": frozenset({"media"}),
    "mediaSingle": frozenset({"media", "caption"}),
    "caption": INLINE,
    "layoutSection": frozenset({"layoutColumn"}),
    "layoutColumn": _BLOCKS,
    "bodiedExtension": _BLOCKS,
    **dict.fromkeys(
        ["rule", "media", "blockCard", "embedCard", "extension", "text", "hardBreak", "mention", "emoji", "inlineCard"],
        frozenset(),
    ),
    **dict.fromkeys(["date", "status", "mediaInline", "placeholder", "inlineExtension"], frozenset()),
}
"""
What may stand inside what.

Source: the public ADF JSON schema (unpkg.com/@atlaskit/adf-schema, full.json), recalled 2026-11.
"""
NEEDS_CONTENT: Final = frozenset({"bulletList", "orderedList", "listItem", "table", "blockquote", "panel", "taskList"})
NEEDS_ATTRS: Final = {
    "heading": "level",
    "panel": "panelType",
    "mention": "id",
    "emoji": "shortName",
    "date": "timestamp",
    "status": "text",
    "taskItem": "state",
    "media": "type",
}
MARKS: Final = frozenset(
    {"strong", "em", "strike", "code", "underline", "link", "subsup", "textColor", "backgroundColor", "alignment"}
    | {"indentation", "border", "annotation", "breakout", "fontSize", "dataConsumer", "fragment"}
)
MAX_HEADING: Final = 6
_INVALID: Final = "INVALID_INPUT"


def check_document(field: str, value: object) -> Node | None:
    """Return a document as the site keeps it (CRLF becomes a line break), `None` for null; raise its 400 otherwise."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise field_problem(field, "Operation value must be an Atlassian Document (see the Atlassian Document Format)")
    if value.get("type") != "doc" or value.get("version") != 1 or not isinstance(value.get("content"), list):
        raise JiraProblem(400, _INVALID)
    _check(value, CHILDREN)
    if sum(len(text) for text in texts(value)) > TEXT_LIMIT:
        raise field_problem(field, "The entered text is too long. It exceeds the allowed limit of 32,767 characters.")
    return _normalised(value) if value["content"] else None


def _check(node: Node, table: dict[str, frozenset[str]]) -> None:
    kind, children = node["type"], node.get("content", [])
    if not isinstance(children, list) or (kind in NEEDS_CONTENT and not children):
        raise JiraProblem(400, _INVALID)
    needed = NEEDS_ATTRS.get(kind)
    attrs = node.get("attrs", {})
    if needed and (not isinstance(attrs, dict) or needed not in attrs):
        raise JiraProblem(400, _INVALID)
    if kind == "heading" and attrs["level"] not in range(1, MAX_HEADING + 1):
        raise JiraProblem(400, _INVALID)
    if kind == "text":
        _check_text(node)
    for child in children:
        if not isinstance(child, dict) or child.get("type") not in table[kind]:
            raise JiraProblem(400, _INVALID)
        _check(child, table)


def _check_text(node: Node) -> None:
    text, marks = node.get("text"), node.get("marks", [])
    known = isinstance(marks, list) and all(isinstance(mark, dict) and mark.get("type") in MARKS for mark in marks)
    if not isinstance(text, str) or not text or not known:
        raise JiraProblem(400, _INVALID)
    for mark in marks:
        if mark["type"] == "link" and not isinstance(mark.get("attrs", {}).get("href"), str):
            raise JiraProblem(400, _INVALID)


def _normalised(node: Node) -> Node:
    """Return a copy in the site's own form: line breaks of one kind, no empty list of marks, no NUL."""
    copy = {key: value for key, value in node.items() if not (key == "marks" and not value)}
    if node["type"] == "text":
        copy["text"] = node["text"].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    elif "content" in node:
        copy["content"] = [_normalised(child) for child in node["content"]]
    return copy


def texts(node: Node) -> Iterator[str]:
    """Yield every piece of text in reading order."""
    if node["type"] == "text":
        yield node["text"]
    for child in node.get("content", ()):
        yield from texts(child)


def to_text(node: Node | None) -> str:
    """Return what a person reads, one paragraph a line; for showing, not for round trips."""
    if node is None:
        return ""
    if any(child["type"] in INLINE for child in node.get("content", ())) or node["type"] in INLINE:
        return "".join(texts(node))
    return "\n".join(line for child in node.get("content", ()) if (line := to_text(child)))


def from_markdown(source: str) -> Node | None:
    """Return plain Markdown (paragraphs, headings, lists, fences, bold, italics, code) as a document."""
    blocks = [block for block in re.split(r"\n{2,}", source.strip().replace("\r\n", "\n")) if block]
    content = [node for block in blocks for node in _block(block)]
    return {"type": "doc", "version": 1, "content": content} if content else None


def _block(block: str) -> Sequence[Node]:
    lines = block.split("\n")
    if block.startswith("```"):
        code = "\n".join(line for line in lines if not line.startswith("```"))
        return [{"type": "codeBlock", "attrs": {}, "content": [{"type": "text", "text": code}]}] if code else []
    heading = re.fullmatch(r"(#{1,6}) (.+)", block)
    if heading:
        return [{"type": "heading", "attrs": {"level": len(heading[1])}, "content": list(_inline(heading[2]))}]
    if all(line.startswith("- ") for line in lines):
        items = [{"type": "listItem", "content": [_paragraph(line[2:])]} for line in lines]
        return [{"type": "bulletList", "content": items}]
    return [_paragraph(" ".join(lines))]


def _paragraph(text: str) -> Node:
    return {"type": "paragraph", "content": list(_inline(text))}


def _inline(text: str) -> Iterator[Node]:
    for piece in re.split(r"(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`)", text):
        if not piece:
            continue
        for mark, fence in (("strong", "**"), ("em", "*"), ("code", "`")):
            if len(piece) > 2 * len(fence) and piece.startswith(fence) and piece.endswith(fence):
                yield {"type": "text", "text": piece[len(fence) : -len(fence)], "marks": [{"type": mark}]}
                break
        else:
            yield {"type": "text", "text": piece}
