"""One running syncd: it reaches the tools and its database through here, and may be killed at any step."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

import httpx

from syncd.sandbox.app import Sandbox
from syncd.store._sqlite import Connection
from syncd.world import World
from tests.simulation.driver import connect
from tests.simulation.loop import OWNER
from tests.simulation.ways import Death

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone: nothing it still wants to do has any effect."""


@dataclass
class Process:
    """
    One life of the process, from its start to its end or death.

    Every statement to the database, every commit, every request and every
    answer is a step of its kind: `database`, `commit`, `read` or `write` (before
    the tool has it), `written` (after it was carried out, before its answer is
    here). At the step that *death* names, it is gone.
    """

    world: World
    sandbox: Sandbox
    dice: Random
    death: Death | None = None
    asked: Callable[[], None] = lambda: None
    """Told of every request before it leaves."""
    watching: Callable[[str], AbstractContextManager[None]] = lambda _tool: nullcontext()
    """Who looks on while a write is carried out, by tool."""
    steps: Counter[str] = field(default_factory=Counter)
    died_of: str = ""
    is_over: bool = False
    is_many: bool = False
    """It works in many tasks, none of which waits for all others: it is gone with the first that is."""
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    _dead: asyncio.Event = field(default_factory=asyncio.Event)
    _connections: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inner = replace(self.world, transport=self._wire, connect_sqlite=self._connect)

    def step(self, kind: str, what: str) -> None:
        """Do *what*, or die of it."""
        for each in (kind, "any"):
            self.steps[each] += 1
            if self.death and (self.death.kind, self.death.number) == (each, self.steps[each]):
                self.died_of = f"{each} step {self.steps[each]}: {' '.join(what.split())[:60]}"
                self._dead.set()
        if self.died_of or self.is_over:
            raise Killed(self.died_of)

    async def run(self, work: Callable[[World], Coroutine[Any, Any, None]]) -> bool:
        """Let the process do *work*; return whether it lived to the end of it."""
        try:
            working = self.start(work(self.inner))
            if self.is_many:
                dying = asyncio.create_task(self._dead.wait())
                await asyncio.wait({working, dying}, return_when=asyncio.FIRST_COMPLETED)
                dying.cancel()
            if not self._dead.is_set() or not self.is_many:
                await working
        except BaseException:
            if not self.died_of:
                raise
        finally:
            await self._bury()
        return not self.died_of

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin a task of this process; all that it begins is the process's as well."""
        token = OWNER.set(self.tasks)
        try:
            return asyncio.create_task(work)
        finally:
            OWNER.reset(token)

    async def _bury(self) -> None:
        """Let nothing of the process go on, and hold nothing of it: of thousands, all would be held."""
        self.is_over = True
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for each in self._connections:
            each.stop()
        self.tasks.clear()
        self._connections.clear()

    def _statement(self, what: str) -> None:
        self.step("commit" if what == "COMMIT" else "database", what)

    async def _connect(self, path: str) -> Connection:
        self.step("database", "open it")
        made = await connect(path, self.world.now, self._statement)
        self._connections.append(made)
        return made

    def kind_of(self, request: httpx.Request) -> str:
        """Return whether a request reads or writes, in its tool's own judgement."""
        _, tool, path = request.url.path.split("/", 2)
        return self.sandbox.tools[tool].judge(request.method, f"/{path}", request.content).kind

    def _wire(self) -> httpx.AsyncBaseTransport:
        return _Wire(self, self.sandbox.transport())


class _Wire(httpx.AsyncBaseTransport):
    """The network: each way takes a while, and the process may be gone before the request, or before the answer."""

    def __init__(self, process: Process, inner: httpx.AsyncBaseTransport) -> None:
        self._process = process
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        process = self._process
        what = f"{request.method} {request.url.path}"
        kind = process.kind_of(request)
        process.asked()
        process.step(kind, what)
        await process.world.sleep(process.dice.uniform(0.01, 0.2))
        with process.watching(request.url.path.split("/")[1]) if kind == "write" else nullcontext():
            answer = await self._inner.handle_async_request(request)
        await process.world.sleep(process.dice.uniform(0.01, 0.2))
        process.step("written" if kind == "write" else "answer", what)
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()
