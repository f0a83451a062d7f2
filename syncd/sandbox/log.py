"""Every request the stand-ins answered: what proves that a quiet cycle wrote nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

Mark = NewType("Mark", int)
"""A place in the log."""


class RequestKind(StrEnum):
    """What a request is for, by the stand-in's own judgement, never by its HTTP method."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a stand-in makes of a request before carrying it out."""

    kind: RequestKind
    operation: str
    """The endpoint or mutation in the tool's own words: `POST /rest/api/3/issue`, `createIssue`."""
    items: frozenset[str] = frozenset()
    """The item names (ids, keys) it addresses directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and its answer."""

    number: int
    tool: str
    method: str
    path: str
    status: int
    kind: RequestKind
    operation: str
    objects: int
    """How many objects it really wrote; 0 when it was refused."""
    at: datetime
    fault: str | None = None
    """The injected fault that met it."""

    def as_json(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return asdict(self) | {"at": self.at.isoformat()}


class RequestLog:
    """The requests in the order they were answered."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._listeners: list[Callable[[Entry], None]] = []

    def listen(self, told: Callable[[Entry], None]) -> None:
        """Have *told* called with every entry from now on."""
        self._listeners.append(told)

    def add(self, entry: Entry) -> None:
        """Keep *entry*."""
        self._entries.append(entry)
        for told in self._listeners:
            told(entry)

    @property
    def next_number(self) -> int:
        """The number the next entry gets, from 1."""
        return len(self._entries) + 1

    def mark(self) -> Mark:
        """Return the present end of the log, for `since`."""
        return Mark(len(self._entries))

    def since(self, mark: Mark, tool: str | None = None) -> tuple[Entry, ...]:
        """Return what came after *mark*, of one tool or of all."""
        return tuple(entry for entry in self._entries[mark:] if tool in {None, entry.tool})

    def entries(self, tool: str | None = None) -> tuple[Entry, ...]:
        """Return everything, of one tool or of all."""
        return self.since(Mark(0), tool)

    def writes(self, since: Mark | None = None, tool: str | None = None) -> tuple[Entry, ...]:
        """Return the requests meant to write, refused ones too."""
        return tuple(e for e in self.since(since or Mark(0), tool) if e.kind is RequestKind.WRITE)

    def objects_written(self, since: Mark | None = None, tool: str | None = None) -> int:
        """Return how many objects were really written."""
        return sum(entry.objects for entry in self.since(since or Mark(0), tool))
