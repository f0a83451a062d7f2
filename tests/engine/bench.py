"""A whole syncd in one process: stand-ins behind in-process transports, a real database, virtual time."""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.open import open_desk
from syncd.engine.plans import Applied, apply, make_plan
from syncd.engine.tools import tools
from syncd.engine.verify import Verified, verify
from syncd.mapping.people import PeopleDirectory
from syncd.sandbox.app import Sandbox, make_sandbox
from syncd.sandbox.portfolio import make_portfolio
from syncd.settings.load import Settings, load
from syncd.store.store import Store, open_store
from syncd.world import World
from tests.databases import new_store

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Virtual time: sleeping moves it, and so does every look, by a little, as in life."""

    at: datetime = START
    seconds: float = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass at once."""
        self.seconds += max(seconds, 0.001)

    def now(self) -> datetime:
        """Tell the time."""
        self.seconds += 0.001
        return self.at + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Tell the seconds since the beginning."""
        return self.seconds

    def pass_(self, seconds: float) -> None:
        """Let that much time pass."""
        self.seconds += seconds


@dataclass
class Numbers:
    """Identifiers that look random and are the same in every run."""

    last: int = 0

    def new_id(self) -> str:
        """Return the next."""
        self.last += 1
        return hashlib.sha256(str(self.last).encode()).hexdigest()[:16]


@dataclass
class Wire:
    """The way to a sandbox, which is made with a world that holds this way already."""

    sandbox: Sandbox | None = None

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport to the sandbox."""
        assert self.sandbox is not None
        return self.sandbox.transport()


def make_world(clock: Clock, transport: Callable[[], httpx.AsyncBaseTransport]) -> World:
    """Return a world of virtual time; all of it can be pickled, as no function in it hides a state."""
    return World(
        now=clock.now,
        monotonic=clock.monotonic,
        sleep=clock.sleep,
        random=random.Random(7),  # noqa: S311 - jitter
        new_id=Numbers().new_id,
        transport=transport,
    )


SYNCD_YAML = """\
version: 1
store: {env: STORE}
connections:
  jira-pmo:
    tool: jira
    url: http://sandbox/jira
    auth: {email: %(email)s, token: {env: JIRA_TOKEN}}
    scope: {projects: [%(projects)s]}
    mode: write
  github-eng:
    tool: github
    url: http://sandbox/github
    auth: {token: {env: GITHUB_TOKEN}}
    scope: {owner: acme, project: 7, repositories: [api, web]}
    mode: write
    options: {mutation_interval_s: 0}
portfolios:
  platform:
    connections: [jira-pmo, github-eng]
    mapping: platform.yaml
"""

MAPPING = """\
version: 1
extends: defaults
kinds:
  initiative: {jira-pmo: [Initiative, Epic], github-eng: Epic}
  task: {jira-pmo: [Story, Task, Bug], github-eng: [Feature, Task, Bug, Issue, draft]}
match: {milestone: title, initiative: title, task: title}
fields:
  milestone.due_on: {leader: jira-pmo}
  task.due_on: {leader: jira-pmo}
  task.status: {leader: github-eng}
people: people.csv
"""

BOTH_WAYS = """\
create:
  task:
    - {from: jira-pmo, in: [{github-eng: {repository: api}}]}
    - {from: github-eng, in: [{jira-pmo: {project: ENG}}]}
"""
"""Tasks made in either tool are made in the other one, too."""


@lru_cache(maxsize=64)
def settings_of(files: tuple[tuple[str, str], ...], env: tuple[tuple[str, str], ...]) -> Settings:
    """
    Load a configuration of these files.

    Its folder is gone, its store is to be named by whoever asks, and so are
    its people, who are what a command learns of them.
    """
    with TemporaryDirectory() as folder:
        for name, text in files:
            (Path(folder) / name).write_text(text)
        return load(Path(folder), tools(), {**dict(env), "STORE": "sqlite:///unnamed"})


@dataclass
class Bench:
    """One installation: its folder, its sandbox, its clock."""

    folder: Path
    sandbox: Sandbox
    clock: Clock
    world: World
    env: Mapping[str, str]
    mapping: str = MAPPING
    main: str = SYNCD_YAML
    store: str = ""
    """The address of the store, made when the portfolio is first opened."""
    people: str = "person,jira-pmo,github-eng\n"

    def lose_store(self) -> None:
        """Go on with a store that knows nothing."""
        self.store = new_store(self.folder / "new")

    def settings(self) -> Settings:
        """Return the configuration as it is wanted now."""
        files = (("syncd.yaml", self.main), ("platform.yaml", self.mapping), ("people.csv", self.people))
        self.store = self.store or new_store(self.folder)
        loaded = settings_of(files, tuple(self.env.items()))
        portfolios = {
            name: replace(one, people=PeopleDirectory(one.people.rows)) for name, one in loaded.portfolios.items()
        }
        return replace(loaded, folder=self.folder, store=self.store, portfolios=portfolios)

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Open the portfolio anew, as each command does."""
        settings = self.settings()
        store: Store = await open_store(settings.store, self.world)
        try:
            async with open_desk(settings, "platform", store, self.world, tools()) as desk:
                yield desk
        finally:
            await store.close()

    async def plan(self) -> Cycle:
        """Run `syncd plan`."""
        async with self.desk() as desk:
            return await make_plan(desk)

    async def apply(self, plan: str, *, approve: bool = False) -> Applied:
        """Run `syncd apply`."""
        async with self.desk() as desk:
            return await apply(desk, plan, approve=approve)

    async def sync(self, *, full: bool = False) -> Cycle:
        """Run `syncd sync`, a minute after whatever was before."""
        self.clock.pass_(60)
        async with self.desk() as desk:
            return await sync(desk, full=full)

    async def verify(self) -> Verified:
        """Run `syncd verify`."""
        async with self.desk() as desk:
            return await verify(desk)

    async def settle(self, rounds: int = 4) -> Cycle:
        """Sync until nothing is written, at most *rounds* times."""
        cycle = await self.sync()
        for _ in range(rounds):
            mark = self.sandbox.log.mark()
            cycle = await self.sync()
            if not self.writes_since(mark):
                return cycle
        raise AssertionError(f"still writing after {rounds} rounds: {cycle.lines}")

    def writes_since(self, mark: int) -> list[str]:
        """Return every write the stand-ins carried out since then."""
        from syncd.sandbox.log import Mark, RequestKind

        return [
            f"{entry.tool} {entry.operation}"
            for entry in self.sandbox.log.since(Mark(mark))
            if entry.kind is RequestKind.WRITE and entry.objects
        ]


def make_bench(
    folder: Path, *, items: int = 12, tools: Sequence[str] = ("jira", "github"), clock: Clock | None = None
) -> Bench:
    """Build an installation with a seeded sandbox; other *tools* need a `main` and a `mapping` of their own."""
    clock, wire = clock or Clock(), Wire()
    world = make_world(clock, wire.transport)
    sandbox = wire.sandbox = make_sandbox(tools, world, items=items)
    told = {name: one.credentials() for name, one in sandbox.tools.items()}
    seeded = make_portfolio(items, clock.now().date()).people
    people = "person,jira-pmo,github-eng\n" + "".join(
        f"{one.email},712020:{one.handle},{one.handle}\n" for one in seeded
    )
    return Bench(
        folder=folder,
        sandbox=sandbox,
        clock=clock,
        world=world,
        env={f"{name.upper()}_TOKEN": str(one.get("token", one.get("key"))) for name, one in told.items()},
        main=SYNCD_YAML % {"email": told["jira"]["email"], "projects": "PMO, ENG"},
        people=people,
    )
