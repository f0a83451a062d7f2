"""What we add to a body: at its end, and never part of what is compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.connectors.github.marker import (
    BODY_LIMIT,
    FOOTER_LIMIT,
    OVERHEAD,
    join_body,
    make_footer,
    split_body,
)
from syncd.connectors.protocol import Home
from syncd.model.native import RichText, TextFormat
from syncd.model.refs import ConnectionName, EntityId
from tests.connectors.github.rig import MARKER

OTHER = EntityId("zzzzzzzzzzzzzzzz")


def words(text: str) -> RichText:
    return RichText(TextFormat.MARKDOWN, text)


def home(key: str = "PMO-12", url: str = "https://jira.example/browse/PMO-12", name: str = "jira-pmo") -> Home:
    return Home(connection=ConnectionName(name), key=key, url=url, title="Ship @ada")


def split(body: str | None) -> tuple[RichText | None, EntityId | None]:
    parts = split_body(body)
    assert not parts.footer
    return parts.text, parts.marker


@given(st.text(min_size=1).filter(lambda text: "<!-- syncd:" not in text), st.text())
def test_any_body_comes_back_as_it_went(source: str, key: str) -> None:
    footer = make_footer([home(key), home("#31")])
    for marker in (MARKER, None):
        for line in (footer, ""):
            body = join_body(words(source), marker, line)
            parts = split_body(body)
            assert (parts.text, parts.marker, parts.footer) == (words(source), marker, line)
            assert len(body) - len(source) <= OVERHEAD


def test_an_empty_body_holds_what_is_ours_alone() -> None:
    assert split(join_body(None, MARKER)) == (None, MARKER)
    assert split(None) == (None, None)
    assert split("") == (None, None)
    parts = split_body(join_body(None, MARKER, make_footer([home()])))
    assert (parts.text, parts.marker) == (None, MARKER)


def test_links_are_shown_plainly_and_nothing_in_them_calls_anybody() -> None:
    assert make_footer([]) == ""
    assert make_footer([home(), home("acme/#7 [x] @ada\n<b>", "https://a.example/x y(1)>", "github-eng")]) == (
        "Also in: [PMO-12](https://jira.example/browse/PMO-12) (jira-pmo) · "
        r"[acme/\#7 \[x\] \@ada \<b\>](https://a.example/x%20y%281%29%3E) (github-eng) <!-- syncd:links -->"
    )


def test_too_many_links_are_counted() -> None:
    footer = make_footer([home(f"PMO-{number}") for number in range(100)])
    assert FOOTER_LIMIT - 100 < len(footer) <= FOOTER_LIMIT
    shown = footer.count("](")
    assert footer.endswith(f" and {100 - shown} more <!-- syncd:links -->")


def test_where_there_is_no_room_the_links_give_way_and_the_text_stays() -> None:
    footer = make_footer([home()])
    long = words("x" * (BODY_LIMIT - 60))
    assert join_body(long, MARKER, footer) == join_body(long, MARKER)


@pytest.mark.parametrize(
    ("body", "text", "kept"),
    [
        ("One\n\n{footer}\n\nTwo", "One\n\nTwo", True),
        ("One\r\n\r\n{footer}\r\n\r\nTwo\r\n\r\n{marker}", "One\r\n\r\nTwo", True),
        ("One\n\nhello {footer} there", "One\n\nhello  there", True),
        ("Also in: Paris {footer}", "Also in: Paris ", True),
        ("One\n\n<!-- syncd:links -->", "One", False),
        ("One\n\n{footer}\n\n{footer}", "One", True),
        ("One\n\nAlso in: [PMO-12](https://jira.example)", "One\n\nAlso in: [PMO-12](https://jira.example)", None),
    ],
)
def test_what_people_type_around_the_links_stays_theirs(body: str, text: str, kept: bool | None) -> None:  # noqa: FBT001
    footer = make_footer([home()])
    parts = split_body(body.format(footer=footer, marker=f"<!-- syncd:{MARKER} -->"))
    assert parts.text == words(text)
    assert parts.footer == ("" if kept is None else footer if kept else "<!-- syncd:links -->")


def test_of_several_markers_the_last_is_ours_and_all_are_taken_off() -> None:
    quoted = f"> said\n\n<!-- syncd:{OTHER} -->\n\nMine\n\n<!-- syncd:{MARKER} -->"
    assert split(quoted) == (words("> said\n\nMine"), MARKER)


@pytest.mark.parametrize("text", ["<!-- syncd:short -->", "<!-- syncd:0123456789abcdeI -->", "<!-- other -->"])
def test_what_only_looks_like_a_marker_stays(text: str) -> None:
    assert split(text) == (words(text), None)


def test_line_ends_of_the_web_page_are_taken_off_with_the_marker() -> None:
    assert split(f"Words\r\n\r\n<!-- syncd:{MARKER} -->") == (words("Words"), MARKER)
