"""Formatted text as a lens: what did not change is never rewritten, what cannot be said is not said."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.mapping.checks import check_laws
from syncd.mapping.lenses.base import why_missing
from syncd.model.lens import CANNOT
from syncd.model.native import MISSING, NativeType, RichText, Text, TextFormat
from syncd.richtext import MAX_SOURCE
from tests.mapping.places import lens_of, native

RICH = lens_of("task.description", native(NativeType.RICH_TEXT, max_length=80))
PLAIN = lens_of("milestone.description", native(NativeType.TEXT))
ADF = lens_of("task.description", dataclasses.replace(native(NativeType.RICH_TEXT), format=TextFormat.ADF))


def markdown(source: str) -> RichText:
    return RichText(TextFormat.MARKDOWN, source)


def adf(*paragraphs: str) -> RichText:
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]} for text in paragraphs]
    return RichText(TextFormat.ADF, json.dumps({"version": 1, "type": "doc", "content": content}))


def test_empty_text_is_empty_however_it_is_held() -> None:
    assert [RICH.get(each) for each in (None, markdown(""), markdown(" \n"), adf())] == [None] * 4
    assert RICH.put(None, markdown(" \n")) == markdown(" \n")
    assert RICH.put(None, markdown("Ship it")) is None


def test_a_new_text_is_written_in_the_tools_format_and_a_held_one_keeps_its_own() -> None:
    written = ADF.put("Ship it", None)
    assert isinstance(written, RichText)
    assert (written.format, ADF.get(written)) == (TextFormat.ADF, "Ship it")
    assert RICH.put("Ship it", None) == markdown("Ship it")
    changed = ADF.put("Ship *it*", adf("Ship it"))
    assert isinstance(changed, RichText)
    assert changed.format is TextFormat.ADF


def test_text_that_did_not_change_stays_as_it_was_typed() -> None:
    typed = markdown("* one\n* two\n\n\nSetext\n===\n")
    meant = RICH.get(typed)
    assert isinstance(meant, str)
    assert RICH.put(meant, typed) is typed


def test_text_too_long_for_the_tool_cannot_be_said() -> None:
    assert RICH.put("x" * 81, None) is CANNOT


@pytest.mark.parametrize("form", [TextFormat.ADF, TextFormat.TEXTILE, TextFormat.HTML, TextFormat.MARKDOWN])
def test_what_cannot_be_read_is_no_reading_and_is_never_overwritten(form: TextFormat) -> None:
    opaque = RichText(form, "x" * (MAX_SOURCE + 1))
    assert RICH.get(opaque) is MISSING
    assert RICH.put("Ship", opaque) is CANNOT
    assert why_missing(RICH, opaque) == f"{form} text of this form or size cannot be read as task.description for pmo"


def test_textile_is_read_and_answered_in_its_own_words() -> None:
    assert RICH.get(RichText(TextFormat.TEXTILE, "h1. Ship")) == "# Ship"
    assert RICH.put("# Sail", RichText(TextFormat.TEXTILE, "h1. Ship")) == RichText(TextFormat.TEXTILE, "h1. Sail")


def test_a_plain_text_field_holds_markdown_source() -> None:
    assert PLAIN.get(Text("First.\n\nSecond.")) == "First.\n\nSecond."
    assert PLAIN.put("First.", Text("Second.")) == Text("First.")
    assert PLAIN.put(None, Text("Second.")) is None


def test_texts_that_read_the_same_are_loosely_equal() -> None:
    assert RICH.loose(markdown("* one\r\n* two"), markdown("- one\n- two\n"))
    assert not RICH.loose(markdown("one"), markdown("two"))
    assert PLAIN.loose(Text("one\n"), Text("one"))
    assert PLAIN.loose(Text(""), None)


BLOCKS = st.lists(
    st.sampled_from(
        ["Ship it", "- one\n- two", "# Head", "> said", "`code`", "@ada #12", "```\nx\n```", "a\\\nb", "\t", "1. x"]
    ),
    max_size=4,
).map("\n\n".join)


@pytest.mark.parametrize("lens", [RICH, PLAIN], ids=["rich", "plain"])
@settings(max_examples=40, deadline=None)
@given(held=BLOCKS, wanted=BLOCKS)
def test_formatted_text_keeps_the_laws(lens: object, held: str, wanted: str) -> None:
    bound = RICH if lens is RICH else PLAIN
    hold = markdown if lens is RICH else Text
    meant = bound.get(hold(wanted))
    assert meant is not MISSING
    assert check_laws(bound, [None, hold(held)], [None, meant]) == []
