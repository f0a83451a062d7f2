"""Values as clients send them, made what the site keeps; `ValueError` carries the end of Redmine's own sentence."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Final

from syncd.sandbox.redmine.schema import FieldDef

_HOURS: Final = re.compile(r"^(?:(\d+)\s*h)?\s*(?:(\d+)\s*m?)?$")
_DATE: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")
TRUE: Final = frozenset({"1", "true"})


def text_of(value: object) -> str:
    """Return a scalar as Redmine reads it from JSON."""
    if value is None:
        return ""
    return ("1" if value else "0") if isinstance(value, bool) else str(value)


def number_of(value: object) -> int | None:
    """Return an id; `None` for nothing, and for what is no number."""
    text = text_of(value).removeprefix("#")
    return int(text) if text.isdecimal() else None


def day_of(value: object) -> str | None:
    """Return a plain date; `None` for nothing."""
    text = text_of(value)
    if not text:
        return None
    if _DATE.match(text):
        with suppress(ValueError):
            return date.fromisoformat(text).isoformat()
    raise ValueError("is not a valid date")


def hours_of(value: object) -> float | None:
    """Return hours, written as `1.5`, `1,5`, `1h30` or `90m`; `None` for nothing."""
    text = text_of(value).strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        found = _HOURS.match(text)
        if not found:
            raise ValueError("is invalid") from None
        return int(found[1] or 0) + int(found[2] or 0) / 60


def paragraphs_of(value: object) -> str:
    """Return a description with every line end as Redmine keeps it."""
    return re.sub(r"\r\n|\n|\r", "\r\n", text_of(value))


def custom_of(field: FieldDef, value: object) -> str | list[str] | None:
    """Return a custom field's value; what is cleared with an empty text stays one."""
    if field.multiple:
        several = value if isinstance(value, list) else [value]
        return [_checked(field, text_of(one)) for one in several if text_of(one)]
    if isinstance(value, list):
        value = value[0] if value else None
    return None if value is None else _checked(field, text_of(value))


def _checked(field: FieldDef, text: str) -> str:
    if not text:
        return text
    if field.max_length is not None and len(text) > field.max_length:
        raise ValueError(f"is too long (maximum is {field.max_length} characters)")
    match field.format:
        case "float":
            _number(text, float, "is invalid")
        case "int":
            _number(text, int, "is not a number")
        case "date":
            day_of(text)
        case "bool" if text not in {"0", "1"}:
            raise ValueError("is not included in the list")
        case "list" if text not in field.options:
            raise ValueError("is not included in the list")
    return text


def _number(text: str, kind: type[float | int], problem: str) -> None:
    try:
        kind(text)
    except ValueError:
        raise ValueError(problem) from None
