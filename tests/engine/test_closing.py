"""Archiving over the stand-ins: by a tool's own archive, or by the status that stands for it; and all that is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.engine.choices import find_whole, leave
from syncd.engine.undo import ARCHIVED, undo
from syncd.model.refs import ConnectionName
from syncd.sandbox.linear import LinearStandIn
from syncd.store.rows import LinkState
from tests.engine.bench import Bench
from tests.engine.hand import (
    GITHUB,
    JIRA,
    LATER_S,
    TASK,
    after_edits,
    agreed,
    flows,
    github_of,
    item_of,
    jira_of,
    shown,
)
from tests.engine.test_linear import MAPPING as LINEAR_MAPPING
from tests.engine.test_linear import linear_bench

ARCHIVE = "on_delete: {task: {do: archive, close_as: cancelled}}\n"


async def missed_twice(bench: Bench) -> None:
    """Let what is missing be missed twice, and more than ten minutes apart, and the cycle in which that stands."""
    await bench.verify()
    for _ in range(2):
        await after_edits(bench)


async def states(bench: Bench, key: str) -> dict[ConnectionName, LinkState]:
    return {side.connection: side.link.state for side in (await item_of(bench, key)).sides}


async def test_what_is_deleted_in_jira_is_archived_in_github(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=ARCHIVE)
    mark = bench.sandbox.log.mark()
    jira_of(bench).delete(TASK[0])
    await missed_twice(bench)
    assert bench.writes_since(mark) == ["github archiveProjectV2Item"]
    await flows(bench, "The other one flows")
    assert await states(bench, TASK[1]) == {JIRA: LinkState.GONE, GITHUB: LinkState.ARCHIVED}
    assert len(bench.writes_since(mark)) == 2


async def closed(tmp_path: Path) -> Bench:
    """Return an installation in which a task was deleted in GitHub and closed in Jira because of that."""
    bench = await agreed(tmp_path, mapping=ARCHIVE)
    mark = bench.sandbox.log.mark()
    github_of(bench).delete(TASK[1])
    await missed_twice(bench)
    assert shown(bench, "jira", TASK[0])["status"] == "Cancelled"
    assert len(bench.writes_since(mark)) == 1
    return bench


async def test_what_is_deleted_in_github_is_closed_in_jira_and_says_nothing_to_anybody(tmp_path: Path) -> None:
    bench = await closed(tmp_path)
    mark = bench.sandbox.log.mark()
    for full in (False, True):
        await bench.sync(full=full)
    assert bench.writes_since(mark) == []
    item = await item_of(bench, TASK[0])
    assert item.entity.values["status"] != "cancelled", "our own closing is nobody's statement"
    assert await states(bench, TASK[0]) == {JIRA: LinkState.ARCHIVED, GITHUB: LinkState.GONE}
    assert (await bench.verify()).agrees


async def test_one_that_was_closed_goes_on_when_a_person_reopens_it(tmp_path: Path) -> None:
    bench = await closed(tmp_path)
    jira_of(bench).set(TASK[0], "summary", "Still closed", by="ada")
    await after_edits(bench)
    assert (await states(bench, TASK[0]))[JIRA] is LinkState.ARCHIVED
    jira_of(bench).set(TASK[0], "status", "Backlog", by="ada")
    for _ in range(2):
        await after_edits(bench)
    item = await item_of(bench, TASK[0])
    assert (await states(bench, TASK[0]))[JIRA] is LinkState.LIVE
    assert item.entity.values["status"] == "planned"
    assert shown(bench, "jira", TASK[0])["status"] == "Backlog", "it is not closed again"


async def test_an_archive_is_not_undone_and_the_output_says_what_to_do(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=ARCHIVE)
    github_of(bench).delete(TASK[1])
    await bench.verify()
    runs = [(await after_edits(bench)).run for _ in range(2)]
    mark = bench.sandbox.log.mark()
    async with bench.desk() as desk:
        (run,) = [one for one in runs if (found := await desk.store.runs.get(one)) and found.counts.get("archive")]
        done = await undo(desk, run, "the operator", dry_run=False)
    assert [(left.key, left.field, left.why) for left in done.left] == [(TASK[0], None, ARCHIVED)]
    assert bench.writes_since(mark) == []


async def test_a_question_about_a_whole_item_is_settled_by_keeping_it(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=ARCHIVE)
    github_of(bench).delete(TASK[1])
    await bench.verify()
    jira_of(bench).set(TASK[0], "summary", "Still needed", by="ada")
    for _ in range(2):
        await after_edits(bench)
    async with bench.desk() as desk:
        (row,) = await desk.store.conflicts.open_list("platform")
        whole = await find_whole(desk, row.id)
        assert whole is not None
        await leave(desk, whole)
    for _ in range(2):
        await after_edits(bench)
    async with bench.desk() as desk:
        assert await desk.store.conflicts.open_list("platform") == []
    assert shown(bench, "jira", TASK[0])["status"] != "Cancelled"


def keys_of(bench: Bench) -> list[tuple[str, str]]:
    """Return what there is, by tool and key."""
    found = []
    for name, tool in bench.sandbox.tools.items():
        rows = tool.show()
        assert isinstance(rows, list)
        found += [(name, str(row["key"])) for row in rows]
    return found


def lost_item(bench: Bench) -> None:
    """Let Jira answer 403 for it."""
    bench.sandbox.faults.add(f"jira:403:item={TASK[0]}")


def lost_project(bench: Bench) -> None:
    """Let every issue of the project answer 404; its versions are still there."""
    site = jira_of(bench).site
    keys = [key for tool, key in keys_of(bench) if tool == "jira" and key.startswith("ENG-")]
    site.hidden |= {site.find_issue(key).id for key in keys}


def moved(bench: Bench) -> None:
    """Move it to another project."""
    jira_of(bench).move(TASK[0], "PMO")


def retyped(bench: Bench) -> None:
    """Make it something of another kind."""
    github_of(bench).set(TASK[1], "type", "Epic", by="ben")


def filtered(bench: Bench) -> None:
    """Leave it out of the mapping."""
    types = "task: {jira-pmo: [Story, Task, Bug],"
    where = 'task: {jira-pmo: {types: [Story, Task, Bug], where: {summary: {is: "No such title"}}},'
    assert types in bench.mapping
    bench.mapping = bench.mapping.replace(types, where)


def narrowed(bench: Bench) -> None:
    """Leave its project out of the connection's scope."""
    assert "projects: [PMO, ENG]" in bench.main
    bench.main = bench.main.replace("projects: [PMO, ENG]", "projects: [PMO]")


def put_away(bench: Bench) -> None:
    """Archive it, as a person."""
    github_of(bench).archive(TASK[1])


def redacted(bench: Bench) -> None:
    """Hide it from our account."""
    github_of(bench).redact_item(str(github_of(bench).people.find(TASK[1]).id), hidden=True)


def truncated(bench: Bench) -> None:
    """Let lists break off in the middle."""
    bench.sandbox.faults.add("jira:truncated")


def down(bench: Bench) -> None:
    """Let nothing answer."""
    bench.sandbox.faults.add("jira:503")


NO_DELETION = [lost_item, lost_project, moved, retyped, filtered, narrowed, put_away, redacted, truncated, down]


@pytest.mark.parametrize("happens", NO_DELETION)
async def test_nothing_but_a_deletion_archives(tmp_path: Path, happens: Callable[[Bench], None]) -> None:
    bench = await agreed(tmp_path, mapping=ARCHIVE)
    mark = bench.sandbox.log.mark()
    happens(bench)
    for _ in range(3):
        await bench.verify()
        await after_edits(bench)
    written = bench.writes_since(mark)
    assert not [each for each in written if "archive" in each.lower() or "transitions" in each]
    assert shown(bench, "jira", "PMO-1")["status"] != "Cancelled"
    async with bench.desk() as desk:
        assert await desk.store.conflicts.open_list("platform") == []


async def test_the_trash_is_no_deletion(tmp_path: Path) -> None:
    bench = linear_bench(tmp_path, items=6)
    bench.mapping = LINEAR_MAPPING + ARCHIVE
    for _ in range(3):
        await bench.apply((await bench.plan()).plan_id, approve=True)
    await bench.settle()
    linear = bench.sandbox.tools["linear"]
    assert isinstance(linear, LinearStandIn)
    key = next(key for tool, key in keys_of(bench) if tool == "linear" and key.startswith("API-"))
    mark = bench.sandbox.log.mark()
    linear.delete(key)
    for _ in range(3):
        await bench.verify()
        bench.clock.pass_(LATER_S)
        await bench.sync()
    assert bench.writes_since(mark) == []
    assert (await states(bench, key))[ConnectionName("linear-road")] is LinkState.ARCHIVED
