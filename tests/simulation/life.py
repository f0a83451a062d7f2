"""One life: a storm of edits, faults and deaths around the daemon, then peace, in which everything must hold."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from syncd.engine import absent
from syncd.engine.absent import sweep
from syncd.engine.choices import retry
from syncd.engine.cycle import sync
from syncd.engine.desk import Desk
from syncd.engine.loop import run_loop
from syncd.engine.open import open_desk, refresh
from syncd.engine.tools import tools
from syncd.errors import SyncdError
from syncd.sandbox.jira import JiraStandIn
from syncd.store.store import open_store
from syncd.world import World
from tests.engine.bench import Bench
from tests.simulation.begin import beside, bring_together, drain, serve, telling
from tests.simulation.delivery import Mail
from tests.simulation.loop import simulate
from tests.simulation.nights import fall
from tests.simulation.office import PORTFOLIO, LoopClock, copy_of, prepared, strangers
from tests.simulation.oracle import judge
from tests.simulation.people import People
from tests.simulation.process import Process
from tests.simulation.script import STORM_S, Act, Script
from tests.simulation.ways import Death

RESTART_S = 20.0
"""After which a supervisor starts a daemon again."""
LONG_S = 7200.0
"""Longer than any index lags, any request is under way and any lease is held."""
SECOND_S = 90.0
"""How long a second daemon runs, if it may."""
SWEEP_EVERY = timedelta(minutes=3)
"""A storm is too short for a sweep a day."""
ROUNDS = 3
"""Cycles within which everything has to come together, once faults and edits have stopped."""
APART_S = absent.APART_S + 60.0
"""Longer than what is missed has to stay away to be believed deleted: what follows from that is part of the peace."""
SILENCE_S = 10.0
"""Longer than any answer within a cycle is waited for as a rule, and shorter than the daemon rests."""


class Pulse:
    """Tells when a cycle begins: with the first request after some silence."""

    def __init__(self) -> None:
        self._last_s = -SILENCE_S
        self._waiting: list[asyncio.Event] = []
        self._is_over = False

    def beat(self, now_s: float) -> None:
        """Hear a request."""
        if now_s - self._last_s > SILENCE_S:
            self._wake()
        self._last_s = now_s

    def stop(self) -> None:
        """Say that no cycle begins any more."""
        self._is_over = True
        self._wake()

    async def next(self) -> None:
        """Wait until a cycle begins; not at all when none does any more."""
        if not self._is_over:
            begun = asyncio.Event()
            self._waiting.append(begun)
            await begun.wait()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.set()


class BrokenPromiseError(AssertionError):
    """Something that must always hold did not."""


@dataclass
class Life:
    """A life under way."""

    script: Script
    bench: Bench
    people: People
    dice: Random
    steps: int = 0
    began: float = 0.0
    pulse: Pulse = field(default_factory=Pulse)
    mail: Mail = field(default_factory=Mail)

    @property
    def clock(self) -> LoopClock:
        """Return everybody's clock."""
        assert isinstance(self.bench.clock, LoopClock)
        return self.bench.clock

    def process(self, death: Death | None = None, *, many: bool = False) -> Process:
        """Return a process about to start."""
        return Process(
            self.bench.world,
            self.bench.sandbox,
            self.dice,
            death,
            asked=lambda: self.pulse.beat(self.clock.monotonic()),
            watching=self.people.watching,
            is_many=many,
        )

    @property
    def is_told(self) -> bool:
        """Whether its daemon is told by webhooks."""
        return self.script.ways.told is not None

    async def begin(self) -> None:
        """Bring together what never met, if that is how this life begins."""
        if self.script.ways.backfill is not None:
            await bring_together(self)
            self.people = People(self.bench.sandbox, self.bench.clock.now, trace=self.people.trace)
        self.began = self.clock.monotonic()

    async def storm(self) -> None:
        """Let the daemon run, be killed and be started again, while people edit and things fail."""
        acting = asyncio.ensure_future(self._acts())
        filling = asyncio.ensure_future(beside(self))
        deaths = iter(self.script.deaths)
        ended = self.clock.monotonic() + STORM_S
        while self.clock.monotonic() < ended:
            process = self.mail.process = self.process(next(deaths, None), many=self.is_told)
            stop = asyncio.Event()
            ending = asyncio.get_running_loop().call_at(
                asyncio.get_running_loop().time() + ended - self.clock.monotonic(), stop.set
            )
            try:
                await process.run(lambda world, stop=stop: self._daemon(world, stop, self.mail))  # type: ignore[misc]
            except SyncdError as exc:
                self.say(f"the daemon ended: {exc.what}")
            if process.died_of:
                self.say(f"killed at {process.died_of}")
            self.steps += process.steps["any"]
            ending.cancel()
            await self.clock.sleep(RESTART_S)
        self.pulse.stop()
        await acting
        await filling

    def _at(self) -> str:
        return f"{self.clock.monotonic() - self.began:6.1f}"

    def say(self, what: str) -> None:
        """Note what happened, and when."""
        self.people.trace.append(f"{self._at()} {_anyone(what)}")

    async def _daemon(self, world: World, stop: asyncio.Event, mail: Mail | None = None) -> None:
        if self.is_told:
            await serve(self, world, stop, mail)
            return
        async with self.desk(world) as desk:
            await run_loop(desk, stop, sweep_every=SWEEP_EVERY)

    async def _acts(self) -> None:
        await asyncio.gather(*map(self._act, self.script.acts))

    async def _act(self, act: Act) -> None:
        await self.clock.sleep(self.began + act.at_s - self.clock.monotonic())
        if act.into_s is not None:
            await self.pulse.next()
            await self.clock.sleep(act.into_s)
        if act.what == "fault":
            self.bench.sandbox.faults.add(f"{act.tool}:{act.how}")
            self.people.trace.append(str(act))
        elif act.what == "second":
            self.people.trace.append(str(act))
            await self._second()
        elif act.what in {"lag", "skew"}:
            self._disturb(act)
        else:
            self.people.do(act)

    async def _second(self) -> None:
        """Let somebody start the daemon a second time, by mistake."""
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(SECOND_S, stop.set)
        try:
            await self.process(many=self.is_told).run(lambda world: self._daemon(world, stop))
        except SyncdError as exc:
            self.say(f"the second daemon ended: {exc.what}")

    def _disturb(self, act: Act) -> None:
        if act.what == "lag":
            self.bench.sandbox.faults.add(f"jira:lag={60 * (act.which % 31)}")
        else:
            self.clock.skew_s = float(act.which % 1200 - 600)
        self.people.trace.append(str(act))

    async def peace(self) -> None:
        """Stop everything that disturbs; then check."""
        self.bench.sandbox.faults.clear()
        jira = self.bench.sandbox.tools["jira"]
        assert isinstance(jira, JiraStandIn)
        jira.tune("lag", "5")
        jira.site.hidden.clear()
        self.clock.skew_s = 0.0
        await self.clock.sleep(LONG_S)
        if self.is_told:
            await drain(self, self.mail)
        await self.process().run(self._comes_together)
        mark = self.bench.sandbox.log.mark()
        await self.process(Death("any", self.dice.randrange(1, 120))).run(self._cycle)
        await self.clock.sleep(LONG_S)
        await self.process().run(self._looks_at_everything)
        self._wrote_nothing(mark, "started anew, killed, started again and looking at everything")

    async def _comes_together(self, world: World) -> None:
        async with self.desk(world) as desk:
            await retry(desk, await desk.store.quarantine.all())  # the operator: what was refused may pass now
            for _ in range(ROUNDS):
                await sync(desk)
                await self.clock.sleep(APART_S)
                await refresh(desk)
            mark = self.bench.sandbox.log.mark()
            await sync(desk)
            self._wrote_nothing(mark, "going on")

    async def _cycle(self, world: World) -> None:
        async with self.desk(world) as desk:
            await sync(desk)

    async def _looks_at_everything(self, world: World) -> None:
        async with self.desk(world) as desk:
            await sync(desk)
            await refresh(desk)
            await sync(desk, full=True)
            await sweep(desk)
            await refresh(desk)
            await judge(desk, self.people)

    @asynccontextmanager
    async def desk(self, world: World) -> AsyncIterator[Desk]:
        """Open the portfolio, as each process does."""
        settings = self.bench.settings()
        async with (
            await open_store(settings.store, world) as store,
            open_desk(settings, PORTFOLIO, store, world, tools()) as desk,
        ):
            yield desk

    def _wrote_nothing(self, mark: int, when: str) -> None:
        writes = self.bench.writes_since(mark)
        if writes:
            raise BrokenPromiseError(f"I2: after {ROUNDS} rounds of peace it still writes, {when}: {writes}")


@dataclass(frozen=True)
class Lived:
    """What a life came to."""

    script: Script
    problem: str = ""
    trace: tuple[str, ...] = ()
    hash: str = ""
    steps: int = 0
    requests: int = 0
    struck: tuple[str, ...] = ()


def _anyone(text: str) -> str:
    """Return *text* without the number of a process of ours, which is another in every run."""
    return re.sub(r"process \d+ on \S+", "another process", text)


def live(script: Script) -> Lived:
    """Live a life, and say what became of it; only mistakes of the simulation itself are raised."""
    begin = prepared if script.ways.backfill is None else strangers
    origin = begin(script.mapping, script.other)
    with TemporaryDirectory() as folder:
        bench = copy_of(origin, Path(folder), script.seed)
        if script.night is not None:
            fall(script.night, bench)
        return simulate(_live(script, bench))


async def _live(script: Script, bench: Bench) -> Lived:
    life = Life(script, bench, People(bench.sandbox, bench.clock.now), Random(f"life {script.seed}"))  # noqa: S311 - a seeded life
    start = bench.sandbox.log.mark()
    problem = ""
    try:
        await life.begin()
        with telling(life) as life.mail:
            await life.storm()
            await life.peace()
    except (AssertionError, SyncdError) as exc:
        problem = f"{type(exc).__name__}: {exc}"
    entries = bench.sandbox.log.since(start)
    told = [f"{e.at:%j %H:%M:%S.%f} {e.tool} {e.operation} {e.status} {e.objects} {e.fault}" for e in entries]
    return Lived(
        script=script,
        problem=problem,
        trace=tuple(life.people.trace),
        hash=hashlib.sha256("\n".join([*told, *life.people.trace]).encode()).hexdigest()[:16],
        steps=life.steps,
        requests=len(entries),
        struck=tuple(sorted({str(entry.fault).split(":")[1] for entry in entries if entry.fault})),
    )
