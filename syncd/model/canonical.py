"""The canonical side: kinds, closed value sets, and the fields each kind has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias


class Kind(StrEnum):
    """What an entity is."""

    INITIATIVE = "initiative"
    TASK = "task"
    MILESTONE = "milestone"
    ITERATION = "iteration"
    """A dated stretch of work (sprint, cycle): only ever read."""
    COMMENT = "comment"
    """What somebody said below an initiative or a task."""


OPT_IN: Final = frozenset({Kind.ITERATION, Kind.COMMENT})
"""Kinds that cost requests of their own: read only where the portfolio's own mapping file asks for them."""


class Status(StrEnum):
    """How far an initiative or a task is, in this order."""

    PROPOSED = "proposed"
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    IN_REVIEW = "in_review"
    BLOCKED = "blocked"
    DONE = "done"
    CANCELLED = "cancelled"


class MilestoneStatus(StrEnum):
    """How far a milestone is, in this order."""

    PLANNED = "planned"
    ACTIVE = "active"
    RELEASED = "released"
    CANCELLED = "cancelled"


class IterationStatus(StrEnum):
    """How far an iteration is, in this order."""

    PLANNED = "planned"
    ACTIVE = "active"
    COMPLETED = "completed"


class Priority(StrEnum):
    """How urgent something is, most urgent first."""

    URGENT = "urgent"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Health(StrEnum):
    """How an initiative fares, best first."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and its ISO 4217 currency."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Metric:
    """A measured target of an initiative."""

    name: str
    unit: str | None = None
    baseline: Decimal | None = None
    target: Decimal | None = None
    current: Decimal | None = None


class FieldType(StrEnum):
    """The type of a canonical value, and with it how it is compared and merged."""

    TEXT = "text"
    """`str`, one line."""
    MARKDOWN = "markdown"
    """`str`, in our Markdown; merged by block."""
    CHOICE = "choice"
    """`str` out of a closed set, in the set's order."""
    NUMBER = "number"
    """`Decimal`."""
    BOOL = "bool"
    DATE = "date"
    """`date`."""
    INSTANT = "instant"
    """Aware `datetime` in UTC."""
    MONEY = "money"
    """`Money`."""
    METRICS = "metrics"
    """`tuple[Metric, ...]`, taken whole."""
    PERSON = "person"
    """A `PersonId`."""
    PEOPLE = "people"
    """`frozenset` of `PersonId`; a set field."""
    LABELS = "labels"
    """`frozenset[str]`; a set field whose elements are told apart by their folded text."""
    ENTITY = "entity"
    """An `EntityId`."""
    ENTITIES = "entities"
    """`frozenset` of `EntityId`; a set field."""


SET_TYPES: Final = frozenset({FieldType.PEOPLE, FieldType.LABELS, FieldType.ENTITIES})
"""Types merged element by element. Their empty value is `frozenset()`, never `None`."""

Value: TypeAlias = str | Decimal | bool | date | datetime | Money | tuple[Metric, ...] | frozenset[str] | None
"""A canonical value; `None` is "empty", which is a value (a set's empty value is `frozenset()`)."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""No canonical value has been agreed yet: neither empty nor a value."""


class Written(StrEnum):
    """When a canonical field may be written to a tool at all, whatever the tool would take."""

    ALWAYS = "always"
    ON_CREATE = "on_create"
    """Said when the record is made, never afterwards."""
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """A canonical field: its type and, for a choice, the closed set in canonical order."""

    type: FieldType
    options: tuple[str, ...] = ()
    written: Written = Written.ALWAYS

    @property
    def is_set(self) -> bool:
        """Whether it is merged element by element."""
        return self.type in SET_TYPES


def _choice(options: type[StrEnum], written: Written = Written.ALWAYS) -> FieldSpec:
    return FieldSpec(type=FieldType.CHOICE, options=tuple(options), written=written)


def _plain(kind: FieldType, written: Written = Written.ALWAYS) -> FieldSpec:
    return FieldSpec(type=kind, written=written)


_SHARED = {
    "title": _plain(FieldType.TEXT),
    "description": _plain(FieldType.MARKDOWN),
    "start_on": _plain(FieldType.DATE),
    "url": _plain(FieldType.TEXT),
}

FIELDS: Final[Mapping[Kind, Mapping[str, FieldSpec]]] = MappingProxyType(
    {
        Kind.INITIATIVE: MappingProxyType(
            _SHARED
            | {
                "status": _choice(Status),
                "health": _choice(Health),
                "owner": _plain(FieldType.PERSON),
                "contributors": _plain(FieldType.PEOPLE),
                "team": _plain(FieldType.TEXT),
                "objectives": _plain(FieldType.LABELS),
                "budget": _plain(FieldType.MONEY),
                "priority": _choice(Priority),
                "target_on": _plain(FieldType.DATE),
                "completed_on": _plain(FieldType.DATE),
                "progress": _plain(FieldType.NUMBER),
                "labels": _plain(FieldType.LABELS),
                "parent": _plain(FieldType.ENTITY),
                "milestones": _plain(FieldType.ENTITIES),
                "risks": _plain(FieldType.LABELS),
                "metrics": _plain(FieldType.METRICS),
            }
        ),
        Kind.TASK: MappingProxyType(
            _SHARED
            | {
                "status": _choice(Status),
                "assignees": _plain(FieldType.PEOPLE),
                "reporter": _plain(FieldType.PERSON),
                "priority": _choice(Priority),
                "estimate": _plain(FieldType.NUMBER),
                "spent": _plain(FieldType.NUMBER),
                "due_on": _plain(FieldType.DATE),
                "completed_on": _plain(FieldType.DATE),
                "labels": _plain(FieldType.LABELS),
                "parent": _plain(FieldType.ENTITY),
                "milestone": _plain(FieldType.ENTITY),
                "iteration": _plain(FieldType.ENTITY),
                "depends_on": _plain(FieldType.ENTITIES),
            }
        ),
        Kind.MILESTONE: MappingProxyType(
            _SHARED
            | {
                "status": _choice(MilestoneStatus),
                "due_on": _plain(FieldType.DATE),
                "released_on": _plain(FieldType.DATE),
                "owner": _plain(FieldType.PERSON),
                "initiatives": _plain(FieldType.ENTITIES),
            }
        ),
        Kind.ITERATION: MappingProxyType(
            {
                "title": _plain(FieldType.TEXT, Written.NEVER),
                "status": _choice(IterationStatus, Written.NEVER),
                "start_on": _plain(FieldType.DATE, Written.NEVER),
                "due_on": _plain(FieldType.DATE, Written.NEVER),
                "completed_on": _plain(FieldType.DATE, Written.NEVER),
                "url": _plain(FieldType.TEXT, Written.NEVER),
            }
        ),
        Kind.COMMENT: MappingProxyType(
            {
                "body": _plain(FieldType.MARKDOWN),
                "author": _plain(FieldType.PERSON, Written.NEVER),
                "created_at": _plain(FieldType.INSTANT, Written.NEVER),
                "parent": _plain(FieldType.ENTITY, Written.ON_CREATE),
                "url": _plain(FieldType.TEXT, Written.NEVER),
            }
        ),
    }
)
"""Every built-in field. Custom fields are declared, with a type, in the mapping file."""

DEFAULT_FALLBACKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Status.IN_REVIEW: Status.IN_PROGRESS,
        Status.BLOCKED: Status.IN_PROGRESS,
        Status.PROPOSED: Status.PLANNED,
        Status.CANCELLED: Status.DONE,
    }
)
"""What a tool that lacks a status shows instead, unless the mapping says otherwise (design.md section 4)."""
