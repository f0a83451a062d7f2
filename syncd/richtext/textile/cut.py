"""
Cut out of the source what no other rule looks into: code, comments, macros over several lines.

Each piece becomes a token without line breaks, so that what follows may go
line by line. Searching never starts over, so time stays linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from typing import Final, Literal, TypeAlias

from syncd.richtext.blocks import Code, TooDeepError
from syncd.richtext.tidy import JOINER, clean, clean_words

Kind: TypeAlias = Literal["pre", "code", "literal", "comment", "macro"]

_SENTINELS: Final = "\x02\x03\x04\x05\x06\x0e\x0f\x10"
_OPENER = re.compile(
    r"<(?P<tag>pre|code|kbd|notextile)(?P<attrs>\b[^<>\n]*)>|(?P<comment><!--)|\{\{(?P<macro>\w+)(?P<args>\([^\n]*\))?\n",
    re.IGNORECASE,
)
_KINDS: Final[dict[str, Kind]] = {"pre": "pre", "code": "code", "kbd": "code", "notextile": "literal"}
_INNER_CODE = re.compile(
    r"\s*<code(?:\s+class=(?:\"(?P<double>[^\"<>]*)\"|'(?P<single>[^'<>]*)'))?[^<>]*>(?P<text>.*?)(?:</code>\s*)?",
    re.DOTALL | re.IGNORECASE,
)
_HIDDEN = re.compile(rf"<({JOINER}+)(?=/?(?:pre|code)\b)", re.IGNORECASE)
_TO_HIDE = re.compile(rf"<(?={JOINER}*/?(?:pre|code)\b)", re.IGNORECASE)
_MOST_LINES: Final = 10_000
"""A text with more is left alone."""
CODE_TAG = re.compile(r"</?(?:pre|code|kbd|notextile)\b|<!--", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece that was cut out: its whole *source*, and what stands inside it."""

    kind: Kind
    source: str
    inside: str
    name: str = ""
    """A tag's or macro's name."""
    args: str = ""


class Pieces:
    """Source text with tokens for what was cut out."""

    def __init__(self, source: str) -> None:
        mark = next((char for char in _SENTINELS if char not in source), None)
        if mark is None or source.count("\n") > _MOST_LINES:
            raise TooDeepError
        self._mark = mark
        self.cuts: list[Cut] = []
        self.token = re.compile(f"{mark}(\\d+){mark}")
        self.text = "".join(self._pieces(source.replace("\r\n", "\n").replace("\r", "\n")))

    def _pieces(self, source: str) -> Iterator[str]:
        done = 0
        missing: set[str] = set()
        while match := _OPENER.search(source, done):
            yield source[done : match.start()]
            found = _closed(source, match, missing)
            if found is None:
                yield match.group()[:1]
                done = match.start() + 1
                continue
            yield f"{self._mark}{len(self.cuts)}{self._mark}"
            self.cuts.append(found)
            done = match.start() + len(found.source)
        yield source[done:]

    def cut_of(self, token: str) -> Cut:
        """Return what stands behind a whole token."""
        return self.cuts[int(token.strip(self._mark))]

    def restore(self, text: str) -> str:
        """Return *text* with what was cut out back in its place."""
        return self.token.sub(lambda match: self.cuts[int(match[1])].source, text)


def _closed(source: str, match: re.Match[str], missing: set[str]) -> Cut | None:
    """Return the piece that *match* opens; *missing* holds the closings known not to come any more."""
    if match["comment"]:
        kind, closing, name = "comment", "-->", ""
    elif match["macro"]:
        kind, closing, name = "macro", "\n}}", match["macro"]
    else:
        name = match["tag"].lower()
        kind, closing = _KINDS[name], f"</{name}>"
    end = -1 if closing in missing else source.lower().find(closing, match.end() - (kind == "macro"))
    if end < 0 and kind == "pre":
        return Cut("pre", source[match.start() :], source[match.end() :], name)
    if end < 0:
        missing.add(closing)
        return None
    inside = source[match.end() : end]
    return Cut(kind, source[match.start() : end + len(closing)], inside, name, (match["args"] or "")[1:-1])  # type: ignore[arg-type]


def read_pre(cut: Cut) -> Code:
    """Return what a `<pre>` says: inside it everything is literal."""
    inside, info = cut.inside, ""
    match = _INNER_CODE.fullmatch(inside)
    if match:
        inside = match["text"]
        info = clean_words(unescape(match["double"] or match["single"] or ""))
    inside = inside.removeprefix("\n").removesuffix("\n")
    return Code(info, clean(_HIDDEN.sub(lambda found: "<" + found[1][1:], inside)))


def write_pre(block: Code) -> str:
    """Return a code block as `<pre>`; a joiner hides tags inside that would end it."""
    inside = _TO_HIDE.sub(f"<{JOINER}", block.text)
    inside = f"\n{inside}\n" if inside else "\n"
    if block.info:
        inside = f'<code class="{escape(block.info)}">{inside}</code>'
    return f"<pre>{inside}</pre>"
