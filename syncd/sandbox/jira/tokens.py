"""Page tokens of the search: opaque, reusable, dead after seven days."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.jira.problems import JiraProblem

TOKEN_LIFE: Final = timedelta(days=7)
MAX_TOKENS: Final = 2000


class Tokens:
    """Page tokens: the rest of a result, kept for seven days."""

    def __init__(self) -> None:
        self._rests: OrderedDict[str, tuple[datetime, str, tuple[int, ...]]] = OrderedDict()
        self._made = 0

    def keep(self, now: datetime, jql: str, rest: tuple[int, ...]) -> str:
        """Keep the ids still to be told, and return their token."""
        self._made += 1
        token = f"page-{self._made:08d}"
        self._rests[token] = (now + TOKEN_LIFE, jql, rest)
        if len(self._rests) > MAX_TOKENS:
            self._rests.popitem(last=False)
        return token

    def take(self, now: datetime, jql: str, token: str) -> tuple[int, ...]:
        """Return the ids behind a token, which may be used again; raises the 400 for an old or foreign one."""
        until, of, rest = self._rests.get(token, (now, "", ()))
        if until <= now or of != jql:
            raise JiraProblem(400, "The nextPageToken is invalid or expired. Please restart the search.")
        return rest
