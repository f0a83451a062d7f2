"""Write blocks as fresh ADF nodes that the vendor's schema accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from syncd.richtext.adf.inline import Pool, inline_nodes
from syncd.richtext.adf.nodes import Node
from syncd.richtext.adf.schema import ALERT_PANELS, RAW
from syncd.richtext.blocks import (
    Block,
    Code,
    Details,
    Heading,
    Html,
    Item,
    List,
    Para,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)
from syncd.richtext.canonical import settle

_ALL: Final = frozenset({"Para", "Heading", "Code", "Rule", "Quote", "Panel", "List", "Table", "Details"})
ALLOWED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "doc": _ALL,
        "layoutColumn": _ALL,
        "bodiedSyncBlock": _ALL,
        "bodiedExtension": _ALL - {"Details"},
        "expand": _ALL,
        "nestedExpand": _ALL - {"Table", "Details"},
        "panel": frozenset({"Para", "Heading", "Code", "Rule", "List"}),
        "blockquote": frozenset({"Para", "Code", "List"}),
        "listItem": frozenset({"Para", "Code", "List"}),
        "blockTaskItem": frozenset({"Para"}),
        "tableCell": frozenset({"Para"}),
    }
)
"""What each container may hold (vendor's schema); anything else is carried as raw Markdown in a code block."""


class Writer:
    """Writes blocks as ADF. Ids that the schema demands come from the content, so equal text gives equal nodes."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._ids = 0

    def blocks(self, blocks: Iterable[Block], parent: str) -> list[Node]:
        """Return *blocks* as nodes that *parent* may hold; never empty except in a document."""
        nodes = [self.block(block, parent) for block in blocks]
        return nodes or ([] if parent == "doc" else [{"type": "paragraph", "content": []}])

    def block(self, block: Block, parent: str) -> Node:  # noqa: C901, PLR0911 - one case per kind
        """Return one block as a node that *parent* may hold."""
        kind = "Panel" if isinstance(block, Quote) and block.alert else type(block).__name__
        if kind not in ALLOWED[parent]:
            return _raw(block)
        match block:
            case Para():
                return _picture(block.runs) or _with("paragraph", self.inline(block.runs))
            case Heading():
                return _with("heading", self.inline(block.runs), {"level": block.level})
            case Code():
                return code_block(block)
            case Rule():
                return {"type": "rule"}
            case Quote(alert=""):
                return _with("blockquote", self.blocks(block.blocks, "blockquote"))
            case Quote():
                return _with("panel", self.blocks(block.blocks, "panel"), {"panelType": ALERT_PANELS[block.alert]})
            case List():
                return self.list_node(block, parent)
            case Table():
                return _with("table", self._rows(block))
            case Details():
                kind = "nestedExpand" if parent == "expand" else "expand"
                return _with(kind, self.blocks(block.blocks, kind), {"title": block.title})
            case Html():
                return _raw(block)

    def inline(self, runs: Runs) -> list[Node]:
        """Return *runs* as inline nodes, with pooled ones put back."""
        return inline_nodes(runs, self.pool)

    def list_node(self, block: List, parent: str = "doc") -> Node:
        """Return a bullet, ordered or task list; a quotation holds its checkboxes inside bullets."""
        if block.is_tasks and parent != "blockquote" and all(is_simple_task(item) for item in block.items):
            return _with("taskList", self.task_nodes(block.items), {"localId": self.new_id("list")})
        items = [self.item(item) for item in block.items]
        if block.start is None:
            return _with("bulletList", items)
        return _with("orderedList", items, {"order": block.start})

    def item(self, item: Item) -> Node:
        """Return an item of a bullet or ordered list."""
        if item.done is None:
            return _with("listItem", self.blocks(item.blocks, "listItem"))
        at = 1 if item.blocks and isinstance(item.blocks[0], Para) else 0
        head, rest = item.blocks[:at], item.blocks[at:]
        box = _with("taskList", self.task_nodes([Item(head, item.done)]), {"localId": self.new_id("list")})
        return _with("listItem", [box, *(self.block(block, "listItem") for block in rest)])

    def task_nodes(self, items: Sequence[Item]) -> list[Node]:
        """Return the nodes of a task list whose items are all simple."""
        nodes: list[Node] = []
        for item in items:
            runs = item.blocks[0].runs if item.blocks and isinstance(item.blocks[0], Para) else ()
            state = "DONE" if item.done else "TODO"
            nodes.append(_with("taskItem", self.inline(runs), {"localId": self.new_id("task"), "state": state}))
            nodes += [self.list_node(block) for block in item.blocks[1:] if isinstance(block, List)]
        return nodes

    def _rows(self, table: Table) -> list[Node]:
        rows = [self.row(table, cells, "tableCell") for cells in table.rows]
        if any(table.header) or not rows:
            rows.insert(0, self.row(table, table.header, "tableHeader"))
        return rows

    def row(self, table: Table, cells: Sequence[Runs], kind: str) -> Node:
        """Return a row of header or plain cells."""
        return _with("tableRow", [self.cell(table, at, runs, kind) for at, runs in enumerate(cells)])

    def cell(self, table: Table, at: int, runs: Runs, kind: str) -> Node:
        """Return one cell, aligned as its column."""
        content = _picture(runs) or _with("paragraph", self.inline(runs))
        align = {"center": "center", "right": "end"}.get(table.aligns[at])
        if align and content["type"] == "paragraph":
            content = {**content, "marks": [{"type": "alignment", "attrs": {"align": align}}]}
        return _with(kind, [content], {})

    def new_id(self, what: str) -> str:
        """Return an id, the same each time the same text is written."""
        self._ids += 1
        return "syncd-" + sha256(f"{what}{self._ids}".encode()).hexdigest()[:16]


def is_simple_task(item: Item) -> bool:
    """Return whether ADF's task list can hold *item*: one line, and task lists inside."""
    head, rest = item.blocks[:1], item.blocks[1:]
    return all(isinstance(block, Para) and not _picture(block.runs) for block in head) and all(
        isinstance(block, List) and block.is_tasks and all(is_simple_task(inner) for inner in block.items)
        for block in rest
    )


def code_block(block: Code) -> Node:
    """Return a code block."""
    content: list[Node] = [{"type": "text", "text": block.text}] if block.text else []
    return _with("codeBlock", content, {"language": block.info} if block.info else {})


def _raw(block: Block) -> Node:
    return code_block(Code(RAW, settle(block).text))


def _with(kind: str, content: Sequence[Node], attrs: Mapping[str, object] | None = None) -> Node:
    node: dict[str, object] = {"type": kind}
    if attrs is not None and (attrs or kind in ("tableCell", "tableHeader")):
        node["attrs"] = dict(attrs)
    node["content"] = list(content)
    return node


def _picture(runs: Runs) -> Node | None:
    """Return a paragraph that is one public picture as a picture of its own."""
    run: Run | None = runs[0] if len(runs) == 1 else None
    if run is None or run.kind != "image" or run.image is None or run.image.title:
        return None
    media: dict[str, object] = {"type": "media", "attrs": {"type": "external", "url": run.image.href, "alt": run.text}}
    if run.link:
        media["marks"] = [{"type": "link", "attrs": {"href": run.link.href}}]
        if run.link.title:
            return None
    return {"type": "mediaSingle", "attrs": {"layout": "center"}, "content": [media]}
