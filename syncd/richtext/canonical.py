"""Canonical Markdown: the text that reads back as the very blocks it was written from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from syncd.richtext.blocks import (
    NO_MARKS,
    Block,
    Code,
    Details,
    Heading,
    Html,
    Link,
    List,
    Para,
    Quote,
    Rule,
    Run,
    Runs,
    Table,
    TooDeepError,
)
from syncd.richtext.tidy import clean, plain, tidy
from syncd.richtext.write import Soften, Writer, continues


@dataclass(frozen=True, slots=True)
class Piece:
    """A top-level block that is known to read back as written, and its canonical text."""

    block: Block
    text: str


def settle(block: Block) -> Piece:
    """
    Return *block* as canonical text.

    What Markdown cannot write so that it reads back the same (emphasis inside
    a word beside punctuation, say) loses formatting, never words.
    """
    for candidate in _candidates(block):
        writer = Writer()
        text = writer.block(candidate)
        if not writer.risky:
            return Piece(candidate, text)
        again = _reread(text)
        if again is not None and Writer().block(again) == text:
            return Piece(again, text)
        if again is not None:
            settled = Writer().block(again)
            last = _reread(settled)
            if last is not None and Writer().block(last) == settled:
                return Piece(last, settled)
    raise AssertionError(block)  # a code block always reads back


def _candidates(block: Block) -> Iterable[Block]:
    yield block
    yield without_formatting(block)
    yield Code("", clean("\n".join(words(block))))


def _reread(text: str) -> Block | None:
    from syncd.richtext.parse import parse

    try:
        found = parse(text)
    except TooDeepError:
        return None
    return found[0] if len(found) == 1 else None


def map_text(block: Block, change: Soften) -> Block:
    """Return *block* with *change* applied to its plain text, never to code or raw HTML."""

    def runs(given: Runs) -> Runs:
        return tuple(replace(run, text=change(run.text)) if run.kind == "text" else run for run in given)

    match block:
        case Para() | Heading():
            return replace(block, runs=runs(block.runs))
        case Code() | Rule() | Html():
            return block
        case Quote() | Details():
            return replace(block, blocks=tuple(map_text(child, change) for child in block.blocks))
        case List():
            items = (replace(item, blocks=tuple(map_text(one, change) for one in item.blocks)) for item in block.items)
            return replace(block, items=tuple(items))
        case Table():
            rows = tuple(tuple(runs(cell) for cell in row) for row in block.rows)
            return replace(block, header=tuple(runs(cell) for cell in block.header), rows=rows)


def without_formatting(block: Block) -> Block:  # noqa: PLR0911 - one case per kind
    """Return *block* with its structure but without marks, links or raw HTML inside its text."""
    match block:
        case Para():
            return Para(_bare(block.runs))
        case Heading():
            return replace(block, runs=_bare(block.runs))
        case Code() | Rule():
            return block
        case Html():
            return Code("html", block.text)
        case Quote() | Details():
            return replace(block, blocks=tuple(without_formatting(child) for child in block.blocks))
        case List():
            return replace(
                block,
                items=tuple(
                    replace(item, blocks=tuple(without_formatting(child) for child in item.blocks))
                    for item in block.items
                ),
            )
        case Table():
            return Table(
                block.aligns,
                tuple(_bare(cell) for cell in block.header),
                tuple(tuple(_bare(cell) for cell in row) for row in block.rows),
            )


def _bare(runs: Runs) -> Runs:
    return tidy(run if run.kind == "break" else Run("text", run.text, NO_MARKS, _plain_link(run)) for run in runs)


def _plain_link(run: Run) -> Link | None:
    link = run.link or run.image
    return link if link and link.href == run.text else None


def words(block: Block) -> Iterable[str]:  # noqa: C901 - one case per kind
    """Yield the lines of text in *block*, without formatting."""
    match block:
        case Para() | Heading():
            yield plain(block.runs)
        case Code() | Html():
            yield block.text
        case Rule():
            yield "---"
        case Quote():
            for child in block.blocks:
                yield from words(child)
        case Details():
            yield block.title
            for child in block.blocks:
                yield from words(child)
        case List():
            for item in block.items:
                for child in item.blocks:
                    yield from words(child)
        case Table():
            for row in (block.header, *block.rows):
                yield " | ".join(plain(cell) for cell in row)


def settle_all(blocks: Iterable[Block]) -> tuple[Piece, ...]:
    """Return every block as canonical text, in order."""
    return tuple(settle(block) for block in blocks)


def texts_of(pieces: Sequence[Piece]) -> tuple[str, ...]:
    """Return the blocks' texts as they stand in a document: a list right after its like takes the other bullet."""
    texts: list[str] = []
    other = False
    for number, piece in enumerate(pieces):
        other = number > 0 and continues(pieces[number - 1].block, piece.block) and not other
        texts.append(Writer().block(piece.block, other=True) if other else piece.text)
    return tuple(texts)


def document(pieces: Sequence[Piece]) -> str:
    """Return the whole canonical text; empty when there are no blocks."""
    return "\n\n".join(texts_of(pieces))


def pieces_of(markdown: str) -> tuple[Piece, ...]:
    """Read *markdown* into settled blocks; raises `TooDeepError`."""
    from syncd.richtext.parse import parse

    return settle_all(parse(markdown))


def soften(pieces: Sequence[Piece], soften_text: Soften) -> str:
    """Return the whole text with *soften_text* applied to plain text."""
    return Writer(soften_text).blocks([piece.block for piece in pieces])
