"""Field values on their way in: what the site accepts, how it words what it refuses, and the form it stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, Final, TypeVar

from syncd.sandbox.jira.adf import check_document
from syncd.sandbox.jira.problems import JiraProblem, field_problem
from syncd.sandbox.jira.schema import (
    PRIORITIES,
    RESOLUTIONS,
    TYPES_BY_ID,
    TYPES_BY_NAME,
    FieldDef,
    FieldKind,
    IssueType,
)
from syncd.sandbox.jira.sprints import CLOSED
from syncd.sandbox.jira.state import Project, Site

MAX_LABEL: Final = 255
LIST_KINDS: Final = frozenset({FieldKind.LABELS, FieldKind.VERSIONS, FieldKind.COMPONENTS, FieldKind.OPTIONS})
"""Kinds whose members can be added and removed one by one."""
T = TypeVar("T")


class Place:
    """Where a value is going: the site, the project and the type of the issue it is for."""

    def __init__(self, site: Site, project: Project, issue_type: IssueType) -> None:
        self.site = site
        self.project = project
        self.type = issue_type


def coerce(place: Place, field: FieldDef, value: Any) -> Any:  # noqa: ANN401 - any JSON in, the stored form out
    """Return *value* as stored; raises Jira's 400 for that field."""
    return _COERCE[field.kind](place, field, value)


def coerce_member(place: Place, field: FieldDef, value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return one member of a list field as stored."""
    members = coerce(place, field, [value])
    return str(members[0])


def find_type(value: object) -> IssueType:
    """Return the issue type an `{"id": …}` or `{"name": …}` names."""
    wanted = value if isinstance(value, Mapping) else {}
    found = TYPES_BY_ID.get(str(wanted.get("id"))) or TYPES_BY_NAME.get(str(wanted.get("name")).casefold())
    if found is None:
        raise field_problem("issuetype", "Specify a valid issue type")
    return found


def find_project(site: Site, value: object) -> Project:
    """Return the project an `{"id": …}` or `{"key": …}` names."""
    wanted = value if isinstance(value, Mapping) else {}
    name = str(wanted.get("key") or wanted.get("id") or "")
    try:
        return site.find_project(name)
    except JiraProblem:
        raise field_problem("project", "valid project is required") from None


def _text(_place: Place, field: FieldDef, value: object) -> str | None:
    if value is None:
        if field.id == "summary":
            raise field_problem("summary", "You must specify a summary of the issue.")
        return None
    if not isinstance(value, str):
        raise field_problem(field.id, "Operation value must be a string")
    text = value.strip().replace("\0", "")
    if "\n" in text or "\r" in text:
        raise field_problem(field.id, f"The {field.name.lower()} is invalid because it contains newline characters.")
    if field.limit and len(text) > field.limit:
        raise field_problem(field.id, f"{field.name} can't exceed {field.limit} characters.")
    if not text and field.id == "summary":
        raise field_problem("summary", "You must specify a summary of the issue.")
    return text or None


def _number(_place: Place, field: FieldDef, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise field_problem(field.id, "Operation value must be a number")
    return float(value)


def _date(_place: Place, field: FieldDef, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise field_problem(field.id, "Operation value must be a string")
    return plain_date(field.id, value)


def plain_date(field: str, value: str) -> str:
    """Return *value* if it is a calendar day `YYYY-MM-DD`, else raise the 400 of *field*."""
    problem = field_problem(field, "Error parsing date string: " + value)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise problem
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise problem from None


def _option(_place: Place, field: FieldDef, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise field_problem(field.id, "Specify a valid 'id' or 'name' for " + field.name)
    for option in field.options:
        if str(value.get("id", option.id)) == option.id and value.get("value", option.value) == option.value:
            return option.id
    raise field_problem(field.id, f"Option id '{value.get('id', value.get('value'))}' is not valid")


def _options(place: Place, field: FieldDef, value: object) -> list[str]:
    return _unique(str(_option(place, field, _object(field, one))) for one in _list(field, value))


def _user(place: Place, field: FieldDef, value: object) -> str | None:
    if value is None:
        return None
    wanted = _object(field, value)
    account = wanted.get("accountId", wanted.get("id"))
    if account is None:
        return None
    user = place.site.users.get(str(account))
    if user is None or not user.active:
        raise field_problem(
            field.id,
            f"User '{account}' cannot be assigned issues." if field.id == "assignee" else "User does not exist.",
        )
    return user.account_id


def _labels(_place: Place, field: FieldDef, value: object) -> list[str]:
    for label in _list(field, value):
        if not isinstance(label, str):
            raise field_problem(field.id, "string expected at index 0")
        if re.search(r"\s", label) or not label:
            raise field_problem(field.id, f"The label '{label}' contains spaces which is invalid.")
        if len(label) > MAX_LABEL:
            raise field_problem(field.id, f"The label '{label}' exceeds the maximum length for a single label.")
    return sorted(set(_list(field, value)))


def _versions(place: Place, field: FieldDef, value: object) -> list[str]:
    known = place.site.versions_of(place.project.key)
    return _named(field, value, [(one.id, one.name) for one in known], "Version")


def _components(place: Place, field: FieldDef, value: object) -> list[str]:
    known = place.site.components_of(place.project.key)
    return _named(field, value, [(one.id, one.name) for one in known], "Component")


def _named(field: FieldDef, value: object, known: list[tuple[str, str]], noun: str) -> list[str]:
    return _unique(_one_named(field, one, known, noun) for one in _list(field, value))


def _one_named(field: FieldDef, value: object, known: Iterable[tuple[str, str]], noun: str) -> str:
    wanted = value if isinstance(value, Mapping) else {}
    for number, name in known:
        if str(wanted.get("id")) == number or ("id" not in wanted and wanted.get("name") == name):
            return number
    if "id" in wanted:
        raise field_problem(field.id, f"{noun} id '{wanted['id']}' is not valid")
    raise field_problem(field.id, f"{noun} name '{wanted.get('name')}' is not valid")


def _priority(_place: Place, field: FieldDef, value: object) -> str | None:
    if value is None:
        return None
    try:
        return _one_named(field, value, PRIORITIES, "Priority")
    except JiraProblem:
        raise field_problem(field.id, "Specify a valid 'id' or 'name' for priority") from None


def _resolution(_place: Place, field: FieldDef, value: object) -> str | None:
    return None if value is None else _one_named(field, value, RESOLUTIONS, "Resolution")


def _parent(place: Place, field: FieldDef, value: object) -> int | None:
    wanted = {} if value is None else _object(field, value)
    name = wanted.get("id") or wanted.get("key")
    if not name:
        if place.type.is_subtask:
            raise field_problem(field.id, "Issue type is a sub-task but parent issue key or id not specified.")
        return None
    try:
        parent = place.site.find_issue(str(name))
    except JiraProblem:
        raise field_problem(field.id, "Could not find issue by id or key.") from None
    if parent.type.level != place.type.level + 1:
        raise field_problem(field.id, f"Given parent issue does not belong to appropriate hierarchy: {parent.key}")
    if place.type.is_subtask and parent.project != place.project.key:
        raise field_problem("project", "Sub-tasks must be created in the same project as the parent.")
    return parent.id


def _sprint(place: Place, field: FieldDef, value: object) -> list[int]:
    if value is None:
        return []
    if isinstance(value, bool) or not isinstance(value, int):
        raise field_problem(field.id, "Number value expected as the Sprint id.")
    sprint = place.site.sprints.get(value)
    if sprint is None:
        raise field_problem(field.id, f"Sprint with id '{value}' does not exist.")
    if sprint.state == CLOSED:
        raise field_problem(field.id, "The issue can't be assigned to a completed sprint.")
    return [value]


def _type(_place: Place, _field: FieldDef, value: object) -> str:
    return find_type(value).id


def _project(place: Place, _field: FieldDef, value: object) -> str:
    return find_project(place.site, value).key


def _never(_place: Place, field: FieldDef, _value: object) -> object:
    raise field_problem(field.id, off_screen(field.id))


def off_screen(field: str) -> str:
    """Return how Jira refuses a field it does not offer there."""
    return f"Field '{field}' cannot be set. It is not on the appropriate screen, or unknown."


def _object(field: FieldDef, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise field_problem(field.id, "data was not an object")
    return value


def _list(field: FieldDef, value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise field_problem(field.id, "Operation value must be an array")
    return value


def _unique(members: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(members))


_COERCE: Final[dict[FieldKind, Callable[[Place, FieldDef, Any], Any]]] = {
    FieldKind.TEXT: _text,
    FieldKind.ADF: lambda _place, field, value: check_document(field.id, value),
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.OPTION: _option,
    FieldKind.OPTIONS: _options,
    FieldKind.USER: _user,
    FieldKind.LABELS: _labels,
    FieldKind.VERSIONS: _versions,
    FieldKind.COMPONENTS: _components,
    FieldKind.PRIORITY: _priority,
    FieldKind.TYPE: _type,
    FieldKind.PROJECT: _project,
    FieldKind.PARENT: _parent,
    FieldKind.RESOLUTION: _resolution,
    FieldKind.LINKS: _never,
    FieldKind.STATUS: _never,
    FieldKind.INSTANT: _never,
    FieldKind.SUBTASKS: _never,
    FieldKind.COMMENTS: _never,
    FieldKind.SPRINT: _sprint,
}
