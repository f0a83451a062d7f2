"""What GitHub sends, as far as we read it: unknown fields are passed over, a missing required one is an error."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

from pydantic import Field

from syncd.connectors._graphql import PageInfo, Payload

NodeT = TypeVar("NodeT")


class GraphqlProblem(Payload):
    """One entry of a GraphQL answer's `errors`."""

    message: str = ""
    type: str | None = None
    """`NOT_FOUND`, `FORBIDDEN`, `RATE_LIMITED`, `UNPROCESSABLE`, ...; absent on GitHub's own failures."""
    path: tuple[str | int, ...] = ()
    extensions: dict[str, object] = Field(default_factory=dict)


class Connection(Payload, Generic[NodeT]):
    """One page of a list. A null node is one we may not see."""

    page_info: PageInfo = PageInfo(has_next_page=False)
    nodes: tuple[NodeT | None, ...] = ()
    total_count: int | None = None

    @property
    def seen(self) -> tuple[NodeT, ...]:
        """The nodes we may see."""
        return tuple(node for node in self.nodes if node is not None)


class IdNode(Payload):
    """Just an id."""

    id: str


class ItemId(IdNode):
    """An item of some project, by its id alone."""

    project: IdNode | None = None


class Actor(Payload):
    """Who did something: a user, a bot, a placeholder. Older recordings give no id."""

    login: str
    id: str | None = None
    name: str | None = None


class UserNode(Payload):
    """A user."""

    id: str
    login: str
    name: str | None = None


class LabelNode(Payload):
    """A label of a repository."""

    id: str
    name: str


class IssueTypeNode(Payload):
    """One of an organisation's issue types."""

    id: str
    name: str
    is_enabled: bool = True


class RepositoryName(Payload):
    """A repository by its full name."""

    name_with_owner: str


class FieldName(Payload):
    """A field as a value names it. System fields that are no `ProjectV2FieldCommon` give nothing."""

    id: str | None = None
    name: str | None = None
    data_type: str | None = None


class FieldValueNode(Payload):
    """An item's value in one field; which of the members is set depends on the field's type."""

    typename: str = Field(default="", alias="__typename")
    field: FieldName = FieldName()
    text: str | None = None
    number: Decimal | None = None
    date: str | None = None
    option_id: str | None = None
    name: str | None = None
    iteration_id: str | None = None
    title: str | None = None


class DraftNode(Payload):
    """A draft: it has an id of its own, besides its item's."""

    typename: str = Field(default="DraftIssue", alias="__typename")
    id: str
    title: str
    body: str = ""
    created_at: datetime
    updated_at: datetime
    creator: Actor | None = None
    assignees: Connection[UserNode] = Connection()


class ItemNode(Payload):
    """An item of a project, without what it holds."""

    id: str
    type: str
    is_archived: bool
    created_at: datetime
    updated_at: datetime | None = None
    project: IdNode | None = None
    field_values: Connection[FieldValueNode] = Connection()


class IssueNode(Payload):
    """An issue with everything we read of it."""

    typename: str = Field(default="Issue", alias="__typename")
    id: str
    number: int
    title: str
    body: str
    url: str
    state: str
    state_reason: str | None = None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    repository: RepositoryName
    author: Actor | None = None
    issue_type: IssueTypeNode | None = None
    milestone: IdNode | None = None
    parent: IdNode | None = None
    assignees: Connection[UserNode]
    labels: Connection[LabelNode] | None = None
    blocked_by: Connection[IdNode]
    project_items: Connection[ItemNode] | None = None


class MilestoneNode(Payload):
    """A milestone of a repository."""

    id: str
    number: int
    title: str
    description: str | None = None
    state: str
    due_on: datetime | None = None
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    url: str
    creator: Actor | None = None
    repository: RepositoryName


class RepositoryMilestones(Payload):
    """The milestones of a repository, the first of them."""

    milestones: Connection[MilestoneNode]


class CommentNode(Payload):
    """A comment, without what it is about."""

    id: str
    body: str
    url: str
    created_at: datetime
    updated_at: datetime
    author: Actor | None = None


class CommentedIssue(Payload):
    """What a comment is about."""

    id: str
    number: int
    repository: RepositoryName
    project_items: Connection[ItemNode] | None = None


class EventNode(Payload):
    """One entry of an issue's timeline."""

    typename: str = Field(alias="__typename")
    created_at: datetime
    actor: Actor | None = None
    project: IdNode | None = None


class EditedNode(Payload):
    """An issue or comment by what was done to it."""

    id: str
    last_edited_at: datetime | None = None
    editor: Actor | None = None
    timeline_items: Connection[EventNode] | None = None


class BodyNode(Payload):
    """The text of an issue, draft or milestone as it stands there."""

    typename: str = Field(alias="__typename")
    id: str
    body: str | None = None
    description: str | None = None
    number: int = 0
    repository: RepositoryName | None = None

    @property
    def text(self) -> str | None:
        """Its body or description."""
        return self.body if self.description is None else self.description


class ScannedContent(Payload):
    """What an item holds, as the scan sees it."""

    typename: str = Field(alias="__typename")
    id: str | None = None
    number: int = 0
    updated_at: datetime | None = None
    repository: RepositoryName | None = None
    issue_type: IssueTypeNode | None = None
    parent: IdNode | None = None
    blocked_by: Connection[IdNode] | None = None
    comments: Connection[IdNode] | None = None
    """Only where the scan asked for them."""


class ScannedItem(Payload):
    """An item, as the scan sees it."""

    id: str
    type: str
    is_archived: bool
    created_at: datetime
    updated_at: datetime
    content: ScannedContent | None = None
