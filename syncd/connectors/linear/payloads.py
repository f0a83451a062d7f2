"""What Linear sends, as far as we read it: unknown fields are passed over, a missing required one is an error."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from syncd.connectors._graphql import PageInfo, Payload

NodeT = TypeVar("NodeT")


class ProblemExtensions(Payload):
    """What Linear adds to an error."""

    code: str = ""
    """`RATELIMITED`, `AUTHENTICATION_ERROR`, `FORBIDDEN`, `INPUT_ERROR`, ...; its own failures carry another one."""
    type: str = ""
    """The same in words: `invalid input`, `forbidden`, ..."""
    user_presentable_message: str | None = None


class GraphqlProblem(Payload):
    """One entry of a GraphQL answer's `errors`."""

    message: str = ""
    path: tuple[str | int, ...] = ()
    extensions: ProblemExtensions = ProblemExtensions()

    @property
    def code(self) -> str:
        """The machine-readable code, in capitals."""
        return self.extensions.code.upper()

    @property
    def said(self) -> str:
        """The sentence meant for people, where there is one."""
        return self.extensions.user_presentable_message or self.message


class Connection(Payload, Generic[NodeT]):
    """One page of a list."""

    page_info: PageInfo = PageInfo(has_next_page=False)
    nodes: tuple[NodeT, ...] = ()


class IdNode(Payload):
    """Just an id."""

    id: str


class UserNode(Payload):
    """A user of the workspace."""

    id: str
    name: str
    display_name: str | None = None
    email: str | None = None


class BotNode(Payload):
    """An integration or agent that acted by itself."""

    id: str | None = None
    type: str = ""
    name: str | None = None


class StateNode(Payload):
    """A workflow state of a team, or a project status."""

    id: str
    name: str
    type: str
    position: float = 0.0


class TeamKeyNode(Payload):
    """A team, as records name it."""

    id: str
    key: str


class TeamNode(Payload):
    """A team with its workflow."""

    id: str
    key: str
    name: str
    timezone: str = "UTC"
    archived_at: datetime | None = None
    states: Connection[StateNode]


class OrganizationNode(Payload):
    """The workspace."""

    id: str
    url_key: str
    fiscal_year_start_month: float = 0
    """Months after January, from 0."""


class AroundAnswer(Payload):
    """The answer to `AROUND`."""

    viewer: UserNode
    organization: OrganizationNode
    teams: Connection[TeamNode]
    project_statuses: Connection[StateNode]


class LabelNode(Payload):
    """A label of issues, projects or initiatives."""

    id: str
    name: str
    is_group: bool = False
    team: TeamKeyNode | None = None


class RelationNode(Payload):
    """A relation seen from the issue it points at."""

    id: str
    type: str
    issue: IdNode


class RelationEdge(RelationNode):
    """A relation with both its ends."""

    related_issue: IdNode


class MembershipNode(Payload):
    """A project's place in an initiative, seen from the project."""

    id: str
    initiative: IdNode


class MembershipEdge(MembershipNode):
    """A project's place in an initiative, with both ends."""

    project: IdNode


class ProjectPlace(Payload):
    """A project, as far as it is a place milestones live in."""

    id: str
    name: str
    slug_id: str = ""
    teams: Connection[TeamKeyNode]


class SeenNode(Payload):
    """A record as the lists show it: just enough to tell whether it moved."""

    id: str
    updated_at: datetime
    completed_at: datetime | None = None
    is_active: bool = False
    is_past: bool = False
    project: IdNode | None = None
    issue: IdNode | None = None
    initiative: IdNode | None = None


class HistoryEntry(Payload):
    """One entry of an issue's history, without what it says: who, and when."""

    created_at: datetime
    updated_at: datetime
    actor: UserNode | None = None
    bot_actor: BotNode | None = None


class HomeNode(Payload):
    """An attachment of an issue, or a link of a project or initiative."""

    id: str
    url: str
    title: str | None = None
    label: str | None = None


class TeamPrivacy(Payload):
    """Whether a team is private."""

    id: str
    private: bool


class WebhookNode(Payload):
    """A webhook; its secret is not asked for."""

    id: str
    url: str | None = None
    enabled: bool = True
    all_public_teams: bool = False
    resource_types: tuple[str, ...] = ()
    team: IdNode | None = None
