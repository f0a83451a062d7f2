"""One running syncd: it reaches the tools and its database through here, and may be killed at any step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import httpx

from syncd.world import World
from tests.simulation.driver import Connection, connect
from tests.simulation.loop import OWNER


class Killed(BaseException):
    """The process is gone: nothing it still wants to do has any effect."""


@dataclass
class Process:
    """
    One life of the process, from its start to its end or death.

    Every statement to the database, every commit, every request and every
    answer is a step; at step *dies_at* it is gone.
    """

    world: World
    transport: Callable[[], httpx.AsyncBaseTransport]
    dice: Random
    dies_at: int | None = None
    steps: int = 0
    died_of: str = ""
    is_over: bool = False
    _connections: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inner = replace(self.world, transport=self._wire, connect_sqlite=self._connect)

    def step(self, what: str) -> None:
        """Do *what*, or die of it."""
        self.steps += 1
        if self.steps == self.dies_at:
            self.died_of = f"step {self.steps}: {what[:60]}"
        if self.died_of or self.is_over:
            raise Killed(self.died_of)

    async def run(self, work: Callable[[World], Coroutine[Any, Any, None]]) -> bool:
        """Let the process do *work*; return whether it lived to the end of it."""
        tasks: set[asyncio.Task[Any]] = set()
        token = OWNER.set(tasks)
        try:
            await asyncio.create_task(work(self.inner))
        except BaseException:
            if not self.died_of:
                raise
        finally:
            OWNER.reset(token)
            await self._bury(tasks)
        return not self.died_of

    async def _bury(self, tasks: set[asyncio.Task[Any]]) -> None:
        """Let nothing of the process go on."""
        self.is_over = True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in self._connections:
            each.stop()

    def kill(self) -> None:
        """Die at the next step."""
        self.dies_at = self.steps + 1

    def _connect(self, path: str) -> Awaitable[Connection]:
        async def opened() -> Connection:
            self.step("open the database")
            made = connect(path, self.world.now, self.step)
            self._connections.append(made)
            return made

        return opened()

    def _wire(self) -> httpx.AsyncBaseTransport:
        return _Wire(self, self.transport())


class _Wire(httpx.AsyncBaseTransport):
    """The network: each way takes a while, and the process may be gone before the request, or before the answer."""

    def __init__(self, process: Process, inner: httpx.AsyncBaseTransport) -> None:
        self._process = process
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        process = self._process
        process.step(f"{request.method} {request.url.path}")
        await process.world.sleep(process.dice.uniform(0.01, 0.2))
        answer = await self._inner.handle_async_request(request)
        await process.world.sleep(process.dice.uniform(0.01, 0.2))
        process.step(f"answer to {request.method} {request.url.path}")
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()
