"""What Redmine sends, as far as we read it."""

from __future__ import annotations

from datetime import UTC, date
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

At: TypeAlias = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]


class Payload(BaseModel):
    """A part of an answer; what we do not read is left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Named(Payload):
    """Something referred to by id, usually with its name."""

    id: int
    name: str = ""


class User(Payload):
    """An account. Login and mail are shown to administrators, and of ourselves."""

    id: int
    login: str | None = None
    firstname: str = ""
    lastname: str = ""
    mail: str | None = None
    admin: bool = False

    @property
    def name(self) -> str:
        """The name as people read it."""
        return f"{self.firstname} {self.lastname}".strip()


class Status(Named):
    """An issue status. Lists of issues tell *is_closed* since 5.0."""

    is_closed: bool | None = None


class Tracker(Named):
    """An issue type."""

    enabled_standard_fields: tuple[str, ...] | None = None
    """Since 5.0; `None`: all of them."""


class Project(Named):
    """A project. *status* is 1 open, 5 closed (read-only), 9 archived."""

    identifier: str
    status: int = 1
    parent: Named | None = None
    trackers: tuple[Named, ...] = ()
    issue_categories: tuple[Named, ...] = ()
    issue_custom_fields: tuple[Named, ...] = ()


class PossibleValue(Payload):
    """An option of a custom field."""

    value: str
    label: str | None = None


class CustomField(Payload):
    """A custom field as administrators see it."""

    id: int
    name: str
    customized_type: str
    field_format: str
    max_length: int | None = None
    is_required: bool = False
    is_filter: bool = False
    multiple: bool = False
    possible_values: tuple[PossibleValue, ...] = ()
    trackers: tuple[Named, ...] = ()


class CustomValue(Payload):
    """A custom field's value on one record; always text, whatever its format."""

    id: int
    name: str = ""
    multiple: bool = False
    value: Any = None


class Relation(Payload):
    """A relation as stored: the same from both ends."""

    id: int
    issue_id: int
    issue_to_id: int
    relation_type: str


class Detail(Payload):
    """One change in a journal."""

    property: str
    name: str


class Journal(Payload):
    """One edit of an issue."""

    id: int
    user: Named | None = None
    created_on: At
    updated_on: At | None = None
    """Since 5.1."""
    notes: str | None = None
    private_notes: bool = False
    details: tuple[Detail, ...] = ()


class Issue(Payload):
    """An issue. Empty references are left out of the answer; empty dates and numbers are null."""

    id: int
    project: Named
    tracker: Named
    status: Status
    priority: Named | None = None
    author: Named | None = None
    assigned_to: Named | None = None
    category: Named | None = None
    fixed_version: Named | None = None
    parent: Named | None = None
    subject: str
    description: str | None = None
    start_date: date | None = None
    due_date: date | None = None
    done_ratio: int | None = None
    is_private: bool | None = None
    estimated_hours: Decimal | None = None
    spent_hours: Decimal | None = None
    custom_fields: tuple[CustomValue, ...] = ()
    created_on: At
    updated_on: At
    closed_on: At | None = None
    relations: tuple[Relation, ...] = ()
    """Always asked for; one issue by itself is answered without the key when it has none."""
    journals: tuple[Journal, ...] = ()


class Version(Payload):
    """A version of a project."""

    id: int
    project: Named
    name: str
    description: str | None = None
    status: str
    due_date: date | None = None
    sharing: str | None = None
    custom_fields: tuple[CustomValue, ...] = ()
    created_on: At
    updated_on: At


class IssuePage(Payload):
    """Some issues of a list."""

    issues: tuple[Issue, ...]
    total_count: int


class IssueId(Payload):
    """An issue of which only the id matters."""

    id: int


class IdPage(Payload):
    """Some ids of a list."""

    issues: tuple[IssueId, ...]
    total_count: int


class OneIssue(Payload):
    """An answer with one issue."""

    issue: Issue


class OneVersion(Payload):
    """An answer with one version."""

    version: Version


class OneUser(Payload):
    """An answer with one account."""

    user: User


class OneProject(Payload):
    """An answer with one project."""

    project: Project


class Versions(Payload):
    """Every version usable in a project, those shared into it included."""

    versions: tuple[Version, ...]


class Projects(Payload):
    """Some projects of a list."""

    projects: tuple[Project, ...]
    total_count: int = 0


class Users(Payload):
    """Some accounts of a list."""

    users: tuple[User, ...]


class Member(Payload):
    """A member of a project: a user or a group."""

    user: Named | None = None
    group: Named | None = None


class Members(Payload):
    """Some members of a project."""

    memberships: tuple[Member, ...]
    total_count: int = 0


class Statuses(Payload):
    """Every issue status."""

    issue_statuses: tuple[Status, ...]


class Trackers(Payload):
    """Every tracker."""

    trackers: tuple[Tracker, ...]


class Priority(Named):
    """An issue priority."""

    active: bool = True


class Priorities(Payload):
    """Every issue priority."""

    issue_priorities: tuple[Priority, ...]


class CustomFields(Payload):
    """Every custom field."""

    custom_fields: tuple[CustomField, ...]


class Refusal(Payload):
    """Why a write was refused. An empty list means: somebody else wrote at the same moment."""

    errors: tuple[str, ...] = Field(default=())
