"""Read Textile's inline text into runs."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from html import unescape
from typing import Final
from unicodedata import category

from syncd.richtext.blocks import NO_MARKS, Link, Mark, Marks, Run
from syncd.richtext.carry import unpack
from syncd.richtext.textile.cut import Pieces, read_pre
from syncd.richtext.textile.lines import STYLE
from syncd.richtext.tidy import clean_link, clean_words

QUOTES: Final[tuple[tuple[str, Mark | None], ...]] = (
    ("**", "strong"),
    ("*", "strong"),
    ("??", "em"),
    ("-", "strike"),
    ("__", "em"),
    ("_", "em"),
    ("%", None),
    ("+", "under"),
    ("^", "sup"),
    ("~", "sub"),
)
"""Signs around marked text, in the order Redmine tries them."""

_STYLE = re.compile(STYLE)
_SPOT = re.compile(r"[@!\"*?\-_%+^~&\[{=h\x02-\x06\x0e-\x10]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_LINK_TEXT = re.compile(r"\"([^\"\n]+)\":")
_TITLE = re.compile(r"(.*\S)\s?\(([^()]+)\)", re.DOTALL)
_HREF = re.compile(r"(?:/|[a-zA-Z]+://|www\.|mailto:)[^\W]\S+|/[\w/]\S*")
_HREF_TAIL = re.compile(r"[^\w=/;()\-]+$")
_IMAGE = re.compile(
    rf"!([<>=])?({STYLE})?(?:\. )?([^\s(!]+)\s?(?:\(((?:[^()\n]|\([^()\n]{{1,200}}\)){{1,500}})\))?!(:(?=\S))?"
)
_FOOTNOTE = re.compile(r"\[(\d{1,9})\]")
_WIKI_LINK = re.compile(r"\[\[[^\n\[\]|]{1,300}(?:\|[^\n\[\]|]{1,300})?\]\]")
_MACRO = re.compile(r"\{\{>?\w+(?:\([^\n{}]*\))?\}\}")
_LITERAL = re.compile(r"==([^=\n][^\n]*?)==")


class Inline:
    """Reads one text; *losses* collects what Markdown cannot say."""

    def __init__(self, pieces: Pieces, losses: set[str]) -> None:
        self._pieces = pieces
        self._losses = losses

    def runs(self, text: str) -> list[Run]:
        """Return the runs of *text*, not yet tidied."""
        return list(self._scan(text, NO_MARKS, None, at_start=True))

    def _scan(self, text: str, marks: Marks, link: Link | None, *, at_start: bool) -> Iterator[Run]:
        closers: dict[str, list[int]] = {}
        plain: list[str] = []
        done = at = 0
        while match := _SPOT.search(text, at):
            spot = match.start()
            runs = self._special(text, spot, marks, link, closers, at_start=at_start)
            if runs is None:
                at = spot + 1
                continue
            found, end = runs
            plain.append(text[done:spot])
            if isinstance(found, str):
                plain.append(found)
            else:
                yield from unpack(Run("text", "".join(plain), marks, link))
                plain = []
                yield from found
            done = at = end
        plain.append(text[done:])
        yield from unpack(Run("text", "".join(plain), marks, link))

    def _special(  # noqa: C901, PLR0911 - one case per sign
        self, text: str, at: int, marks: Marks, link: Link | None, closers: dict[str, list[int]], *, at_start: bool
    ) -> tuple[list[Run] | str, int] | None:
        """Return what begins at *at* and where it ends: runs, or plain text; `None` when nothing does."""
        char = text[at]
        if token := self._pieces.token.match(text, at):
            return self._token(token.group(), marks, link), token.end()
        if char == "h":
            bare = _ADDRESS.match(text, at) if not text[at - 1 : at].isalnum() or not at else None
            return (bare.group(), bare.end()) if bare else None
        if char == "&":
            entity = _ENTITY.match(text, at)
            return (unescape(entity.group()), entity.end()) if entity else None
        if char == "@":
            return self._code(text, at, link, closers)
        if char == '"':
            return self._link(text, at, marks) if link is None else None
        if char == "[":
            return self._bracket(text, at)
        if char == "{":
            macro = _MACRO.match(text, at)
            if macro:
                self._losses.add("macro")
            return (macro.group(), macro.end()) if macro else None
        before = text[at - 1] if at else " " if at_start else "x"
        if char == "!":
            return self._image(text, at, marks, link) if before.isspace() or before == ">" else None
        if char == "=":
            literal = _LITERAL.match(text, at) if before.isspace() else None
            return (literal[1], literal.end()) if literal else None
        behind = text[at - 2] if at > 1 else " "
        if before.isspace() or before in "(>" or (before in "*_-+~^%?" and (behind.isspace() or behind in "(>")):
            return self._span(text, at, marks, link, closers)
        return None

    def _token(self, token: str, marks: Marks, link: Link | None) -> list[Run] | str:
        cut = self._pieces.cut_of(token)
        if cut.kind == "comment":
            self._losses.add("comment")
            return [Run("html", cut.source, link=link)]
        if cut.kind == "literal":
            return [Run("text", cut.inside, marks, link)]
        if cut.kind == "macro":
            self._losses.add("macro")
            return cut.source.replace("\n", " ")
        code = read_pre(cut).text if cut.kind == "pre" else cut.inside
        return [Run("code", code, link=link)] if code.strip() else ""

    @staticmethod
    def _code(text: str, at: int, link: Link | None, closers: dict[str, list[int]]) -> tuple[list[Run], int] | None:
        if at and (text[at - 1].isalnum() or text[at - 1] == "_"):
            return None
        end = _closer(text, "@", at + 2, closers)
        if end is None or "\n" in text[at:end]:
            return None
        inside = re.sub(r"^\|\w+\|", "", text[at + 1 : end])
        return ([Run("code", inside, link=link)], end + 1) if inside else None

    def _link(self, text: str, at: int, marks: Marks) -> tuple[list[Run], int] | None:
        words = _LINK_TEXT.match(text, at)
        target = _HREF.match(text, words.end()) if words else None
        if not words or not target:
            return None
        href = _HREF_TAIL.sub("", target.group().split("<", 1)[0])
        if href.endswith(")") and href.count("(") < href.count(")"):
            href = _HREF_TAIL.sub("", href[:-1])
        shown, title = self._unstyled(words[1]), ""
        if titled := _TITLE.fullmatch(shown):
            shown, title = titled[1], titled[2]
        link = clean_link(href, unescape(title))
        if link is None:
            return None
        runs = list(self._scan(shown.strip(), marks, link, at_start=False))
        return runs, words.end() + len(href)

    def _unstyled(self, text: str) -> str:
        match = _STYLE.match(text)
        if not match or match.end() == len(text):
            return text
        self._losses.add("attributes")
        return text[match.end() :]

    def _image(self, text: str, at: int, marks: Marks, link: Link | None) -> tuple[list[Run], int] | None:
        match = _IMAGE.match(text, at)
        image = clean_link(match[3]) if match else None
        if not match or image is None:
            return None
        end = match.end()
        if match[5]:
            target = _HREF.match(text, end)
            href = _HREF_TAIL.sub("", target.group().split("<", 1)[0]) if target else ""
            link = clean_link(href) or link
            end = end + len(href) if href else end - 1
        if match[1] or match[2]:
            self._losses.add("attributes")
        if "://" not in image.href and not image.href.startswith("/"):
            self._losses.add("attachment")
        del marks
        return [Run("image", clean_words(unescape(match[4] or "")), link=link, image=image)], end

    def _bracket(self, text: str, at: int) -> tuple[str, int] | None:
        if wiki := _WIKI_LINK.match(text, at):
            self._losses.add("wiki link")
            return wiki.group(), wiki.end()
        if at and (text[at - 1].isalnum() or text[at - 1] == "_"):
            note = _FOOTNOTE.match(text, at)
            return (f"[^{note[1]}]", note.end()) if note else None
        return None

    def _span(
        self, text: str, at: int, marks: Marks, link: Link | None, closers: dict[str, list[int]]
    ) -> tuple[list[Run], int] | None:
        for sign, mark in QUOTES:
            start = at + len(sign)
            if not text.startswith(sign, at) or text.startswith("--", at) or text[start : start + 1].strip() == "":
                continue
            end = _closer(text, sign, start + 1, closers)
            if end is None or text.startswith("--", end):
                continue
            inside = self._unstyled(text[start:end])
            if sign in ("??", "%"):
                self._losses.add("cite" if sign == "??" else "attributes")
            inner = marks | {mark} if mark else marks
            return list(self._scan(inside, inner, link, at_start=True)), end + len(sign)
        return None


def _closer(text: str, sign: str, start: int, closers: dict[str, list[int]]) -> int | None:
    """Return where the first *sign* from *start* on stands that may close."""
    if sign not in closers:
        closers[sign] = [at for at in _all(text, sign) if _may_close(text, at, at + len(sign), is_code=sign == "@")]
    at = bisect_left(closers[sign], start)
    return closers[sign][at] if at < len(closers[sign]) else None


def _all(text: str, sign: str) -> Iterator[int]:
    at = text.find(sign)
    while at >= 0:
        yield at
        at = text.find(sign, at + 1)


def _may_close(text: str, at: int, end: int, *, is_code: bool) -> bool:
    if not at or (text[at - 1].isspace() and not is_code):
        return False
    if end == len(text):
        return True
    after = text[end]
    if is_code:
        return not (after.isalnum() or after == "_")
    return after.isspace() or after == "_" or after in "$+<=>^`|~" or category(after).startswith("P")
