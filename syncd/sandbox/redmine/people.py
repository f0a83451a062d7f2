"""What people do to the site by hand: edit, add, delete, and look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from syncd.errors import ConfigError
from syncd.sandbox.redmine.access import may_edit_note
from syncd.sandbox.redmine.edits import create_issue, update_issue
from syncd.sandbox.redmine.problems import RedmineProblem
from syncd.sandbox.redmine.schema import PRIORITIES, STATUSES, TRACKERS
from syncd.sandbox.redmine.seed import ADMIN
from syncd.sandbox.redmine.showing import show_issue, show_note, show_version
from syncd.sandbox.redmine.state import Issue, Journal, Json, Site, User, Version
from syncd.sandbox.redmine.versions import create_version, update_version
from syncd.sandbox.standin import unknown

WHERE: Final = "redmine"
_VERSION_FIELDS: Final = {
    "title": "name",
    "name": "name",
    "description": "description",
    "status": "status",
    "due_on": "due_date",
    "due_date": "due_date",
    "sharing": "sharing",
}
_NICKNAMES: Final = {
    "title": "subject",
    "due_on": "due_date",
    "start_on": "start_date",
    "type": "tracker",
    "assignee": "assigned_to",
    "version": "fixed_version",
}
_PLAIN: Final = frozenset(
    {"subject", "description", "start_date", "due_date", "estimated_hours", "done_ratio", "is_private", "notes"}
)


@dataclass(frozen=True, slots=True)
class Note:
    """A comment: a journal of an issue."""

    issue: Issue
    journal: Journal


Found: TypeAlias = Issue | Version | Note
"""Whatever people can name."""


def find_person(site: Site, name: str | None) -> User:
    """Return an account by name, mail address, login or id; the admin when *name* is `None`."""
    if name is None:
        return site.users[ADMIN]
    for user in site.users.values():
        if name.casefold() in {user.name.casefold(), user.mail, user.login, str(user.id)}:
            return user
    raise unknown("person", name, (user.login for user in site.users.values()), where=WHERE)


def find_item(site: Site, key: str) -> Found:
    """Return an issue (`#7`, `7`), a note of it (`#7-2`, `7/15`) or a version (`eng/NAME`, a name, `version:3`)."""
    number, _, note = key.removeprefix("#").replace("/", "-").partition("-")
    if number.isdecimal() and int(number) in site.issues and (not note or note.isdecimal()):
        issue = site.issues[int(number)]
        if not note:
            return issue
        for place, journal in enumerate(issue.journals, 1):
            if int(note) == (place if key.startswith("#") else journal.id):
                return Note(issue, journal)
    named = [one for one in site.versions.values() if key in {f"version:{one.id}", one.name, version_key(site, one)}]
    if len(named) == 1:
        return named[0]
    if named:
        fix = f"use one of: {', '.join(version_key(site, one) for one in named)}"
        raise ConfigError(f'several versions are called "{key}"', where=WHERE, fix=fix)
    names = [*(f"#{one}" for one in site.issues), *(version_key(site, one) for one in site.versions.values())]
    raise unknown("item", key, names, where=WHERE)


def version_key(site: Site, version: Version) -> str:
    """Return what people call a version."""
    return f"{site.projects[version.project_id].identifier}/{version.name}"


def set_field(site: Site, key: str, field: str, value: object, author: User) -> Json:
    """Edit one field of an issue, a version or a note, and return the item."""
    item = find_item(site, key)
    where = f"{WHERE}:{key} {field}"
    try:
        if isinstance(item, Version):
            if field not in _VERSION_FIELDS:
                raise unknown("field", field, _VERSION_FIELDS, where=f"{WHERE}:{key}")
            update_version(site, item, {_VERSION_FIELDS[field]: value})
            item = site.versions[item.id]
        elif isinstance(item, Note):
            _rewrite(site, item, value, author, where)
        elif field == "spent_hours":
            item.spent_hours = float(str(value))
        else:
            _edit(site, item, field, value, author)
    except RedmineProblem as problem:
        raise refused(problem, where) from problem
    return show(site, item)


def add_item(site: Site, kind: str, container: str, fields: Mapping[str, object], author: User) -> Json:
    """Make a version or an issue of tracker *kind* in project *container*, or a comment on the issue *container*."""
    where = f"{WHERE}:{container} {kind}"
    try:
        if kind.casefold() == "comment":
            return _say(site, container, fields, author)
        project = site.project(container)
        if kind.casefold() == "version":
            named = {_VERSION_FIELDS.get(name, name): value for name, value in fields.items()}
            return show(site, create_version(site, project, named))
        tracker = _number_of(TRACKERS, kind, "tracker")
        asked: Json = {"project_id": project.id, "tracker_id": tracker, "subject": fields.get("title")}
        issue = create_issue(site, author, asked)
    except RedmineProblem as problem:
        if problem.status == 404:  # noqa: PLR2004 - HTTP
            known = [one.identifier for one in site.projects.values()]
            raise unknown("project", container, known, where=WHERE) from problem
        raise refused(problem, where) from problem
    for name, value in fields.items():
        if name != "title":
            set_field(site, f"#{issue.id}", name, value, author)
    return show(site, issue)


def show(site: Site, item: Found) -> Json:
    """Return an item as a person reads it."""
    if isinstance(item, Note):
        return show_note(site, item.issue, item.journal)
    if isinstance(item, Version):
        return {"key": version_key(site, item)} | show_version(site, item)
    return show_issue(site, item)


def refused(problem: RedmineProblem, where: str) -> ConfigError:
    """Return what the site would tell a person who tries that."""
    said = "; ".join(problem.errors or ()) or f"HTTP {problem.status}"
    return ConfigError(f"Redmine refuses: {said}", where=where, fix="give a value its form would take")


def _edit(site: Site, issue: Issue, field: str, value: object, author: User) -> None:
    """Edit an issue; what Redmine would drop without a word is told to a person."""
    name = _NICKNAMES.get(field, field)
    asked = _worded(site, issue, name, value)
    update_issue(site, author, issue, asked)
    wanted = {"status_id": issue.status_id, "tracker_id": issue.tracker_id, "project_id": issue.project_id}
    for one, now in wanted.items():
        if one in asked and asked[one] != now:
            raise ConfigError(
                f'Redmine does not offer {field} "{value}" here',
                where=f"{WHERE}:#{issue.id}",
                fix="close what it waits for or what is below it, or take a step that its workflow knows",
            )


def _worded(site: Site, issue: Issue, name: str, value: object) -> Json:
    """Return what a person typed as a write wants it: ids for names."""
    if name in _PLAIN:
        return {name: value}
    text = "" if value is None else str(value)
    readers: dict[str, tuple[str, Callable[[str], Any]]] = {
        "status": ("status_id", lambda one: _number_of(STATUSES, one, "status")),
        "priority": ("priority_id", lambda one: _number_of(PRIORITIES, one, "priority")),
        "tracker": ("tracker_id", lambda one: _number_of(TRACKERS, one, "tracker")),
        "assigned_to": ("assigned_to_id", lambda one: find_person(site, one).id),
        "project": ("project_id", lambda one: _number_of(_projects(site), one, "project")),
        "parent": ("parent_issue_id", lambda one: one.removeprefix("#")),
        "fixed_version": ("fixed_version_id", lambda one: _version_number(site, one)),
        "category": ("category_id", lambda one: _number_of(_categories(site, issue), one, "category")),
    }
    if name in readers:
        attribute, read = readers[name]
        return {attribute: read(text) if text else ""}
    for custom in site.customs_of(issue):
        if name.casefold() in {custom.name.casefold(), f"cf_{custom.id}"}:
            several = [part.strip() for part in text.split(",")] if isinstance(value, str) else value
            return {"custom_fields": [{"id": custom.id, "value": several if custom.multiple else value}]}
    names = [*_PLAIN, *readers, *_NICKNAMES, *(one.name for one in site.customs_of(issue))]
    raise unknown("field", name, names, where=f"{WHERE}:#{issue.id}")


def _number_of(names: Mapping[int, str], name: str, what: str) -> int:
    for number, known in names.items():
        if name.casefold() in {known.casefold(), str(number)}:
            return number
    raise unknown(what, name, names.values(), where=WHERE)


def _projects(site: Site) -> dict[int, str]:
    return {one.id: one.identifier for one in site.projects.values()}


def _categories(site: Site, issue: Issue) -> dict[int, str]:
    return {one.id: one.name for one in site.categories.values() if one.project == issue.project_id}


def _version_number(site: Site, name: str) -> int:
    found = find_item(site, name)
    if not isinstance(found, Version):
        raise unknown("version", name, (one.name for one in site.versions.values()), where=WHERE)
    return found.id


def _say(site: Site, key: str, fields: Mapping[str, object], author: User) -> Json:
    """Add a note to an issue; `private` keeps it from who may not see such."""
    issue, body = find_item(site, key), str(fields.get("body", ""))
    if not isinstance(issue, Issue) or not body.strip():
        raise ConfigError("a comment wants an issue and a text", where=f"{WHERE}:{key} comment", fix="give a body")
    update_issue(site, author, issue, {"notes": body, "private_notes": bool(fields.get("private"))})
    return show_note(site, issue, issue.journals[-1])


def _rewrite(site: Site, note: Note, value: object, author: User, where: str) -> None:
    """Change a note; nothing else moves. An empty one goes for good."""
    if not may_edit_note(author, note.journal, site.projects[note.issue.project_id]):
        raise ConfigError(f"{author.name} may not change this note", where=where, fix="let its author do it")
    note.journal.notes = str(value)
    if not note.journal.notes.strip() and not note.journal.details:
        note.issue.journals.remove(note.journal)
