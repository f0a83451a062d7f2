"""Values both ways: what Redmine sends as typed values, typed values as what Redmine takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from syncd.connectors.redmine.catalog import ISSUE, VERSION, Custom
from syncd.connectors.redmine.payloads import CustomValue, Named, Relation
from syncd.errors import RejectedError
from syncd.model.native import (
    MISSING,
    Bool,
    Choice,
    Choices,
    Date,
    Instant,
    Missing,
    Native,
    NativeType,
    NativeValue,
    Number,
    People,
    Person,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import ConnectionName, Ref

ISSUE_ATTRIBUTES: Final = {
    "subject": "subject",
    "description": "description",
    "status": "status_id",
    "priority": "priority_id",
    "assigned_to": "assigned_to_id",
    "category": "category_id",
    "fixed_version": "fixed_version_id",
    "parent": "parent_issue_id",
    "start_date": "start_date",
    "due_date": "due_date",
    "estimated_hours": "estimated_hours",
    "done_ratio": "done_ratio",
    "is_private": "is_private",
}
"""Our keys and what a write calls them."""

VERSION_ATTRIBUTES: Final = {
    "name": "name",
    "description": "description",
    "status": "status",
    "due_date": "due_date",
}

DEPENDS_ON: Final = "depends_on"
WAITS: Final = {"blocks": True, "precedes": True, "blocked": False, "follows": False}
"""Relations that make one issue wait for another; whether the second waits for the first."""


def person(user: Named | None) -> Person | None:
    """Return an account or a group as it shows on a record: by id and name."""
    return None if user is None else Person(str(user.id), user.name or None)


def choice(option: Named | None) -> Choice | None:
    """Return an option by id and name."""
    return None if option is None else Choice(str(option.id), option.name)


def custom_value(value: CustomValue, custom: Custom, name: ConnectionName, text: TextFormat) -> Native | Missing:
    """Return a custom field's value; `MISSING` when it is not what its format promises (a file, say)."""
    raw = value.value
    if isinstance(raw, list):
        return _several([str(one) for one in raw if one not in (None, "")], custom, name)
    if raw is None or raw == "":
        return _several([], custom, name) if value.multiple else None
    if not isinstance(raw, str | int | float):
        return MISSING
    if value.multiple:
        return _several([str(raw)], custom, name)
    try:
        return _single(str(raw), custom, name, text)
    except (ValueError, InvalidOperation):
        return MISSING


def _single(raw: str, custom: Custom, name: ConnectionName, text: TextFormat) -> Native:
    makers: dict[NativeType, Callable[[], Native]] = {
        NativeType.NUMBER: lambda: Number(Decimal(raw)),
        NativeType.BOOL: lambda: Bool(raw == "1"),
        NativeType.DATE: lambda: Date(date.fromisoformat(raw)),
        NativeType.CHOICE: lambda: Choice(raw, _label(raw, custom)),
        NativeType.PERSON: lambda: Person(raw),
        NativeType.REF: lambda: Ref(name, VERSION, raw),
        NativeType.RICH_TEXT: lambda: RichText(text, raw),
    }
    return makers.get(custom.type, lambda: Text(raw))()


def _several(raw: list[str], custom: Custom, name: ConnectionName) -> Native:
    match custom.type:
        case NativeType.PEOPLE | NativeType.PERSON:
            return People(frozenset(Person(one) for one in raw))
        case NativeType.REFS | NativeType.REF:
            return Refs(frozenset(Ref(name, VERSION, one) for one in raw))
        case _:
            return Choices(frozenset(Choice(one, _label(one, custom)) for one in raw))


def _label(raw: str, custom: Custom) -> str:
    return next((option.label for option in custom.options if option.id == raw), raw)


def waits_for(issue: int, relations: Iterable[Relation], name: ConnectionName) -> Refs:
    """Return the issues that this one waits for. A relation reads the same from both ends: direction counts."""
    found = set()
    for relation in relations:
        second_waits = WAITS.get(relation.relation_type)
        if second_waits is None:
            continue
        first, second = relation.issue_id, relation.issue_to_id
        waiting, awaited = (second, first) if second_waits else (first, second)
        if waiting == issue:
            found.add(Ref(name, ISSUE, str(awaited)))
    return Refs(frozenset(found))


def to_wire(value: Native, where: str) -> str | list[str]:
    """
    Return *value* as Redmine takes it; `""` clears.

    Raises `RejectedError` for a NUL, which Redmine answers with 500, and for an instant.
    """
    if isinstance(value, Instant):
        raise RejectedError("Redmine takes no time of day here", where=where, fix="map this field as read only")
    wire = _wire(value)
    if "\0" in "".join(wire):
        raise RejectedError(
            "the text holds a NUL character, which Redmine cannot keep",
            where=where,
            fix="take it out of the text in the tool it comes from",
        )
    return wire


def _wire(value: NativeValue | None) -> str | list[str]:
    match value:
        case Text():
            return value.value
        case RichText():
            return value.source.replace("\r\n", "\n")  # Redmine makes \r\n of every \n
        case Number() | Bool() | Date() | Instant():
            return _plain(value)
        case Choice() | Person() | Ref():
            return value.id
        case Choices() | People() | Refs():
            return sorted(member.id for member in value.members) or [""]
        case None:
            return ""


def _plain(value: Number | Bool | Date | Instant) -> str:
    match value:
        case Number():
            return format(value.value.normalize(), "f")
        case Bool():
            return "1" if value.value else "0"
        case Date() | Instant():
            return value.value.isoformat()
