"""A configuration that changes between two runs: what is left out for a while is neither cleared nor made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.sandbox.portfolio import make_portfolio
from tests.crash.config import MAIN, MAPPING
from tests.engine.bench import Bench, make_bench
from tests.engine.contact import agreed as agreed_of
from tests.engine.hand import OTHER, TASK, after_edits, agreed, all_is_well, census, github_of, jira_of, shown

UNMAPPED = """\
  task.labels: {github-eng: false}
  task.start_on: {github-eng: false}
"""


@pytest.mark.parametrize("edited", ["jira", "github", "both", "neither"])
async def test_a_field_unmapped_and_mapped_again_is_cleared_nowhere(tmp_path: Path, edited: str) -> None:
    bench = await agreed(tmp_path)
    jira, github, mapped = jira_of(bench), github_of(bench), bench.mapping
    jira.set(TASK[0], "labels", ["from-the-start"], by="ada")
    jira.set(TASK[0], "Start date", "2026-02-01", by="ada")
    await after_edits(bench)
    await bench.settle()
    assert shown(bench, "github", TASK[1])["Start date"] == "2026-02-01"

    bench.mapping = mapped.replace("people:", f"{UNMAPPED}people:")
    mark = bench.sandbox.log.mark()
    if edited in {"jira", "both"}:
        jira.set(TASK[0], "labels", ["from-the-start", "from-jira"], by="ada")
        jira.set(TASK[0], "Start date", "2026-02-10", by="ada")
    if edited in {"github", "both"}:
        github.set(TASK[1], "labels", ["from-the-start", "from-github"], by="ben")
        github.set(TASK[1], "Start date", "2026-02-20", by="ben")
    for _ in range(2):
        await after_edits(bench)
    assert bench.writes_since(mark) == []

    bench.mapping = mapped
    for _ in range(3):
        await after_edits(bench)
    labels = {"jira": {"from-jira"}, "github": {"from-github"}, "both": {"from-jira", "from-github"}, "neither": set()}
    starts = {"jira": ("2026-02-10",) * 2, "github": ("2026-02-20",) * 2, "neither": ("2026-02-01",) * 2}
    for tool, key in (("jira", TASK[0]), ("github", TASK[1])):
        assert set(shown(bench, tool, key)["labels"]) == {"from-the-start", *labels[edited]}
    now = (shown(bench, "jira", TASK[0])["Start date"], shown(bench, "github", TASK[1])["Start date"])
    assert now == starts.get(edited, ("2026-02-10", "2026-02-20")), "two edits stay as they are, as a conflict"
    if edited != "both":
        await all_is_well(bench)


def three_tools(folder: Path) -> Bench:
    """Return an installation of Jira, GitHub and Linear."""
    bench = make_bench(folder, items=3, tools=("jira", "github", "linear"))
    email = bench.sandbox.tools["jira"].credentials()["email"]
    bench.main, bench.mapping = MAIN % {"base": "http://sandbox", "email": email}, MAPPING
    seeded = make_portfolio(3, bench.clock.now().date()).people
    rows = [f"{one.email},712020:{one.handle},{one.handle},{one.email}" for one in seeded]
    bench.people = "\n".join(["person,jira-pmo,github-eng,linear-road", *rows, ""])
    return bench


async def test_a_connection_taken_out_and_put_back_makes_nothing_again_and_clears_nothing(tmp_path: Path) -> None:
    bench = await agreed_of(three_tools(tmp_path), approvals=2)
    jira, linear, main, mapping = jira_of(bench), bench.sandbox.tools["linear"], bench.main, bench.mapping
    before = census(bench)
    common = sorted(title for tool, title in before if tool == "linear" and ("jira", title) in before)
    tasks = [title for title in common if key_of(bench, "jira", title).startswith("ENG-")]
    edited, also = tasks[0], tasks[1]

    bench.main = main.replace("[jira-pmo, github-eng, linear-road]", "[jira-pmo, github-eng]")
    bench.mapping = "\n".join(line for line in mapping.splitlines() if "leader: linear-road" not in line)
    bench.mapping = bench.mapping.replace(", linear-road: comment", "").replace(", linear-road]", "]")
    bench.mapping = bench.mapping.replace("      - {linear-road: {container: API, type: issue}}\n", "") + "\n"
    people = bench.people
    bench.people = "".join(f"{line.rpartition(',')[0]}\n" for line in people.splitlines())
    mark = bench.sandbox.log.mark()
    jira.set(key_of(bench, "jira", edited), "summary", "Edited meanwhile in Jira", by="ada")
    linear.set(key_of(bench, "linear", also), "title", "Edited meanwhile in Linear", by="ada")
    jira.add("Story", "ENG", {"title": "Made meanwhile"}, by="ada")
    for _ in range(2):
        await after_edits(bench)
    await bench.settle()
    assert not [write for write in bench.writes_since(mark) if write.startswith("linear ")]

    bench.main, bench.mapping, bench.people = main, mapping, people
    await after_edits(bench)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    for _ in range(2):
        await after_edits(bench)
    await all_is_well(bench)
    for tool in ("jira", "github", "linear"):
        assert census(bench)[tool, "Edited meanwhile in Jira"] == 1
        assert census(bench)[tool, "Edited meanwhile in Linear"] == 1
        assert census(bench)[tool, "Made meanwhile"] == 1
    assert sum(census(bench).values()) == sum(before.values()) + 3


def key_of(bench: Bench, tool: str, title: str) -> str:
    """Return the key of what has that title."""
    rows = bench.sandbox.tools[tool].show()
    assert isinstance(rows, list)
    return next(str(row["key"]) for row in rows if row["title"] == title)


async def test_a_connection_that_only_observes_for_a_while_takes_up_where_it_was(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    jira, github, main = jira_of(bench), github_of(bench), bench.main
    at = main.index("github-eng:")
    bench.main = main[:at] + main[at:].replace("mode: write", "mode: observe", 1)
    jira.set(TASK[0], "summary", "Only seen", by="ada")
    github.set(OTHER[1], "title", "Seen in GitHub", by="ben")
    mark = bench.sandbox.log.mark()
    for _ in range(2):
        await after_edits(bench)
    assert not [write for write in bench.writes_since(mark) if write.startswith("github ")]
    bench.main = main
    await after_edits(bench)
    await all_is_well(bench)
    assert shown(bench, "github", TASK[1])["title"] == "Only seen"
    assert shown(bench, "jira", OTHER[0])["summary"] == "Seen in GitHub"
