"""Put new text into an ADF document, keeping every node whose canonical text did not change."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import cast

from syncd.richtext.adf.inline import Pool
from syncd.richtext.adf.nodes import Node, attribute, attributes, children, kind_of
from syncd.richtext.adf.read import Reader
from syncd.richtext.adf.schema import PANEL_ALERTS
from syncd.richtext.adf.write import Writer
from syncd.richtext.blocks import Block, Code, Details, Heading, Item, List, Para, Quote, Runs, Table
from syncd.richtext.canonical import settle, words
from syncd.richtext.diff import kept_units


def text_of(block: Block) -> str:
    """Return the canonical text by which blocks are told apart."""
    return settle(block).text


class Putter:
    """Rewrites nodes towards new blocks, reusing what it may at every level."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def nodes(self, old: Sequence[Node], new: Sequence[Block], parent: str) -> list[Node]:
        """
        Return *new* as the content of *parent*, which now holds *old*.

        A node is kept as it is when its text is still there, in place or
        moved; a replaced one lends its shell and what of its content stays.
        """
        self._reader.depth += 1
        try:
            return self._nodes(old, new, parent)
        finally:
            self._reader.depth -= 1

    def _nodes(self, old: Sequence[Node], new: Sequence[Block], parent: str) -> list[Node]:
        units = [tuple(text_of(block) for block in self._reader.block(node)) for node in old]
        wanted = [text_of(block) for block in new]
        kept = kept_units(units, wanted)
        if not any(units):
            return Writer(Pool((), self._reader, "")).blocks(new, parent)
        loose = [number for number, unit in enumerate(units) if unit and number not in kept]
        moved = self._moved(units, wanted, kept, loose)
        out = list(self._blank(units, 0, old))
        covered = {start + step: number for number, start in kept.items() for step in range(len(units[number]))}
        at, last = 0, -1
        while at < len(new):
            number = covered.get(at)
            if number is not None:
                out += [old[number], *self._blank(units, number + 1, old)]
                at += len(units[number])
                last = number
                continue
            end = at
            while end < len(new) and end not in covered:
                end += 1
            stop = covered.get(end, len(old))
            free = [number for number in loose if last < number < stop and number not in moved.values()]
            for begin, block in enumerate(new[at:end], at):
                if begin in moved:
                    out.append(old[moved[begin]])
                else:
                    out.append(self._replace(old, free, block, wanted[begin], parent))
            at = end
        return out or Writer(Pool((), self._reader, "")).blocks((), parent)

    @staticmethod
    def _blank(units: Sequence[tuple[str, ...]], start: int, old: Sequence[Node]) -> Iterator[Node]:
        """Yield the nodes that say nothing, from *start* up to the next that does."""
        for number in range(start, len(old)):
            if units[number]:
                return
            yield old[number]

    @staticmethod
    def _moved(
        units: Sequence[tuple[str, ...]], wanted: Sequence[str], kept: dict[int, int], loose: Sequence[int]
    ) -> dict[int, int]:
        """Return which unmatched new blocks are unmatched old nodes that only moved."""
        taken = {start + step for number, start in kept.items() for step in range(len(units[number]))}
        spare: dict[str, deque[int]] = {}
        for number in loose:
            if len(units[number]) == 1:
                spare.setdefault(units[number][0], deque()).append(number)
        moved: dict[int, int] = {}
        for at, text in enumerate(wanted):
            if at not in taken and spare.get(text):
                moved[at] = spare[text].popleft()
        return moved

    def _replace(
        self,
        old: Sequence[Node],
        free: list[int],
        block: Block,
        wanted: str,
        parent: str,
    ) -> Node:
        """Return *block* in the shell of the first free old node of its kind, or else written anew."""
        for number in free:
            node = self.rewrite(old[number], block, parent)
            if node is not None and tuple(map(text_of, self._reader.block(node))) == (wanted,):
                free.remove(number)
                return node
        pool = Pool([old[number] for number in free], self._reader, "\n".join(words(block)))
        fresh = Writer(pool).block(block, parent)
        if tuple(map(text_of, self._reader.block(fresh))) == (wanted,):
            return fresh
        return Writer(Pool((), self._reader, "")).block(block, parent)

    def _inline(self, node: Node, runs: Runs) -> list[Node]:
        pool = Pool([node], self._reader, "".join(run.text for run in runs))
        return Writer(pool).inline(runs)

    def rewrite(self, node: Node, block: Block, parent: str) -> Node | None:  # noqa: PLR0911 - one case per kind
        """Return *node* changed to say *block*, keeping its attributes and marks; `None` when it is of another kind."""
        kind = kind_of(node)
        match kind, block:
            case "paragraph", Para():
                return {**node, "content": self._inline(node, block.runs)}
            case "heading", Heading():
                attrs = {**attributes(node), "level": block.level}
                return {**node, "attrs": attrs, "content": self._inline(node, block.runs)}
            case "codeBlock", Code():
                fresh = Writer(Pool((), self._reader, "")).block(block, parent)
                language = {"language": block.info} if block.info else {}
                rest = {key: value for key, value in attributes(node).items() if key != "language"}
                return {**node, "attrs": {**rest, **language}, "content": fresh["content"]}
            case ("blockquote", Quote(alert="")) | ("panel", Quote()):
                return self._box(node, kind, cast("Quote", block))
            case (("expand" | "nestedExpand"), Details()):
                attrs = {**attributes(node), "title": block.title}
                return {**node, "attrs": attrs, "content": self._inside(node, block.blocks, kind)}
            case (("layoutSection" | "layoutColumn" | "bodiedExtension" | "bodiedSyncBlock"), Details()):
                return self._wrapper(node, kind, block)
            case (("bulletList" | "orderedList" | "taskList" | "decisionList"), List()):
                return self._list(node, kind, block)
            case "table", Table():
                return self._table(node, block)
        return None

    def _inside(self, node: Node, blocks: Sequence[Block], kind: str) -> list[Node]:
        return self.nodes(children(node), blocks, kind)

    def _box(self, node: Node, kind: str, block: Quote) -> Node | None:
        if kind == "blockquote":
            return {**node, "content": self._inside(node, block.blocks, kind)}
        if PANEL_ALERTS.get(attribute(node, "panelType"), "NOTE") != block.alert:
            return None
        return {**node, "content": self._inside(node, block.blocks, kind)}

    def _wrapper(self, node: Node, kind: str, block: Details) -> Node | None:
        """Rewrite columns and other wrappers in place, as long as their own shape stands."""
        if kind != "layoutSection":
            return {**node, "content": self._inside(node, block.blocks, kind)}
        columns = children(node)
        if len(columns) != len(block.blocks) or not all(isinstance(inner, Details) for inner in block.blocks):
            return None
        rewritten = [self.rewrite(column, inner, kind) for column, inner in zip(columns, block.blocks, strict=True)]
        return {**node, "content": rewritten} if None not in rewritten else None

    def _list(self, node: Node, kind: str, block: List) -> Node | None:
        if kind == "orderedList" and block.start is not None:
            attrs = {**attributes(node), "order": block.start}
            return {**node, "attrs": attrs, "content": self._items(node, block)}
        if kind == "bulletList" and block.start is None and not block.is_tasks:
            return {**node, "content": self._items(node, block)}
        if kind == "taskList" and block.is_tasks:
            return self._tasks(node, block)
        return self._decisions(node, block) if kind == "decisionList" else None

    def _pair(self, old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int | None, bool]]:
        """Yield for each new text the old one to start from, if any, and whether it is the same."""
        kept = {at: number for number, at in kept_units([(text,) for text in old], new).items()}
        last = -1
        for at in range(len(new)):
            if at in kept:
                last = kept[at]
                yield last, True
                continue
            following = next((kept[later] for later in range(at, min(len(new), at + 50)) if later in kept), len(old))
            if last + 1 < following:
                last += 1
                yield last, False
            else:
                yield None, False

    def _items(self, node: Node, block: List) -> list[Node]:
        old = [child for child in children(node) if kind_of(child) == "listItem"]
        before = [text_of(List(None, (Item(self._reader.blocks(children(item))),))) for item in old]
        after = [text_of(List(None, (item,))) for item in block.items]
        out: list[Node] = []
        for item, (number, same) in zip(block.items, self._pair(before, after), strict=True):
            if number is None or item.done is not None:
                out.append(Writer(Pool((), self._reader, "")).item(item))
            elif same:
                out.append(old[number])
            else:
                content = self.nodes(children(old[number]), item.blocks, "listItem")
                out.append({**old[number], "content": content})
        return out

    def _tasks(self, node: Node, block: List) -> Node | None:
        old = children(node)
        fresh = Writer(Pool([node], self._reader, "\n".join(words(block)))).list_node(block)
        if kind_of(fresh) != "taskList":
            return None
        new = children(fresh)
        before, after = [self._task_text(one) for one in old], [self._task_text(one) for one in new]
        out: list[Node] = []
        for one, (number, same) in zip(new, self._pair(before, after), strict=True):
            shell = old[number] if number is not None else None
            if shell is None or (not same and (kind_of(shell) != kind_of(one) or kind_of(one) != "taskItem")):
                out.append(one)
            elif same:
                out.append(shell)
            else:
                attrs = {**attributes(shell), "state": attribute(one, "state")}
                out.append({**shell, "attrs": attrs, "content": one["content"]})
        return {**node, "content": out}

    def _task_text(self, node: Node) -> str:
        return "\n\n".join(text_of(block) for block in self._reader.block({"type": "taskList", "content": [node]}))

    def _decisions(self, node: Node, block: List) -> Node | None:
        """Keep the decisions that stay; a list with anything new becomes plain bullets."""
        by_text = {self._decision_text(node, item): item for item in children(node)}
        kept = [by_text.get(text_of(List(None, (item,)))) for item in block.items]
        return {**node, "content": kept} if None not in kept else None

    def _decision_text(self, node: Node, item: Node) -> str:
        return "\n\n".join(text_of(block) for block in self._reader.block({**node, "content": [item]}))

    def _table(self, node: Node, block: Table) -> Node | None:
        now = next((found for found in self._reader.block(node) if isinstance(found, Table)), None)
        if now is None or now.aligns != block.aligns or any(now.header) != any(block.header):
            return None
        old = children(node)
        skip = len(old) - len(now.rows)
        headers = [block.header] if skip else []
        new = [*headers, *block.rows]
        before = [self._row_text(now, cells) for cells in ([now.header] if skip else []) + list(now.rows)]
        after = [self._row_text(block, cells) for cells in new]
        out: list[Node] = []
        for at, (cells, (number, same)) in enumerate(zip(new, self._pair(before, after), strict=True)):
            shell = old[number] if number is not None else None
            if shell is not None and same:
                out.append(shell)
            elif shell is not None and len(children(shell)) == len(cells):
                out.append({**shell, "content": self._cells(shell, cells, block)})
            else:
                kind = "tableHeader" if headers and at == 0 else "tableCell"
                out.append(Writer(Pool((), self._reader, "")).row(block, cells, kind))
        return {**node, "content": out}

    @staticmethod
    def _row_text(table: Table, cells: Sequence[Runs]) -> str:
        return text_of(Table(table.aligns, tuple(cells), ()))

    def _cells(self, row: Node, cells: Sequence[Runs], table: Table) -> list[Node]:
        out: list[Node] = []
        for at, (cell, runs) in enumerate(zip(children(row), cells, strict=True)):
            inner = children(cell)
            if self._reader.cell(cell) == runs:
                out.append(cell)
            elif len(inner) == 1 and kind_of(inner[0]) == "paragraph":
                paragraph = {**inner[0], "content": self._inline(inner[0], runs)}
                out.append({**cell, "content": [paragraph]})
            else:
                content = Writer(Pool([cell], self._reader, "")).cell(table, at, runs, "tableCell")["content"]
                out.append({**cell, "content": content})
        return out


def put_document(document: Node, blocks: Sequence[Block], reader: Reader) -> Node:
    """Return *document* saying *blocks*."""
    return {**document, "content": Putter(reader).nodes(children(document), blocks, "doc")}


def new_document(blocks: Sequence[Block]) -> Node:
    """Return a document that says *blocks*."""
    content = Writer(Pool((), Reader(), "")).blocks(blocks, "doc")
    return {"type": "doc", "version": 1, "content": content}
