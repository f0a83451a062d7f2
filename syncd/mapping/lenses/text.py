"""One line of plain text, typed in or chosen."""

from __future__ import annotations

import unicodedata

from syncd.mapping.lenses.base import BaseLens, without_option
from syncd.mapping.spec import fold
from syncd.model.canonical import Value
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, Choice, Missing, Native, NativeField, Text

UNPRINTABLE = frozenset({"Cc", "Cs"})
"""Unicode categories of control characters and of halves of characters: no tool shows them, several refuse them."""


def clean_line(text: str) -> str:
    """Return *text* as one line: composed Unicode, nothing unprintable, breaks as single spaces, no space around it."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    composed = unicodedata.normalize("NFC", text)
    lines = ("".join(map(_printable, line)).strip() for line in composed.splitlines())
    return " ".join(line for line in lines if line)


def _printable(char: str) -> str:
    return char if unicodedata.category(char) not in UNPRINTABLE else " " if char == "\t" else ""


class TextLens(BaseLens):
    """A canonical line of text in a tool's text field. Never truncates."""

    def __init__(self, name: str, native: NativeField) -> None:
        super().__init__(name)
        self.max_length = native.max_length
        self.can_be_empty = native.can_be_empty

    def get(self, native: Native) -> Value | Missing:
        """Return the line, `None` when nothing visible is in it."""
        match native:
            case None:
                return None
            case Text(value=text):
                return clean_line(text) or None
            case _:
                return MISSING

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the line, unless it is too long or the tool wants one and there is none."""
        if value is not None and not isinstance(value, str):
            return CANNOT
        line = clean_line(value or "") or None
        if self.get(native_now) == line:
            return native_now
        if line is None:
            return None if self.can_be_empty else CANNOT
        return CANNOT if self.max_length is not None and len(line) > self.max_length else Text(line)

    def why_cannot(self, value: Value) -> str:
        """Say that it is too long, or that there has to be a text."""
        if not value:
            return f"{self.name} cannot be empty"
        return too_long(self.name, len(clean_line(str(value))), self.max_length)

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether they differ only in case, Unicode form, white space or what cannot be printed."""
        return _folded(a) == _folded(b)


def _folded(native: Native) -> object:
    return (fold(clean_line(native.value)) or None) if isinstance(native, Text) else native


def too_long(name: str, length: int, limit: int | None) -> str:
    """Say that a text is longer than its field; shortening it is a person's to do."""
    return f"{name} takes at most {limit or 0:,} characters, and this text has {length:,}: shorten it"


class OptionTextLens(BaseLens):
    """A canonical line of text that is one of a tool's options, by label (a team)."""

    def __init__(self, name: str, native: NativeField) -> None:
        super().__init__(name)
        self.native = native

    def get(self, native: Native) -> Value | Missing:
        """Return the option's label."""
        match native:
            case None:
                return None
            case Choice(label=label):
                return clean_line(label) or None
            case _:
                return MISSING

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the option of that label: exactly, else whatever its case; a new one where the tool takes any."""
        if self.get(native_now) == value:
            return native_now
        if not isinstance(value, str):
            return None if value is None and self.native.can_be_empty else CANNOT
        same = [option for option in self.native.options if clean_line(option.label) == value]
        near = [option for option in self.native.options if fold(option.label) == fold(value)]
        if same or near:
            return (same or near)[0]
        return Choice(id=value, label=value) if self.native.free else CANNOT

    def is_gone(self, native: Native) -> bool:
        """Say whether *native* is an option the field had, and has no more."""
        return not self.native.free and without_option(native, self.native.options)
