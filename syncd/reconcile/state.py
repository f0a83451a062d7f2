"""
What the merge is told and what it answers, as plain values (merge-semantics.md section 2).

Links are in no particular order: every function here gives the same answer
for every permutation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Final, TypeAlias

from syncd.model.canonical import FieldSpec, Unset, Value
from syncd.model.lens import Lens
from syncd.model.native import Missing, Native
from syncd.model.policy import Interval, Policy, Provenance
from syncd.model.refs import ConnectionName, EntityId, LinkId, OpId


class Stale(Enum):
    """The type of `STALE`."""

    STALE = "stale"


STALE: Final = Stale.STALE
"""A base's `meant` that equals no canonical value: the link is behind and must be written (sets, text)."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a link was last accounted for in one field."""

    shown: Native
    """The native value last accounted for."""
    meant: Value | Stale | Unset
    """The canonical value *shown* stands for."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A write whose outcome is unknown; while it lasts nothing more is sent to that field."""

    op: OpId
    want: Native
    meant: Value
    pre: Native
    sent_at: datetime
    expires_at: datetime | None = None
    """When the request's own time-out has passed: only a read begun after it can show that nothing was applied."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A canonical value that would not stick in this tool, and why."""

    value: Value
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkField:
    """One link's side of one field."""

    link: LinkId
    connection: ConnectionName
    lens: Lens
    observed: Native | Missing
    base: Base | None = None
    voice: bool = True
    """Its edits count: direction `read` or `both`, connection in `write` mode, live, in scope."""
    writable: bool = True
    """It may be written: direction `write` or `both`, `write` mode, live, in scope, not refused by design."""
    mirror: bool = False
    """Direction `write`: its own edits lose."""
    fresh: bool = True
    """Read in this cycle; a leader that was not makes the field wait."""
    read_after: datetime | None = None
    """When the direct read of *observed* began, `None` for a list read; a pending op needs one after its send."""
    edited: Interval | None = None
    author: str | None = None
    pending: Pending | None = None
    refused: Refusal | None = None
    default: bool = False
    """We created this record and did not send this field: its value is the tool's default, nobody's edit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldState:
    """One field of one entity, over all its links."""

    name: str
    spec: FieldSpec
    policy: Policy
    canonical: Value | Unset
    provenance: Provenance = field(default_factory=Provenance)
    links: tuple[LinkField, ...] = ()
    rule_held: str | None = None
    """The cross-value rule that put this field back; it is then held whatever its links say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityState:
    """One entity with all its mapped fields."""

    entity: EntityId
    fields: Mapping[str, FieldState]


class DueReason(StrEnum):
    """Why a link is to be written."""

    FLOW = "flow"
    """Another side's value arrives."""
    PUSH_BACK = "push_back"
    """Its own edit lost and is put back."""
    FILL = "fill"
    """First contact: it was empty."""
    UNION = "union"
    """First contact of a set: elements are added, none removed."""
    PROPOSAL = "proposal"
    """First contact with another value; the policy names a winner, a person must approve."""


NEEDS_APPROVAL: Final = frozenset({DueReason.FILL, DueReason.UNION, DueReason.PROPOSAL})
"""Reasons that are carried out only by `syncd apply`, never by a cycle on its own."""


@dataclass(frozen=True, slots=True)
class Due:
    """A write that is due: *want* is `lens.put(value, pre)`."""

    link: LinkId
    want: Native
    value: Value
    pre: Native
    reason: DueReason


@dataclass(frozen=True, slots=True)
class Loser:
    """An edit that lost, for the ledger: never silently dropped."""

    link: LinkId | None
    """`None` when the canonical value itself ("=") lost."""
    connection: ConnectionName | None
    value: Value
    author: str | None
    when: Interval | None
    rule: str
    """What decided: a policy's name, `add_wins`, `mirror`, `command`."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a conflict. *link* is `None` for the canonical value itself ("=")."""

    link: LinkId | None
    connection: ConnectionName | None
    value: Value
    author: str | None = None
    when: Interval | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A held field: nothing of it is written anywhere until a person, or agreement, ends it."""

    contenders: tuple[Contender, ...]
    """Sorted, so equal input gives an equal conflict."""
    why: str
    """One sentence for a person."""


class Trouble(StrEnum):
    """Why a link takes no part in a field just now."""

    UNREADABLE = "unreadable"
    """`MISSING`: absent from the payload, or no rule maps the value."""
    CANNOT = "cannot"
    """The tool has no word for the canonical value."""
    NOT_LINKED = "not_linked"
    """The value's target is not linked there yet."""
    READ_ONLY = "read_only"
    """It lags, and may not be written."""
    REFUSED = "refused"
    """It would not stick; the reason is in the text."""
    PENDING = "pending"
    """A write of unknown outcome is being looked up."""
    WAITING = "waiting"
    """The leader was not read in this cycle."""
    UNDECIDED = "undecided"
    """First contact with another value: a question for a person."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One link's trouble with one field, reported and never silent."""

    link: LinkId
    connection: ConnectionName
    trouble: Trouble
    value: Value | Missing
    """What the link reads as (`undecided`, `unreadable`) or what it cannot take (the others)."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldResult:
    """
    What one field becomes. Everything but *due* is one transaction, made before the first request.

    `bases` names only the links whose base changes. Under a conflict, and
    while waiting, `due` is empty: the field is frozen for every link.
    """

    name: str
    canonical: Value | Unset
    provenance: Provenance
    bases: Mapping[LinkId, Base] = field(default_factory=dict)
    settled: frozenset[OpId] = frozenset()
    """Pending ops whose outcome is now known."""
    due: tuple[Due, ...] = ()
    losers: tuple[Loser, ...] = ()
    conflict: Conflict | None = None
    notices: tuple[Notice, ...] = ()


EntityResult: TypeAlias = Mapping[str, FieldResult]
"""The results of one entity, by field name."""
