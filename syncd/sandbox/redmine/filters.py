"""
The list of issues: its filters, its order and its pages.

A filter that Redmine does not know is ignored, and a closed issue is left out
unless asked for. Source: Redmine 5.0.4, `app/models/{query,issue_query}.rb`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from syncd.sandbox.redmine.access import check, sees
from syncd.sandbox.redmine.problems import RedmineProblem, refused
from syncd.sandbox.redmine.state import Issue, Site, User

DEFAULT_LIMIT: Final = 25
MOST: Final = 100
Test = Callable[[Issue], bool]
_DAY: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_INSTANT: Final = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")
_NUMBERS: Final = {
    "tracker_id": "tracker_id",
    "priority_id": "priority_id",
    "assigned_to_id": "assigned_to_id",
    "author_id": "author_id",
    "fixed_version_id": "fixed_version_id",
    "category_id": "category_id",
}
_INSTANTS: Final = {"updated_on": ("updated", "Updated"), "created_on": ("created", "Created")}
_SORTED_BY: Final[Mapping[str, Callable[[Issue], Any]]] = {
    "id": lambda issue: issue.id,
    "updated_on": lambda issue: issue.updated,
    "created_on": lambda issue: issue.created,
    "subject": lambda issue: issue.subject,
    "priority": lambda issue: issue.priority_id,
    "status": lambda issue: issue.status_id,
}


def listed(site: Site, viewer: User | None, query: Mapping[str, str]) -> list[Issue]:
    """Return the issues that a query names, in its order; raises the 404, 403, 422 and 500 of a bad one."""
    tests = [*_places(site, viewer, query), _status(query.get("status_id", "open"))]
    for name, value in query.items():
        if name in _NUMBERS and value not in {"", "*"}:
            tests.append(_among(_NUMBERS[name], value, viewer))
        elif name == "issue_id":
            tests.append(_ids(value))
        elif name == "parent_id":
            tests.append(_below(site, value))
        elif name in _INSTANTS:
            tests.append(_between(*_INSTANTS[name], value))
        elif name.startswith("cf_"):
            tests += _custom(site, name, value)
    found = [one for one in site.issues.values() if sees(site, viewer, one) and all(test(one) for test in tests)]
    return _sorted(found, query.get("sort", "id:desc"))


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """Return the offset and the limit of a list; a limit that is no number or none is 25, and at most 100."""
    limit = query.get("limit", "")
    offset = query.get("offset", "")
    size = int(limit) if limit.isdecimal() and int(limit) else DEFAULT_LIMIT
    return int(offset) if offset.isdecimal() else 0, min(size, MOST)


def _places(site: Site, viewer: User | None, query: Mapping[str, str]) -> Iterable[Test]:
    if "project_id" not in query:
        return
    project = site.project(query["project_id"])
    check(viewer, "view_issues", project)
    only_here = query.get("subproject_id") == "!*"

    def is_there(issue: Issue) -> bool:
        home = site.projects[issue.project_id]
        return home.id == project.id or (not only_here and site.is_below(home, project))

    yield is_there


def _status(value: str) -> Test:
    if value == "*":
        return lambda _: True
    if value in {"open", "o"}:
        return lambda issue: not issue.is_closed
    if value in {"closed", "c"}:
        return lambda issue: issue.is_closed
    numbers = value.removeprefix("!").replace("|", ",").split(",")
    if not all(one.isdecimal() for one in numbers):
        raise RedmineProblem(500)
    wanted = {int(one) for one in numbers}
    return lambda issue: (issue.status_id in wanted) is not value.startswith("!")


def _among(attribute: str, value: str, viewer: User | None) -> Test:
    text = str(viewer.id) if value == "me" and viewer is not None else value
    wanted = {int(one) for one in text.replace("|", ",").split(",") if one.isdecimal()}
    return lambda issue: getattr(issue, attribute) in wanted


def _ids(value: str) -> Test:
    if value.startswith(">="):
        least = int(value[2:]) if value[2:].isdecimal() else 0
        return lambda issue: issue.id >= least
    if value.startswith("<="):
        most = int(value[2:]) if value[2:].isdecimal() else 0
        return lambda issue: issue.id <= most
    wanted = {int(one) for one in value.split(",") if one.isdecimal()}
    return lambda issue: issue.id in wanted


def _below(site: Site, value: str) -> Test:
    number = int(value.removeprefix("~")) if value.removeprefix("~").isdecimal() else 0
    if value.startswith("~"):
        return lambda issue: any(one.id == number for one in site.parents_of(issue))
    return lambda issue: issue.parent_id == number


def _between(attribute: str, label: str, value: str) -> Test:
    """
    Compare a time: `>=` means later than a second before, `<=` not later than the very moment.

    Raises the 422 of anything but a day or a time in whole seconds of UTC.
    """
    operator, text = (value[:2], value[2:]) if value[:2] in {">=", "<=", "><"} else ("=", value)
    parts = text.split("|")
    if operator == "><" and len(parts) == 2:  # noqa: PLR2004 - from and to
        low, high = _moment(parts[0], label), _moment(parts[1], label, is_end=True)
    elif operator == ">=":
        low, high = _moment(text, label), None
    elif operator == "<=":
        low, high = None, _moment(text, label, is_end=True)
    else:
        low, high = _moment(text, label), _moment(text, label, is_end=True)

    def is_between(issue: Issue) -> bool:
        at: datetime = getattr(issue, attribute)
        return (low is None or at > low - timedelta(seconds=1)) and (high is None or at <= high)

    return is_between


def _moment(text: str, label: str, *, is_end: bool = False) -> datetime:
    try:
        if _DAY.match(text):
            day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
            return day + timedelta(days=1, microseconds=-1) if is_end else day + timedelta(seconds=1, microseconds=-1)
        if _INSTANT.match(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise refused(f"{label} is invalid")


def _custom(site: Site, name: str, value: str) -> list[Test]:
    """Return the filter by a custom field, if that can be filtered by."""
    number = int(name[3:]) if name[3:].isdecimal() else 0
    field = site.fields.get(number)
    if field is None or field.on != "issue" or not field.is_filter:
        return []

    def has(issue: Issue) -> bool:
        held = issue.customs.get(number)
        return (value in held) if isinstance(held, list) else held == value

    return [has]


def _sorted(issues: list[Issue], order: str) -> list[Issue]:
    for part in reversed([*order.split(","), "id:desc"]):
        name, _, direction = part.partition(":")
        if name in _SORTED_BY:
            issues = sorted(issues, key=_SORTED_BY[name], reverse=direction == "desc")
    return issues
