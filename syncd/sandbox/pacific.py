"""
Midnight told in UTC: in Pacific time, where GitHub's due days begin, and in a Linear team's, where its cycles do.

GitHub: whatever time is sent, only its *Pacific* date survives: `2020-09-24T06:59:00Z`
becomes `2020-09-23T07:00:00Z`. Source: github.com/microsoft/PowerShellForGitHub
pull request 133, github.com/wordpress-mobile/release-toolkit pull request 419
(both read 2026-11-20); recorded milestones agree.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

PACIFIC: Final = ZoneInfo("America/Los_Angeles")


def due_on(moment: datetime) -> str:
    """Return what GitHub stores and shows when *moment* (aware) is sent as a milestone's due date."""
    return due_day(moment.astimezone(PACIFIC).date())


def due_day(day: date) -> str:
    """Return the stored form of one due day, as picked in the web page."""
    return f"{midnight(day):%Y-%m-%dT%H:%M:%SZ}"


def midnight(day: date, zone: ZoneInfo = PACIFIC) -> datetime:
    """Return when *day* begins in a *zone*, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
