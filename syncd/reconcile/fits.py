"""Comparing unlike tools: what a side reads, and whether it already shows a value as well as it can."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

from syncd.model.canonical import FieldSpec, FieldType, Money, Unset, Value
from syncd.model.lens import Cannot
from syncd.model.native import Missing, Native
from syncd.model.policy import Stated
from syncd.reconcile.state import Base, LinkField, Stale

SortKey: TypeAlias = tuple[int, int | str | Decimal | date]

EMPTY: Final[frozenset[str]] = frozenset()


@dataclass(slots=True)
class Side:
    """One link during one merge: what it reads as, and its base as far as the merge has come."""

    link: LinkField
    observed: Native
    reading: Value
    base: Base | None
    was: Value | Missing
    """What `base.shown` reads as, through today's mapping; `MISSING` without a base."""
    edited: bool = False
    """Whether it reads other than its base does."""
    looking_up: bool = False
    """A write of unknown outcome is unresolved: no voice, nothing sent."""

    @property
    def has_voice(self) -> bool:
        """Whether its edits count, now."""
        return self.link.voice and not self.link.mirror and not self.looking_up

    @property
    def is_mirror(self) -> bool:
        """Whether it is written while its own edits lose."""
        return self.link.writable and (self.link.mirror or not self.link.voice)


def takes_part(link: LinkField) -> bool:
    """Return whether a link's base may move at all; never that of a connection which only observes."""
    return link.writable or (link.voice and not link.mirror)


def fold(element: str) -> str:
    """Return the key that tells labels apart: NFC, trimmed, case-folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", element).strip().casefold())


def members(value: Value | Stale | Unset | Missing) -> frozenset[str]:
    """Return the elements of a set value; anything that is not a set has none."""
    return value if isinstance(value, frozenset) else EMPTY


def by_key(spec: FieldSpec, elements: Iterable[str]) -> dict[str, str]:
    """Return the elements by the key of their type, the first spelling in sorted order."""
    if spec.type is not FieldType.LABELS:
        return {element: element for element in elements}
    found: dict[str, str] = {}
    for element in sorted(elements):
        found.setdefault(fold(element), element)
    return found


def same(spec: FieldSpec, a: Value | Stale | Unset | Missing, b: Value | Stale | Unset | Missing) -> bool:
    """Return whether two canonical values are one; labels by their keys, everything else by `==`."""
    if a is b:
        return True
    if isinstance(a, frozenset) and isinstance(b, frozenset) and spec.type is FieldType.LABELS:
        return a == b or by_key(spec, a).keys() == by_key(spec, b).keys()
    return type(a) is type(b) and a == b


def fits(spec: FieldSpec, side: Side, value: Value | Unset) -> bool:
    """Return whether the tool already shows *value* as well as it can; never for `UNSET` or what it cannot say."""
    if isinstance(value, Unset):
        return False
    if same(spec, side.reading, value):
        return True
    native = side.link.lens.put(value, side.observed)
    return not isinstance(native, Cannot) and same(spec, side.link.lens.get(native), side.reading)


def first_fitting(spec: FieldSpec, sides: Iterable[Side], candidates: Iterable[Value]) -> Value | Unset:
    """Return the first candidate, in the field's canonical order, that every side already shows; else `UNSET`."""
    everyone = list(sides)
    for value in sorted(set(candidates), key=lambda candidate: sort_key(spec, candidate)):
        if all(fits(spec, side, value) for side in everyone):
            return value
    return Unset.UNSET


def sort_key(spec: FieldSpec, value: Value) -> SortKey:
    """Return the place of a value in the field's canonical order: empty first, choices as declared."""
    if value is None:
        return (0, "")
    if isinstance(value, str):
        return (1, spec.options.index(value)) if value in spec.options else (2, value)
    if isinstance(value, date | Decimal):
        return (1, value)
    if isinstance(value, Money):
        return (1, f"{value.currency} {value.amount:030f}")
    return (1, repr(sorted(value) if isinstance(value, frozenset) else value))


def stated_by(side: Side) -> Stated:
    """Return who states what this side reads as."""
    return Stated(side.link.connection, side.link.edited, side.link.author)
