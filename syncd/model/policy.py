"""How a field's disagreement is settled, and how a value came to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from syncd.model.refs import ConnectionName


class OnDelete(StrEnum):
    """What is done elsewhere about a linked item that was deleted in one tool."""

    UNLINK = "unlink"
    """Tell, and nothing else (the default)."""
    ARCHIVE = "archive"
    """Archive it everywhere else, as far as nobody still works on it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Keep every side as it is and ask a person (the default)."""


@dataclass(frozen=True, slots=True)
class Leader:
    """That connection's value wins; the others are kept aligned with it."""

    connection: ConnectionName


@dataclass(frozen=True, slots=True)
class Newest:
    """The truly newest edit wins, when the edit intervals tell; otherwise hold."""


@dataclass(frozen=True, slots=True)
class Order:
    """The edit of the connection named first wins; connections not named share the last rank."""

    connections: tuple[ConnectionName, ...]


@dataclass(frozen=True, slots=True)
class Earliest:
    """The smallest of the contending values wins (dates)."""


@dataclass(frozen=True, slots=True)
class Latest:
    """The greatest of the contending values wins (dates)."""


@dataclass(frozen=True, slots=True)
class Once:
    """Set when an item is created, never afterwards."""


Policy: TypeAlias = Hold | Leader | Newest | Order | Earliest | Latest | Once


class Direction(StrEnum):
    """Which way a connection's field flows."""

    READ = "read"
    """Its edits count; it is never written."""
    WRITE = "write"
    """A mirror: it is written, its own edits lose."""
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Interval:
    """When an edit happened, in our own clock, as far as it can be known (aware UTC)."""

    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Stated:
    """One connection stated this value, at some time in *when* (`None`: unknown)."""

    connection: ConnectionName
    when: Interval | None = None
    author: str | None = None


class Rule(StrEnum):
    """What gave a value without a person editing it in a tool."""

    COMMAND = "command"
    """A person chose it with a syncd command."""
    FIRST_CONTACT = "first_contact"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a canonical value came from. Equal edits in two tools keep both names."""

    by: frozenset[Stated] = frozenset()
    rule: Rule | None = None
    policy: str | None = None
    """The name of the policy that settled it, for `syncd explain`."""
    at: datetime | None = None
    """When we decided."""
