"""
What a tool holds, in the tool's own terms: a closed set of typed values, records, field descriptions.

A field of a record is one of three things: a value, `None` (empty, which is a
value), or absent from `Record.fields` (`MISSING`: not permitted, not in the
payload), which says nothing at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Final, TypeAlias

from syncd.model.refs import EntityId, Ref, Revision


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""No reading: neither empty nor a value. It has no voice and is never written."""


class TextFormat(StrEnum):
    """How a rich text's source is written."""

    ADF = "adf"
    """Atlassian Document Format; the source is its JSON text."""
    MARKDOWN = "markdown"
    """GitHub-flavoured Markdown."""
    TEXTILE = "textile"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Text:
    """One line of plain text."""

    value: str


@dataclass(frozen=True, slots=True)
class RichText:
    """Formatted text, exactly as the tool holds it."""

    format: TextFormat
    source: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number, exact."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Bool:
    """Yes or no."""

    value: bool


@dataclass(frozen=True, slots=True)
class Date:
    """
    A calendar day, without a zone.

    *span* is there when the tool shows a period instead of the day (Linear's
    "Q2 2026"): its first and last day. Any day in it is said as well as can be.
    """

    value: date
    span: tuple[date, date] | None = field(default=None, compare=False)

    def covers(self, day: date) -> bool:
        """Tell whether this says *day* as well as it can."""
        return self.value == day if self.span is None else self.span[0] <= day <= self.span[1]


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, aware, in UTC."""

    value: datetime


@dataclass(frozen=True, slots=True)
class Choice:
    """
    One of a field's options. Equal when the *id* is equal.

    *category* is the tool's stable class of options where it has one (Jira's
    status category `new`, `indeterminate`, `done`; Redmine's `open`, `closed`).
    Free labels carry their own text as id.
    """

    id: str
    label: str = field(compare=False)
    category: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Choices:
    """Several options, without order."""

    members: frozenset[Choice]


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the tool. Equal when the *id* is equal; the rest is there only if the tool shows it."""

    id: str
    name: str | None = field(default=None, compare=False)
    login: str | None = field(default=None, compare=False)
    email: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class People:
    """Several users, without order."""

    members: frozenset[Person]


@dataclass(frozen=True, slots=True)
class Refs:
    """References to several other records, without order. (A single one is a plain `Ref`.)"""

    members: frozenset[Ref]


NativeValue: TypeAlias = (
    Text | RichText | Number | Bool | Date | Instant | Choice | Choices | Person | People | Ref | Refs
)
Native: TypeAlias = NativeValue | None
"""A native reading: a value, or `None` for empty."""


def refs_in(value: Native) -> frozenset[Ref]:
    """Return the records a native value refers to."""
    if isinstance(value, Ref):
        return frozenset({value})
    return value.members if isinstance(value, Refs) else frozenset()


def with_refs(value: Native, kept: frozenset[Ref], before: Native) -> Native:
    """Return *value* still referring to *kept*, in the form that *before* had."""
    if not kept:
        return value
    if isinstance(before, Ref):
        return before if value is None else value
    return Refs(refs_in(value) | kept)


class NativeType(StrEnum):
    """The kind of value a native field holds, named as its class."""

    TEXT = "text"
    RICH_TEXT = "rich_text"
    NUMBER = "number"
    BOOL = "bool"
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"
    CHOICES = "choices"
    PERSON = "person"
    PEOPLE = "people"
    REF = "ref"
    REFS = "refs"


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeField:
    """
    One field of a tool, as the tool describes it.

    The same key may be described several times for different *record_types*
    or *containers* (a Jira status list differs by project and issue type); an
    empty set means all of them.
    """

    key: str
    label: str
    type: NativeType
    options: tuple[Choice, ...] = ()
    """Every allowed option in the tool's own order; empty when free or not a choice."""
    free: bool = False
    """Whether a value outside *options* may be written (labels)."""
    writable: bool = True
    required_on_create: bool = False
    max_length: int | None = None
    """The most characters the tool takes; `None` when it names no limit."""
    capacity: int | None = None
    """The most members a set may have; `None` when unlimited."""
    can_be_empty: bool = True
    format: TextFormat | None = None
    """How a rich text is written there when there is none yet; `None` for Markdown and for other types."""
    record_types: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()


class RecordState(StrEnum):
    """Whether a record is in plain sight. None of these is a deletion."""

    LIVE = "live"
    ARCHIVED = "archived"
    HIDDEN = "hidden"
    """It exists, and we may not see it (GitHub's REDACTED)."""
    OUT_OF_SCOPE = "out_of_scope"
    """It exists, outside of what the connection covers (taken off the project): the link is kept, nothing written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One item as fetched from a tool."""

    ref: Ref
    type: str
    """The tool's own type name, which the mapping's `kinds` go by: `Story`, `version`, `milestone`."""
    container: str
    """Where it lives and where a canary must be readable: a Jira project key, a GitHub `owner/repo`."""
    key: str
    """What people call it: `PMO-12`, `acme/api#7`, `#31`, a version's name."""
    revision: Revision
    fields: Mapping[str, Native]
    """By the tool's own field key. An absent key is `MISSING`; `None` is empty."""
    url: str | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    updated_by: str | None = None
    """Who changed it last, as a display name, where the tool tells."""
    marker: EntityId | None = None
    """The entity id found on it, if we marked it."""
    state: RecordState = RecordState.LIVE
    aliases: tuple[Ref, ...] = ()
    """Other refs it was or may be known by: the draft that became this issue."""
