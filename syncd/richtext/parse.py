"""Read Markdown (GFM: tables, strikethrough, task lists) into blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from typing import Final, cast

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.reference import reference
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from syncd.richtext.blocks import (
    MAX_DEPTH,
    Align,
    Block,
    Code,
    Details,
    Heading,
    Html,
    Item,
    Link,
    Mark,
    Para,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
    TooDeepError,
)
from syncd.richtext.quick import Part, split
from syncd.richtext.tidy import JOINER, clean, clean_link, clean_words, plain, tidy, tidy_list

_INLINE = re.compile(r"[\\\\`*_~\[\]<&]")
"""What may be more than plain text."""
_NESTING: Final = 2 * MAX_DEPTH + 4
_MAX_COST: Final = 10**8
_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?:\n|$)", re.IGNORECASE)
_BOX = re.compile(r"\[([ xX])\](?:[ \t\n]|$)")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ODD_NEWLINES = re.compile(r"[\x0b\x0c\x85\u2028\u2029]")
_TAG = re.compile(r"<(/?)(ins|u|sub|sup)>", re.IGNORECASE)
_TAG_MARKS: Final[dict[str, Mark]] = {"ins": "under", "u": "under", "sub": "sub", "sup": "sup"}
_SPANS: Final[dict[str, Mark]] = {"strong": "strong", "em": "em", "s": "strike"}
_FOLD = re.compile(r"<details>\s*<summary>([^<]*)</summary>", re.IGNORECASE)
_UNFOLD = re.compile(r"</details>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Located:
    """A block and the source lines it was read from, first included, last not."""

    block: Block
    first_line: int
    end_line: int


class _Markdown(MarkdownIt):
    """markdown-it that leaves addresses exactly as they are written."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - the library's name
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 - the library's name
        return link


def _reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 - the library's shape
    """Read a link definition, but never a footnote as one."""
    at = state.bMarks[start] + state.tShift[start]
    return not state.src.startswith("[^", at) and reference(state, start, end, silent)


def _refuse_intricate(state: StateCore) -> None:
    """Stop before pairing delimiters would take too long: markdown-it needs time by their number squared."""
    cost = 0
    for token in state.tokens:
        if token.type == "inline":
            cost += sum(token.content.count(char) for char in "*_~[") ** 2
    if cost > _MAX_COST:
        raise TooDeepError


@cache
def _parser() -> MarkdownIt:
    parser = _Markdown("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    parser.block.ruler.at("reference", _reference)
    parser.core.ruler.after("block", "refuse_intricate", _refuse_intricate)
    return parser


def parse(markdown: str) -> tuple[Block, ...]:
    """
    Return the blocks of *markdown*.

    Raises:
        TooDeepError: blocks nest too deep to be sure nothing is left out, or would take too long.
    """
    return tuple(located.block for located in parse_located(markdown))


def parse_located(markdown: str) -> list[Located]:
    """Return the blocks of *markdown* with the lines they stand on; several may share lines."""
    parts = split(markdown.replace("\r\n", "\n"))
    if parts is None:
        return parse_whole(markdown)
    return [located for part in parts for located in _of_part(part)]


def parse_whole(markdown: str) -> list[Located]:
    """Return the same by the full parser alone."""
    tokens = _parser().parse(markdown)
    if any(token.level >= _NESTING - 1 for token in tokens):
        raise TooDeepError
    return _blocks(_Reader(tokens), None)


def _of_part(part: Part) -> Iterator[Located]:
    first, end = part.first_line, part.end_line
    match part.kind:
        case "text":
            if runs := parse_inline(part.text):
                yield Located(Para(runs), first, end)
        case "heading":
            yield Located(Heading(part.level, parse_inline(part.text)), first, end)
        case "code":
            text = clean(part.text)
            yield Located(Code(clean_words(part.info), text.removesuffix("\n")), first, end)
        case "bullets":
            items = [Item(_paragraph(parse_inline(line[2:]))) for line in part.text.split("\n")]
            yield from (Located(block, first, end) for block in tidy_list(None, items))
        case "other":
            for found in parse_whole(part.text):
                yield Located(found.block, first + found.first_line, first + found.end_line)


def _paragraph(runs: Runs) -> tuple[Block, ...]:
    return (Para(runs),) if runs else ()


def parse_inline(markdown: str) -> Runs:
    """Return the runs of one paragraph's *markdown*."""
    if not _INLINE.search(markdown):
        return tidy([Run("text", markdown)])
    tokens = _parser().parseInline(markdown.strip())
    return tidy(_runs(tokens[0].children or []))


class _Reader:
    """Walks a flat list of tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def until(self, closing: str | None) -> Iterator[Token]:
        """Yield opening tokens one by one; the caller consumes what belongs to each."""
        while self.at < len(self.tokens):
            token = self.next()
            if token.type == closing:
                return
            yield token


def _blocks(reader: _Reader, closing: str | None) -> list[Located]:
    found: list[Located] = []
    for token in reader.until(closing):
        first, end = token.map or (0, 0)
        found.extend(Located(block, first, end) for block in _block(reader, token))
    return _fold(found)


def _children(reader: _Reader, closing: str) -> tuple[Block, ...]:
    return tuple(located.block for located in _blocks(reader, closing))


def _block(reader: _Reader, token: Token) -> Iterator[Block]:
    match token.type:
        case "paragraph_open":
            runs = _inline(reader)
            reader.next()
            if runs:
                yield Para(runs)
        case "heading_open":
            yield Heading(int(token.tag[1:]), _inline(reader))
            reader.next()
        case "fence" | "code_block":
            text = clean(token.content)
            yield Code(clean_words(unescapeAll(token.info)), text.removesuffix("\n"))
        case "html_block":
            yield Html(_clean_html(token.content).strip("\n").rstrip())
        case "hr":
            yield Rule()
        case "blockquote_open":
            yield _quote(reader)
        case "bullet_list_open" | "ordered_list_open":
            yield from _list(reader, token)
        case "table_open":
            yield _table(reader)
        case _:
            raise AssertionError(token.type)


def _quote(reader: _Reader) -> Quote:
    alert = ""
    if reader.tokens[reader.at].type == "paragraph_open":
        inline = reader.tokens[reader.at + 1]
        match = _ALERT.match(inline.content)
        if match:
            alert = match[1].upper()
            _drop_first_line(inline)
    return Quote(_children(reader, "blockquote_close"), alert)


def _list(reader: _Reader, token: Token) -> Iterator[Block]:
    ordered = token.type == "ordered_list_open"
    start = int(token.attrs.get("start", 1)) if ordered else None
    items: list[Item] = []
    for _opening in reader.until("ordered_list_close" if ordered else "bullet_list_close"):
        done: bool | None = None
        if reader.tokens[reader.at].type == "paragraph_open":
            inline = reader.tokens[reader.at + 1]
            match = _BOX.match(inline.content)
            children = inline.children or []
            if match and children and children[0].type == "text" and children[0].content.startswith(match.group()[:3]):
                done = match[1] != " "
                children[0].content = children[0].content[3:]
        items.append(Item(_children(reader, "list_item_close"), done))
    yield from tidy_list(start, items)


def _drop_first_line(inline: Token) -> None:
    children = inline.children or []
    has_break = len(children) > 1 and children[1].type in ("softbreak", "hardbreak")
    inline.children = children[2 if has_break else 1 :]


def _table(reader: _Reader) -> Table:
    aligns: list[Align] = []
    rows: list[tuple[Runs, ...]] = []
    for token in reader.until("table_close"):
        if token.type != "tr_open":
            continue
        cells: list[Runs] = []
        for cell in reader.until("tr_close"):
            style = str(cell.attrs.get("style", "")).removeprefix("text-align:")
            if not rows:
                aligns.append(cast("Align", style if style in ("center", "right") else ""))
            cells.append(_inline(reader))
            reader.next()
        rows.append(tuple(cells))
    return Table(tuple(aligns), rows[0], tuple(rows[1:]))


def _fold(found: list[Located]) -> list[Located]:
    """Fold `<details>` ... `</details>` and what stands between into one block."""
    if not any(isinstance(located.block, Html) for located in found):
        return found
    out: list[Located] = []
    open_at: list[tuple[int, str]] = []
    for located in found:
        out.append(located)
        if not isinstance(located.block, Html):
            continue
        text = located.block.text.strip()
        if match := _FOLD.fullmatch(text):
            open_at.append((len(out) - 1, clean_words(unescape(match[1]))))
        elif _UNFOLD.fullmatch(text) and open_at:
            begin, title = open_at.pop()
            inner = tuple(one.block for one in out[begin + 1 : -1])
            first = out[begin].first_line
            del out[begin:]
            out.append(Located(Details(title, inner), first, located.end_line))
    return out


def _clean_html(html: str) -> str:
    return clean(_ODD_NEWLINES.sub(" ", html)).replace(JOINER, "")


def _inline(reader: _Reader) -> Runs:
    return tidy(_runs(reader.next().children or []))


def _runs(children: Sequence[Token]) -> Iterator[Run]:
    marks: list[Mark] = []
    links: list[Link | None] = []
    tags = _matched_tags(children)
    for number, child in enumerate(children):
        kind = child.type
        if kind.endswith("_open"):
            if kind == "link_open":
                links.append(clean_link(str(child.attrs.get("href", "")), str(child.attrs.get("title", ""))))
                if children[number + 1].type == "link_close":
                    yield Run("text", str(child.attrs.get("href", "")), frozenset(marks), links[-1])
            else:
                marks.append(_SPANS[child.tag])
        elif kind == "link_close":
            links.pop()
        elif kind.endswith("_close"):
            marks.remove(_SPANS[child.tag])
        elif number in tags:
            (marks.append if tags[number][1] else marks.remove)(tags[number][0])
        else:
            yield from _run(child, frozenset(marks), next((link for link in reversed(links) if link), None))


def _run(child: Token, marks: frozenset[Mark], link: Link | None) -> Iterator[Run]:
    match child.type:
        case "softbreak" | "hardbreak":
            yield Run("break", link=link)
        case "code_inline":
            yield Run("code", child.content, link=link)
        case "html_inline" if _BREAK.fullmatch(child.content):
            yield Run("break", link=link)
        case "html_inline":
            yield Run("html", _clean_html(child.content), link=link)
        case "image":
            image = clean_link(str(child.attrs.get("src", "")), str(child.attrs.get("title", "")))
            alt = clean_words(plain(tuple(_runs(child.children or []))))
            yield Run("image", alt, link=link, image=image) if image else Run("text", alt, marks, link)
        case _:
            yield Run("text", child.content, marks, link)


def _matched_tags(children: Sequence[Token]) -> dict[int, tuple[Mark, bool]]:
    """Return which inline tags pair up: position to mark and whether it opens."""
    matched: dict[int, tuple[Mark, bool]] = {}
    waiting: dict[str, list[int]] = {}
    for number, child in enumerate(children):
        found = _TAG.fullmatch(child.content) if child.type == "html_inline" else None
        if not found:
            continue
        name = found[2].lower()
        if not found[1]:
            waiting.setdefault(name, []).append(number)
        elif waiting.get(name):
            mark = _TAG_MARKS[name]
            matched[waiting[name].pop()] = (mark, True)
            matched[number] = (mark, False)
    return matched
