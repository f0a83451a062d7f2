"""HTML as one of the formats that are written as text."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.richtext.blocks import Block, TooDeepError
from syncd.richtext.canonical import Piece, document, map_text, settle, settle_all
from syncd.richtext.html.read import Reader, wrapper_of
from syncd.richtext.html.write import ASANA, COMMON, UnsayableError, Writer
from syncd.richtext.put import Unit, put
from syncd.richtext.write import Soften


class HtmlMarkup:
    """The inside of a wrapper; *hear* is how its plain text is read (logins as names), *say* how it is written."""

    def __init__(self, wrapper: tuple[str, str], say: Soften, hear: Soften) -> None:
        self._wrapper = wrapper
        self._say = say
        self._hear = hear
        self._dialect = ASANA if wrapper[0].strip().lower().startswith("<body") else COMMON
        self.gap = self._dialect.between

    def units(self, source: str) -> tuple[str, list[Unit]]:
        """Return what stands before the first block, and the units."""
        shift = len(self._wrapper[0])
        chunks = [chunk for chunk in Reader(self._whole(source)).chunks() if chunk.blocks]
        if not chunks:
            return source, []
        ends = [chunk.start - shift for chunk in chunks[1:]] + [len(source)]
        units = []
        for chunk, end in zip(chunks, ends, strict=True):
            keys = tuple(settle(map_text(block, self._hear)).text for block in chunk.blocks)
            units.append(Unit(source[chunk.start - shift : end], source[chunk.end - shift : end], keys))
        return source[: chunks[0].start - shift], units

    def says(self, source: str) -> str:
        """Return the canonical text."""
        return document(self._pieces(source))

    def write(self, wanted: Sequence[Piece]) -> str:
        """Return blocks written anew; one that the dialect has no tag for is carried as Markdown."""
        return self._dialect.between.join(self._written(piece) for piece in wanted)

    def _whole(self, inside: str) -> str:
        return f"{self._wrapper[0]}{inside}{self._wrapper[1]}"

    def _pieces(self, source: str) -> tuple[Piece, ...]:
        return settle_all(map_text(block, self._hear) for block in Reader(self._whole(source)).blocks())

    def _written(self, piece: Piece) -> str:
        writer = Writer(self._dialect, self._say)
        try:
            text = writer.block(piece.block)
            if [one.text for one in self._pieces(text)] == [piece.text]:
                return text
        except (UnsayableError, TooDeepError):
            pass
        return writer.carried(piece.block)


def put_html(source: str, wanted: Sequence[Piece], say: Soften, hear: Soften) -> str:
    """Return *source* changed to say *wanted*, in the same wrapper."""
    opening, inside, closing = wrapper_of(source)
    return f"{opening}{put(inside, wanted, HtmlMarkup((opening, closing), say, hear))}{closing}"


def read_html(source: str) -> tuple[Block, ...]:
    """Return the blocks of *source*; raises `TooDeepError`."""
    return Reader(source).blocks()


def html_losses(source: str) -> set[str]:
    """Return what of *source* Markdown cannot fully say; raises `TooDeepError`."""
    reader = Reader(source)
    reader.blocks()
    return reader.losses
