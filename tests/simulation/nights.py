"""
Nights in which the clocks are changed where syncd's account in Jira has its zone: some lives begin right before.

Until then nobody touched anything since the first contact, and syncd was off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from syncd.sandbox.jira import JiraStandIn
from tests.engine.bench import Bench
from tests.simulation.office import LoopClock

ONE_IN: Final = 8
"""Of so many lives one begins in such a night."""
LATEST_S: Final = 400.0
"""How long after a life begins the clocks are changed, at most: while people edit, and things fail."""


@dataclass(frozen=True, slots=True)
class Night:
    """When the clocks are changed in a zone, by the rules of 2026, and how long before it a life begins."""

    zone: str
    at: datetime
    before_s: float = 0.0


NIGHTS: Final = (
    Night("America/Los_Angeles", datetime(2026, 3, 8, 10, tzinfo=UTC)),  # an hour on
    Night("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    Night("Pacific/Auckland", datetime(2026, 4, 4, 14, tzinfo=UTC)),  # an hour back
    Night("America/Santiago", datetime(2026, 4, 5, 3, tzinfo=UTC)),  # an hour back, over midnight
    Night("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),  # half an hour back
)


def draw_night(seed: int) -> Night | None:
    """Draw the night a life begins in, with dice of its own; most begin in none of these."""
    dice = Random(f"night {seed}")  # noqa: S311 - a seeded life
    night, before_s = dice.choice(NIGHTS), round(dice.uniform(0, LATEST_S), 2)
    return Night(night.zone, night.at, before_s) if dice.randrange(ONE_IN) == 0 else None


def fall(night: Night, bench: Bench) -> None:
    """Let it be that night where the first contact ended."""
    clock, jira = bench.clock, bench.sandbox.tools["jira"]
    assert isinstance(clock, LoopClock)
    assert isinstance(jira, JiraStandIn)
    clock.at = night.at - timedelta(seconds=night.before_s + clock.before_s)
    email = jira.credentials()["email"]
    account = next(user for user in jira.site.users.values() if user.email == email)
    account.zone_name = night.zone
