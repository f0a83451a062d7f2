from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.lens import CANNOT
from syncd.model.native import MISSING, RichText, TextFormat
from syncd.richtext import (
    MAX_SOURCE,
    Names,
    from_markdown,
    join_blocks,
    loose_equal,
    neutralise,
    normalise,
    split_blocks,
    to_markdown,
    undo_neutralise,
)
from tests.richtext.generators import markdown_texts

MARKDOWN = TextFormat.MARKDOWN


def source(text: str) -> RichText:
    return RichText(MARKDOWN, text)


@given(markdown_texts())
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "\r" not in once
    assert "\0" not in once
    assert once == once.strip("\n")


@given(st.text())
def test_any_text_at_all_has_a_normal_form(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(markdown_texts())
def test_blocks_join_to_the_text_they_were_split_from(text: str) -> None:
    canonical = normalise(text)

    assert join_blocks(split_blocks(canonical)) == canonical


@given(markdown_texts())
def test_putting_back_what_was_read_gives_the_very_same_source(text: str) -> None:
    native = source(text)
    read = to_markdown(native)
    assert isinstance(read, str)

    assert from_markdown(read, MARKDOWN, native) is native


@given(markdown_texts(), markdown_texts())
def test_what_was_put_is_what_is_read_and_putting_it_again_changes_nothing(old: str, new: str) -> None:
    wanted = normalise(new)

    put = from_markdown(wanted, MARKDOWN, source(old))

    assert isinstance(put, RichText)
    assert to_markdown(put) == wanted
    assert from_markdown(wanted, MARKDOWN, put) is put


def test_blocks_that_did_not_change_keep_their_every_character() -> None:
    head = "Title\r\n=====\r\n\r\n* one\r\n* two  \r\n\r\nsee [it][x], @bob\r\n\r\n"
    old = head + "[x]: https://a.example/x\r\n\r\nlast  one\r\n"
    read = to_markdown(source(old))
    assert read == "# Title\n\n- one\n- two\n\nsee [it](https://a.example/x), @bob\n\nlast  one"

    put = from_markdown(read.replace("last  one", "the **last** one"), MARKDOWN, source(old))

    assert put == source(old.replace("last  one", "the **last** one"))


def test_a_block_added_between_others_touches_neither() -> None:
    put = from_markdown("a\n\nnew\n\nb", MARKDOWN, source("a\n\n\nb\n"))

    assert put == source("a\n\n\nnew\n\nb\n")


def test_a_link_definition_outlives_the_block_before_it() -> None:
    old = "gone\n\n[x]: https://a.example\n\nkept [x]\n"
    wanted = "kept [x](https://a.example)"

    put = from_markdown(wanted, MARKDOWN, source(old))

    assert isinstance(put, RichText)
    assert "kept [x]\n" in put.source
    assert to_markdown(put) == wanted


@pytest.mark.parametrize(
    ("pushed", "held"),
    [
        ("ask @octocat", "ask @\u2060octocat"),
        ("ask @acme/team", "ask @\u2060acme/team"),
        ("see #12", "see #\u206012"),
        ("see acme/api#12", "see acme/api#\u206012"),
        ("see GH-12", "see GH\u2060-12"),
        ("fixes #12", "fixes #\u206012"),
        ("closes <https://github.com/acme/api/issues/12>", "close\u2060s <https://github.com/acme/api/issues/12>"),
        ("/close", "\u2060/close\u2060"),
        ("text\n/assign me", "text\n\u2060/assign me"),
        ("- /label x", "- \u2060/label x"),
        ("!7 and &8", "!\u20607 and &\u20608"),
        ("mail ada@example.com", "mail ada@example.com"),
        ("`@octocat #12`", "`@octocat #12`"),
        ("```\n/close @octocat #12\n```", "```\n/close @octocat #12\n```"),
        ("<https://a.example/@b/#1>", "<https://a.example/@b/#1>"),
        ("<div>\n@octocat\n</div>", "<div>\n@\u2060octocat\n</div>"),
        ("\\[\\[Page\\]\\]", "\\[\u2060\\[Page\\]\\]"),
        ("{{toc}} and {{>toc}}", "{\u2060{toc}} and {\u2060{>toc}}"),
        ("in commit:ab12, (source:a.rb) r12", "in commit\u2060:ab12, (source\u2060:a.rb) r\u206012"),
        ("user:ada and #note-3", "user\u2060:ada and #\u2060note-3"),
        ("the source: a book", "the source: a book"),
    ],
)
def test_pushed_text_does_not_act(pushed: str, held: str) -> None:
    assert neutralise(pushed) == held
    assert undo_neutralise(held) == pushed


@given(markdown_texts())
def test_neutral_text_reads_as_before_and_does_not_pile_up(text: str) -> None:
    canonical = normalise(text)

    assert undo_neutralise(neutralise(canonical)) == canonical
    assert neutralise(neutralise(canonical)) == neutralise(canonical)


def test_a_persons_own_text_in_the_tool_is_not_neutralised() -> None:
    old = source("@bob, fixes #1\n\nother")

    assert from_markdown("@bob, fixes #1\n\nchanged @eve", MARKDOWN, old) == source(
        "@bob, fixes #1\n\nchanged @\u2060eve"
    )


def test_a_login_reads_as_a_name_and_a_name_is_written_as_the_login_without_pinging() -> None:
    names = Names({"ada-gh": "Ada Example", "bob": "Bob", "bob2": "Bob"})

    assert to_markdown(source("ask @ada-gh or @bob"), names) == "ask @Ada Example or @Bob"
    put = from_markdown("ask @Ada Example or @Bob", MARKDOWN, None, names)
    assert put == source("ask @\u2060ada-gh or @\u2060Bob")
    assert to_markdown(put, names) == "ask @Ada Example or @Bob"


def test_empty_text_is_empty_both_ways() -> None:
    assert to_markdown(source(" \r\n")) == ""
    assert from_markdown("", MARKDOWN, None) == source("")
    assert from_markdown("", MARKDOWN, source("a\n")) == source("")
    assert split_blocks("") == ()
    assert loose_equal(None, source("\n"))


def test_loosely_equal_texts_differ_in_writing_only() -> None:
    assert loose_equal(source("# A\n\n* b"), source("A\n=\n\n- b\n"))
    assert not loose_equal(source("a"), source("b"))
    assert not loose_equal(RichText(TextFormat.ADF, "a"), RichText(TextFormat.ADF, "b"))


def test_a_text_in_another_format_than_asked_for_is_not_overwritten() -> None:
    assert from_markdown("x", MARKDOWN, RichText(TextFormat.TEXTILE, "h1. x")) is CANNOT


HOSTILE = {
    "nul": "a\0b",
    "right-to-left": "\u0645\u0631\u062d\u0628\u0627 **\u0639**",
    "emoji": "\U0001f469\u200d\U0001f680 *x*",
    "half a surrogate pair": "a\ud800b",
    "deep quotes": ">" * 5000 + "a",
    "deep lists": "".join("  " * depth + "- a\n" for depth in range(200)),
    "brackets": "[" * 100_000,
    "stars": "*a **a " * 20_000,
    "underscores": "_a" * 100_000,
    "backticks": "`a``" * 15_000,
    "tags": "<a " * 20_000,
    "comments": "<!-- " * 40_000,
    "pictures": "![a](" * 40_000,
    "parentheses": "https://a" + ")" * 200_000,
    "folds": "<details><summary>x</summary>\n\n" * 2_000,
    "one letter blocks": "a\n\n" * 5_000,
    "3 MB": "word " * 600_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_read_and_written_or_left_alone_soon(name: str) -> None:
    native = source(HOSTILE[name])
    start = time.process_time()

    read = to_markdown(native)
    if read is MISSING:
        assert from_markdown("b", MARKDOWN, native) is CANNOT
    else:
        put = from_markdown(read + "\n\nmore", MARKDOWN, native)
        assert put is CANNOT or isinstance(put, RichText)

    assert time.process_time() - start < 10


def test_a_text_over_the_limit_is_opaque() -> None:
    assert to_markdown(source("a" * MAX_SOURCE)) == "a" * MAX_SOURCE
    assert to_markdown(source("a" * (MAX_SOURCE + 1))) is MISSING
    assert from_markdown("a" * (MAX_SOURCE + 1), MARKDOWN, None) is CANNOT


@pytest.mark.slow
@settings(max_examples=3000)
@given(markdown_texts(), markdown_texts())
def test_what_was_put_is_what_is_read_over_a_long_run(old: str, new: str) -> None:
    wanted = normalise(new)
    put = from_markdown(wanted, MARKDOWN, source(old))
    assert isinstance(put, RichText)
    assert to_markdown(put) == wanted
