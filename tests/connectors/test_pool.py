"""Processes that tell each other what they spent stay within one share, together, and tell seldom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from syncd.connectors._budget import Budget, Rate
from syncd.connectors._pool import GONE_S, LOOK_S, Sheet, Told
from syncd.errors import RateLimitedError
from syncd.model.refs import ConnectionName
from syncd.world import World
from tests.connectors.virtual import Clock, make_world

TOOL = ConnectionName("tool")
RATES = {"slow": Rate(per_s=2.0, burst=40.0), "fast": Rate(per_s=20.0, burst=20.0)}
SHARE = 0.5


@dataclass
class Book:
    """What all of them can read."""

    told: dict[str, Told] = field(default_factory=dict)
    there: set[int] = field(default_factory=set)
    is_open: bool = True


@dataclass
class Page:
    """One process's way to it, and how often it went there."""

    book: Book
    number: int
    looks: int = 0
    tells: int = 0

    async def look(self) -> tuple[Sheet, int] | None:
        self.looks += 1
        return (dict(self.book.told), len(self.book.there - {self.number})) if self.book.is_open else None

    async def tell(self, change: Callable[[Sheet], Sheet], *, here: bool) -> tuple[Sheet, int] | None:
        self.tells += 1
        if not self.book.is_open:
            return None
        if here:
            self.book.there.add(self.number)
        self.book.told |= change(dict(self.book.told))
        return dict(self.book.told), len(self.book.there - {self.number})

    async def leave(self) -> None:
        self.book.there.discard(self.number)


@dataclass
class Room:
    """Some processes around one book, each taking when it is told to."""

    clock: Clock = field(default_factory=Clock)
    book: Book = field(default_factory=Book)
    pages: list[Page] = field(default_factory=list)

    @property
    def world(self) -> World:
        return make_world(self.clock)

    def process(self, world: World | None = None) -> tuple[Budget, Page]:
        budget = Budget(name=TOOL, world=world or self.world, rates=RATES, share=SHARE, max_wait_s=3600)
        page = Page(self.book, len(self.pages))
        self.pages.append(page)
        budget.share_by(page)
        return budget, page


@pytest.fixture
def room() -> Room:
    return Room()


async def test_one_alone_tells_in_portions_and_looks_seldom(room: Room) -> None:
    budget, page = room.process()
    for _ in range(200):
        await budget.take("slow")
    assert page.tells < 120, "in debt, half a unit a second is told each second"
    budget, page = room.process(room.world)
    room.book.there.clear()
    for _ in range(500):
        await budget.take("fast")
        room.clock.at_s += 0.1
    assert page.tells == 1, "that it is there; what is full again a second later is nothing to tell"
    assert page.looks <= 50 / LOOK_S + 1


async def test_what_two_take_by_turns_is_one_share(room: Room) -> None:
    (one, _), (two, _) = room.process(), room.process()
    began = room.clock.at_s
    for _ in range(60):
        await one.take("slow")
        await two.take("slow")
    allowed = SHARE * (40 + 2 * (room.clock.at_s - began))
    assert 120 <= allowed <= 120 + SHARE * 40


async def test_a_newcomer_begins_with_what_is_left(room: Room) -> None:
    one, _ = room.process()
    for _ in range(17):
        await one.take("slow")
    two, _ = room.process()
    await two.take("slow", 0.0)
    assert two.wait_s("slow", 4.0) > 0.0
    assert room.clock.slept == [LOOK_S], "until it was noticed"


async def test_what_was_spent_is_known_after_a_restart(room: Room) -> None:
    one, _ = room.process()
    pool = one.share_by(Page(room.book, 0))
    await one.take("fast", 8.0)
    await pool.close()
    assert not room.book.there
    assert room.book.told["fast"].level == pytest.approx(10 * 7 / 8 - 8)


async def test_one_that_died_kept_no_more_than_a_portion_and_only_until_the_bucket_is_full(room: Room) -> None:
    one, _ = room.process()
    await one.take("slow", 17.5)
    two, _ = room.process()
    room.clock.at_s += 18
    await two.take("slow", 17.5)
    assert room.clock.slept == [LOOK_S], "nothing else to wait for"


async def test_a_wait_that_one_was_told_holds_for_all_and_for_who_comes_later(room: Room) -> None:
    (one, _), (two, _) = room.process(), room.process()
    await one.take("slow")
    await two.take("fast")
    one.block_until("*", room.clock.now() + timedelta(seconds=30))
    await one.tell()
    ends = room.clock.at_s + 30
    await two.take("fast")
    assert room.clock.at_s > ends
    one.block_until("slow", room.clock.now() + timedelta(seconds=30))
    await one.tell()
    three, _ = room.process()
    await three.take("fast")
    assert room.clock.at_s < ends + 5, "the other bucket is free"
    await three.take("slow")
    assert room.clock.at_s > ends + 30


async def test_a_wait_told_while_one_waits_for_its_turn_is_waited_for(room: Room) -> None:
    (one, _), (two, _) = room.process(), room.process()
    await one.take("slow", 0.0)
    await two.take("slow", 25.0)
    ends = room.clock.at_s + 100

    async def sleep(seconds: float) -> None:
        if room.book.told.get("*") is None:
            until = room.clock.now() + timedelta(seconds=ends - room.clock.at_s)
            room.book.told["*"] = Told(level=0, at=until, blocked_until=until, blocked_at=room.clock.now())
        room.clock.at_s += seconds

    late, _ = room.process(replace(room.world, sleep=sleep))
    await late.take("slow", 1.0)
    assert room.clock.at_s > ends


async def test_too_long_a_wait_is_not_counted(room: Room) -> None:
    (one, _), (two, _) = room.process(), room.process()
    one.max_wait_s = two.max_wait_s = 5.0
    await one.take("slow", 17.5)
    with pytest.raises(RateLimitedError):
        await two.take("slow", 15.0)
    await two.take("slow", 1.0)
    assert two.spent == {"slow": 1.0}


async def test_who_cannot_reach_the_others_goes_by_what_it_knows(room: Room) -> None:
    one, page = room.process()
    room.book.is_open = False
    for _ in range(10):
        await one.take("slow")
    assert (page.looks, page.tells) == (0, 1), "not asked again at once"
    room.book.is_open = True
    room.clock.at_s += 11
    await one.take("slow", 9.0)
    assert room.book.told["slow"].level < 17.5 - 9.0 + 1.0


async def test_a_clock_put_back_lengthens_no_wait_and_starves_nobody(room: Room) -> None:
    wrong = timedelta(0)

    def now() -> datetime:
        return room.clock.now() - wrong

    one, _ = room.process(replace(room.world, now=now))
    await one.take("slow", 20.0)
    one.block_until("slow", now() + timedelta(seconds=30))
    await one.tell()
    wrong = timedelta(days=1)
    two, _ = room.process(replace(room.world, now=now))
    assert two.wait_s("slow") == 0.0
    await two.take("fast")
    assert two.wait_s("slow") <= 30.0
    room.clock.at_s += 120
    began = room.clock.at_s
    for _ in range(10):
        await two.take("fast")
        await two.take("slow")
    assert room.clock.at_s - began <= 11, "at the pace of the slow one, as if it had been empty"


async def test_in_a_wait_nothing_comes_in_so_that_its_end_is_no_rush(room: Room) -> None:
    (one, _), (two, _) = room.process(), room.process()
    await two.take("slow", 0.0)
    await one.take("slow", 17.5)
    one.block_until("slow", room.clock.now() + timedelta(seconds=60))
    await one.tell()
    room.clock.at_s += 61
    began = room.clock.at_s
    for _ in range(5):
        await one.take("slow")
        await two.take("slow")
    assert room.clock.at_s - began >= 8


async def test_one_that_was_silent_for_long_is_a_newcomer_again(room: Room) -> None:
    (one, _), (two, _) = room.process(), room.process()
    await one.take("fast")
    await two.take("fast")
    room.clock.slept.clear()
    room.clock.at_s += GONE_S + 1
    await two.take("fast")
    assert room.clock.slept == [LOOK_S]
