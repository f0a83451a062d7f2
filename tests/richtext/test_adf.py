from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.model.lens import CANNOT
from syncd.model.native import MISSING, RichText, TextFormat
from syncd.richtext import (
    MAX_SOURCE,
    Names,
    from_markdown,
    loose_equal,
    normalise,
    report_losses,
    split_blocks,
    to_markdown,
)
from syncd.richtext.adf.schema import NODES
from tests.richtext.generators import BLOCKS, Node, adf, documents, markdown_texts
from tests.richtext.wellformed import problems

ADF = TextFormat.ADF

some = settings(
    max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None
)
many = settings(some, max_examples=1500)


def text(words: str, *marks: str) -> Node:
    return {"type": "text", "text": words, **({"marks": [{"type": mark} for mark in marks]} if marks else {})}


def paragraph(*content: Node) -> Node:
    return {"type": "paragraph", "content": list(content)}


def content_of(native: object) -> list[Any]:
    assert isinstance(native, RichText)
    found = json.loads(native.source)["content"]
    assert isinstance(found, list)
    return found


def read(native: RichText) -> str:
    found = to_markdown(native)
    assert isinstance(found, str)
    return found


MENTION = {"type": "mention", "attrs": {"id": "u1", "text": "@Ada Example"}}
PANEL = {
    "type": "panel",
    "attrs": {"panelType": "info", "panelColor": "#ff0000"},
    "content": [paragraph(text("inside"))],
}
FILE = {
    "type": "mediaSingle",
    "attrs": {"layout": "center"},
    "content": [{"type": "media", "attrs": {"type": "file", "id": "f", "collection": "", "alt": "screen.png"}}],
}


@some
@given(documents())
def test_a_document_reads_as_text_in_normal_form(native: RichText) -> None:
    assert normalise(read(native)) == read(native)


@some
@given(documents())
def test_putting_back_what_was_read_gives_the_very_same_document(native: RichText) -> None:
    assert from_markdown(read(native), ADF, native) is native


@some
@given(documents(), markdown_texts())
def test_what_was_put_is_what_is_read_and_putting_it_again_changes_nothing(native: RichText, new: str) -> None:
    wanted = normalise(new)

    put = from_markdown(wanted, ADF, native)

    assert isinstance(put, RichText)
    assert read(put) == wanted
    assert from_markdown(wanted, ADF, put) == put


@some
@given(documents())
def test_written_from_nothing_a_documents_text_reads_the_same(native: RichText) -> None:
    put = from_markdown(read(native), ADF, None)

    assert isinstance(put, RichText)
    assert read(put) == read(native)


@some
@given(markdown_texts())
def test_markdown_through_adf_is_the_same_markdown_and_the_document_is_well_formed(new: str) -> None:
    wanted = normalise(new)

    put = from_markdown(wanted, ADF, None)

    assert isinstance(put, RichText)
    assert read(put) == wanted
    assert problems(json.loads(put.source)) == []


@some
@given(documents(), documents())
def test_text_put_over_another_document_reads_as_it_was(old: RichText, new: RichText) -> None:
    put = from_markdown(read(new), ADF, old)

    assert isinstance(put, RichText)
    assert read(put) == read(new)


@some
@given(st.lists(BLOCKS, min_size=1, max_size=5), st.data())
def test_an_edit_of_one_block_leaves_every_other_node_as_it_was(nodes: list[Node], data: st.DataObject) -> None:
    native = adf(nodes)
    blocks = list(split_blocks(read(native)))
    if len(blocks) != len(nodes) or len(set(blocks)) != len(blocks):
        return
    at = data.draw(st.integers(0, len(blocks) - 1))
    blocks[at] = "Something entirely new"

    content = content_of(from_markdown("\n\n".join(blocks), ADF, native))

    assert len(content) == len(nodes)
    assert [node for number, node in enumerate(content) if number != at] == [
        node for number, node in enumerate(nodes) if number != at
    ]


def test_panels_files_mentions_and_empty_paragraphs_stay_when_one_paragraph_changes() -> None:
    nodes = [paragraph(text("Hello "), MENTION), PANEL, FILE, paragraph(), paragraph(text("old"))]

    content = content_of(from_markdown(read(adf(nodes)).replace("old", "new"), ADF, adf(nodes)))

    assert content == [*nodes[:4], paragraph(text("new"))]


def test_a_mention_stays_in_a_paragraph_whose_words_change() -> None:
    native = adf([paragraph(text("Ask "), MENTION, text(" today"))])
    assert read(native) == "Ask @Ada Example today"

    content = content_of(from_markdown("Please ask @Ada Example tomorrow", ADF, native))

    assert content == [paragraph(text("Please ask "), MENTION, text(" tomorrow"))]


def test_a_name_typed_elsewhere_never_becomes_a_mention() -> None:
    assert content_of(from_markdown("Ask @Ada Example", ADF, None)) == [paragraph(text("Ask @Ada Example"))]


def test_colour_stays_on_words_that_stay() -> None:
    red = {"type": "text", "text": "red", "marks": [{"type": "textColor", "attrs": {"color": "#ff0000"}}]}

    content = content_of(from_markdown("A red one", ADF, adf([paragraph(text("a "), red, text(" one"))])))

    assert content == [paragraph(text("A "), red, text(" one"))]


def test_an_opaque_node_moves_with_its_placeholder() -> None:
    native = adf([FILE, paragraph(text("a")), paragraph(text("b"))])
    file, first, second = split_blocks(read(native))
    assert file.startswith("\u27e6media screen.png \u00b7 ")

    content = content_of(from_markdown(f"{second}\n\n{first}\n\n{file}", ADF, native))

    assert content == [paragraph(text("b")), paragraph(text("a")), FILE]


def test_a_panel_keeps_its_colour_and_its_other_paragraphs_when_one_changes() -> None:
    panel = {**PANEL, "content": [paragraph(text("one"), MENTION), paragraph(text("two"))]}

    content = content_of(from_markdown("> [!NOTE]\n> one@Ada Example\n>\n> 2", ADF, adf([panel])))

    assert content == [{**panel, "content": [paragraph(text("one"), MENTION), paragraph(text("2"))]}]


def test_a_list_keeps_the_items_that_did_not_change() -> None:
    items = [
        {"type": "listItem", "attrs": {"localId": str(at)}, "content": [paragraph(text(f"item {at}"))]}
        for at in range(4)
    ]
    native = adf([{"type": "bulletList", "attrs": {"localId": "l"}, "content": items}])

    [found] = content_of(from_markdown("- item 0\n- item x\n- item 2\n- new\n- item 3", ADF, native))

    assert [found["content"][at] for at in (0, 2, 4)] == [items[0], items[2], items[3]]
    assert found["attrs"] == {"localId": "l"}


def test_a_ticked_box_keeps_its_place_and_id() -> None:
    item = {"type": "taskItem", "attrs": {"localId": "7", "state": "TODO"}, "content": [text("do")]}
    native = adf([{"type": "taskList", "attrs": {"localId": "t"}, "content": [item]}])

    [found] = content_of(from_markdown("- [x] do", ADF, native))

    assert found["content"] == [{**item, "attrs": {"localId": "7", "state": "DONE"}}]


def test_a_table_keeps_every_cell_that_did_not_change() -> None:
    def cell(kind: str, words: str) -> Node:
        return {"type": kind, "attrs": {"background": "#eeeeee"}, "content": [paragraph(text(words))]}

    rows = [
        {"type": "tableRow", "content": [cell("tableHeader", "h1"), cell("tableHeader", "h2")]},
        {"type": "tableRow", "content": [cell("tableCell", "a"), cell("tableCell", "b")]},
    ]
    native = adf([{"type": "table", "attrs": {"layout": "wide"}, "content": rows}])
    assert read(native) == "| h1 | h2 |\n| --- | --- |\n| a | b |"

    [found] = content_of(from_markdown("| h1 | h2 |\n| --- | --- |\n| a | c |\n| d | e |", ADF, native))

    assert found["attrs"] == {"layout": "wide"}
    assert found["content"][0] == rows[0]
    assert found["content"][1] == {"type": "tableRow", "content": [cell("tableCell", "a"), cell("tableCell", "c")]}
    assert len(found["content"]) == 3


def test_columns_stay_columns_when_a_word_in_one_changes() -> None:
    columns = [{"type": "layoutColumn", "attrs": {"width": 50}, "content": [paragraph(text(words))]} for words in "ab"]
    native = adf([{"type": "layoutSection", "content": columns}])

    [found] = content_of(from_markdown(read(native).replace("\n\nb\n\n", "\n\nB\n\n"), ADF, native))

    assert found["type"] == "layoutSection"
    assert found["content"][0] == columns[0]
    assert found["content"][1]["content"] == [paragraph(text("B"))]


def test_what_adf_cannot_say_is_carried_and_comes_back() -> None:
    lists = "> - [ ] box in a quotation\n\n- # heading in a list\n- a <kbd>b</kbd> ![c](https://x.example/c.png)"
    wanted = f"{lists}\n\n<div>raw</div>\n\n> > twice"

    put = from_markdown(wanted, ADF, None)

    assert isinstance(put, RichText)
    assert read(put) == normalise(wanted)
    assert problems(json.loads(put.source)) == []


def test_a_mention_reads_by_the_name_the_people_file_gives() -> None:
    assert to_markdown(adf([paragraph(MENTION)]), Names({"u1": "Ada X."})) == "@Ada X."


def test_an_empty_document_is_empty_text_both_ways() -> None:
    assert read(adf([])) == ""
    assert read(adf([paragraph(), paragraph(text(" "))])) == ""
    assert content_of(from_markdown("", ADF, None)) == []
    assert content_of(from_markdown("", ADF, adf([PANEL]))) == []
    assert loose_equal(None, adf([paragraph()]))


def test_a_document_keeps_what_it_holds_beside_its_content() -> None:
    native = RichText(ADF, '{"version":1,"type":"doc","futureKey":[1.50],"content":[]}')

    put = from_markdown("a", ADF, native)

    assert isinstance(put, RichText)
    assert json.loads(put.source)["futureKey"] == [1.5]


@pytest.mark.parametrize("kind", [kind for kind in NODES if kind != "doc"])
def test_every_node_type_alone_is_kept_and_reads_as_something_stable(kind: str) -> None:
    native = adf(
        [{"type": kind}, {"type": kind, "attrs": {}, "content": []}, paragraph({"type": kind}), paragraph(text("x"))]
    )

    assert normalise(read(native)) == read(native)
    assert content_of(from_markdown(read(native) + "\n\nmore", ADF, native))[:-1] == content_of(native)


def test_losses_name_what_markdown_cannot_fully_express() -> None:
    red = {"type": "text", "text": "red", "marks": [{"type": "textColor", "attrs": {"color": "#ff0000"}}]}

    assert report_losses(adf([paragraph(red, MENTION), {"type": "chart"}])) == ("chart", "mention", "textColor")
    assert report_losses(adf([PANEL, paragraph(text("a", "strong"))])) == ()
    assert report_losses(RichText(TextFormat.TEXTILE, "a" * (MAX_SOURCE + 1))) == ("textile",)
    assert report_losses(RichText(TextFormat.MARKDOWN, "a")) == ()


@pytest.mark.parametrize(
    "source",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"type":"doc","content":{}}',
        '{"type":"doc","content":[1]}',
        '{"type":"doc","content":[NaN]}',
        "[" * 100_000,
        '{"type":"doc","content":[' + '{"type":"blockquote","content":[' * 50_000,
        "\ud800",
    ],
)
def test_what_is_no_document_has_no_voice_and_is_never_written(source: str) -> None:
    native = RichText(ADF, source)

    assert to_markdown(native) is MISSING
    assert from_markdown("a", ADF, native) is CANNOT


def test_nodes_nested_too_deep_are_opaque_and_stay() -> None:
    node: Node = paragraph(text("deep"))
    for _ in range(200):
        node = {"type": "blockquote", "content": [node]}
    native = adf([node, paragraph(text("a"))])

    content = content_of(from_markdown(read(native).replace("\n\na", "\n\nb"), ADF, native))

    assert content == [node, paragraph(text("b"))]


def test_odd_characters_survive_where_they_are_not_touched() -> None:
    native = RichText(
        ADF,
        '{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a\\u0000\\ud800\\r\\nb"}]},'
        '{"type":"paragraph","content":[{"type":"text","text":"\\u0645 \\ud83d\\ude00"}]}]}',
    )
    assert read(native) == "a\ufffd\nb\n\n\u0645 \U0001f600"

    put = from_markdown("a\ufffd\nb\n\nnew", ADF, native)

    assert isinstance(put, RichText)
    assert '"a\\u0000\\ud800\\r\\nb"' in put.source
    put.source.encode()


def test_a_large_document_is_read_and_written_within_two_seconds() -> None:
    nodes = [paragraph(text(f"Paragraph {at} of "), text("many", "strong"), text(" words " * 8)) for at in range(1050)]
    native = adf(nodes)
    assert 180_000 < len(native.source) < 256 * 1024
    start = time.process_time()

    put = from_markdown(read(native).replace("Paragraph 700 ", "Changed "), ADF, native)

    assert time.process_time() - start < 4  # twice the two seconds: shared machines
    assert sum(a != b for a, b in zip(content_of(put), nodes, strict=True)) == 1


@pytest.mark.slow
@many
@given(documents(), documents())
def test_the_laws_hold_over_a_long_run(old: RichText, new: RichText) -> None:
    wanted = read(new)
    assert normalise(wanted) == wanted
    assert from_markdown(wanted, ADF, new) is new

    put = from_markdown(wanted, ADF, old)

    assert isinstance(put, RichText)
    assert read(put) == wanted
    assert from_markdown(wanted, ADF, put) == put


@pytest.mark.slow
@many
@given(documents(), markdown_texts())
def test_any_markdown_is_put_into_any_document_over_a_long_run(old: RichText, new: str) -> None:
    wanted = normalise(new)
    put = from_markdown(wanted, ADF, old)
    assert isinstance(put, RichText)
    assert read(put) == wanted
