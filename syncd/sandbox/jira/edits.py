"""Creating and editing issues: what a request or a person asks for, checked and carried out whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from syncd.sandbox.jira.history import changes_between
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.schema import (
    DEFAULT_PRIORITY,
    LINK_TYPES,
    RESOLUTIONS,
    STATUSES_BY_ID,
    FieldDef,
    FieldKind,
    IssueType,
)
from syncd.sandbox.jira.sprints import joined
from syncd.sandbox.jira.state import Change, Issue, Json, Project, Site, User
from syncd.sandbox.jira.values import LIST_KINDS, Place, coerce, coerce_member, find_project, find_type, off_screen
from syncd.sandbox.jira.workflow import Transition, workflow_of

MAX_PROPERTY: Final = 32_768
PLACE_FIELDS: Final = ("project", "issuetype")


class Property(BaseModel):
    """An entity property."""

    model_config = ConfigDict(frozen=True)

    key: str
    value: Any = None


class Edit(BaseModel):
    """The body of a create, an edit or a transition."""

    model_config = ConfigDict(frozen=True)

    fields: dict[str, Any] = {}
    update: dict[str, list[dict[str, Any]]] = {}
    properties: list[Property] = []
    transition: dict[str, Any] | None = None


def on_screen(field: FieldDef, issue_type: IssueType) -> bool:
    """Say whether people can set *field* on issues of that type."""
    return field.screens is None or issue_type.name in field.screens


def create_issue(site: Site, author: User, edit: Edit) -> Issue:
    """Make an issue; raises a 400 naming every field that is wrong."""
    project, issue_type = _place_of(site, edit.fields)
    if not project.editable:
        raise JiraProblem(403, "You do not have permission to create issues in this project.")
    place = Place(site, project, issue_type)
    values, links = _read(place, {}, edit)
    missing = {
        one.id: f"{one.name} is required."
        for one in site.fields.values()
        if one.required and on_screen(one, issue_type) and not values.get(one.id) and one.id not in PLACE_FIELDS
    }
    if "summary" in missing:
        missing["summary"] = "You must specify a summary of the issue."
    if issue_type.is_subtask and not values.get("parent"):
        missing["parent"] = "Issue type is a sub-task but parent issue key or id not specified."
    if missing:
        raise JiraProblem(400, errors=missing)
    properties = _properties(edit)
    now = site.now()
    defaults: Json = {
        "priority": DEFAULT_PRIORITY,
        "reporter": author.account_id,
        "creator": author.account_id,
        "status": workflow_of(issue_type).statuses[0],
        "created": now,
        "updated": now,
    }
    issue = site.insert(project, {**defaults, **values, "project": project.key, "issuetype": issue_type.id})
    issue.properties.update(properties)
    _add_links(site, issue, links)
    return issue


def edit_issue(site: Site, author: User, issue: Issue, edit: Edit) -> bool:
    """Edit an issue and say whether anything changed; raises a 400 naming every field that is wrong."""
    project = site.projects[issue.project]
    if not project.editable or issue.archived:
        raise JiraProblem(403, "You do not have permission to edit issues in this project.")
    if not (edit.fields or edit.update or edit.properties):
        raise JiraProblem(400, "one of 'fields' or 'update' required")
    wanted_type = edit.fields.get("issuetype")
    issue_type = find_type(wanted_type) if wanted_type is not None else issue.type
    if (issue_type.level, issue_type.workflow) != (issue.type.level, issue.type.workflow):
        raise JiraProblem(400, errors={"issuetype": "The issue type selected is invalid."})
    values, links = _read(Place(site, project, issue_type), issue.values, edit)
    properties = _properties(edit)
    changes = changes_between(site, issue, values)
    if changes:
        site.update(issue, author.account_id, {change.field: values[change.field] for change in changes}, changes)
    issue.properties.update(properties)
    _add_links(site, issue, links)
    return bool(changes or properties or links)


def transit(site: Site, author: User, issue: Issue, transition: Transition, edit: Edit) -> None:
    """Carry out a transition; entering a done status resolves the issue, leaving it clears the resolution."""
    is_done = transition.target.category == "done"
    values, _ = _read(Place(site, site.projects[issue.project], issue.type), issue.values, edit, {"resolution"})
    if is_done and site.resolution_required and not values.get("resolution"):
        raise JiraProblem(400, errors={"resolution": "Resolution is required."})
    values["status"] = transition.to
    if is_done:
        values.setdefault("resolution", issue.values.get("resolution") or RESOLUTIONS[0][0])
        values["resolutiondate"] = issue.values.get("resolutiondate") or site.now()
    else:
        values |= {"resolution": None, "resolutiondate": None}
    changes = changes_between(site, issue, {key: one for key, one in values.items() if key != "resolutiondate"})
    site.update(issue, author.account_id, values, changes)


def force_status(site: Site, author: User, issue: Issue, status: str) -> None:
    """Put an issue into a status as a person clicking through the board would, however many hops away."""
    steps = next((one for one in workflow_of(issue.type).transitions if one.to == status), None)
    if steps is not None and issue.values["status"] != STATUSES_BY_ID[status].id:
        transit(site, author, issue, steps, Edit(fields={"resolution": {"id": RESOLUTIONS[0][0]}}))


def add_link(site: Site, author: User, type_id: str, source: Issue, target: Issue) -> None:
    """Link two issues; both count as updated."""
    before = len(site.links)
    site.link(type_id, source, target)
    if len(site.links) > before:
        for issue, other in ((source, target), (target, source)):
            change = Change(field="Link", before=None, before_text=None, after=other.key, after_text=other.key)
            site.update(issue, author.account_id, {}, (change,))


def find_link_type(value: object) -> str:
    """Return the id of the link type an `{"id": …}` or `{"name": …}` names."""
    wanted = value if isinstance(value, Mapping) else {}
    for number, name, *_ in LINK_TYPES:
        if wanted.get("id") == number or wanted.get("name") == name:
            return number
    raise JiraProblem(404, f"No issue link type with name '{wanted.get('name')}' found.")


def _place_of(site: Site, fields: Mapping[str, Any]) -> tuple[Project, IssueType]:
    errors: dict[str, str] = {}
    for field, find in (("project", lambda one: find_project(site, one)), ("issuetype", find_type)):
        try:
            find(fields.get(field))
        except JiraProblem as problem:
            errors |= problem.errors
    if errors:
        raise JiraProblem(400, errors=errors)
    return find_project(site, fields["project"]), find_type(fields["issuetype"])


def _read(
    place: Place, now: Mapping[str, Any], edit: Edit, extra: frozenset[str] | set[str] = frozenset()
) -> tuple[Json, list[tuple[str, Issue, bool]]]:
    """Return the stored values an edit asks for, and its links; raises one 400 with every field's error."""
    values: Json = {}
    links: list[tuple[str, Issue, bool]] = []
    errors: dict[str, str] = {}
    for name in {**edit.fields, **edit.update}:
        field = place.site.fields.get(name)
        allowed = field is not None and (on_screen(field, place.type) or name in extra)
        if name in edit.fields and name in edit.update:
            errors[name] = f"Field '{name}' cannot appear in both 'fields' and 'update'"
        elif field is None or not allowed or not _fits(place, field, name, now, edit):
            errors[name] = off_screen(name)
        else:
            try:
                if name in edit.fields:
                    wanted = coerce(place, field, edit.fields[name])
                    is_sprint = field.kind is FieldKind.SPRINT
                    values[name] = joined(place.site.sprints, now.get(name) or (), wanted) if is_sprint else wanted
                elif field.kind is FieldKind.LINKS:
                    links += [_link_wanted(place.site, one) for one in edit.update[name]]
                else:
                    values[name] = _updated(place, field, now.get(name), edit.update[name])
            except JiraProblem as problem:
                if not problem.errors:
                    raise
                errors |= problem.errors
    if errors:
        raise JiraProblem(400, errors=errors)
    return values, links


def _fits(place: Place, field: FieldDef, name: str, now: Mapping[str, Any], edit: Edit) -> bool:
    """Say whether a field may be given this way: links by verbs only, another project never in an edit."""
    if field.kind is FieldKind.LINKS:
        return name in edit.update
    return name != "project" or not now or find_project(place.site, edit.fields.get(name)) is place.project


def _updated(place: Place, field: FieldDef, now: Any, verbs: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - stored form
    """Apply `set`, `add` and `remove` one after the other."""
    value = now
    for verb in verbs:
        name, wanted = next(iter(verb.items()), ("", None))
        if name == "set":
            value = coerce(place, field, wanted)
        elif name in {"add", "remove"} and field.kind in LIST_KINDS:
            member = coerce_member(place, field, wanted)
            others = [one for one in value or () if one != member]
            value = [*others, member] if name == "add" else others
        else:
            raise JiraProblem(400, errors={field.id: f"Operation '{name}' is not supported for this field"})
    return sorted(value) if field.kind is FieldKind.LABELS and value else value


def _link_wanted(site: Site, verb: Mapping[str, Any]) -> tuple[str, Issue, bool]:
    """Return type, other issue, and whether the other is the outward end of a link to add."""
    wanted = verb.get("add")
    if not isinstance(wanted, Mapping):
        raise JiraProblem(400, errors={"issuelinks": "Only the add operation is supported for this field"})
    outward = "outwardIssue" in wanted
    end = wanted.get("outwardIssue") or wanted.get("inwardIssue")
    other = end if isinstance(end, Mapping) else {}
    return find_link_type(wanted.get("type")), site.find_issue(str(other.get("id") or other.get("key"))), outward


def _add_links(site: Site, issue: Issue, links: list[tuple[str, Issue, bool]]) -> None:
    for type_id, other, outward in links:
        source, target = (issue, other) if outward else (other, issue)
        add_link(site, site.users[issue.values["creator"]], type_id, source, target)


def _properties(edit: Edit) -> Json:
    for one in edit.properties:
        check_property(one.key, one.value)
    return {one.key: one.value for one in edit.properties}


def check_property(key: str, value: object) -> None:
    """Raise the 400 for a property that is too large, or whose key is."""
    if not key or len(key) > 255:  # noqa: PLR2004 - Jira's limit
        raise JiraProblem(400, "The property key must be between 1 and 255 characters.")
    if len(json.dumps(value)) > MAX_PROPERTY:
        raise JiraProblem(400, f"The property value exceeds the limit of {MAX_PROPERTY} characters.")
