"""What the site is set up with: issue types, statuses, priorities, fields and their screens. Data, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FieldKind(StrEnum):
    """How a field's value is written and stored."""

    TEXT = "text"
    ADF = "adf"
    NUMBER = "number"
    DATE = "date"
    OPTION = "option"
    OPTIONS = "options"
    USER = "user"
    LABELS = "labels"
    VERSIONS = "versions"
    COMPONENTS = "components"
    PRIORITY = "priority"
    TYPE = "issuetype"
    PROJECT = "project"
    PARENT = "parent"
    RESOLUTION = "resolution"
    LINKS = "issuelinks"
    STATUS = "status"
    INSTANT = "datetime"
    SUBTASKS = "subtasks"
    COMMENTS = "comment"
    SPRINT = "sprint"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueType:
    """An issue type; only types one level up may be its parent."""

    id: str
    name: str
    level: int
    workflow: str

    @property
    def is_subtask(self) -> bool:
        """Whether it lives under an issue of the base level."""
        return self.level < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDef:
    """A status and the key of its category (`new`, `indeterminate`, `done`)."""

    id: str
    name: str
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a select field."""

    id: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDef:
    """A field; *screens* names the issue types whose screens show it (all when `None`, none when empty)."""

    id: str
    name: str
    kind: FieldKind
    screens: frozenset[str] | None = None
    required: bool = False
    options: tuple[Option, ...] = ()
    limit: int | None = None

    @property
    def is_custom(self) -> bool:
        """Whether an administrator made it."""
        return self.id.startswith("customfield_")


# An office without the paid hierarchy keeps initiatives at the epics' level, so that stories may hang below either.
ISSUE_TYPES: Final = (
    IssueType(id="10010", name="Initiative", level=1, workflow="portfolio"),
    IssueType(id="10000", name="Epic", level=1, workflow="portfolio"),
    IssueType(id="10001", name="Story", level=0, workflow="team"),
    IssueType(id="10002", name="Task", level=0, workflow="team"),
    IssueType(id="10004", name="Bug", level=0, workflow="team"),
    IssueType(id="10003", name="Sub-task", level=-1, workflow="team"),
)

STATUSES: Final = (
    StatusDef(id="10100", name="Backlog", category="new"),
    StatusDef(id="10101", name="Selected for Development", category="new"),
    StatusDef(id="3", name="In Progress", category="indeterminate"),
    StatusDef(id="10102", name="In Review", category="indeterminate"),
    StatusDef(id="10103", name="Blocked", category="indeterminate"),
    StatusDef(id="10104", name="Done", category="done"),
    StatusDef(id="10105", name="Cancelled", category="done"),
    StatusDef(id="10110", name="Funnel", category="new"),
    StatusDef(id="10111", name="Planned", category="new"),
    StatusDef(id="10112", name="Under Way", category="indeterminate"),
    StatusDef(id="10113", name="Delivered", category="done"),
    StatusDef(id="10114", name="Dropped", category="done"),
)
CATEGORIES: Final = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
"""Category key: id, name, colour."""

PRIORITIES: Final = (("1", "Highest"), ("2", "High"), ("3", "Medium"), ("4", "Low"), ("5", "Lowest"))
DEFAULT_PRIORITY: Final = "3"
RESOLUTIONS: Final = (("10000", "Done"), ("10001", "Won't Do"), ("10002", "Duplicate"))
LINK_TYPES: Final = (
    ("10000", "Blocks", "is blocked by", "blocks"),
    ("10003", "Relates", "relates to", "relates to"),
    ("10002", "Duplicate", "is duplicated by", "duplicates"),
)
"""Id, name, inward, outward."""

TEXT_LIMIT: Final = 32_767
SUMMARY_LIMIT: Final = 255

_TOP = frozenset({"Initiative", "Epic"})
_WORK = frozenset({"Story", "Task", "Bug"})
_NONE: frozenset[str] = frozenset()


def _options(first: int, *values: str) -> tuple[Option, ...]:
    return tuple(Option(id=str(first + offset), value=value) for offset, value in enumerate(values))


FIELDS: Final = (
    FieldDef(id="summary", name="Summary", kind=FieldKind.TEXT, required=True, limit=SUMMARY_LIMIT),
    FieldDef(id="project", name="Project", kind=FieldKind.PROJECT, required=True),
    FieldDef(id="issuetype", name="Issue Type", kind=FieldKind.TYPE, required=True),
    FieldDef(id="description", name="Description", kind=FieldKind.ADF, limit=TEXT_LIMIT),
    FieldDef(id="environment", name="Environment", kind=FieldKind.ADF, screens=frozenset({"Bug"}), limit=TEXT_LIMIT),
    FieldDef(id="parent", name="Parent", kind=FieldKind.PARENT, screens=_WORK | {"Sub-task"}),
    FieldDef(id="priority", name="Priority", kind=FieldKind.PRIORITY),
    FieldDef(id="labels", name="Labels", kind=FieldKind.LABELS),
    FieldDef(id="assignee", name="Assignee", kind=FieldKind.USER),
    FieldDef(id="reporter", name="Reporter", kind=FieldKind.USER),
    FieldDef(id="fixVersions", name="Fix versions", kind=FieldKind.VERSIONS),
    FieldDef(id="versions", name="Affects versions", kind=FieldKind.VERSIONS, screens=frozenset({"Bug"})),
    FieldDef(id="components", name="Components", kind=FieldKind.COMPONENTS),
    FieldDef(id="duedate", name="Due date", kind=FieldKind.DATE),
    FieldDef(id="issuelinks", name="Linked Issues", kind=FieldKind.LINKS),
    FieldDef(id="status", name="Status", kind=FieldKind.STATUS, screens=_NONE),
    FieldDef(id="resolution", name="Resolution", kind=FieldKind.RESOLUTION, screens=_NONE),
    FieldDef(id="resolutiondate", name="Resolved", kind=FieldKind.INSTANT, screens=_NONE),
    FieldDef(id="creator", name="Creator", kind=FieldKind.USER, screens=_NONE),
    FieldDef(id="created", name="Created", kind=FieldKind.INSTANT, screens=_NONE),
    FieldDef(id="updated", name="Updated", kind=FieldKind.INSTANT, screens=_NONE),
    FieldDef(id="subtasks", name="Sub-tasks", kind=FieldKind.SUBTASKS, screens=_NONE),
    FieldDef(id="comment", name="Comment", kind=FieldKind.COMMENTS, screens=_NONE),
    FieldDef(id="customfield_10015", name="Start date", kind=FieldKind.DATE),
    FieldDef(id="customfield_10016", name="Story Points", kind=FieldKind.NUMBER, screens=_WORK),
    FieldDef(id="customfield_10020", name="Budget (EUR)", kind=FieldKind.NUMBER, screens=_TOP),
    FieldDef(
        id="customfield_10021",
        name="Team",
        kind=FieldKind.OPTION,
        screens=_TOP | _WORK,
        options=_options(10200, "Identity", "Payments", "Platform", "Growth", "Integrations", "Web"),
    ),
    FieldDef(id="customfield_10022", name="Target date", kind=FieldKind.DATE, screens=_TOP),
    FieldDef(
        id="customfield_10023",
        name="Acceptance notes",
        kind=FieldKind.ADF,
        screens=_WORK,
        limit=TEXT_LIMIT,
    ),
    FieldDef(
        id="customfield_10024",
        name="Regions",
        kind=FieldKind.OPTIONS,
        screens=_TOP,
        options=_options(10220, "EMEA", "Americas", "APAC"),
    ),
    FieldDef(id="customfield_10025", name="Sponsor", kind=FieldKind.USER, screens=_TOP),
    FieldDef(
        id="customfield_10026",
        name="Health",
        kind=FieldKind.OPTION,
        screens=_TOP,
        options=_options(10230, "On track", "At risk", "Off track"),
    ),
    FieldDef(id="customfield_10028", name="Sprint", kind=FieldKind.SPRINT, screens=_WORK),
    FieldDef(id="customfield_10027", name="External reference", kind=FieldKind.TEXT, limit=SUMMARY_LIMIT),
)

TYPES_BY_ID: Final = {one.id: one for one in ISSUE_TYPES}
TYPES_BY_NAME: Final = {one.name.casefold(): one for one in ISSUE_TYPES}
STATUSES_BY_ID: Final = {one.id: one for one in STATUSES}
FIELDS_BY_ID: Final = {one.id: one for one in FIELDS}
