"""Comments without the line that says who wrote them: reading leaves it out, writing keeps it, nothing piles up."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.mapping.lenses.comment import CommentLens, is_signed
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, NativeType, RichText, TextFormat
from syncd.richtext import normalise
from syncd.richtext.signature import signature, signed, split_signature
from tests.mapping.places import lens_of, native
from tests.richtext.generators import documents, markdown_texts


def _lens(form: TextFormat, max_length: int | None = None) -> CommentLens:
    field = native(NativeType.RICH_TEXT, max_length=max_length, can_be_empty=False)
    lens = lens_of("comment.body", dataclasses.replace(field, format=form))
    assert isinstance(lens, CommentLens)
    return lens


LENSES = {form: _lens(form) for form in (TextFormat.MARKDOWN, TextFormat.ADF)}
SIGN = signature("Ada Example", "jira-pmo", "PMO-12#c3", "https://acme.example/browse/PMO-12?focusedCommentId=3")

names = st.one_of(st.none(), st.text(max_size=100), st.sampled_from(["Ada Example", "@ada", "A_b *c*", "[x](y)", ""]))
urls = st.one_of(st.none(), st.text(max_size=60), st.just("https://acme.example/browse/PMO-12"))
signatures = st.builds(signature, names, st.just("jira-pmo"), st.text(max_size=30), urls)
bodies = st.one_of(markdown_texts(), st.just("- a\n- b"), st.builds(signed, signatures, markdown_texts())).map(
    normalise
)
forms = st.sampled_from(sorted(LENSES))


def test_a_signature_names_author_place_and_link() -> None:
    assert SIGN == (
        "↪ Ada Example wrote in jira-pmo ([PMO-12#c3](https://acme.example/browse/PMO-12?focusedCommentId=3)):"
    )


@pytest.mark.parametrize(
    "text",
    ["Ada wrote in jira-pmo:", "> ↪ Ada wrote in jira-pmo:", "Hi\n\n↪ Ada wrote in jira-pmo:", "↪ Ada wrote nothing:"],
)
def test_what_people_write_is_not_taken_for_one(text: str) -> None:
    assert split_signature(text) == ("", text)


@given(signatures, markdown_texts().map(normalise))
@settings(max_examples=100, deadline=None)
def test_any_signature_is_found_again_and_pings_nobody(sign: str, body: str) -> None:
    assert "@" not in sign
    assert "\n" not in sign
    assert split_signature(sign)[0] == sign
    found, rest = split_signature(signed(sign, body))
    assert signed(found, rest) == signed(sign, body)
    assert found.startswith(sign)


@given(forms, signatures, bodies)
@settings(max_examples=150, deadline=None)
def test_a_copy_reads_as_what_was_said(form: TextFormat, sign: str, body: str) -> None:
    lens = LENSES[form]
    written = lens.put_signed(body, None, sign)
    if isinstance(written, Cannot):
        return
    said = split_signature(body)[1]
    assert lens.signature_of(written) == sign
    assert lens.get(written) == (said or None)
    assert lens.put(body, written) == written, "unedited text is never written"
    assert is_signed(lens, written)


@given(forms, st.one_of(documents(), bodies.map(lambda text: RichText(TextFormat.MARKDOWN, text))), bodies)
@settings(max_examples=150, deadline=None)
def test_the_lens_laws(form: TextFormat, held: RichText, wanted: str) -> None:
    lens = LENSES[TextFormat(held.format)] if held.format in LENSES else LENSES[form]
    reading = lens.get(held)
    if reading is MISSING:
        return
    assert lens.put(reading, held) == held
    once = lens.put(wanted, held)
    if isinstance(once, Cannot):
        return
    assert lens.put(wanted, once) == once
    assert lens.get(once) == (split_signature(wanted)[1] or None)
    assert lens.signature_of(once) == lens.signature_of(held), "what says who wrote it stays"


def test_an_edit_keeps_the_signature_and_the_signature_counts_in_the_length() -> None:
    lens = _lens(TextFormat.MARKDOWN, max_length=200)
    copy = lens.put_signed("Looks good", None, SIGN)
    assert isinstance(copy, RichText)
    assert lens.put("Better", copy) == RichText(TextFormat.MARKDOWN, f"{SIGN}\n\nBetter")
    assert lens.put("x" * 190, None) == RichText(TextFormat.MARKDOWN, "x" * 190)
    assert lens.put("x" * 190, copy) is CANNOT
    assert lens.put(None, RichText(TextFormat.MARKDOWN, "Mine")) is CANNOT
