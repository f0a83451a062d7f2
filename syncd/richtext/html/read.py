"""Read HTML into blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.richtext.blocks import (
    MAX_DEPTH,
    Align,
    Block,
    Code,
    Details,
    Heading,
    Item,
    Para,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
    TooDeepError,
)
from syncd.richtext.carry import RAW, find_packed, parse_carried
from syncd.richtext.html.inline import InlineReader
from syncd.richtext.html.tree import BLOCKS, OPAQUE, Node, parse_html, text_of
from syncd.richtext.tidy import clean, clean_words, placeholder, tidy, tidy_list

_WRAPPER = re.compile(r"\s*<(body|div)\b[^<>]*>", re.IGNORECASE)
_GAP = re.compile(r"(?:\r?\n[ \t]*){2,}")
_LANGUAGE = re.compile(r"(?:^|\s)lang(?:uage)?-(\S+)")
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*", re.IGNORECASE)
_BOX = re.compile(r"\s*\[([ xX])\](?=\s|$)")
_MOST_BLOCKS: Final = 5_000
"""A text with more is left alone."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some blocks and the source they were read from."""

    blocks: tuple[Block, ...]
    start: int
    end: int


class Reader:
    """Reads one source; afterwards *losses* holds what Markdown cannot fully say."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._inline = InlineReader(source)
        self.losses = self._inline.losses
        self._depth = 0

    def blocks(self) -> tuple[Block, ...]:
        """Return the blocks; raises `TooDeepError`."""
        return tuple(block for chunk in self.chunks() for block in chunk.blocks)

    def chunks(self) -> list[Chunk]:
        """Return the blocks with where they stand, without the element around everything."""
        root = parse_html(self._source)
        shown = [node for node in root.children if node.tag or node.text.strip()]
        if len(shown) == 1 and shown[0].tag in ("body", "div"):
            self._inline.keeps_lines = shown[0].tag == "body"
            root = shown[0]
        groups = list(self._groups(root.children))
        if len(groups) > _MOST_BLOCKS:
            raise TooDeepError
        return [Chunk(tuple(self._group(nodes)), nodes[0].start, nodes[-1].end) for nodes in groups]

    def _groups(self, nodes: Sequence[Node]) -> Iterator[list[Node]]:
        """Yield what makes one block each: a block element, or inline parts side by side."""
        group: list[Node] = []
        for node in nodes:
            if node.tag in BLOCKS or node.tag in OPAQUE:
                yield from self._inline_groups(group)
                group = []
                yield [node]
            else:
                group.append(node)
        yield from self._inline_groups(group)

    def _inline_groups(self, group: list[Node]) -> Iterator[list[Node]]:
        """Yield inline parts, where lines count cut at blank lines."""
        out: list[Node] = []
        for node in group:
            if not self._inline.keeps_lines or node.tag:
                out.append(node)
                continue
            at = 0
            for gap in _GAP.finditer(node.text):
                out.append(Node("", node.start + at, node.start + gap.start(), node.text[at : gap.start()]))
                yield from self._if_shown(out)
                out, at = [], gap.end()
            out.append(Node("", node.start + at, node.end, node.text[at:]))
        yield from self._if_shown(out)

    @staticmethod
    def _if_shown(group: list[Node]) -> Iterator[list[Node]]:
        shown = [at for at, node in enumerate(group) if node.tag or node.text.strip()]
        if shown:
            yield group[shown[0] : shown[-1] + 1]

    def _children(self, nodes: Sequence[Node]) -> tuple[Block, ...]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooDeepError
        found = tuple(block for group in self._groups(nodes) for block in self._group(group))
        self._depth -= 1
        return found

    def _group(self, nodes: list[Node]) -> Iterator[Block]:
        node = nodes[0]
        if node.tag in OPAQUE:
            self.losses.add(node.tag)
            yield Para((Run("text", placeholder(self._source[node.start : node.end], node.tag)),))
        elif node.tag in BLOCKS:
            self._inline.note(node)
            yield from self._block(node)
        else:
            yield from self._paragraph(nodes)

    def _paragraph(self, nodes: Sequence[Node]) -> Iterator[Block]:
        packed = find_packed("".join(node.text for node in nodes)) if not any(node.tag for node in nodes) else None
        carried = parse_carried(packed) if packed else None
        if carried is not None:
            yield carried
        elif runs := self._inline.runs(nodes):
            yield Para(runs)

    def _block(self, node: Node) -> Iterator[Block]:
        match node.tag:
            case "p":
                yield from self._mixed(node)
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                yield Heading(int(node.tag[1]), self._inline.runs(node.children))
            case "pre":
                yield from self._pre(node)
            case "hr":
                yield Rule()
            case "blockquote":
                yield self._quote(node)
            case "ul" | "ol":
                yield from self._list(node)
            case "table":
                yield from self._table(node)
            case "details":
                yield self._details(node)
            case _:
                yield from self._children(node.children)

    def _mixed(self, node: Node) -> Iterator[Block]:
        """Yield a paragraph, and what a tool put into it that is no text."""
        if any(child.tag in BLOCKS or child.tag in OPAQUE for child in node.children):
            yield from self._children(node.children)
        else:
            yield from self._paragraph(node.children)

    def _pre(self, node: Node) -> Iterator[Block]:
        inner = node.children[0] if len(node.children) == 1 and node.children[0].tag == "code" else node
        language = _LANGUAGE.search(inner.attrs.get("class", "") or node.attrs.get("class", ""))
        text = clean(text_of(node)).removeprefix("\n").removesuffix("\n")
        block = Code(clean_words(language[1].replace("+", " ") if language else ""), text)
        yield from _uncarried(block) if block.info == RAW else (block,)

    def _quote(self, node: Node) -> Quote:
        blocks = self._children(node.children)
        head = blocks[0] if blocks else None
        if isinstance(head, Para) and head.runs[0].kind == "text" and not head.runs[0].link:
            alert = _ALERT.fullmatch(head.runs[0].text)
            if alert and (len(head.runs) == 1 or head.runs[1].kind == "break"):
                rest = head.runs[2:]
                return Quote(((Para(rest),) if rest else ()) + blocks[1:], alert[1].upper())
        return Quote(blocks)

    def _list(self, node: Node) -> Iterator[Block]:
        items = [self._item(child) for child in node.children if child.tag or child.text.strip()]
        start = node.attrs.get("start", "1")
        yield from tidy_list(None if node.tag == "ul" else int(start) if start.isdecimal() else 1, items)

    def _item(self, node: Node) -> Item:
        if node.tag != "li":
            return Item(self._children([node]))
        self._inline.note(node)
        children = [child for child in node.children if child.tag or child.text]
        done: bool | None = None
        first = next((at for at, child in enumerate(children) if child.tag or child.text.strip()), None)
        if first is not None and children[first].tag == "input":
            done = "checked" in children[first].attrs
            children = children[first + 1 :]
        elif first is not None and not children[first].tag and (box := _BOX.match(_joined(children[first:]))):
            done = box[1] != " "
            children = _without(children[first:], box.end())
        return Item(self._children(children), done)

    def _details(self, node: Node) -> Details:
        children = list(node.children)
        title = next((child for child in children if child.tag == "summary"), None)
        rest = [child for child in children if child is not title]
        return Details(clean_words(text_of(title)) if title else "", self._children(rest))

    def _table(self, node: Node) -> Iterator[Block]:
        rows: list[list[Runs]] = []
        heads: list[bool] = []
        aligned: list[list[Align]] = []
        for row in _rows(node):
            cells = [child for child in row.children if child.tag in ("td", "th")]
            texts: list[Runs] = []
            aligns: list[Align] = []
            for cell in cells:
                span = cell.attrs.get("colspan", "1")
                width = min(max(int(span), 1), 100) if span.isdecimal() else 1
                self.losses.update({"span"} if width > 1 or "rowspan" in cell.attrs else ())
                texts += [self._cell(cell), *[()] * (width - 1)]
                aligns += [_alignment(cell)] * width
            rows.append(texts)
            aligned.append(aligns)
            heads.append(bool(cells) and all(cell.tag == "th" for cell in cells))
        width = max((len(row) for row in rows), default=0)
        if not width:
            return
        full = [tuple(row + [()] * (width - len(row))) for row in rows]
        columns = tuple(_common([aligns[at] for aligns in aligned if at < len(aligns)]) for at in range(width))
        if heads[0]:
            yield Table(columns, full[0], tuple(full[1:]))
        else:
            yield Table(columns, ((),) * width, tuple(full))

    def _cell(self, cell: Node) -> Runs:
        runs: list[Run] = []
        for group in self._groups(cell.children):
            if runs:
                runs.append(Run("break"))
            inner = group[0].children if group[0].tag in ("p", "div") else group
            runs += self._inline.parts(inner)
        return tidy(runs)


def wrapper_of(source: str) -> tuple[str, str, str]:
    """Return what opens everything, the inside, and what closes it; nothing around it where nothing is."""
    opening = _WRAPPER.match(source)
    shown = [node for node in parse_html(source).children if node.tag or node.text.strip()]
    if not opening or len(shown) != 1 or shown[0].tag not in ("body", "div"):
        return "", source, ""
    closing = re.search(rf"</{shown[0].tag}\s*>\s*$", source, re.IGNORECASE)
    end = closing.start() if closing else len(source)
    return source[: opening.end()], source[opening.end() : end], source[end:]


def _joined(nodes: Sequence[Node]) -> str:
    text = ""
    for node in nodes:
        if node.tag:
            break
        text += node.text
    return text


def _without(nodes: Sequence[Node], count: int) -> list[Node]:
    """Return *nodes*, text first, less its first *count* characters."""
    out = list(nodes)
    while count and out and not out[0].tag:
        drop = min(count, len(out[0].text))
        out[0] = Node("", out[0].start, out[0].end, out[0].text[drop:])
        count -= drop
        if not out[0].text:
            out.pop(0)
    return out


def _rows(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from _rows(child)


def _alignment(cell: Node) -> Align:
    found = re.search(r"text-align:\s*(center|right)", cell.attrs.get("style", ""))
    align = found[1] if found else cell.attrs.get("align", "")
    return "center" if align == "center" else "right" if align == "right" else ""


def _common(aligns: Sequence[Align]) -> Align:
    return aligns[0] if len(set(aligns)) == 1 else ""


def _uncarried(block: Code) -> tuple[Block, ...]:
    found = parse_carried(block.text)
    return (block,) if found is None else (found,)
