"""A project, its columns and its rows, as mutable objects; see `nodes.py`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from syncd.sandbox.github.nodes import Issue, Node, Organization, PullRequest, User


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
