"""The clock of syncd's machine is wrong, and is put right: nothing is lost, doubled, or taken for gone too early."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.engine.absent import sweep
from syncd.engine.cycle import sync
from syncd.store.rows import LinkState
from tests.engine import contact
from tests.engine.bench import Bench, Clock, make_bench
from tests.engine.hand import (
    CREATE,
    LATER_S,
    OTHER,
    TASK,
    after_edits,
    agreed,
    all_is_well,
    census,
    github_of,
    item_of,
    jira_of,
    shown,
)

HOUR_S = 3600.0


def set_clock(bench: Bench, seconds: float) -> None:
    """Let syncd's clock be so many seconds ahead of the tools' from now on."""
    clock = bench.clock
    bench.world = replace(bench.world, now=lambda: clock.now() + timedelta(seconds=seconds))


@pytest.mark.parametrize("off_s", [-HOUR_S, HOUR_S], ids=["back", "forward"])
async def test_a_clock_that_is_set_and_set_right_again_loses_and_doubles_nothing(tmp_path: Path, off_s: float) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    jira, github, before = jira_of(bench), github_of(bench), census(bench)
    jira.add("Story", "ENG", {"title": "Made before"}, by="ada")
    await after_edits(bench)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    set_clock(bench, off_s)
    jira.set(TASK[0], "summary", "Meanwhile in Jira", by="ada")
    github.set(OTHER[1], "title", "Meanwhile in GitHub", by="ben")
    jira.add("Story", "ENG", {"title": "Made meanwhile"}, by="ada")
    for _ in range(3):
        await bench.sync()
    assert shown(bench, "github", TASK[1])["title"] == "Meanwhile in Jira"
    assert shown(bench, "jira", OTHER[0])["summary"] == "Meanwhile in GitHub"
    set_clock(bench, 0)
    jira.set(TASK[0], "summary", "Afterwards", by="ada")
    for _ in range(3):
        await bench.sync()
    assert shown(bench, "github", TASK[1])["title"] == "Afterwards"
    await all_is_well(bench)
    born = census(bench) - before
    assert born["github", "Made before"] == born["github", "Made meanwhile"] == 1
    assert sum(census(bench).values()) == sum(before.values()) + 4


@pytest.mark.parametrize("off_s", [-HOUR_S, HOUR_S], ids=["back", "forward"])
async def test_a_write_of_unknown_outcome_is_not_sent_again_by_a_clock_that_was_set(
    tmp_path: Path, off_s: float
) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    before = census(bench)
    jira_of(bench).add("Story", "ENG", {"title": "Made in Jira"}, by="ada")
    jira_of(bench).set(TASK[0], "summary", "Called anew", by="ada")
    await after_edits(bench)
    bench.sandbox.faults.add("github:timeout-after-commit:kind=write:count=2")
    await bench.apply((await bench.plan()).plan_id, approve=True)
    set_clock(bench, off_s)
    for _ in range(4):
        await bench.sync()
    set_clock(bench, 0)
    await after_edits(bench)
    await all_is_well(bench)
    assert census(bench) - before == {
        ("jira", "Made in Jira"): 1,
        ("github", "Made in Jira"): 1,
        ("jira", "Called anew"): 1,
        ("github", "Called anew"): 1,
    }


async def test_an_edit_in_what_was_empty_when_the_clock_was_ahead_is_not_skipped(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, items=0)
    bench.mapping += CREATE
    set_clock(bench, HOUR_S)
    await bench.sync()
    set_clock(bench, 0)
    jira_of(bench).add("Story", "ENG", {"title": "The first of all"}, by="ada")
    await after_edits(bench)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    assert census(bench) == {("jira", "The first of all"): 1, ("github", "The first of all"): 1}


async def test_a_clock_that_leaps_between_two_looks_makes_no_tombstone(tmp_path: Path) -> None:
    """The ten minutes between them are those of a clock nobody sets, as long as one process looks."""
    bench = await agreed(tmp_path)

    async def states() -> set[LinkState]:
        return {side.link.state for side in (await item_of(bench, TASK[0])).sides}

    github_of(bench).delete(TASK[1])
    bench.clock.pass_(LATER_S)
    set_clock(bench, -HOUR_S)
    async with bench.desk() as desk:
        await sync(desk)
        await sweep(desk)
        set_clock(bench, 0)
        desk.world = bench.world
        bench.clock.pass_(60)
        await sync(desk)
        await sweep(desk)
    assert LinkState.GONE not in await states()


async def test_the_hour_that_happens_twice_is_read_to_the_end(tmp_path: Path) -> None:
    """Summer time ends on the Pacific coast, where one of our accounts lives: 01:00 to 02:00 comes twice."""
    bench = make_bench(tmp_path, items=6, clock=Clock(at=datetime(2026, 11, 1, 7, 30, tzinfo=UTC)))
    bench.mapping += CREATE
    await contact.live_through(bench)
    jira, github = jira_of(bench), github_of(bench)
    for turn in range(10):  # from before the first of the two hours to after the second
        jira.set(TASK[0], "summary", f"In Jira, {turn}", by="ada")
        github.set(OTHER[1], "title", f"In GitHub, {turn}", by="ben")
        bench.clock.pass_(15 * 60)
        await bench.sync()
        assert shown(bench, "github", TASK[1])["title"] == f"In Jira, {turn}"
        assert shown(bench, "jira", OTHER[0])["summary"] == f"In GitHub, {turn}"
    await all_is_well(bench)
