"""Bad input: items that are archived, hidden, retyped, moved, converted or deleted, and come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.store.rows import LinkState
from tests.engine.bench import Bench
from tests.engine.hand import (
    CREATE,
    TASK,
    after_edits,
    agreed,
    all_is_well,
    census,
    flows,
    github_of,
    item_of,
    jira_of,
    shown,
)


def hide(bench: Bench, *, hidden: bool) -> None:
    """Take away, or give back, the right to see an issue of the project."""
    github_of(bench).redact_item(str(github_of(bench).people.find(TASK[1]).id), hidden=hidden)


def archive(bench: Bench, *, away: bool) -> None:
    """Archive the project's item, or bring it back."""
    if away:
        github_of(bench).archive(TASK[1])
    else:
        github_of(bench).unarchive(TASK[1])


def retype(bench: Bench, *, away: bool) -> None:
    """Make a task an initiative, or a task again."""
    github_of(bench).set(TASK[1], "type", "Epic" if away else "Feature", by="ben")


def redact(bench: Bench, *, away: bool) -> None:
    """Hide the issue from our account, or show it again."""
    hide(bench, hidden=away)


AWAYS = {"archived": archive, "retyped": retype, "redacted": redact}


@pytest.mark.parametrize("how", AWAYS)
async def test_an_item_that_goes_away_and_comes_back_keeps_its_link(tmp_path: Path, how: str) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    before = census(bench).total()
    AWAYS[how](bench, away=True)
    jira_of(bench).set(TASK[0], "summary", "Meanwhile", by="ada")
    await after_edits(bench)
    mark = bench.sandbox.log.mark()
    await bench.verify()
    await bench.sync(full=True)
    item = await item_of(bench, TASK[0])
    assert {side.link.state for side in item.sides} == {
        LinkState.LIVE,
        LinkState.ARCHIVED if how == "archived" else LinkState.OUT_OF_SCOPE,
    }
    await flows(bench, "Flows past an absence")
    assert bench.writes_since(mark) == ["github updateIssue"], "the other task's title, and nothing else"

    AWAYS[how](bench, away=False)
    await all_is_well(bench)
    assert shown(bench, "github", TASK[1])["title"] == "Meanwhile"
    assert census(bench).total() == before, "nothing was made again"


async def test_an_issue_moved_to_another_project_stays_the_same_item(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    before = census(bench).total()
    was = await item_of(bench, TASK[0])
    moved = str(jira_of(bench).move(TASK[0], "PMO")["key"])
    github_of(bench).set(TASK[1], "title", "After the move", by="ben")
    await all_is_well(bench)
    now = await item_of(bench, moved)
    assert now.entity.id == was.entity.id
    assert shown(bench, "jira", moved)["summary"] == "After the move"
    assert census(bench).total() == before


async def test_a_draft_that_becomes_an_issue_keeps_its_link(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping="create:\n  task: {from: github-eng, in: [{jira-pmo: {project: ENG}}]}\n")
    (draft,) = (row["key"] for row in github_of(bench).show() if row["type"] == "Draft")  # type: ignore[attr-defined]
    was = await item_of(bench, "Design domain verification")
    assert len(was.sides) == 2
    before = census(bench).total()
    issue = github_of(bench).convert_draft(str(draft), "api", by="ben")
    github_of(bench).set(issue, "title", "No draft any more", by="ben")
    await all_is_well(bench)
    now = await item_of(bench, issue)
    assert now.entity.id == was.entity.id
    assert {side.link.id for side in now.sides} == {side.link.id for side in was.sides}
    (jira,) = (side.link.key for side in now.sides if side.connection == "jira-pmo")
    assert shown(bench, "jira", jira)["summary"] == "No draft any more"
    assert census(bench).total() == before


async def test_an_issue_deleted_and_restored_by_the_same_id_goes_on(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    before = census(bench).total()
    site = jira_of(bench).site
    site.hidden.add(site.find_issue(TASK[0]).id)
    github_of(bench).set(TASK[1], "title", "While it was gone", by="ben")
    mark = bench.sandbox.log.mark()
    for _ in range(3):
        await after_edits(bench)
        await bench.verify()
    assert bench.writes_since(mark) == []
    item = await item_of(bench, TASK[1])
    assert {side.link.state for side in item.sides} == {LinkState.LIVE, LinkState.GONE}
    site.hidden.clear()
    await bench.verify()
    await all_is_well(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == "While it was gone"
    assert census(bench).total() == before


async def test_a_dependency_stays_when_its_item_was_edited_while_the_other_was_hidden(tmp_path: Path) -> None:
    """Jira shows no link to what one may not see, and tells nobody when it can be seen again."""
    bench = await agreed(tmp_path, mapping=CREATE)
    rows = github_of(bench).show()
    assert isinstance(rows, list)
    keys = [str(row["key"]) for row in rows if row["type"] in {"Task", "Feature", "Bug"}]
    waiting, blocker = next((key, by[0]) for key in keys if (by := shown(bench, "github", key)["blocked_by"]))
    jira = {key: await counterpart(bench, key) for key in (waiting, blocker)}
    site = jira_of(bench).site
    hidden = site.find_issue(jira[blocker]).id
    site.hidden.add(hidden)
    jira_of(bench).set(jira[waiting], "summary", "Edited meanwhile", by="ada")
    await after_edits(bench)
    site.hidden.discard(hidden)
    for _ in range(3):
        await bench.sync(full=True)
    assert shown(bench, "github", waiting)["title"] == "Edited meanwhile"
    assert shown(bench, "github", waiting)["blocked_by"] == [blocker]
    await all_is_well(bench)


async def counterpart(bench: Bench, github: str) -> str:
    """Return the Jira key of a task."""
    return next(side.link.key for side in (await item_of(bench, github)).sides if side.connection == "jira-pmo")
