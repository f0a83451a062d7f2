"""What an edit says in an issue's history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from syncd.sandbox.jira.adf import to_text
from syncd.sandbox.jira.render import PRIORITY_NAMES, RESOLUTION_NAMES
from syncd.sandbox.jira.schema import STATUSES_BY_ID, TYPES_BY_ID, FieldKind
from syncd.sandbox.jira.state import Change, Issue, Json, Site


def changes_between(site: Site, issue: Issue, values: Json) -> tuple[Change, ...]:
    """Return one change for each of *values* that differs from what the issue holds."""
    found = []
    for field, after in values.items():
        before = issue.values.get(field)
        if before == after or (not before and not after and not isinstance(after, float)):
            continue
        was, was_text = _told(site, field, before)
        becomes, becomes_text = _told(site, field, after)
        found.append(Change(field=field, before=was, before_text=was_text, after=becomes, after_text=becomes_text))
    return tuple(found)


def _told(site: Site, field: str, value: Any) -> tuple[str | None, str | None]:  # noqa: ANN401 - any stored form
    """Return the id and the text by which the history tells a stored value."""
    if value is None or value == []:
        return None, None
    kind = site.fields[field].kind
    if kind in _WITHOUT_ID:
        return None, _WITHOUT_ID[kind](value)
    if kind not in _NAMES:
        return None, str(value)
    members = value if isinstance(value, list) else [value]
    names = [_NAMES[kind](site, field, one) for one in members]
    return ", ".join(str(one) for one in members), ", ".join(names)


def _option_name(site: Site, field: str, number: str) -> str:
    return next(option.value for option in site.fields[field].options if option.id == number)


def _parent_key(site: Site, _field: str, number: int) -> str:
    parent = site.issues.get(number)
    return parent.key if parent else ""


_WITHOUT_ID: Final[dict[FieldKind, Callable[[Any], str]]] = {FieldKind.ADF: to_text, FieldKind.LABELS: " ".join}
_NAMES: Final[dict[FieldKind, Callable[[Site, str, Any], str]]] = {
    FieldKind.USER: lambda site, _, one: site.users[one].name,
    FieldKind.STATUS: lambda _site, _, one: STATUSES_BY_ID[one].name,
    FieldKind.TYPE: lambda _site, _, one: TYPES_BY_ID[one].name,
    FieldKind.PRIORITY: lambda _site, _, one: PRIORITY_NAMES[one],
    FieldKind.RESOLUTION: lambda _site, _, one: RESOLUTION_NAMES[one],
    FieldKind.PARENT: _parent_key,
    FieldKind.VERSIONS: lambda site, _, one: site.versions[one].name,
    FieldKind.COMPONENTS: lambda site, _, one: site.components[one].name,
    FieldKind.SPRINT: lambda site, _, one: site.sprints[one].name,
    FieldKind.OPTION: _option_name,
    FieldKind.OPTIONS: _option_name,
}
