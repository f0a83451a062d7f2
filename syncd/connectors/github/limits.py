"""GitHub's limits: what we allow ourselves, and how its answers say "too fast" (vendor-facts section 3)."""

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
from syncd.connectors.github.payloads import GraphqlProblem
from syncd.connectors.github.settings import GithubOptions
from syncd.errors import RateLimitedError

GRAPHQL: Final = "graphql"
REST: Final = "rest"
PACE: Final = "pace"
CREATES_MINUTE: Final = "creates_minute"
CREATES_HOUR: Final = "creates_hour"

WRITE_POINTS: Final = 5.0
"""What a mutation or a writing REST request counts against the minute's points."""
NO_HINT_WAIT_S: Final = 60.0
"""GitHub's advice when it names no time: at least a minute."""
LIMIT_TYPES: Final = frozenset({"RATE_LIMITED", "RATE_LIMIT"})
TOO_QUICK: Final = "submitted too quickly"
"""How one mutation among several is refused by the content limits. Source: github.com/cli/cli issue 4801."""

_BURST: Final = 0.25
"""The part of a window's allowance that may go at once; the rest drips, so no window ever exceeds it."""
_RESOURCES: Final = {"graphql": GRAPHQL, "core": REST}


_STEADY_BURST: Final = 0.04
"""The same for what may be created in an hour: an import takes hours, and should take no more than it must."""


def _window(limit: float, window_s: float, at_once: float = _BURST) -> Rate:
    return Rate(per_s=limit * (1 - at_once) / window_s, burst=max(1.0, limit * at_once))


def make_rates(options: GithubOptions) -> Mapping[str, Rate]:
    """Return the rate of every bucket, before our share is taken."""
    rates = {
        GRAPHQL: _window(options.points_per_minute, 60),
        REST: _window(options.rest_per_minute, 60),
        CREATES_MINUTE: _window(options.creates_per_minute, 60),
        CREATES_HOUR: _window(options.creates_per_hour, 3600, _STEADY_BURST),
    }
    if options.mutation_interval_s > 0:
        # An interval is advice to every client, not a quantity to share out.
        rates[PACE] = Rate(per_s=1 / options.mutation_interval_s / options.share)
    return rates


def judge_limits(response: httpx.Response, *, where: str, now: datetime) -> RateLimitedError | None:
    """
    Return the error of an answer that says "too fast", in any of GitHub's ways.

        status      sign                                        wait
        403, 429    Retry-After                                 as it says
        403, 429    x-ratelimit-remaining: 0                    until x-ratelimit-reset
        403, 429    "rate limit" in the message, or any 429     60 s
        200         errors of type RATE_LIMITED, and no data    as above

    A 200 that carries data as well is left alone: part of it was carried out.
    """
    if response.status_code in {httpx.codes.FORBIDDEN, httpx.codes.TOO_MANY_REQUESTS}:
        said = quote_remote(response)
        wait_s = _wait_s(response, now)
        if wait_s is None and response.status_code == httpx.codes.FORBIDDEN and "rate limit" not in said.lower():
            return None
    elif response.status_code == httpx.codes.OK and is_refusal(response, GraphqlProblem, _is_limit):
        said, wait_s = "", _wait_s(response, now)
    else:
        return None
    return slowed("GitHub", said, wait_s=NO_HINT_WAIT_S if wait_s is None else wait_s, where=where)


def note_limits(response: httpx.Response, budget: Budget) -> None:
    """Take in what the answer's headers say is left."""
    headers = response.headers
    bucket = _RESOURCES.get(headers.get("x-ratelimit-resource", ""))
    with suppress(KeyError, ValueError):
        if bucket:
            budget.note(
                bucket,
                remaining=float(headers["x-ratelimit-remaining"]),
                limit=float(headers["x-ratelimit-limit"]),
                reset_at=datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC),
            )


def _wait_s(response: httpx.Response, now: datetime) -> float | None:
    hint = retry_hint_s(response, now)
    if hint is not None:
        return hint
    with suppress(KeyError, ValueError):
        if int(response.headers["x-ratelimit-remaining"]) == 0:
            reset = datetime.fromtimestamp(int(response.headers["x-ratelimit-reset"]), UTC)
            return max(1.0, (reset - now).total_seconds())
    return None


def _is_limit(problem: GraphqlProblem) -> bool:
    return problem.type in LIMIT_TYPES
