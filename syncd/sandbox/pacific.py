"""
Midnight in Pacific time, told in UTC: where GitHub's due days and a Linear team's cycles begin.

GitHub: whatever time is sent, only its *Pacific* date survives: `2020-09-24T06:59:00Z`
becomes `2020-09-23T07:00:00Z`. Source: github.com/microsoft/PowerShellForGitHub
pull request 133, github.com/wordpress-mobile/release-toolkit pull request 419
(both read 2026-11-20); recorded milestones agree.

The rule for daylight saving is written out, because a bare machine has no time
zone data.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

MARCH, NOVEMBER, SUNDAY = 3, 11, 6
STANDARD_H, DAYLIGHT_H = 8, 7


def due_on(moment: datetime) -> str:
    """Return what GitHub stores and shows when *moment* (aware) is sent as a milestone's due date."""
    guess = (moment.astimezone(UTC) - timedelta(hours=STANDARD_H)).date()
    later = guess + timedelta(days=1)
    day = later if moment >= midnight(later) else guess
    return f"{midnight(day):%Y-%m-%dT%H:%M:%SZ}"


def due_day(day: date) -> str:
    """Return the stored form of one due day, as picked in the web page."""
    return f"{midnight(day):%Y-%m-%dT%H:%M:%SZ}"


def midnight(day: date) -> datetime:
    """Return when *day* begins on the Pacific coast, in UTC."""
    summer = _nth_sunday(day.year, MARCH, 2) < day <= _nth_sunday(day.year, NOVEMBER, 1)
    return datetime.combine(day, time(hour=DAYLIGHT_H if summer else STANDARD_H), UTC)


def _nth_sunday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(SUNDAY - first.weekday()) % 7 + 7 * (nth - 1))
