"""
Formatted text: every format read as one canonical Markdown, and written back without disturbing what did not change.

Pure. The Markdown parser is imported on first use, not with this package.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Final

from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, Missing, RichText, TextFormat
from syncd.richtext.blocks import Block, TooDeepError
from syncd.richtext.canonical import Piece, document, map_text, pieces_of, settle_all, soften, texts_of
from syncd.richtext.names import Names
from syncd.richtext.neutral import soften_text
from syncd.richtext.tidy import clean

MAX_SOURCE: Final = 256 * 1024
"""A source with more characters is opaque: neither read nor written."""

__all__ = [
    "MAX_SOURCE",
    "Names",
    "from_markdown",
    "join_blocks",
    "loose_equal",
    "neutralise",
    "normalise",
    "report_losses",
    "split_blocks",
    "to_markdown",
    "undo_neutralise",
]


def to_markdown(native: RichText, names: Names | None = None) -> str | Missing:
    """
    Return *native* as canonical Markdown; empty text for an empty document.

    `MISSING` when it is opaque: larger than `MAX_SOURCE`, nested too deep, or not what its format says. It then
    has no voice and is never written.
    """
    pieces = _read(native, names)
    return document(pieces) if pieces is not None else MISSING


def from_markdown(
    markdown: str,
    format: TextFormat,  # noqa: A002 - what it is called everywhere else
    native_now: RichText | None,
    names: Names | None = None,
) -> RichText | Cannot:
    """
    Return how *format* says *markdown*, keeping every block of *native_now* whose canonical text did not change.

    With nothing changed it is *native_now* itself. Text new to a tool that
    is not ADF is kept from acting (see `neutralise`). `CANNOT` when the text
    is too large or nested too deep, or *native_now* is opaque.
    """
    if len(markdown) > MAX_SOURCE:
        return CANNOT
    if native_now is not None and native_now.format is not format:
        return CANNOT
    now = _read(native_now, names) if native_now is not None else ()
    if now is None:
        return CANNOT
    try:
        wanted = pieces_of(markdown)
        if native_now is not None and document(now) == document(wanted):
            return native_now
        return RichText(format, _put(wanted, format, native_now, names))
    except (TooDeepError, RecursionError):
        return CANNOT


def normalise(markdown: str) -> str:
    """
    Return *markdown* in its normal form: NFC, LF, no outer blank lines, one way to say each thing.

    Idempotent. Text that is nested too deep is only cleaned, not rewritten.
    """
    try:
        return document(pieces_of(markdown))
    except (TooDeepError, RecursionError):
        return clean(markdown)


def split_blocks(markdown: str) -> tuple[str, ...]:
    """Return the top-level blocks of *markdown* in normal form, in order; none for empty text."""
    try:
        return texts_of(pieces_of(markdown))
    except (TooDeepError, RecursionError):
        return (clean(markdown),)


def join_blocks(blocks: tuple[str, ...]) -> str:
    """Return one text from *blocks*: the inverse of `split_blocks` for text in normal form."""
    return "\n\n".join(block for block in blocks if block)


def loose_equal(a: RichText | None, b: RichText | None) -> bool:
    """Return whether *a* and *b* read the same; `None` reads as empty, opaque text only equals itself."""
    if a == b:
        return True
    left, right = (to_markdown(side) if side is not None else "" for side in (a, b))
    return left is not MISSING and left == right


def neutralise(markdown: str) -> str:
    """Return *markdown* in normal form, made unable to ping, link to numbers, close or command; code is left alone."""
    try:
        return soften(pieces_of(markdown), soften_text)
    except (TooDeepError, RecursionError):
        return clean(markdown)


def undo_neutralise(markdown: str) -> str:
    """Return what `neutralise` was given, in normal form."""
    return normalise(markdown)


def report_losses(native: RichText) -> tuple[str, ...]:
    """
    Return the names of what in *native* Markdown cannot fully express (node and mark types, say), sorted.

    Empty for Markdown; an opaque source reports the name of its format.
    """
    if to_markdown(native) is MISSING:
        return (native.format.value,)
    if native.format is not TextFormat.ADF:
        return tuple(sorted(_losses(native)))
    from syncd.richtext.adf.losses import losses
    from syncd.richtext.adf.nodes import children, load

    return tuple(sorted(losses(children(load(native.source)))))


def _losses(native: RichText) -> set[str]:
    if native.format is TextFormat.TEXTILE:
        from syncd.richtext.textile.markup import textile_losses

        return textile_losses(native.source)
    if native.format is TextFormat.HTML:
        from syncd.richtext.html.markup import html_losses

        return html_losses(native.source)
    return set()


def _read(native: RichText, names: Names | None) -> tuple[Piece, ...] | None:
    """Return the settled blocks of *native*, or `None` when it is opaque."""
    if len(native.source) > MAX_SOURCE:
        return None
    try:
        if native.format is TextFormat.ADF:
            return _read_adf(native.source, names)
        return settle_all(_heard(block, names) for block in _blocks(native))
    except (TooDeepError, RecursionError):
        return None


def _read_adf(source: str, names: Names | None) -> tuple[Piece, ...] | None:
    from syncd.richtext.adf.nodes import MalformedError, children, load
    from syncd.richtext.adf.read import Reader

    try:
        return settle_all(Reader(names).blocks(children(load(source))))
    except MalformedError:
        return None


def _blocks(native: RichText) -> Sequence[Block]:
    """Return the blocks of a format that is written as text."""
    if native.format is TextFormat.TEXTILE:
        from syncd.richtext.textile.markup import read_textile

        return read_textile(native.source)
    if native.format is TextFormat.HTML:
        from syncd.richtext.html.markup import read_html

        return read_html(native.source)
    from syncd.richtext.parse import parse

    return parse(native.source)


def _heard(block: Block, names: Names | None) -> Block:
    return map_text(block, names.to_names) if names else block


def _put_adf(wanted: tuple[Piece, ...], native_now: RichText | None, names: Names | None) -> str:
    from syncd.richtext.adf.nodes import load
    from syncd.richtext.adf.put import new_document, put_document
    from syncd.richtext.adf.read import Reader

    blocks = [piece.block for piece in wanted]
    if native_now is None:
        return json.dumps(new_document(blocks), separators=(",", ":"))
    return json.dumps(put_document(load(native_now.source), blocks, Reader(names)), separators=(",", ":"))


def _put(
    wanted: tuple[Piece, ...],
    format: TextFormat,  # noqa: A002 - what it is called everywhere else
    native_now: RichText | None,
    names: Names | None,
) -> str:
    if format is TextFormat.ADF:
        return _put_adf(wanted, native_now, names)
    from syncd.richtext.put import MarkdownMarkup, Markup, put

    hear: Callable[[str], str] = names.to_names if names else str
    say: Callable[[str], str] = (lambda text: soften_text(names.to_logins(text))) if names else soften_text
    source = native_now.source if native_now else ""
    if format is TextFormat.HTML:
        from syncd.richtext.html.markup import put_html

        return put_html(source, wanted, say, hear)
    markup: Markup = MarkdownMarkup(say, hear)
    if format is TextFormat.TEXTILE:
        from syncd.richtext.textile.markup import TextileMarkup

        markup = TextileMarkup(source, say, hear)
    return put(source, wanted, markup)
