"""
How fast one connection may ask, kept before the remote has to say no.

The maths (`Bucket`, `parse_retry_after`) is pure; only `Budget.take` waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from syncd.connectors._pool import Ledger, Pool
from syncd.errors import RateLimitedError
from syncd.model.refs import ConnectionName
from syncd.world import World

ALL: Final = "*"
"""The bucket name that stands for every bucket of a connection."""

AFTER_WINDOW_S: Final = 0.001
"""How long after a wait window's end we ask again: rounding must never land us inside it."""

DEFAULT_MAX_WAIT_S: Final = 120.0
"""The longest one call waits by itself; beyond it the caller is told how long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a remote allows in one bucket, before our share is taken."""

    per_s: float
    """Cost units a second, sustained."""
    burst: float = 1.0
    """Cost units at once after a rest."""


UNLIMITED: Final = Rate(per_s=1e9, burst=1e9)
"""For a bucket the connector named no rate for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """
    A token bucket that may go into debt: who takes more than there is waits until the debt is paid.

    Takers therefore queue up in the order they came, and a cost above the
    burst is merely slow. Times are monotonic seconds.
    """

    rate: Rate
    level: float
    at: float
    """When *level* was true."""
    blocked_until: float = 0.0

    def refilled(self, now: float) -> Bucket:
        """Return the bucket as of *now*, topped up to its burst; in a wait window nothing comes in."""
        gained = max(0.0, now - max(self.at, self.blocked_until)) * self.rate.per_s
        return replace(self, level=min(self.rate.burst, self.level + gained), at=now)

    def taken(self, cost: float, now: float) -> Bucket:
        """Return the bucket after taking *cost* at *now*."""
        fresh = self.refilled(now)
        return replace(fresh, level=fresh.level - cost)

    def wait_s(self, cost: float, now: float) -> float:
        """Return how long a taker of *cost* has to wait, in seconds; 0.0 is "go"."""
        short = max(0.0, cost - self.refilled(now).level)
        return self.window_s(now) + short / self.rate.per_s

    def window_s(self, now: float) -> float:
        """Return how much of a wait window is left, in seconds."""
        return max(0.0, self.blocked_until - now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is left of one bucket."""

    share: float | None
    """From 0 to 1 of what may be asked at once; `None` where nothing limits it."""
    window_s: float
    """How much of a wait window is left."""


class Budget:
    """
    The request budgets of one connection, by bucket.

    *share* (above 0, at most 1) of every rate and quota is ours; the rest is
    left to people and other integrations (design.md section 8). Work that can
    wait takes only `part` of that. Once they `share_by` a ledger, all processes
    that ask the same tool use no more than that together.
    """

    def __init__(
        self,
        *,
        name: ConnectionName,
        world: World,
        rates: Mapping[str, Rate] | None = None,
        share: float = 0.5,
        max_wait_s: float = DEFAULT_MAX_WAIT_S,
    ) -> None:
        self.name = name
        self.full_share = share
        self.part = 1.0
        self.max_wait_s = max_wait_s
        self.spent: dict[str, float] = {}
        """What was taken so far, by bucket, in its own units."""
        self._world = world
        self._rates = dict(rates or {})
        self._buckets: dict[str, Bucket] = {}
        self._pool: Pool | None = None

    @property
    def share(self) -> float:
        """Return the part of the remote's rates and quotas that we use now."""
        return self.full_share * self.part

    def take_part(self, part: float) -> None:
        """Use only *part* (above 0, at most 1) of our share from now on: the rest is for what cannot wait."""
        if part == self.part:
            return
        self.part = part
        now = self._world.monotonic()
        for name, known in self._buckets.items():
            rate, fresh = self.rate(name), known.refilled(now)
            self._buckets[name] = replace(fresh, rate=rate, level=min(rate.burst, fresh.level))

    def duration_s(self, costs: Mapping[str, float]) -> float:
        """Return how many seconds it takes at least to spend *costs* (by bucket) from now on: the tightest bucket's."""
        return max((self.wait_s(bucket, cost) for bucket, cost in costs.items()), default=0.0)

    def at_once(self, costs: Mapping[str, float]) -> float:
        """Return how many things of *costs* each (by bucket) may be done at once after a rest, at least 1."""
        most = (self.rate(bucket).burst / cost for bucket, cost in costs.items() if cost > 0)
        return max(1.0, min(most, default=float("inf")))

    def share_by(self, ledger: Ledger) -> Pool:
        """Count together with all who tell each other by *ledger*, until the pool is closed."""
        self._pool = Pool(ledger, self._world, lambda bucket: self._part(bucket, self.full_share))
        return self._pool

    def rate(self, bucket: str) -> Rate:
        """Return our own share of that bucket's rate."""
        return self._part(bucket, self.share)

    def _part(self, bucket: str, part: float) -> Rate:
        full = self._rates.get(bucket, UNLIMITED)
        return Rate(per_s=full.per_s * part, burst=max(1.0, full.burst * part))

    def wait_s(self, bucket: str, cost: float = 1.0) -> float:
        """Return how long a request of that cost would have to wait now, in seconds."""
        ours = self._get(bucket).wait_s(cost, self._world.monotonic())
        shared = self._pool.wait_s(bucket, cost) if self._pool and bucket in self._rates else 0.0
        return max(ours, shared, self.window_s(bucket))

    async def take(self, bucket: str, cost: float = 1.0) -> None:
        """
        Wait until a request of *cost* may go out, and count it.

        Raises:
            RateLimitedError: the wait would exceed `max_wait_s`; nothing was counted.
        """
        if self._pool is None:
            wait_s = self._count(bucket, cost)
        else:
            async with self._pool.counting():
                wait_s = await self._count_together(self._pool, bucket, cost)
        if wait_s > 0.0:
            await self._world.sleep(wait_s + AFTER_WINDOW_S)
            await self.outwait(bucket)

    async def outwait(self, bucket: str) -> None:
        """Wait until no wait window is open for *bucket*; raises what `take` raises."""
        while not await self.is_free(bucket):
            wait_s = self.window_s(bucket)
            self._check(wait_s, bucket)
            await self._world.sleep(wait_s + AFTER_WINDOW_S)

    async def is_free(self, bucket: str) -> bool:
        """Return whether no wait window is open for *bucket* now, as far as anybody was told."""
        if self._pool is not None:
            await self._pool.look()
        return self.window_s(bucket) <= 0.0

    def _count(self, bucket: str, cost: float) -> float:
        """Count it, unless that would be too long a wait; return how long."""
        wait_s = self.wait_s(bucket, cost)
        self._check(wait_s, bucket)
        self._buckets[bucket] = self._get(bucket).taken(cost, self._world.monotonic())
        self.spent[bucket] = self.spent.get(bucket, 0.0) + cost
        return wait_s

    async def _count_together(self, pool: Pool, bucket: str, cost: float) -> float:
        """Count it with the others, who may turn out to have been first."""
        wait_s = self._count(bucket, cost)
        if bucket not in self._rates:
            return wait_s
        await pool.spend(bucket, cost)
        wait_s = max(wait_s, pool.wait_s(bucket, 0.0), self.window_s(bucket))
        try:
            self._check(wait_s, bucket)
        except RateLimitedError:
            await pool.spend(bucket, -cost)
            self._buckets[bucket] = self._get(bucket).taken(-cost, self._world.monotonic())
            self.spent[bucket] -= cost
            raise
        return wait_s

    async def tell(self) -> None:
        """Let the other processes know what the last answer said about waiting, if anything."""
        if self._pool is not None:
            await self._pool.told()

    def block_until(self, bucket: str, when: datetime) -> None:
        """Send nothing in that bucket (`ALL`: in any) before *when* (aware); a shorter block never shortens one."""
        wait_s = (when - self._world.now()).total_seconds()
        if wait_s <= 0.0:
            return
        known = self._get(bucket)
        until = self._world.monotonic() + wait_s
        if until > known.blocked_until:
            self._buckets[bucket] = replace(known, blocked_until=until)
            if self._pool is not None:
                self._pool.block(bucket, when)

    def learn(self, bucket: str, rate: Rate) -> None:
        """Take in what the remote says it allows in that bucket, before our share is taken."""
        if self._rates.get(bucket) == rate:
            return
        known = self._get(bucket)
        self._rates[bucket] = rate
        ours, now = self.rate(bucket), self._world.monotonic()
        spent = known.rate.burst - known.refilled(now).level
        self._buckets[bucket] = replace(known, rate=ours, level=ours.burst - spent, at=now)

    def note(self, bucket: str, *, remaining: float, limit: float, reset_at: datetime) -> None:
        """Take in what the remote says is left of *limit* until *reset_at*; stop there once our share is used."""
        if remaining - limit * (1.0 - self.share) < 1.0:
            self.block_until(bucket, reset_at)

    def left(self) -> dict[str, Left]:
        """Return what is left now, of every bucket that was asked of."""
        return {name: self._left(name) for name in sorted(self._buckets)}

    def _left(self, bucket: str) -> Left:
        share: float | None = None
        if bucket in self._rates:
            ours = self._get(bucket).refilled(self._world.monotonic())
            share = ours.level / ours.rate.burst
            if self._pool is not None:
                share = min(share, self._pool.left(bucket))
            share = max(0.0, share)
        return Left(share=share, window_s=self._own_window_s(bucket))

    def _get(self, bucket: str) -> Bucket:
        known = self._buckets.get(bucket)
        if known is None:
            rate = self.rate(bucket)
            known = Bucket(rate=rate, level=rate.burst, at=self._world.monotonic())
            self._buckets[bucket] = known
        return known

    def window_s(self, bucket: str) -> float:
        """Return how much of a wait window is left that keeps a request of that bucket from leaving."""
        return max(self._own_window_s(bucket), self._own_window_s(ALL))

    def _own_window_s(self, bucket: str) -> float:
        ours = self._get(bucket).window_s(self._world.monotonic())
        return ours if self._pool is None else max(ours, self._pool.window_s(bucket))

    def _check(self, wait_s: float, bucket: str) -> None:
        if wait_s > self.max_wait_s:
            raise RateLimitedError(
                f'the request budget "{bucket}" is used up for {wait_s:.0f} s',
                wait_s=wait_s,
                where=self.name,
                fix="nothing to do: syncd goes on by itself; raise options.share if this tool is syncd's alone",
            )


def parse_retry_after(value: str, now: datetime) -> float:
    """
    Return how long a `Retry-After` header asks us to wait.

    Accepts both forms: seconds, or an HTTP date (then *now*, aware UTC, is
    subtracted). A date in the past is 0.0.

    Returns:
        Seconds, never negative.

    Raises:
        ValueError: *value* is neither form.

    Source: RFC 9110 section 10.2.3.
    """
    text = value.strip()
    if text.replace(".", "", 1).isdecimal():
        return float(text)
    when = parsedate_to_datetime(text)
    if when.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return max(0.0, (when - now).total_seconds())
