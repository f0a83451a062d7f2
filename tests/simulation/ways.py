"""By which ways the daemon of a life works, beside polling: told by webhooks, and begun with a backfill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

ONE_IN: Final = 4
"""Of so many lives one is told by webhooks, and of as many one begins with a backfill."""
KNOBS: Final = ("permuted", "doubled", "dropped", "delayed", "forged")
SHARES: Final = (0.0, 0.0, 0.3, 1.0)
BACKFILL_STEPS: Final = {"any": 900, "database": 500, "commit": 60, "write": 12, "written": 12, "read": 60}
"""How far a backfill lives at most before it dies, in steps of each kind."""
LATEST_S: Final = 300.0
INTO_S: Final = (50.0, 62.0)
"""So that it reads when the cycle after that begins."""


@dataclass(frozen=True, slots=True)
class Death:
    """When a process dies: at its *number*-th step of that kind (see `process.Process.step`)."""

    kind: str
    number: int


@dataclass(frozen=True, slots=True)
class Ways:
    """How one life's daemon works."""

    told: Mapping[str, float] | None = None
    """What befalls which share of the webhooks' deliveries; without it there are no webhooks."""
    backfill: tuple[Death, ...] | None = None
    """How each process of the backfill it begins with dies; the one after the last of them lives."""
    beside_s: float | None = None
    """When another backfill is started beside the daemon; it dies as the first process of the first one did."""
    into_s: float | None = None
    """How far into the daemon's cycle that begins next it is started, instead of at once."""

    @property
    def name(self) -> str:
        """Return what `draw_ways` is told to draw them again."""
        if self.told is not None:
            return "webhooks" if self.backfill is None else "both"
        return "polling" if self.backfill is None else "backfill"


POLLING: Final = Ways()


def draw_ways(seed: int, only: str = "") -> Ways:
    """Draw how a life's daemon works, with dice of its own; *only* names what it certainly does, and nothing else."""
    dice = Random(f"ways {seed}")  # noqa: S311 - a seeded life
    is_told, is_filled = (dice.randrange(ONE_IN) == 0 for _ in range(2))
    shares = {name: dice.choice(SHARES) for name in KNOBS}
    deaths = tuple(_death(dice) for _ in range(dice.randrange(1, 4)))
    beside_s = round(dice.uniform(0, LATEST_S), 2) if dice.random() < 1 / 2 else None
    into_s = round(dice.uniform(*INTO_S), 2) if beside_s is not None and dice.random() < 1 / 2 else None
    if only:
        is_told, is_filled = only in {"webhooks", "both"}, only in {"backfill", "both"}
    return Ways(
        told=shares if is_told else None,
        backfill=deaths if is_filled else None,
        beside_s=beside_s if is_filled else None,
        into_s=into_s if is_filled else None,
    )


def _death(dice: Random) -> Death:
    kind = dice.choice(sorted(BACKFILL_STEPS))
    return Death(kind, dice.randrange(1, BACKFILL_STEPS[kind] + 1))
