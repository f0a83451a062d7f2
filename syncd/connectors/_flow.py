"""
How many requests of one connection are under way at the same time: more while all is well, fewer when it is not.

    answered in the usual time   one more; after the first trouble one more for as many answers as may be under way
    answered late                a fifth fewer, no fewer than at first
    refused (429, 503), silent   half as many, no fewer than one

It begins with few, so that what is usual is learnt while the tool is not busy with us. Each trouble
counts once: requests that left before the last cut say nothing new.
`Flow` is pure; only `Slots.enter` waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 20
"""Requests under way at the same time, at most: as many as a client has connections."""
FIRST: Final = 4.0
"""As many to begin with."""
HALF: Final = 0.5
LESS: Final = 0.8
LATE: Final = 3.0
"""An answer that took so many times the usual is late,"""
LATE_S: Final = 0.25
"""when it took so many seconds more than that besides: below, it says more of us than of the tool."""
ENOUGH: Final = 5
"""Answers that tell what is usual."""
_SLOWLY: Final = 0.1
"""How quickly a longer time becomes the usual one, while few are under way; a shorter is at once."""

Sort = tuple[str, int]
"""Answers that may be compared: of one bucket, and of about the same size."""


def sort_of(bucket: str, size: int) -> Sort:
    """Return what an answer of so many bytes is compared with: a page of a hundred is no slow answer of one."""
    return bucket, size.bit_length() // 2


@dataclass(slots=True)
class _Usual:
    took_s: float
    answers: int = 1


@dataclass(slots=True)
class Flow:
    """What may be under way, by what came of it; times are monotonic seconds."""

    most: int = MOST
    allowed: float = FIRST
    cut_s: float | None = None
    """When it was last cut."""
    usual: dict[Sort, _Usual] = field(default_factory=dict)

    def answered(self, sort: Sort, *, sent_s: float, now: float, busy: int) -> None:
        """Take in an answer; when it was asked for, *busy* were under way."""
        if self._is_late(sort, now - sent_s, busy):
            self._cut(LESS, FIRST, sent_s, now)
        elif self.cut_s is None:
            self.allowed = min(float(self.most), self.allowed + 1.0)
        elif sent_s >= self.cut_s:
            self.allowed = min(float(self.most), self.allowed + 1.0 / self.allowed)

    def refused(self, *, sent_s: float, now: float) -> None:
        """Take in that a request was one too many, or was not answered."""
        self._cut(HALF, 1.0, sent_s, now)

    def _is_late(self, sort: Sort, took_s: float, busy: int) -> bool:
        usual = self.usual.setdefault(sort, _Usual(took_s))
        late = usual.answers >= ENOUGH and took_s > LATE * usual.took_s + LATE_S
        if busy <= FIRST or took_s < usual.took_s:
            usual.took_s = min(took_s, usual.took_s + _SLOWLY * (took_s - usual.took_s))
        usual.answers += 1
        return late

    def _cut(self, to: float, least: float, sent_s: float, now: float) -> None:
        if self.cut_s is None or sent_s >= self.cut_s:
            self.allowed = min(self.allowed, max(least, self.allowed * to))
            self.cut_s = now


class Slots:
    """As many requests at the same time as the flow allows, in the order they came."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> bool:
        """Wait until one more may be under way; return whether there was any waiting."""
        if not self._waiting and self.taken < int(self.flow.allowed):
            self.taken += 1
            return False
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # it was our turn already
            raise
        return True

    def leave(self) -> None:
        """Let the next ones in, as many as may."""
        self.taken -= 1
        while self._waiting and self.taken < int(self.flow.allowed):
            turn = self._waiting.popleft()
            if not turn.done():
                self.taken += 1
                turn.set_result(None)
