"""Many lives, side by side, and what they came to."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import structlog

from tests.simulation.life import Lived, live
from tests.simulation.script import draw_any


@dataclass
class Figures:
    """What many lives came to."""

    lives: int = 0
    cpu_s: float = 0.0
    steps: int = 0
    requests: int = 0
    deaths: int = 0
    acts: int = 0
    repeated: int = 0
    told: int = 0
    """Lives with webhooks."""
    backfilled: int = 0
    """Lives that began with a backfill."""
    faults: Counter[str] = field(default_factory=Counter)
    failed: list[Lived] = field(default_factory=list)
    unlike: list[int] = field(default_factory=list)


def be_quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    gc.set_threshold(50_000, 20, 100)


def processes(count: int = 0) -> ProcessPoolExecutor:
    """Return so many processes, or one for each core, with nothing inherited."""
    return ProcessPoolExecutor(count or os.cpu_count() or 1, mp_context=get_context("spawn"), initializer=be_quiet)


def live_many(seeds: range, only: str = "") -> Iterator[tuple[Lived, float]]:
    with processes() as pool:
        yield from pool.map(timed, seeds, [only] * len(seeds), chunksize=5)


def timed(seed: int, only: str) -> tuple[Lived, float]:
    before = time.process_time()
    return live(draw_any(seed, only)), time.process_time() - before


def again_of(lived: Lived) -> str:
    """Return the command that lives a life again."""
    return f"make simulate SEED={lived.script.seed} WITH={lived.script.ways.name}"


def count(figures: Figures, lived: Lived, cpu_s: float) -> None:
    figures.lives += 1
    figures.cpu_s += cpu_s
    figures.steps += lived.steps
    figures.requests += lived.requests
    figures.told += lived.script.ways.told is not None
    figures.backfilled += lived.script.ways.backfill is not None
    figures.acts += len(lived.script.acts)
    figures.deaths += sum(" killed at " in line for line in lived.trace)
    figures.faults.update(lived.struck)
    if lived.problem:
        figures.failed.append(lived)
        print(f"seed {lived.script.seed}: {lived.problem[:300]}", flush=True)


def is_repeatable(seed: int, only: str = "") -> bool:
    hashes = set()
    for hash_seed in ("1", "2"):
        command = [sys.executable, "-c", f"from tests.simulation.many import print_hash; print_hash({seed}, {only!r})"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
        hashes.add(done.stdout)
    return len(hashes) == 1


def print_hash(seed: int, only: str) -> None:
    """Print the hash of a life's trace."""
    be_quiet()
    print(live(draw_any(seed, only)).hash)
