"""Numbers, amounts, yes or no, days and moments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Final

from syncd.mapping.lenses.base import BaseLens
from syncd.model.canonical import Money, Value
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, Bool, Date, Instant, Missing, Native, NativeField, NativeValue, Number

NOON: Final = time(12)
"""The time written for a day without one: the same day in every zone from UTC-12 to UTC+11."""

KEEP_FROM, KEEP_TO = time(9), time(21)
"""
Times of day (UTC) kept when the day changes. One outside is some zone's
midnight, and with that zone's summer time it would slip into another day.
"""


class ScalarLens(BaseLens):
    """A value the tool holds as it is, or as good as."""

    def __init__(
        self,
        name: str,
        native: NativeField,
        read: Callable[[NativeValue], Value | Missing],
        make: Callable[[object], NativeValue | Cannot],
    ) -> None:
        super().__init__(name)
        self.can_be_empty = native.can_be_empty
        self.read = read
        self.make = make

    def get(self, native: Native) -> Value | Missing:
        """Return the value, `None` when empty."""
        return None if native is None else self.read(native)

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return the value in the tool's type, what is there now if it says the same."""
        if self.get(native_now) == value:
            return native_now
        if value is None:
            return None if self.can_be_empty else CANNOT
        return self.make(value)


class DayInMomentLens(ScalarLens):
    """
    A canonical day in a field that holds moments.

    A moment reads as the day it has in UTC: tools write a person's day as some
    hour of it, not always midnight (recorded: 07:00Z; vendor-facts section 13).
    """

    def __init__(self, name: str, native: NativeField) -> None:
        super().__init__(name, native, _read_day, _make_noon)

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return that day, at the time of day it has now where that is safe, else at noon."""
        written = super().put(value, native_now)
        if isinstance(written, Instant) and isinstance(native_now, Instant) and written != native_now:
            at = native_now.value.astimezone(UTC).timetz()
            if KEEP_FROM <= at.replace(tzinfo=None) <= KEEP_TO:
                return Instant(datetime.combine(written.value.date(), at))
        return written

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether they are on one day."""
        return self.get(a) == self.get(b)


def _read_day(native: NativeValue) -> Value | Missing:
    return native.value.astimezone(UTC).date() if isinstance(native, Instant) else MISSING


def _make_noon(value: object) -> NativeValue | Cannot:
    return Instant(datetime.combine(value, NOON, UTC)) if _is_day(value) and isinstance(value, date) else CANNOT


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


class MomentLens(ScalarLens):
    """A canonical moment, equal up to the second."""

    def __init__(self, name: str, native: NativeField) -> None:
        super().__init__(name, native, _read_moment, _make_moment)

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether they are within one second."""
        if isinstance(a, Instant) and isinstance(b, Instant):
            return abs((a.value - b.value).total_seconds()) < 1
        return a == b


def _read_moment(native: NativeValue) -> Value | Missing:
    return native.value.astimezone(UTC) if isinstance(native, Instant) else MISSING


def _make_moment(value: object) -> NativeValue | Cannot:
    return Instant(value.astimezone(UTC)) if isinstance(value, datetime) and value.tzinfo else CANNOT


def number_lens(name: str, native: NativeField) -> ScalarLens:
    """Return the lens of a number."""
    return ScalarLens(
        name,
        native,
        lambda n: n.value if isinstance(n, Number) else MISSING,
        lambda v: Number(v) if isinstance(v, Decimal) else CANNOT,
    )


def bool_lens(name: str, native: NativeField) -> ScalarLens:
    """Return the lens of a yes or no."""
    return ScalarLens(
        name,
        native,
        lambda n: n.value if isinstance(n, Bool) else MISSING,
        lambda v: Bool(v) if isinstance(v, bool) else CANNOT,
    )


class DayLens(ScalarLens):
    """
    A canonical day in a field of days, some of which may stand for a whole period.

    A period reads as the day the tool has for it, and says every day in it as
    well as it can: only a day outside is written, as that very day.
    """

    def __init__(self, name: str, native: NativeField) -> None:
        super().__init__(
            name,
            native,
            lambda n: n.value if isinstance(n, Date) else MISSING,
            lambda v: Date(v) if isinstance(v, date) and _is_day(v) else CANNOT,
        )

    def put(self, value: Value, native_now: Native) -> Native | Cannot:
        """Return that day, what is there now if that covers it."""
        if isinstance(native_now, Date) and isinstance(value, date) and _is_day(value) and native_now.covers(value):
            return native_now
        return super().put(value, native_now)

    def loose(self, a: Native, b: Native) -> bool:
        """Return whether one says the other as well as it can."""
        if isinstance(a, Date) and isinstance(b, Date):
            return a.covers(b.value) or b.covers(a.value)
        return a == b


def money_lens(name: str, native: NativeField, currency: str) -> ScalarLens:
    """Return the lens of an amount in a number field that is all in one *currency*; another one cannot be said."""
    return ScalarLens(
        name,
        native,
        lambda n: Money(n.value, currency) if isinstance(n, Number) else MISSING,
        lambda v: Number(v.amount) if isinstance(v, Money) and v.currency == currency else CANNOT,
    )
