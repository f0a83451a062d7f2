"""What a person paused, as people and programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.report.table import count
from syncd.report.values import show_time


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedView:
    """One thing that is paused."""

    scope: str
    """`connection`, `portfolio` or `item`."""
    name: str
    """The connection's or portfolio's name; of an item, a key."""
    since: datetime
    why: str | None
    resume: str
    """The command that ends it."""
    waiting: int = 0
    """Writes that were due and wait for it."""


def paused_lines(views: Sequence[PausedView]) -> list[str]:
    """Return a line for each, with how to go on."""
    return [f"  {paused_text(view)}\n    to go on: {view.resume}" for view in views]


def paused_text(view: PausedView) -> str:
    """Return one of them in words, with what waits for it."""
    why = f" ({view.why})" if view.why else ""
    waits = f"; {count(view.waiting, 'change waits', 'changes wait')} for it" if view.waiting else ""
    return f"{view.scope} {view.name}, since {show_time(view.since)}{why}{waits}"
