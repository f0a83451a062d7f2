"""A world in virtual time: sleeping moves the clock, nothing waits."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx

from syncd.world import World

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ZERO_S = 1000.0


@dataclass
class Clock:
    """Virtual time: sleeping moves it."""

    at_s: float = ZERO_S
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.slept.append(seconds)
        self.at_s += seconds

    def now(self) -> datetime:
        """Tell the time."""
        return START + timedelta(seconds=self.at_s - ZERO_S)


def make_world(clock: Clock, transport: Callable[[], httpx.AsyncBaseTransport] | None = None) -> World:
    """Return a world that runs on that clock."""
    numbers = count(1)
    return World(
        now=clock.now,
        monotonic=lambda: clock.at_s,
        sleep=clock.sleep,
        random=random.Random(7),  # noqa: S311 - jitter
        new_id=lambda: f"{next(numbers):016d}",
        transport=transport,
    )
