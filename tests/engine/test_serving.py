"""How webhooks are served: nobody waits for a slow tool, a busy portfolio or an error that nobody foresaw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from syncd.engine import inbox
from syncd.engine.desk import Desk
from syncd.engine.hints import Looked
from syncd.engine.inbox import Lanes
from syncd.engine.loop import SERVE_S, Rhythm
from syncd.errors import StoreError
from syncd.model.refs import ConnectionName, Ref
from syncd.store.rows import InboxRow
from tests.simulation.loop import simulate

JIRA = ConnectionName("jira")
Look = Callable[[Sequence[Ref]], Coroutine[object, object, Looked]]


@dataclass
class Box:
    """An inbox in memory, where nothing is linked and nobody else wants to write."""

    rows: list[InboxRow] = field(default_factory=list)
    linked: bool = False
    broken: bool = False

    async def waiting(self, _names: object) -> list[InboxRow]:
        if self.broken:
            raise StoreError("the database is locked", where="here", fix="none")
        return list(self.rows)

    async def done(self, rows: Sequence[InboxRow], _at: object) -> None:
        self.rows = [row for row in self.rows if row not in rows]

    async def by_refs(self, refs: Sequence[Ref]) -> Mapping[Ref, object]:
        return {ref: SimpleNamespace(entity=f"entity {ref.id}") for ref in refs} if self.linked else {}

    async def holder(self, _name: str) -> None:
        return None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[object]:
        yield SimpleNamespace(inbox=self)

    def desk(self) -> Desk:
        """Return a desk in the loop's own time."""
        loop = asyncio.get_running_loop()
        made = SimpleNamespace(
            world=SimpleNamespace(monotonic=loop.time, sleep=asyncio.sleep, now=loop.time),
            store=SimpleNamespace(inbox=self, transaction=self.transaction, links=self, leases=self),
            accounts={JIRA: SimpleNamespace(retry_at=None)},
            portfolio=SimpleNamespace(name="platform", window_s=0.2, every_s=60.0),
            may_be_echo=lambda _ref: False,
            hurries=False,
        )
        return cast("Desk", made)


@dataclass
class Served:
    """A rhythm at rest, and what it looked at when."""

    box: Box
    rhythm: Rhythm
    looked_at: dict[str, float]
    turn: list[bool]
    """Whether it has its turn."""

    def tell(self, number: int) -> None:
        row = InboxRow(
            connection=JIRA,
            delivery=f"delivery {number:06}",
            received_at=cast("Any", number),
            refs=(Ref(JIRA, "issue", str(number)),),
        )
        self.box.rows.append(row)
        self.rhythm.wake()


def served(
    patch: pytest.MonkeyPatch,
    looks: Callable[[Sequence[Ref]], float],
    *,
    workers: asyncio.Semaphore | None = None,
    others_wait: Callable[[], bool] = lambda: False,
) -> Served:
    """Return one that has not begun to serve; to look at some refs takes it as long as *looks* says."""
    turn = [False]

    @asynccontextmanager
    async def in_turn() -> AsyncIterator[None]:
        async with workers or asyncio.Semaphore(1):
            turn[0] = True
            try:
                yield
            finally:
                turn[0] = False

    async def look(_desk: object, refs: Sequence[Ref], *_: object) -> Looked:
        one.looked_at.update({ref.id: asyncio.get_running_loop().time() for ref in refs})
        await asyncio.sleep(looks(refs))
        return Looked()

    patch.setattr(inbox, "sync_items", look)
    box = Box()
    one = Served(box, Rhythm(box.desk(), in_turn, hears=True, others_wait=others_wait), {}, turn)
    return one


def test_another_portfolio_gets_a_worker_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many busy portfolios as workers, and one more."""
    waited: list[float] = []

    async def work() -> None:
        workers, queue, stop = asyncio.Semaphore(1), list[str](), asyncio.Event()
        one = served(monkeypatch, lambda _: 0.5, workers=workers, others_wait=lambda: bool(queue))

        async def busy() -> None:
            for number in range(600):
                one.tell(number)
                await asyncio.sleep(0.1)

        telling = asyncio.create_task(busy())
        resting = asyncio.create_task(one.rhythm._rest(stop, 60.0))
        await asyncio.sleep(1.0)
        asked_s = asyncio.get_running_loop().time()
        queue.append("another portfolio")
        async with workers:
            waited.append(asyncio.get_running_loop().time() - asked_s)
        stop.set()
        telling.cancel()
        await asyncio.wait({telling, resting})

    simulate(work())
    assert waited[0] < 2 * SERVE_S


@pytest.mark.parametrize("pause_s", [1.0, 5.0])
def test_a_slow_tool_holds_no_news_up(monkeypatch: pytest.MonkeyPatch, pause_s: float) -> None:
    """One lane waits for a tool for 50 s; what is told after it of something else does not wait for that."""
    late: dict[int, float] = {}

    async def work() -> None:
        one = served(monkeypatch, lambda refs: 50.0 if refs[0].id == "0" else 0.1)
        stop = asyncio.Event()
        resting = asyncio.create_task(one.rhythm._rest(stop, 300.0))
        told_at = {}
        for number in range(10):
            told_at[number] = asyncio.get_running_loop().time()
            one.tell(number)
            await asyncio.sleep(pause_s)
        late.update({number: one.looked_at[str(number)] - at for number, at in told_at.items()})
        stop.set()
        await resting

    simulate(work())
    assert max(late.values()) < 1.0, late


def test_what_fails_unforeseen_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is no SyncdError: the whole cycle, which is asked for, fails of it and is heard of."""
    tries: list[float] = []
    wants: list[bool] = []

    def fail(_refs: Sequence[Ref]) -> float:
        tries.append(1)
        raise KeyError("something nobody foresaw")

    async def work() -> None:
        one = served(monkeypatch, fail)
        one.tell(1)
        one.tell(2)
        await one.rhythm._rest(asyncio.Event(), 60.0)
        wants.append(one.rhythm._lanes.wants_all)

    simulate(work())
    assert len(tries) == 1
    assert wants == [True]


def test_no_lane_outlives_a_turn_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn is not given up before the lanes have ended."""
    problems: list[str] = []

    async def work() -> None:
        one = served(monkeypatch, lambda _: 30.0)
        resting = asyncio.create_task(one.rhythm._rest(asyncio.Event(), 60.0))
        one.tell(1)
        await asyncio.sleep(1.0)
        assert one.turn == [True]
        one.box.broken = True
        one.tell(2)
        await asyncio.wait({resting})
        if not isinstance(resting.exception(), StoreError):
            problems.append("nobody is told")
        if one.rhythm._lanes.are_busy:
            problems.append("a lane goes on without its turn")

    simulate(work())
    assert not problems


@pytest.mark.parametrize("linked", [True, False])
async def test_a_look_at_a_full_inbox_stops_nobody(monkeypatch: pytest.MonkeyPatch, *, linked: bool) -> None:
    """While it looks, no webhook is taken and no lease is renewed: it may take 0.5 s of processor time at most."""

    async def never(*_: object) -> Looked:
        await asyncio.Event().wait()
        return Looked()

    monkeypatch.setattr(inbox, "sync_items", never)
    box = Box(linked=linked)
    box.rows = [
        InboxRow(
            connection=JIRA,
            delivery=f"delivery {number:05}",
            received_at=cast("Any", number),
            refs=tuple(Ref(JIRA, "issue", str(3 * number + each)) for each in range(3)),
        )
        for number in range(2000)
    ]
    lanes = Lanes(box.desk(), told=lambda _: None, ended=lambda: None)
    began_s = time.process_time()
    await lanes.start()
    took_s = time.process_time() - began_s
    lanes.cancel()
    await lanes.end()
    assert took_s < 0.5
