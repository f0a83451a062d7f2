"""What Jira sends, as far as we read it. Unknown keys are ignored; a missing required one is an error."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def parse_instant(value: object) -> datetime:
    """
    Return a Jira time as aware UTC: ISO text with any offset form, or epoch milliseconds.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value / 1000, UTC)
    parsed = datetime.fromisoformat(str(value))
    if parsed.tzinfo is None:
        raise ValueError(f"{value!r} names no time zone")
    return parsed.astimezone(UTC)


Moment: TypeAlias = Annotated[datetime, BeforeValidator(parse_instant)]


class Payload(BaseModel):
    """Anything Jira sends."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class User(Payload):
    """A person; the e-mail is there only if their own privacy setting shows it."""

    account_id: str = Field(alias="accountId")
    display_name: str | None = Field(default=None, alias="displayName")
    email: str | None = Field(default=None, alias="emailAddress")
    active: bool = True
    zone: str | None = Field(default=None, alias="timeZone")
    """The time zone of their profile; told of one's own account."""


class Named(Payload):
    """Anything with an id and a name or a value."""

    id: str
    name: str | None = None
    value: str | None = None

    @property
    def label(self) -> str:
        """Return what people call it."""
        return self.value if self.value is not None else self.name or self.id


class StatusCategory(Payload):
    """The stable class of a status: `new`, `indeterminate` or `done`."""

    key: str


class Status(Named):
    """A workflow status."""

    category: StatusCategory | None = Field(default=None, alias="statusCategory")


class IssueType(Payload):
    """An issue type of a project."""

    id: str
    name: str
    subtask: bool = False


class Project(Payload):
    """A project."""

    id: str
    key: str
    name: str = ""
    issue_types: tuple[IssueType, ...] = Field(default=(), alias="issueTypes")


class ProjectRef(Payload):
    """The project an issue is in."""

    id: str
    key: str


class TypeStatuses(Payload):
    """The statuses an issue type may have in one project."""

    name: str
    statuses: tuple[Status, ...]


class FieldSchema(Payload):
    """The technical type of a field."""

    type: str
    items: str | None = None
    system: str | None = None
    custom: str | None = None


class FieldDetails(Payload):
    """A field of the site."""

    id: str
    name: str
    # `schema` is pydantic's own name
    schema_: FieldSchema | None = Field(default=None, alias="schema")


class CreateField(Payload):
    """A field of the create screen of one issue type."""

    field_id: str = Field(alias="fieldId")
    name: str
    required: bool
    has_default: bool = Field(default=False, alias="hasDefaultValue")
    operations: tuple[str, ...] = ()
    allowed: tuple[Any, ...] | None = Field(default=None, alias="allowedValues")


class CreateFields(Payload):
    """A page of a create screen's fields; older sites call the list `results`."""

    fields: tuple[CreateField, ...] = ()
    results: tuple[CreateField, ...] = ()
    total: int | None = None


class LinkType(Payload):
    """A kind of issue link."""

    id: str
    name: str


class LinkTypes(Payload):
    """All kinds of issue links."""

    types: tuple[LinkType, ...] = Field(alias="issueLinkTypes")


class IssueId(Payload):
    """Another issue, by id."""

    id: str


class IssueLink(Payload):
    """
    One link as an issue shows it.

    *inward* is the issue on the inward side: "is blocked by" it.
    """

    id: str
    type: LinkType
    inward: IssueId | None = Field(default=None, alias="inwardIssue")
    outward: IssueId | None = Field(default=None, alias="outwardIssue")


class Issue(Payload):
    """An issue; its fields are typed one by one (`fields`), for custom ones have no fixed names."""

    id: str
    key: str
    fields: dict[str, Any] = Field(default_factory=dict)
    properties: dict[str, Any] = Field(default_factory=dict)


class IssueCore(Payload):
    """The fields without which an issue is no issue."""

    issue_type: IssueType = Field(alias="issuetype")
    project: ProjectRef
    updated: Moment
    created: Moment | None = None


class Found(Payload):
    """An issue a search found, by id alone."""

    id: str


class SearchPage(Payload):
    """A page of a search. No token means it is the last."""

    issues: tuple[Issue, ...] = ()
    next_token: str | None = Field(default=None, alias="nextPageToken")


class IdPage(Payload):
    """A page of an id sweep."""

    issues: tuple[Found, ...] = ()
    next_token: str | None = Field(default=None, alias="nextPageToken")


class IssueError(Payload):
    """An issue that could not be fetched."""

    id: str | None = None
    message: str | None = Field(default=None, alias="errorMessage")


class Fetched(Payload):
    """The answer of a bulk fetch."""

    issues: tuple[Issue, ...] = ()
    errors: tuple[IssueError, ...] = Field(default=(), alias="issueErrors")


class ErrorCollection(Payload):
    """Why something was refused: in general, and field by field."""

    messages: tuple[str, ...] = Field(default=(), alias="errorMessages")
    errors: dict[str, str] = Field(default_factory=dict)


class CreateFailure(Payload):
    """One element of a bulk create that was refused."""

    number: int = Field(alias="failedElementNumber")
    why: ErrorCollection = Field(default=ErrorCollection(), alias="elementErrors")


class CreatedIssues(Payload):
    """The answer of a bulk create: those made, in order, and those refused."""

    issues: tuple[Found, ...] = ()
    errors: tuple[CreateFailure, ...] = ()


class TransitionField(Payload):
    """A field of a transition's screen."""

    name: str
    required: bool = False
    has_default: bool = Field(default=False, alias="hasDefaultValue")


class Transition(Payload):
    """One step the workflow allows now."""

    id: str
    name: str
    to: Status
    available: bool = Field(default=True, alias="isAvailable")
    fields: dict[str, TransitionField] = Field(default_factory=dict)

    @property
    def demands(self) -> list[str]:
        """Return the names of the fields its screen requires and has no default for."""
        return sorted(field.name for field in self.fields.values() if field.required and not field.has_default)


class Transitions(Payload):
    """Every step the workflow allows now."""

    transitions: tuple[Transition, ...] = ()


class Version(Payload):
    """A project version."""

    id: str
    name: str
    description: str | None = None
    start_date: date | None = Field(default=None, alias="startDate")
    release_date: date | None = Field(default=None, alias="releaseDate")
    released: bool = False
    archived: bool = False
    project_id: int | None = Field(default=None, alias="projectId")


class ChangeItem(Payload):
    """One field in a changelog entry."""

    field: str | None = None
    field_id: str | None = Field(default=None, alias="fieldId")


class Change(Payload):
    """One changelog entry."""

    id: str
    created: Moment
    author: User | None = None
    items: tuple[ChangeItem, ...] = ()


class IssueChanges(Payload):
    """The changelog of one issue."""

    issue_id: str = Field(alias="issueId")
    changes: tuple[Change, ...] = Field(default=(), alias="changeHistories")


class ChangePage(Payload):
    """A page of several issues' changelogs."""

    issues: tuple[IssueChanges, ...] = Field(default=(), alias="issueChangeLogs")
    next_token: str | None = Field(default=None, alias="nextPageToken")


class UserPage(Payload):
    """A page of users."""

    values: tuple[User, ...] = ()
