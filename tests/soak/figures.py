"""What is made of a soak: pure sums over samples and lags, the line, and what of it is not to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

HOUR_S: Final = 3600.0
MOST_MB: Final = 6.0
"""
By how much memory may rise in the second half. SQLite keeps up to 2 MB of pages for each of some six connections, and
these still fill after a quarter of an hour; what Python holds does not grow at all. The longer, the sharper.
"""
JUDGED_FROM_S: Final = 1200.0
"""A shorter soak says nothing of a slope: caches still fill, and one garbage collection is more than it all."""
MOST_DESCRIPTORS: Final = 8
"""By how many more may be open in the end: one pool of connections more or less."""
OF_THE_MOMENT: Final = "nobody can tell"
"""What a reason says that is no reason to wait for a person."""
PART: Final = 5
"""A fifth of the samples stand for the beginning and for the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """How the daemon stood at one moment, in seconds from the beginning."""

    at_s: float
    rss_mb: float
    descriptors: int
    threads: int
    store_mb: float
    backlog: int
    unknown: int
    conflicts: int
    quarantine: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What a soak came to."""

    seconds: float
    samples: Sequence[Sample]
    calm_lags: Sequence[float]
    """Seconds until an edit was in one other tool, where nothing was wrong meanwhile."""
    lags: Sequence[float]
    edits: int
    writes: int
    upheavals: int
    struck: int
    """Requests that met a fault."""
    settled_s: float
    """How long it took after the last edit and fault."""
    lost: Sequence[str] = ()
    doubled: Sequence[str] = ()
    unsettled: Sequence[str] = ()
    late_writes: Sequence[str] = ()
    """Written after all was quiet."""
    aside: Sequence[str] = ()
    """What waited for a person in the end: a tool took it and showed the value of before."""
    broken: Sequence[str] = field(default=())
    """What else was not as it should be: an exit code, a daemon that ended."""


def slope_an_hour(samples: Sequence[Sample]) -> float:
    """Return how steeply memory rises in the second half, in MB an hour, by least squares; 0 for fewer than 2."""
    half = samples[len(samples) // 2 :]
    if len(half) < 2:
        return 0.0
    middle_s = sum(each.at_s for each in half) / len(half)
    middle_mb = sum(each.rss_mb for each in half) / len(half)
    spread = sum((each.at_s - middle_s) ** 2 for each in half)
    together = sum((each.at_s - middle_s) * (each.rss_mb - middle_mb) for each in half)
    return HOUR_S * together / spread if spread else 0.0


def part(lags: Sequence[float], share: float) -> float:
    """Return the lag that this share of them did not exceed; 0 where there is none."""
    ordered = sorted(lags)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def ends(values: Sequence[float]) -> tuple[float, float]:
    """Return the median of the first fifth and of the last."""
    size = max(1, len(values) // PART)
    return median(values[:size]), median(values[-size:])


def line(done: Soaked) -> str:
    """Return all figures in one line."""
    samples = done.samples
    rss, open_ = ends([each.rss_mb for each in samples]), ends([each.descriptors for each in samples])
    calm, every = done.calm_lags, done.lags
    return (
        f"soak: {done.seconds / 60:.0f} min, {done.upheavals} upheavals ({done.struck} requests met a fault), "
        f"memory {slope_an_hour(samples):+.1f} MB/h (RSS {rss[0]:.0f} then {rss[1]:.0f} MB), "
        f"descriptors {open_[0]:.0f} then {open_[1]:.0f}, threads {max(each.threads for each in samples)}, "
        f"store {samples[0].store_mb:.1f} then {samples[-1].store_mb:.1f} MB, "
        f"lag p50 {part(calm, 0.5):.1f} s, p99 {part(calm, 0.99):.1f} s, max {part(calm, 1.0):.1f} s in calm "
        f"({len(calm)}), all p50 {part(every, 0.5):.1f} s, p99 {part(every, 0.99):.1f} s, max {part(every, 1.0):.1f} s "
        f"({len(every)}), backlog at most {max(each.backlog for each in samples)}, "
        f"{done.edits} edits, {done.writes} writes, {len(done.doubled)} doubled, {len(done.lost)} lost, "
        f"{samples[-1].conflicts} held, {len(done.aside)} set aside, {len(done.unsettled)} unsettled after "
        f"{done.settled_s:.0f} s, {len(done.late_writes)} writes when quiet"
    )


def violations(done: Soaked) -> list[str]:
    """Return everything that is not to be."""
    found = [f"lost: {each}" for each in done.lost]
    found += [f"doubled: {each}" for each in done.doubled]
    found += [f"unsettled: {each}" for each in done.unsettled]
    found += [f"written when all was quiet: {each}" for each in done.late_writes]
    found += done.broken
    found += [f"set aside for a person, though it passes: {each}" for each in done.aside if OF_THE_MOMENT in each]
    first, last = ends([each.descriptors for each in done.samples])
    if last > first + MOST_DESCRIPTORS:
        found.append(f"descriptors grow: {first:.0f}, then {last:.0f}")
    slope = slope_an_hour(done.samples)
    if done.seconds >= JUDGED_FROM_S and slope * done.seconds / 2 / HOUR_S > MOST_MB:
        found.append(f"memory grows by {slope:.1f} MB an hour, which is more than {MOST_MB:g} MB in the second half")
    return found
