"""What people do to the site by hand: edit, add, delete, archive, and look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from syncd.errors import ConfigError
from syncd.sandbox.jira.adf import from_markdown, to_text
from syncd.sandbox.jira.comments import Comment, add_comment, edit_comment, find_comment
from syncd.sandbox.jira.edits import Edit, create_issue, edit_issue, force_status, on_screen
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.render import PRIORITY_NAMES, RESOLUTION_NAMES
from syncd.sandbox.jira.schema import STATUSES_BY_ID, FieldDef, FieldKind
from syncd.sandbox.jira.seed import ADMIN
from syncd.sandbox.jira.state import Issue, Json, Site, User, Version
from syncd.sandbox.jira.versions import VersionEdit, apply, new_version
from syncd.sandbox.jira.workflow import workflow_of
from syncd.sandbox.standin import unknown

_WHERE: Final = "jira"
Found: TypeAlias = Issue | Version | Comment
"""Whatever people can name."""
_VERSION_FIELDS: Final = {
    "name": "name",
    "title": "name",
    "description": "description",
    "start_on": "startDate",
    "due_on": "releaseDate",
    "released": "released",
    "archived": "archived",
}
_NICKNAMES: Final = {"title": "summary", "due_on": "duedate", "type": "issuetype", "fix_versions": "fixVersions"}


def find_person(site: Site, name: str | None) -> User:
    """Return a user by name, e-mail, handle or account id; the admin when *name* is `None`."""
    if name is None:
        return site.users[ADMIN]
    for user in site.users.values():
        handle = user.account_id.partition(":")[2]
        if name.casefold() in {user.name.casefold(), user.email, user.account_id, handle}:
            return user
    raise unknown("person", name, (user.account_id.partition(":")[2] for user in site.users.values()), where=_WHERE)


def find_item(site: Site, key: str) -> Found:
    """Return an issue (`PMO-7`, id), its comment (`PMO-7#c10050`, id) or a version (id, `PROJECT/NAME`, a name)."""
    try:
        return site.find_issue(key)
    except JiraProblem:
        pass
    try:
        return find_comment(site, key.rpartition("#c")[2])
    except JiraProblem:
        pass
    project, _, name = key.partition("/")
    named = [one for one in site.versions.values() if one.name == key or (one.project, one.name) == (project, name)]
    if key in site.versions:
        return site.versions[key]
    if len(named) == 1:
        return named[0]
    if named:
        fix = f"use one of: {', '.join(f'{one.project}/{one.name}' for one in named)}"
        raise ConfigError(f'several versions are called "{key}"', where=_WHERE, fix=fix)
    names = [
        *(one.key for one in site.issues.values()),
        *(f"{one.project}/{one.name}" for one in site.versions.values()),
    ]
    raise unknown("item", key, names, where=_WHERE)


def set_field(site: Site, key: str, field: str, value: object, author: User) -> Json:
    """Edit one field of an issue or a version, and return the item."""
    item = find_item(site, key)
    try:
        if isinstance(item, Version):
            name = _VERSION_FIELDS.get(field) or next((one for one in _VERSION_FIELDS.values() if one == field), None)
            if name is None:
                raise unknown("field", field, _VERSION_FIELDS, where=f"{_WHERE}:{key}")
            apply(site, item, VersionEdit.model_validate({name: _flag(name, value)}))
        elif isinstance(item, Comment):
            item = _rewrite(site, item, field, value, author)
        elif field.casefold() == "status":
            force_status(site, author, item, _status(item, str(value)))
        elif field.casefold() == "project":
            move_issue(site, item, str(value), author)
        else:
            found = _field(site, item, field)
            edit_issue(site, author, item, Edit(fields={found.id: _worded(site, found, value)}))
    except JiraProblem as problem:
        raise refused(problem, f"{_WHERE}:{key} {field}") from problem
    return show_item(site, item)


def move_issue(site: Site, issue: Issue, project: str, author: User) -> None:
    """Move an issue to another project: its key changes, its id stays."""
    if project not in site.projects:
        raise unknown("project", project, site.projects, where=f"{_WHERE}:{issue.key}")
    if project != issue.project:
        site.move(issue, site.projects[project], author.account_id)


def add_item(site: Site, kind: str, container: str, fields: Mapping[str, object], author: User) -> Json:
    """Make a version or an issue of type *kind* in project *container*, or a comment on the issue *container*."""
    if kind.casefold() == "comment":
        return _say(site, container, fields, author)
    if container not in site.projects:
        raise unknown("project", container, site.projects, where=_WHERE)
    try:
        if kind.casefold() == "version":
            named = {_VERSION_FIELDS.get(key, key): value for key, value in fields.items()}
            return show_item(site, new_version(site, site.projects[container], VersionEdit.model_validate(named)))
        start: Json = {"project": {"key": container}, "issuetype": {"name": kind}, "summary": fields.get("title")}
        parent = fields.get("parent")
        if parent:
            start["parent"] = {"key": parent}
        issue = create_issue(site, author, Edit(fields=start))
    except JiraProblem as problem:
        raise refused(problem, f"{_WHERE}:{container} {kind}") from problem
    for name, value in fields.items():
        if name not in {"title", "parent"}:
            set_field(site, issue.key, name, value, author)
    return show_item(site, issue)


def show_item(site: Site, item: Found) -> Json:
    """Return an item as a person reads it: names for ids, text for documents."""
    if isinstance(item, Version):
        return {
            "key": f"{item.project}/{item.name}",
            "id": item.id,
            "type": "version",
            "name": item.name,
            "description": item.description,
            "start_on": item.start,
            "due_on": item.release,
            "released": item.released,
            "archived": item.archived,
        }
    if isinstance(item, Comment):
        return _readable_comment(site, item)
    told: Json = {"key": item.key, "id": str(item.id), "type": item.type.name, "archived": item.archived}
    for field in site.fields.values():
        value = item.values.get(field.id)
        if value not in (None, [], ()) and field.id not in {"issuetype", "creator"}:
            told[field.name if field.is_custom else field.id] = _readable(site, field, value)
    links = [link for link in site.links_of(item.id) if link.target == item.id]
    if links:
        told["blocked by"] = [site.issues[link.source].key for link in links]
    if item.properties:
        told["properties"] = item.properties
    return told


def show_all(site: Site) -> list[Json]:
    """Return a line on every issue and version."""
    issues = [
        {
            "key": one.key,
            "type": one.type.name,
            "title": one.values["summary"],
            "status": STATUSES_BY_ID[one.values["status"]].name,
            "due_on": one.values.get("duedate") or one.values.get("customfield_10022"),
        }
        for one in site.issues.values()
    ]
    versions = [
        {"key": f"{one.project}/{one.name}", "type": "version", "title": one.name, "due_on": one.release}
        for one in site.versions.values()
    ]
    return [*issues, *versions]


def refused(problem: JiraProblem, where: str) -> ConfigError:
    """Return what the site would tell a person who tries that."""
    said = "; ".join([*problem.messages, *(f"{field}: {text}" for field, text in problem.errors.items())])
    return ConfigError(f"Jira refuses: {said}", where=where, fix="give a value its screen would take")


def _say(site: Site, key: str, fields: Mapping[str, object], author: User) -> Json:
    """Comment on an issue; `role` restricts it to a project role, `internal` hides it from customers."""
    issue = find_item(site, key)
    body = from_markdown(str(fields.get("body", "")))
    if not isinstance(issue, Issue) or body is None:
        raise ConfigError("a comment wants an issue and a text", where=f"{_WHERE}:{key} comment", fix="give a body")
    role = fields.get("role")
    restricted = {"type": "role", "value": str(role), "identifier": str(role)} if role else None
    made = add_comment(site, author, issue, body, visibility=restricted, is_public=not fields.get("internal"))
    return show_item(site, made)


def _rewrite(site: Site, comment: Comment, field: str, value: object, author: User) -> Comment:
    """Change a comment's text, or restrict it to a `role` from now on."""
    body, restricted = comment.body, comment.visibility
    if field == "body":
        body = from_markdown(str(value)) or body
    elif field == "role":
        restricted = {"type": "role", "value": str(value), "identifier": str(value)}
    else:
        raise unknown("field", field, ("body", "role"), where=f"{_WHERE}:{comment.id}")
    return edit_comment(site, author, comment, body=body, properties={}, visibility=restricted)


def _readable_comment(site: Site, comment: Comment) -> Json:
    told: Json = {
        "key": f"{site.issues[comment.issue].key}#c{comment.id}",
        "id": str(comment.id),
        "type": "comment",
        "author": site.users[comment.author].name,
        "body": to_text(comment.body),
        "created_at": comment.created.isoformat(),
    }
    return told | {"properties": dict(comment.properties)} if comment.properties else told


def _field(site: Site, issue: Issue, name: str) -> FieldDef:
    wanted = _NICKNAMES.get(name, name).casefold()
    settable = [one for one in site.fields.values() if on_screen(one, issue.type) and one.kind is not FieldKind.LINKS]
    for field in settable:
        if wanted in {field.id.casefold(), field.name.casefold()}:
            return field
    names = ["status", *_NICKNAMES, *(one.name if one.is_custom else one.id for one in settable)]
    raise unknown("field", name, names, where=f"{_WHERE}:{issue.key}")


def _status(issue: Issue, name: str) -> str:
    allowed = {STATUSES_BY_ID[one].name: one for one in workflow_of(issue.type).statuses}
    for status, number in allowed.items():
        if name.casefold() in {status.casefold(), number}:
            return number
    raise unknown("status", name, allowed, where=f"{_WHERE}:{issue.key}")


def _worded(site: Site, field: FieldDef, value: object) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return what a person typed as the API wants it: names for people, text for documents, lists of names."""
    if isinstance(value, str) and field.kind in {FieldKind.ADF, FieldKind.NUMBER}:
        return from_markdown(value) if field.kind is FieldKind.ADF else _number(field, value)
    if value in (None, "") or isinstance(value, dict):
        return value or None
    words: dict[FieldKind, Callable[[], object]] = {
        FieldKind.USER: lambda: {"accountId": find_person(site, str(value)).account_id},
        FieldKind.OPTION: lambda: {"value": str(value)},
        FieldKind.OPTIONS: lambda: [{"value": one} for one in _names(value)],
        FieldKind.VERSIONS: lambda: [{"name": one} for one in _names(value)],
        FieldKind.COMPONENTS: lambda: [{"name": one} for one in _names(value)],
        FieldKind.LABELS: lambda: _names(value),
        FieldKind.PRIORITY: lambda: {"name": str(value).capitalize()},
        FieldKind.TYPE: lambda: {"name": str(value)},
        FieldKind.SPRINT: lambda: _sprint_number(site, str(value)),
        FieldKind.PARENT: lambda: {"id": str(find_item(site, str(value)).id)},
    }
    return words[field.kind]() if field.kind in words else value


def _sprint_number(site: Site, name: str) -> int:
    for sprint in site.sprints.values():
        if name in {sprint.name, str(sprint.id)}:
            return sprint.id
    raise unknown("sprint", name, (one.name for one in site.sprints.values()), where=_WHERE)


def _names(value: object) -> list[str]:
    members = value if isinstance(value, list) else str(value).split(",")
    return [str(one).strip() for one in members if str(one).strip()]


def _number(field: FieldDef, value: str) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        raise ConfigError(f'"{value}" is not a number', where=f"{_WHERE}: {field.name}", fix="write 3 or 2.5") from None


def _flag(name: str, value: object) -> object:
    if name in {"released", "archived"}:
        return value if isinstance(value, bool) else str(value).casefold() in {"true", "yes", "1"}
    return value


def _readable(site: Site, field: FieldDef, value: Any) -> object:  # noqa: ANN401 - any stored form
    readers: dict[FieldKind, Callable[[Any], object]] = {
        FieldKind.ADF: to_text,
        FieldKind.USER: lambda one: site.users[one].name,
        FieldKind.STATUS: lambda one: STATUSES_BY_ID[one].name,
        FieldKind.PRIORITY: lambda one: PRIORITY_NAMES[one],
        FieldKind.RESOLUTION: lambda one: RESOLUTION_NAMES[one],
        FieldKind.PARENT: lambda one: site.issues[one].key,
        FieldKind.INSTANT: lambda one: one.isoformat(),
        FieldKind.VERSIONS: lambda many: [site.versions[one].name for one in many],
        FieldKind.COMPONENTS: lambda many: [site.components[one].name for one in many],
        FieldKind.SPRINT: lambda many: [site.sprints[one].name for one in many],
        FieldKind.COMMENTS: lambda many: [_readable_comment(site, one) for one in many],
        FieldKind.OPTION: lambda one: _option_name(field, one),
        FieldKind.OPTIONS: lambda many: [_option_name(field, one) for one in many],
    }
    return readers[field.kind](value) if field.kind in readers else value


def _option_name(field: FieldDef, number: str) -> str:
    return next(option.value for option in field.options if option.id == number)
