"""What is cut into parts and read part by part reads as the full parser reads the whole."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncd.richtext.blocks import Block, TooDeepError
from syncd.richtext.parse import Located, parse_located, parse_whole
from syncd.richtext.quick import split
from tests.richtext.generators import FRAGMENTS

LINES = [
    *(
        "\n",
        "\n\n",
        "\n\n",
        "Some words",
        "word",
        "# Head\n",
        "## Head two\n\n",
        "- item\n",
        "- other",
        "* x\n",
        "1. x\n",
    ),
    *(
        "```\ncode\n\nx\n```\n",
        "```py\n",
        "```\n",
        "~~~\n",
        "> q\n",
        "  cont\n",
        "    code\n",
        "\t",
        "end\n---\n",
        "===\n",
    ),
    *(
        "| a | b |\n|---|---|\n",
        "text **b** x",
        "[l](http://x.example) ",
        "a_b",
        "\u00e9",
        "Z  \n",
        "- a\n\n- b\n",
        "a `c`\n",
    ),
]


def texts() -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from([*LINES, *LINES, *FRAGMENTS]), max_size=14).map("".join)


def read(how: object, text: str) -> list[tuple[Block, int]] | None:
    assert callable(how)
    try:
        found: list[Located] = how(text)
    except TooDeepError:
        return None
    return [(one.block, one.first_line) for one in found]


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(texts())
def test_part_by_part_is_as_the_whole(text: str) -> None:
    for source in (text, text.replace("\n", "\r\n")):
        assert read(parse_located, source) == read(parse_whole, source)


@pytest.mark.slow
@settings(max_examples=20_000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(texts())
def test_part_by_part_is_as_the_whole_over_a_long_run(text: str) -> None:
    assert read(parse_located, text) == read(parse_whole, text)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Words\nmore\n\n# Head\n\n- a\n- b\n\nend", ["text", "heading", "bullets", "text"]),
        ("```py\nx\n\ny\n```\nafter", ["code", "text"]),
        ("- a\n\n  b\n\n- c\n\nend", ["other", "text"]),
        ("- a\n\n```\nx\n```", ["bullets", "code"]),
        ("a\n```\nx\n\ny", ["other"]),
        ("```\nnever closed\n\nx", ["other"]),
    ],
)
def test_what_is_plain_is_told_from_the_rest(text: str, kinds: list[str]) -> None:
    parts = split(text)

    assert parts is not None
    assert [part.kind for part in parts] == kinds


@pytest.mark.parametrize("text", ["see [x]\n\n[x]: /y", "<div>\n\na", "- a\n  ```\n  b", "a\tb", "a\r\nb"])
def test_what_may_reach_far_is_not_cut(text: str) -> None:
    assert split(text) is None
