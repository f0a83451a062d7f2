"""Which native type each Jira field has, and how its values are read and written."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from syncd.connectors.jira.payloads import FieldDetails, IssueId, IssueLink, Named, Status, User, parse_instant
from syncd.errors import RejectedError
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
STATUS: Final = "status"
LABELS: Final = "labels"
DEPENDS_ON: Final = "depends_on"
"""Our own key for the issues this one is blocked by: Jira keeps them among all links, in `issuelinks`."""
LINKS: Final = "issuelinks"

UNRELEASED: Final = Choice(id="unreleased", label="Unreleased", category="unreleased")
RELEASED: Final = Choice(id="released", label="Released", category="released")
ARCHIVED: Final = Choice(id="archived", label="Archived", category="archived")
VERSION_STATUSES: Final = (UNRELEASED, RELEASED, ARCHIVED)
"""A version has two flags; these are the states people see."""

MAX_SUMMARY: Final = 255
MAX_TEXT: Final = 32_767
"""Characters of a multi-line field, unless an admin changed it (jira.text.field.character.limit)."""
MAX_LABEL: Final = 255


class Wire(StrEnum):
    """How a value looks in Jira's JSON."""

    TEXT = "text"
    ADF = "adf"
    NUMBER = "number"
    SECONDS = "seconds"
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
    SPOKEN = "spoken"
    """Read-only: the words of something we do not take apart (cascading lists, sprints)."""


NATIVE_TYPES: Final[Mapping[Wire, NativeType]] = {
    Wire.TEXT: NativeType.TEXT,
    Wire.ADF: NativeType.RICH_TEXT,
    Wire.NUMBER: NativeType.NUMBER,
    Wire.SECONDS: NativeType.NUMBER,
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
    Wire.SPOKEN: NativeType.TEXT,
}

_CLASSES: Final[Mapping[NativeType, type]] = {
    NativeType.TEXT: Text,
    NativeType.RICH_TEXT: RichText,
    NativeType.NUMBER: Number,
    NativeType.DATE: Date,
    NativeType.INSTANT: Instant,
    NativeType.CHOICE: Choice,
    NativeType.CHOICES: Choices,
    NativeType.PERSON: Person,
    NativeType.PEOPLE: People,
    NativeType.REF: Ref,
    NativeType.REFS: Refs,
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
    "parent": (Wire.PARENT, True),
    "duedate": (Wire.DATE, True),
    "created": (Wire.INSTANT, False),
    "updated": (Wire.INSTANT, False),
    "resolutiondate": (Wire.INSTANT, False),
    "timeoriginalestimate": (Wire.SECONDS, True),
    "timeestimate": (Wire.NUMBER, False),
    "timespent": (Wire.NUMBER, False),
}
"""System fields: how they look, and whether they may be written."""

_PLUGINS: Final[Mapping[str, tuple[Wire, bool]]] = {
    "textarea": (Wire.ADF, True),
    "cascadingselect": (Wire.SPOKEN, False),
    "gh-sprint": (Wire.SPOKEN, False),
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
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


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


_READERS: Final[Mapping[Wire, Callable[[Any, ConnectionName], Native]]] = {
    Wire.TEXT: _text,
    Wire.ADF: _adf,
    Wire.NUMBER: lambda raw, _: Number(Decimal(str(raw))),
    Wire.SECONDS: lambda raw, _: Number(Decimal(str(raw))),
    Wire.DATE: lambda raw, _: Date(date.fromisoformat(raw)),
    Wire.INSTANT: lambda raw, _: Instant(parse_instant(raw)),
    Wire.OPTION: lambda raw, _: read_choice(raw),
    Wire.STATUS: lambda raw, _: read_choice(raw),
    Wire.USER: lambda raw, _: read_person(User.model_validate(raw)),
    Wire.VERSION: lambda raw, connection: Ref(connection, VERSION, Named.model_validate(raw).id),
    Wire.PARENT: lambda raw, connection: Ref(connection, ISSUE, IssueId.model_validate(raw).id),
    Wire.SPOKEN: _spoken,
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


def write_field(info: FieldInfo, value: Native) -> object:
    """
    Return the JSON that sets a field to a native value.

    Raises:
        RejectedError: the field cannot hold the value.
    """
    if value is None:
        return None
    if not isinstance(value, _CLASSES[NATIVE_TYPES[info.wire]]):
        raise _misfit(info, value)
    match value:
        case Text(text):
            written: object = _bounded(info, clean(text, is_line=True))
        case RichText(TextFormat.ADF, source):
            written = _clean_document(info, source)
        case Number(number):
            written = int(number) if number == number.to_integral_value() else float(number)
        case Date(day):
            written = day.isoformat()
        case Instant(moment):
            written = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"
        case Choice() | Ref() | Person():
            written = write_member(info, value)
        case Choices() | People() | Refs():
            written = [write_member(info, member) for member in _sorted(value)]
        case _:
            raise _misfit(info, value)
    return written


def _sorted(value: Choices | People | Refs) -> list[Choice | Person | Ref]:
    return sorted([*value.members], key=lambda member: member.id)


def write_member(info: FieldInfo, member: Choice | Person | Ref) -> object:
    """Return the JSON that names one member of a set, or a lone choice, person or record."""
    if info.wire is Wire.LABELS:
        return member.id
    if isinstance(member, Person):
        return {"accountId": member.id}
    return {"id": member.id}


def is_label(text: str) -> bool:
    """Tell whether Jira can hold that label: no white space, at most 255 characters."""
    return 0 < len(text) <= MAX_LABEL and not any(char.isspace() for char in text)


def clean(text: str, *, is_line: bool = False) -> str:
    """Return a text without control characters, which Jira refuses; a line also without line breaks."""
    kept = text.replace("\r\n", "\n").replace("\r", "\n")
    if is_line:
        kept = kept.replace("\n", " ").replace("\t", " ")
    return "".join(char for char in kept if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cs"})


def _clean_document(info: FieldInfo, source: str) -> object:
    try:
        document = json.loads(source)
    except ValueError as exc:
        raise _misfit(info, None) from exc
    cleaned, length = _clean_node(document)
    if length > MAX_TEXT:
        raise _too_long(info, length, MAX_TEXT)
    return cleaned


def _clean_node(node: object) -> tuple[object, int]:
    """Return a document part with clean texts, and how many characters of text it has."""
    if isinstance(node, list):
        parts = [_clean_node(one) for one in node]
        return [part for part, _ in parts], sum(length for _, length in parts)
    if isinstance(node, dict):
        items = {key: _clean_node(one) for key, one in node.items()}
        text = node.get("text")
        length = sum(length for _, length in items.values()) + (len(text) if isinstance(text, str) else 0)
        return {key: part for key, (part, _) in items.items()}, length
    return (clean(node), 0) if isinstance(node, str) else (node, 0)


def _bounded(info: FieldInfo, text: str) -> str:
    if info.max_length is not None and len(text) > info.max_length:
        raise _too_long(info, len(text), info.max_length)
    return text


def _too_long(info: FieldInfo, length: int, limit: int) -> RejectedError:
    return RejectedError(
        f'"{info.label}" takes at most {limit:,} characters, this text has {length:,}', fix="shorten the text"
    )


def _misfit(info: FieldInfo, value: Native) -> RejectedError:
    return RejectedError(
        f'"{info.label}" cannot hold a {type(value).__name__}', fix="map it to a field of the same type"
    )
