"""Put new text into source text, keeping every block that did not change exactly as it was typed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from syncd.richtext.canonical import Piece, document, map_text, settle, settle_all, soften
from syncd.richtext.diff import kept_units
from syncd.richtext.parse import Located, parse, parse_located
from syncd.richtext.write import Soften

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of source that holds some canonical blocks, and what follows them up to the next."""

    source: str
    tail: str
    """The end of *source* that belongs to no block: blank lines, link definitions."""
    keys: tuple[str, ...]


class Markup(Protocol):
    """How one format that is written as text is read and written."""

    gap: str
    """What stands between two blocks: `"\\n\\n"`, or nothing."""

    def units(self, source: str) -> tuple[str, list[Unit]]:
        """Return what stands before the first block, and the units after it; all together are *source*."""
        ...

    def says(self, source: str) -> str:
        """Return *source* as canonical text."""
        ...

    def write(self, wanted: Sequence[Piece]) -> str:
        """Return blocks written anew, kept from acting, with LF."""
        ...


def put(source: str, wanted: Sequence[Piece], markup: Markup) -> str:
    """
    Return *source* changed to say *wanted*.

    Where the kept and the new would run into one another, everything is
    written anew.
    """
    newline = "\r\n" if "\r\n" in source else "\n"
    lead, units = markup.units(source)
    spliced = _Splice(lead, units, wanted, markup, newline).text()
    if markup.says(spliced) == document(wanted):
        return spliced
    return markup.write(wanted).replace("\n", newline)


class MarkdownMarkup:
    """Markdown; *hear* is how its plain text is read (logins as names), *say* how it is written."""

    gap = "\n\n"

    def __init__(self, say: Soften, hear: Soften) -> None:
        self._say = say
        self._hear = hear

    def units(self, source: str) -> tuple[str, list[Unit]]:
        """Return the lines before the first block, and the units."""
        return line_units(source, parse_located(source), self._hear)

    def says(self, source: str) -> str:
        """Return the canonical text."""
        return document(settle_all(map_text(block, self._hear) for block in parse(source)))

    def write(self, wanted: Sequence[Piece]) -> str:
        """Return blocks written anew."""
        return soften(wanted, self._say)


def line_units(source: str, located: Sequence[Located], hear: Soften) -> tuple[str, list[Unit]]:
    """Return the lines of *source* before the first block, and the units; blocks on shared lines are one unit."""
    lines = _LINE.findall(source)
    starts: list[tuple[int, int, list[str]]] = []
    for found in located:
        text = settle(map_text(found.block, hear)).text
        if starts and found.first_line < starts[-1][1]:
            starts[-1][2].append(text)
        else:
            starts.append((found.first_line, found.end_line, [text]))
    if not starts:
        return source, []
    ends = [start for start, _, _ in starts[1:]] + [len(lines)]
    units = [
        Unit("".join(lines[start:end]), "".join(lines[stop:end]), tuple(keys))
        for (start, stop, keys), end in zip(starts, ends, strict=True)
    ]
    return "".join(lines[: starts[0][0]]), units


class _Splice:
    """Kept units and new blocks, one after the other."""

    def __init__(self, lead: str, units: Sequence[Unit], wanted: Sequence[Piece], markup: Markup, newline: str) -> None:
        self._units = units
        self._wanted = wanted
        self._markup = markup
        self._newline = newline
        self._gap = markup.gap.replace("\n", newline)
        self._chunks: list[str] = [lead]

    def text(self) -> str:
        """Return the new source."""
        units, wanted = self._units, self._wanted
        kept = kept_units([unit.keys for unit in units], [piece.text for piece in wanted])
        starts = {start: number for number, start in kept.items()}
        moved = self._moved(kept, starts)
        at, following = 0, 0
        while at < len(wanted):
            number = starts.get(at)
            if number is None:
                end = next((later for later in range(at + 1, len(wanted)) if later in starts), len(wanted))
                self._fresh(at, end, moved)
                at, following = end, -1
                continue
            if number == following:
                self._chunks.append(units[number].source)
            else:
                self._add(units[number].source)
            at += len(units[number].keys)
            following = number + 1
        for number, unit in enumerate(units):
            if number not in kept and unit.tail.strip():  # link definitions: the blocks that stay may need them
                self._add(unit.tail)
        ends_in_newline = bool(units) and units[-1].source.endswith(("\n", "\r"))
        if ends_in_newline and wanted and not self._chunks[-1].endswith(("\n", "\r")):
            self._chunks.append(self._newline)
        return "".join(self._chunks)

    def _moved(self, kept: Mapping[int, int], starts: Mapping[int, int]) -> dict[int, str]:
        """Return the source of each new block that is an old one in another place."""
        covered = {start + step for start, number in starts.items() for step in range(len(self._units[number].keys))}
        spare: dict[str, deque[str]] = {}
        for number, unit in enumerate(self._units):
            if number not in kept and len(unit.keys) == 1:
                core = unit.source.removesuffix(unit.tail).rstrip("\r\n")
                spare.setdefault(unit.keys[0], deque()).append(core)
        found: dict[int, str] = {}
        for at, piece in enumerate(self._wanted):
            if at not in covered and spare.get(piece.text):
                found[at] = spare[piece.text].popleft()
        return found

    def _fresh(self, start: int, end: int, moved: Mapping[int, str]) -> None:
        """Write the blocks from *start* to *end*: moved ones as they were typed, the others anew."""
        at = start
        while at < end:
            if at in moved:
                self._add(moved[at])
                at += 1
                continue
            stop = next((later for later in range(at, end) if later in moved), end)
            self._add(self._markup.write(self._wanted[at:stop]).replace("\n", self._newline))
            at = stop

    def _add(self, text: str) -> None:
        """Append *text* after a gap."""
        before = "".join(self._chunks[-2:])
        if before.strip() and self._gap:
            have = len(re.findall(r"\r\n|\r|\n", before[len(before.rstrip("\r\n")) :]))
            self._chunks.append(self._newline * max(0, 2 - have))
        self._chunks.append(text)
