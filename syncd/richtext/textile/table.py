"""Read Textile's tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from syncd.richtext.blocks import Align, Runs, Table
from syncd.richtext.textile.lines import STYLE

_HEAD = re.compile(r"table[^|\n]*\. ?")
_CELL = re.compile(r"((?:\[\[[^|\]\n]*\|[^|\]\n]*\]\]|[^|])*)\|")
_ROW_ATTRIBUTES = re.compile(rf"(?:[<>=~^()\-]{{1,6}})?(?:{STYLE})?\. ?(?=\|)")
_CELL_ATTRIBUTES = re.compile(
    rf"(?=[_\\/<>=~^()\-{{\[])(_)?(?:\\(\d{{1,2}}))?(/\d{{1,2}})?([<>=~^()\-]{{1,6}})?({STYLE})?\. ?"
)


def read_table(lines: Sequence[str], read: Callable[[str], Runs], losses: set[str]) -> Table | None:
    """Return the table on *lines*, or `None` when they are none after all; every row is as wide as the widest."""
    if head := _HEAD.fullmatch(lines[0]):
        losses.add("attributes") if len(head.group()) > len("table. ") else None
        lines = lines[1:]
    text = "\n".join(lines).rstrip()
    if not text.endswith("|") or len(text) == 1:
        return None
    rows: list[list[Runs]] = []
    aligned: list[list[Align]] = []
    is_head: list[bool] = []
    for line in _rows(text.split("\n")):
        cells, aligns, heads = _row(line, read, losses)
        rows.append(cells)
        aligned.append(aligns)
        is_head.append(bool(heads) and all(heads))
        if any(heads) and not (all(heads) and len(rows) == 1):
            losses.add("header cell")
    width = max(len(row) for row in rows)
    if not width:
        return None
    full = [tuple(row + [()] * (width - len(row))) for row in rows]
    columns = tuple(_common([aligns[at] for aligns in aligned if at < len(aligns)]) for at in range(width))
    if is_head[0]:
        return Table(columns, full[0], tuple(full[1:]))
    return Table(columns, ((),) * width, tuple(full))


def _rows(lines: Sequence[str]) -> list[str]:
    """Return the rows: a line that does not end in a bar goes on in the next."""
    rows: list[list[str]] = []
    ended = True
    for line in lines:
        if ended:
            rows.append([])
        rows[-1].append(line)
        ended = line.rstrip().endswith("|") and line.strip() != "|"
    return ["\n".join(row) for row in rows]


def _row(line: str, read: Callable[[str], Runs], losses: set[str]) -> tuple[list[Runs], list[Align], list[bool]]:
    if attributes := _ROW_ATTRIBUTES.match(line):
        losses.add("attributes")
        line = line[attributes.end() :]
    cells: list[Runs] = []
    aligns: list[Align] = []
    heads: list[bool] = []
    for match in _CELL.finditer(line, line.find("|") + 1):
        text, span, align = match[1], 1, ""
        attributes = _CELL_ATTRIBUTES.match(text)
        heads.append(bool(attributes and attributes[1]))
        if attributes:
            text = text[attributes.end() :]
            span = int(attributes[2] or 1) or 1
            align = attributes[4] or ""
            if span > 1 or attributes[3]:
                losses.add("span")
            if attributes[5] or align not in ("", "=", ">", "<"):
                losses.add("attributes")
        cells += [read(text.strip()), *[()] * (span - 1)]
        column: Align = "center" if align == "=" else "right" if align == ">" else ""
        aligns += [column] * span
    return cells, aligns, heads


def _common(aligns: Sequence[Align]) -> Align:
    return aligns[0] if len(set(aligns)) == 1 else ""
