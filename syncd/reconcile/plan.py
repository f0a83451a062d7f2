"""A plan: what would be written where, in an order that can be carried out, with an id that names exactly that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from syncd.model.canonical import Kind, Value
from syncd.model.codec import dump_native, dump_text, dump_value
from syncd.model.native import Native
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.state import NEEDS_APPROVAL, DueReason

ID_DIGITS = 8
"""Hexadecimal digits of a plan's id: enough to tell the plans of one portfolio apart, short enough to type."""


class Verb(StrEnum):
    """What is done to a record."""

    CREATE = "create"
    UPDATE = "update"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record is, or is to be made."""

    connection: ConnectionName
    container: str
    record_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWrite:
    """
    One field's part of a line.

    *want* and *pre* are the tool's own values, *value* and *before* what they
    mean; a create has no *pre*, and its *want* is made when it is sent, since
    what it refers to may have to be made first.
    """

    field: str
    value: Value
    before: Value = None
    want: Native = None
    pre: Native = None
    reason: DueReason = DueReason.FLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change of a plan: one field of one link, or one record to make (with all its fields)."""

    verb: Verb
    entity: EntityId
    kind: Kind
    title: str
    """The entity's title, for people."""
    key: str
    """What people call the record in its tool; empty for one not yet made."""
    place: Place
    link: LinkId | None
    writes: tuple[FieldWrite, ...]
    depth: int = 0
    """How many parents stand above it: they are made first."""
    opening: bool = False
    """Part of a connection's first plan, which always waits for approval."""

    late: bool = False
    """The store is an old copy: what this makes may have been made since, what it overwrites may be newer."""

    worn: bool = False
    """It was written three times within a day, and something took it back each time."""

    @property
    def needs_approval(self) -> bool:
        """Whether only `syncd apply` may carry it out."""
        return self.opening or self.late or self.worn or any(write.reason in NEEDS_APPROVAL for write in self.writes)

    @property
    def digest(self) -> str:
        """Name exactly this change: the same record, field, value before and value wanted."""
        parts: list[object] = [self.verb, self.entity, self.link, self.place.connection, self.place.container]
        for write in self.writes:
            native = [] if self.verb is Verb.CREATE else [dump_native(write.want), dump_native(write.pre)]
            parts.append([write.field, dump_value(write.value), *native])
        return hashlib.sha256(dump_text(parts).encode()).hexdigest()


_KIND_ORDER = {Kind.ITERATION: 0, Kind.MILESTONE: 1, Kind.INITIATIVE: 2, Kind.TASK: 3, Kind.COMMENT: 4}
_VERB_ORDER = {Verb.CREATE: 0, Verb.UPDATE: 1, Verb.ARCHIVE: 2}


def in_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Sort *lines* so that whatever others refer to comes first, and equal input gives an equal plan."""
    return tuple(
        sorted(
            lines,
            key=lambda line: (
                _VERB_ORDER[line.verb],
                _KIND_ORDER[line.kind],
                line.depth,
                line.place.connection,
                line.entity,
                line.place.container,
                line.link or "",
                tuple(write.field for write in line.writes),
            ),
        )
    )


def plan_id(lines: Sequence[Line]) -> str:
    """Return the id of the plan that has exactly these lines: equal plans have equal ids."""
    digest = hashlib.sha256("".join(sorted(line.digest for line in lines)).encode())
    return digest.hexdigest()[:ID_DIGITS]
