"""Random Markdown and random ADF documents over every node type."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from hypothesis import strategies as st

from syncd.model.native import RichText, TextFormat

Node: TypeAlias = dict[str, Any]

FRAGMENTS = [
    *("a", "b ", " ", "\n", "\n\n", "*", "**", "_", "`", "``", "```\n", "~~", "~", "[", "](x)", '](<a b> "t")', "!["),
    *("<", ">", "> ", "- ", "* ", "+ ", "1. ", "3) ", "# ", "## ", " #", "|", "---", "===", "\\", "\\\n", "  \n", "!"),
    *(
        "| a | b |\n| --- | :-: |\n| c | d |\n",
        "&amp;",
        "&",
        "&#35;",
        "<b>",
        "</b>",
        "<sub>",
        "</sub>",
        "<ins>",
        "<br>",
    ),
    *("<!-- x -->", "<details><summary>T</summary>\n\n", "\n\n</details>\n\n", "<div>\n", "https://x.example/a_b*c"),
    *("<https://q.example>", "[ ] ", "[x] ", "- [ ] ", "- [x] t\n", "    ", "  ", "\t", "\u00e9", "e\u0301", "\u2060"),
    *("\u00a0", "\u0645\u0631", "\U0001f600", "@ada", "#12", "fixes #3", "/close", ".", ",", '"', "(", ")", "[foo]"),
    *(
        "[foo]: http://z.example\n",
        "[^1]",
        "[^1]: n\n",
        "> [!NOTE]\n> ",
        "\0",
        "\r\n",
        "\u2028",
        "1",
        "=",
        "javascript:",
    ),
]


def markdown_texts() -> st.SearchStrategy[str]:
    """Text put together from pieces that mean something to Markdown."""
    return st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


WORDS = st.lists(st.sampled_from([*FRAGMENTS, "word ", "two words", "\u2060<b>\u2060"]), min_size=1, max_size=4).map(
    "".join
)
PLAIN_WORDS = st.text("abc XY9.", min_size=1, max_size=8)
LOCAL = {"localId": "local-1"}


def _node(kind: str, content: list[Node] | None = None, **attrs: object) -> Node:
    node: Node = {"type": kind}
    if attrs:
        node["attrs"] = attrs
    if content is not None:
        node["content"] = content
    return node


MARKS: list[Node] = [
    *({"type": kind} for kind in ("strong", "em", "strike", "code", "underline")),
    {"type": "link", "attrs": {"href": "https://x.example/p"}},
    {"type": "link", "attrs": {"href": "https://x.example/p q", "title": 'say "x"'}},
    {"type": "link", "attrs": {"href": "javascript:alert(1)"}},
    {"type": "subsup", "attrs": {"type": "sub"}},
    {"type": "subsup", "attrs": {"type": "sup"}},
    {"type": "textColor", "attrs": {"color": "#ff0000"}},
    {"type": "backgroundColor", "attrs": {"color": "#00ff00"}},
    {"type": "annotation", "attrs": {"id": "a1", "annotationType": "inlineComment"}},
    {"type": "fromTheFuture"},
]


def texts() -> st.SearchStrategy[Node]:
    marks = st.lists(st.sampled_from(MARKS), max_size=3, unique_by=lambda mark: mark["type"])
    return st.builds(lambda text, marks: {"type": "text", "text": text, "marks": marks}, WORDS, marks)


INLINE = st.one_of(
    texts(),
    texts(),
    WORDS.map(lambda text: {"type": "text", "text": text}),
    st.sampled_from(
        [
            _node("hardBreak"),
            _node("mention", id="u1", text="@Ada Example"),
            _node("mention", id="u2"),
            _node("emoji", shortName=":smile:", text="\U0001f604"),
            _node("emoji", shortName=":team:"),
            _node("date", timestamp="1700000000000"),
            _node("date", timestamp="soon"),
            _node("status", text="IN PROGRESS", color="blue"),
            _node("inlineCard", url="https://x.example/card"),
            _node("inlineCard", data={"name": "x"}),
            _node("placeholder", text="type here"),
            _node("mediaInline", id="m1", collection="c", alt="a_b.png"),
            _node("inlineExtension", extensionKey="toc", extensionType="com.example"),
            _node("fromTheFuture", value=1),
        ]
    ),
)
INLINES = st.lists(INLINE, max_size=4)
MEDIA = st.sampled_from(
    [
        _node("media", id="f1", type="file", collection="c", alt="screen_shot.png"),
        _node("media", type="external", url="https://x.example/a.png", alt="a [b]"),
    ]
)
LEAVES = st.one_of(
    INLINES.map(lambda content: _node("paragraph", content)),
    INLINES.map(
        lambda content: {**_node("paragraph", content), "marks": [{"type": "indentation", "attrs": {"level": 1}}]}
    ),
    st.builds(lambda content, level: _node("heading", content, level=level), INLINES, st.integers(1, 6)),
    st.builds(
        lambda text, language: _node("codeBlock", [{"type": "text", "text": text}], language=language),
        WORDS,
        st.sampled_from(["", "py", "c++ x", "raw-markdown", "`"]),
    ),
    st.sampled_from(
        [
            _node("rule"),
            _node("blockCard", url="https://x.example/b"),
            _node("blockCard", data={}),
            _node("embedCard", url="https://x.example/e", layout="wide"),
            _node("extension", extensionKey="chart", extensionType="com.example"),
            _node("syncBlock", resourceId="r", localId="l"),
            _node("multiBodiedExtension", [], extensionKey="tabs", extensionType="com.example"),
            _node("fromTheFuture", value=2),
        ]
    ),
    st.lists(MEDIA, min_size=1, max_size=2).map(lambda content: _node("mediaGroup", content)),
    st.builds(
        lambda media, caption: _node("mediaSingle", [media, _node("caption", caption)] if caption else [media]),
        MEDIA,
        INLINES,
    ),
    INLINES.map(
        lambda content: _node("decisionList", [_node("decisionItem", content, state="DECIDED", **LOCAL)], **LOCAL)
    ),
)


def _containers(blocks: st.SearchStrategy[list[Node]]) -> st.SearchStrategy[Node]:
    items = st.lists(blocks.map(lambda content: _node("listItem", content)), min_size=1, max_size=3)
    task = st.builds(
        lambda content, state: _node("taskItem", content, state=state, **LOCAL),
        INLINES,
        st.sampled_from(["TODO", "DONE"]),
    )
    block_task = blocks.map(lambda content: _node("blockTaskItem", content, state="TODO", **LOCAL))
    tasks = st.lists(st.one_of(task, task, block_task), min_size=1, max_size=3).map(
        lambda content: _node("taskList", content, **LOCAL)
    )
    cell = st.builds(
        lambda kind, content, span: _node(kind, content, colspan=span),
        st.sampled_from(["tableCell", "tableHeader"]),
        blocks,
        st.sampled_from([1, 1, 1, 2]),
    )
    row = st.lists(cell, min_size=1, max_size=3).map(lambda content: _node("tableRow", content))
    return st.one_of(
        items.map(lambda content: _node("bulletList", content)),
        st.builds(lambda content, order: _node("orderedList", content, order=order), items, st.integers(0, 12)),
        tasks,
        st.builds(lambda one, two: _node("taskList", [*one["content"], two], **LOCAL), tasks, tasks),
        blocks.map(lambda content: _node("blockquote", content)),
        st.builds(
            lambda content, kind: _node("panel", content, panelType=kind, panelColor="#abcdef"),
            blocks,
            st.sampled_from(["info", "note", "tip", "warning", "error", "success", "custom"]),
        ),
        st.builds(
            lambda kind, content, title: _node(kind, content, title=title),
            st.sampled_from(["expand", "nestedExpand"]),
            blocks,
            WORDS,
        ),
        st.lists(blocks.map(lambda content: _node("layoutColumn", content, width=50)), min_size=2, max_size=3).map(
            lambda content: _node("layoutSection", content)
        ),
        blocks.map(lambda content: _node("bodiedExtension", content, extensionKey="k", extensionType="t")),
        blocks.map(lambda content: _node("bodiedSyncBlock", content, resourceId="r", localId="l")),
        st.lists(row, min_size=1, max_size=3).map(lambda content: _node("table", content, layout="wide")),
    )


BLOCKS = st.recursive(LEAVES, lambda inner: _containers(st.lists(inner, min_size=1, max_size=3)), max_leaves=8)


def documents() -> st.SearchStrategy[RichText]:
    """ADF documents over every node and mark type, some of them malformed as text ever is."""
    return st.lists(BLOCKS, max_size=4).map(adf)


def adf(content: list[Node]) -> RichText:
    """Return an ADF document with *content*."""
    return RichText(TextFormat.ADF, json.dumps({"type": "doc", "version": 1, "content": content}))
