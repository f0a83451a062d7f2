"""Write blocks as Textile that reads back as those very blocks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from syncd.richtext.blocks import (
    NO_MARKS,
    Block,
    Code,
    Details,
    Heading,
    Html,
    Item,
    List,
    Mark,
    Marks,
    Para,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
)
from syncd.richtext.canonical import settle
from syncd.richtext.carry import RAW, pack
from syncd.richtext.textile.cut import CODE_TAG, Pieces, write_pre
from syncd.richtext.textile.escape import escape_start, escape_text, may_open
from syncd.richtext.tidy import JOINER
from syncd.richtext.write import Soften

_SIGNS: dict[Mark, str] = {"strong": "*", "em": "_", "strike": "-", "under": "+", "sub": "~", "sup": "^"}
_ORDER: tuple[Mark, ...] = ("strong", "em", "strike", "under", "sub", "sup")
_HREF = re.compile(r"(?:https?://|mailto:|/)[A-Za-z0-9_/][^\s<>\"|]*[\w=/;\-]")
_BARE = re.compile(r"https?://[^\s<>\"|()]+[\w/]")
_SRC = re.compile(r"[^\s(!\"<>|:]+(?::[^\s(!\"<>|]+)?")
_NOTE = re.compile(r"(\w)\[\^(\d{1,9})\]")
_NOTE_HEAD = re.compile(r"\[\^(\d{1,9})\]: (?=\S)")
_ALIGNS = {"": "", "center": "=", "right": ">"}


class UnsayableError(Exception):
    """Textile has no way to say a block; never leaves this room."""


class Writer:
    """
    Writes blocks.

    *say* is applied to plain text before it is escaped; what *live* matches
    stays as it is. A *careful* writer escapes whatever could ever act.
    """

    def __init__(self, say: Soften, live: re.Pattern[str] | None = None, *, careful: bool = False) -> None:
        self._say = say
        self._live = live
        self._careful = careful

    def block(self, block: Block) -> str:  # noqa: C901, PLR0911 - one case per kind
        """Return one block. Raises `UnsayableError`."""
        match block:
            case Para():
                return self._para(block)
            case Heading():
                return f"h{block.level}. {self._inline(block.runs) or JOINER}"
            case Code():
                return write_pre(block)
            case Rule():
                return "---"
            case Quote():
                return self._quote(block)
            case List():
                return "\n".join(self._list(block, ""))
            case Table():
                return self._table(block)
            case Details():
                return f"{{{{collapse({self._plain(block.title)})\n{self.blocks(block.blocks)}\n}}}}"
            case Html():
                if block.text.startswith("<!--") and block.text.endswith("-->"):
                    return block.text
                raise UnsayableError

    def blocks(self, blocks: Sequence[Block]) -> str:
        """Return *blocks* with blank lines between."""
        return "\n\n".join(self.block(block) for block in blocks)

    def _plain(self, text: str, open_: Marks = NO_MARKS) -> str:
        parts = self._live.split(text) if self._live else [text]
        for at in range(0, len(parts), 2):
            part = escape_text(self._say(parts[at]), careful=self._careful)
            for mark in open_:
                part = part.replace(_SIGNS[mark], f"&#{ord(_SIGNS[mark])};")
            parts[at] = part
        return "".join(parts)

    def _para(self, block: Para) -> str:
        text = self._lines(block.runs)
        head = _NOTE_HEAD.match(text)
        return f"fn{head[1]}. {text[head.end() :]}" if head else text

    def _lines(self, runs: Runs) -> str:
        return "\n".join(escape_start(line) or JOINER for line in self._inline(runs).split("\n"))

    def _quote(self, block: Quote) -> str:
        inner = self.blocks(block.blocks)
        if block.alert:
            inner = f"[!{block.alert}]\n{inner}".rstrip("\n")
        pieces = Pieces(inner)
        return pieces.restore("\n".join(f"> {line}".rstrip(" ") for line in pieces.text.split("\n")))

    def _list(self, block: List, signs: str) -> list[str]:
        if block.start not in (None, 1):
            raise UnsayableError
        signs += "*" if block.start is None else "#"
        lines: list[str] = []
        for item in block.items:
            lines += self._item(item, signs)
        return lines

    def _item(self, item: Item, signs: str) -> list[str]:
        box = "" if item.done is None else "[x] " if item.done else "[ ] "
        head = [one for one in item.blocks if not isinstance(one, List)]
        below = item.blocks[len(head) :]
        if any(not isinstance(one, List) for one in below):
            raise UnsayableError
        parts: list[str] = []
        for number, one in enumerate(head):
            if isinstance(one, Para) and not (number and isinstance(head[number - 1], Para)):
                text = self._lines(one.runs)
                parts.append(text.replace("[", "&#91;", 1) if re.match(r"\[[ xX]\]", text) and not number else text)
            elif isinstance(one, Code):
                parts.append(write_pre(one))
            else:
                raise UnsayableError
        lines = [f"{signs} {box}{' '.join(parts) or JOINER}"]
        for inner in below:
            lines += self._list(inner, signs) if isinstance(inner, List) else []
        return lines

    def _table(self, block: Table) -> str:
        rows = [self._row(cells, block, "") for cells in block.rows]
        if any(block.header) or not rows:
            rows.insert(0, self._row(block.header, block, "_"))
        return "\n".join(rows)

    def _row(self, cells: Sequence[Runs], table: Table, sign: str) -> str:
        out = []
        for runs, align in zip(cells, table.aligns, strict=True):
            attributes = sign + _ALIGNS[align]
            text = self._inline(runs)
            if any("|" in run.text for run in runs if run.kind == "code"):
                raise UnsayableError
            text = text.replace("|", "&#124;")
            out.append(f"{attributes}. {text} " if attributes else f" {text} ")
        return f"|{'|'.join(out)}|"

    def _inline(self, runs: Runs) -> str:
        text = "".join(self._pieces(runs, NO_MARKS, ""))
        return _NOTE.sub(r"\1[\2]", text)

    def _pieces(self, runs: Runs, open_: Marks, before: str) -> list[str]:
        """Return *runs* as text: marks where Textile takes them, carried as Markdown where it does not."""
        out: list[str] = []
        at = 0
        while at < len(runs):
            mark, end = _furthest(runs, at, open_)
            last = out[-1] if out else before
            after = self._shown(runs[end]) if end < len(runs) else ""
            if mark is not None:
                out.append(self._marked(runs[at:end], mark, open_, last, after))
            else:
                end = _link_end(runs, at)
                after = self._shown(runs[end]) if end < len(runs) else ""
                out.append(self._leaf(runs[at:end], open_, last, after))
            at = end
        return out

    def _marked(self, runs: Runs, mark: Mark, open_: Marks, before: str, after: str) -> str:
        sign = _SIGNS[mark]
        inner = "".join(self._pieces(runs, open_ | {mark}, sign))
        core = inner.strip()
        lead, trail = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
        fits = may_open(before + lead, is_inside=bool(open_)) and _may_follow(trail + after)
        if not core or not fits or core[0] in "({[-" or core.startswith(sign) or core.endswith(sign):
            return self._carried(runs, open_) if core else inner
        return f"{lead}{sign}{core}{sign}{trail}"

    def _leaf(self, runs: Runs, open_: Marks, before: str, after: str) -> str:  # noqa: PLR0911 - one case per kind
        run = runs[0]
        if run.link:
            return self._link(runs, run.link.href, run.link.title, open_, after)
        if run.kind == "text":
            return self._plain(run.text, open_)
        if run.kind == "break":
            return "\n"
        if run.kind == "code":
            return _code(run.text, before, after)
        if run.kind == "image" and run.image and not run.image.title and (not before or before[-1].isspace()):
            alt = f"({self._plain(run.text)})" if run.text else ""
            return f"!{run.image.href}{alt}!" if _SRC.fullmatch(run.image.href) else self._carried([run], run.marks)
        if run.kind == "html" and run.text.startswith("<!--") and run.text.endswith("-->"):
            return run.text
        return self._carried([run], run.marks)

    def _link(self, runs: Runs, href: str, title: str, open_: Marks, after: str) -> str:
        only = runs[0] if len(runs) == 1 else None
        if only and only.kind == "text" and only.text == href and _BARE.fullmatch(href) and not title:
            return href
        simple = all(run.kind == "text" and run.marks <= open_ for run in runs)
        if not simple or not _HREF.fullmatch(href) or not _may_end(after) or href.count("(") != href.count(")"):
            return self._carried(runs, open_)
        text = "".join(self._plain(run.text, open_) for run in runs).replace('"', "&quot;")
        shown = f"({self._plain(title)})" if title else ""
        return f'"{text}{shown}":{href}'

    def _carried(self, runs: Sequence[Run], open_: Marks) -> str:
        text = pack([replace(run, marks=run.marks - open_) for run in runs])
        return escape_text(text, careful=self._careful)

    def _shown(self, run: Run) -> str:
        """Return how the text of a following run begins, as far as it matters to what closes before it."""
        if run.kind == "break":
            return "\n"
        return self._say(run.text)[:2] if run.kind == "text" and not run.link and not run.marks else "x"


def _furthest(runs: Runs, at: int, open_: Marks) -> tuple[Mark | None, int]:
    best: Mark | None = None
    reach = at + 1
    for mark in _ORDER:
        if mark in runs[at].marks and mark not in open_:
            end = at
            while end < len(runs) and mark in runs[end].marks:
                end += 1
            if best is None or end > reach:
                best, reach = mark, end
    return best, reach


def _link_end(runs: Runs, at: int) -> int:
    end = at + 1
    while runs[at].link and end < len(runs) and runs[end].link == runs[at].link:
        end += 1
    return end


def _may_follow(after: str) -> bool:
    """Return whether a closing sign may stand before *after*."""
    return not after or after[0].isspace() or after[0] in ".,;:!?)"


def _may_end(after: str) -> bool:
    """Return whether an address may stand before *after*."""
    return not after or after[0].isspace() or (after[0] in ".,:!?" and not after[1:2].strip())


def _code(text: str, before: str, after: str) -> str:
    free = not before or not (before[-1].isalnum() or before[-1] in "_@")
    bounded = not after or not (after[0].isalnum() or after[0] in "_@")
    if "@" not in text and "|" not in text and text == text.strip() and free and bounded and not CODE_TAG.search(text):
        return f"@{text}@"
    return f"<code>{text}</code>"


def raw(block: Block) -> str:
    """Return a block as Markdown in a code block, which says it exactly."""
    return write_pre(Code(RAW, settle(block).text))
