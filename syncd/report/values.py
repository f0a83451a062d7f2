"""Canonical and native values as people read them, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from syncd.model.canonical import Metric, Money, Unset, Value
from syncd.model.native import (
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
)
from syncd.model.policy import Interval
from syncd.model.refs import Ref

MOST_CHARACTERS: Final = 48
"""A longer text is shown by its beginning and its length."""

MINUTE_S: Final = 60

EMPTY: Final = "(empty)"
NONE: Final = "(none)"

Names: TypeAlias = Callable[[str], str]
"""Turns an entity's id into what people call it; anything else comes back as it is."""


def as_is(text: str) -> str:
    """Return *text*: the `Names` of values that name nothing."""
    return text


def show_number(number: Decimal) -> str:
    """Return a number without exponent and without idle zeros."""
    return f"{number.normalize():f}"


def show_time(moment: datetime) -> str:
    """Return a moment to the minute, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def show_span(seconds: float) -> str:
    """Return a stretch of time in words, rounded up: `5 s`, `1 min`, `3 h 5 min`."""
    whole = max(1, math.ceil(seconds))
    if whole < MINUTE_S:
        return f"{whole} s"
    hours, rest = divmod(math.ceil(whole / MINUTE_S), 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest else [])])


def show_interval(when: Interval | None) -> str:
    """Return when an edit happened: to the minute when that is known, else between when and when."""
    if when is None:
        return "at an unknown time"
    first, last = show_time(when.not_before), show_time(when.not_after)
    return f"at {last}" if first == last else f"between {first} and {last}"


def show_text(text: str) -> str:
    """Return a text on one line: whole when short, else its beginning and its length."""
    line = " ".join(text.split())
    if len(line) <= MOST_CHARACTERS and "\n" not in text.strip():
        return line or EMPTY
    return f"{line[: MOST_CHARACTERS - 1].rstrip()}… ({len(text)} characters)"


def _metric(metric: Metric) -> str:
    return f"{metric.name} {metric.current} of {metric.target} {metric.unit or ''}".strip()


def _listed(members: Any) -> str:  # noqa: ANN401 - texts of any kind
    return ", ".join(members) or NONE


_SHOW: Final[Mapping[type, Callable[[Any, Names], str]]] = {
    Unset: lambda _value, _names: "(not agreed yet)",
    Missing: lambda _value, _names: "(unreadable)",
    type(None): lambda _value, _names: EMPTY,
    bool: lambda value, _names: "yes" if value else "no",
    Decimal: lambda value, _names: show_number(value),
    datetime: lambda value, _names: show_time(value),
    date: lambda value, _names: value.isoformat(),
    Money: lambda value, _names: f"{value.amount:f} {value.currency}",
    frozenset: lambda value, names: _listed(sorted(names(each) for each in value)),
    tuple: lambda value, _names: _listed(_metric(each) for each in value),
}


def show(value: Value | Unset | Missing, names: Names = as_is) -> str:
    """Return a canonical value in a few words."""
    if isinstance(value, str):
        return show_text(names(value))
    return _SHOW[type(value)](value, names)


def show_change(before: Value, after: Value, names: Names = as_is) -> str:
    """Return a change in a few words: `a -> b`, or for a set what comes and what goes."""
    if isinstance(before, frozenset) and isinstance(after, frozenset):
        come = [f"+{names(each)}" for each in sorted(after - before)]
        go = [f"-{names(each)}" for each in sorted(before - after)]
        return " ".join([*come, *go]) or "(as it is)"
    if isinstance(before, str) and isinstance(after, str) and "\n" in f"{before}{after}":
        return _text_change(before, after)
    return f"{show(before, names)} -> {show(after, names)}"


def _text_change(before: str, after: str) -> str:
    """Say how many paragraphs of a long text change, and show the first that does."""
    old, new = before.split("\n\n"), after.split("\n\n")
    changed = [block for block in new if block not in old]
    gone = sum(block not in new for block in old)
    first = show_text(changed[0]) if changed else f"{gone} removed"
    return f"{len(changed) or gone} of {max(len(old), len(new))} paragraphs: {first}"


def _person(person: Person) -> str:
    return person.name or person.login or person.id


_SHOW_NATIVE: Final[Mapping[type, Callable[[Any], str]]] = {
    Missing: lambda _: "(not shown)",
    type(None): lambda _: EMPTY,
    Text: lambda held: show_text(held.value),
    RichText: lambda held: f"{held.format}, {len(held.source)} characters",
    Number: lambda held: show_number(held.value),
    Bool: lambda held: "yes" if held.value else "no",
    Date: lambda held: held.value.isoformat(),
    Instant: lambda held: show_time(held.value),
    Choice: lambda held: held.label,
    Person: _person,
    Ref: lambda held: held.id,
    Choices: lambda held: _listed(sorted(each.label for each in held.members)),
    People: lambda held: _listed(sorted(_person(each) for each in held.members)),
    Refs: lambda held: _listed(sorted(each.id for each in held.members)),
}


def show_native(value: Native | Missing) -> str:
    """Return what a tool holds in the tool's own words."""
    return _SHOW_NATIVE[type(value)](value)


_JSON: Final[Mapping[type, Callable[[Any], object]]] = {
    Unset: lambda _: {"unset": True},
    Missing: lambda _: {"missing": True},
    Decimal: show_number,
    datetime: lambda value: value.isoformat(),
    date: lambda value: value.isoformat(),
    Interval: lambda value: [value.not_before.isoformat(), value.not_after.isoformat()],
    frozenset: lambda value: sorted(map(str, value)),
    **dict.fromkeys((Text, RichText, Number, Bool, Date, Instant, Choice, Choices, People, Person), show_native),
}


def as_json(value: object) -> object:
    """
    Return a value, or a view with everything in it, as plain JSON: what a text says and a program can read.

    Dates are ISO texts, numbers exact texts, sets sorted lists, views objects with the names of their attributes.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return str(value)
    if type(value) in _JSON:
        return _JSON[type(value)](value)
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if is_dataclass(value):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value) if each.repr}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    raise TypeError(f"a {type(value).__name__} has no JSON form")
