"""Put new text into Markdown source, keeping every block that did not change exactly as it was typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from syncd.richtext.canonical import Piece, document, map_text, settle, settle_all, soften
from syncd.richtext.diff import kept_units
from syncd.richtext.parse import parse, parse_located
from syncd.richtext.write import Soften

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True, slots=True)
class _Unit:
    """Source lines that hold some canonical blocks, and what follows them up to the next (link definitions)."""

    source: str
    tail: str
    keys: tuple[str, ...]


def put_markdown(source: str, wanted: Sequence[Piece], soften_text: Soften, hear: Soften) -> str:
    """
    Return *source* changed to say *wanted*; *hear* is how its plain text is read (logins as names).

    Where the kept and the new would run into one another, everything is
    written anew.
    """
    newline = "\r\n" if "\r\n" in source else "\n"
    lead, units = _units(source, hear)
    target = document(wanted)
    spliced = _splice(lead, units, wanted, soften_text, newline)
    if document(settle_all(map_text(block, hear) for block in parse(spliced))) == target:
        return spliced
    text = soften(wanted, soften_text)
    return text.replace("\n", newline)


def _units(source: str, hear: Soften) -> tuple[str, list[_Unit]]:
    lines = _LINE.findall(source)
    located = parse_located(source)
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
        _Unit("".join(lines[start:end]), "".join(lines[stop:end]), tuple(keys))
        for (start, stop, keys), end in zip(starts, ends, strict=True)
    ]
    return "".join(lines[: starts[0][0]]), units


def _splice(lead: str, units: Sequence[_Unit], wanted: Sequence[Piece], soften_text: Soften, newline: str) -> str:
    kept = kept_units([unit.keys for unit in units], [piece.text for piece in wanted])
    starts = {start: number for number, start in kept.items()}
    chunks: list[str] = [lead]
    at, following = 0, 0
    while at < len(wanted):
        number = starts.get(at)
        if number is None:
            end = next((later for later in range(at + 1, len(wanted)) if later in starts), len(wanted))
            _add(chunks, soften(wanted[at:end], soften_text).replace("\n", newline), newline)
            at, following = end, -1
            continue
        if number == following:
            chunks.append(units[number].source)
        else:
            _add(chunks, units[number].source, newline)
        at += len(units[number].keys)
        following = number + 1
    for number, unit in enumerate(units):
        if number not in kept and unit.tail.strip():  # link definitions: the blocks that stay may need them
            _add(chunks, unit.tail, newline)
    ends_in_newline = bool(units) and units[-1].source.endswith(("\n", "\r"))
    if ends_in_newline and wanted and not chunks[-1].endswith(("\n", "\r")):
        chunks.append(newline)
    return "".join(chunks)


def _add(chunks: list[str], text: str, newline: str) -> None:
    """Append *text* after a blank line."""
    before = "".join(chunks[-2:])
    if before.strip():
        have = len(re.findall(r"\r\n|\r|\n", before[len(before.rstrip("\r\n")) :]))
        chunks.append(newline * max(0, 2 - have))
    chunks.append(text)
