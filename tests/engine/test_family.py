"""Parents and children that come, go and are made in an order nobody would choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.engine import portions
from syncd.engine.absent import sweep
from syncd.engine.cycle import sync
from tests.engine.bench import Bench
from tests.engine.hand import (
    OTHER,
    TASK,
    after_edits,
    agreed,
    all_is_well,
    census,
    flows,
    github_of,
    jira_of,
    shown,
)

BOTH_KINDS = """\
create:
  initiative: {from: jira-pmo, in: [{github-eng: {repository: api}}]}
  task: {from: jira-pmo, in: [{github-eng: {repository: api}}]}
"""


@pytest.mark.parametrize("tool", ["jira", "github"])
@pytest.mark.parametrize("swept", [False, True], ids=["polled", "swept"])
async def test_a_parent_deleted_before_its_child_empties_nothing_elsewhere(
    tmp_path: Path, tool: str, *, swept: bool
) -> None:
    bench = await agreed(tmp_path)
    parents = {"jira": shown(bench, "jira", TASK[0])["parent"], "github": shown(bench, "github", TASK[1])["parent"]}
    assert parents["jira"]
    assert parents["github"]
    stays = "github" if tool == "jira" else "jira"
    before, mark = census(bench), bench.sandbox.log.mark()
    bench.sandbox.tools[tool].delete(str(parents[tool]))
    for _ in range(3):
        await after_edits(bench)
        if swept:
            await after_sweep(bench)
    assert bench.writes_since(mark) == []
    assert shown(bench, stays, TASK[0] if stays == "jira" else TASK[1])["parent"] == parents[stays]
    assert sum((before - census(bench)).values()) == 1
    await flows(bench, "Flows on without its parent")


async def after_sweep(bench: Bench) -> None:
    """Read every tool, so that a sweep has something to compare with, and look for what went away."""
    async with bench.desk() as desk:
        await sync(desk)
        await sweep(desk)


async def test_a_child_made_before_its_parent_finds_it(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=BOTH_KINDS)
    jira, before = jira_of(bench), census(bench)
    child = str(jira.add("Story", "ENG", {"title": "The child"}, by="ada")["key"])
    await after_edits(bench)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    parent = str(jira.add("Epic", "PMO", {"title": "The parent"}, by="ada")["key"])
    jira.set(child, "parent", parent, by="ada")
    await after_edits(bench)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    for _ in range(2):
        await after_edits(bench)
    await all_is_well(bench)
    made = {row["title"]: str(row["key"]) for row in rows_of(bench)}
    assert shown(bench, "github", made["The child"])["parent"] == made["The parent"]
    assert sum((census(bench) - before).values()) == 4


async def test_a_child_whose_parent_is_refused_waits_for_nobody(tmp_path: Path) -> None:
    """Both are new, the child's key comes first, and the parent's create fails for a while."""
    bench = await agreed(tmp_path, mapping=BOTH_KINDS)
    jira, before = jira_of(bench), census(bench)
    child = str(jira.add("Story", "ENG", {"title": "The child"}, by="ada")["key"])
    parent = str(jira.add("Epic", "PMO", {"title": "The parent"}, by="ada")["key"])
    jira.set(child, "parent", parent, by="ada")
    await after_edits(bench)
    plan = await bench.plan()
    bench.sandbox.faults.add("github:502:match=The parent:kind=write:count=2")
    await bench.apply(plan.plan_id, approve=True)
    for _ in range(3):
        await after_edits(bench)
    bench.clock.pass_(7300)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    await all_is_well(bench)
    made = {row["title"]: str(row["key"]) for row in rows_of(bench)}
    assert shown(bench, "github", made["The child"])["parent"] == made["The parent"]
    assert sum((census(bench) - before).values()) == 4


def rows_of(bench: Bench) -> list[dict[str, object]]:
    """Return a line on everything in GitHub."""
    rows = github_of(bench).show()
    assert isinstance(rows, list)
    return rows


@pytest.mark.parametrize("portion", [500, 1])
async def test_parents_in_a_circle_come_out_of_it_when_one_is_taken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    """
    A circle made in one tool alone is written nowhere; taking it back settles it.

    Of two entities in different portions the first is decided before the second is read: one of the two may be written.
    """
    bench = await agreed(tmp_path)
    monkeypatch.setattr(portions, "PORTION", portion)
    site = jira_of(bench).site
    for child, parent in ((TASK[0], OTHER[0]), (OTHER[0], TASK[0])):
        site.update(site.find_issue(child), "712020:ada", {"parent": site.find_issue(parent).id}, ())
    before = shown(bench, "github", TASK[1])["parent"], shown(bench, "github", OTHER[1])["parent"]
    mark = bench.sandbox.log.mark()
    for _ in range(3):
        await after_edits(bench)
    after = shown(bench, "github", TASK[1])["parent"], shown(bench, "github", OTHER[1])["parent"]
    if portion > 1:
        assert bench.writes_since(mark) == []
        assert after == before
    assert " ".join(bench.writes_since(mark)).count("addSubIssue") <= 1, "a circle"
    epic = site.find_issue("PMO-1")
    for child in (TASK[0], OTHER[0]):
        site.update(site.find_issue(child), "712020:ada", {"parent": epic.id}, ())
    await after_edits(bench)
    await all_is_well(bench)
