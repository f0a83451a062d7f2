"""What GitHub sends of the project itself, its fields and its repositories."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from syncd.connectors._graphql import Payload
from syncd.connectors.github.payloads import Connection, IssueTypeNode, UserNode


class Option(Payload):
    """An option of a single-select field."""

    id: str
    name: str


class Iteration(Payload):
    """An iteration of an iteration field."""

    id: str
    title: str
    start_date: date
    duration: int


class Iterations(Payload):
    """The iterations of a field: running and coming ones, then past ones."""

    iterations: tuple[Iteration, ...] = ()
    completed_iterations: tuple[Iteration, ...] = ()


class FieldNode(Payload):
    """A field of a project."""

    id: str
    name: str
    data_type: str
    options: tuple[Option, ...] = ()
    configuration: Iterations | None = None


class ProjectNode(Payload):
    """A project and one page of its fields."""

    id: str
    number: int
    title: str
    url: str
    closed: bool = False
    viewer_can_update: bool = True
    fields: Connection[FieldNode]


class ProjectOwner(Payload):
    """Whoever the project belongs to."""

    login: str = ""
    project_v2: ProjectNode | None = Field(default=None, alias="projectV2")


class ProjectAnswer(Payload):
    """The answer to `PROJECT`."""

    viewer: UserNode
    repository_owner: ProjectOwner | None = None


class RepositoryNode(Payload):
    """A repository: what we need to create in it."""

    id: str
    name_with_owner: str
    has_issues_enabled: bool = True
    is_archived: bool = False
    viewer_permission: str | None = None
    issue_types: Connection[IssueTypeNode] | None = None
