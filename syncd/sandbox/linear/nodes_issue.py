"""Issues and what hangs on them, as mutable objects; see `nodes.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from syncd.sandbox.linear.nodes import PRIORITIES, WEB, ActorBot, IssueLabel, Node, Team, User, WorkflowState, slug

if TYPE_CHECKING:
    from syncd.sandbox.linear.nodes_plan import Initiative, Project, ProjectMilestone

CANCELLED = frozenset({"canceled", "duplicate"})
"""The types of workflow state of what will not be done."""
ENDED = CANCELLED | {"completed"}
"""The types of workflow state in which nothing is left to do."""


def live(issues: dict[str, Issue]) -> list[Issue]:
    """Return those that are not in the trash."""
    return [issue for issue in issues.values() if not issue.trashed]


def progress(issues: list[Issue]) -> float:
    """Return the finished share of the issues' points, from 0 to 1 (the published schema tells the weights)."""
    done = total = 0.0
    for issue in issues:
        if issue.state.type in CANCELLED:
            continue
        points = issue.estimate or 1
        total += points
        done += points * {"completed": 1.0, "started": 0.25}.get(issue.state.type, 0.0)
    return done / total if total else 0.0


@dataclass(slots=True, eq=False, kw_only=True)
class Issue(Node):
    """An issue."""

    typename: ClassVar[str] = "Issue"
    team: Team
    number: int
    title: str
    state: WorkflowState
    description: str | None = None
    priority: int = 0
    estimate: float | None = None
    due_date: str | None = None
    assignee: User | None = None
    creator: User | None = None
    bot_actor: ActorBot | None = None
    project: Project | None = None
    project_milestone: ProjectMilestone | None = None
    cycle: Cycle | None = None
    parent: Issue | None = None
    children: dict[str, Issue] = field(default_factory=dict)
    labels: dict[str, IssueLabel] = field(default_factory=dict)
    relations: dict[str, IssueRelation] = field(default_factory=dict)
    inverse_relations: dict[str, IssueRelation] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    subscribers: dict[str, User] = field(default_factory=dict)
    history: list[IssueHistory] = field(default_factory=list)
    previous_identifiers: list[str] = field(default_factory=list)
    added_to_cycle_at: str | None = None
    added_to_project_at: str | None = None
    added_to_team_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    canceled_at: str | None = None
    triaged_at: str | None = None
    auto_closed_at: str | None = None
    auto_archived_at: str | None = None
    trashed: bool | None = None
    sort_order: float = 0.0
    sub_issue_sort_order: float | None = None

    @property
    def identifier(self) -> str:
        """What people call it; another one after it moved to another team."""
        return f"{self.team.key}-{self.number}"

    @property
    def label_ids(self) -> list[str]:
        """The ids of its labels."""
        return list(self.labels)

    @property
    def priority_label(self) -> str:
        """Its priority in words."""
        return PRIORITIES[self.priority]

    @property
    def branch_name(self) -> str:
        """What its branch is suggested to be called."""
        return f"{self.identifier.lower()}-{slug(self.title)}"

    @property
    def url(self) -> str:
        """Where it lives; changes with its title and its team."""
        return f"{WEB}/{self.team.organization.url_key}/issue/{self.identifier}/{slug(self.title)}"


@dataclass(slots=True, eq=False, kw_only=True)
class IssueHistory(Node):
    """One edit of one issue: *changes* by GraphQL field name."""

    typename: ClassVar[str] = "IssueHistory"
    issue: Issue
    actor: User | None
    bot_actor: ActorBot | None = None
    changes: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True, eq=False, kw_only=True)
class IssueRelation(Node):
    """*issue* blocks, duplicates or is related to *related_issue*."""

    typename: ClassVar[str] = "IssueRelation"
    issue: Issue
    related_issue: Issue
    type: str


@dataclass(slots=True, eq=False, kw_only=True)
class Comment(Node):
    """A comment on an issue, a project or an initiative; a reply when it has a *parent*."""

    typename: ClassVar[str] = "Comment"
    body: str
    user: User | None
    issue: Issue | None = None
    project: Project | None = None
    initiative: Initiative | None = None
    parent: Comment | None = None
    children: dict[str, Comment] = field(default_factory=dict)
    bot_actor: ActorBot | None = None
    edited_at: str | None = None
    resolved_at: str | None = None
    resolving_user: User | None = None
    quoted_text: str | None = None

    @property
    def url(self) -> str:
        """Where it lives."""
        home = self.issue or self.project or self.initiative
        return f"{home.url if home else WEB}#comment-{self.id[:8]}"


@dataclass(slots=True, eq=False, kw_only=True)
class Attachment(Node):
    """A link of an issue to something elsewhere; one a URL."""

    typename: ClassVar[str] = "Attachment"
    issue: Issue
    title: str
    url: str
    subtitle: str | None = None
    metadata: dict[str, object] = field(default_factory=dict)
    group_by_source: bool = False
    source_type: str | None = "api"
    creator: User | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Cycle(Node):
    """
    A cycle of one team.

    It begins at midnight in the team's time zone and ends at the midnight its
    last day ends with, both told in UTC.
    """

    typename: ClassVar[str] = "Cycle"
    team: Team
    number: int
    starts_at: str
    ends_at: str
    name: str | None = None
    description: str | None = None
    completed_at: str | None = None
    auto_archived_at: str | None = None
    issues: dict[str, Issue] = field(default_factory=dict)

    @property
    def progress(self) -> float:
        """How much of it is done, from 0 to 1."""
        return progress(live(self.issues))
