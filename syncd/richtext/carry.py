"""
Carry through plain text what a format cannot say: as Markdown between doubled word joiners.

People see the Markdown; reading finds it again. (ADF has its own, older way with single joiners.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from syncd.richtext.blocks import Run, TooDeepError
from syncd.richtext.tidy import JOINER, clean, tidy
from syncd.richtext.write import Writer

_FENCE: Final = JOINER * 2
_CARRIED = re.compile(f"{_FENCE}([^{JOINER}\n]+){_FENCE}")
RAW: Final = "raw-markdown"
"""The language of a code block that carries a block as Markdown."""


def pack(runs: Iterable[Run]) -> str:
    """Return *runs* as plain text that carries them."""
    return f"{_FENCE}{Writer().inline(tuple(runs), 'line')}{_FENCE}"


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
