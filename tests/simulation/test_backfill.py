"""A backfill is a cycle in portions: it ends where cycles end, goes on where it was, and is alone with its work."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syncd.engine import backfill as engine
from syncd.engine import pace
from syncd.engine.backfill import Asked, Backfilled, Progress, backfill
from syncd.engine.cycle import sync
from syncd.engine.desk import Desk
from syncd.engine.job import Job
from syncd.engine.writer import only_backfill, only_daemon
from syncd.errors import StoreError, UnsafePlanError
from syncd.reconcile.plan import Verb
from tests.engine.bench import BOTH_WAYS, Bench, make_bench
from tests.engine.hand import JIRA, TASK, shown
from tests.simulation.driver import Files
from tests.simulation.loop import simulate
from tests.simulation.office import LIMITS, LoopClock

DEATHS = 6
A_START = 40
"""Requests that a start costs: what the tools can do, and what changed since."""


class Killed(BaseException):
    """What happens to a process that is killed: nothing of it runs any more."""


def live(folder: Path, story: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    """Live through *story* with a fresh office, in virtual time."""

    async def work() -> None:
        await story(make(folder))

    simulate(work())


def make(folder: Path) -> Bench:
    """Return two tools that were never brought together."""
    folder.mkdir(exist_ok=True)
    bench = make_bench(folder, items=12, clock=LoopClock())
    bench.mapping += BOTH_WAYS
    bench.main = bench.main.replace("    mapping: platform.yaml\n", LIMITS)
    bench.store = f"sqlite:///{folder / 'syncd.db'}"
    bench.world = dataclasses.replace(bench.world, connect_sqlite=Files(bench.clock.now).open)
    return bench


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take few items a portion, so that there are several."""
    monkeypatch.setattr(engine, "PORTION", 5)
    monkeypatch.setattr(pace, "FIRST", 2)
    monkeypatch.setattr(pace, "MOST", 4)


async def run(bench: Bench, asked: Asked | None = None, *, dies_at: int | None = None) -> Backfilled:
    """Backfill; die at the so-manyth word on progress."""
    await asyncio.sleep(60)
    said = 0

    def told(progress: Progress) -> None:
        nonlocal said
        del progress
        said += 1
        if said == dies_at:
            raise Killed

    async with bench.desk() as desk:
        return await backfill(desk, asked or Asked(), told)


def titles(bench: Bench) -> dict[str, Counter[str]]:
    found = {}
    for tool in ("jira", "github"):
        rows = bench.sandbox.tools[tool].show()
        assert isinstance(rows, list)
        found[tool] = Counter(str(row["title"]) for row in rows)
    return found


async def carry_out(bench: Bench, plan: str, words: Sequence[int]) -> int:
    """Carry a plan out, and die at each of *words*; return how often it came to that."""
    deaths = 0
    for word in words:
        try:
            await run(bench, Asked(plan=plan), dies_at=word)
        except Killed:
            deaths += 1
    await run(bench, Asked(plan=plan))
    return deaths


async def agree(bench: Bench) -> None:
    """Backfill, and approve what waits, until nothing does."""
    for _ in range(4):
        found = await run(bench)
        if found.plan is None:
            return
        await run(bench, Asked(plan=found.plan.id))
    raise AssertionError("it never agrees")


def test_it_does_what_needs_no_approval_and_keeps_the_rest_as_the_plan_that_a_plan_would_be(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        found = await run(bench)
        assert found.plan is not None
        assert found.waiting
        assert found.job.ended_at is not None
        assert found.cycle.pushed.counts[Verb.CREATE] == 0
        assert (await bench.plan()).plan_id == found.plan.id

    live(tmp_path, story)


def test_a_dry_run_writes_nothing_and_what_it_shows_is_what_is_done(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        mark = bench.sandbox.log.mark()
        shown = await run(bench, Asked(dry_run=True))
        assert not bench.writes_since(mark)
        assert shown.plan is not None
        done = await run(bench, Asked(plan=shown.plan.id))
        assert not done.missed
        assert done.cycle.pushed.counts[Verb.CREATE] > 0
        await agree(bench)
        mark = bench.sandbox.log.mark()
        assert not (await run(bench)).waiting
        assert not bench.writes_since(mark)
        assert not (await bench.plan()).lines

    live(tmp_path, story)


def test_killed_at_any_word_it_goes_on_and_makes_nothing_twice(tmp_path: Path) -> None:
    wanted: dict[str, Counter[str]] = {}
    asked: list[int] = []

    async def unkilled(bench: Bench) -> None:
        mark = bench.sandbox.log.mark()
        await agree(bench)
        wanted.update(titles(bench))
        asked.append(len(bench.sandbox.log.since(mark)))

    async def killed(bench: Bench) -> None:
        mark, deaths = bench.sandbox.log.mark(), 0
        for words in ((2, 4, 6), (3, 5, 8)):
            for word in words:
                try:
                    await run(bench, dies_at=word)
                except Killed:
                    deaths += 1
            found = await run(bench)
            if found.plan is not None:
                deaths += await carry_out(bench, found.plan.id, words)
        await agree(bench)
        assert deaths > DEATHS
        assert titles(bench) == wanted
        assert len(bench.sandbox.log.since(mark)) <= asked[0] + deaths * A_START
        mark = bench.sandbox.log.mark()
        await run(bench)
        assert not bench.writes_since(mark)

    live(tmp_path / "unkilled", unkilled)
    live(tmp_path / "killed", killed)


def test_while_a_backfill_is_at_work_a_cycle_leaves_the_rest_of_it_alone(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await agree(bench)
        async with bench.desk() as desk:
            everything = await desk.store.entities.ids("platform")
            async with desk.store.transaction() as tx:
                await tx.dirty.mark(everything)
            async with only_backfill(desk.store, bench.world, "platform"):
                await begun(desk)
                bench.sandbox.tools["jira"].set(TASK[0], "summary", "Renamed beside it")
                await asyncio.sleep(60)
                cycle = await sync(desk)
            assert 0 < cycle.compared < 5, "only what it came upon itself"
            assert shown(bench, "github", TASK[1])["title"] == "Renamed beside it"
            assert len(await desk.store.dirty.take("platform")) > len(everything) - 5

    live(tmp_path, story)


async def begun(desk: Desk) -> None:
    """Let a job have begun."""
    job = Job(portfolio="platform", started_at=desk.world.now(), is_linked=True)
    async with desk.store.transaction() as tx:
        await job.save(tx, desk.world.now())


def test_a_cycle_leaves_a_connection_that_was_never_read_to_the_backfill_at_work(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with bench.desk() as desk, only_backfill(desk.store, bench.world, "platform"):
            await begun(desk)
            mark = bench.sandbox.log.mark()
            cycle = await sync(desk)
            assert cycle.records == cycle.compared == 0
            assert len(bench.sandbox.log.since(mark)) == 0

    live(tmp_path, story)


def test_two_backfills_of_one_portfolio_do_not_run_at_once(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with bench.desk() as desk, only_backfill(desk.store, bench.world, "platform"):
            with pytest.raises(StoreError, match="held by process"):
                await run(bench)

    live(tmp_path, story)


def test_a_brake_refuses_all_of_it_before_anything_is_written(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await agree(bench)
        for title in ("one", "two", "three", "four", "five", "six"):
            bench.sandbox.tools["jira"].add("Story", "ENG", {"title": title}, by="ada")
        bench.main = bench.main.replace("create_count: 100000", "create_count: 5, create_share: 0")
        await asyncio.sleep(86_400)
        mark = bench.sandbox.log.mark()
        with pytest.raises(UnsafePlanError, match="would create 6") as refused:
            await run(bench)
        assert not bench.writes_since(mark)
        plan = str(refused.value.fix).split("syncd apply ")[1].split()[0]
        with pytest.raises(UnsafePlanError):
            await run(bench, Asked(plan=plan))
        done = await run(bench, Asked(plan=plan, approve=True))
        assert done.cycle.pushed.counts[Verb.CREATE] == 6

    live(tmp_path, story)


def test_since_a_date_or_of_one_connection_less_is_read(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await agree(bench)
        await asyncio.sleep(86_400)
        since = bench.world.now() - timedelta(hours=2)
        bench.sandbox.tools["jira"].set(TASK[0], "summary", "Renamed lately")
        bench.sandbox.tools["github"].set(TASK[1], "title", "Renamed lately")
        await asyncio.sleep(3600)
        whole = await run(bench)
        one = await run(bench, Asked(only=JIRA))
        lately = await run(bench, Asked(since=since))
        assert whole.cycle.records > one.cycle.records > lately.cycle.records > 0

    live(tmp_path, story)


def test_background_work_takes_a_part_of_the_share_while_a_daemon_serves(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async with bench.desk() as desk, only_daemon(desk.store, bench.world):
            await backfill(desk, Asked())
            assert {account.connector.budget.part for account in desk.accounts.values()} == {engine.BACKGROUND}
        async with bench.desk() as desk:
            await backfill(desk, Asked())
            assert {account.connector.budget.part for account in desk.accounts.values()} == {1.0}

    live(tmp_path, story)


def test_how_far_it_is_is_told_and_the_end_is_foreseen(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        shown_ = await run(bench, Asked(dry_run=True))
        assert shown_.plan is not None
        told: list[tuple[float, str, int | None, float | None]] = []

        def note(progress: Progress) -> None:
            told.append((bench.world.monotonic(), progress.stage, progress.left, progress.left_s))

        async with bench.desk() as desk:
            await backfill(desk, Asked(plan=shown_.plan.id), note)
        assert {stage for _, stage, *_ in told} == {"reading", "linking", "deciding", "writing", "done"}
        assert all(left is None and left_s is None for _, stage, left, left_s in told if stage == "reading")
        writing = [(at, left, left_s) for at, stage, left, left_s in told if stage == "writing" and left]
        assert writing[0][1] == max(left for _, left, _ in writing if left)

    live(tmp_path, story)
