"""Sends the stand-ins' webhooks: in the world's own time, with its dice, and with the trouble asked for."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeAlias, cast

import httpx

from syncd.errors import ConfigError
from syncd.sandbox.standin import StandIn
from syncd.sandbox.webhooks import LOST, Courier, Event, Hook, Registry, Sent, Trouble
from syncd.world import World

Receive: TypeAlias = Callable[[str, Mapping[str, str], bytes], Awaitable[int]]
"""Takes URL, headers and body, and answers with an HTTP status; 0 when nobody answered."""

TIMEOUT_S: Final = 10.0
SHUFFLE_S: Final = 5.0
"""Within how long permuted deliveries change places."""
KNOBS: Final = frozenset({"permuted", "doubled", "dropped", "delayed", "forged"})
PREFIX: Final = "hooks-"
"""How these are written as faults: `github:hooks-doubled=0.5`."""


class Tells(Protocol):
    """A stand-in that sends webhooks."""

    webhooks: Registry
    courier: Courier


@dataclass(order=True, slots=True)
class _Pending:
    due_at: datetime
    order: int
    tool: str = field(compare=False)
    hook: Hook = field(compare=False)
    event: Event = field(compare=False)
    guid: str = field(compare=False)
    attempt: int = field(compare=False, default=1)
    again: bool = field(compare=False, default=False)
    forged: bool = field(compare=False, default=False)
    lost: bool = field(compare=False, default=False)


class Sender:
    """
    Tells registered webhooks of every edit, by whomever.

    `flush` sends what is due now; `run` goes on sending until it is cancelled.
    """

    def __init__(self, tools: Mapping[str, StandIn], world: World, receive: Receive) -> None:
        self._tools = {name: cast("Tells", tool) for name, tool in tools.items() if hasattr(tool, "webhooks")}
        self._world = world
        self._receive = receive
        self._pending: list[_Pending] = []
        self._made = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self.trouble = {name: Trouble() for name in self._tools}
        for tool in self._tools.values():
            tool.webhooks.listen(self._wake)

    def add(self, tool: str, url: str, secret: str | None = None) -> Hook:
        """Tell *url* of everything in that tool; raises ConfigError for a tool without webhooks."""
        if tool not in self._tools:
            known = ", ".join(sorted(self._tools)) or "none"
            raise ConfigError(f'no webhooks of "{tool}" here', where="--hooks", fix=f"use one of: {known}")
        hooks = self._tools[tool].webhooks.hooks
        hook = Hook(id=f"sandbox-{len(hooks) + 1}", url=url, secret=secret or f"{tool}-sandbox-hook-secret")
        hooks[hook.id] = hook
        return hook

    def tune(self, tool: str, name: str, value: str) -> bool:
        """Set one share of trouble (`doubled`, …) for a tool, and say whether there is such a thing."""
        if name not in KNOBS or tool not in self.trouble:
            return False
        setattr(self.trouble[tool], name, min(1.0, float(value)))
        return True

    async def flush(self) -> None:
        """Send whatever is due, in order; what fails is due again when its tool would try again."""
        self._collect()
        while self._pending and self._pending[0].due_at <= self._world.now():
            await self._send(heapq.heappop(self._pending))
            self._collect()

    async def run(self) -> None:
        """Send until cancelled."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            await self.flush()
            await self._wait()

    @property
    def waiting(self) -> int:
        """How many deliveries are still to be sent."""
        self._collect()
        return len(self._pending)

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def _wait(self) -> None:
        """Wait until something happens or the next delivery is due."""
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._woken.wait())]
        if self._pending:
            left_s = (self._pending[0].due_at - self._world.now()).total_seconds()
            waits.append(asyncio.ensure_future(self._world.sleep(max(0.0, left_s))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _collect(self) -> None:
        """Turn what happened, and what is to be sent again, into deliveries."""
        now = self._world.now()
        for name, tool in self._tools.items():
            registry = tool.webhooks
            again, registry.again = registry.again, []
            for sent in again:
                self._push(
                    _Pending(now, 0, name, sent.hook, sent.event, sent.guid, attempt=sent.attempt + 1, again=True)
                )
            notes = registry.take()
            for event in tool.courier.events(notes) if notes else ():
                for hook in [each for each in registry.hooks.values() if each.wants(event, now)]:
                    for delivery in self._befallen(_Pending(now, 0, name, hook, event, self._guid())):
                        self._push(delivery)

    def _befallen(self, delivery: _Pending) -> Iterator[_Pending]:
        """Yield a delivery as it fares: late, lost, twice, or with a forged one beside it."""
        trouble, random = self.trouble[delivery.tool], self._world.random
        dice = {name: random.random() < getattr(trouble, name) for name in sorted(KNOBS)}
        late_s = random.uniform(0, trouble.delay_s) if dice["delayed"] else 0.0
        late_s += random.uniform(0, SHUFFLE_S) if dice["permuted"] else 0.0
        whole = replace(delivery, due_at=delivery.due_at + timedelta(seconds=late_s), lost=dice["dropped"])
        yield whole
        if dice["doubled"]:
            yield replace(whole, due_at=whole.due_at + timedelta(seconds=random.uniform(0, SHUFFLE_S)))
        if dice["forged"]:
            yield replace(delivery, guid=self._guid(), forged=True)

    def _push(self, delivery: _Pending) -> None:
        self._made += 1
        heapq.heappush(self._pending, replace(delivery, order=self._made))

    async def _send(self, delivery: _Pending) -> None:
        tool, now = self._tools[delivery.tool], self._world.now()
        secret = f"not {delivery.hook.secret}" if delivery.forged else delivery.hook.secret
        headers, body = tool.courier.dress(
            delivery.hook, delivery.event, guid=delivery.guid, attempt=delivery.attempt, secret=secret, now=now
        )
        status = LOST if delivery.lost else await self._receive(delivery.hook.url, headers, body)
        sent = Sent(
            number=self._number(),
            guid=delivery.guid,
            hook=delivery.hook,
            event=delivery.event,
            attempt=delivery.attempt,
            at=now,
            status=status,
            again=delivery.again,
            forged=delivery.forged,
        )
        tool.webhooks.keep(sent)
        if delivery.forged or delivery.lost:
            return
        wait_s = tool.courier.retry_s(delivery.attempt, status, self._world.random.uniform)
        if wait_s is not None:
            due_at = self._world.now() + timedelta(seconds=wait_s)
            self._push(replace(delivery, due_at=due_at, attempt=delivery.attempt + 1))

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _guid(self) -> str:
        digits = f"{self._world.random.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def post_with(client: httpx.AsyncClient) -> Receive:
    """Return what posts deliveries with *client*, following nothing."""

    async def receive(url: str, headers: Mapping[str, str], body: bytes) -> int:
        try:
            response = await client.post(
                url, content=body, headers=dict(headers), timeout=TIMEOUT_S, follow_redirects=False
            )
        except httpx.HTTPError:
            return LOST
        return response.status_code

    return receive


def read_target(text: str) -> tuple[str, str]:
    """Read one `--hooks`: `TOOL=URL`; raises ConfigError."""
    tool, _, url = text.partition("=")
    try:
        scheme = httpx.URL(url).scheme
    except httpx.InvalidURL:
        scheme = ""
    if not tool or scheme not in {"http", "https"}:
        raise ConfigError(
            f'"{text}" names no tool and URL', where="--hooks", fix="write --hooks github=http://HOST/PATH"
        )
    return tool, url
