"""What the vendor's schema asks of a document we write, as our own check (npm @atlaskit/adf-schema 57.7.22)."""

from __future__ import annotations

from typing import Any

BLOCKS = {
    *("paragraph", "heading", "codeBlock", "rule", "blockquote", "panel", "bulletList", "orderedList", "taskList"),
    *("table", "expand", "mediaSingle"),
}
IN_TEXT = {"text", "hardBreak"}
MAY_HOLD: dict[str, set[str]] = {
    "doc": BLOCKS,
    "expand": (BLOCKS - {"expand"}) | {"nestedExpand"},
    "nestedExpand": BLOCKS - {"expand", "table"},
    "panel": {"paragraph", "heading", "codeBlock", "rule", "bulletList", "orderedList", "taskList", "mediaSingle"},
    "blockquote": {"paragraph", "codeBlock", "bulletList", "orderedList", "mediaSingle"},
    "bulletList": {"listItem"},
    "orderedList": {"listItem"},
    "listItem": {"paragraph", "codeBlock", "bulletList", "orderedList", "taskList", "mediaSingle"},
    "taskList": {"taskItem", "taskList"},
    "taskItem": IN_TEXT,
    "paragraph": IN_TEXT,
    "heading": IN_TEXT,
    "codeBlock": {"text"},
    "table": {"tableRow"},
    "tableRow": {"tableHeader", "tableCell"},
    "tableHeader": {"paragraph", "mediaSingle"},
    "tableCell": {"paragraph", "mediaSingle"},
    "mediaSingle": {"media"},
}
MAY_BE_EMPTY = {"doc", "paragraph", "heading", "codeBlock", "taskItem"}
CODE_MARKS = {"code", "link"}


def problems(node: dict[str, Any], path: str = "") -> list[str]:
    """Return what is wrong with *node* and all below it."""
    kind = node["type"]
    here = f"{path}/{kind}"
    if kind == "text":
        return _text_problems(node, here)
    content = node.get("content", [])
    found = [f"{here} holds {one['type']}" for one in content if one["type"] not in MAY_HOLD.get(kind, set())]
    if kind in MAY_HOLD and kind not in MAY_BE_EMPTY and not content:
        found.append(f"{here} is empty")
    attrs = node.get("attrs", {})
    if kind == "doc" and node.get("version") != 1:
        found.append("no version")
    if kind in ("taskList", "taskItem") and not attrs.get("localId"):
        found.append(f"{here} has no localId")
    if kind == "taskItem" and attrs.get("state") not in ("TODO", "DONE"):
        found.append(f"{here} has no state")
    if kind == "heading" and attrs.get("level") not in range(1, 7):
        found.append(f"{here} has no level")
    if kind == "orderedList" and attrs["order"] < 0:
        found.append(f"{here} counts from {attrs['order']}")
    if kind == "table" and len({len(row["content"]) for row in content}) > 1:
        found.append(f"{here} is ragged")
    return found + [problem for one in content for problem in problems(one, here)]


def _text_problems(node: dict[str, Any], here: str) -> list[str]:
    found = [] if node["text"] else [f"{here} is empty"]
    marks = [mark["type"] for mark in node.get("marks", [])]
    if len(marks) != len(set(marks)):
        found.append(f"{here} has a mark twice")
    if "code" in marks and not set(marks) <= CODE_MARKS:
        found.append(f"{here} is code and {marks}")
    if "/codeBlock" in here and marks:
        found.append(f"{here} is marked")
    return found
