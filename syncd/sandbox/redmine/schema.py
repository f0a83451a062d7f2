"""
What the site is set up with: trackers, statuses, roles and their workflow, custom fields. Data, no behaviour.

As Redmine 5.0 sets itself up (`lib/redmine/default_data/loader.rb`), with one tracker more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BUG, FEATURE, SUPPORT, EPIC = 1, 2, 3, 4
NEW, IN_PROGRESS, RESOLVED, FEEDBACK, CLOSED, REJECTED = 1, 2, 3, 4, 5, 6

TRACKERS: Final = {BUG: "Bug", FEATURE: "Feature", SUPPORT: "Support", EPIC: "Epic"}
STATUSES: Final = {
    NEW: "New",
    IN_PROGRESS: "In Progress",
    RESOLVED: "Resolved",
    FEEDBACK: "Feedback",
    CLOSED: "Closed",
    REJECTED: "Rejected",
}
CLOSING: Final = frozenset({CLOSED, REJECTED})
PRIORITIES: Final = {1: "Low", 2: "Normal", 3: "High", 4: "Urgent", 5: "Immediate"}
"""In their order, the least first."""
DEFAULT_PRIORITY: Final = 2
STANDARD_FIELDS: Final = (
    "assigned_to_id",
    "category_id",
    "fixed_version_id",
    "parent_issue_id",
    "start_date",
    "due_date",
    "estimated_hours",
    "done_ratio",
    "description",
)
"""What every tracker has switched on."""

SUBJECT_LIMIT: Final = 255
VERSION_NAME_LIMIT: Final = 60
VERSION_STATUSES: Final = ("open", "locked", "closed")
SHARINGS: Final = ("none", "descendants", "hierarchy", "tree", "system")

_READING: Final = frozenset({"view_issues", "view_time_entries"})
_WORKING: Final = _READING | {
    "manage_versions",
    "manage_categories",
    "add_issues",
    "edit_issues",
    "view_private_notes",
    "set_notes_private",
    "manage_issue_relations",
    "manage_subtasks",
    "add_issue_notes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What its members may do; *sees_all* shows private issues of others, too."""

    id: int
    name: str
    permissions: frozenset[str]
    sees_all: bool = False
    assignable: bool = True


NON_MEMBER: Final = Role(
    id=1, name="Non member", permissions=_READING | {"add_issues", "add_issue_notes"}, assignable=False
)
ANONYMOUS: Final = Role(id=2, name="Anonymous", permissions=_READING, assignable=False)
MANAGER: Final = Role(
    id=3,
    name="Manager",
    permissions=_WORKING | {"delete_issues", "set_issues_private", "edit_issue_notes", "edit_own_issue_notes"},
    sees_all=True,
)
DEVELOPER: Final = Role(id=4, name="Developer", permissions=_WORKING)
REPORTER: Final = Role(id=5, name="Reporter", permissions=_READING | {"add_issues", "add_issue_notes"})
ROLES: Final = {role.id: role for role in (NON_MEMBER, ANONYMOUS, MANAGER, DEVELOPER, REPORTER)}

_OPEN: Final = (NEW, IN_PROGRESS, RESOLVED, FEEDBACK)
WORKFLOW: Final[dict[int, frozenset[tuple[int, int]]]] = {
    MANAGER.id: frozenset((old, new) for old in STATUSES for new in STATUSES if old != new),
    DEVELOPER.id: frozenset((old, new) for old in _OPEN for new in (*_OPEN[1:], CLOSED) if old != new),
    REPORTER.id: frozenset({*((old, CLOSED) for old in _OPEN), (RESOLVED, FEEDBACK)}),
}
"""From and to which status each role may take an issue, of any tracker; a new issue is `New`."""

RELATION_TYPES: Final = {
    "relates": "relates",
    "duplicates": "duplicated",
    "blocks": "blocked",
    "precedes": "follows",
    "copied_to": "copied_from",
}
"""What a relation is called from its one end and from the other; it is kept as the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDef:
    """A custom field of issues or versions; *trackers* are those that have it."""

    id: int
    name: str
    on: str = "issue"
    format: str = "string"
    trackers: tuple[int, ...] = tuple(TRACKERS)
    options: tuple[str, ...] = ()
    multiple: bool = False
    max_length: int | None = None
    is_filter: bool = True


CUSTOM_FIELDS: Final = (
    FieldDef(id=1, name="Story points", format="float", trackers=(BUG, FEATURE, EPIC)),
    FieldDef(
        id=2,
        name="Team",
        format="list",
        options=(
            *("Web", "Mobile", "Data", "Infra"),
            *("Identity", "Payments", "Platform", "Growth", "Integrations"),
        ),
    ),
    FieldDef(
        id=3,
        name="Areas",
        format="list",
        trackers=(BUG, FEATURE),
        options=("API", "UI", "Docs", "Billing"),
        multiple=True,
    ),
    FieldDef(id=4, name="Upstream key", max_length=64),
    FieldDef(id=5, name="Committed on", format="date", trackers=(FEATURE, EPIC)),
    FieldDef(id=6, name="Ready", format="bool", trackers=(FEATURE,)),
    FieldDef(id=7, name="Quarter", on="version", is_filter=False),
    FieldDef(id=8, name="Syncd id", max_length=64),
    FieldDef(id=9, name="Syncd id", on="version", is_filter=False),
)
"""The last two carry the marks of what syncd makes."""
