"""The bars, one function each: what is run, and what its figures must be."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import peers
from benchmarks.backfill import fill, judge, moments
from benchmarks.installation import FIFTEEN, install
from benchmarks.measure import CACHE, BrokenRunError, Run, Server, figure, in_turns, ratio, run, serving
from benchmarks.quiet import quiet_cycle
from benchmarks.virtual import Created, create_side, foresee, meet
from benchmarks.webhooks import WINDOW_S, measure

PYTHON: Final = str(Path(__file__).resolve().parent.parent / ".venv" / "bin" / "syncd")
PAGE: Final = 100
LATENCY_MS: Final = 150
IN_FLIGHT: Final = 8
WITHOUT: Final = "*all,-description"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the table; *met* is `None` where nothing could be judged."""

    bar: str
    what: str
    found: str
    wanted: str
    met: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How much to run: *scale* is the part of the full number of items, *rounds* how many pairs."""

    scale: float = 1.0
    rounds: int = 5

    def items(self, full: int) -> int:
        """Return how many items that part is."""
        return max(100, round(full * self.scale))


def at_most(bar: str, what: str, found: float, wanted: float, unit: str = "", shown: str = "") -> Result:
    """Judge a figure that must not be exceeded."""
    text = shown or f"{found:.2f}{unit}"
    return Result(bar=bar, what=what, found=text, wanted=f"<= {wanted:g}{unit}", met=found <= wanted)


def folder_of(name: str) -> Path:
    """Return an empty place for one run."""
    place = CACHE / "runs" / name
    shutil.rmtree(place, ignore_errors=True)
    return place


def read_all(server: Server, name: str, *, description: str) -> Run:
    """Let syncd read everything into a fresh canonical store."""
    place = folder_of(name)
    install(place, server.tools, FIFTEEN.format(description=description))
    done = run([PYTHON, "sync", "-c", str(place)])
    if "Nothing was written" not in done.output:
        raise BrokenRunError(f"reading alone wrote something: {done.output[-500:]}")
    return done


def b1a(asked: Asked) -> Iterator[Result]:
    """Processor time of a first reading, against the floor and two well-known extractors."""
    items = asked.items(20_000)
    with serving(["jira"], items) as server:
        makers: dict[str, Callable[[], Run]] = {
            "syncd": lambda: read_all(server, "b1a", description="{jira-pmo: description}"),
            "syncd-": lambda: read_all(server, "b1a-", description="{jira-pmo: false}"),
            "dlt": lambda: peers.dlt(server, folder_of("dlt"), items),
            "tap-jira": lambda: peers.tap(server, folder_of("tap"), items),
        }
        if peers.floor_script():
            makers["floor"] = lambda: peers.floor(server, items, fields="*all")
            makers["floor-"] = lambda: peers.floor(server, items, fields=WITHOUT)
        runs = in_turns(makers, asked.rounds)
    cpu = {name: [one.cpu_s for one in each] for name, each in runs.items()}
    wall = {name: [one.wall_s for one in each] for name, each in runs.items()}
    for name in runs:
        shown = f"CPU {figure(cpu[name])} s, wall {figure(wall[name])} s"
        yield Result(bar="B1a", what=f"{items:,} issues: {NAMES[name]}", found=shown, wanted="", met=None)
    for ours, most, what in (("syncd-", 3.0, "without"), ("syncd", 5.0, "with")):
        theirs = ours.replace("syncd", "floor")
        if theirs in cpu:
            found = ratio(cpu[ours], cpu[theirs])
            yield at_most("B1a", f"CPU to the floor, {what} descriptions", found.middle, most, " x", f"{found} x")
        else:
            yield Result(bar="B1a", what=f"CPU to the floor, {what} descriptions", found=NO_FLOOR, wanted="", met=None)
    found = ratio(wall["syncd"], wall["dlt"])
    yield at_most("B1a", "wall to dlt merely extracting", found.middle, 1.0, " x", f"{found} x")
    found = ratio(wall["syncd"], wall["tap-jira"])
    yield at_most("B1a", "wall to tap-jira", found.middle, round(1 / 3, 2), " x", f"{found} x")


NAMES: Final = {
    "syncd": "syncd, 15 fields",
    "syncd-": "syncd, without descriptions",
    "floor": "floor",
    "floor-": "floor, without descriptions",
    "dlt": "dlt, extract only",
    "tap-jira": "tap-jira",
    "serial": "floor, one token chain",
    "partition": f"floor, {IN_FLIGHT} ranges",
}
NO_FLOOR: Final = f"skipped: no floor.py beside the checkout ({peers.FLOOR_VARIABLE} may name one)"


READING: Final = ("search/jql", "issue/bulkfetch")
"""What a first reading asks: a list of ids, and the issues."""


def b1b(asked: Asked) -> Iterator[Result]:
    """Wall time of the same where every answer takes 150 ms."""
    if peers.floor_script() is None:
        yield Result(bar="B1b", what="first reading at 150 ms", found=NO_FLOOR, wanted="", met=None)
        return
    items = asked.items(20_000)
    requests: list[int] = []
    with serving(["jira"], items, latency_ms=LATENCY_MS) as server:

        def ours() -> Run:
            server.counts()
            done = read_all(server, "b1b", description="{jira-pmo: description}")
            counts = server.counts()
            requests.append(sum(counts.get(f"POST /jira/rest/api/3/{path}", 0) for path in READING))
            return done

        makers = {
            "syncd": ours,
            "partition": lambda: peers.floor(server, items, fields="*all", mode="partition", in_flight=IN_FLIGHT),
            "serial": lambda: peers.floor(server, items, fields="*all"),
        }
        runs = in_turns(makers, asked.rounds)
    wall = {name: [one.wall_s for one in each] for name, each in runs.items()}
    for name in runs:
        yield Result(
            bar="B1b",
            what=f"{items:,} issues: {NAMES[name]}",
            found=f"wall {figure(wall[name])} s",
            wanted="",
            met=None,
        )
    found = ratio(wall["syncd"], wall["partition"])
    yield at_most("B1b", "wall to the partitioned floor", found.middle, 2.0, " x", f"{found} x")
    found = ratio(wall["syncd"], wall["serial"])
    yield at_most("B1b", "wall to the serial token chain", found.middle, 0.25, " x", f"{found} x")
    yield at_most("B1b", "requests to pages", max(requests) / math.ceil(items / PAGE), 1.1, " x")


def b2(asked: Asked) -> Iterator[Result]:
    """Tell what a cycle costs in which nothing changed."""
    items = asked.items(20_000)
    found = quiet_cycle(items, folder_of("b2"))
    per_project = found.jira / found.projects
    yield at_most("B2", f"{items:,} linked items: requests to Jira, a project", per_project, 2.0)
    yield at_most("B2", "requests to GitHub beyond its pages", found.github - found.pages, 2.0, "")
    yield at_most("B2", "writes", found.writes, 0)
    yield at_most("B2", f"CPU without GitHub's scan (all: {found.cpu_s:.2f} s)", found.incremental_s, 1.0, " s")


def b3(asked: Asked) -> Iterator[Result]:
    """Count the requests of a first two-way sync, in virtual time with every limit on."""
    items = asked.items(5_000)
    met = meet(items, folder_of("b3-meet"))
    yield at_most("B3", f"{items:,} items on both sides: requests an item", met.requests / items, 0.2)
    yield at_most("B3", "refused by limits", 100 * met.refused_share, 2.0, " %")
    yield at_most("B3", "writes of the second run", met.second_writes, 0)
    yield from _created(create_side("jira", items, folder_of("b3-jira")), "Jira", requests=0.15)
    yield from _created(create_side("github", items, folder_of("b3-github")), "GitHub", over=1.05)


def _created(
    found: Created, where: str, *, requests: float | None = None, over: float | None = None
) -> Iterator[Result]:
    yield Result(
        bar="B3",
        what=f"creating in {where}: made",
        found=f"{found.made:,} in {found.took_s / 60:.0f} min of the tool's time, {found.requests:,} requests",
        wanted=f"{found.wanted:,}",
        met=found.made == found.wanted,
    )
    if requests is not None:
        yield at_most("B3", f"creating in {where}: requests an item", found.requests / found.wanted, requests)
    if over is not None:
        yield at_most(
            "B3", f"creating in {where}: time to the content limit's", found.took_s / found.least_s, over, " x"
        )
    yield at_most("B3", f"creating in {where}: refused by limits", 100 * found.refused_share, 2.0, " %")
    yield at_most("B3", f"creating in {where}: writes of the second run", found.second_writes, 0)


def _single(items: int) -> Run:
    with serving(["jira"], items) as server:
        return read_all(server, f"read-{items}", description="{jira-pmo: description}")


def b5(asked: Asked) -> Iterator[Result]:
    """Peak memory of a first reading, small and large."""
    small, large = asked.items(20_000), asked.items(200_000)
    low, high = _single(small), _single(large)
    yield at_most("B5", f"peak memory at {large:,} items", high.peak_mb, 250, " MB")
    yield at_most("B5", f"peak to that at {small:,} ({low.peak_mb:.0f} MB)", high.peak_mb / low.peak_mb, 1.2, " x")


def b6(asked: Asked) -> Iterator[Result]:
    """Tell what one more item costs in processor time, at three sizes."""
    sizes = [asked.items(1_000), asked.items(10_000), asked.items(100_000)]
    low, middle, high = (_single(size).cpu_s for size in sizes)
    first = (middle - low) / (sizes[1] - sizes[0])
    second = (high - middle) / (sizes[2] - sizes[1])
    text = f"{second / first:.2f} x ({first * 1e6:.0f} then {second * 1e6:.0f} us an item)"
    yield at_most("B6", f"marginal cost {sizes[1]:,} to {sizes[2]:,} items", second / first, 1.3, " x", text)


def b4(asked: Asked) -> Iterator[Result]:
    """How long an edit takes to the other tool by webhook, at 50 edits a second, to the latency of every request."""
    latency_s, per_s = LATENCY_MS / 1000, 50
    done = measure(
        folder_of("b4"), items=asked.items(600), per_s=per_s, seconds=60 * asked.scale, latency_ms=LATENCY_MS
    )
    apart, again = done.apart, done.repeated
    what = f"of {apart.edits} edits at {per_s}/s"
    yield at_most("B4", f"p50 {what}", apart.part(0.5), 3 * latency_s + WINDOW_S + 0.1, " s")
    yield at_most("B4", f"p99 {what}", apart.part(0.99), 8 * latency_s + WINDOW_S, " s")
    lost = f"{len(done.differing)} items differ, {done.more} more than before"
    yield at_most("B4", "items lost, differing or doubled", len(done.differing) + abs(done.more), 0, shown=lost)
    yield at_most("B4", "arrivals missed between edits of one item", apart.edits - len(apart.delays), 0)
    fewer = f"{again.writes} writes for {again.edits} edits"
    yield at_most("B4", "five items edited again and again", again.writes / again.edits, 0.99, shown=fewer)


def bf(asked: Asked) -> Iterator[Result]:
    """Kill a backfill five times, and ask it when it ends."""
    yield from backfill_results(asked.items(20_000), kills=5, seed=1)


def backfill_results(items: int, kills: int, seed: int) -> Iterator[Result]:
    """Tell what a backfill of *items* asks for that is killed so often, and how well it foresees its end."""
    whole = fill(items, folder_of("bf-whole"))
    what = f"{items:,} items, not killed"
    yield Result(
        bar="BF",
        what=what,
        found=f"{whole.made:,} made, {whole.asked:,} requests, {sum(whole.took_s):.0f} s",
        wanted="",
        met=None,
    )
    killed = fill(items, folder_of("bf-killed"), moments(kills, sum(whole.took_s), seed))
    what = f"killed {killed.kills} times: made"
    yield Result(
        bar="BF",
        what=what,
        found=f"{killed.made:,} with {killed.asked:,} requests",
        wanted=f"{whole.wanted:,}",
        met=killed.made == whole.wanted,
    )
    yield at_most("BF", "doubled", killed.doubled, 0)
    yield at_most("BF", "requests to those of the unkilled run", killed.asked / whole.asked, 1.1, " x")
    fewer = max(100, items // FORESEEN)
    for each in judge(*foresee(fewer, folder_of("bf-foresee"))):
        shown = f"{each.told_s / 60:.1f} min told, {each.true_s / 60:.1f} min it was ({100 * each.error:+.0f} %)"
        yield at_most(
            "BF", f"{fewer:,} creates in GitHub: the end, {each.part:.0%} in", abs(100 * each.error), 20, " %", shown
        )


FORESEEN: Final = 20
"""What part of the items is made in GitHub, at 500 an hour in virtual time."""


BARS: Final[Mapping[str, Callable[[Asked], Iterator[Result]]]] = {
    "B1a": b1a,
    "B1b": b1b,
    "B2": b2,
    "B3": b3,
    "B4": b4,
    "B5": b5,
    "B6": b6,
    "BF": bf,
}
