"""`syncd backfill`: all of a portfolio, or all that changed since a date, anew; with progress, until told to stop."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from syncd.cli.failing import DONE, FAILED, HELD
from syncd.cli.finding import findings_of, tell_warnings
from syncd.cli.opening import open_for, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.plans import missed_of, quarantined, shown_but_missed
from syncd.cli.streams import say
from syncd.engine.backfill import Asked, Backfilled, Progress, backfill
from syncd.engine.desk import Desk
from syncd.errors import ConfigError
from syncd.model.refs import ConnectionName
from syncd.report.backfill import BackfillView, ProgressView, backfill_json, backfill_text, progress_text

if TYPE_CHECKING:
    from syncd.world import World

PLAIN_S: Final = 60.0
"""How often progress is told where there is no terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options, as typed."""

    since: datetime | None = None
    connection: str | None = None
    plan: str | None = None
    approve: bool = False
    dry_run: bool = False

    @property
    def words(self) -> str:
        """Return them as they have to be typed to mean the same."""
        return "".join(
            [
                f" --since {self.since:%Y-%m-%d}" if self.since else "",
                f" --connection {shlex.quote(self.connection)}" if self.connection else "",
                f" --plan {self.plan}" if self.plan else "",
                " --approve" if self.approve else "",
                " --dry-run" if self.dry_run else "",
            ]
        )


def run_backfill(common: Common, wanted: Wanted) -> int:
    """Backfill a portfolio; 1 when a tool did not answer or a write failed, 3 when something waits for a person."""
    return run_command(common, _run(common, wanted))


async def _run(common: Common, wanted: Wanted) -> int:
    since = None if wanted.since is None else wanted.since.replace(tzinfo=wanted.since.tzinfo or UTC)
    command = f"{_backfill(common)}{wanted.words}"
    async with open_for(common, None) as desk:
        only = _connection(desk, wanted.connection)
        asked = Asked(since=since, only=only, plan=wanted.plan, approve=wanted.approve, dry_run=wanted.dry_run)
        began = desk.world.monotonic()
        try:
            with _progress(desk.world) as told, _stoppable():
                found = await backfill(desk, asked, told)
        except asyncio.CancelledError:
            say(f"Stopped in order. Nothing is lost: {command} goes on from here.")
            return FAILED
        tell_warnings(desk)
        view = await _view(desk, found, common, wanted, desk.world.monotonic() - began)
    emit(common, backfill_json(view), lambda: backfill_text(view))
    return _code(view)


def _backfill(common: Common) -> str:
    """Return the command, with the portfolio as its argument."""
    return replace(common, portfolio=None).command(f"backfill {shlex.quote(common.portfolio or '')}")


def _connection(desk: Desk, name: str | None) -> ConnectionName | None:
    if name is None or name in desk.accounts:
        return None if name is None else ConnectionName(name)
    raise ConfigError(
        f'{desk.portfolio.name} has no connection "{name}"', fix=f"say one of: {', '.join(sorted(desk.accounts))}"
    )


async def _view(desk: Desk, found: Backfilled, common: Common, wanted: Wanted, took_s: float) -> BackfillView:
    missed = [*missed_of(found.cycle)] if wanted.plan is None else [shown_but_missed(row) for row in found.missed]
    waits = bool(found.waiting) and found.plan is not None
    next_ = [common.command("plan"), f"{_backfill(common)} --plan {found.plan.id}"] if waits and found.plan else []
    return BackfillView(
        read=found.progress.read,
        linked=found.progress.linked,
        decided=found.progress.decided,
        written=dict(found.cycle.pushed.counts),
        took_s=took_s,
        is_resumed=found.is_resumed,
        is_dry=wanted.dry_run,
        waiting=len(found.waiting),
        plan=None if found.plan is None else found.plan.id,
        missed=tuple(missed),
        quarantine=await quarantined(desk),
        findings=await findings_of(desk, found.cycle, common),
        next=next_,
    )


def _code(view: BackfillView) -> int:
    found = view.findings
    if found.unreachable or any(each.failed for each in view.missed):
        return FAILED
    if view.is_dry:
        return DONE
    return HELD if view.waiting or view.missed or found.held or found.ambiguous else DONE


@contextmanager
def _stoppable() -> Iterator[None]:
    """End in order on SIGINT and SIGTERM: the write under way is finished first."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, task.cancel if task else lambda: None)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


@contextmanager
def _progress(world: World) -> Iterator[Callable[[Progress], None]]:
    """Tell how far it is: a bar on a terminal, else a plain line now and then."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with _bar(world) as told:
            yield told
        return
    rate, last = _Rate(world), [world.monotonic()]

    def told_plainly(progress: Progress) -> None:
        view = rate.view(progress)
        if world.monotonic() - last[0] >= PLAIN_S:
            last[0] = world.monotonic()
            say(progress_text(view))

    yield told_plainly


@contextmanager
def _bar(world: World) -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    rate = _Rate(world)
    bars = Bars(TextColumn("{task.description}"), BarColumn(bar_width=20), console=Console(stderr=True))
    with bars:
        bar = bars.add_task("reading", total=None)

        def told(progress: Progress) -> None:
            done = 0 if progress.left is None else rate.most_left(progress.left) - progress.left
            total = None if progress.left is None else done + progress.left
            bars.update(bar, description=progress_text(rate.view(progress)), completed=done, total=total)

        yield told


class _Rate:
    """How fast the stage under way goes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stage = ""
        self._since = 0.0
        self._before = 0
        self._most = 0

    def most_left(self, left: int) -> int:
        """Return the most that was left of the round under way."""
        self._most = max(self._most, left)
        return self._most

    def view(self, progress: Progress) -> ProgressView:
        """Return what to show of *progress*."""
        counted = {"reading": progress.read, "deciding": progress.decided, "writing": progress.written}
        done = counted.get(progress.stage, 0)
        if progress.stage != self._stage:
            self._stage, self._since, self._before, self._most = progress.stage, self._world.monotonic(), done, 0
        took_s = self._world.monotonic() - self._since
        return ProgressView(
            stage=progress.stage,
            read=progress.read,
            linked=progress.linked,
            decided=progress.decided,
            written=progress.written,
            left=progress.left,
            left_s=progress.left_s,
            rate=(done - self._before) / took_s if took_s > 0 else 0.0,
        )
