"""What the site holds: people, projects, issues, versions, links, and the lagging search index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from syncd.sandbox.jira.problems import JiraProblem, missing_issue
from syncd.sandbox.jira.schema import FIELDS_BY_ID, TYPES_BY_ID, FieldDef, IssueType
from syncd.sandbox.jira.sprints import Board, Sprint
from syncd.sandbox.jira.tokens import Tokens
from syncd.sandbox.webhooks import CREATED, DELETED, UPDATED, Registry
from syncd.world import World

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class User:
    """A person or robot; others see the e-mail only if *email_shown*."""

    account_id: str
    name: str
    email: str
    email_shown: bool
    zone_name: str = "Etc/UTC"
    active: bool = True

    @property
    def zone(self) -> ZoneInfo:
        """The profile's time zone, in which JQL dates are read and times are printed."""
        return ZoneInfo(self.zone_name)


@dataclass(slots=True, kw_only=True)
class Project:
    """A project; *editable* false refuses every edit with 403."""

    id: int
    key: str
    name: str
    lead: str
    next_number: int = 1
    editable: bool = True


@dataclass(slots=True, kw_only=True)
class Component:
    """A component of one project."""

    id: str
    project: str
    name: str


@dataclass(slots=True, kw_only=True)
class Version:
    """A version of one project; dates are plain `YYYY-MM-DD`."""

    id: str
    project: str
    name: str
    description: str = ""
    start: str | None = None
    release: str | None = None
    released: bool = False
    archived: bool = False


@dataclass(slots=True, kw_only=True)
class Link:
    """*source* blocks (relates to, …) *target*: the outward end is the target."""

    id: str
    type: str
    source: int
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of one history entry."""

    field: str
    before: str | None
    before_text: str | None
    after: str | None
    after_text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One edit of one issue."""

    id: int
    author: str
    at: datetime
    changes: tuple[Change, ...]


@dataclass(slots=True, kw_only=True)
class Issue:
    """
    An issue. *values* holds stored forms by field id: ids, plain dates, ADF documents; never edited in place.

    *snapshots* are what the search index holds: from when, and the values (`None`: nothing).
    """

    id: int
    key: str
    values: Json
    properties: Json = field(default_factory=dict)
    history: list[History] = field(default_factory=list)
    snapshots: list[tuple[datetime, str, Json]] = field(default_factory=list)
    archived: bool = False

    @property
    def type(self) -> IssueType:
        """Its issue type."""
        return TYPES_BY_ID[self.values["issuetype"]]

    @property
    def project(self) -> str:
        """Its project's key."""
        return str(self.values["project"])


class Site:
    """One Jira site. All reading by id is immediate; only `indexed` lags."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.index_lag_s = 0.0
        self.fields: dict[str, FieldDef] = dict(FIELDS_BY_ID)
        """The fields as the administrators have them now."""
        self.users: dict[str, User] = {}
        self.projects: dict[str, Project] = {}
        self.components: dict[str, Component] = {}
        self.versions: dict[str, Version] = {}
        self.boards: dict[int, Board] = {}
        self.sprints: dict[int, Sprint] = {}
        self.issues: dict[int, Issue] = {}
        self.links: dict[str, Link] = {}
        self.comments: dict[int, int] = {}
        """Which issue each comment is on; the comments themselves are among the issue's values."""
        self.remote_links: dict[int, list[Any]] = {}
        """By issue; see `remote_links`."""
        self.hidden: set[int] = set()
        """Issues the accounts may not see: 404 by id, absent from search."""
        self.may_manage_versions = True
        self.resolution_required = False
        """Whether the screen of "Done" demands a resolution."""
        self.tokens = Tokens()
        self.webhooks = Registry()
        self._keys: dict[str, int] = {}
        self._children: dict[int, set[int]] = {}
        self._links_of: dict[int, list[str]] = {}
        self._next = 10_000

    def new_id(self) -> int:
        """Return the next number of the site's one counter."""
        self._next += 1
        return self._next

    def now(self) -> datetime:
        """Return the present moment in the milliseconds Jira keeps."""
        now = self.world.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def find_issue(self, id_or_key: str) -> Issue:
        """Return an issue by id, key or former key; raises the 404 for absent and hidden ones alike."""
        number = int(id_or_key) if id_or_key.isdecimal() else self._keys.get(id_or_key.upper(), -1)
        issue = self.issues.get(number)
        if issue is None or number in self.hidden:
            raise missing_issue()
        return issue

    def find_project(self, id_or_key: str) -> Project:
        """Return a project by id or key, or raise the 404."""
        for project in self.projects.values():
            if id_or_key.upper() == project.key or id_or_key == str(project.id):
                return project
        raise JiraProblem(404, f"No project could be found with key '{id_or_key}'.")

    def versions_of(self, project: str) -> list[Version]:
        """Return a project's versions in their order."""
        return [version for version in self.versions.values() if version.project == project]

    def components_of(self, project: str) -> list[Component]:
        """Return a project's components in their order."""
        return [component for component in self.components.values() if component.project == project]

    def children_of(self, issue: int) -> list[Issue]:
        """Return the issues whose parent it is, oldest first."""
        return [self.issues[child] for child in sorted(self._children.get(issue, ()))]

    def links_of(self, issue: int) -> Iterator[Link]:
        """Yield the links at either end of an issue, oldest first."""
        return (self.links[link] for link in self._links_of.get(issue, ()))

    def insert(self, project: Project, values: Json) -> Issue:
        """Add an issue under the project's next key, and index it after the lag."""
        key = f"{project.key}-{project.next_number}"
        project.next_number += 1
        issue = Issue(id=self.new_id(), key=key, values=values)
        self.issues[issue.id] = issue
        self._keys[key] = issue.id
        self._adopt(issue, None)
        self.index(issue)
        self.webhooks.note(CREATED, "issue", issue)
        return issue

    def update(self, issue: Issue, author: str, values: Json, changes: tuple[Change, ...]) -> None:
        """Replace some values, keep history of *changes* (comments have none), and index after the lag."""
        now = self.now()
        before = issue.values.get("parent")
        issue.values = {**issue.values, **values, "updated": now}
        self._adopt(issue, before)
        if changes:
            issue.history.append(History(id=self.new_id(), author=author, at=now, changes=changes))
        self.index(issue)
        if changes or "comment" not in values:
            self.webhooks.note(UPDATED, "issue", issue)

    def move(self, issue: Issue, project: Project, author: str) -> None:
        """Give an issue a key in another project; the id stays and the old key still finds it."""
        key = f"{project.key}-{project.next_number}"
        project.next_number += 1
        change = Change(field="Key", before=None, before_text=issue.key, after=None, after_text=key)
        issue.key = key
        self._keys[key] = issue.id
        self.update(issue, author, {"project": project.key, "fixVersions": [], "components": []}, (change,))

    def delete(self, issue: Issue) -> None:
        """Remove an issue and its links for good; children lose their parent."""
        for child in self.children_of(issue.id):
            child.values = {**child.values, "parent": None}
            self.index(child)
        for link in list(self.links_of(issue.id)):
            self.unlink(link)
        self._adopt(issue, issue.values.get("parent"), gone=True)
        self._children.pop(issue.id, None)
        del self.issues[issue.id]
        self.remote_links.pop(issue.id, None)
        self.comments = {comment: home for comment, home in self.comments.items() if home != issue.id}
        self._keys = {key: number for key, number in self._keys.items() if number != issue.id}
        self.webhooks.note(DELETED, "issue", issue)

    def link(self, type_id: str, source: Issue, target: Issue) -> Link:
        """Add a link, or return the one that says the same."""
        for known in self.links_of(source.id):
            if (known.type, known.source, known.target) == (type_id, source.id, target.id):
                return known
        link = Link(id=str(self.new_id()), type=type_id, source=source.id, target=target.id)
        self.links[link.id] = link
        for end in (source.id, target.id):
            self._links_of.setdefault(end, []).append(link.id)
        self.webhooks.note(CREATED, "link", link)
        return link

    def unlink(self, link: Link) -> None:
        """Remove a link."""
        del self.links[link.id]
        for end in (link.source, link.target):
            self._links_of[end].remove(link.id)
        self.webhooks.note(DELETED, "link", link)

    def rename_field(self, field: str, name: str) -> None:
        """Give a field another name, as an administrator would; its id stays."""
        self.fields[field] = replace(self.fields[field], name=name)

    def drop_field(self, field: str) -> None:
        """Delete a custom field with everything it held."""
        del self.fields[field]
        for issue in self.issues.values():
            self._amend(issue, field, lambda _: None)

    def drop_option(self, field: str, value: str) -> None:
        """Delete an option of a select field; issues that had it have nothing there any more."""
        kept = tuple(one for one in self.fields[field].options if one.value != value)
        gone = {one.id for one in self.fields[field].options} - {one.id for one in kept}
        self.fields[field] = replace(self.fields[field], options=kept)
        for issue in self.issues.values():
            self._amend(issue, field, lambda held: _without(held, gone))

    @staticmethod
    def _amend(issue: Issue, field: str, change: Callable[[object], object]) -> None:
        """Change what an issue and its indexed states hold, without an edit anybody could see."""

        def amended(values: Json) -> Json:
            return {**values, field: change(values[field])} if field in values else values

        issue.values = amended(issue.values)
        issue.snapshots = [(since, key, amended(values)) for since, key, values in issue.snapshots]

    def index(self, issue: Issue) -> None:
        """Let the search index learn the issue's present state after the lag."""
        now = self.now()
        entry = (now + timedelta(seconds=self.index_lag_s), issue.key, issue.values)
        issue.snapshots = [*_from_last_visible(issue.snapshots, now), entry] if self.index_lag_s else [entry]

    def indexed(self, issue: Issue, *, fresh: bool = False) -> tuple[str, Json] | None:
        """Return the key and values the search index holds now; `None` when it does not know the issue yet."""
        if issue.id in self.hidden or issue.archived:
            return None
        if fresh:
            return issue.key, issue.values
        if len(issue.snapshots) > 1:
            issue.snapshots = _from_last_visible(issue.snapshots, self.now())
        visible_at, key, values = issue.snapshots[0]
        return (key, values) if visible_at <= self.now() else None

    def _adopt(self, issue: Issue, before: int | None, *, gone: bool = False) -> None:
        """Keep the children's lists in step with an issue's parent."""
        if before is not None:
            self._children.get(before, set()).discard(issue.id)
        parent = issue.values.get("parent")
        if parent is not None and not gone:
            self._children.setdefault(parent, set()).add(issue.id)


def _without(held: object, gone: set[str]) -> object:
    if isinstance(held, list):
        return [one for one in held if one not in gone]
    return None if held in gone else held


def _from_last_visible(snapshots: list[tuple[datetime, str, Json]], now: datetime) -> list[tuple[datetime, str, Json]]:
    """Drop what newer, already visible states have replaced."""
    visible = [place for place, (since, _, _) in enumerate(snapshots) if since <= now]
    return snapshots[visible[-1] :] if visible else snapshots
