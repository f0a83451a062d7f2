"""
Whether a record speaks against what its tool told of itself a while ago.

What a tool offers (fields, options) decides how records are read: a field
emptied because its option was deleted is nobody's edit, and a renamed option
still means the same. So before anything is decided about such a record, its
tool is asked anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from syncd.connectors.protocol import Description
from syncd.model.native import Choice, Choices, Native, Record

Offered: TypeAlias = Mapping[str, frozenset[Choice]]
"""The options of each field that takes no others, by the field's key."""

NOTHING: frozenset[Choice] = frozenset()


def offered(told: Description) -> Offered:
    """Return the options a tool told of, wherever they may be chosen."""
    found: dict[str, frozenset[Choice]] = {}
    for each in told.fields:
        if each.options and not each.free:
            found[each.key] = found.get(each.key, NOTHING) | frozenset(each.options)
    return found


def contradicts(record: Record, known: Record | None, options: Offered) -> bool:
    """
    Say whether *record*, known as it was before, shows other fields or options than its tool told of.

    That an option was taken away counts too: it may have been deleted.
    """
    if known is not None and known.type == record.type and known.fields.keys() != record.fields.keys():
        return True
    return any(
        not (_members(record.fields.get(key)) <= offer)
        or (known is not None and _is_emptied(known.fields.get(key), record.fields.get(key)))
        for key, offer in options.items()
    )


def _members(value: Native | object) -> frozenset[Choice]:
    if isinstance(value, Choices):
        return value.members
    return frozenset((value,)) if isinstance(value, Choice) else NOTHING


def _is_emptied(before: Native | object, after: Native | object) -> bool:
    """Say whether an option was taken away and none put in its place."""
    lost, left = _members(before) - _members(after), _members(after)
    return bool(lost) and (not left or isinstance(before, Choices))
