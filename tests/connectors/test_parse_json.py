"""Answers are taken apart once, and what is wrong with one is told as before."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import BaseModel, ValidationError

from syncd.connectors._json import parse_json


class Thing(BaseModel):
    name: str
    due: date | None = None
    sizes: tuple[int, ...] = ()


def test_an_answer_becomes_its_shape() -> None:
    assert parse_json(b'{"name": "x", "due": "2026-03-02", "sizes": [1, 2], "more": 1}', Thing) == Thing(
        name="x", due=date(2026, 3, 2), sizes=(1, 2)
    )
    assert parse_json(b'[{"name": "x"}]', list[Thing]) == [Thing(name="x")]


def test_half_a_character_stops_nothing() -> None:
    assert parse_json(rb'{"name": "cut \ud83d"}', Thing).name == "cut \ufffd"


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"name": ', b'{"due": null}', b"\xff"])
def test_what_is_no_answer_is_told(content: bytes) -> None:
    with pytest.raises(ValidationError):
        parse_json(content, Thing)
