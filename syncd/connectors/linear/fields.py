"""The fields of every kind of record as native fields, and the values that need more than a type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from syncd.connectors.linear.catalog import Around, state_choice
from syncd.connectors.linear.families import COMMENT, INITIATIVE, ISSUE, ITERATION, MILESTONE, PROJECT
from syncd.model.native import Choice, Date, NativeField, NativeType, TextFormat

TITLE_LIMIT: Final = 255
"""Recalled, to be checked live: past it Linear refuses, and says so."""
SUMMARY_LIMIT: Final = 255
"""A project's or initiative's one-line description (recalled)."""

PRIORITIES: Final = (
    Choice("1", "Urgent", "urgent"),
    Choice("2", "High", "high"),
    Choice("3", "Medium", "medium"),
    Choice("4", "Low", "low"),
)
"""0 is "no priority": empty."""
INITIATIVE_STATES: Final = tuple(
    Choice(name, name, name.lower()) for name in ("Proposed", "Planned", "Active", "Completed", "Canceled")
)
MILESTONE_STATES: Final = tuple(
    Choice(name, label, name)
    for name, label in (("unstarted", "Unstarted"), ("next", "Next"), ("overdue", "Overdue"), ("done", "Done"))
)
HEALTHS: Final = (
    Choice("onTrack", "On track", "onTrack"),
    Choice("atRisk", "At risk", "atRisk"),
    Choice("offTrack", "Off track", "offTrack"),
)
CYCLE_STATES: Final = (
    Choice("future", "Upcoming", "future"),
    Choice("active", "Active", "active"),
    Choice("completed", "Completed", "completed"),
)

_MONTHS: Final[Mapping[str, int]] = MappingProxyType({"month": 1, "quarter": 3, "halfYear": 6, "year": 12})
"""How many months each `DateResolutionType` spans."""
_YEAR: Final = 12
_LONGEST_MONTH: Final = 31

_ALL: Final = frozenset({ISSUE, PROJECT, INITIATIVE, MILESTONE})
_ROADMAP: Final = frozenset({PROJECT, INITIATIVE})


def make_date(day: date | None, resolution: str | None, fiscal_start: int) -> Date | None:
    """
    Return a date as people see it; with a resolution it stands for a whole period ("Q2 2026").

    Quarters and longer go by the workspace's fiscal year. An unknown
    resolution is taken as that very day.
    """
    if day is None:
        return None
    months = _MONTHS.get(resolution or "")
    if months is None:
        return Date(day)
    number = day.year * _YEAR + day.month - 1
    first = number - (day.month - 1 - fiscal_start) % months
    return Date(day, (_first_of(first), _first_of(first + months) - timedelta(days=1)))


def resolution_of(value: Date) -> str | None:
    """Return the resolution a date goes with: that of its period, none (a day) without one."""
    if value.span is None:
        return None
    first, last = value.span
    months = round((last - first).days / (_LONGEST_MONTH - 0.5))
    return next((name for name, count in _MONTHS.items() if count == months), None)


def _first_of(month: int) -> date:
    return date(month // _YEAR, month % _YEAR + 1, 1)


def priority_choice(number: float) -> Choice | None:
    """Return a priority; `None` for none."""
    return next((choice for choice in PRIORITIES if choice.id == str(int(number))), None)


def choice_of(options: Iterable[Choice], name: str) -> Choice:
    """Return the option of that name; one we do not know yet as itself."""
    return next((choice for choice in options if choice.id == name), Choice(name, name, name.lower()))


def describe_fields(around: Around) -> tuple[NativeField, ...]:
    """Return every field there is, with each team's own workflow."""
    return (
        *_texts(),
        *_states(around),
        *_of_issues(),
        *_of_roadmap(),
        *_of_milestones(),
        *_of_iterations(),
        *_of_comments(),
        _read_only("createdAt", "Created", NativeType.INSTANT, _ALL),
        _read_only("completedAt", "Completed", NativeType.INSTANT, frozenset({ISSUE, PROJECT, INITIATIVE})),
        _read_only("canceledAt", "Cancelled", NativeType.INSTANT, frozenset({ISSUE})),
        _read_only("creator", "Creator", NativeType.PERSON, frozenset({ISSUE, PROJECT, INITIATIVE})),
    )


def _texts() -> tuple[NativeField, ...]:
    return (
        _title("title", "Title", frozenset({ISSUE})),
        _title("name", "Name", frozenset({PROJECT, INITIATIVE, MILESTONE})),
        _rich("description", "Description", frozenset({ISSUE, MILESTONE})),
        _rich("content", "Description", _ROADMAP),
        NativeField(
            key="summary", label="Summary", type=NativeType.TEXT, max_length=SUMMARY_LIMIT, record_types=_ROADMAP
        ),
    )


def _states(around: Around) -> tuple[NativeField, ...]:
    return (
        *(
            NativeField(
                key="state",
                label="Status",
                type=NativeType.CHOICE,
                options=tuple(
                    state_choice(state) for state in sorted(team.states.nodes, key=lambda state: state.position)
                ),
                can_be_empty=False,
                record_types=frozenset({ISSUE}),
                containers=frozenset({key}),
            )
            for key, team in around.teams.items()
        ),
        _status(tuple(state_choice(status) for status in around.statuses), PROJECT),
        _status(INITIATIVE_STATES, INITIATIVE),
        _status(MILESTONE_STATES, MILESTONE, writable=False),
    )


def _of_issues() -> tuple[NativeField, ...]:
    only = frozenset({ISSUE})
    return (
        NativeField(
            key="priority",
            label="Priority",
            type=NativeType.CHOICE,
            options=PRIORITIES,
            record_types=frozenset({ISSUE, PROJECT}),
        ),
        NativeField(
            key="labels",
            label="Labels",
            type=NativeType.CHOICES,
            free=True,
            record_types=frozenset({ISSUE, PROJECT}),
        ),
        NativeField(key="estimate", label="Estimate", type=NativeType.NUMBER, record_types=only),
        NativeField(key="dueDate", label="Due date", type=NativeType.DATE, record_types=only),
        NativeField(key="assignee", label="Assignee", type=NativeType.PERSON, record_types=only),
        NativeField(key="parent", label="Parent issue", type=NativeType.REF, record_types=only),
        NativeField(key="project", label="Project", type=NativeType.REF, record_types=only),
        NativeField(key="belongsTo", label="Parent issue or project", type=NativeType.REF, record_types=only),
        NativeField(key="projectMilestone", label="Milestone", type=NativeType.REF, record_types=only),
        NativeField(key="cycle", label="Cycle", type=NativeType.REF, record_types=only),
        NativeField(key="depends_on", label="Blocked by", type=NativeType.REFS, record_types=only),
    )


def _of_roadmap() -> tuple[NativeField, ...]:
    project = frozenset({PROJECT})
    return (
        NativeField(key="owner", label="Lead", type=NativeType.PERSON, record_types=project),
        NativeField(key="owner", label="Owner", type=NativeType.PERSON, record_types=frozenset({INITIATIVE})),
        NativeField(key="members", label="Members", type=NativeType.PEOPLE, record_types=project),
        NativeField(key="startDate", label="Start date", type=NativeType.DATE, record_types=project),
        NativeField(key="targetDate", label="Target date", type=NativeType.DATE, record_types=_ROADMAP),
        NativeField(key="parent", label="Initiatives", type=NativeType.REFS, record_types=project),
        NativeField(
            key="health",
            label="Health",
            type=NativeType.CHOICE,
            options=HEALTHS,
            writable=False,
            record_types=_ROADMAP,
        ),
    )


def _of_milestones() -> tuple[NativeField, ...]:
    only = frozenset({MILESTONE})
    return (
        NativeField(key="targetDate", label="Target date", type=NativeType.DATE, record_types=only),
        NativeField(key="project", label="Project", type=NativeType.REF, writable=False, record_types=only),
    )


def _of_iterations() -> tuple[NativeField, ...]:
    only = frozenset({ITERATION})
    return (
        _read_only("title", "Title", NativeType.TEXT, only),
        _read_only("start_on", "Start", NativeType.DATE, only),
        _read_only("due_on", "Last day", NativeType.DATE, only),
        _read_only("completed_on", "Completed", NativeType.DATE, only),
        NativeField(
            key="state",
            label="State",
            type=NativeType.CHOICE,
            options=CYCLE_STATES,
            writable=False,
            record_types=only,
        ),
    )


def _of_comments() -> tuple[NativeField, ...]:
    only = frozenset({COMMENT})
    return (
        NativeField(
            key="body",
            label="Comment",
            type=NativeType.RICH_TEXT,
            required_on_create=True,
            can_be_empty=False,
            format=TextFormat.MARKDOWN,
            record_types=only,
        ),
        NativeField(
            key="parent",
            label="On",
            type=NativeType.REF,
            required_on_create=True,
            can_be_empty=False,
            record_types=only,
        ),
        _read_only("author", "Author", NativeType.PERSON, only),
        _read_only("created_at", "Written", NativeType.INSTANT, only),
    )


def _title(key: str, label: str, types: frozenset[str]) -> NativeField:
    return NativeField(
        key=key,
        label=label,
        type=NativeType.TEXT,
        required_on_create=True,
        can_be_empty=False,
        max_length=TITLE_LIMIT,
        record_types=types,
    )


def _rich(key: str, label: str, types: frozenset[str]) -> NativeField:
    return NativeField(key=key, label=label, type=NativeType.RICH_TEXT, format=TextFormat.MARKDOWN, record_types=types)


def _status(options: tuple[Choice, ...], kind: str, *, writable: bool = True) -> NativeField:
    return NativeField(
        key="status",
        label="Status",
        type=NativeType.CHOICE,
        options=options,
        can_be_empty=False,
        writable=writable,
        record_types=frozenset({kind}),
    )


def _read_only(key: str, label: str, kind: NativeType, types: frozenset[str]) -> NativeField:
    return NativeField(key=key, label=label, type=kind, writable=False, record_types=types)
