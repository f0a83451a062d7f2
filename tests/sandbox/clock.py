"""A world whose clock moves only when told, or when somebody sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from syncd.world import World

START = datetime(2026, 11, 20, 9, 30, 15, 250_000, tzinfo=UTC)


class Clock:
    """The time of one virtual world."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start
        self.slept: list[float] = []

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Sleep without waiting."""
        self.slept.append(seconds)
        self.advance(seconds)

    def seconds(self) -> float:
        """Return the time as a plain number."""
        return self.now.timestamp()

    def world(self) -> World:
        """Return the world that lives by this clock."""
        numbers = count(1)
        return World(
            now=lambda: self.now,
            monotonic=self.seconds,
            sleep=self.sleep,
            new_id=lambda: f"{next(numbers):016d}",
        )
