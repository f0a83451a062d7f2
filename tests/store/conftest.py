"""A store in a temporary folder, and a world whose clock stands still until told."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from syncd.store.store import Store, open_store
from syncd.world import World
from tests.databases import Stores

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Tells the time it was set to."""

    at: datetime = START
    ids: count[int] = field(default_factory=lambda: count(1))

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)

    def world(self) -> World:
        """Return the world that goes by this clock."""

        async def sleep(seconds: float) -> None:
            self.forward(seconds)

        return World(
            now=lambda: self.at,
            monotonic=lambda: self.at.timestamp(),  # noqa: PLW0108 - asked anew each time
            sleep=sleep,
            random=random.Random(1),  # noqa: S311 - not for secrets
            new_id=lambda: f"{next(self.ids):08d}",
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(stores: Stores, tmp_path: Path) -> str:
    return stores.url(tmp_path)


@pytest.fixture
def bare_url(stores: Stores, tmp_path: Path) -> str:
    return stores.bare_url(tmp_path)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state' / 'syncd.db'}"


@pytest.fixture
async def store(url: str, clock: Clock) -> AsyncIterator[Store]:
    async with await open_store(url, clock.world()) as opened:
        yield opened
