"""What a person is told of a value a tool cannot take."""

from __future__ import annotations

from syncd.mapping.lenses.base import why_cannot
from syncd.mapping.lenses.markdown import MarkdownLens
from syncd.mapping.lenses.text import TextLens, clean_line
from syncd.model.lens import CANNOT
from syncd.model.native import NativeField, NativeType, Text


def test_a_text_too_long_says_by_how_much() -> None:
    title = NativeField(key="subject", label="Subject", type=NativeType.TEXT, max_length=255, can_be_empty=False)
    lens = TextLens("task.title for redmine", title)
    assert lens.put("x" * 300, None) is CANNOT
    assert why_cannot(lens, "x" * 300) == (
        "task.title for redmine takes at most 255 characters, and this text has 300: shorten it"
    )
    assert lens.put(None, Text("a")) is CANNOT
    assert why_cannot(lens, None) == "task.title for redmine cannot be empty"


def test_a_description_too_long_says_by_how_much() -> None:
    body = NativeField(key="body", label="Body", type=NativeType.RICH_TEXT, max_length=65_000)
    lens = MarkdownLens("task.description for eng", body)
    text = "word " * 14_000
    assert lens.put(text, None) is CANNOT
    assert why_cannot(lens, text).startswith("task.description for eng takes at most 65,000 characters, and this text")


def test_a_line_keeps_nothing_that_cannot_be_printed() -> None:
    assert clean_line("  a\tb\0\x07\x1b[1m \ud83d c\r\nd\u2028e\x7f ") == "a b[1m  c d e"
