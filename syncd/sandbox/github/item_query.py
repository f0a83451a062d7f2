"""
The filter language of a project's `items(query:)`: enough of it to be used, day-granular as the real one.

Source: docs.github.com "Filtering projects" (read for vendor-facts G7).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TypeAlias

from syncd.sandbox.github.nodes import Issue, PullRequest
from syncd.sandbox.github.nodes_project import DraftIssue, Option, ProjectItem
from syncd.sandbox.github.state import Refusal

Test: TypeAlias = Callable[[ProjectItem], bool]
TERM = re.compile(r'(?P<no>-)?(?:(?P<key>[\w.-]+):)?(?P<value>"[^"]*"|\S+)')
DAYS = re.compile(r"(\d+)days?")
TODAY = re.compile(r"(?P<op>[<>]=?)?(?:@today(?:-(?P<back>\d+)d)?|(?P<day>\d{4}-\d\d-\d\d))")


def compile_query(text: str, now: str) -> Test:
    """Return the test a filter stands for at that moment; an unknown qualifier matches no item."""
    tests = [_term(match, date.fromisoformat(now[:10])) for match in TERM.finditer(text)]
    return lambda item: all(test(item) for test in tests)


def _term(match: re.Match[str], today: date) -> Test:
    value = match["value"].strip('"').casefold()
    test = _test((match["key"] or "").casefold(), value, today)
    return (lambda item: not test(item)) if match["no"] else test


def _test(key: str, value: str, today: date) -> Test:
    if key in _TESTS:
        return _TESTS[key](value, today)
    return lambda item: _cells(item).get(key) == value


def _last_updated(value: str, today: date) -> Test:
    """Match what was *not* updated within that many days, as the web page words it."""
    found = DAYS.fullmatch(value)
    if found is None:
        raise Refusal("VALIDATION", f'"{value}" is not a number of days')
    edge = (today - timedelta(days=int(found[1]))).isoformat()
    return lambda item: item.updated_at[:10] <= edge


def _updated(value: str, today: date) -> Test:
    found = TODAY.fullmatch(value)
    if found is None:
        raise Refusal("VALIDATION", f'"{value}" is not a day')
    day = found["day"] or (today - timedelta(days=int(found["back"] or 0))).isoformat()
    compare = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}.get(found["op"], operator.eq)
    return lambda item: bool(compare(item.updated_at[:10], day))


def _traits(item: ProjectItem) -> set[str]:
    what = item.content
    match what:
        case DraftIssue():
            return {"draft"}
        case Issue():
            return {"issue", what.state.casefold()}
        case PullRequest():
            return {"pr", what.state.casefold()}
    return set()


def _cells(item: ProjectItem) -> dict[str, str]:
    """Return the project's own cells as text, by column name with dashes for spaces."""
    return {
        cell.field.name.casefold().replace(" ", "-"): (
            cell.value.name if isinstance(cell.value, Option) else str(getattr(cell.value, "title", cell.value))
        ).casefold()
        for cell in item.values.values()
    }


_TESTS: Mapping[str, Callable[[str, date], Test]] = {
    "": lambda value, _today: lambda item: value in str(getattr(item.content, "title", "")).casefold(),
    "last-updated": _last_updated,
    "updated": _updated,
    "is": lambda value, _today: lambda item: value in _traits(item),
    "no": lambda value, _today: lambda item: value not in _cells(item),
    "label": lambda value, _today: (
        lambda item: any(one.name.casefold() == value for one in getattr(item.content, "labels", {}).values())
    ),
    "assignee": lambda value, _today: (
        lambda item: any(one.login.casefold() == value for one in getattr(item.content, "assignees", {}).values())
    ),
}
"""By qualifier; anything else is a column's name."""
