"""What the site holds: people, projects, issues with their journals, versions, relations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from syncd.sandbox.redmine.problems import missing
from syncd.sandbox.redmine.schema import CLOSING, CUSTOM_FIELDS, TRACKERS, FieldDef
from syncd.sandbox.webhooks import Registry
from syncd.world import World

Json = dict[str, Any]
Customs = dict[int, Any]
"""A custom field's value by its id: text, a list of texts, or `None`."""

PROJECT_OPEN, PROJECT_CLOSED, PROJECT_ARCHIVED = 1, 5, 9
JOURNALED: Final = (
    "project_id",
    "tracker_id",
    "subject",
    "description",
    "due_date",
    "category_id",
    "status_id",
    "assigned_to_id",
    "priority_id",
    "fixed_version_id",
    "start_date",
    "done_ratio",
    "estimated_hours",
    "parent_id",
    "is_private",
)
"""The attributes of an issue whose changes a journal tells, by their names there."""


@dataclass(slots=True, kw_only=True)
class User:
    """An account; others but administrators see the mail address only if *mail_shown*."""

    id: int
    login: str
    firstname: str
    lastname: str
    mail: str
    key: str = ""
    """Its API access key."""
    mail_shown: bool = True
    admin: bool = False

    @property
    def name(self) -> str:
        """The name as people read it."""
        return f"{self.firstname} {self.lastname}".strip()


@dataclass(slots=True, kw_only=True)
class Project:
    """A project; *members* are the roles of each account in it."""

    id: int
    identifier: str
    name: str
    parent: int | None = None
    status: int = PROJECT_OPEN
    is_public: bool = True
    trackers: tuple[int, ...] = tuple(TRACKERS)
    members: dict[int, set[int]] = field(default_factory=dict)
    created: datetime
    updated: datetime


@dataclass(slots=True, kw_only=True)
class Category:
    """A category of one project's issues."""

    id: int
    project: int
    name: str


@dataclass(slots=True, kw_only=True)
class Version:
    """A version of one project, which others may use as its *sharing* says."""

    id: int
    project_id: int
    name: str
    description: str = ""
    status: str = "open"
    due_date: str | None = None
    sharing: str = "none"
    customs: Customs = field(default_factory=dict)
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One change that a journal tells."""

    property: str
    name: str
    old: str | None
    new: str | None


@dataclass(slots=True, kw_only=True)
class Journal:
    """One edit of an issue, or what somebody noted."""

    id: int
    user: int
    created: datetime
    notes: str = ""
    private: bool = False
    details: tuple[Detail, ...] = ()


@dataclass(slots=True, kw_only=True)
class Issue:
    """An issue; its attributes have the names that journals give them."""

    id: int
    project_id: int
    tracker_id: int
    author_id: int
    status_id: int
    priority_id: int
    subject: str = ""
    description: str | None = None
    assigned_to_id: int | None = None
    category_id: int | None = None
    fixed_version_id: int | None = None
    parent_id: int | None = None
    start_date: str | None = None
    due_date: str | None = None
    estimated_hours: float | None = None
    done_ratio: int = 0
    is_private: bool = False
    spent_hours: float = 0.0
    customs: Customs = field(default_factory=dict)
    journals: list[Journal] = field(default_factory=list)
    lock_version: int = 0
    created: datetime
    updated: datetime
    closed: datetime | None = None

    @property
    def is_closed(self) -> bool:
        """Whether its status counts as closed."""
        return self.status_id in CLOSING


@dataclass(slots=True, kw_only=True)
class Relation:
    """A relation as it is kept: from the end that blocks, precedes, duplicates."""

    id: int
    issue_id: int
    issue_to_id: int
    type: str
    delay: int | None = None


class Site:
    """One Redmine site. Its lists come straight from the tables: a write shows in them at once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.founded = world.now()
        self.derives = True
        """Whether a parent has its dates, priority and done ratio from its children."""
        self.users: dict[int, User] = {}
        self.projects: dict[int, Project] = {}
        self.categories: dict[int, Category] = {}
        self.versions: dict[int, Version] = {}
        self.issues: dict[int, Issue] = {}
        self.relations: dict[int, Relation] = {}
        self.fields: dict[int, FieldDef] = {one.id: one for one in CUSTOM_FIELDS}
        """The custom fields as the administrators have them now."""
        self._children: dict[int, set[int]] = {}
        self._last: Counter[str] = Counter()
        self.webhooks = Registry()

    def new_id(self, table: str) -> int:
        """Return the next number of that table, which has a counter of its own."""
        self._last[table] += 1
        return self._last[table]

    def now(self) -> datetime:
        """Return the present moment, in the microseconds the database keeps."""
        return self.world.now()

    def issue(self, number: int) -> Issue:
        """Return an issue, or raise the 404."""
        if number not in self.issues:
            raise missing()
        return self.issues[number]

    def version(self, number: int) -> Version:
        """Return a version, or raise the 404."""
        if number not in self.versions:
            raise missing()
        return self.versions[number]

    def project(self, identifier: str) -> Project:
        """Return a project by identifier or id, or raise the 404."""
        for project in self.projects.values():
            if identifier in {project.identifier, str(project.id)}:
                return project
        raise missing()

    def customs_of(self, issue: Issue) -> list[FieldDef]:
        """Return the custom fields that an issue has."""
        return [one for one in self.fields.values() if one.on == "issue" and issue.tracker_id in one.trackers]

    def customs_of_versions(self) -> list[FieldDef]:
        """Return the custom fields that versions have."""
        return [one for one in self.fields.values() if one.on == "version"]

    def drop_field(self, name: str) -> None:
        """Delete custom fields of that name, with all they held."""
        gone = {number for number, one in self.fields.items() if one.name == name}
        self.fields = {number: one for number, one in self.fields.items() if number not in gone}
        for customs in (
            *(one.customs for one in self.issues.values()),
            *(one.customs for one in self.versions.values()),
        ):
            for number in gone & customs.keys():
                del customs[number]

    def ancestors(self, project: Project) -> Iterator[Project]:
        """Yield a project and what it is below, nearest first."""
        yield project
        while project.parent is not None:
            project = self.projects[project.parent]
            yield project

    def is_below(self, project: Project, top: Project) -> bool:
        """Whether a project is *top* or somewhere below it."""
        return any(one.id == top.id for one in self.ancestors(project))

    def root(self, project: Project) -> Project:
        """Return the project at the top of the tree that this one is in."""
        return list(self.ancestors(project))[-1]

    def children_of(self, issue: int) -> list[Issue]:
        """Return the issues directly below one, oldest first."""
        return [self.issues[child] for child in sorted(self._children.get(issue, ()))]

    def adopt(self, issue: Issue, before: int | None, *, gone: bool = False) -> None:
        """Keep the lists of children in step with an issue's parent."""
        if before is not None:
            self._children.get(before, set()).discard(issue.id)
        if issue.parent_id is not None and not gone:
            self._children.setdefault(issue.parent_id, set()).add(issue.id)

    def parents_of(self, issue: Issue) -> Iterator[Issue]:
        """Yield the issues above one, nearest first."""
        above = issue.parent_id
        while above is not None:
            issue = self.issues[above]
            yield issue
            above = issue.parent_id

    def relations_of(self, issue: int) -> list[Relation]:
        """Return the relations at either end of an issue, oldest first."""
        return [one for one in self.relations.values() if issue in {one.issue_id, one.issue_to_id}]

    def journal(self, number: int) -> tuple[Issue, Journal]:
        """Return a journal with its issue, or raise the 404."""
        for issue in self.issues.values():
            for journal in issue.journals:
                if journal.id == number:
                    return issue, journal
        raise missing()
