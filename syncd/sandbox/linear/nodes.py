"""
The things Linear keeps, as mutable objects: attribute names are the GraphQL field names in snake case.

Times are text as Linear sends them (`2026-03-01T09:00:00.250Z`, milliseconds,
UTC), so they compare as text and need no work on the way out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

WEB = "https://linear.app"
"""Where items live for people; nothing is fetched from there."""
PRIORITIES = ("No priority", "Urgent", "High", "Medium", "Low")
"""By number."""


def slug(text: str) -> str:
    """Return *text* as it stands in a URL."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@dataclass(slots=True, eq=False, kw_only=True)
class Node:
    """Anything with an id, which is a UUID and never changes."""

    typename: ClassVar[str] = "Node"
    id: str
    created_at: str
    updated_at: str
    archived_at: str | None = None
    hidden: bool = False
    """Nobody may read it: its id resolves to nothing, as for something deleted."""
    touch: int = -1
    """Where its last update stands in the order of updates."""


@dataclass(slots=True, eq=False, kw_only=True)
class Organization(Node):
    """The workspace."""

    typename: ClassVar[str] = "Organization"
    name: str
    url_key: str
    fiscal_year_start_month: float = 0
    """Months after January, from 0: quarters and years of dates go by it."""
    project_statuses: list[ProjectStatus] = field(default_factory=list)


@dataclass(slots=True, eq=False, kw_only=True)
class User(Node):
    """A person or an app."""

    typename: ClassVar[str] = "User"
    organization: Organization
    name: str
    display_name: str
    email: str
    active: bool = True
    """A suspended person stays readable on what they touched, and can no longer be assigned."""
    admin: bool = False
    app: bool = False
    guest: bool = False
    timezone: str | None = None
    avatar_url: str | None = None

    @property
    def is_assignable(self) -> bool:
        """Whether issues may be given to them."""
        return self.active and not self.app

    @property
    def url(self) -> str:
        """Where their profile is."""
        return f"{WEB}/{self.organization.url_key}/profiles/{self.display_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorBot:
    """Who an app said it acted for (`createAsUser`)."""

    id: str | None
    type: str
    name: str | None
    user_display_name: str | None
    avatar_url: str | None = None
    sub_type: str | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class Team(Node):
    """A team, with its own workflow, labels, cycles and issue numbers."""

    typename: ClassVar[str] = "Team"
    organization: Organization
    key: str
    name: str
    timezone: str = "America/Los_Angeles"
    description: str | None = None
    color: str | None = None
    cycles_enabled: bool = True
    cycle_duration: int = 2
    cycle_start_day: int = 1
    triage_enabled: bool = False
    issue_estimation_type: str = "fibonacci"
    issue_estimation_allow_zero: bool = False
    issue_estimation_extended: bool = False
    states: list[WorkflowState] = field(default_factory=list)
    members: list[User] = field(default_factory=list)
    last_number: int = 0
    """The last issue number given away; a number is never given twice."""
    members_only: bool = False
    """It is private, and our account is one of its members."""

    @property
    def display_name(self) -> str:
        """Its name; there are no sub-teams here."""
        return self.name

    @property
    def private(self) -> bool:
        """Whether it is hidden from those outside."""
        return self.hidden or self.members_only

    @property
    def visibility(self) -> str:
        """The same in Linear's newer words."""
        return "private" if self.private else "public"

    def state_of(self, *types: str) -> WorkflowState:
        """Return the first workflow state of the first of these types the team has, or its first one."""
        for wanted in types:
            for state in self.states:
                if state.type == wanted:
                    return state
        return self.states[0]

    @property
    def default_issue_state(self) -> WorkflowState:
        """Where an issue starts when its creator does not say and is a member."""
        return self.state_of("backlog", "unstarted")

    @property
    def triage_issue_state(self) -> WorkflowState | None:
        """Where an issue of somebody outside the team starts."""
        return self.state_of("triage") if self.triage_enabled else None


@dataclass(slots=True, eq=False, kw_only=True)
class WorkflowState(Node):
    """A state of one team's workflow; *type* is what counts."""

    typename: ClassVar[str] = "WorkflowState"
    team: Team
    name: str
    type: str
    position: float
    color: str = "#bec2c8"
    description: str | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class IssueLabel(Node):
    """A label of one team, or of the workspace when *team* is `None`."""

    typename: ClassVar[str] = "IssueLabel"
    name: str
    color: str = "#bec2c8"
    description: str | None = None
    team: Team | None = None
    parent: IssueLabel | None = None
    is_group: bool = False
    """A group is never applied itself; of its children an issue has at most one."""
    creator: User | None = None
    children: list[IssueLabel] = field(default_factory=list)


@dataclass(slots=True, eq=False, kw_only=True)
class ProjectStatus(Node):
    """One of the workspace's statuses of projects."""

    typename: ClassVar[str] = "ProjectStatus"
    name: str
    type: str
    position: float
    color: str = "#bec2c8"
    description: str | None = None
    indefinite: bool = False


@dataclass(slots=True, eq=False, kw_only=True)
class ProjectLabel(Node):
    """A label for projects."""

    typename: ClassVar[str] = "ProjectLabel"
    name: str
    color: str = "#bec2c8"
    description: str | None = None
    is_group: bool = False
