"""Read an ADF document into blocks, without going through Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from syncd.richtext.adf.nodes import Node, attribute, attributes, children, kind_of, marks_of, placeholder
from syncd.richtext.adf.schema import INLINE, PANEL_ALERTS, RAW
from syncd.richtext.blocks import (
    MAX_DEPTH,
    NO_MARKS,
    Align,
    Block,
    Code,
    Details,
    Heading,
    Item,
    Link,
    List,
    Mark,
    Para,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
    TooDeepError,
)
from syncd.richtext.canonical import words
from syncd.richtext.names import Names
from syncd.richtext.tidy import JOINER, clean, clean_link, clean_words, tidy, tidy_list

_MARKS: Final[dict[str, Mark]] = {"strong": "strong", "em": "em", "strike": "strike", "underline": "under"}
_CARRIED = re.compile(f"{JOINER}([^{JOINER}]+){JOINER}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAYOUT, _COLUMN, _SYNCED = "Layout", "Column", "Synced block"


class Reader:
    """Reads nodes into blocks; *names* gives mentions their plain names."""

    def __init__(self, names: Names | None = None) -> None:
        self._names = names
        self.depth = 0

    def blocks(self, nodes: Iterable[Node]) -> tuple[Block, ...]:
        """Return the blocks of *nodes*; a node that says nothing has none."""
        self.depth += 1
        found = tuple(block for node in nodes for block in self.block(node))
        self.depth -= 1
        return found

    def block(self, node: Node) -> tuple[Block, ...]:
        """Return the blocks of one node: usually one."""
        kind = kind_of(node)
        if kind in INLINE:
            return _paragraph(tidy(self.inline([node])))
        read = _BLOCKS.get(kind)
        if read is None or self.depth > MAX_DEPTH:
            return _paragraph((Run("text", placeholder(node, f"{kind} {attribute(node, 'extensionKey')}")),))
        return tuple(read(self, node))

    def inline(self, nodes: Iterable[Node]) -> list[Run]:
        """Return the runs of *nodes*, not yet tidied."""
        out: list[Run] = []
        for node in nodes:
            read = _INLINE.get(kind_of(node))
            if read is None:
                out.append(Run("text", placeholder(node, f"{kind_of(node)} {attribute(node, 'extensionKey')}")))
            else:
                out.extend(read(self, node))
        return out

    def mention(self, node: Node) -> str:
        """Return a mention as `@Plain Name`."""
        native_id = attribute(node, "id")
        known = self._names.text_of(native_id) if self._names else None
        return "@" + (known or clean_words(attribute(node, "text")).lstrip("@") or clean_words(native_id) or "someone")

    def runs(self, node: Node) -> Runs:
        """Return the tidied runs inside *node*."""
        return tidy(self.inline(children(node)))

    def items(self, node: Node) -> Iterable[Item]:
        """Yield the items of a list of any kind."""
        for child in children(node):
            yield Item(self.blocks(children(child)) if kind_of(child) == "listItem" else self.blocks([child]))

    def task_items(self, node: Node) -> list[Item]:
        """Return the items of a task list; a list inside belongs to the item before it."""
        items: list[Item] = []
        for child in children(node):
            done = attribute(child, "state") == "DONE"
            match kind_of(child):
                case "taskItem":
                    items.append(Item(_paragraph(self.runs(child)), done))
                case "blockTaskItem":
                    items.append(Item(self.blocks(children(child)), done))
                case _:
                    inner = self.blocks([child])
                    if items:
                        items[-1] = replace(items[-1], blocks=(*items[-1].blocks, *inner))
                    else:
                        items.append(Item(inner, done=False))
        return items

    def cell(self, node: Node) -> Runs:
        """Return a table cell's blocks as one line of runs, with breaks between."""
        runs: list[Run] = []
        for block in self.blocks(children(node)):
            if runs:
                runs.append(Run("break"))
            runs.extend(block.runs if isinstance(block, Para | Heading) else _listing(block))
        return tidy(runs)

    def table(self, node: Node) -> Iterable[Block]:
        """Yield the table, every row filled up to the widest."""
        rows: list[list[Runs]] = []
        headers: list[bool] = []
        aligned: list[list[Align]] = []
        for row in children(node):
            cells: list[Runs] = []
            aligns: list[Align] = []
            for cell in children(row):
                span = attributes(cell).get("colspan", 1)
                width = span if isinstance(span, int) and 1 <= span <= 100 else 1  # noqa: PLR2004 - a sane width
                cells += [self.cell(cell), *[()] * (width - 1)]
                aligns += [_alignment(cell)] * width
            rows.append(cells)
            aligned.append(aligns)
            headers.append(bool(cells) and all(kind_of(cell) == "tableHeader" for cell in children(row)))
        width = max((len(row) for row in rows), default=0)
        if not width:
            return
        full = [tuple(row + [()] * (width - len(row))) for row in rows]
        columns = tuple(_common([aligns[at] for aligns in aligned if at < len(aligns)]) for at in range(width))
        if headers[0]:
            yield Table(columns, full[0], tuple(full[1:]))
        else:
            yield Table(columns, ((),) * width, tuple(full))


def _paragraph(runs: Runs) -> tuple[Block, ...]:
    return (Para(runs),) if runs else ()


def _alignment(cell: Node) -> Align:
    found = {
        str(attributes(mark).get("align"))
        for child in children(cell)
        for mark in marks_of(child)
        if kind_of(mark) == "alignment"
    }
    return "center" if found == {"center"} else "right" if found == {"end"} else ""


def _common(aligns: Sequence[Align]) -> Align:
    return aligns[0] if len(set(aligns)) == 1 else ""


def _listing(block: Block) -> Iterable[Run]:
    bullet = "\u2022 " if isinstance(block, List) else ""
    for number, line in enumerate(words(block)):
        if number:
            yield Run("break")
        yield Run("text", bullet + line)


def _code(_reader: Reader, node: Node) -> Iterable[Block]:
    text = "".join(str(child.get("text", "")) if kind_of(child) == "text" else "\n" for child in children(node))
    language = clean_words(attribute(node, "language"))
    if language == RAW:
        from syncd.richtext.parse import parse

        try:
            carried = parse(text)
        except TooDeepError:
            carried = ()
        if len(carried) == 1:
            return carried
    return (Code(language, clean(text)),)


def _panel(reader: Reader, node: Node) -> Iterable[Block]:
    alert = PANEL_ALERTS.get(attribute(node, "panelType"), "NOTE")
    return (Quote(reader.blocks(children(node)), alert),)


def _heading(reader: Reader, node: Node) -> Iterable[Block]:
    level = attributes(node).get("level")
    return (Heading(min(max(level, 1), 6) if isinstance(level, int) else 1, reader.runs(node)),)


def _ordered(reader: Reader, node: Node) -> Iterable[Block]:
    order = attributes(node).get("order", 1)
    return tidy_list(int(order) if isinstance(order, int | float) else 1, reader.items(node))


def _details(title: str) -> Callable[[Reader, Node], Iterable[Block]]:
    return lambda reader, node: (Details(title, reader.blocks(children(node))),)


def _expand(reader: Reader, node: Node) -> Iterable[Block]:
    return (Details(clean_words(attribute(node, "title")), reader.blocks(children(node))),)


def _bodied(reader: Reader, node: Node) -> Iterable[Block]:
    return (Details(clean_words(f"Extension {attribute(node, 'extensionKey')}"), reader.blocks(children(node))),)


def _decisions(reader: Reader, node: Node) -> Iterable[Block]:
    head = (Run("text", "Decision:", frozenset(("strong",))), Run("text", " "))
    return tidy_list(None, (Item((Para(tidy([*head, *reader.inline(children(item))])),)) for item in children(node)))


def _media(reader: Reader, node: Node) -> Iterable[Block]:
    media = [child for child in children(node) if kind_of(child) == "media"]
    if len(media) == 1 and attribute(media[0], "type") == "external":
        image = clean_link(attribute(media[0], "url"))
        if image:
            alt = clean_words(attribute(media[0], "alt"))
            runs = [Run("image", alt, link=_link(media[0]) or _link(node), image=image)]
            for caption in children(node):
                if kind_of(caption) == "caption":
                    runs += [Run("break"), *reader.inline(children(caption))]
            return _paragraph(tidy(runs))
    label = " ".join(attribute(child, "alt") for child in media) or f"{len(media)} files"
    return (Para((Run("text", placeholder(node, f"media {label}")),)),)


def _card(_reader: Reader, node: Node) -> Iterable[Block]:
    return _paragraph(tidy(_card_runs(_reader, node)))


def _card_runs(_reader: Reader, node: Node) -> Iterable[Run]:
    link = clean_link(attribute(node, "url"))
    if link:
        return (Run("text", link.href, NO_MARKS, link),)
    return (Run("text", placeholder(node, "card")),)


def _link(node: Node) -> Link | None:
    for mark in marks_of(node):
        if kind_of(mark) == "link":
            return clean_link(attribute(mark, "href"), attribute(mark, "title"))
    return None


def _text(_reader: Reader, node: Node) -> Iterable[Run]:
    text = node.get("text")
    if not isinstance(text, str):
        return ()
    if "marks" not in node:
        return _carried(Run("text", text))
    marks: set[Mark] = set()
    for mark in marks_of(node):
        kind = kind_of(mark)
        if kind == "code":
            return (Run("code", text, link=_link(node)),)
        if kind in _MARKS:
            marks.add(_MARKS[kind])
        elif kind == "subsup":
            marks.add("sub" if attribute(mark, "type") == "sub" else "sup")
    return _carried(Run("text", text, frozenset(marks), _link(node)))


def _carried(run: Run) -> Iterable[Run]:
    """Unpack what text carries between word joiners: raw HTML or a picture, which ADF text cannot hold."""
    if JOINER not in run.text:
        return (run,)
    return _unpack(run)


def _unpack(run: Run) -> Iterable[Run]:
    from syncd.richtext.parse import parse_inline

    for number, part in enumerate(_CARRIED.split(run.text)):
        if number % 2:
            try:
                carried = parse_inline(part)
            except TooDeepError:
                carried = ()
            if len(carried) == 1 and carried[0].kind in ("html", "image"):
                yield replace(carried[0], link=run.link)
                continue
        yield replace(run, text=part)


def _date(_reader: Reader, node: Node) -> Iterable[Run]:
    try:
        day = (_EPOCH + timedelta(milliseconds=int(attribute(node, "timestamp")))).date().isoformat()
    except (ValueError, OverflowError):
        day = placeholder(node, "date")
    return (Run("text", day),)


def _status(_reader: Reader, node: Node) -> Iterable[Run]:
    text = clean_words(attribute(node, "text"))
    return (Run("code", text),) if text else (Run("text", placeholder(node, "status")),)


def _emoji(_reader: Reader, node: Node) -> Iterable[Run]:
    text = clean_words(attribute(node, "text") or attribute(node, "shortName"))
    return (Run("text", text or placeholder(node, "emoji")),)


_BLOCKS: Final[Mapping[str, Callable[[Reader, Node], Iterable[Block]]]] = {
    "paragraph": lambda reader, node: _paragraph(reader.runs(node)),
    "heading": _heading,
    "codeBlock": _code,
    "rule": lambda _reader, _node: (Rule(),),
    "blockquote": lambda reader, node: (Quote(reader.blocks(children(node))),),
    "panel": _panel,
    "bulletList": lambda reader, node: tidy_list(None, reader.items(node)),
    "orderedList": _ordered,
    "taskList": lambda reader, node: tidy_list(None, reader.task_items(node)),
    "decisionList": _decisions,
    "table": Reader.table,
    "expand": _expand,
    "nestedExpand": _expand,
    "layoutSection": _details(_LAYOUT),
    "layoutColumn": _details(_COLUMN),
    "bodiedSyncBlock": _details(_SYNCED),
    "bodiedExtension": _bodied,
    "mediaSingle": _media,
    "mediaGroup": _media,
    "blockCard": _card,
    "embedCard": _card,
}

_INLINE: Final[Mapping[str, Callable[[Reader, Node], Iterable[Run]]]] = {
    "text": _text,
    "hardBreak": lambda _reader, _node: (Run("break"),),
    "mention": lambda reader, node: (Run("text", reader.mention(node)),),
    "emoji": _emoji,
    "date": _date,
    "status": _status,
    "placeholder": lambda _reader, node: (Run("text", attribute(node, "text")),),
    "inlineCard": _card_runs,
    "mediaInline": lambda _reader, node: (Run("text", placeholder(node, f"media {attribute(node, 'alt')}")),),
}
