"""A tool that answers reads from a replica: for some seconds after a write, it shows what was there before."""

from __future__ import annotations

from pathlib import Path

import pytest

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
    jira_of,
    quarantined,
    shown,
)

FROM_GITHUB = "create:\n  task: {from: github-eng, in: [{jira-pmo: {project: ENG, type: Story}}]}\n"


@pytest.mark.parametrize("wait", [5, 400], ids=["for seconds", "for minutes"])
@pytest.mark.parametrize("behind", [["jira"], ["github"], ["jira", "github"]], ids=" and ".join)
async def test_a_read_that_shows_the_state_before_a_write_overwrites_nothing(
    tmp_path: Path, behind: list[str], wait: int
) -> None:
    bench = await agreed(tmp_path)
    jira, github = jira_of(bench), github_of(bench)
    jira.set(TASK[0], "summary", "Called anew in Jira", by="ada")
    github.set(OTHER[1], "title", "Called anew in GitHub", by="ben")
    bench.clock.pass_(LATER_S)
    for tool in behind:
        bench.sandbox.faults.add(f"{tool}:stale:wait={wait}")
    await bench.sync()
    jira.set(TASK[0], "summary", "Called anew once more", by="ada")
    for _ in range(3):
        await bench.sync()
    await after_edits(bench)
    await all_is_well(bench)
    assert shown(bench, "github", TASK[1])["title"] == "Called anew once more"
    assert shown(bench, "jira", OTHER[0])["summary"] == "Called anew in GitHub"
    assert await quarantined(bench) == []


@pytest.mark.parametrize("wait", [5, 400], ids=["for seconds", "for minutes"])
@pytest.mark.parametrize("to", ["github", "jira"])
async def test_what_was_made_and_is_not_there_yet_is_made_once(tmp_path: Path, to: str, wait: int) -> None:
    bench = await agreed(tmp_path, mapping=CREATE if to == "github" else FROM_GITHUB)
    before = census(bench)
    if to == "github":
        jira_of(bench).add("Story", "ENG", {"title": "New to all"}, by="ada")
    else:
        github_of(bench).add("Task", "api", {"title": "New to all"}, by="ben")
    await after_edits(bench)
    bench.sandbox.faults.add(f"{to}:stale:wait={wait}")
    await bench.apply((await bench.plan()).plan_id, approve=True)
    for _ in range(3):
        await bench.sync()
    await after_edits(bench)
    await all_is_well(bench)
    assert census(bench) - before == {("jira", "New to all"): 1, ("github", "New to all"): 1}
    assert before - census(bench) == {}
