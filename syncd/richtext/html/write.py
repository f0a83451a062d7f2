"""Write blocks as HTML: few tags, every text escaped, no address that could run code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final

from syncd.richtext.blocks import (
    Block,
    Code,
    Details,
    Heading,
    Html,
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
)
from syncd.richtext.canonical import settle
from syncd.richtext.carry import RAW, pack, pack_text
from syncd.richtext.write import Soften

_TAGS: Final[dict[Mark, str]] = {
    "strong": "strong",
    "em": "em",
    "strike": "s",
    "under": "u",
    "sub": "sub",
    "sup": "sup",
}
_ORDER: Final[tuple[Mark, ...]] = tuple(_TAGS)
_SAFE: Final = ("http://", "https://", "mailto:")


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which tags a tool keeps."""

    paragraphs: bool
    """Whether a paragraph is a `<p>`, and a break a `<br>`; otherwise lines make them."""
    headings: int
    marks: frozenset[Mark]
    between: str
    """What stands between two blocks."""


COMMON: Final = Dialect(paragraphs=True, headings=6, marks=frozenset(_TAGS), between="")
ASANA: Final = Dialect(
    paragraphs=False, headings=2, marks=frozenset({"strong", "em", "strike", "under"}), between="\n\n"
)


class UnsayableError(Exception):
    """The dialect has no tag for a block; never leaves this room."""


class Writer:
    """Writes blocks in a dialect; *say* is applied to plain text."""

    def __init__(self, dialect: Dialect, say: Soften) -> None:
        self._dialect = dialect
        self._say = say

    def block(self, block: Block) -> str:  # noqa: PLR0911 - one case per kind
        """Return one block. Raises `UnsayableError`."""
        match block:
            case Para():
                return self._para(block.runs)
            case Heading():
                if block.level > self._dialect.headings:
                    raise UnsayableError
                return f"<h{block.level}>{self._inline(block.runs)}</h{block.level}>"
            case Code():
                return self._code(block)
            case Rule():
                return "<hr/>"
            case Quote():
                return self._quote(block)
            case List():
                return self._list(block)
            case Table():
                return self._table(block)
            case Details() | Html():
                raise UnsayableError

    def blocks(self, blocks: Sequence[Block]) -> str:
        """Return *blocks* one after the other."""
        return self._dialect.between.join(self.block(block) for block in blocks)

    def carried(self, block: Block) -> str:
        """Return a block that the dialect has no tag for: as Markdown, on one line as text or else in a code block."""
        text = settle(block).text
        if "\n" not in text:
            return self._wrapped(escape(pack_text(text), quote=False))
        return self._code(Code(RAW, text))

    def _para(self, runs: Runs) -> str:
        return self._wrapped(self._inline(runs))

    def _wrapped(self, text: str) -> str:
        return f"<p>{text}</p>" if self._dialect.paragraphs else text

    @staticmethod
    def _code(block: Code) -> str:
        language = f' class="language-{escape(block.info.replace(" ", "+"))}"' if block.info else ""
        return f"<pre><code{language}>\n{escape(block.text, quote=False)}\n</code></pre>"

    def _quote(self, block: Quote) -> str:
        if not block.alert:
            return f"<blockquote>{self.blocks(block.blocks)}</blockquote>"
        head = Run("text", f"[!{block.alert}]")
        first = block.blocks[0] if block.blocks else None
        if isinstance(first, Para):
            inner: list[Block] = [Para((head, Run("break"), *first.runs)), *block.blocks[1:]]
        else:
            inner = [Para((head,)), *block.blocks]
        return f"<blockquote>{self.blocks(inner)}</blockquote>"

    def _list(self, block: List) -> str:
        tag = "ul" if block.start is None else "ol"
        start = f' start="{block.start}"' if block.start not in (None, 1) else ""
        return f"<{tag}{start}>{''.join(self._item(item) for item in block.items)}</{tag}>"

    def _item(self, item: Item) -> str:
        box = "" if item.done is None else "[x] " if item.done else "[ ] "
        head = item.blocks[0] if item.blocks else None
        text = ""
        rest = item.blocks
        if isinstance(head, Para):
            text, rest = self._inline(head.runs), item.blocks[1:]
            if item.done is None and text.startswith(("[ ]", "[x]", "[X]")):
                raise UnsayableError
        below = self.blocks(rest)
        if not self._dialect.paragraphs and rest and any(not isinstance(one, List) for one in rest):
            raise UnsayableError
        return f"<li>{box}{text}{below}</li>"

    def _table(self, block: Table) -> str:
        rows = [self._row(cells, block, "td") for cells in block.rows]
        if any(block.header) or not rows:
            rows.insert(0, self._row(block.header, block, "th"))
        return f"<table><tbody>{''.join(rows)}</tbody></table>"

    def _row(self, cells: Sequence[Runs], table: Table, tag: str) -> str:
        out = []
        for runs, align in zip(cells, table.aligns, strict=True):
            style = f' style="text-align:{align}"' if align else ""
            out.append(f"<{tag}{style}>{self._inline(runs)}</{tag}>")
        return f"<tr>{''.join(out)}</tr>"

    def _inline(self, runs: Runs, open_: frozenset[Mark | Link] = frozenset()) -> str:
        out: list[str] = []
        at = 0
        while at < len(runs):
            what, end = _furthest(runs, at, open_, self._dialect.marks)
            if isinstance(what, Link):
                out.append(self._link(runs[at:end], what, open_))
            elif what is not None:
                tag = _TAGS[what]
                out.append(f"<{tag}>{self._inline(runs[at:end], open_ | {what})}</{tag}>")
            else:
                out.append(self._leaf(runs[at], open_))
            at = end
        return "".join(out)

    def _link(self, runs: Runs, link: Link, open_: frozenset[Mark | Link]) -> str:
        if not link.href.startswith(_SAFE):
            marks = frozenset(one for one in open_ if not isinstance(one, Link))
            return escape(pack(replace(run, marks=run.marks - marks) for run in runs), quote=False)
        title = f' title="{escape(link.title)}"' if link.title else ""
        return f'<a href="{escape(link.href)}"{title}>{self._inline(runs, open_ | {link})}</a>'

    def _leaf(self, run: Run, open_: frozenset[Mark | Link]) -> str:
        if run.kind == "break":
            return "<br/>" if self._dialect.paragraphs else "\n"
        if run.kind == "code":
            return f"<code>{escape(run.text, quote=False)}</code>"
        if run.kind == "image" and run.image and run.image.href.startswith(_SAFE):
            title = f' title="{escape(run.image.title)}"' if run.image.title else ""
            return f'<img src="{escape(run.image.href)}" alt="{escape(run.text)}"{title}/>'
        unsaid = frozenset(run.marks) - open_
        if run.kind == "text" and not unsaid:
            return escape(self._say(run.text), quote=False)
        bare = replace(run, link=None if run.link in open_ else run.link, marks=unsaid & run.marks)
        return escape(pack([bare]), quote=False)


def _furthest(
    runs: Runs, at: int, open_: frozenset[Mark | Link], allowed: frozenset[Mark]
) -> tuple[Mark | Link | None, int]:
    run = runs[at]
    best: Mark | Link | None = None
    reach = at + 1
    if run.link and run.link not in open_:
        best, reach = run.link, _reach(runs, at, run.link)
    for mark in _ORDER if run.marks else ():
        if mark in run.marks and mark in allowed and mark not in open_:
            end = _reach(runs, at, mark)
            if best is None or end > reach:
                best, reach = mark, end
    return best, reach


def _reach(runs: Runs, at: int, what: Mark | Link) -> int:
    while at < len(runs) and (runs[at].link == what if isinstance(what, Link) else what in runs[at].marks):
        at += 1
    return at
