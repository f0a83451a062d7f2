"""Formatted text, through `syncd.richtext`."""

from __future__ import annotations

from syncd.mapping.lenses.base import BaseLens
from syncd.mapping.lenses.text import too_long
from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, Missing, Native, NativeField, NativeType, RichText, Text, TextFormat
from syncd.richtext import from_markdown, loose_equal, to_markdown


class MarkdownLens(BaseLens):
    """
    Canonical Markdown in a tool's formatted text, keeping the blocks that did not change.

    A plain text field is read and written as Markdown source.
    """

    def __init__(self, name: str, native: NativeField) -> None:
        super().__init__(name)
        self.max_length = native.max_length
        self.can_be_empty = native.can_be_empty
        self.is_plain = native.type is NativeType.TEXT
        self.format = native.format or TextFormat.MARKDOWN
        """How a new text is written; one that is there keeps its own format."""

    def get(self, native: Native) -> Value | Missing:
        """Return the text as our Markdown, `None` when empty."""
        rich = _as_rich(native)
        if rich is None:
            return None
        if not isinstance(rich, RichText):
            return MISSING
        markdown = to_markdown(rich)
        return markdown if isinstance(markdown, Missing) else markdown or None

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the text in the tool's format, unless it is too long there or cannot be said."""
        if self.get(native_now) == (value or None):
            return native_now
        if not value:
            return None if self.can_be_empty else CANNOT
        now = _as_rich(native_now)
        if not isinstance(value, str) or not isinstance(now, RichText | None):
            return CANNOT
        written = from_markdown(value, now.format if now else self.format, now)
        if isinstance(written, Cannot) or (self.max_length is not None and len(written.source) > self.max_length):
            return CANNOT
        return Text(written.source) if self.is_plain else written

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether both say the same in our own reading."""
        left, right = _as_rich(a), _as_rich(b)
        if isinstance(left, RichText) and isinstance(right, RichText):
            return loose_equal(left, right)
        return self.get(a) == self.get(b)

    def why(self, native: Native) -> str:
        """Say that the text cannot be read here."""
        rich = _as_rich(native)
        what = f"{rich.format} text" if isinstance(rich, RichText) else f"a {type(native).__name__}"
        return f"{what} of this form or size cannot be read as {self.name}"

    def why_cannot(self, value: Value) -> str:
        """Say that the text is too long, or that it cannot be written in the tool's format."""
        if not value:
            return f"{self.name} cannot be empty"
        written = from_markdown(str(value), self.format, None)
        if not isinstance(written, Cannot) and self.max_length is not None and len(written.source) > self.max_length:
            return too_long(self.name, len(written.source), self.max_length)
        return super().why_cannot(value)


def _as_rich(native: Native) -> Native:
    return RichText(TextFormat.MARKDOWN, native.value.replace("\0", "")) if isinstance(native, Text) else native
