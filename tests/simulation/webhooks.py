"""
`python -m tests.simulation.webhooks [HISTORIES] [SCHEDULES]`: however webhooks fare, all ends as by polling alone.

A history of people's edits is lived once by polling alone, then under
schedules in which the webhooks of both tools are permuted, doubled, dropped,
delayed and forged. What conflicts depends on who saw what, so edits of one
title, text or label set in different tools are at least three polls apart;
those in one tool come at any pace. Status and due date have a leader, whose
value wins whenever it is seen: there both tools are edited at any pace.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final
from unittest.mock import patch

from syncd.console.hooks import Receiver
from syncd.engine import chores
from syncd.engine import open as opening
from syncd.engine.service import Service
from syncd.engine.tools import tools
from syncd.errors import SyncdError
from syncd.sandbox.sender import Sender
from syncd.store.store import Store, open_store
from syncd.world import World
from tests.engine.bench import Bench
from tests.simulation.delivery import Mail, delivering, hear, sent
from tests.simulation.loop import simulate
from tests.simulation.many import be_quiet, processes
from tests.simulation.office import ITEMS, PORTFOLIO, copy_of, prepared
from tests.simulation.people import People
from tests.simulation.process import Process
from tests.simulation.prompt import Watch
from tests.simulation.script import TOOLS, Act

POLL_S: Final = 300.0
APART_S: Final = 3 * POLL_S
ACTS: Final = 16
EDITS: Final = ("title", "title", "text", "text", "labels", "status", "due", "add")
LEADERS: Final = {"status": "github", "due": "jira"}
"""Whose value of these wins; of an item that is not there yet, nobody's does."""
THINGS: Final = (3, 4, ITEMS + 2)
"""How many items a history is about: the last ones, two of which are yet to be made."""
PACES_S: Final = ((0.05, 1.0, 20.0, 200.0), (0.3, 3.0), (2.0, 20.0))
"""How long after one another things happen in a history, in turns."""
ROUNDS: Final = 3
"""Whole cycles within which everything has to come together, once all was delivered."""
CYCLE_S: Final = 30.0
"""Longer than a cycle takes, and than what a tool searches in lags."""
SELDOM_S: Final = 1e6
"""Once in a life: how often the daemon tells how it stands, and asks what a tool can do, which nobody changes here."""
KNOBS: Final = (
    {"permuted": 1.0},
    {"doubled": 1.0},
    {"dropped": 0.3},
    {"delayed": 0.5},
    {"forged": 1.0},
    {"permuted": 1.0, "doubled": 0.5, "dropped": 0.3, "delayed": 0.5, "forged": 0.5},
)
"""What befalls which share of the deliveries, in turns; of schedules beyond these the shares are drawn."""
RELIABLE: Final = frozenset(number for number, knobs in enumerate(KNOBS) if not knobs.keys() & {"dropped", "delayed"})
"""The schedules under which everything is told within seconds, and so must be in the other tool soon."""
TIMES: Final = frozenset({"created", "updated", "updated_at", "item_updated_at", "created_at", "resolutiondate"})
IDENTITIES: Final = frozenset({"key", "id", "url", "item"})
ENTITY: Final = re.compile(r"(?<=syncd[:-])[0-9a-z]{16}|(?<='entity': ')[0-9a-z]{16}")
"""What syncd marks an item with: that it is marked counts, what with is another in every life."""


@dataclass(frozen=True)
class Ended:
    """How it all stood in the end, and what came in on the way."""

    shown: Mapping[str, tuple[str, ...]]
    """By tool, each item but for times and identities, sorted."""
    conflicts: tuple[str, ...]
    problem: str = ""
    taken: int = 0
    forged: int = 0
    writes: int = 0


@dataclass(frozen=True)
class Compared:
    """What one history came to under all its schedules."""

    history: int
    schedules: int
    problems: tuple[str, ...]
    taken: int
    forged: int
    conflicts: int
    cpu_s: float


@dataclass(frozen=True)
class History:
    """What people do, and how long after the daemon's start they begin."""

    begins_s: float
    acts: tuple[Act, ...]


def draw(seed: int) -> History:
    """Draw a history; no title, text or label set is edited in another tool within three polls."""
    dice = Random(f"history {seed}")  # noqa: S311 - a seeded history
    things, paces_s = dice.choice(THINGS), dice.choice(PACES_S)
    begins_s = POLL_S / 2 if dice.random() < 1 / 2 else POLL_S - dice.uniform(0, 5)
    edited: dict[tuple[str, int], tuple[str, float]] = {}
    acts: list[Act] = []
    at_s = 1.0
    while len(acts) < ACTS:
        at_s += dice.uniform(0, 2 * dice.choice(paces_s))
        what, which, tool = dice.choice(EDITS), ITEMS + 1 - dice.randrange(things), dice.choice(TOOLS)
        before, when_s = edited.get((what, which), (tool, at_s))
        if what != "add" and which >= ITEMS + sum(act.what == "add" for act in acts):
            continue
        if which >= ITEMS:
            tool = LEADERS.get(what, tool)
        if what not in LEADERS and before != tool and at_s - when_s < APART_S:
            tool = before
        edited[what, which] = (tool, at_s)
        acts.append(Act(at_s, what, tool, which, dice.choice(("", "append"))))
    return History(begins_s, tuple(acts))


def live(seed: int, schedule: int | None) -> Ended:
    """Live a history under a schedule, by polling alone where that is `None`."""
    with TemporaryDirectory() as folder:
        return simulate(_live(seed, schedule, copy_of(prepared("held"), Path(folder), seed)))


async def _live(seed: int, schedule: int | None, bench: Bench) -> Ended:
    hear(bench)
    bench.main = bench.main.replace("mapping: platform.yaml", f"mapping: platform.yaml\n    every: {POLL_S:.0f}s")
    process = Process(bench.world, bench.sandbox, Random(f"wire {seed} {schedule}"))  # noqa: S311 - a seeded wire
    ended: list[Ended] = []

    async def work(world: World) -> None:
        settings = bench.settings()
        async with await open_store(settings.store, world) as store:
            service = Service(settings, store, world, tools(), load=bench.settings)
            ended.append(await _story(seed, schedule, bench, service, process))

    with patch.object(chores, "TELL_S", SELDOM_S), patch.object(opening, "TRUSTED_S", SELDOM_S):
        await process.run(work)
    return ended[0]


async def _story(seed: int, schedule: int | None, bench: Bench, service: Service, process: Process) -> Ended:
    """Let people live the history beside the daemon; then let it come together, and look."""
    people, stop = People(bench.sandbox, bench.clock.now), asyncio.Event()
    mail, watch = Mail(process, Receiver(service, tools())), Watch(people)
    running = asyncio.create_task(service.run(stop))
    history = draw(seed)
    await asyncio.sleep(history.begins_s)
    start, began_s = bench.sandbox.log.mark(), bench.clock.monotonic()
    with _webhooks(bench, mail, seed, schedule) as sender:
        for act in history.acts:
            await asyncio.sleep(began_s + act.at_s - bench.clock.monotonic())
            people.do(act)
            watch.note()
        is_quiet = await _came_together(bench, service, sender)
        shown = await _ended(people, service.store)
        problems = [
            *_doubled(people),
            *([f"late: {watch.late}"] if schedule in RELIABLE and watch.late else []),
            *([] if is_quiet else [f"still writes after {ROUNDS} rounds of peace"]),
            *(await _left(service.store)),
            *(_taken_wrongly(bench, sender) if sender is not None else []),
        ]
    stop.set()
    await running
    counts: Counter[str] = Counter()
    for (_, result), count in mail.receiver.counts.items() if mail.receiver else ():
        counts[result] += count
    return replace(
        shown,
        problem="; ".join(problems),
        taken=counts["taken"],
        forged=counts["forged"],
        writes=len(bench.writes_since(start)),
    )


@contextmanager
def _webhooks(bench: Bench, mail: Mail, seed: int, schedule: int | None) -> Iterator[Sender | None]:
    """Let both tools tell of everything while the block lasts, with that schedule's trouble."""
    if schedule is None:
        yield None
        return
    dice = Random(f"schedule {seed} {schedule}")  # noqa: S311 - a seeded schedule
    drawn = {name: round(dice.random(), 2) for name in KNOBS[-1]} | {"dropped": 0.3}
    with delivering(bench, mail, dice, KNOBS[schedule] if schedule < len(KNOBS) else drawn) as sender:
        yield sender


async def _came_together(bench: Bench, service: Service, sender: Sender | None) -> bool:
    """Let everything arrive and run whole cycles until one writes nothing; return whether that came soon enough."""
    await _arrived(sender)
    for _ in range(ROUNDS + 1):
        mark = bench.sandbox.log.mark()
        service.cycle_now()
        await _arrived(sender)
        if not bench.writes_since(mark):
            return True
    return False


async def _arrived(sender: Sender | None) -> None:
    """Wait until no delivery is under way, for half a minute at least."""
    await asyncio.sleep(CYCLE_S)
    while sender is not None and sender.waiting:  # noqa: ASYNC110 - in virtual time, and nobody tells
        await asyncio.sleep(CYCLE_S)


async def _ended(people: People, store: Store) -> Ended:
    shown = {
        tool: tuple(sorted(_plain(people.shown(tool, str(row["key"]))) for row in people.tasks(tool))) for tool in TOOLS
    }
    held = await store.conflicts.open_list(PORTFOLIO)
    told = sorted(f"{row.field}: {sorted(str(side.value) for side in row.content.contenders)}" for row in held)
    return Ended(shown=shown, conflicts=tuple(told))


def _plain(item: Mapping[str, object]) -> str:
    """Return what an item says, but for times and identities; labels have no order."""
    said = {
        name: sorted(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in sorted(item.items())
        if name not in TIMES | IDENTITIES
    }
    return ENTITY.sub("ENTITY", str(said))


def _doubled(people: People) -> list[str]:
    counts = {tool: Counter(str(row["title"]) for row in people.tasks(tool)) for tool in TOOLS}
    twice = [f"twice in {tool}: {title}" for tool in TOOLS for title, count in counts[tool].items() if count > 1]
    wanted = ITEMS + len(people.made)
    return twice + [f"{tool} has {n} items, not {wanted}" for tool in TOOLS if (n := counts[tool].total()) != wanted]


async def _left(store: Store) -> list[str]:
    backlog = {name: count for name, count in (await store.inbox.backlog()).items() if count}
    return [f"left in the inbox: {backlog}"] if backlog else []


def _taken_wrongly(bench: Bench, sender: Sender) -> list[str]:
    """Say which forged delivery was taken, and whether one is still to come."""
    forged = [
        f"a forged delivery was answered with {each.status}" for each in sent(bench) if each.forged and each.arrived
    ]
    return forged + ([f"{sender.waiting} deliveries are still to come"] if sender.waiting else [])


def compare(history: int, schedules: int) -> Compared:
    """Live a history by polling alone and under so many schedules, and say where they end apart."""
    began_s = time.process_time()
    polled = live(history, None)
    problems = [f"history {history}, polling alone: {polled.problem}"] if polled.problem else []
    taken = forged = 0
    for schedule in range(schedules):
        try:
            ended = live(history, schedule)
        except (AssertionError, SyncdError) as exc:
            problems.append(f"history {history}, schedule {schedule}: {exc!r}")
            continue
        taken, forged = taken + ended.taken, forged + ended.forged
        apart = _apart(polled, ended)
        problems += [f"history {history}, schedule {schedule}: {what}" for what in (ended.problem, apart) if what]
    cpu_s = time.process_time() - began_s
    return Compared(history, schedules, tuple(problems), taken, forged, len(polled.conflicts), cpu_s)


def shows(history: int, schedule: int) -> str:
    """Return what goes wrong in a history under one schedule, compared to polling alone if need be."""
    told = live(history, schedule)
    return told.problem or _apart(live(history, None), told)


def _apart(polled: Ended, ended: Ended) -> str:
    found = [
        f"{tool}: polled only {sorted(set(polled.shown[tool]) - set(ended.shown[tool]))}, "
        f"told only {sorted(set(ended.shown[tool]) - set(polled.shown[tool]))}"
        for tool in TOOLS
        if polled.shown[tool] != ended.shown[tool]
    ]
    if polled.conflicts != ended.conflicts:
        found.append(f"conflicts: polled {polled.conflicts}, told {ended.conflicts}")
    return "; ".join(found)


def main(histories: str = "100", schedules: str = "20", first: str = "0", workers: str = "") -> int:
    """Live that many histories, with a line for each and one of figures, and return 1 when one ended apart."""
    be_quiet()
    started, done = time.monotonic(), list[Compared]()
    numbers = range(int(first), int(first) + int(histories))
    with processes(int(workers or 0)) as pool:
        for each in pool.map(compare, numbers, [int(schedules)] * len(numbers)):
            done.append(each)
            print(*(problem[:2000] for problem in each.problems), _line(each), sep="\n", flush=True)
    problems = sum(len(each.problems) for each in done)
    lives = len(done) * (1 + int(schedules))
    print(
        f"webhooks: {len(done)} histories of {ACTS} edits, each by polling alone and under {schedules} schedules, "
        f"{problems} ended apart or broke a promise, {sum(each.taken for each in done)} deliveries taken, "
        f"{sum(each.forged for each in done)} forgeries refused, {sum(each.conflicts for each in done)} conflicts, "
        f"{sum(each.cpu_s for each in done) / max(1, lives):.2f} CPU-seconds a life, {time.monotonic() - started:.0f} s"
    )
    return 1 if problems else 0


def _line(each: Compared) -> str:
    return (
        f"history {each.history}: {each.schedules} schedules, {len(each.problems)} apart, {each.taken} taken, "
        f"{each.forged} forgeries, {each.conflicts} conflicts, {each.cpu_s:.1f} CPU-seconds"
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
