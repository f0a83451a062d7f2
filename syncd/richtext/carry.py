"""
Carry through plain text what a format cannot say: as Markdown between doubled word joiners.

People see the Markdown; reading finds it again. (ADF has its own, older way with single joiners.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from syncd.richtext.blocks import Block, Run, TooDeepError
from syncd.richtext.tidy import JOINER, clean, tidy
from syncd.richtext.write import Writer

_FENCE: Final = JOINER * 2
_CARRIED = re.compile(f"{_FENCE}([^{JOINER}\n]+){_FENCE}")
RAW: Final = "raw-markdown"
"""The language of a code block that carries a block as Markdown."""


def pack(runs: Iterable[Run]) -> str:
    """Return *runs* as plain text that carries them."""
    return pack_text(Writer().inline(tuple(runs), "line"))


def pack_text(markdown: str) -> str:
    """Return one line of Markdown as plain text that carries it."""
    return f"{_FENCE}{markdown}{_FENCE}"


def parse_carried(markdown: str) -> Block | None:
    """Return the one block that carried Markdown says, if it is one."""
    from syncd.richtext.parse import parse

    try:
        found = parse(markdown)
    except TooDeepError:
        return None
    return found[0] if len(found) == 1 else None


def find_packed(text: str) -> str | None:
    """Return the Markdown that *text* carries and nothing else."""
    match = _CARRIED.fullmatch(text.strip())
    return match[1] if match else None


def unpack(run: Run) -> Iterable[Run]:
    """Yield *run* with what its text carries in its place; what is no Markdown stays text."""
    if _FENCE not in run.text:
        if run.text:
            yield run
        return
    from syncd.richtext.parse import parse_inline

    for number, part in enumerate(_CARRIED.split(run.text)):
        if number % 2:
            try:
                carried = parse_inline(part)
            except TooDeepError:
                carried = ()
            if carried and tidy(carried) != tidy([Run("text", clean(part))]):
                for one in carried:
                    marks = one.marks | run.marks if one.kind == "text" else one.marks
                    yield replace(one, marks=marks, link=one.link or run.link)
                continue
        if part:
            yield replace(run, text=part)
