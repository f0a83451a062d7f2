"""What is in force beyond what a file says: which values are shown as others, in which tool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from syncd.mapping.bind import named
from syncd.mapping.lenses.table import TableLens
from syncd.mapping.spec import Fallback, Form, SideSpec
from syncd.model.canonical import FieldType
from syncd.model.native import NativeField


def fallbacks_of(side: SideSpec, types: frozenset[str], described: Sequence[NativeField] | None) -> Iterator[Fallback]:
    """
    Yield what one side of a choice shows for every canonical value it has no word for.

    *types* are the record types of its kind. With the tool's own description a
    word counts only where some record type has that option.
    """
    if side.spec.type is not FieldType.CHOICE:
        return
    words = set(side.values) if described is None else _words(side, types, described)
    for value in side.spec.options:
        if value not in words:
            yield Fallback(side.name, value, _stand_in(side, value, words))


def _words(side: SideSpec, types: frozenset[str], described: Sequence[NativeField]) -> set[str]:
    """Return the canonical values that some described field has an option for."""
    natives = [each for each in named(described, side.native) if not each.record_types or each.record_types & types]
    lenses = [TableLens(side, native) for native in natives]
    empty = {value for value, entries in side.values.items() if any(entry.form is Form.EMPTY for entry in entries)}
    return empty | {value for value in side.values if any(lens.has_word(value) for lens in lenses)}


def _stand_in(side: SideSpec, value: str, words: set[str]) -> str | None:
    seen: set[str] = set()
    now: str | None = value
    while now is not None and now not in words and now not in seen:
        seen.add(now)
        now = side.fallback.get(now)
    return now if now in words else None
