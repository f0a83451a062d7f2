"""An installation of three fake tools whose items carry comments."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.find import find_item
from syncd.engine.items import Item
from syncd.engine.open import open_desk
from syncd.engine.plans import Applied, apply, make_plan
from syncd.engine.verify import Verified, verify
from syncd.model.native import TextFormat
from syncd.model.refs import ConnectionName, Ref
from syncd.settings.load import load
from syncd.store.store import open_store
from syncd.world import World
from tests.databases import new_store
from tests.engine.bench import Clock, make_world
from tests.engine.fake import Fake, tool_of

A, B, C = (ConnectionName(name) for name in ("alpha", "beta", "gamma"))

MAIN = """\
version: 1
store: {env: STORE}
connections:
  alpha: {tool: fake, mode: write, links_home: %(home)s}
  beta: {tool: fake, mode: %(beta)s, links_home: %(home)s}
  gamma: {tool: fake, mode: write}
portfolios:
  platform: {connections: [%(members)s], mapping: m.yaml%(limits)s}
"""
MATCH = "match: {task: title, iteration: title}\n"
COMMENTS = "create: {comment: {from: any, in: [alpha, beta, gamma]}}\n"


@dataclass
class Talk:
    """One installation: three fake tools, a clock, a real store."""

    folder: Path
    clock: Clock
    world: World
    fakes: dict[ConnectionName, Fake]
    mapping: str = MATCH + COMMENTS
    home: str = "false"
    beta: str = "write"
    limits: str = ""
    members: str = "alpha, beta, gamma"
    """Which connections the portfolio has."""
    store: str = ""
    """The address of the store, made when the portfolio is first opened."""

    def lose_store(self) -> None:
        """Go on with a store that knows nothing."""
        self.store = new_store(self.folder / "new")

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Open the portfolio anew, as each command does."""
        said = {"home": self.home, "beta": self.beta, "limits": self.limits, "members": self.members}
        (self.folder / "syncd.yaml").write_text(MAIN % said)
        (self.folder / "m.yaml").write_text(f"version: 1\nextends: defaults\n{self.mapping}")
        tools = {"fake": lambda: tool_of(self.fakes)}
        self.store = self.store or new_store(self.folder)
        settings = load(self.folder, tools, {"STORE": self.store})
        store = await open_store(settings.store, self.world)
        try:
            async with open_desk(settings, "platform", store, self.world, tools) as desk:
                yield desk
        finally:
            await store.close()

    async def plan(self) -> Cycle:
        """Run `syncd plan`."""
        async with self.desk() as desk:
            return await make_plan(desk)

    async def apply(self) -> Applied:
        """Approve whatever is due."""
        plan = await self.plan()
        async with self.desk() as desk:
            return await apply(desk, plan.plan_id, approve=True)

    async def sync(self) -> Cycle:
        """Run `syncd sync`, a minute after whatever was before."""
        self.clock.pass_(60)
        async with self.desk() as desk:
            return await sync(desk)

    async def verify(self) -> Verified:
        """Run `syncd verify`."""
        async with self.desk() as desk:
            return await verify(desk)

    async def item(self, name: str) -> Item:
        """Return an entity by key."""
        async with self.desk() as desk:
            return await find_item(desk, name)

    async def quiet(self) -> None:
        """Check that nothing more is written, warm and after everything is looked at anew."""
        before = self.written
        for _ in range(2):
            cycle = await self.sync()
            assert cycle.lines == (), cycle.lines
        assert self.written == before

    @property
    def written(self) -> int:
        """How many writes all tools took."""
        return sum(len(fake.writes) + fake.home_calls for fake in self.fakes.values())


def make_talk(folder: Path, *, beta: TextFormat = TextFormat.MARKDOWN) -> Talk:
    """Build an installation."""
    clock = Clock()
    world = make_world(clock, lambda: httpx.MockTransport(lambda _: httpx.Response(404)))
    fakes = {name: Fake(name, world) for name in (A, B, C)}
    fakes[B].format = beta
    return Talk(folder, clock, world, fakes)


async def two_tasks(talk: Talk) -> tuple[Ref, Ref]:
    """Return one task that is in the first two tools, past its first contact."""
    refs = (talk.fakes[A].task("Ship it"), talk.fakes[B].task("Ship it"))
    talk.fakes[A].task("Another")
    talk.fakes[B].task("Another")
    await talk.sync()
    return refs
