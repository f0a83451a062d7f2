"""Write blocks as canonical Markdown: one text for one meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape as escape_html
from typing import Final, Literal

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
from syncd.richtext.escape import code_span, escape_cell, escape_line_start, escape_text, link_target, longest_run

_DELIMITERS: Final[dict[Mark, tuple[str, str]]] = {
    "strong": ("**", "**"),
    "em": ("*", "*"),
    "strike": ("~~", "~~"),
    "under": ("<ins>", "</ins>"),
    "sub": ("<sub>", "</sub>"),
    "sup": ("<sup>", "</sup>"),
}
_MARK_ORDER: Final[tuple[Mark, ...]] = ("under", "sub", "sup", "strong", "em", "strike")
_SAFE_BEFORE: Final = frozenset(" \n\t(")
_SAFE_AFTER: Final = frozenset(" \n\t.,;:!?)")
_AUTOLINK = re.compile(r"https?://[^\s<>\x00-\x20\u2060]+")
_TAGS = re.compile(r"(<[^<>]*>)")
_TAGS_AND_COMMENTS = re.compile(r"(<!--.*?-->|<[^<>]*>)", re.DOTALL)
_ALIGN = {"": "---", "center": ":---:", "right": "---:"}

Place = Literal["lines", "line", "cell"]
Soften = Callable[[str], str]
"""Rewrites plain text before it is escaped, to keep it from acting."""


class Writer:
    """
    Renders blocks. *soften* is applied to plain text, never to code, addresses or tags.

    After rendering, *risky* tells whether the result might not read back as it
    was meant, so that the caller checks it.
    """

    def __init__(self, soften: Soften | None = None) -> None:
        self._soften = soften
        self.risky = False

    def blocks(self, blocks: Sequence[Block], *, in_list: bool = False) -> str:
        """Render *blocks* with blank lines between them; a list right after its like takes the other bullet."""
        texts: list[str] = []
        other = False
        for number, block in enumerate(blocks):
            other = number > 0 and continues(blocks[number - 1], block) and not other
            texts.append(self.block(block, other=other, in_list=in_list))
        return "\n\n".join(texts)

    def block(self, block: Block, *, other: bool = False, in_list: bool = False) -> str:  # noqa: PLR0911 - one case per kind
        """Render one block, without a line break at its end."""
        match block:
            case Para():
                return self._lines(block.runs)
            case Heading():
                return self._heading(block)
            case Code():
                return self._code(block)
            case Html():
                self.risky = self.risky or in_list or "details" in block.text
                return self._soft_html(block.text)
            case Rule():
                return "___" if in_list else "---"
            case Quote():
                return prefixed(self._quoted(block, in_list=in_list), "> ", "> ")
            case List():
                return self._list(block, other=other)
            case Table():
                return self._table(block)
            case Details():
                return self._details(block, in_list=in_list)

    def _quoted(self, block: Quote, *, in_list: bool) -> str:
        inner = self.blocks(block.blocks, in_list=in_list)
        if not block.alert:
            return inner
        gap = "\n" if block.blocks and isinstance(block.blocks[0], Para) else "\n\n"
        return f"[!{block.alert}]{gap}{inner}" if inner else f"[!{block.alert}]"

    def _heading(self, block: Heading) -> str:
        text = self.inline(block.runs, "line")
        if text.endswith("#"):
            text = text[:-1] + "\\#"
        return f"{'#' * block.level} {text}".rstrip()

    def _code(self, block: Code) -> str:
        fence = "`" * max(3, longest_run(block.text, "`") + 1)
        if "\t" in block.text:
            self.risky = True
        if "`" in block.info:
            fence = "~" * max(3, longest_run(block.text, "~") + 1)
        info = re.sub(r"\\|&(?=#?\w{1,32};)", lambda m: "\\" + m.group(), block.info)
        return f"{fence}{info}\n{block.text}\n{fence}" if block.text else f"{fence}{info}\n{fence}"

    def _list(self, block: List, *, other: bool) -> str:
        texts: list[str] = []
        for number, item in enumerate(block.items):
            if block.start is None:
                marker = "* " if other else "- "
            else:
                marker = f"{block.start + number}{')' if other else '.'} "
            texts.append(self._item(item, marker))
        loose = any("\n\n" in text for text in texts)
        return ("\n\n" if loose else "\n").join(texts)

    def _item(self, item: Item, marker: str) -> str:
        indent = " " * len(marker)
        box = "" if item.done is None else "[x] " if item.done else "[ ] "
        if not item.blocks:
            return (marker + box).rstrip()
        if box and not isinstance(item.blocks[0], Para):
            self.risky = True
        parts: list[str] = []
        other = False
        for number, block in enumerate(item.blocks):
            before = item.blocks[number - 1] if number else None
            if before is not None:
                parts.append("\n" if isinstance(before, Para) and hangs(block) else "\n\n")
            other = before is not None and continues(before, block) and not other
            parts.append(self.block(block, other=other, in_list=True))
        return prefixed(box + "".join(parts), marker, indent)

    def _table(self, block: Table) -> str:
        rows = [block.header, *block.rows]
        lines = ["| " + " | ".join(self.inline(cell, "cell") for cell in row) + " |" for row in rows]
        lines.insert(1, "| " + " | ".join(_ALIGN[align] for align in block.aligns) + " |")
        return "\n".join(lines)

    def _details(self, block: Details, *, in_list: bool) -> str:
        title = escape_html(self._soft(block.title), quote=False)
        inner = self.blocks(block.blocks, in_list=in_list)
        head = f"<details><summary>{title}</summary>"
        return f"{head}\n\n{inner}\n\n</details>" if inner else f"{head}\n\n</details>"

    def _soft(self, text: str) -> str:
        return self._soften(text) if self._soften else text

    def _soft_html(self, html: str) -> str:
        if not self._soften:
            return html
        closed = html.rfind("-->") + 3 if "-->" in html else 0
        parts = [*_TAGS_AND_COMMENTS.split(html[:closed]), "", *_TAGS.split(html[closed:])]
        return "".join(part if number % 2 else self._soft(part) for number, part in enumerate(parts))

    def _lines(self, runs: Runs) -> str:
        text = self.inline(runs, "lines")
        if "\n" not in text:
            return escape_line_start(text)
        return "\n".join(escape_line_start(line) for line in text.split("\n"))

    def inline(self, runs: Runs, place: Place) -> str:
        """Render *runs*: on several lines, on one (a heading), or in a table cell."""
        if len(runs) == 1 and runs[0].kind == "text" and not runs[0].link and not runs[0].marks:
            text = escape_text(self._soft(runs[0].text))
        else:
            text = "".join(self._pieces(runs, frozenset(), place))
        if place == "cell":
            if "`" in text and "|" in text:
                self.risky = True
            return escape_cell(text)
        return text

    def _pieces(self, runs: Runs, open_: frozenset[Mark | Link], place: Place) -> list[str]:
        """Open, at each place, the mark or link that reaches furthest."""
        out: list[str] = []
        number = 0
        while number < len(runs):
            what, end = _furthest(runs, number, open_)
            if what is None:
                self._leaf(out, runs, number, place)
            elif isinstance(what, Link):
                self._link(out, runs[number:end], what, open_, place)
            else:
                after = runs[end] if end < len(runs) else None
                self._marked(out, runs[number:end], what, open_, after, place)
            number = end
        return out

    def _leaf(self, out: list[str], runs: Runs, number: int, place: Place) -> None:
        run = runs[number]
        if run.kind == "text":
            text = escape_text(self._soft(run.text))
            following = runs[number + 1] if number + 1 < len(runs) else None
            if text.endswith("!") and following is not None:
                text = text[:-1] + "\\!"
            out.append(text)
        elif run.kind == "code":
            out.append(code_span(run.text))
        elif run.kind == "image" and run.image:
            out.append(f"![{escape_text(run.text)}]({link_target(run.image.href, run.image.title)})")
            self.risky = True
        elif run.kind == "html":
            out.append(run.text)
            self.risky = True
        elif place == "lines":
            double = (number and runs[number - 1].kind == "break") or (
                number + 1 < len(runs) and runs[number + 1].kind == "break"
            )
            out.append("\\\n" if double else "\n")
        else:
            out.append("<br>")

    def _link(self, out: list[str], runs: Runs, link: Link, open_: frozenset[Mark | Link], place: Place) -> None:
        only = runs[0] if len(runs) == 1 else None
        is_bare = only is not None and only.kind == "text" and only.text == link.href and only.marks <= open_
        if is_bare and not link.title and _AUTOLINK.fullmatch(link.href):
            out.append(f"<{link.href}>")
            return
        text = "".join(self._pieces(runs, open_ | {link}, place))
        if link.title or not re.fullmatch(r"[\w/.:#?=%+,@~-]+", link.href):
            self.risky = True
        if out and out[-1].endswith("!") and not out[-1].endswith("\\!"):
            out[-1] = out[-1][:-1] + "\\!"
        out.append(f"[{text}]({link_target(link.href, link.title)})")

    def _marked(
        self, out: list[str], runs: Runs, mark: Mark, open_: frozenset[Mark | Link], after: Run | None, place: Place
    ) -> None:
        before, behind = _DELIMITERS[mark]
        inner = "".join(self._pieces(runs, open_ | {mark}, place))
        if mark in ("under", "sub", "sup"):
            self.risky = True
            out.append(f"{before}{inner}{behind}")
            return
        core = inner.strip()
        if not core:
            out.append(inner)
            return
        lead = inner[: len(inner) - len(inner.lstrip())]
        trail = inner[len(inner.rstrip()) :]
        left = (out[-1] if out else "") + lead
        right = trail or (after.text or " " if after and not after.link else "")
        simple = (
            not open_
            and core[0].isalnum()
            and core[-1].isalnum()
            and (not left or left[-1] in _SAFE_BEFORE)
            and (right[:1] in _SAFE_AFTER if right else after is None)
            and not (after and after.marks)
        )
        self.risky = self.risky or not simple
        out.append(f"{lead}{before}{core}{behind}{trail}")


def _furthest(runs: Runs, number: int, open_: frozenset[Mark | Link]) -> tuple[Mark | Link | None, int]:
    run = runs[number]
    best: Mark | Link | None = None
    reach = number + 1
    if run.link and run.link not in open_:
        best, reach = run.link, _reach(runs, number, lambda other: other.link == run.link)
    for mark in _MARK_ORDER if run.marks else ():
        if mark in run.marks and mark not in open_:
            end = _reach(runs, number, lambda other, mark=mark: mark in other.marks)  # type: ignore[misc]
            if best is None or end > reach:
                best, reach = mark, end
    return best, reach if best is not None else number + 1


def _reach(runs: Runs, number: int, has: Callable[[Run], bool]) -> int:
    while number < len(runs) and has(runs[number]):
        number += 1
    return number


def continues(before: Block, block: Block) -> bool:
    """Return whether *block* would run into the list *before* if both used one bullet."""
    return isinstance(before, List) and isinstance(block, List) and (before.start is None) == (block.start is None)


def hangs(block: Block) -> bool:
    """Return whether *block*, a list, may follow its item's text without a blank line between."""
    return isinstance(block, List) and block.start in (None, 1) and bool(block.items[0].blocks)


def prefixed(text: str, first: str, rest: str) -> str:
    """Return *text* with *first* before its first line and *rest* before the others, none of them ending in space."""
    lines = text.split("\n")
    out = [(first + lines[0]).rstrip() if not lines[0] else first + lines[0]]
    out += [rest + line if line else rest.rstrip() for line in lines[1:]]
    return "\n".join(out)
