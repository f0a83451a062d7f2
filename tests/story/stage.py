"""The stage of the three-tool story: a real Redmine, stand-ins of Jira and GitHub on a port, one portfolio of three."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.find import find_item
from syncd.engine.open import open_desk, refresh
from syncd.engine.plans import Applied, apply, make_plan
from syncd.engine.tools import tools
from syncd.engine.verify import Verified, verify
from syncd.model.refs import ConnectionName
from syncd.sandbox.jira.seed import BOT, BOT_EMAIL
from syncd.sandbox.jira.standin import JiraStandIn
from syncd.sandbox.log import RequestKind
from syncd.sandbox.serve import Background, background
from syncd.settings.load import load
from syncd.store.rows import LinkState
from syncd.store.store import open_store
from syncd.world import World, real_world
from tests.story.config import THREE, Script
from tests.story.office import MARKERS, Office, Standing

T = TypeVar("T")
PLAN, WORK, CODE = ConnectionName("redmine-plan"), ConnectionName("jira-eng"), ConnectionName("github-eng")
LONGEST_WAIT_S = 0.05
"""Pauses between attempts and for the stand-ins' sake are cut to this; nobody here minds."""

Before = Callable[[httpx.Request], None]


@dataclass
class Roads(httpx.AsyncBaseTransport):
    """The network as syncd sees it: something may happen just before each request."""

    before: Before
    inner: httpx.AsyncHTTPTransport = field(default_factory=httpx.AsyncHTTPTransport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let something happen, then pass the request on."""
        self.before(request)
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the network."""
        await self.inner.aclose()


@dataclass
class Stage:
    """One installation of syncd between an office and two stand-ins."""

    folder: Path
    office: Office
    sandbox: Background
    monkeypatch: pytest.MonkeyPatch
    script: Script = THREE
    leap: timedelta = timedelta()
    """How far the stand-ins' and syncd's clock is ahead of the real one; it never goes back."""
    before: Before = lambda _request: None
    redmine: Counter[str] = field(default_factory=Counter)
    """Requests to the real Redmine, and how many of them were to write."""
    figures: Counter[str] = field(default_factory=Counter)

    @property
    def jira(self) -> JiraStandIn:
        """Jira as its people use it."""
        found = self.sandbox.sandbox.tools["jira"]
        assert isinstance(found, JiraStandIn)
        return found

    @property
    def linear(self) -> Any:  # noqa: ANN401 - the stand-in's own door for people
        """Linear as its people use it."""
        return self.sandbox.sandbox.tools["linear"]

    @property
    def github(self) -> Any:  # noqa: ANN401 - the stand-in's own door for people
        """GitHub as its people use it."""
        return self.sandbox.sandbox.tools["github"]

    def seen(self, tool: str, key: str) -> Mapping[str, Any]:
        """Return what a person sees of one item in Jira or GitHub."""
        shown = self.sandbox.sandbox.tools[tool].show(key)
        assert isinstance(shown, Mapping)
        return shown

    def all(self, tool: str) -> Mapping[str, str]:
        """Return the key of everything in Jira or GitHub by its title; several keys on a line each."""
        lines = self.sandbox.sandbox.tools[tool].show()
        assert isinstance(lines, list)
        found: dict[str, str] = {}
        for line in lines:
            found[line["title"]] = f"{found.get(line['title'], '')}\n{line['key']}".strip()
        return found

    # --- syncd -------------------------------------------------------------------------------

    def write_config(self) -> None:
        """Write the configuration."""
        urls = {tool: f"{self.sandbox.url}/{tool}" for tool in self.script.tools}
        facts = {"redmine": self.office.url, "project": self.office.project, "email": BOT_EMAIL, **MARKERS}
        (self.folder / "syncd.yaml").write_text(self.script.main.format(**urls, **facts))
        (self.folder / "product.yaml").write_text(self.script.mapping.replace("PROJECT", self.office.project))
        (self.folder / "people.csv").write_text(self.script.people)

    def world(self) -> World:
        """Return the real world, a leap ahead, where nobody waits for long and every request is counted."""

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(min(seconds, LONGEST_WAIT_S))

        return dataclasses.replace(
            real_world(), now=lambda: datetime.now(UTC) + self.leap, sleep=sleep, transport=self._roads
        )

    def _roads(self) -> httpx.AsyncBaseTransport:
        def before(request: httpx.Request) -> None:
            if str(request.url).startswith(self.office.url):
                self.redmine["requests"] += 1
                self.redmine["writes"] += request.method != "GET"
            self.before(request)

        return Roads(before)

    @asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """Open the portfolio as each command does."""
        world = self.world()
        settings = load(self.folder, tools(), os.environ)
        async with (
            await open_store(settings.store, world) as store,
            open_desk(settings, "product", store, world, tools()) as desk,
        ):
            yield desk

    def do(self, work: Callable[[Desk], Awaitable[T]]) -> T:
        """Open the portfolio, do something with it, and close it."""

        async def done() -> T:
            async with self.desk() as desk:
                return await work(desk)

        return asyncio.run(done())

    def plan(self) -> Cycle:
        """Plan, as `syncd plan` does."""
        return self.do(make_plan)

    def apply(self, plan: str) -> Applied:
        """Carry a plan out, as `syncd apply` does."""
        return self._told(self.do(lambda desk: apply(desk, plan)), lambda applied: applied.cycle)

    def sync(self, *, full: bool = False) -> Cycle:
        """Run one cycle, as `syncd sync` does."""
        return self._told(self.do(lambda desk: sync(desk, full=full)), lambda cycle: cycle)

    def _told(self, result: T, cycle_of: Callable[[T], Cycle]) -> T:
        cycle = cycle_of(result)
        self.figures.update(
            {"cycles": 1, "lines carried out": len(cycle.pushed.done), "conflicts": len(cycle.opened)},
        )
        return result

    def settle(self, rounds: int = 4) -> list[Cycle]:
        """Run cycles until one writes nothing, at most *rounds* and that one; return them all."""
        cycles: list[Cycle] = []
        for _ in range(rounds + 1):
            writes = self.writes()
            cycles.append(self.sync())
            if self.writes() == writes:
                return cycles
        pytest.fail(f"still writing after {rounds} rounds: {cycles[-1].lines}")

    def verify(self) -> Verified:
        """Compare all tools, as `syncd verify` does."""
        return self.do(verify)

    def agree(self) -> Verified:
        """Compare all tools and insist that they agree."""
        found = self.verify()
        assert not found.unreachable, found.unreachable
        assert not found.missing, found.missing
        assert not found.conflicts, found.conflicts
        assert not found.differences, found.differences
        return found

    def sync_twice_warm(self) -> None:
        """Run two cycles with one opening, as the polling loop does."""

        async def twice(desk: Desk) -> None:
            await sync(desk)
            await refresh(desk)
            await sync(desk)

        self.do(twice)

    def states(self, connection: ConnectionName) -> Mapping[str, LinkState]:
        """Return how each link to a connection stands, by its record's key."""

        async def read(desk: Desk) -> Mapping[str, LinkState]:
            links = await desk.store.links.by_connection(connection, "product")
            return {link.key: link.state for link in links}

        return self.do(read)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a person would type it, in a process of its own."""
        self.figures["commands"] += 1
        words = [sys.executable, "-m", "syncd", *arguments, "-c", str(self.folder)]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - ours

    # --- counting ----------------------------------------------------------------------------

    def writes(self) -> Counter[str]:
        """Return how many requests that wrote something, or were meant to, each tool has answered."""
        log = self.sandbox.sandbox.log
        found = Counter({tool: len(log.writes(tool=tool)) for tool in self.script.tools})
        found["redmine"] = self.redmine["writes"]
        return found

    def losers(self, key: str, name: str) -> Sequence[object]:
        """Return every edit of a field that lost, as the ledger has it."""

        async def read(desk: Desk) -> Sequence[object]:
            item = await find_item(desk, key)
            return [row.value for row in await desk.store.ledger.of_entity(item.entity.id, name) if row.link]

        return self.do(read)

    def links(self) -> Counter[tuple[str, str]]:
        """Return how often each item is linked in each place; more than once is a double."""

        async def read(desk: Desk) -> Counter[tuple[str, str]]:
            found = await desk.store.links.by_entities(await desk.store.entities.ids("product"))
            return Counter(
                (entity, link.container if link.ref.kind != "issue" else link.ref.connection)
                for entity, links in found.items()
                for link in links
            )

        return self.do(read)

    def objects(self, tool: str) -> int:
        """Return how many objects a stand-in really changed on syncd's behalf."""
        return self.sandbox.sandbox.log.objects_written(tool=tool)

    def untouched(self) -> tuple[Standing, Counter[str]]:
        """Return what must not move when nothing is written: Redmine's own dates and journals, and the writes."""
        return self.office.standing(), self.writes()

    def report(self) -> Sequence[str]:
        """Return the story's figures."""
        verified = self.agree()
        log = self.sandbox.sandbox.log
        reads = {tool: sum(each.kind is RequestKind.READ for each in log.entries(tool)) for tool in self.script.tools}
        reads["redmine"] = self.redmine["requests"] - self.redmine["writes"]
        return [
            f"items compared {verified.entities}, fields {verified.fields}",
            *(f"{name} {count}" for name, count in sorted(self.figures.items())),
            *(f"{tool}: {count} writes, {reads[tool]} reads" for tool, count in sorted(self.writes().items())),
        ]

    # --- trouble -----------------------------------------------------------------------------

    def retype_in_jira(self, key: str, words: str, others: str) -> None:
        """Replace some words of a description as Jira's editor does: everything around them stays what it is."""
        document = json.dumps(self.jira.site.find_issue(key).values["description"])
        assert words in document
        self.jira.set(key, "description", json.loads(document.replace(words, others)), by="ada")

    def give_redmine_key(self, key: str) -> None:
        """Let syncd use another key from now on."""
        self.monkeypatch.setenv("STORY_REDMINE_KEY", key)

    def restore_jira_key(self) -> None:
        """Give the revoked key back."""
        self.jira.accounts[BOT_EMAIL] = ("jira-sandbox-token", BOT)


def open_stage(folder: Path, office: Office, monkeypatch: pytest.MonkeyPatch, script: Script = THREE) -> Stage:
    """Return a stage with empty stand-ins; the keys go into the environment, as people do it."""
    stages: list[Stage] = []
    world = dataclasses.replace(
        real_world(), now=lambda: datetime.now(UTC) + (stages[0].leap if stages else timedelta())
    )
    sandbox = background(list(script.tools), world=world, items=0)
    stages.append(Stage(folder=folder, office=office, sandbox=sandbox, monkeypatch=monkeypatch, script=script))
    credentials = {name: tool.credentials() for name, tool in sandbox.sandbox.tools.items()}
    monkeypatch.setenv("STORY_REDMINE_KEY", os.environ["REDMINE_API_KEY"])
    for name, told in credentials.items():
        monkeypatch.setenv(f"STORY_{name.upper()}_TOKEN", str(told["token"]))
    stages[0].write_config()
    return stages[0]
