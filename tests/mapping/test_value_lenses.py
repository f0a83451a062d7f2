"""Text, numbers, amounts, days and moments: the laws over whatever a tool may hold."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.mapping.checks import check_laws
from syncd.model.canonical import Money
from syncd.model.lens import CANNOT
from syncd.model.native import Bool, Date, Instant, NativeType, Number, Text
from tests.mapping.places import lens_of, native, option

TITLE = lens_of("task.title", native(NativeType.TEXT, max_length=20, can_be_empty=False))
DUE = lens_of("task.due_on", native(NativeType.INSTANT))
texts = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="aAé\u0301 \n\t\0\u2028ß", max_size=25),
)


@settings(max_examples=200, deadline=None)
@given(texts, texts)
def test_text_keeps_the_laws(held: str, wanted: str) -> None:
    canonical = TITLE.get(Text(wanted))
    assert check_laws(TITLE, [None, Text(held)], [wanted, canonical if isinstance(canonical, str) else None]) == []


def test_text_is_one_clean_line() -> None:
    assert TITLE.get(Text("  Cafe\u0301\r\n menu\0 ")) == "Café menu"
    assert TITLE.get(Text(" \n\0 ")) is None


def test_text_that_is_too_long_cannot_be_said_and_is_never_cut() -> None:
    assert TITLE.put("x" * 20, None) == Text("x" * 20)
    assert TITLE.put("x" * 21, None) is CANNOT


def test_a_title_cannot_be_emptied_where_the_tool_wants_one() -> None:
    assert TITLE.put(None, Text("Ship")) is CANNOT


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Alpha", "alpha", True),
        ("Alpha  beta", " Alpha beta\n", True),
        ("Café", unicodedata.normalize("NFD", "café"), True),
        ("Alpha", "Alphas", False),
    ],
)
def test_case_space_and_unicode_form_are_normalising(a: str, b: str, *, same: bool) -> None:
    assert TITLE.loose(Text(a), Text(b)) is same


def test_unedited_text_is_never_rewritten() -> None:
    odd = Text("  Ship \n it ")
    assert TITLE.put("Ship it", odd) is odd


def test_a_line_may_be_one_of_a_tools_options() -> None:
    team = lens_of("initiative.team", native(NativeType.CHOICE, options=[option("Web"), option("Api")]))
    assert team.get(option("Api")) == "Api"
    assert team.put("web", None) == option("Web")
    assert team.put("Ops", None) is CANNOT


def test_a_moment_reads_as_its_day_in_utc() -> None:
    assert DUE.get(Instant(datetime(2026, 3, 1, 7, tzinfo=UTC))) == date(2026, 3, 1)
    assert DUE.get(Instant(datetime(2026, 3, 1, 1, tzinfo=timezone(timedelta(hours=2))))) == date(2026, 2, 28)


@pytest.mark.parametrize(("hour", "kept"), [(0, 12), (7, 12), (8, 12), (9, 9), (17, 17), (21, 21), (23, 12)])
def test_a_moved_day_keeps_a_time_of_day_that_is_nobodys_midnight(hour: int, kept: int) -> None:
    now = Instant(datetime(2026, 7, 1, hour, tzinfo=UTC))
    assert DUE.put(date(2026, 12, 1), now) == Instant(datetime(2026, 12, 1, kept, tzinfo=UTC))


def test_a_new_day_is_written_at_noon_and_read_back_loosely() -> None:
    noon = Instant(datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert DUE.put(date(2026, 3, 1), None) == noon
    assert DUE.loose(noon, Instant(datetime(2026, 3, 1, 8, tzinfo=UTC)))
    assert not DUE.loose(noon, Instant(datetime(2026, 2, 28, 23, tzinfo=UTC)))


@settings(max_examples=100, deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.dates())
def test_days_in_moments_keep_the_laws(held: datetime, wanted: date) -> None:
    assert check_laws(DUE, [None, Instant(held)], [None, wanted]) == []


@settings(max_examples=100, deadline=None)
@given(
    held=st.dates(),
    wanted=st.dates(),
    number=st.decimals(allow_nan=False, allow_infinity=False),
    yes=st.booleans(),
)
def test_what_a_tool_holds_as_it_is_keeps_the_laws(held: date, wanted: date, number: Decimal, *, yes: bool) -> None:
    day = lens_of("task.due_on", native(NativeType.DATE))
    estimate = lens_of("task.estimate", native(NativeType.NUMBER))
    flag = lens_of("task.urgent", native(NativeType.BOOL), rule="type: bool,")
    at = lens_of("task.seen_at", native(NativeType.INSTANT), rule="type: instant,")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert check_laws(day, [None, Date(held)], [None, wanted]) == []
    assert check_laws(estimate, [None, Number(Decimal(1))], [None, number]) == []
    assert check_laws(flag, [None, Bool(value=yes)], [None, True, False]) == []
    assert check_laws(at, [None, Instant(moment)], [None, moment + timedelta(days=1)]) == []


QUARTER = (date(2026, 4, 1), date(2026, 6, 30))


@settings(max_examples=100, deadline=None)
@given(st.dates(), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_a_day_that_stands_for_a_period_keeps_the_laws(held: date, wanted: date) -> None:
    day = lens_of("task.due_on", native(NativeType.DATE))
    assert check_laws(day, [Date(held, QUARTER), Date(QUARTER[1], QUARTER)], [None, wanted]) == []


def test_a_period_says_every_day_in_it_and_only_a_day_outside_is_written() -> None:
    day = lens_of("task.due_on", native(NativeType.DATE))
    shown = Date(QUARTER[1], QUARTER)
    assert day.get(shown) == QUARTER[1]
    for inside in (QUARTER[0], date(2026, 5, 15), QUARTER[1]):
        assert day.put(inside, shown) is shown
        assert day.loose(Date(inside), shown)
        assert day.loose(shown, Date(inside))
    for outside in (date(2026, 3, 31), date(2026, 7, 1)):
        written = day.put(outside, shown)
        assert isinstance(written, Date)
        assert (written.value, written.span) == (outside, None)
        assert not day.loose(Date(outside), shown)
    assert day.put(None, shown) is None
    assert not day.loose(None, shown)


def test_an_amount_in_another_currency_cannot_be_said() -> None:
    budget = lens_of("initiative.budget", native(NativeType.NUMBER), "{field: f, currency: EUR}")
    assert budget.get(Number(Decimal(10))) == Money(Decimal(10), "EUR")
    assert budget.put(Money(Decimal(12), "EUR"), Number(Decimal(10))) == Number(Decimal(12))
    assert budget.put(Money(Decimal(12), "USD"), Number(Decimal(10))) is CANNOT


def test_moments_within_a_second_are_one() -> None:
    seen = lens_of("task.seen_at", native(NativeType.INSTANT), rule="type: instant,")
    at = datetime(2026, 1, 1, 10, 0, 0, 400000, tzinfo=UTC)
    assert seen.loose(Instant(at), Instant(at.replace(microsecond=0)))
    assert not seen.loose(Instant(at), Instant(at + timedelta(seconds=1)))
