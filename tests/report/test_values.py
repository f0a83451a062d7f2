"""Values as people and programs read them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from syncd.model.canonical import UNSET, Metric, Money, Status, Unset, Value
from syncd.model.native import (
    MISSING,
    Bool,
    Choice,
    Choices,
    Date,
    Instant,
    Missing,
    Native,
    Number,
    People,
    Person,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.policy import Interval
from syncd.model.refs import ConnectionName, Ref
from syncd.report.values import as_json, show, show_change, show_interval, show_native, show_span

AT = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
REF = Ref(ConnectionName("jira-pmo"), "issue", "10001")


@pytest.mark.parametrize(
    ("value", "text", "plain"),
    [
        (UNSET, "(not agreed yet)", {"unset": True}),
        (MISSING, "(unreadable)", {"missing": True}),
        (None, "(empty)", None),
        (True, "yes", True),
        (Status.IN_PROGRESS, "in_progress", "in_progress"),
        ("short", "short", "short"),
        ("two\nlines", "two lines… (9 characters)", "two\nlines"),
        (Decimal("3.50"), "3.5", "3.5"),
        (Decimal("1E+3"), "1000", "1000"),
        (date(2026, 3, 1), "2026-03-01", "2026-03-01"),
        (AT, "2026-03-02 09:05 UTC", "2026-03-02T09:05:00+00:00"),
        (Money(Decimal("10.00"), "EUR"), "10.00 EUR", {"amount": "10", "currency": "EUR"}),
        (frozenset({"b", "a"}), "a, b", ["a", "b"]),
        (frozenset(), "(none)", []),
        (
            (Metric("users", None, None, Decimal(9), Decimal(4)),),
            "users 4 of 9",
            [{"name": "users", "unit": None, "baseline": None, "target": "9", "current": "4"}],
        ),
    ],
)
def test_every_kind_of_canonical_value_has_words_and_json(
    value: Value | Unset | Missing, text: str, plain: object
) -> None:
    assert show(value) == text
    assert as_json(value) == plain


@pytest.mark.parametrize(
    ("native", "text"),
    [
        (MISSING, "(not shown)"),
        (None, "(empty)"),
        (Text("x"), "x"),
        (RichText(TextFormat.ADF, "{}"), "adf, 2 characters"),
        (Number(Decimal("5.0")), "5"),
        (Bool(value=False), "no"),
        (Date(date(2026, 3, 1)), "2026-03-01"),
        (Instant(AT), "2026-03-02 09:05 UTC"),
        (Choice("1", "To Do"), "To Do"),
        (Choices(frozenset({Choice("2", "b"), Choice("1", "a")})), "a, b"),
        (Person("1", name="Ada Example"), "Ada Example"),
        (Person("1", login="ada"), "ada"),
        (People(frozenset()), "(none)"),
        (REF, "10001"),
        (Refs(frozenset({REF})), "10001"),
    ],
)
def test_every_kind_of_native_value_has_words(native: Native | Missing, text: str) -> None:
    assert show_native(native) == text


def test_ids_are_shown_by_name() -> None:
    names = {"e1": "Single sign-on"}
    assert show("e1", lambda text: names.get(text, text)) == "Single sign-on"
    assert show_change(frozenset(), frozenset({"e1"}), lambda text: names.get(text, text)) == "+Single sign-on"


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("a", "b", "a -> b"),
        (None, date(2026, 3, 1), "(empty) -> 2026-03-01"),
        (frozenset({"a", "b"}), frozenset({"b", "c"}), "+c -a"),
        ("one\n\ntwo", "one\n\nthree", "1 of 2 paragraphs: three"),
        ("one\n\ntwo", "one", "1 of 2 paragraphs: 1 removed"),
    ],
)
def test_a_change_is_told_in_a_few_words(before: Value, after: Value, text: str) -> None:
    assert show_change(before, after) == text


def test_a_time_is_told_as_exactly_as_it_is_known() -> None:
    assert show_interval(None) == "at an unknown time"
    assert show_interval(Interval(AT, AT)) == "at 2026-03-02 09:05 UTC"
    later = AT.replace(hour=10)
    assert show_interval(Interval(AT, later)) == "between 2026-03-02 09:05 UTC and 2026-03-02 10:05 UTC"


@dataclass(frozen=True)
class View:
    shown: tuple[str, ...]
    hidden: object = field(default=print, repr=False)


def test_a_view_is_an_object_named_as_its_attributes_without_what_is_only_for_words() -> None:
    assert json.loads(json.dumps(as_json({"view": View(("a",))}))) == {"view": {"shown": ["a"]}}


def test_what_has_no_json_form_is_refused_rather_than_guessed() -> None:
    with pytest.raises(TypeError, match="a object has no JSON form"):
        as_json(object())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (59.0, "59 s"), (59.2, "1 min"), (61.0, "2 min"), (3600.0, "1 h"), (11_100.0, "3 h 5 min")],
)
def test_a_stretch_of_time_is_told_as_exactly_as_it_matters(seconds: float, text: str) -> None:
    assert show_span(seconds) == text
