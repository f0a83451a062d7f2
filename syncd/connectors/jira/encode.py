"""From native values to the JSON Jira takes; what it cannot hold is refused before anything is sent."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Final

from syncd.connectors.jira.fields import ITERATION, MAX_LABEL, MAX_TEXT, NATIVE_TYPES, FieldInfo, Wire
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
from syncd.model.refs import Ref

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
    if info.wire is Wire.SPRINT:
        if not isinstance(member, Ref) or member.kind != ITERATION:
            raise _misfit(info, member)
        return int(member.id)
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
