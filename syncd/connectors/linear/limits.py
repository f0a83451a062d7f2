"""Linear's limits: what we allow ourselves, and how its answers tell and refuse (vendor-facts section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import httpx

from syncd.connectors._answers import retry_hint_s, slowed
from syncd.connectors._budget import Budget, Rate
from syncd.connectors._graphql import is_refusal
from syncd.connectors._quote import quote_remote
from syncd.connectors.linear.payloads import GraphqlProblem
from syncd.connectors.linear.settings import LinearOptions
from syncd.errors import RateLimitedError

REQUESTS: Final = "requests"
COMPLEXITY: Final = "complexity"

QUERY_CAP: Final = 10_000
"""The most points one query may cost."""
RATE_LIMITED: Final = "RATELIMITED"
NO_HINT_WAIT_S: Final = 60.0
"""How long we wait when nothing says how long: both limits are by the hour and leak steadily."""
HOUR_S: Final = 3600.0

_BURST: Final = 0.25
"""The part of an hour's allowance that may go at once; the rest drips, so no hour ever exceeds it."""
_HEADERS: Final = {REQUESTS: "x-ratelimit-requests", COMPLEXITY: "x-ratelimit-complexity"}
_MS: Final = 1000.0


def make_rates(options: LinearOptions) -> Mapping[str, Rate]:
    """Return the rate of every bucket, before our share is taken."""
    return {REQUESTS: hourly(options.requests_per_hour), COMPLEXITY: hourly(options.complexity_per_hour)}


def hourly(limit: float) -> Rate:
    """Return the rate that never exceeds *limit* in any hour."""
    return Rate(per_s=limit * (1 - _BURST) / HOUR_S, burst=max(1.0, limit * _BURST))


def judge_limits(response: httpx.Response, *, where: str, now: datetime) -> RateLimitedError | None:
    """
    Return the error of an answer that says "too fast": `RATELIMITED`, whatever its status (200, 400 or 429).

    The wait is what `Retry-After` asks for, else until the reset of whatever
    is used up, else a minute. Nothing of such a request was carried out.
    """
    limited = response.status_code == httpx.codes.TOO_MANY_REQUESTS
    if not limited and response.status_code not in {httpx.codes.OK, httpx.codes.BAD_REQUEST}:
        return None
    if not limited and not is_refusal(response, GraphqlProblem, _is_limit):
        return None
    wait_s = _wait_s(response, now)
    return slowed("Linear", quote_remote(response), wait_s=NO_HINT_WAIT_S if wait_s is None else wait_s, where=where)


def note_limits(response: httpx.Response, budget: Budget) -> None:
    """Take in what the answer's headers say is allowed and what is left; they name resets in epoch milliseconds."""
    for bucket, head in _HEADERS.items():
        with suppress(KeyError, ValueError, OverflowError):
            limit = float(response.headers[f"{head}-limit"])
            remaining = float(response.headers[f"{head}-remaining"])
            reset_at = _moment(response.headers[f"{head}-reset"])
            budget.learn(bucket, hourly(limit))
            budget.note(bucket, remaining=remaining, limit=limit, reset_at=reset_at)


def _wait_s(response: httpx.Response, now: datetime) -> float | None:
    hint = retry_hint_s(response, now)
    if hint is not None:
        return hint
    waits: list[float] = []
    for head in _HEADERS.values():
        with suppress(KeyError, ValueError, OverflowError):
            if float(response.headers[f"{head}-remaining"]) < 1.0:
                waits.append(max(1.0, (_moment(response.headers[f"{head}-reset"]) - now).total_seconds()))
    return max(waits, default=None)


def _moment(epoch_ms: str) -> datetime:
    return datetime.fromtimestamp(float(epoch_ms) / _MS, UTC)


def _is_limit(problem: GraphqlProblem) -> bool:
    return problem.code == RATE_LIMITED
