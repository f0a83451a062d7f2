"""Time that passes by itself, in two processes alike, and that can be made to have passed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.engine.bench import START, Clock


@dataclass(frozen=True)
class Moment:
    """What two processes need to tell the same time: the machine's clock is one for both."""

    passed_s: float
    """Seconds since `START` when the machine's monotonic clock stood at zero."""

    def now(self) -> datetime:
        """Tell the time."""
        return START + timedelta(seconds=self.passed_s + time.monotonic())


@dataclass
class RunningClock(Clock):
    """The clock of the stand-ins; a copy goes on where the original stood when it was pickled."""

    began_at: float = field(default_factory=time.monotonic)

    def __reduce__(self) -> tuple[type[RunningClock], tuple[datetime, float]]:
        """Stop while being kept."""
        return RunningClock, (self.at, self.monotonic())

    def monotonic(self) -> float:
        """Return the seconds since the beginning."""
        return self.seconds + time.monotonic() - self.began_at

    def now(self) -> datetime:
        """Tell the time."""
        return self.at + timedelta(seconds=self.monotonic())

    def moment(self) -> Moment:
        """Return what another process needs to tell the same time."""
        return Moment(self.seconds - self.began_at)
