"""How often the site may be asked: a burst a second for each endpoint and method, and writes to one issue."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.jira.problems import rate_limited

BURSTS: Final = {"GET": 100, "POST": 100, "PUT": 50, "DELETE": 50}
"""
Requests a second, for each endpoint.

Source: developer.atlassian.com "Rate limiting" (Jira Cloud platform), read 2026-11.
"""
WRITES_TO_ONE_ISSUE: Final = ((20, timedelta(seconds=2)), (100, timedelta(seconds=30)))
"""How many writes one issue takes in which time; same source."""


class Limits:
    """Counts requests in the world's own time and refuses with the site's 429."""

    def __init__(self) -> None:
        self.burst_share: float | None = None
        """Which share of the published bursts is allowed; `None` switches bursts off."""
        self._requests: dict[tuple[str, str], deque[datetime]] = {}
        self._writes: dict[int, deque[datetime]] = {}

    def take_request(self, now: datetime, method: str, endpoint: str) -> None:
        """Count one request of an endpoint, or raise the 429."""
        if self.burst_share is None:
            return
        most = max(1, round(BURSTS[method] * self.burst_share))
        recent = self._requests.setdefault((method, endpoint), deque())
        _forget(recent, now - timedelta(seconds=1))
        if len(recent) >= most:
            raise rate_limited(now, 1, "jira-burst-based", most)
        recent.append(now)

    def take_write(self, now: datetime, issue: int) -> None:
        """Count one write to an issue, or raise the 429."""
        recent = self._writes.setdefault(issue, deque())
        _forget(recent, now - WRITES_TO_ONE_ISSUE[-1][1])
        for most, window in WRITES_TO_ONE_ISSUE:
            in_window = [at for at in recent if at > now - window]
            if len(in_window) >= most:
                wait_s = (in_window[0] + window - now).total_seconds()
                raise rate_limited(now, max(1, -int(-wait_s // 1)), "jira-per-issue-on-write", most)
        recent.append(now)


def _forget(times: deque[datetime], before: datetime) -> None:
    while times and times[0] <= before:
        times.popleft()
