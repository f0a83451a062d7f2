"""
One request budget for all processes that ask one tool, each told by the others what they spent.

    alone      what was spent is told in portions that are still open when somebody comes; nothing is asked for
    together   all is looked at before every request, and told in portions of a sixteenth of what may go at once
    newcomer   waits a moment when somebody is there, so that it was noticed
    a wait     is told at once, and outlives the process that learnt it

Every process may owe the others one portion, so by as much less may go at once.
Of a process that died no more than that is forgotten, until its bucket is full again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from syncd.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from syncd.connectors._budget import Rate

LOOK_S: Final = 1.0
"""How often one that is alone looks whether somebody came, and how long a newcomer waits to be noticed."""
PORTION: Final = 1 / 16
"""The part of what may go at once that a process may have spent without telling."""
FEW: Final = 2
"""For so many processes room is left even while there are fewer."""
HERE_S: Final = 300.0
"""How often a process says that it is there."""
GONE_S: Final = 600.0
"""After which one that said nothing is taken for gone."""
AGAIN_S: Final = 10.0
"""How long a process goes by what it knows after it could not reach the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One bucket, as all know it."""

    level: float
    """What was left at *at*, in units of the bucket; below zero, takers wait."""
    at: datetime
    blocked_until: datetime | None = None
    blocked_at: datetime | None = None
    """When that wait was learnt: a clock that was put back makes no wait longer than it was."""

    def now(self, now: datetime, rate: Rate, most: float) -> Told:
        """Return it as of *now*, topped up at *rate* to *most*; in a wait window nothing comes in."""
        since = self.at
        if self.blocked_until is not None and self.blocked_at is not None and self.blocked_at <= now:
            since = max(self.at, self.blocked_until)
        gained = max(0.0, (now - since).total_seconds()) * rate.per_s
        return replace(self, level=min(most, self.level + gained), at=now)

    def window_s(self, now: datetime) -> float:
        """Return how much of a wait is left, in seconds."""
        if self.blocked_until is None or self.blocked_at is None:
            return 0.0
        return max(0.0, (self.blocked_until - max(now, self.blocked_at)).total_seconds())


Sheet = Mapping[str, Told]
"""What is told of one connection, by bucket."""


class Ledger(Protocol):
    """Where processes tell each other; its methods return `None` when it cannot be reached, and log why."""

    async def look(self) -> tuple[Sheet, int] | None:
        """Return what was told, and how many other processes are there."""
        ...

    async def tell(self, change: Callable[[Sheet], Sheet], *, here: bool) -> tuple[Sheet, int] | None:
        """Keep what *change* makes of what was told, alone at that; *here* says as well that this process is there."""
        ...

    async def leave(self) -> None:
        """Say that this process is not there any more."""
        ...


class Pool:
    """One connection's buckets as far as they are shared; *rate* is what a whole share of a bucket allows."""

    def __init__(self, ledger: Ledger, world: World, rate: Callable[[str], Rate]) -> None:
        self._ledger = ledger
        self._world = world
        self._rate = rate
        self._sheet: dict[str, Told] = {}
        """What was told, as last looked at."""
        self._unsaid: dict[str, Told] = {}
        """The same, less what we spent and did not tell: what is really left, as far as we know."""
        self._waits: dict[str, tuple[datetime, float]] = {}
        """Until when nothing may be asked, as told, and by our own clock that nobody sets (`World.monotonic`)."""
        self._news: dict[str, Told] = {}
        """Waits that we did not tell yet."""
        self._others = 0
        self._looked_s: float | None = None
        self._here_s: float | None = None
        self._cut_off_s: float | None = None
        """Since when the others cannot be reached."""
        self._one = asyncio.Lock()

    @asynccontextmanager
    async def counting(self) -> AsyncIterator[None]:
        """Be the one of this process that counts: what others told is known within."""
        async with self._one:
            await self._look()
            yield

    def wait_s(self, bucket: str, cost: float) -> float:
        """Return how long a taker of *cost* waits, wait windows left aside."""
        rate = self._rate(bucket)
        return max(0.0, cost - self._left(bucket).level) / rate.per_s

    def window_s(self, bucket: str) -> float:
        """Return how much of a wait that anybody was told of is left."""
        wait = self._waits.get(bucket)
        return 0.0 if wait is None else max(0.0, wait[1] - self._world.monotonic())

    def left(self, bucket: str) -> float:
        """Return the share of what may be taken at once that is left; below zero, it is owed."""
        return self._left(bucket).level / self._most(bucket)

    async def look(self) -> None:
        """Come to know what the others told."""
        async with self._one:
            await self._look()

    async def spend(self, bucket: str, cost: float) -> None:
        """Count *cost* (below zero: give it back), and tell it where a portion is full."""
        left = self._left(bucket)
        self._unsaid[bucket] = replace(left, level=left.level - cost)
        if self._owed(bucket) > self._portion(bucket) or self._news:
            await self._tell()

    def block(self, bucket: str, until: datetime) -> None:
        """Take in a wait; it is told by `told`."""
        self._news[bucket] = Told(level=0.0, at=until, blocked_until=until, blocked_at=self._world.now())

    async def told(self) -> None:
        """Tell the waits that were not told yet, if any."""
        if self._news:
            async with self._one:
                await self._tell()

    async def close(self) -> None:
        """Tell all that is not told, and leave."""
        async with self._one:
            if any(self._owed(bucket) > 0.0 for bucket in self._unsaid):
                await self._tell()
            if self._here_s is not None:
                await self._ledger.leave()
                self._here_s = self._looked_s = None

    async def _look(self) -> None:
        if self._is_cut_off():
            return
        now = self._world.monotonic()
        here_s = None if self._here_s is None else now - self._here_s
        if here_s is None or here_s > HERE_S:
            await self._tell()
            if self._others and (here_s is None or here_s > GONE_S):
                await self._world.sleep(LOOK_S)
            elif not self._others:
                return
        elif not self._others and self._looked_s is not None and now - self._looked_s < LOOK_S:
            return
        self._take_in(await self._ledger.look())

    async def _tell(self) -> None:
        """Say what we spent and what we were told to wait for; come to know what the others did."""
        if self._is_cut_off():
            return
        owed = {bucket: owed for bucket in self._unsaid if (owed := self._owed(bucket)) > 0.0}
        news, now = self._news, self._world.now()

        def change(sheet: Sheet) -> Sheet:
            made = {bucket: self._now(bucket, sheet.get(bucket)) for bucket in {*owed, *news}}
            made = {bucket: replace(told, level=told.level - owed.get(bucket, 0.0)) for bucket, told in made.items()}
            for bucket, wait in news.items():
                if wait.window_s(now) > made[bucket].window_s(now):
                    made[bucket] = replace(made[bucket], blocked_until=wait.blocked_until, blocked_at=wait.blocked_at)
            return made

        is_due = self._here_s is None or self._world.monotonic() - self._here_s > HERE_S
        found = await self._ledger.tell(change, here=is_due)
        if found is None:
            self._take_in(None)
            return
        for bucket in owed:
            self._unsaid.pop(bucket)
        self._news = {bucket: wait for bucket, wait in self._news.items() if news.get(bucket) is not wait}
        if is_due:
            self._here_s = self._world.monotonic()
        self._take_in(found)

    def _take_in(self, found: tuple[Sheet, int] | None) -> None:
        self._looked_s = self._world.monotonic()
        self._cut_off_s = self._looked_s if found is None else None
        if found is None:
            return
        owed = {bucket: self._owed(bucket) for bucket in self._unsaid}
        sheet, self._others = found
        self._sheet = dict(sheet)
        for bucket, told in sheet.items():
            if told.blocked_until is not None and self._waits.get(bucket, (None,))[0] != told.blocked_until:
                self._waits[bucket] = (told.blocked_until, self._looked_s + told.window_s(self._world.now()))
        self._unsaid.clear()
        for bucket, some in owed.items():
            if some > 0.0:
                told = self._now(bucket, self._sheet.get(bucket))
                self._unsaid[bucket] = replace(told, level=told.level - some)

    def _is_cut_off(self) -> bool:
        return self._cut_off_s is not None and self._world.monotonic() - self._cut_off_s < AGAIN_S

    def _now(self, bucket: str, told: Told | None) -> Told:
        now, most = self._world.now(), self._most(bucket)
        return Told(level=most, at=now) if told is None else told.now(now, self._rate(bucket), most)

    def _most(self, bucket: str) -> float:
        return max(1.0, self._rate(bucket).burst * (1.0 - max(FEW, self._others + 1) * PORTION))

    def _left(self, bucket: str) -> Told:
        return self._now(bucket, self._unsaid.get(bucket, self._sheet.get(bucket)))

    def _owed(self, bucket: str) -> float:
        """Return how much less there is than the others can know."""
        return self._now(bucket, self._sheet.get(bucket)).level - self._left(bucket).level

    def _portion(self, bucket: str) -> float:
        rate = self._rate(bucket)
        return max(rate.burst * PORTION, 0.0 if self._others else rate.per_s * LOOK_S)
