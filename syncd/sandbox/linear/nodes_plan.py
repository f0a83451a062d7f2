"""Projects, initiatives and milestones, as mutable objects; see `nodes.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from syncd.sandbox.linear.nodes import (
    PRIORITIES,
    WEB,
    Node,
    Organization,
    ProjectLabel,
    ProjectStatus,
    Team,
    User,
    slug,
)
from syncd.sandbox.linear.nodes_issue import CANCELLED, ENDED, Comment, Issue, live, progress


@dataclass(slots=True, eq=False, kw_only=True)
class Report(Node):
    """A project's or initiative's update, by which alone its health changes."""

    body: str
    health: str
    user: User
    project: Project | None = None
    initiative: Initiative | None = None
    edited_at: str | None = None

    @property
    def url(self) -> str:
        """Where it lives."""
        home = self.project or self.initiative
        return f"{home.url if home else WEB}/activity#update-{self.id[:8]}"


@dataclass(slots=True, eq=False, kw_only=True)
class Plan(Node):
    """What projects and initiatives share."""

    name: str
    slug_id: str
    organization: Organization
    description: str | None = None
    content: str | None = None
    color: str = "#bec2c8"
    icon: str | None = None
    creator: User | None = None
    target_date: str | None = None
    target_date_resolution: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    canceled_at: str | None = None
    trashed: bool | None = None
    sort_order: float = 0.0
    reports: list[Report] = field(default_factory=list)
    links: dict[str, EntityExternalLink] = field(default_factory=dict)
    to: dict[str, InitiativeToProject] = field(default_factory=dict)
    """Its ties to the other kind, by their id."""

    @property
    def health(self) -> str | None:
        """How it fares by its latest update; `None` before the first."""
        return self.reports[-1].health if self.reports else None

    @property
    def health_updated_at(self) -> str | None:
        """When that was said."""
        return self.reports[-1].created_at if self.reports else None

    @property
    def url(self) -> str:
        """Where it lives."""
        return f"{WEB}/{self.organization.url_key}/{self.typename.lower()}/{slug(self.name)}-{self.slug_id}"


@dataclass(slots=True, eq=False, kw_only=True)
class Initiative(Plan):
    """An initiative: some projects towards one goal."""

    typename: ClassVar[str] = "Initiative"
    owner: User | None = None
    status: str = "Planned"


@dataclass(slots=True, eq=False, kw_only=True)
class Project(Plan):
    """A project of one or several teams."""

    typename: ClassVar[str] = "Project"
    status: ProjectStatus
    lead: User | None = None
    members: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    labels: dict[str, ProjectLabel] = field(default_factory=dict)
    milestones: dict[str, ProjectMilestone] = field(default_factory=dict)
    issues: dict[str, Issue] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    priority: int = 0
    start_date: str | None = None
    start_date_resolution: str | None = None
    auto_archived_at: str | None = None

    @property
    def state(self) -> str:
        """The type of its status, as older clients read it."""
        return self.status.type

    @property
    def label_ids(self) -> list[str]:
        """The ids of its labels."""
        return list(self.labels)

    @property
    def priority_label(self) -> str:
        """Its priority in words."""
        return PRIORITIES[self.priority]

    @property
    def scope(self) -> float:
        """How many points its issues have; one without an estimate counts as one."""
        return sum(issue.estimate or 1 for issue in live(self.issues) if issue.state.type not in CANCELLED)

    @property
    def progress(self) -> float:
        """How much of that is done, from 0 to 1; what is under way counts a quarter."""
        return progress(live(self.issues))


@dataclass(slots=True, eq=False, kw_only=True)
class ProjectMilestone(Node):
    """A milestone of one project."""

    typename: ClassVar[str] = "ProjectMilestone"
    project: Project
    name: str
    description: str | None = None
    target_date: str | None = None
    sort_order: float = 0.0
    issues: dict[str, Issue] = field(default_factory=dict)

    @property
    def progress(self) -> float:
        """How much of it is done, in per cent."""
        return 100 * progress(live(self.issues))

    @property
    def is_done(self) -> bool:
        """Whether it has issues and all of them have ended."""
        return bool(live(self.issues)) and all(issue.state.type in ENDED for issue in live(self.issues))


@dataclass(slots=True, eq=False, kw_only=True)
class InitiativeToProject(Node):
    """A project's place in an initiative."""

    typename: ClassVar[str] = "InitiativeToProject"
    initiative: Initiative
    project: Project
    sort_order: str = "0"


@dataclass(slots=True, eq=False, kw_only=True)
class EntityExternalLink(Node):
    """A link of a project or an initiative to something elsewhere."""

    typename: ClassVar[str] = "EntityExternalLink"
    label: str
    url: str
    creator: User | None = None
    project: Project | None = None
    initiative: Initiative | None = None
    sort_order: float = 0.0
