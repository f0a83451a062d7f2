"""
The things GitHub keeps, as mutable objects: attribute names are the GraphQL field names in snake case.

Times are text as GitHub sends them (`2026-03-01T09:00:00Z`, whole seconds,
UTC), so they compare as text and need no work on the way out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from syncd.sandbox.github.nodes_project import Project, ProjectItem


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
