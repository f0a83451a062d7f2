"""A run is taken back where the tools still hold what it wrote, and what follows leaves it so."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.engine.cycle import Cycle, sync
from syncd.engine.undo import MADE, Undone, undo
from syncd.errors import ConfigError
from syncd.model.policy import Rule
from syncd.model.refs import ConnectionName
from syncd.reconcile.undo import MOVED
from tests.engine.bench import Bench
from tests.engine.hand import (
    CREATE,
    GITHUB,
    JIRA,
    LATER_S,
    TASK,
    after_edits,
    agreed,
    all_is_well,
    github_of,
    item_of,
    jira_of,
    shown,
)


class Killed(BaseException):
    """The process ends here."""


async def take_back(bench: Bench, run: str, *, dry_run: bool = False) -> Undone:
    """Run `syncd undo`, a while later."""
    bench.clock.pass_(LATER_S)
    async with bench.desk() as desk:
        return await undo(desk, run, "the operator", dry_run=dry_run)


def restored(done: Undone) -> set[tuple[str, str]]:
    """Return connection and field of everything that was written."""
    lines = [line for line in done.cycle.lines if line.digest in done.cycle.pushed.done]
    return {(line.place.connection, write.field) for line in lines for write in line.writes}


async def edited(bench: Bench) -> Cycle:
    """Let Ada edit several fields of one task in Jira, and syncd carry them to GitHub."""
    jira = jira_of(bench)
    jira.set(TASK[0], "summary", "Said by mistake", by="ada")
    jira.set(TASK[0], "labels", ["by-mistake"], by="ada")
    jira.set(TASK[0], "fixVersions", [], by="ada")
    return await after_edits(bench)


async def test_a_run_is_taken_back_and_the_next_cycle_carries_it_on(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    before = {tool: dict(shown(bench, tool, key)) for tool, key in zip(("jira", "github"), TASK, strict=True)}
    cycle = await edited(bench)
    assert shown(bench, "github", TASK[1])["title"] == "Said by mistake"

    mark = bench.sandbox.log.mark()
    preview = await take_back(bench, cycle.run, dry_run=True)
    assert bench.writes_since(mark) == []
    done = await take_back(bench, cycle.run[:8])

    assert {line.digest for line in preview.cycle.lines} == {line.digest for line in done.cycle.lines}
    assert restored(done) == {("github-eng", "title"), ("github-eng", "labels"), ("github-eng", "milestone")}
    assert done.left == []
    now = shown(bench, "github", TASK[1])
    assert {name: now[name] for name in ("title", "milestone")} == {
        name: before["github"][name] for name in ("title", "milestone")
    }
    assert set(now["labels"]) == set(before["github"]["labels"])
    item = await item_of(bench, TASK[0])
    assert item.entity.values["title"] == before["github"]["title"]
    assert item.entity.provenance["title"].rule is Rule.COMMAND
    async with bench.desk() as desk:
        lost = await desk.store.ledger.of_entity(item.entity.id, "title")
        assert [row.value for row in lost if row.rule == "command"] == ["Said by mistake"]
        await desk.store.audit.check_chain(done.cycle.run)

    await after_edits(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == before["jira"]["summary"]
    assert shown(bench, "jira", TASK[0])["fixVersions"] == before["jira"]["fixVersions"]
    assert shown(bench, "github", TASK[1])["title"] == before["github"]["title"]
    await all_is_well(bench)


async def test_an_undo_can_be_undone(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    cycle = await edited(bench)
    first = await take_back(bench, cycle.run)
    second = await take_back(bench, first.cycle.run)
    assert restored(second) == restored(first)
    assert shown(bench, "github", TASK[1])["title"] == "Said by mistake"
    assert (await take_back(bench, first.cycle.run)).cycle.lines == ()
    await all_is_well(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == "Said by mistake"


async def test_what_moved_since_is_left_and_of_a_set_only_our_part_goes(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    before = set(shown(bench, "github", TASK[1])["labels"])
    cycle = await edited(bench)
    github_of(bench).set(TASK[1], "title", "Ben's own words", by="ben")
    github_of(bench).set(TASK[1], "labels", ["by-mistake", "bens-own"], by="ben")
    done = await take_back(bench, cycle.run)
    assert [(each.field, each.why) for each in done.left if each.field == "title"] == [("title", MOVED)]
    assert shown(bench, "github", TASK[1])["title"] == "Ben's own words"
    assert set(shown(bench, "github", TASK[1])["labels"]) == before | {"bens-own"}
    await all_is_well(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == "Ben's own words"


async def test_a_leader_elsewhere_wins_again_and_that_is_said_before(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    before = shown(bench, "github", TASK[1])["Target date"]
    jira_of(bench).set(TASK[0], "duedate", "2031-05-05", by="ada")
    cycle = await after_edits(bench)
    assert shown(bench, "github", TASK[1])["Target date"] == "2031-05-05"
    preview = await take_back(bench, cycle.run, dry_run=True)
    assert list(preview.again.values()) == [JIRA]
    done = await take_back(bench, cycle.run)
    assert list(done.again.values()) == [JIRA]
    assert shown(bench, "github", TASK[1])["Target date"] == before
    await after_edits(bench)
    assert shown(bench, "github", TASK[1])["Target date"] == "2031-05-05"
    await all_is_well(bench)


async def test_what_a_run_made_is_left_where_it_is(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    jira_of(bench).add("Story", "ENG", {"title": "Made by us"}, by="ada")
    cycle = await after_edits(bench)
    done = await take_back(bench, cycle.run)
    assert [(each.ref.connection, each.field, each.why) for each in done.left] == [(GITHUB, None, MADE)]
    assert done.cycle.lines == ()
    await all_is_well(bench)


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_kill_in_mid_undo_leaves_nothing_astray(tmp_path: Path, *, arrives: bool) -> None:
    bench = await agreed(tmp_path)
    before = shown(bench, "github", TASK[1])["title"]
    cycle = await edited(bench)
    bench.clock.pass_(LATER_S)
    async with bench.desk() as desk:
        github = desk.accounts[ConnectionName("github-eng")].connector
        write = github.write

        async def dying(batch: object) -> object:
            if arrives:
                await write(batch)  # type: ignore[arg-type]
            raise Killed

        github.write = dying  # type: ignore[method-assign, assignment]
        with pytest.raises(Killed):
            await undo(desk, cycle.run, "the operator", dry_run=False)
    for _ in range(3):
        await after_edits(bench)
    assert shown(bench, "github", TASK[1])["title"] == before
    await all_is_well(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == before


async def test_an_observed_connection_is_left_alone(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    cycle = await edited(bench)
    head, tail = bench.main.split("  github-eng:")
    bench.main = f"{head}  github-eng:{tail.replace('mode: write', 'mode: observe')}"
    mark = bench.sandbox.log.mark()
    done = await take_back(bench, cycle.run)
    assert bench.writes_since(mark) == []
    assert {each.field for each in done.left} == {"title", "labels", "milestone"}


async def test_a_run_nobody_knows_or_that_wrote_nothing_is_told(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        quiet = await sync(desk)
    for run, what in (("nobody", "there is no run"), (quiet.run, "wrote nothing")):
        with pytest.raises(ConfigError, match=what) as told:
            await take_back(bench, run)
        assert "syncd log" in str(told.value.fix)
