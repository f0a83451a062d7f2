"""
The ports to everything that is not a pure function: clock, randomness, sleep, identifiers, transport.

Only this module may touch them (a test holds that), so a test can run the
whole daemon in virtual time by handing over another `World`.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no letter that reads like a digit, safe in labels, comments and file names."""

ID_LENGTH = 16
"""80 bits: a collision among a million ids has a chance below 1e-12."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One way of telling the time, waiting, rolling dice and reaching the network."""

    now: Callable[[], datetime]
    """The present moment, aware, in UTC."""
    monotonic: Callable[[], float]
    """Seconds since some fixed moment, never going back."""
    sleep: Callable[[float], Awaitable[None]]
    """Wait that many seconds."""
    random: random.Random = field(default_factory=random.Random)
    """For jitter and shuffling, never for secrets."""
    new_id: Callable[[], str]
    """A fresh identifier, unique for ever."""
    transport: Callable[[], httpx.AsyncBaseTransport] | None = None
    """Makes the HTTP transport of one connection; `None` means the real network."""
    connect_sqlite: Callable[[str], Awaitable[Any]] | None = None
    """Opens a database file, as `syncd.store._sqlite.open_database` does, which is what `None` means."""


def make_id() -> str:
    """Return a fresh random identifier of `ID_LENGTH` characters from `ID_ALPHABET`."""
    return id_of(secrets.randbits(5 * ID_LENGTH))


def id_of(number: int) -> str:
    """Return the identifier that the lowest 80 bits of *number* make."""
    return "".join(ID_ALPHABET[number >> place & 31] for place in range(0, 5 * ID_LENGTH, 5))


def real_world() -> World:
    """Return the world we live in."""
    return World(
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        sleep=asyncio.sleep,
        new_id=make_id,
    )
