"""What happened in a stand-in that its tool tells by webhook, who is told, and what was sent. No sending here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias

Uniform: TypeAlias = Callable[[float, float], float]
"""A number between two, by the world's dice."""
CREATED: Final = "created"
UPDATED: Final = "updated"
DELETED: Final = "deleted"
TOLD: Final = "told"
"""Not an edit by itself: what a tool's own history calls one."""
LOST: Final = 0
"""Stands for the status of a delivery that got no answer."""
MAX_SENT: Final = 10_000
"""How many deliveries are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something happened to an item; *item* is the stand-in's own object, even when it is gone from there."""

    verb: str
    kind: str
    item: Any
    detail: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What one webhook tells."""

    name: str
    body: Mapping[str, object]
    scope: str = ""
    """Where it happened (`acme/api`), empty for everywhere; a hook of another place is not told."""


@dataclass(slots=True, kw_only=True)
class Hook:
    """One registered webhook."""

    id: str
    url: str
    secret: str
    scope: str = ""
    """The one place it is about; empty for all."""
    events: frozenset[str] = frozenset()
    """Which events it wants; empty for all."""
    active: bool = True
    query: str = ""
    """What it was registered with, in the tool's own query language; the stand-ins send everything all the same."""
    by_app: bool = False
    """An OAuth app registered it."""
    expires_at: datetime | None = None
    created_at: datetime | None = None

    def wants(self, event: Event, now: datetime) -> bool:
        """Tell whether it is told of *event*."""
        is_live = self.active and (self.expires_at is None or self.expires_at > now)
        named = not self.events or event.name in self.events
        return is_live and named and (not self.scope or not event.scope or self.scope == event.scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One attempt to deliver; *guid* is the same in all attempts."""

    number: int
    guid: str
    hook: Hook
    event: Event
    attempt: int
    at: datetime
    status: int
    again: bool = False
    """Sent again because somebody asked for it."""
    forged: bool = False

    @property
    def arrived(self) -> bool:
        """Whether the receiver took it."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP


class Courier(Protocol):
    """How one tool words, signs and repeats what it sends."""

    def events(self, notes: Iterable[Note]) -> Iterable[Event]:
        """Return what is told of these notes, in order."""
        ...

    def dress(
        self, hook: Hook, event: Event, *, guid: str, attempt: int, secret: str, now: datetime
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of one attempt, signed with *secret*."""
        ...

    def retry_s(self, attempt: int, status: int, uniform: Uniform) -> float | None:
        """Return the seconds until the next attempt, `None` when there is none."""
        ...


class Registry:
    """The webhooks of one stand-in, and what there is to tell. Silent until somebody listens; a copy of it is, too."""

    def __init__(self) -> None:
        self.hooks: dict[str, Hook] = {}
        self.sent: list[Sent] = []
        self.again: list[Sent] = []
        """What is to be sent once more."""
        self._notes: list[Note] = []
        self._wake: Callable[[], None] | None = None

    def __deepcopy__(self, _memo: object) -> Registry:
        """Return a silent copy: a replica sends nothing."""
        return Registry()

    def listen(self, wake: Callable[[], None]) -> None:
        """From now on keep notes, and call *wake* when there is something to send."""
        self._wake = wake

    def note(self, verb: str, kind: str, item: object, detail: object = None) -> None:
        """Note that something happened."""
        if self._wake is not None:
            self._notes.append(Note(verb=verb, kind=kind, item=item, detail=detail))
            self._wake()

    def take(self) -> list[Note]:
        """Return the notes since last time; the same update noted again and again counts once."""
        notes, self._notes = self._notes, []
        seen: set[tuple[str, str, int, int]] = set()
        found: list[Note] = []
        for note in notes:
            key = (note.verb, note.kind, id(note.item), id(note.detail))
            if note.verb != UPDATED or key not in seen:
                seen.add(key)
                found.append(note)
        return found

    def resend(self, sent: Sent) -> None:
        """Have a delivery sent once more."""
        self.again.append(sent)
        if self._wake is not None:
            self._wake()

    def keep(self, sent: Sent) -> None:
        """Remember a delivery."""
        self.sent.append(sent)
        del self.sent[:-MAX_SENT]


@dataclass(slots=True, kw_only=True)
class Trouble:
    """How unreliable sending is: the share of deliveries that each befalls."""

    permuted: float = 0.0
    doubled: float = 0.0
    dropped: float = 0.0
    delayed: float = 0.0
    forged: float = 0.0
    delay_s: float = field(default=600.0)
    """How long a delayed one takes at most."""


def hex_hmac(secret: str, body: bytes) -> str:
    """Return the hex HMAC-SHA256 of a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
