"""Every description and comment in the vendors' recorded payloads goes through both formats and comes back."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from syncd.model.native import RichText, TextFormat
from syncd.richtext import from_markdown, join_blocks, neutralise, normalise, split_blocks, to_markdown, undo_neutralise
from tests.richtext.wellformed import problems

CONTRACTS = Path(os.environ.get("SYNCD_CONTRACTS", Path(__file__).parents[3] / "shared" / "contracts"))
NAMES = {
    "body",
    "description",
    "content",
    "notes",
    "text",
    "message",
    "comment",
    "bodyText",
    "title",
    "summary",
    "subject",
}
FLOOR = 100
HTML_FLOOR = 12

pytestmark = [
    pytest.mark.contracts,
    pytest.mark.skipif(not CONTRACTS.is_dir(), reason=f"no vendor contracts at {CONTRACTS} (set SYNCD_CONTRACTS)"),
]


def _found(value: object, name: str = "") -> Iterator[RichText]:
    if isinstance(value, dict):
        if value.get("type") == "doc":
            yield RichText(TextFormat.ADF, json.dumps(value))
            return
        for key, inner in value.items():
            yield from _found(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _found(inner, name)
    elif isinstance(value, str) and value.strip() and name in NAMES:
        yield RichText(TextFormat.MARKDOWN, value)
        if value.lstrip().startswith(("{", "[")):
            try:
                yield from _found(json.loads(value))
            except ValueError:
                return


@cache
def samples() -> tuple[RichText, ...]:
    found: dict[RichText, None] = {}
    for path in sorted(CONTRACTS.glob("*/samples/**/*.json")):
        try:
            payload = json.loads(path.read_bytes())
        except ValueError:
            continue
        for native in _found(payload):
            found[native] = None
            if path.parts[-3] == "redmine" and native.format is TextFormat.MARKDOWN:
                found[RichText(TextFormat.TEXTILE, native.source)] = None
    return tuple(found)


@cache
def html_examples() -> tuple[RichText, ...]:
    """Return the texts that Asana's and Aha!'s specifications show as examples of HTML."""
    asana = (CONTRACTS / "asana" / "asana_oas.yaml").read_text(encoding="utf-8")
    aha = (CONTRACTS / "aha" / "openapi.json").read_text(encoding="utf-8")
    found = re.findall(r"example: (?:>-\s+)?(<body>.*?</body>)", asana, re.DOTALL)
    found += [
        json.loads(text) for text in re.findall(r'"(?:example|body|description|html_value)": ("<[^\n]*"),?\n', aha)
    ]
    return tuple(dict.fromkeys(RichText(TextFormat.HTML, text) for text in found))


def canonical(native: RichText) -> str:
    found = to_markdown(native)
    assert isinstance(found, str), native
    return found


def test_there_are_enough_descriptions_to_prove_something() -> None:
    longer = [native for native in samples() if "\n" in native.source]
    print(f"{len(samples())} texts, {len(longer)} of several lines")  # noqa: T201 - the count is part of the proof

    assert len(samples()) >= FLOOR


def test_every_description_is_a_fix_point() -> None:
    for native in samples():
        text = canonical(native)
        assert normalise(text) == text
        assert join_blocks(split_blocks(text)) == text
        assert undo_neutralise(neutralise(text)) == text
        assert from_markdown(text, native.format, native) is native


def test_every_example_of_html_is_a_fix_point_and_takes_an_edit() -> None:
    assert len(html_examples()) >= HTML_FLOOR
    for native in html_examples():
        text = canonical(native)
        assert normalise(text) == text
        assert from_markdown(text, TextFormat.HTML, native) is native
        put = from_markdown(f"{text}\n\nAdded.", TextFormat.HTML, native)
        assert isinstance(put, RichText)
        assert canonical(put) == f"{text}\n\nAdded."


def test_every_description_goes_through_adf_and_comes_back() -> None:
    for native in samples():
        text = canonical(native)
        put = from_markdown(text, TextFormat.ADF, None)
        assert isinstance(put, RichText)
        assert canonical(put) == text
        assert problems(json.loads(put.source)) == []


@pytest.mark.parametrize("form", [TextFormat.MARKDOWN, TextFormat.TEXTILE, TextFormat.HTML])
def test_every_description_is_written_in_another_format_and_reads_the_same(form: TextFormat) -> None:
    for native in samples():
        put = from_markdown(canonical(native), form, None)
        assert isinstance(put, RichText)
        assert canonical(put) == canonical(native)


def test_a_block_added_to_any_description_leaves_the_rest_as_typed() -> None:
    for native in samples():
        text = canonical(native)
        put = from_markdown(f"{text}\n\nAdded.", native.format, native)
        assert isinstance(put, RichText)
        assert canonical(put) == f"{text}\n\nAdded.", native
        if native.format is TextFormat.MARKDOWN and not native.source.endswith("-->"):
            assert put.source.startswith(native.source.rstrip()), native
