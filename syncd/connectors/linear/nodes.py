"""The records Linear sends, with everything we read of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from syncd.connectors._graphql import Payload
from syncd.connectors.linear.payloads import (
    BotNode,
    Connection,
    IdNode,
    MembershipNode,
    ProjectPlace,
    RelationNode,
    StateNode,
    TeamKeyNode,
    UserNode,
)


class _Node(Payload):
    id: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None


class IssueNode(_Node):
    """An issue with everything we read of it."""

    identifier: str
    title: str
    description: str | None = None
    url: str
    priority: float = 0
    estimate: Decimal | None = None
    due_date: date | None = None
    completed_at: datetime | None = None
    canceled_at: datetime | None = None
    trashed: bool | None = None
    label_ids: tuple[str, ...] = ()
    team: TeamKeyNode
    state: StateNode
    assignee: UserNode | None = None
    creator: UserNode | None = None
    cycle: IdNode | None = None
    parent: IdNode | None = None
    project: IdNode | None = None
    project_milestone: IdNode | None = None
    inverse_relations: Connection[RelationNode]


class ProjectNode(_Node, ProjectPlace):
    """A project with everything we read of it."""

    description: str = ""
    content: str | None = None
    url: str
    priority: float = 0
    health: str | None = None
    start_date: date | None = None
    start_date_resolution: str | None = None
    target_date: date | None = None
    target_date_resolution: str | None = None
    completed_at: datetime | None = None
    trashed: bool | None = None
    label_ids: tuple[str, ...] = ()
    status: StateNode
    lead: UserNode | None = None
    creator: UserNode | None = None
    members: Connection[UserNode]
    initiative_to_projects: Connection[MembershipNode]


class InitiativeNode(_Node):
    """An initiative with everything we read of it."""

    name: str
    description: str | None = None
    content: str | None = None
    url: str
    health: str | None = None
    status: str
    target_date: date | None = None
    target_date_resolution: str | None = None
    completed_at: datetime | None = None
    trashed: bool | None = None
    owner: UserNode | None = None
    creator: UserNode | None = None


class MilestoneNode(_Node):
    """A project milestone."""

    name: str
    description: str | None = None
    status: str
    target_date: date | None = None
    project: ProjectPlace


class CycleNode(_Node):
    """A cycle of a team."""

    name: str | None = None
    number: float
    starts_at: datetime
    ends_at: datetime
    completed_at: datetime | None = None
    is_active: bool
    is_past: bool
    team: TeamKeyNode


class CommentedIssue(Payload):
    """The issue a comment is on."""

    id: str
    identifier: str
    team: TeamKeyNode


class CommentedInitiative(Payload):
    """The initiative a comment is on."""

    id: str
    name: str


class CommentNode(_Node):
    """A comment on an issue, a project or an initiative; on anything else none of the three is set."""

    body: str
    url: str
    edited_at: datetime | None = None
    user: UserNode | None = None
    bot_actor: BotNode | None = None
    issue: CommentedIssue | None = None
    project: ProjectPlace | None = None
    initiative: CommentedInitiative | None = None
