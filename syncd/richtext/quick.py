"""
Find the parts of Markdown that are plain, so that only the rest needs the full parser.

Plain are paragraphs, headings, fenced code and flat lists that stand between
blank lines. A line that begins with a letter after a blank line ends every
list and quotation, so what stands before it cannot reach beyond. Where a text
holds anything that could (link definitions, HTML blocks, fences inside other
blocks), all of it goes to the full parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

_ODD = re.compile(r"[\r\t\0\x0b\x0c\x85\u2028\u2029]")
_TAG_LINE = re.compile(r"^[ >*+\-\d.)]*<", re.MULTILINE)
_INNER_FENCE = re.compile(r"^[^`~\n][^\n]*?(?:```|~~~)", re.MULTILINE)
_HEADING = re.compile(r"(#{1,6}) ([^\s#][^\n#]*)")
_FENCE = re.compile(r"(`{3,}|~{3,})([^`~\n\\&]*)")
_BULLETS = re.compile(r"(?:- [^\W\d_][^\n]*(?:\n|$))+")


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines, and what they are; of `other` nothing is known."""

    kind: Literal["text", "heading", "code", "bullets", "other"]
    first_line: int
    end_line: int
    text: str
    info: str = ""
    level: int = 0


def split(markdown: str) -> list[Part] | None:
    """Return the parts of *markdown* in order, blank lines between left out; `None` when it may reach far."""
    if "]:" in markdown or _ODD.search(markdown) or ("<" in markdown and _TAG_LINE.search(markdown)):
        return None
    if ("```" in markdown or "~~~" in markdown) and _INNER_FENCE.search(markdown):
        return None
    return list(_parts(markdown.split("\n")))


def _parts(lines: Sequence[str]) -> Iterator[Part]:
    at = 0
    while at < len(lines):
        if not lines[at].strip(" "):
            at += 1
            continue
        part = _part(lines, at)
        yield part
        at = part.end_line


def _part(lines: Sequence[str], at: int) -> Part:
    end = _run(lines, at)
    first = lines[at]
    if first[0].isalpha() and all(line[0].isalpha() for line in lines[at:end]):
        return Part("text", at, end, "\n".join(lines[at:end]))
    if end == at + 1 and (heading := _HEADING.fullmatch(first)):
        return Part("heading", at, end, heading[2], level=len(heading[1]))
    if (fence := _FENCE.fullmatch(first)) and (code := _code(lines, at, fence)):
        return code
    text = "\n".join(lines[at:end])
    if _BULLETS.fullmatch(text) and _is_cut(lines, end):
        return Part("bullets", at, end, text)
    while not _is_cut(lines, end):
        end = _run(lines, _shown(lines, end))
    if any(line.startswith(("```", "~~~")) for line in lines[at:end]):
        end = len(lines)  # a fence begun here reaches beyond blank lines
    return Part("other", at, end, "\n".join(lines[at:end]))


def _run(lines: Sequence[str], at: int) -> int:
    """Return where the lines without a blank one between end."""
    while at < len(lines) and lines[at].strip(" "):
        at += 1
    return at


def _shown(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip(" "):
        at += 1
    return at


def _is_cut(lines: Sequence[str], end: int) -> bool:
    """Return whether what comes after the blank lines at *end* begins anew, whatever stood before."""
    at = _shown(lines, end)
    if at == len(lines) or lines[at][0].isalpha() or _HEADING.fullmatch(lines[at]):
        return True
    return at > end and bool(_FENCE.fullmatch(lines[at]))


def _code(lines: Sequence[str], at: int, fence: re.Match[str]) -> Part | None:
    """Return a code block; `None` when it is never closed."""
    closing = re.compile(rf"{re.escape(fence[1][0])}{{{len(fence[1])},}} *")
    end = at + 1
    while end < len(lines) and not closing.fullmatch(lines[end]):
        end += 1
    if end == len(lines):
        return None
    text = "".join(line + "\n" for line in lines[at + 1 : end])
    return Part("code", at, end + 1, text, info=fence[2])
