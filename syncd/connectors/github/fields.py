"""The fields of issues, drafts and milestones, and of the project itself, as native fields and values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Final

from syncd.connectors.github.marker import BODY_LIMIT, OVERHEAD
from syncd.connectors.github.payloads import FieldValueNode
from syncd.connectors.github.project_payloads import FieldNode, Iteration
from syncd.model.native import Choice, Date, Native, NativeField, NativeType, Number, Text
from syncd.model.refs import ConnectionName, Ref

ISSUE_TYPE: Final = "Issue"
"""What an issue without an issue type is called."""
DRAFT: Final = "draft"
MILESTONE: Final = "milestone"
COMMENT: Final = "comment"
ITERATION: Final = "iteration"
DRAFT_ONLY: Final = frozenset({DRAFT})
MILESTONE_ONLY: Final = frozenset({MILESTONE})
COMMENT_ONLY: Final = frozenset({COMMENT})
ITERATION_ONLY: Final = frozenset({ITERATION})

TITLE_LIMIT: Final = 256
"""GitHub refuses longer issue titles."""
ASSIGNEE_LIMIT: Final = 10
"""GitHub Docs, "Assigning issues and pull requests to other GitHub users"."""

LABEL_LIMIT: Final = 100
BLOCKER_LIMIT: Final = 50
"""Both as recalled from GitHub's documentation, to be checked live: past them GitHub refuses, and says so."""

OPEN: Final = "open"
CLOSED: Final = "closed"
ISSUE_STATES: Final = (
    Choice(OPEN, "Open", OPEN),
    Choice("completed", "Closed as completed", CLOSED),
    Choice("not_planned", "Closed as not planned", CLOSED),
    Choice("duplicate", "Closed as duplicate", CLOSED),
)
MILESTONE_STATES: Final = (Choice(OPEN, "Open", OPEN), Choice(CLOSED, "Closed", CLOSED))
UPCOMING: Final = Choice("upcoming", "Upcoming")
CURRENT: Final = Choice("current", "Current")
COMPLETED: Final = Choice("completed", "Completed")
_BY_ID: Final = {choice.id: choice for choice in (*ISSUE_STATES, *MILESTONE_STATES)}

_FIELD_TYPES: Final[Mapping[str, NativeType]] = MappingProxyType(
    {
        "TEXT": NativeType.TEXT,
        "NUMBER": NativeType.NUMBER,
        "DATE": NativeType.DATE,
        "SINGLE_SELECT": NativeType.CHOICE,
        "ITERATION": NativeType.REF,
    }
)
"""The project fields that can be written (`ProjectV2FieldValue`). The rest mirror the issue, and are read there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectField:
    """One of the project's own fields."""

    id: str
    name: str
    type: NativeType
    options: tuple[Choice, ...] = ()
    iterations: tuple[Iteration, ...] = ()
    """Running and coming ones, then past ones."""
    completed: frozenset[str] = frozenset()
    """The ids of the past ones."""
    successors: Mapping[str, str] = field(default_factory=dict)
    """The id an iteration has now by the one it had before an admin edited the field, as far as we saw it."""

    def option_like(self, choice: Choice) -> Choice | None:
        """Return the option *choice* stands for: by id, else by its name, which survives an edit of the field."""
        by_id = next((option for option in self.options if option.id == choice.id), None)
        folded = choice.label.casefold()
        return by_id or next((option for option in self.options if option.label.casefold() == folded), None)

    def iteration_of(self, ref: Ref) -> str | None:
        """Return the present id of the iteration *ref* names; `None` when that is another field's."""
        field_id, _, iteration = ref.id.partition("/")
        return self.successors.get(iteration, iteration) if field_id == self.id else None


def project_fields(nodes: Iterable[FieldNode]) -> Mapping[str, ProjectField]:
    """Return the project's own fields by id, in their order; system fields are left out."""
    return {
        node.id: ProjectField(
            id=node.id,
            name=node.name,
            type=_FIELD_TYPES[node.data_type],
            options=tuple(Choice(option.id, option.name) for option in node.options),
            iterations=(*node.configuration.iterations, *node.configuration.completed_iterations)
            if node.configuration
            else (),
            completed=frozenset(past.id for past in node.configuration.completed_iterations)
            if node.configuration
            else frozenset(),
        )
        for node in nodes
        if node.data_type in _FIELD_TYPES
    }


def iteration_ref(name: ConnectionName, field_id: str, iteration: str) -> Ref:
    """Return the ref of an iteration: its id is only unique within its field."""
    return Ref(name, ITERATION, f"{field_id}/{iteration}")


def project_values(name: ConnectionName, fields: Iterable[str], values: Iterable[FieldValueNode]) -> dict[str, Native]:
    """Return an item's value in each of *fields*, `None` where it has none; other fields are passed over."""
    known: dict[str, Native] = dict.fromkeys(fields)
    for value in values:
        if value.field.id in known:
            known[value.field.id] = _native(name, value)
    return known


def _native(name: ConnectionName, value: FieldValueNode) -> Native:
    match value.typename:
        case "ProjectV2ItemFieldTextValue":
            return Text(value.text) if value.text else None
        case "ProjectV2ItemFieldNumberValue":
            return None if value.number is None else Number(value.number)
        case "ProjectV2ItemFieldDateValue":
            return Date(date.fromisoformat(value.date[:10])) if value.date else None
        case "ProjectV2ItemFieldSingleSelectValue":
            return Choice(value.option_id, value.name or "") if value.option_id else None
        case "ProjectV2ItemFieldIterationValue":
            return iteration_ref(name, value.field.id or "", value.iteration_id) if value.iteration_id else None
        case _:
            return None


def issue_state(state: str, reason: str | None) -> Choice:
    """Return an issue's state with its reason; closed without one was completed, as GitHub shows it."""
    if state == "OPEN":
        return _BY_ID[OPEN]
    return _BY_ID.get((reason or "completed").lower(), _BY_ID["completed"])


def milestone_state(state: str) -> Choice:
    """Return a milestone's state, from either API's spelling."""
    return _BY_ID[state.lower()]


def describe_fields(
    *, types: Sequence[Choice], labels: Sequence[str], project: Iterable[ProjectField]
) -> tuple[NativeField, ...]:
    """Return every field there is, given the issue types, the labels in use and the project's own fields."""
    issues = frozenset({ISSUE_TYPE, *(choice.label for choice in types)})
    items = issues | DRAFT_ONLY
    return (
        *_shared_fields(issues, items),
        *(replace(one, record_types=issues) for one in _issue_fields(types, labels)),
        *(replace(one, record_types=MILESTONE_ONLY) for one in _MILESTONE_FIELDS),
        *_COMMENT_FIELDS,
        *_ITERATION_FIELDS,
        *(
            NativeField(key=one.id, label=one.name, type=one.type, options=one.options, record_types=items)
            for one in project
        ),
    )


def _shared_fields(issues: frozenset[str], items: frozenset[str]) -> tuple[NativeField, ...]:
    return (
        NativeField(
            key="title",
            label="Title",
            type=NativeType.TEXT,
            required_on_create=True,
            can_be_empty=False,
            max_length=TITLE_LIMIT,
            record_types=items | MILESTONE_ONLY,
        ),
        _body("body", "Body", items),
        NativeField(
            key="assignees",
            label="Assignees",
            type=NativeType.PEOPLE,
            capacity=ASSIGNEE_LIMIT,
            record_types=items,
        ),
        _read_only("author", "Author", NativeType.PERSON, items),
        _read_only("createdAt", "Created", NativeType.INSTANT, items | MILESTONE_ONLY),
        _read_only("closedAt", "Closed", NativeType.INSTANT, issues | MILESTONE_ONLY),
    )


def _issue_fields(types: Sequence[Choice], labels: Sequence[str]) -> tuple[NativeField, ...]:
    return (
        NativeField(key="state", label="State", type=NativeType.CHOICE, options=ISSUE_STATES, can_be_empty=False),
        NativeField(
            key="labels",
            label="Labels",
            type=NativeType.CHOICES,
            options=tuple(Choice(name, name) for name in labels),
            free=True,
            capacity=LABEL_LIMIT,
        ),
        NativeField(key="type", label="Type", type=NativeType.CHOICE, options=tuple(types), writable=bool(types)),
        NativeField(key="milestone", label="Milestone", type=NativeType.REF),
        NativeField(key="parent", label="Parent issue", type=NativeType.REF),
        NativeField(key="depends_on", label="Blocked by", type=NativeType.REFS, capacity=BLOCKER_LIMIT),
    )


def _body(key: str, label: str, record_types: frozenset[str]) -> NativeField:
    return NativeField(
        key=key,
        label=label,
        type=NativeType.RICH_TEXT,
        max_length=BODY_LIMIT - OVERHEAD,
        record_types=record_types,
    )


def _read_only(key: str, label: str, kind: NativeType, record_types: frozenset[str]) -> NativeField:
    return NativeField(key=key, label=label, type=kind, writable=False, record_types=record_types)


_MILESTONE_FIELDS: Final = (
    _body("description", "Description", MILESTONE_ONLY),
    NativeField(key="due_on", label="Due date", type=NativeType.INSTANT),
    NativeField(key="state", label="State", type=NativeType.CHOICE, options=MILESTONE_STATES, can_be_empty=False),
)

_COMMENT_FIELDS: Final = (
    replace(_body("body", "Comment", COMMENT_ONLY), required_on_create=True, can_be_empty=False),
    NativeField(
        key="parent",
        label="Commented issue",
        type=NativeType.REF,
        required_on_create=True,
        can_be_empty=False,
        record_types=COMMENT_ONLY,
    ),
    _read_only("author", "Author", NativeType.PERSON, COMMENT_ONLY),
    _read_only("created_at", "Created", NativeType.INSTANT, COMMENT_ONLY),
)

_ITERATION_FIELDS: Final = (
    _read_only("title", "Title", NativeType.TEXT, ITERATION_ONLY),
    _read_only("field", "Field", NativeType.TEXT, ITERATION_ONLY),
    _read_only("start_on", "Start", NativeType.DATE, ITERATION_ONLY),
    _read_only("due_on", "Last day", NativeType.DATE, ITERATION_ONLY),
    _read_only("completed_on", "Completed", NativeType.DATE, ITERATION_ONLY),
    replace(_read_only("state", "State", NativeType.CHOICE, ITERATION_ONLY), options=(UPCOMING, CURRENT, COMPLETED)),
)
