"""Deliveries share lanes by what they name: none waits for another about something else, none is done half read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from syncd.engine import inbox
from syncd.engine.desk import Desk
from syncd.engine.hints import Looked
from syncd.engine.inbox import LANES, PER_LANE, Lanes
from syncd.errors import StoreError
from syncd.model.refs import Ref
from syncd.store.rows import InboxRow
from tests.engine.hand import JIRA, agreed

KEYS = ("PMO-1", "ENG-1", "ENG-2", "ENG-3")


@dataclass
class Looking:
    """Lanes whose cycles end when they are told to."""

    desk: Desk
    lanes: Lanes
    refs: dict[str, Ref]
    ended: asyncio.Event
    cycles: list[list[str]] = field(default_factory=list)
    ends: list[asyncio.Future[Looked]] = field(default_factory=list)

    async def sync_items(self, _desk: Desk, refs: Sequence[Ref], *_: object) -> Looked:
        names = {ref: key for key, ref in self.refs.items()}
        self.cycles.append(sorted(names.get(ref, ref.id) for ref in refs))
        self.ends.append(asyncio.get_running_loop().create_future())
        return await self.ends[-1]

    async def tell(self, delivery: str, *keys: str) -> None:
        refs = tuple(self.refs.get(key, Ref(JIRA, "issue", key)) for key in keys)
        async with self.desk.store.transaction() as tx:
            await tx.inbox.add(
                [InboxRow(connection=JIRA, delivery=delivery, received_at=self.desk.world.now(), refs=refs)]
            )

    async def start(self) -> list[list[str]]:
        """Start lanes, and return what those look at."""
        before = len(self.cycles)
        await self.lanes.start()
        await asyncio.sleep(0)
        return self.cycles[before:]

    async def end(self, number: int, looked: Looked | Exception | None = None) -> None:
        self.ended.clear()
        if isinstance(looked, Exception):
            self.ends[number].set_exception(looked)
        else:
            self.ends[number].set_result(looked or Looked())
        await self.ended.wait()

    async def waiting(self) -> list[str]:
        return sorted(row.delivery for row in await self.desk.store.inbox.waiting([JIRA]))


@pytest.fixture
async def looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Looking]:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        refs = {key: link.ref for key in KEYS for link in await desk.store.links.by_key(key)}
        ended = asyncio.Event()
        one = Looking(desk, Lanes(desk, told=lambda _: None, ended=ended.set), refs, ended)
        monkeypatch.setattr(inbox, "sync_items", one.sync_items)
        yield one
        one.lanes.cancel()
        await one.lanes.end()


async def test_what_names_the_same_parent_does_not_wait_for_it(looking: Looking) -> None:
    await looking.tell("first", "ENG-1", "PMO-1")
    assert await looking.start() == [["ENG-1", "PMO-1"]]
    await looking.tell("second", "ENG-2", "PMO-1")
    assert await looking.start() == [["ENG-2"]], "the parent is looked at just now"


async def test_a_delivery_is_done_when_all_it_names_was_read(looking: Looking) -> None:
    await looking.tell("first", "ENG-1", "PMO-1")
    await looking.start()
    await looking.tell("second", "ENG-2", "PMO-1")
    await looking.start()
    await looking.end(1)
    assert await looking.waiting() == ["first", "second"], "its parent was read before it was told"
    await looking.end(0)
    assert await looking.waiting() == ["second"]
    assert await looking.start() == [["PMO-1"]]
    await looking.end(2)
    assert await looking.waiting() == []


async def test_an_item_is_in_one_lane_for_all_that_name_it(looking: Looking) -> None:
    for number, keys in enumerate((["ENG-1", "PMO-1"], ["ENG-1"], ["ENG-2", "PMO-1"])):
        await looking.tell(f"number {number}", *keys)
    assert await looking.start() == [["ENG-1", "ENG-2", "PMO-1"]]
    await looking.end(0)
    assert await looking.waiting() == []


@pytest.mark.parametrize("unread", [True, False])
async def test_what_was_not_read_waits_for_a_whole_cycle(looking: Looking, unread: bool) -> None:  # noqa: FBT001
    await looking.tell("first", "ENG-1", "PMO-1")
    await looking.start()
    await looking.end(0, Looked(unread=frozenset({JIRA})) if unread else StoreError("broken", where="here", fix="none"))
    assert looking.lanes.wants_all
    assert await looking.start() == []
    looking.lanes.begin_anew()
    assert await looking.start() == [["ENG-1", "PMO-1"]]
    await looking.end(1)
    assert await looking.waiting() == []


async def test_half_read_and_settled_elsewhere_is_forgotten(looking: Looking) -> None:
    await looking.tell("first", "PMO-1")
    await looking.start()
    await looking.tell("second", "ENG-1", "PMO-1")
    await looking.start()
    await looking.end(1)
    async with looking.desk.store.transaction() as tx:
        await tx.inbox.done(await looking.desk.store.inbox.waiting([JIRA]), looking.desk.world.now())
    await looking.end(0)
    assert await looking.start() == []
    assert not looking.lanes._read


async def test_what_is_an_echo_of_ours_holds_no_news_up(looking: Looking) -> None:
    looking.desk.wrote_at[looking.refs["ENG-1"]] = looking.desk.world.monotonic()
    await looking.tell("echo", "ENG-1")
    await looking.tell("news", "ENG-2")
    assert await looking.start() == [["ENG-2"], ["ENG-1"]]


async def test_lanes_are_neither_too_many_nor_too_long(looking: Looking) -> None:
    for number in range(LANES * PER_LANE + 5):
        await looking.tell(f"number {number}", f"{number + 90000}")
    started = await looking.start()
    assert (len(started), {len(each) for each in started}) == (LANES, {PER_LANE})
    assert await looking.start() == []
    for number in range(LANES):
        await looking.end(number)
    assert [len(each) for each in await looking.start()] == [5]
