"""
The things GitHub keeps, as mutable objects: attribute names are the GraphQL field names in snake case.

Times are text as GitHub sends them (`2026-03-01T09:00:00Z`, whole seconds,
UTC), so they compare as text and need no work on the way out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias


@dataclass(slots=True, eq=False, kw_only=True)
class Node:
    """Anything with a global node id; `database_id` is its integer id in REST."""

    id: str
    database_id: int
    created_at: str
    updated_at: str
    hidden: bool = False
    """Nobody may read it: its id resolves to nothing, as for something deleted."""

    @property
    def full_database_id(self) -> str:
        """The same number as a 64-bit integer in text."""
        return str(self.database_id)


@dataclass(slots=True, eq=False, kw_only=True)
class User(Node):
    """A person or an app."""

    typename: ClassVar[str] = "User"
    login: str
    name: str | None = None
    email: str = ""
    """Empty when private, as GraphQL shows it."""
    active: bool = True
    """A deactivated person stays readable on what they touched, and can no longer be assigned."""


@dataclass(slots=True, eq=False, kw_only=True)
class IssueType(Node):
    """A type an organisation declares."""

    typename: ClassVar[str] = "IssueType"
    name: str
    description: str | None = None
    color: str = "BLUE"
    is_enabled: bool = True


@dataclass(slots=True, eq=False, kw_only=True)
class Organization(Node):
    """Owner of repositories, projects and issue types."""

    typename: ClassVar[str] = "Organization"
    login: str
    name: str | None = None
    issue_types: list[IssueType] = field(default_factory=list)
    repositories: dict[str, Repository] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)


@dataclass(slots=True, eq=False, kw_only=True)
class Label(Node):
    """A label of one repository; names are unique there, whatever their case."""

    typename: ClassVar[str] = "Label"
    repository: Repository
    name: str
    color: str = "ededed"
    description: str | None = None
    is_default: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Milestone(Node):
    """A milestone of one repository."""

    typename: ClassVar[str] = "Milestone"
    repository: Repository
    number: int
    title: str
    description: str | None = None
    due_on: str | None = None
    """Midnight of the due day in Pacific time, in UTC (see `pacific.py`)."""
    state: str = "OPEN"
    closed_at: str | None = None
    creator: User | None = None
    issues: dict[str, Issue] = field(default_factory=dict)

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self.state == "CLOSED"

    @property
    def open_issue_count(self) -> int:
        """How many of its issues are open."""
        return sum(issue.state == "OPEN" for issue in self.issues.values())

    @property
    def closed_issue_count(self) -> int:
        """How many of its issues are closed."""
        return len(self.issues) - self.open_issue_count


@dataclass(slots=True, eq=False, kw_only=True)
class Repository(Node):
    """A repository, as far as planning goes."""

    typename: ClassVar[str] = "Repository"
    owner: Organization
    name: str
    contents: list[Issue | PullRequest | None] = field(default_factory=list)
    """By number minus one; `None` where an issue was deleted."""
    touched: list[tuple[str, Issue | PullRequest]] = field(default_factory=list)
    """Every update with its time, oldest first; an entry counts only while `touch` of the issue points at it."""
    labels: dict[str, Label] = field(default_factory=dict)
    """By case-folded name."""
    milestones: list[Milestone | None] = field(default_factory=list)
    """By number minus one."""
    milestone_titles: set[str] = field(default_factory=set)
    """What is taken."""

    @property
    def name_with_owner(self) -> str:
        """`owner/name`."""
        return f"{self.owner.login}/{self.name}"


@dataclass(slots=True, eq=False, kw_only=True)
class Content(Node):
    """What issues and pull requests share."""

    repository: Repository
    number: int
    title: str
    body: str = ""
    author: User | None = None
    state: str = "OPEN"
    closed_at: str | None = None
    labels: dict[str, Label] = field(default_factory=dict)
    assignees: dict[str, User] = field(default_factory=dict)
    milestone: Milestone | None = None
    project_items: list[ProjectItem] = field(default_factory=list)
    comments: list[IssueComment] = field(default_factory=list)
    """Oldest first."""
    touch: int = -1
    """Where its last update is in `repository.touched`."""

    @property
    def closed(self) -> bool:
        """Whether it is closed (or merged)."""
        return self.state != "OPEN"


@dataclass(slots=True, eq=False, kw_only=True)
class Event(Node):
    """One entry of an issue's timeline, but for comments."""

    typename: str
    """Which member of the union it is: `RenamedTitleEvent`, ..."""
    actor: User | None
    project: Project | None = None
    status: str = ""
    previous_status: str = ""
    was_automated: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class Issue(Content):
    """An issue."""

    typename: ClassVar[str] = "Issue"
    state_reason: str | None = None
    issue_type: IssueType | None = None
    parent: Issue | None = None
    sub_issues: dict[str, Issue] = field(default_factory=dict)
    blocked_by: dict[str, Issue] = field(default_factory=dict)
    blocking: dict[str, Issue] = field(default_factory=dict)
    last_edited_at: str | None = None
    editor: User | None = None
    timeline: list[Event] = field(default_factory=list)
    """Oldest first; what the seed planted left no trace in it."""


@dataclass(slots=True, eq=False, kw_only=True)
class PullRequest(Content):
    """A pull request: it takes a number among the issues and may be a project item; nothing more."""

    typename: ClassVar[str] = "PullRequest"
    merged: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class IssueComment(Node):
    """A comment below an issue or a pull request."""

    typename: ClassVar[str] = "IssueComment"
    subject: Issue | PullRequest
    body: str
    author: User | None = None
    last_edited_at: str | None = None
    editor: User | None = None

    @property
    def repository(self) -> Repository:
        """Where its subject lives."""
        return self.subject.repository


@dataclass(slots=True, eq=False, kw_only=True)
class DraftIssue(Node):
    """A note that lives in one project only."""

    typename: ClassVar[str] = "DraftIssue"
    title: str
    body: str = ""
    creator: User | None = None
    assignees: dict[str, User] = field(default_factory=dict)
    item: ProjectItem


@dataclass(slots=True, eq=False, kw_only=True)
class Option:
    """One choice of a single-select field; its id changes when an admin edits the field."""

    id: str
    name: str
    color: str = "GRAY"
    description: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class Iteration:
    """One iteration; *duration* in days."""

    id: str
    title: str
    start_date: str
    duration: int = 14


FIELD_TYPES = {"SINGLE_SELECT": "ProjectV2SingleSelectField", "ITERATION": "ProjectV2IterationField"}
VALUE_TYPES = {
    "TEXT": "ProjectV2ItemFieldTextValue",
    "TITLE": "ProjectV2ItemFieldTextValue",
    "NUMBER": "ProjectV2ItemFieldNumberValue",
    "DATE": "ProjectV2ItemFieldDateValue",
    "SINGLE_SELECT": "ProjectV2ItemFieldSingleSelectValue",
    "ITERATION": "ProjectV2ItemFieldIterationValue",
    "LABELS": "ProjectV2ItemFieldLabelValue",
    "ASSIGNEES": "ProjectV2ItemFieldUserValue",
    "MILESTONE": "ProjectV2ItemFieldMilestoneValue",
    "REPOSITORY": "ProjectV2ItemFieldRepositoryValue",
}


@dataclass(slots=True, eq=False, kw_only=True)
class Field(Node):
    """A column of a project."""

    project: Project
    name: str
    data_type: str
    options: list[Option] = field(default_factory=list)
    iterations: list[Iteration] = field(default_factory=list)

    @property
    def typename(self) -> str:
        """Which of the three GraphQL types it is."""
        return FIELD_TYPES.get(self.data_type, "ProjectV2Field")


Stored: TypeAlias = str | float | Option | Iteration
"""A project field's value: text and dates as text."""


@dataclass(slots=True, eq=False, kw_only=True)
class FieldValue(Node):
    """What one item holds in one field."""

    field: Field
    item: ProjectItem
    value: Stored | None = None
    """`None` for those that merely show the issue (labels, assignees, milestone, repository)."""
    creator: User | None = None

    @property
    def typename(self) -> str:
        """Which member of the union it is."""
        return VALUE_TYPES[self.field.data_type]


@dataclass(slots=True, eq=False, kw_only=True)
class Project(Node):
    """A project (v2) of an organisation."""

    typename: ClassVar[str] = "ProjectV2"
    owner: Organization
    number: int
    title: str
    short_description: str | None = None
    readme: str | None = None
    public: bool = False
    closed: bool = False
    closed_at: str | None = None
    creator: User | None = None
    fields: dict[str, Field] = field(default_factory=dict)
    """By node id, in position order."""
    live: list[ProjectItem] = field(default_factory=list)
    """What `items` lists: everything not archived, by position."""
    last_position: int = 0
    by_content: dict[str, ProjectItem] = field(default_factory=dict)
    """By the content's node id, archived ones too."""

    def named(self, name: str) -> Field | None:
        """Return the field of that name, whatever its case."""
        folded = name.casefold()
        return next((column for column in self.fields.values() if column.name.casefold() == folded), None)

    def columns(self, data_type: str) -> Iterator[Field]:
        """Yield the fields of one data type."""
        return (column for column in self.fields.values() if column.data_type == data_type)


@dataclass(slots=True, eq=False, kw_only=True)
class ProjectItem(Node):
    """One row of a project."""

    typename: ClassVar[str] = "ProjectV2Item"
    project: Project
    position: int
    content: Issue | PullRequest | DraftIssue | None
    creator: User | None = None
    is_archived: bool = False
    redacted: bool = False
    values: dict[str, FieldValue] = field(default_factory=dict)
    """By the field's node id."""

    @property
    def type(self) -> str:
        """`REDACTED` hides what it was."""
        if self.redacted or self.content is None or self.content.hidden:
            return "REDACTED"
        return {Issue: "ISSUE", PullRequest: "PULL_REQUEST", DraftIssue: "DRAFT_ISSUE"}[type(self.content)]
