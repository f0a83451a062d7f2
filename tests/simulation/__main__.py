"""
`python -m tests.simulation [SEEDS] [SEED] [WITH]`: live that many lives, or one of them, and print one line of figures.

One life in four is told by webhooks, one in four begins with a backfill; WITH
("polling", "webhooks", "backfill", "both") makes all of them so.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from tests.simulation.life import Lived, live
from tests.simulation.many import Figures, again_of, be_quiet, count, is_repeatable, live_many
from tests.simulation.script import Script, draw_any
from tests.simulation.shrink import shrink

TWICE_ONE_IN = 100
"""Of so many lives one is lived again, under another hash seed, and must leave the same trace."""
SHOWN = 3
"""So many failures are shrunk and shown; of the others, the seeds."""


def main(seeds: str = "300", seed: str = "", only: str = "") -> int:
    """Live, and return 1 when a promise was broken."""
    be_quiet()
    if seed:
        return _one(int(seed), only)
    started = time.monotonic()
    figures = Figures()
    for lived, cpu_s in live_many(range(int(seeds)), only):
        count(figures, lived, cpu_s)
    for number in range(0, int(seeds), TWICE_ONE_IN):
        figures.repeated += 1
        if not is_repeatable(number, only):
            figures.unlike.append(number)
    for lived in figures.failed[:SHOWN]:
        _show(lived)
    for number in figures.unlike:
        print(f"seed {number} does not leave the same trace twice")
    _tell(figures, time.monotonic() - started)
    return 1 if figures.failed or figures.unlike else 0


def _one(seed: int, only: str) -> int:
    lived = live(draw_any(seed, only))
    if not lived.problem:
        print(*lived.trace, f"seed {seed}: every promise was kept; trace {lived.hash}", sep="\n")
        return 0
    _show(lived)
    return 1


def _show(lived: Lived) -> None:
    """Print a failure, cut down to what it takes."""
    kind = _kind(lived.problem)
    short = shrink(lived.script, partial(_fails_so, kind))
    again = live(short)
    print(f"\nseed {lived.script.seed}, cut from {lived.script.size} to {short.size} acts, faults and deaths:")
    print(*again.trace, again.problem, f"again: {again_of(lived)}", sep="\n")


def _kind(problem: str) -> str:
    """Return which promise was broken, or which error came."""
    return ":".join(problem.split(":")[:2])[:40]


def _fails_so(kind: str, script: Script) -> bool:
    return _kind(live(script).problem) == kind


def _tell(figures: Figures, took_s: float) -> None:
    seeds = [lived.script.seed for lived in figures.failed]
    print(
        f"simulation: {figures.lives} lives, {len(figures.failed)} broke a promise"
        f"{f' (seeds {seeds[:20]})' if seeds else ''}, {figures.told} told by webhooks, "
        f"{figures.backfilled} begun with a backfill, {figures.acts} acts, {figures.deaths} deaths, "
        f"{figures.requests} requests, {figures.steps} steps, {len(figures.faults)} kinds of faults "
        f"in {sum(figures.faults.values())} lives, {figures.repeated} lived twice ({len(figures.unlike)} unlike), "
        f"{figures.cpu_s / max(1, figures.lives):.2f} CPU-seconds a life, {took_s:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
