"""A database from yesterday, or none at all: nothing is made twice, and nobody's newer edit is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.engine.find import find_item
from syncd.engine.old_copy import STRANGE
from syncd.store.store import open_store
from tests.databases import Snapshot, new_store, take_snapshot
from tests.engine.bench import BOTH_WAYS, Bench
from tests.engine.hand import (
    GITHUB,
    JIRA,
    LATER_S,
    OTHER,
    TASK,
    after_edits,
    agreed,
    all_is_well,
    census,
    github_of,
    jira_of,
    shown,
)

UNMATCHED = "match: {milestone: title, initiative: title, task: title}"


async def set_up(folder: Path) -> Bench:
    """Return an installation that makes tasks both ways and has done so, past every approval."""
    bench = await agreed(folder, mapping=BOTH_WAYS)
    jira_of(bench).add("Story", "ENG", {"title": "The first from Jira"}, by="ada")
    github_of(bench).add("Task", "api", {"title": "The first from GitHub"}, by="ben")
    await after_edits(bench)
    await bench.apply((await bench.plan()).plan_id)
    bench.mapping = bench.mapping.replace(UNMATCHED, "match: {milestone: title}")  # only markers may tell
    await after_edits(bench)
    assert census(bench)["github", "The first from Jira"] == 1
    assert census(bench)["jira", "The first from GitHub"] == 1
    return bench


async def restore(bench: Bench, snapshot: Snapshot, *, marked: bool = True) -> None:
    """Put an old copy in place: with `syncd store restore`, or by hand."""
    bench.store = new_store(bench.folder / f"again{bench.clock.seconds}", snapshot)
    if marked:
        async with await open_store(bench.store, bench.world) as store, store.transaction() as tx:
            await tx.restored.mark("it was restored")


async def approved(bench: Bench) -> None:
    """Approve all that waits."""
    await bench.apply((await bench.plan()).plan_id, approve=True)
    await after_edits(bench)


@pytest.mark.parametrize("marked", [True, False], ids=["restored", "by hand"])
async def test_what_was_made_since_is_not_made_again(tmp_path: Path, *, marked: bool) -> None:
    bench = await set_up(tmp_path)
    old = take_snapshot(bench.store)
    jira_of(bench).add("Story", "ENG", {"title": "Made since in Jira"}, by="ada")
    github_of(bench).add("Task", "api", {"title": "Made since in GitHub"}, by="ben")
    await after_edits(bench)
    await bench.settle()
    before = census(bench)
    assert (before["github", "Made since in Jira"], before["jira", "Made since in GitHub"]) == (1, 1)

    await restore(bench, old, marked=marked)
    mark = bench.sandbox.log.mark()
    await after_edits(bench)
    await bench.settle()
    assert bench.writes_since(mark) == []
    await approved(bench)
    assert census(bench) == before
    await all_is_well(bench)
    async with bench.desk() as desk:
        assert await desk.store.restored.unread() == {}
        assert await desk.store.restored.count() == 0
        assert len((await find_item(desk, str(_key(bench, "jira", "Made since in Jira")))).sides) == 2


async def test_a_lost_store_is_rebuilt_from_markers_alone(tmp_path: Path) -> None:
    bench = await set_up(tmp_path)
    before = census(bench)
    bench.lose_store()
    await after_edits(bench)
    async with bench.desk() as desk:
        for title in ("The first from Jira", "The first from GitHub"):
            assert len((await find_item(desk, str(_key(bench, "jira", title)))).sides) == 2
    bench.mapping = bench.mapping.replace("match: {milestone: title}", UNMATCHED)
    await after_edits(bench)
    made = census(bench)
    assert made == before


async def test_agreed_edits_since_are_taken_in_and_a_lone_new_one_flows(tmp_path: Path) -> None:
    bench = await set_up(tmp_path)
    old = take_snapshot(bench.store)
    jira_of(bench).set(TASK[0], "summary", "Agreed since", by="ada")
    await after_edits(bench)
    await bench.settle()
    jira_of(bench).set(OTHER[0], "summary", "Said while it was away", by="ada")

    await restore(bench, old)
    await after_edits(bench)
    await bench.settle()
    assert _title(bench) == shown(bench, "github", TASK[1])["title"] == "Agreed since"
    assert shown(bench, "github", OTHER[1])["title"] == "Said while it was away"
    await all_is_well(bench)


async def test_an_edit_back_to_the_old_value_is_not_overwritten(tmp_path: Path) -> None:
    """The copy knows A; both tools came to B; a person puts A back in one while syncd is away."""
    bench = await set_up(tmp_path)
    first = _title(bench)
    old = take_snapshot(bench.store)
    jira_of(bench).set(TASK[0], "summary", "In between", by="ada")
    await after_edits(bench)
    await bench.settle()
    github_of(bench).set(TASK[1], "title", first, by="ben")

    await restore(bench, old)
    mark = bench.sandbox.log.mark()
    cycle = await after_edits(bench)
    assert bench.writes_since(mark) == []
    assert [line.key for line in cycle.lines if line.digest in cycle.waiting] == [TASK[1]]
    await bench.settle()
    assert shown(bench, "github", TASK[1])["title"] == first

    jira_of(bench).set(TASK[0], "summary", first, by="ada")  # that settles it too
    await after_edits(bench)
    await all_is_well(bench)


async def test_a_leader_pushes_nothing_old_over_what_was_edited_since(tmp_path: Path) -> None:
    bench = await set_up(tmp_path)
    old = take_snapshot(bench.store)
    jira_of(bench).set(TASK[0], "duedate", "2026-05-04", by="ada")
    await after_edits(bench)
    await bench.settle()
    github_of(bench).set(TASK[1], "Target date", "2026-06-05", by="ben")
    github = dict(shown(bench, "github", TASK[1]))

    await restore(bench, old)
    mark = bench.sandbox.log.mark()
    cycle = await after_edits(bench)
    assert bench.writes_since(mark) == []
    assert shown(bench, "github", TASK[1]) == github
    assert {line.key for line in cycle.lines} == {TASK[1]}
    await approved(bench)
    await all_is_well(bench)


async def test_different_edits_since_are_held(tmp_path: Path) -> None:
    bench = await set_up(tmp_path)
    old = take_snapshot(bench.store)
    jira_of(bench).set(TASK[0], "summary", "Agreed since", by="ada")
    await after_edits(bench)
    await bench.settle()
    jira_of(bench).set(TASK[0], "summary", "Newest", by="ada")

    await restore(bench, old)
    mark = bench.sandbox.log.mark()
    await after_edits(bench)
    await bench.settle()
    assert bench.writes_since(mark) == []
    assert _title(bench) == "Newest"
    async with bench.desk() as desk:
        assert len(await desk.store.conflicts.open_list("platform")) == 1


async def test_what_people_deleted_since_comes_back_nowhere(tmp_path: Path) -> None:
    bench = await set_up(tmp_path)
    old = take_snapshot(bench.store)
    jira_of(bench).add("Story", "ENG", {"title": "Made and deleted"}, by="ada")
    await after_edits(bench)
    await bench.settle()
    github_of(bench).delete(str(_key(bench, "github", "Made and deleted")))
    github_of(bench).delete(TASK[1])
    jira_of(bench).delete(OTHER[0])
    before = census(bench)

    await restore(bench, old)
    mark = bench.sandbox.log.mark()
    for _ in range(3):
        cycle = await after_edits(bench)
    assert bench.writes_since(mark) == []
    assert [(line.verb, line.title, line.late) for line in cycle.lines] == [("create", "Made and deleted", True)]
    assert census(bench) == before


async def test_an_item_waits_while_one_of_its_tools_cannot_be_read_anew(tmp_path: Path) -> None:
    bench = await set_up(tmp_path)
    old = take_snapshot(bench.store)
    jira_of(bench).set(OTHER[0], "summary", "Said while it was away", by="ada")
    await restore(bench, old)
    token = bench.env["GITHUB_TOKEN"]
    bench.env = {**bench.env, "GITHUB_TOKEN": "wrong"}
    cycle = await after_edits(bench)
    assert cycle.compared == 0
    async with bench.desk() as desk:
        assert await desk.store.restored.unread() == {GITHUB: "it was restored"}
        assert JIRA in desk.accounts
    bench.env = {**bench.env, "GITHUB_TOKEN": token}
    bench.clock.pass_(LATER_S)
    await bench.settle()
    assert shown(bench, "github", OTHER[1])["title"] == "Said while it was away"


async def test_a_copy_put_in_place_by_hand_is_suspected(tmp_path: Path) -> None:
    bench = await set_up(tmp_path)
    old = take_snapshot(bench.store)
    jira_of(bench).add("Story", "ENG", {"title": "Made since"}, by="ada")
    await after_edits(bench)
    await bench.settle()
    await restore(bench, old, marked=False)
    await after_edits(bench)
    async with bench.desk() as desk:
        assert set((await desk.store.restored.unread()).values()) == {STRANGE}
    await bench.settle()
    async with bench.desk() as desk:
        assert await desk.store.restored.unread() == {}


def _title(bench: Bench) -> str:
    """Return what Jira calls the task that both tools have."""
    return str(shown(bench, "jira", TASK[0])["summary"])


def _key(bench: Bench, tool: str, title: str) -> object:
    rows = bench.sandbox.tools[tool].show()
    assert isinstance(rows, list)
    (key,) = [row["key"] for row in rows if row["title"] == title]
    return key
