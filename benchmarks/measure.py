"""Running what is measured, in turns: wall time, and processor time and peak memory of the child alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal, TypeAlias

ROOT: Final = Path(__file__).resolve().parent.parent
CACHE: Final = ROOT / ".cache" / "bench"
KB: Final = 1024
Mode: TypeAlias = Literal["fast", "written", "lacking"]


class BrokenRunError(Exception):
    """A run failed: no figure is worth anything without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one child."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


def run(command: Sequence[str], *, cwd: Path = ROOT) -> Run:
    """
    Run *command* to its end.

    Raises:
        BrokenRunError: it did not end with 0.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        child = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=err, stdin=subprocess.DEVNULL)  # noqa: S603 - our own command lines
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    if child.returncode != 0:
        raise BrokenRunError(f"{' '.join(command)} ended with {child.returncode}: {(texts[1] or texts[0])[-2000:]}")
    return Run(
        wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss / KB, output=texts[0].strip()
    )


Maker = Callable[[], Run]


def in_turns(makers: Mapping[str, Maker], rounds: int) -> dict[str, list[Run]]:
    """Run everything once to warm up, then in turns, *rounds* times: what disturbs one disturbs all."""
    for make in makers.values():
        make()
    found: dict[str, list[Run]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name, make in makers.items():
            found[name].append(make())
    return found


@dataclass(frozen=True, slots=True)
class Figure:
    """A median with its spread."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.least:.2f}-{self.most:.2f})"


def figure(values: Sequence[float]) -> Figure:
    """Return the median of *values* and how far they spread."""
    return Figure(median(values), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Figure:
    """Return what each pair of runs says of ours to theirs."""
    return figure([mine / other for mine, other in zip(ours, theirs, strict=True)])


@dataclass(frozen=True, slots=True)
class Server:
    """What is measured against, in a process of its own."""

    base: str
    tools: Mapping[str, Any]

    def counts(self) -> Mapping[str, int]:
        """Return the requests since this was last asked, by method and path."""
        with urllib.request.urlopen(f"{self.base}/_counts") as answer:  # noqa: S310 - our own loopback server
            counts: Mapping[str, int] = json.load(answer)
        return counts


@contextmanager
def serving(tools: Sequence[str], items: int, *, latency_ms: float = 0, mode: Mode = "fast") -> Iterator[Server]:
    """Serve *tools* with that many items in each; `fast`: nobody writes, searches come from rendered pages."""
    command = [sys.executable, "-m", "benchmarks.serve", ",".join(tools), str(items), str(latency_ms), mode]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own command line
    try:
        line = child.stdout.readline() if child.stdout else ""
        if not line:
            raise BrokenRunError(f"the server of {items} items did not start")
        told = json.loads(line)
        yield Server(told["base"], told["tools"])
    finally:
        child.kill()
        child.wait()
