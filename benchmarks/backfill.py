"""
BF: a backfill killed at random, and how well it foresees its end: `python -m benchmarks.backfill ITEMS KILLS [SEED]`.

Jira, empty of tasks, is filled from GitHub: the real command in a process of
its own, killed with SIGKILL and started again, against the same in one go.
The end is foreseen in virtual time with GitHub's limits on, the other way round.
"""

from __future__ import annotations

import json
import logging
import math
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import structlog

from benchmarks.installation import BOTH, install
from benchmarks.measure import CACHE, ROOT, BrokenRunError, Server, serving

SYNCD: Final = str(ROOT / ".venv" / "bin" / "syncd")
RULE: Final = "create:\n  task: {from: github-eng, in: [{jira-pmo: {project: ENG}}]}\n"
FINE: Final = frozenset({0, 3})
"""Exit codes of a run that came to its end: all done, or something waits for a person."""


@dataclass(slots=True)
class Filled:
    """What filling Jira took."""

    wanted: int = 0
    made: int = 0
    doubled: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)
    """How long each command ran, if it was not killed."""
    kills: int = 0

    @property
    def asked(self) -> int:
        """Return how many requests there were."""
        return sum(self.requests.values())


def fill(items: int, folder: Path, deaths: Sequence[float] = ()) -> Filled:
    """
    Show what is due, and carry it out.

    *deaths* tells after how many seconds of work to kill it, one after another.
    """
    found, left = Filled(), list(deaths)
    with serving(["jira", "github"], items, mode="lacking") as server:
        install(folder, server.tools, BOTH + RULE)
        before = _titles(server, "jira")
        server.counts()
        shown = _to_the_end([SYNCD, "backfill", "all", "--dry-run", "--json", "-c", str(folder)], left, found)
        words = ["--plan", str(shown["plan"]), "--approve", "--json", "-c", str(folder)]
        _to_the_end([SYNCD, "backfill", "all", *words], left, found)
        found.requests = Counter(server.counts())
        after, theirs = _titles(server, "jira"), _titles(server, "github")
    found.wanted = sum((theirs - before).values())
    found.made = sum((after - before).values())
    found.doubled = sum(number - 1 for number in after.values() if number > 1)
    return found


def _to_the_end(command: list[str], deaths: list[float], found: Filled) -> dict[str, Any]:
    """Run *command*, killed whenever the next of *deaths* comes, until it ends by itself; return what it told."""
    while True:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            began = time.monotonic()
            child = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
            try:
                child.wait(timeout=deaths[0] if deaths else None)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                deaths.pop(0)
                found.kills += 1
                continue
            ran_s = time.monotonic() - began
            found.took_s.append(ran_s)
            if deaths:
                deaths[0] = max(0.5, deaths[0] - ran_s)
            out.seek(0)
            err.seek(0)
            if child.returncode not in FINE:
                told = err.read().decode(errors="replace")[-2000:]
                raise BrokenRunError(f"{' '.join(command)} ended with {child.returncode}: {told}")
            said: dict[str, Any] = json.loads(out.read())
            return said


def _titles(server: Server, tool: str) -> Counter[str]:
    with urllib.request.urlopen(f"{server.base}/_sandbox/{tool}/show") as answer:  # noqa: S310 - our own loopback server
        return Counter(str(row["title"]) for row in json.load(answer))


def moments(kills: int, total_s: float, seed: int) -> list[float]:
    """Return after how much work each kill comes: at random over all of it, as the time since the one before."""
    dice = Random(seed)  # noqa: S311 - moments
    at = sorted(dice.uniform(0.02, 0.95) * total_s for _ in range(kills))
    return [max(1.0, here - before) for before, here in zip([0.0, *at], at, strict=False)]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What was told of the end when that part of the work was done."""

    part: float
    told_s: float
    true_s: float

    @property
    def error(self) -> float:
        """Return how far off it was, as a part of what was left: above 0, it took longer than was told."""
        return self.true_s / self.told_s - 1.0 if self.told_s else math.inf


def judge(told: Sequence[tuple[float, float | None]], ended_s: float) -> list[Foreseen]:
    """Return how well the end was foreseen, at some parts of the time since it was told first."""
    known = [(at, left_s) for at, left_s in told if left_s is not None]
    began_s = known[0][0]
    found = []
    for part in (0.1, 0.25, 0.5, 0.75):
        at, left_s = min(known, key=lambda one: abs(one[0] - (began_s + part * (ended_s - began_s))))
        found.append(Foreseen(part, left_s, ended_s - at))
    return found


def main(items: str = "20000", kills: str = "5", seed: str = "1") -> int:
    """Run it, print a line on each, and return 1 when something was doubled or is missing."""
    from benchmarks.bars import backfill_results

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    missed = False
    for result in backfill_results(int(items), int(kills), int(seed)):
        print(f"{result.what:64} {result.found:44} {result.wanted}", flush=True)
        missed |= result.met is False
    return int(missed)


if __name__ == "__main__":
    CACHE.mkdir(parents=True, exist_ok=True)
    sys.exit(main(*sys.argv[1:]))
