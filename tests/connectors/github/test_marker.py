"""The marker: invisible, at the end, and never part of what is compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.connectors.github.marker import OVERHEAD, join_marker, split_marker
from syncd.model.native import RichText, TextFormat
from syncd.model.refs import EntityId
from tests.connectors.github.rig import MARKER

OTHER = EntityId("zzzzzzzzzzzzzzzz")


def words(text: str) -> RichText:
    return RichText(TextFormat.MARKDOWN, text)


@given(st.text(min_size=1).filter(lambda text: "<!-- syncd:" not in text))
def test_any_body_comes_back_as_it_went(source: str) -> None:
    body = join_marker(words(source), MARKER)
    assert split_marker(body) == (words(source), MARKER)
    assert len(body) - len(source) == OVERHEAD
    assert split_marker(join_marker(words(source), None)) == (words(source), None)


def test_an_empty_body_holds_the_marker_alone() -> None:
    assert split_marker(join_marker(None, MARKER)) == (None, MARKER)
    assert split_marker(None) == (None, None)
    assert split_marker("") == (None, None)


def test_of_several_markers_the_last_is_ours_and_all_are_taken_off() -> None:
    quoted = f"> said\n\n<!-- syncd:{OTHER} -->\n\nMine\n\n<!-- syncd:{MARKER} -->"
    assert split_marker(quoted) == (words("> said\n\nMine"), MARKER)


@pytest.mark.parametrize("text", ["<!-- syncd:short -->", "<!-- syncd:0123456789abcdeI -->", "<!-- other -->"])
def test_what_only_looks_like_a_marker_stays(text: str) -> None:
    assert split_marker(text) == (words(text), None)


def test_line_ends_of_the_web_page_are_taken_off_with_the_marker() -> None:
    assert split_marker(f"Words\r\n\r\n<!-- syncd:{MARKER} -->") == (words("Words"), MARKER)
