"""Requests under way at once follow what the tool bears: found from below, kept, and given up on trouble."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from syncd.connectors._budget import Budget
from syncd.connectors._flow import FIRST, MOST, Flow, Slots, sort_of
from syncd.connectors._http import Http, make_client
from syncd.errors import RateLimitedError
from syncd.model.refs import ConnectionName
from tests.engine.bench import Clock, make_world
from tests.simulation.loop import simulate
from tests.simulation.office import LoopClock

TOOL = ConnectionName("tool")
SORT = sort_of("default", 1000)
BASE_S = 0.2


def usual(flow: Flow, answers: int, *, at: float = 0.0, took_s: float = 0.1) -> float:
    """Let so many requests be answered in the usual time; return what time it is then."""
    for _ in range(answers):
        flow.answered(SORT, sent_s=at, now=at + took_s, busy=1)
        at += took_s
    return at


def test_it_begins_with_few_and_is_at_the_most_after_as_many_answers() -> None:
    flow = Flow()
    assert flow.allowed == FIRST
    usual(flow, MOST)
    assert flow.allowed == MOST


def test_a_refusal_halves_and_the_rest_of_that_round_says_nothing_new() -> None:
    flow = Flow()
    at = usual(flow, MOST)
    for _ in range(10):
        flow.refused(sent_s=at, now=at + 1)
    assert flow.allowed == MOST / 2
    flow.answered(SORT, sent_s=at, now=at + 1, busy=10)
    assert flow.allowed == MOST / 2
    for round_ in range(2, 10):
        flow.refused(sent_s=at + round_, now=at + round_ + 0.5)
    assert flow.allowed == 1.0


def test_a_late_answer_takes_a_fifth_and_it_comes_back_one_a_round() -> None:
    flow = Flow()
    at = usual(flow, MOST)
    flow.answered(SORT, sent_s=at, now=at + 1, busy=MOST)
    assert flow.allowed == MOST * 0.8
    usual(flow, 16, at=at + 1)
    assert flow.allowed == pytest.approx(MOST * 0.8 + 1, abs=0.05)
    for second in range(10, 30):
        flow.answered(SORT, sent_s=float(second), now=second + 0.9, busy=4)
    assert flow.allowed >= FIRST


def test_a_large_answer_is_no_late_small_one_and_what_takes_longer_for_good_becomes_usual() -> None:
    flow = Flow()
    at = usual(flow, MOST)
    for _ in range(10):
        flow.answered(sort_of("default", 700_000), sent_s=at, now=at + 2, busy=MOST)
    assert flow.allowed == MOST
    for second in range(200):
        flow.answered(SORT, sent_s=at + second, now=at + second + 0.9, busy=4)
    assert flow.allowed == MOST


async def test_slots_are_taken_in_order_and_a_taker_who_leaves_the_queue_blocks_nobody() -> None:
    slots, order = Slots(Flow(allowed=1.0)), []

    async def one(name: str) -> None:
        await slots.enter()
        order.append(name)
        await asyncio.sleep(0)
        slots.leave()

    tasks = [asyncio.create_task(one(name)) for name in "abcd"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == ["a", "c", "d"]
    assert slots.taken == 0


@dataclass
class Server:
    """A tool whose answers take longer the more requests are under way, or that refuses them past a number."""

    clock: Clock
    bears: int
    refuses: bool = False
    busy: int = 0
    statuses: list[int] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)

    async def answer(self, _request: httpx.Request) -> httpx.Response:
        self.busy += 1
        began = self.clock.monotonic()
        try:
            if self.refuses and self.busy > self.bears:
                self.statuses.append(429)
                return httpx.Response(429, headers={"Retry-After": "1"})
            await self.clock.sleep(BASE_S if self.refuses else BASE_S * max(1.0, self.busy / self.bears))
            self.statuses.append(200)
            self.took_s.append(self.clock.monotonic() - began)
            return httpx.Response(200, json={})
        finally:
            self.busy -= 1


def hurry(make: Callable[[Clock], Server], requests: int, *, fixed: float | None = None) -> tuple[Server, float]:
    """Ask forty at a time; return the server and how long it took."""

    async def work() -> tuple[Server, float]:
        clock = LoopClock()
        server = make(clock)
        world = make_world(clock, lambda: httpx.MockTransport(server.answer))
        left = requests
        async with make_client(world) as client:
            http = Http(name=TOOL, client=client, world=world, budget=Budget(name=TOOL, world=world))
            if fixed is not None:
                http.slots.flow = Flow(most=int(fixed), allowed=fixed, cut_s=float("inf"))

            async def one() -> None:
                nonlocal left
                while left > 0:
                    left -= 1
                    try:
                        await http.read("GET", "http://tool/x")
                    except RateLimitedError:
                        left += 1

            await asyncio.gather(*(one() for _ in range(40)))
        return server, clock.monotonic()

    return simulate(work())


def test_a_tool_that_slows_down_is_not_swamped_and_loses_no_throughput() -> None:
    server, took_s = hurry(lambda clock: Server(clock, bears=3), 900)
    swamped, at_once_s = hurry(lambda clock: Server(clock, bears=3), 900, fixed=MOST)
    late = sorted(server.took_s[300:])
    assert late[len(late) // 2] < 0.8 * sorted(swamped.took_s)[450]
    assert late[-1] <= 4 * BASE_S + 0.3
    assert took_s < 1.05 * at_once_s


def test_a_tool_that_refuses_is_hardly_ever_asked_in_vain() -> None:
    server, took_s = hurry(lambda clock: Server(clock, bears=6, refuses=True), 1200)
    bounced, at_once_s = hurry(lambda clock: Server(clock, bears=6, refuses=True), 1200, fixed=MOST)
    assert server.statuses.count(429) < 0.05 * 1200
    assert server.statuses.count(429) < 0.3 * bounced.statuses.count(429)
    assert took_s < at_once_s


def test_a_tool_that_bears_it_is_asked_as_fast_as_without() -> None:
    _, took_s = hurry(lambda clock: Server(clock, bears=MOST), 1000)
    _, at_once_s = hurry(lambda clock: Server(clock, bears=MOST), 1000, fixed=MOST)
    assert took_s <= at_once_s + 3 * BASE_S


def test_a_wait_told_while_one_waits_for_a_slot_is_waited_for() -> None:
    async def work() -> None:
        clock, at = LoopClock(), []

        async def answer(_request: httpx.Request) -> httpx.Response:
            at.append(clock.monotonic())
            await clock.sleep(1)
            return httpx.Response(429, headers={"Retry-After": "30"}) if len(at) == 1 else httpx.Response(200, json={})

        world = make_world(clock, lambda: httpx.MockTransport(answer))
        async with make_client(world) as client:
            http = Http(name=TOOL, client=client, world=world, budget=Budget(name=TOOL, world=world))
            http.slots.flow = Flow(allowed=1.0)
            await asyncio.gather(*(http.read("GET", "http://tool/x") for _ in range(3)))
        assert at[0] == 0.0
        assert min(at[1:]) >= 31.0

    simulate(work())
