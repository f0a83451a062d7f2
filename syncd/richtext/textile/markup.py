"""Textile as one of the formats that are written as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from syncd.richtext.blocks import Block, TooDeepError
from syncd.richtext.canonical import Piece, document, map_text, settle_all
from syncd.richtext.put import Unit, line_units
from syncd.richtext.textile.read import Reader
from syncd.richtext.textile.write import UnsayableError, Writer, raw
from syncd.richtext.write import Soften

_LIVE = re.compile(
    r"""
      \[\[[^\n\[\]]{1,600}\]\]
    | \{\{>?\w+(?:\([^\n{}]*\))?\}\}
    | (?<![\w\#&])\#\d+(?:-\d+)?\b
    | \b(?:attachment|document|version|forum|news|message|project|commit|source|export):(?:"[^"\n]+"|[^\s"<>]*\w)
    """,
    re.VERBOSE,
)
_MOST_LIVE: Final = 200


class TextileMarkup:
    """
    Textile; *hear* is how its plain text is read (logins as names), *say* how it is written.

    What acts in *source* already (links to issues and pages, macros) goes on
    acting where its text still stands. Mentions do not: each would notify anew.
    """

    gap = "\n\n"

    def __init__(self, source: str, say: Soften, hear: Soften) -> None:
        self._say = say
        self._hear = hear
        words = list(dict.fromkeys(match.group() for match in _LIVE.finditer(source)))[:_MOST_LIVE]
        spelled = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        self._live = re.compile(rf"(?<![\w#])({spelled})(?!\w)") if words else None

    def units(self, source: str) -> tuple[str, list[Unit]]:
        """Return the lines before the first block, and the units."""
        return line_units(source, Reader(source).located(), self._hear)

    def says(self, source: str) -> str:
        """Return the canonical text."""
        return document(self._pieces(source))

    def write(self, wanted: Sequence[Piece]) -> str:
        """Return blocks written anew; one that Textile cannot say is carried as Markdown in a code block."""
        return "\n\n".join(self._written(piece) for piece in wanted)

    def _pieces(self, source: str) -> tuple[Piece, ...]:
        return settle_all(map_text(block, self._hear) for block in Reader(source).blocks())

    def _written(self, piece: Piece) -> str:
        for careful in (False, True):
            try:
                text = Writer(self._say, self._live, careful=careful).block(piece.block)
                if [one.text for one in self._pieces(text)] == [piece.text]:
                    return text
            except (UnsayableError, TooDeepError):
                continue
        return raw(piece.block)


def read_textile(source: str) -> tuple[Block, ...]:
    """Return the blocks of *source*; raises `TooDeepError`."""
    return Reader(source).blocks()


def textile_losses(source: str) -> set[str]:
    """Return what of *source* Markdown cannot fully say; raises `TooDeepError`."""
    reader = Reader(source)
    reader.blocks()
    return reader.losses
