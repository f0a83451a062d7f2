"""Which native type each Jira field has, and how its values are read and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from syncd.connectors.jira.agile_payloads import HeldSprint
from syncd.connectors.jira.payloads import FieldDetails, IssueId, IssueLink, Named, Status, User, parse_instant
from syncd.model.codec import dump_sorted
from syncd.model.native import (
    Choice,
    Choices,
    Date,
    Instant,
    Native,
    NativeType,
    Number,
    People,
    Person,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import ConnectionName, Ref

ISSUE: Final = "issue"
VERSION: Final = "version"
COMMENT: Final = "comment"
ITERATION: Final = "iteration"
"""A sprint."""
STATUS: Final = "status"
LABELS: Final = "labels"
PARENT: Final = "parent"
DEPENDS_ON: Final = "depends_on"
"""Our own key for the issues this one is blocked by: Jira keeps them among all links, in `issuelinks`."""
LINKS: Final = "issuelinks"
PROPERTY: Final = "syncd"
"""The property that holds our mark, on issues and comments; read by id, never by search."""

UNRELEASED: Final = Choice(id="unreleased", label="Unreleased", category="unreleased")
RELEASED: Final = Choice(id="released", label="Released", category="released")
ARCHIVED: Final = Choice(id="archived", label="Archived", category="archived")
VERSION_STATUSES: Final = (UNRELEASED, RELEASED, ARCHIVED)
"""A version has two flags; these are the states people see."""

OPEN_SPRINTS: Final = ("active", "future")
"""States of a sprint that is not closed, the one that counts before the other first."""

MAX_SUMMARY: Final = 255
MAX_TEXT: Final = 32_767
"""Characters of a multi-line field, unless an admin changed it (jira.text.field.character.limit)."""
MAX_LABEL: Final = 255
SECONDS_AN_HOUR: Final = 3600


class Wire(StrEnum):
    """How a value looks in Jira's JSON."""

    TEXT = "text"
    ADF = "adf"
    NUMBER = "number"
    HOURS = "hours"
    """Seconds in Jira; ours are hours, as people and other tools count."""
    DATE = "date"
    INSTANT = "instant"
    OPTION = "option"
    OPTIONS = "options"
    STATUS = "status"
    LABELS = "labels"
    USER = "user"
    USERS = "users"
    VERSION = "version"
    VERSIONS = "versions"
    PARENT = "parent"
    LINKS = "links"
    SPRINT = "sprint"
    """A list in Jira, of which one counts; written by number."""
    SPOKEN = "spoken"
    """Read-only: the words of something we do not take apart (cascading lists)."""


NATIVE_TYPES: Final[Mapping[Wire, NativeType]] = {
    Wire.TEXT: NativeType.TEXT,
    Wire.ADF: NativeType.RICH_TEXT,
    Wire.NUMBER: NativeType.NUMBER,
    Wire.HOURS: NativeType.NUMBER,
    Wire.DATE: NativeType.DATE,
    Wire.INSTANT: NativeType.INSTANT,
    Wire.OPTION: NativeType.CHOICE,
    Wire.OPTIONS: NativeType.CHOICES,
    Wire.STATUS: NativeType.CHOICE,
    Wire.LABELS: NativeType.CHOICES,
    Wire.USER: NativeType.PERSON,
    Wire.USERS: NativeType.PEOPLE,
    Wire.VERSION: NativeType.REF,
    Wire.VERSIONS: NativeType.REFS,
    Wire.PARENT: NativeType.REF,
    Wire.LINKS: NativeType.REFS,
    Wire.SPRINT: NativeType.REF,
    Wire.SPOKEN: NativeType.TEXT,
}

BY_VERBS: Final = frozenset({Wire.OPTIONS, Wire.LABELS, Wire.VERSIONS, Wire.USERS})
"""Sets that are changed by adding and removing members."""

_SYSTEM: Final[Mapping[str, tuple[Wire, bool]]] = {
    "summary": (Wire.TEXT, True),
    "description": (Wire.ADF, True),
    "environment": (Wire.ADF, True),
    STATUS: (Wire.STATUS, True),
    "priority": (Wire.OPTION, True),
    "resolution": (Wire.OPTION, False),
    "assignee": (Wire.USER, True),
    "reporter": (Wire.USER, True),
    "creator": (Wire.USER, False),
    LABELS: (Wire.LABELS, True),
    "components": (Wire.OPTIONS, True),
    "fixVersions": (Wire.VERSIONS, True),
    "versions": (Wire.VERSIONS, True),
    PARENT: (Wire.PARENT, True),
    "duedate": (Wire.DATE, True),
    "created": (Wire.INSTANT, False),
    "updated": (Wire.INSTANT, False),
    "resolutiondate": (Wire.INSTANT, False),
    "timeoriginalestimate": (Wire.HOURS, True),
    "timeestimate": (Wire.HOURS, False),
    "timespent": (Wire.HOURS, False),
}
"""System fields: how they look, and whether they may be written."""

_PLUGINS: Final[Mapping[str, tuple[Wire, bool]]] = {
    "textarea": (Wire.ADF, True),
    "cascadingselect": (Wire.SPOKEN, False),
    "gh-sprint": (Wire.SPRINT, True),
    "readonlyfield": (Wire.SPOKEN, False),
}
"""Custom field types, by the last part of their plugin key, that the plain type does not tell."""

_PLAIN: Final[Mapping[str, Wire]] = {
    "string": Wire.TEXT,
    "number": Wire.NUMBER,
    "date": Wire.DATE,
    "datetime": Wire.INSTANT,
    "option": Wire.OPTION,
    "user": Wire.USER,
    "version": Wire.VERSION,
    "array/string": Wire.LABELS,
    "array/option": Wire.OPTIONS,
    "array/component": Wire.OPTIONS,
    "array/user": Wire.USERS,
    "array/version": Wire.VERSIONS,
}

_OPAQUE_PLUGINS: Final = frozenset({"gh-lexo-rank", "gh-epic-link", "gh-epic-status", "gh-epic-color", "devsummarycf"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldInfo:
    """One field of the site, as we read and write it."""

    key: str
    label: str
    wire: Wire
    writable: bool

    @property
    def is_free(self) -> bool:
        """Whether values outside the options may be written."""
        return self.wire is Wire.LABELS

    @property
    def max_length(self) -> int | None:
        """Return the most characters it takes, `None` when that is unknown."""
        if self.key == "summary" or self.wire is Wire.TEXT:
            return MAX_SUMMARY
        return MAX_TEXT if self.wire is Wire.ADF else None


def field_info(details: FieldDetails) -> FieldInfo | None:
    """Return how a field is read and written, `None` when it is of a type we do not carry."""
    known = _SYSTEM.get(details.id)
    schema = details.schema_
    if known is None:
        if schema is None or schema.custom is None:
            return None
        plugin = schema.custom.rpartition(":")[2]
        if plugin in _OPAQUE_PLUGINS:
            return None
        plain = _PLAIN.get(f"array/{schema.items}" if schema.type == "array" else schema.type)
        known = _PLUGINS.get(plugin) or ((plain, True) if plain else None)
    if known is None:
        return None
    return FieldInfo(key=details.id, label=details.name, wire=known[0], writable=known[1])


def dump_adf(document: object) -> str:
    """Return a document as compact JSON text, the same for every order of keys."""
    return dump_sorted(document)


def read_field(info: FieldInfo, raw: Any, connection: ConnectionName) -> Native:  # noqa: ANN401 - JSON of any shape
    """
    Return the native value of a field's JSON; an empty set is an empty set, everything else empty is `None`.

    Raises:
        ValueError: the JSON is not of the field's type (pydantic's error is one).
    """
    if info.wire in _SET_READERS:
        return _SET_READERS[info.wire](raw or [], connection)
    if raw is None or raw == "":
        return None
    return _READERS[info.wire](raw, connection)


def read_choice(raw: Any) -> Choice:  # noqa: ANN401 - JSON of any shape
    """Return an option, a priority, a component or a status; raises ValueError on anything else."""
    status = Status.model_validate(raw)
    return Choice(id=status.id, label=status.label, category=status.category.key if status.category else None)


def read_person(user: User) -> Person:
    """Return a user as a native person."""
    return Person(id=user.account_id, name=user.display_name, email=user.email or None)


def hours(seconds: Decimal) -> Decimal:
    """Return seconds as hours to two decimals: every whole minute, Jira's own grain, keeps a number of its own."""
    rounded = round(seconds / SECONDS_AN_HOUR, 2)
    return Decimal(int(rounded)) if rounded == int(rounded) else rounded.normalize()


def _text(raw: Any, _: ConnectionName) -> Text:  # noqa: ANN401
    if not isinstance(raw, str):
        raise TypeError("not a text")
    return Text(raw)


def _adf(raw: Any, _: ConnectionName) -> RichText:  # noqa: ANN401
    if not isinstance(raw, dict):
        raise TypeError("not a document")
    return RichText(TextFormat.ADF, dump_adf(raw))


def _spoken(raw: Any, _: ConnectionName) -> Text:  # noqa: ANN401
    if isinstance(raw, list):
        return Text(", ".join(_spoken(one, _).value for one in raw))
    if not isinstance(raw, dict):
        return Text(str(raw))
    own = str(raw.get("value") or raw.get("name") or "")
    child = raw.get("child")
    return Text(f"{own} / {_spoken(child, _).value}" if child else own)


def read_sprint(raw: Any, connection: ConnectionName) -> Ref | None:  # noqa: ANN401 - JSON of any shape
    """
    Return the sprint an issue is in: its open one, else the last that was closed, else none.

    An issue finished in a sprint stays in it, as people see it; the others it
    once was in are history.
    """
    held = [HeldSprint.model_validate(one) for one in raw or []]
    open_ones = sorted((OPEN_SPRINTS.index(one.state), one.id) for one in held if one.state in OPEN_SPRINTS)
    if open_ones:
        return Ref(connection, ITERATION, str(open_ones[0][1]))
    never = datetime.min.replace(tzinfo=UTC)
    last = max(held, key=lambda one: (one.complete or one.end or never, one.id), default=None)
    return None if last is None else Ref(connection, ITERATION, str(last.id))


_READERS: Final[Mapping[Wire, Callable[[Any, ConnectionName], Native]]] = {
    Wire.TEXT: _text,
    Wire.ADF: _adf,
    Wire.NUMBER: lambda raw, _: Number(Decimal(str(raw))),
    Wire.HOURS: lambda raw, _: Number(hours(Decimal(str(raw)))),
    Wire.DATE: lambda raw, _: Date(date.fromisoformat(raw)),
    Wire.INSTANT: lambda raw, _: Instant(parse_instant(raw)),
    Wire.OPTION: lambda raw, _: read_choice(raw),
    Wire.STATUS: lambda raw, _: read_choice(raw),
    Wire.USER: lambda raw, _: read_person(User.model_validate(raw)),
    Wire.VERSION: lambda raw, connection: Ref(connection, VERSION, Named.model_validate(raw).id),
    Wire.PARENT: lambda raw, connection: Ref(connection, ISSUE, IssueId.model_validate(raw).id),
    Wire.SPOKEN: _spoken,
    Wire.SPRINT: read_sprint,
}

_SET_READERS: Final[Mapping[Wire, Callable[[Any, ConnectionName], Native]]] = {
    Wire.OPTIONS: lambda raw, _: Choices(frozenset(read_choice(one) for one in raw)),
    Wire.LABELS: lambda raw, _: Choices(frozenset(Choice(id=str(one), label=str(one)) for one in raw)),
    Wire.USERS: lambda raw, _: People(frozenset(read_person(User.model_validate(one)) for one in raw)),
    Wire.VERSIONS: lambda raw, connection: Refs(
        frozenset(Ref(connection, VERSION, Named.model_validate(one).id) for one in raw)
    ),
}


def read_depends_on(raw: Any, link_type: str, connection: ConnectionName) -> Refs:  # noqa: ANN401
    """Return the issues on the inward side of links of that type: those this one is blocked by."""
    links = [IssueLink.model_validate(one) for one in raw or []]
    return Refs(
        frozenset(Ref(connection, ISSUE, link.inward.id) for link in links if link.inward and link.type.id == link_type)
    )
