"""Linear's filters: comparators on fields, `and`, `or`, other things' filters, and collections of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from syncd.sandbox.linear.nodes import Node
from syncd.sandbox.linear.nodes_issue import Issue
from syncd.sandbox.linear.state import wire

Filter = Mapping[str, object]
Look = Callable[[Node, str], object]
"""Returns what a thing holds under a filter's field name."""
SPAN = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
SPAN_DAYS = (365, 30, 7, 1)
DAY_CHARS = 10


class Span(str):
    """An ISO 8601 duration, meant from now on."""

    __slots__ = ()

    def after(self, moment: datetime) -> str:
        """Return the moment it reaches, as Linear writes it; a month counts 30 days."""
        found = SPAN.fullmatch(self)
        sign, *parts = found.groups() if found else ("", *("0",) * 7)
        years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts)
        count = sum(n * size for n, size in zip((years, months, weeks, days), SPAN_DAYS, strict=True))
        span = timedelta(days=count, hours=hours, minutes=minutes, seconds=seconds)
        return wire(moment - span if sign else moment + span)


class Sieve:
    """Tells what passes a filter at one moment, for one viewer."""

    def __init__(self, look: Look, now: datetime) -> None:
        self._look = look
        self._now = now

    def passes(self, node: Node, spec: Filter) -> bool:
        """Say whether a thing passes every part of a filter."""
        return all(wanted is None or self._part(node, name, wanted) for name, wanted in spec.items())

    def _part(self, node: Node, name: str, wanted: object) -> bool:
        if name in {"and", "or"}:
            parts = [part for part in wanted if isinstance(part, Mapping)] if isinstance(wanted, list) else []
            return (all if name == "and" else any)(self.passes(node, part) for part in parts)
        if name == "null" or not isinstance(wanted, Mapping):
            return wanted is False
        if name == "id" and isinstance(node, Issue):
            return _by_name({node.id, node.identifier}, wanted)
        return self._matches(self._look(node, name), wanted)

    def _matches(self, value: object, wanted: Filter) -> bool:
        if isinstance(value, Node):
            return self.passes(value, wanted)
        if isinstance(value, Mapping):
            return self._some([each for each in value.values() if isinstance(each, Node)], wanted)
        if isinstance(value, list):
            return self._some(value, wanted)
        if value is None:
            return _matches_nothing(wanted)
        return all(ask is None or self._compare(name, value, ask) for name, ask in wanted.items())

    def _some(self, nodes: Sequence[Node], wanted: Filter) -> bool:
        """Judge a collection by `some`, `every` and `length`; anything else is asked of some member."""
        rest = {name: ask for name, ask in wanted.items() if name not in {"some", "every", "length"}}
        some, every, length = (wanted.get(name) for name in ("some", "every", "length"))
        return (
            (not rest or any(self.passes(node, rest) for node in nodes))
            and (not isinstance(some, Mapping) or any(self.passes(node, some) for node in nodes))
            and (not isinstance(every, Mapping) or all(self.passes(node, every) for node in nodes))
            and (not isinstance(length, Mapping) or self._matches(len(nodes), length))
        )

    def _compare(self, name: str, value: object, ask: object) -> bool:
        if isinstance(ask, Span):
            ask = ask.after(self._now)
        if name == "null":
            return ask is False
        if name in {"in", "nin"}:
            found = any(self._compare("eq", value, each) for each in _listed(ask))
            return found is (name == "in")
        if isinstance(value, str) and isinstance(ask, str):
            if len(value) == DAY_CHARS and len(ask) > DAY_CHARS:
                value = f"{value}T00:00:00.000Z"
            return TEXT[name](value, ask)
        return NUMBER[name](value, ask)


def _matches_nothing(wanted: Filter) -> bool:
    """Say whether an empty field passes: `null: true`, and being told apart from a value."""
    if wanted.get("null") is not None:
        return wanted["null"] is True
    return bool(wanted) and all(name in {"neq", "nin"} for name, ask in wanted.items() if ask is not None)


def _by_name(names: set[str], wanted: Filter) -> bool:
    """Judge an issue's `id`, which may also be told by identifier."""
    return (
        (wanted.get("eq") is None or wanted["eq"] in names)
        and (wanted.get("neq") is None or wanted["neq"] not in names)
        and (wanted.get("in") is None or not names.isdisjoint(_listed(wanted["in"])))
        and (wanted.get("nin") is None or names.isdisjoint(_listed(wanted["nin"])))
    )


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


NUMBER: Mapping[str, Callable[..., bool]] = {
    "eq": lambda value, ask: value == ask,
    "neq": lambda value, ask: value != ask,
    "gt": lambda value, ask: value > ask,
    "gte": lambda value, ask: value >= ask,
    "lt": lambda value, ask: value < ask,
    "lte": lambda value, ask: value <= ask,
}
TEXT: Mapping[str, Callable[[str, str], bool]] = {
    **NUMBER,
    "eqIgnoreCase": lambda value, ask: value.casefold() == ask.casefold(),
    "neqIgnoreCase": lambda value, ask: value.casefold() != ask.casefold(),
    "contains": lambda value, ask: ask in value,
    "notContains": lambda value, ask: ask not in value,
    "containsIgnoreCase": lambda value, ask: ask.casefold() in value.casefold(),
    "containsIgnoreCaseAndAccent": lambda value, ask: ask.casefold() in value.casefold(),
    "notContainsIgnoreCase": lambda value, ask: ask.casefold() not in value.casefold(),
    "startsWith": lambda value, ask: value.startswith(ask),
    "startsWithIgnoreCase": lambda value, ask: value.casefold().startswith(ask.casefold()),
    "notStartsWith": lambda value, ask: not value.startswith(ask),
    "endsWith": lambda value, ask: value.endswith(ask),
    "notEndsWith": lambda value, ask: not value.endswith(ask),
}


def wanted_ids(spec: Filter) -> list[str] | None:
    """Return the ids a filter is limited to, if it names any; `None` when it does not."""
    comparator = spec.get("id")
    if not isinstance(comparator, Mapping):
        return None
    if comparator.get("eq") is not None:
        return [str(comparator["eq"])]
    return [str(each) for each in _listed(comparator["in"])] if comparator.get("in") is not None else None


def updated_from(spec: Filter, now: datetime) -> str:
    """Return before which moment of update nothing can pass; empty when a filter does not say."""
    comparator = spec.get("updatedAt")
    if not isinstance(comparator, Mapping):
        return ""
    bounds = [comparator[name] for name in ("gte", "gt") if comparator.get(name) is not None]
    return max((b.after(now) if isinstance(b, Span) else str(b) for b in bounds), default="")
