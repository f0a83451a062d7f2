"""The scene of the crash: tools that tell one story, what people then do, and what must be so in the end."""

from __future__ import annotations

import asyncio
import pickle
import signal
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from syncd.sandbox.app import Sandbox
from syncd.sandbox.jira import JiraStandIn
from syncd.sandbox.jira.adf import to_text
from syncd.sandbox.jira.comments import comments_of
from syncd.sandbox.portfolio import make_portfolio
from syncd.sandbox.redmine import RedmineStandIn
from syncd.sandbox.serve import Background
from syncd.sandbox.standin import StandIn
from syncd.store.store import open_store
from syncd.world import real_world
from tests import databases
from tests.crash.casts import THREE, Cast
from tests.crash.child import Order, run
from tests.crash.clock import RunningClock
from tests.crash.config import write_config
from tests.engine.bench import Bench, make_bench
from tests.engine.contact import live_through, state_of

ITEMS: Final = 3
SOON_S: Final = 60.0
LONG_S: Final = 7300.0
"""Longer than a request may be under way and any index lags."""
RELEASE: Final = "SSO general availability"
RENAMED: Final = "SSO for everybody"
ARCHIVING: Final = ("archiveProjectV2Item", "issueArchive")
CLOSED: Final = "Rejected"
"""How Redmine, which archives no issue, calls one that was cancelled."""
SYNC: Final = ("sync",)
VERIFY: Final = ("verify",)
KILLED: Final = -signal.SIGKILL


@dataclass(frozen=True)
class Beginning:
    """How a first contact left everything, and where its tools answer."""

    state: bytes
    store: databases.Snapshot
    main: str
    people: str
    env: Mapping[str, str]
    port: int


@cache
def beginning(kind: str, cast: Cast) -> Beginning:
    """Live through a cast's first contact, once in a process for each kind of database, the one lent just now."""
    assert databases.kind() == kind
    with TemporaryDirectory() as folder:
        return asyncio.run(_contact(Path(folder), cast))


async def _contact(folder: Path, cast: Cast) -> Beginning:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    bench = make_bench(folder, items=ITEMS, tools=cast.tools, clock=RunningClock())
    email = bench.sandbox.tools["jira"].credentials()["email"]
    bench.main = cast.main % {"base": f"http://127.0.0.1:{port}", "email": email}
    bench.mapping = cast.mapping
    bench.people = cast.people(make_portfolio(ITEMS, bench.clock.now().date()).people)
    _open(bench, cast)
    await live_through(bench, approvals=2)
    jira = bench.sandbox.tools["jira"]
    jira.delete(_key(jira, cast.gone))
    await bench.verify()  # missed once: it is gone for good when it is missed again
    bench.clock.pass_(LONG_S)
    return Beginning(state_of(bench), databases.take_snapshot(bench.store), bench.main, bench.people, bench.env, port)


def _open(bench: Bench, cast: Cast) -> None:
    """Make and say something in each tool: what syncd makes first of a kind in another one, it makes after approval."""
    for tool, part in cast.parts.items():
        stand_in = bench.sandbox.tools[tool]
        if isinstance(stand_in, RedmineStandIn):
            stand_in.site.derives = False  # a parent that has its dates from its children never tells the same story
        made = stand_in.add(part.kind, part.place, {"title": f"Opened in {part.called}"}, by=part.by)
        stand_in.add("comment", str(made["key"]), {"body": "Opening words"}, by=part.by)


def _rows(tool: StandIn) -> Sequence[Mapping[str, Any]]:
    rows = tool.show()
    assert isinstance(rows, list)
    return rows


def _key(tool: StandIn, title: str) -> str:
    return next(str(row["key"]) for row in _rows(tool) if row["title"] == title)


@dataclass
class Scene:
    """One scene under way."""

    folder: Path
    cast: Cast
    sandbox: Sandbox
    clock: RunningClock
    store: str
    env: Mapping[str, str]
    before: Mapping[str, Counter[str]] = field(default_factory=dict)
    """How often there was each title in each tool."""
    bug: str = ""
    """What is wrong with every process that is started."""

    def act(self) -> None:
        """Let people do one of everything: edit, make, say; in each tool. What they deleted before is gone now."""
        jira, parts = self.sandbox.tools["jira"], self.cast.parts
        self.before = {tool: Counter(self.titles(tool)) for tool in parts}
        tasks = dict(zip(parts, sorted(self.common()), strict=False))
        jira.set(self.key("jira", tasks["jira"]), "labels", ["from-jira"], by="ada")
        for tool, part in parts.items():
            key = self.key(tool, tasks[tool])
            self.sandbox.tools[tool].set(key, part.title, f"Called anew in {part.called}", by=part.by)
        for tool, part in parts.items():
            self.sandbox.tools[tool].add(part.kind, part.place, {"title": f"Made in {part.called}"}, by=part.by)
        jira.add("comment", self.key("jira", "Called anew in Jira"), {"body": "Said in Jira"}, by="ada")
        jira.set(self.key("jira", RELEASE), "name", RENAMED, by="ada")

    def rows(self, tool: str) -> Sequence[Mapping[str, Any]]:
        """Return a line on everything in a tool."""
        return _rows(self.sandbox.tools[tool])

    def titles(self, tool: str) -> list[str]:
        """Return the titles of what is in a tool."""
        return [str(row["title"]) for row in self.rows(tool)]

    def common(self) -> set[str]:
        """Return the titles of the tasks that all tools hold."""
        tasks = {"issue", "Story", "Task", "Bug", "Feature", "Issue"}
        held = [{str(row["title"]) for row in self.rows(tool) if row["type"] in tasks} for tool in self.cast.tools]
        return set.intersection(*held)

    def key(self, tool: str, title: str) -> str:
        """Return the key of what has that title."""
        return _key(self.sandbox.tools[tool], title)

    def syncd(self, *commands: Sequence[str], dies_at: tuple[str, int] | None = None, points: str = "") -> int | None:
        """Run syncd in a process of its own, and return its exit code; minus the signal where it was killed."""
        process = self.start(*commands, dies_at=dies_at, points=points)
        process.join()
        return process.exitcode

    def kill_after(self, seconds: float) -> int | None:
        """Run a sync and kill it after so many seconds."""
        process = self.start(SYNC)
        process.join(seconds)
        process.kill()
        process.join()
        return process.exitcode

    def start(self, *commands: Sequence[str], dies_at: tuple[str, int] | None = None, points: str = "") -> BaseProcess:
        """Start syncd in a process of its own."""
        order = Order(
            folder=str(self.folder),
            environment={**self.env, "STORE": self.store},
            moment=self.clock.moment(),
            commands=commands,
            dies_at=dies_at,
            points=points,
            bug=self.bug,
        )
        return _process(order)

    def recover(self) -> None:
        """Start anew: at once, when all that was under way must have shown, and once more if that made us write."""
        self._sync_after(SOON_S)
        if self._sync_after(LONG_S):
            self._sync_after(SOON_S)

    def _sync_after(self, seconds: float, *then: Sequence[str]) -> list[str]:
        """Let that much time pass, start syncd anew, *then* do more, and return what it wrote."""
        mark = self.sandbox.log.mark()
        self.clock.pass_(seconds)
        assert self.syncd(SYNC, *then) == 0, self.told()
        return [f"{entry.tool} {entry.operation}" for entry in self.sandbox.log.writes(mark) if entry.objects]

    def judge(self) -> None:
        """Check that all is there, once, everywhere; no write is left open, and a further run writes nothing."""
        writes = self._sync_after(SOON_S, VERIFY)
        assert not writes, f"I2: it still writes: {writes}"
        for tool in self.cast.tools:
            self._judge_titles(tool)
            said = self._comments(tool)
            assert said == 1, f"I5: what was said in Jira stands {said} times in {tool}"
            assert self._put_away(tool) == 1, f"I9: {self._put_away(tool)} items were put away in {tool}"
        assert not asyncio.run(self._open_writes()), "I5: writes whose outcome nobody looked up"

    def _judge_titles(self, tool: str) -> None:
        """Check that everything in a tool is there as often as it should be."""
        names = [part.called for part in self.cast.parts.values()]
        found, before = Counter(self.titles(tool)), self.before[tool]
        for title in (f"Made in {name}" for name in names):
            assert found[title] == 1, f"I5: {title!r} is {found[title]} times in {tool}"
        for title in (f"Called anew in {name}" for name in names):
            assert found[title] == 1, f"I1: {title!r} is {found[title]} times in {tool}"
        assert found[RENAMED] == before[RELEASE], f"I1: the release is {found[RENAMED]} times renamed in {tool}"
        assert found.total() == before.total() + len(names), f"I5, I7: {found.total()} in {tool}"

    def _put_away(self, tool: str) -> int:
        """Return how many items are gone from a tool, were archived there, or closed where it archives nothing."""
        if tool == "jira":
            return self.cast.gone not in self.titles(tool)
        closed = sum(bool(row.get("status") == CLOSED) for row in self.rows(tool))
        return closed + sum(one.objects for one in self.sandbox.log.writes(tool=tool) if one.operation in ARCHIVING)

    def _comments(self, tool: str) -> int:
        """Return how often what was said in Jira stands in a tool."""
        key = self.key(tool, "Called anew in Jira")
        stand_in = self.sandbox.tools[tool]
        if isinstance(stand_in, JiraStandIn):
            bodies = [to_text(each.body) for each in comments_of(stand_in.site.find_issue(key))]
        else:
            shown = stand_in.show(key)
            assert isinstance(shown, Mapping)
            bodies = [str(each) for each in shown["comments"]]
        return sum("Said in Jira" in body for body in bodies)

    async def _open_writes(self) -> Sequence[object]:
        world = replace(real_world(), now=self.clock.now)
        async with await open_store(self.store, world) as store:
            return await store.journal.open()

    def told(self) -> str:
        path = self.folder / "told"
        return path.read_text()[-2000:] if path.exists() else ""


@contextmanager
def scene(kind: str = databases.SQLITE, cast: Cast = THREE) -> Iterator[Scene]:
    """Set the scene: a copy of the beginning, its tools served by this process."""
    with databases.stores_of(kind), TemporaryDirectory() as name:
        origin = beginning(kind, cast)
        sandbox, clock, _ = pickle.loads(origin.state)  # noqa: S301 - our own
        folder = Path(name)
        write_config(folder, origin.main, cast.mapping, origin.people)
        store = databases.new_store(folder, origin.store)
        with Background(sandbox, port=origin.port):
            yield Scene(folder, cast, sandbox, clock, store, origin.env)


def _process(order: Order) -> BaseProcess:
    """Start a process, forked from one that has imported everything and holds nothing."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.crash.child", "tests.crash.warm"])
    process = context.Process(target=run, args=(order,))
    process.start()
    return process
