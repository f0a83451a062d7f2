"""Lists that are not what they seem: pages that repeat or skip, that end in the middle, and that move while read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.engine.bench import Bench
from tests.engine.hand import LATER_S, after_edits, agreed, all_is_well, census, github_of, jira_of, shown
from tests.engine.test_linear import linear_bench

PAIRS = (("ENG-3", "acme/web#1"), ("ENG-4", "acme/web#2"))
WEEK_S = 8 * 24 * 3600.0


def in_small_pages(bench: Bench, size: int = 2) -> None:
    """Let Jira be read in pages of so many issues."""
    scope = "    scope: {projects: [PMO, ENG]}\n"
    bench.main = bench.main.replace(scope, f"{scope}    options: {{page_size: {size}, scan_in_flight: 1}}\n", 1)


class Meanwhile(httpx.AsyncBaseTransport):
    """Lets a person act between two requests of one scan."""

    def __init__(self, inside: httpx.AsyncBaseTransport, part: str, acts: list[Callable[[], object]]) -> None:
        self._inside = inside
        self._part = part
        self._acts = acts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, and then let the next act happen if this was one of the requests."""
        answer = await self._inside.handle_async_request(request)
        if self._acts and self._part in str(request.url) + request.content.decode():
            self._acts.pop(0)()
        return answer


def titles(bench: Bench) -> list[tuple[str, str]]:
    """Return what both pairs are called in both tools."""
    return [
        (str(shown(bench, "jira", issue)["summary"]), str(shown(bench, "github", item)["title"]))
        for issue, item in PAIRS
    ]


def rows_of(bench: Bench, tool: str) -> list[dict[str, object]]:
    """Return a line on everything in a tool."""
    rows = bench.sandbox.tools[tool].show()
    assert isinstance(rows, list)
    return rows


def issues_of(bench: Bench) -> list[str]:
    """Return the keys of Jira's tasks."""
    keys = [str(row["key"]) for row in rows_of(bench, "jira")]
    return [key for key in keys if key.startswith("ENG-") and "/" not in key]


@pytest.mark.parametrize("fault", ["repeated", "skipped"])
@pytest.mark.parametrize("tool", ["jira", "github"])
async def test_a_page_that_repeats_or_skips_an_item_loses_and_doubles_nothing(
    tmp_path: Path, tool: str, fault: str
) -> None:
    bench = await agreed(tmp_path)
    in_small_pages(bench)
    before = census(bench)
    for number, (issue, item) in enumerate(PAIRS):
        if tool == "jira":
            jira_of(bench).set(issue, "summary", f"Anew {number}", by="ada")
        else:
            github_of(bench).set(item, "title", f"Anew {number}", by="ben")
    bench.clock.pass_(LATER_S)
    bench.sandbox.faults.add(f"{tool}:{fault}:kind=read:count=4")
    for _ in range(2):
        await bench.sync()
    bench.sandbox.faults.clear()
    for number, (issue, item) in enumerate(PAIRS):  # what moved between two pages was edited, after it was skipped
        if tool == "jira":
            jira_of(bench).set(issue, "labels", [f"moved-{number}"], by="ada")
        else:
            github_of(bench).set(item, "labels", [f"moved-{number}"], by="ben")
    for _ in range(2):
        await after_edits(bench)
    await all_is_well(bench)
    assert titles(bench) == [("Anew 0", "Anew 0"), ("Anew 1", "Anew 1")]
    assert sum(census(bench).values()) == sum(before.values())


async def test_an_issue_that_moves_while_its_page_is_read_arrives(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    in_small_pages(bench, 1)
    jira = jira_of(bench)
    for number, (issue, _) in enumerate(PAIRS):
        jira.set(issue, "summary", f"Anew {number}", by="ada")
    acts: list[Callable[[], object]] = [
        lambda: jira.site.move(jira.site.find_issue(PAIRS[1][0]), jira.site.projects["PMO"], "712020:ada"),
        lambda: jira.set(PAIRS[0][0], "summary", "Once more", by="ada"),
        lambda: jira.set(PAIRS[1][0], "labels", ["late"], by="ada"),
    ]
    bench.clock.pass_(LATER_S)
    world = bench.world
    bench.world = replace(world, transport=lambda: Meanwhile(bench.sandbox.transport(), "search/jql", acts))
    await bench.sync()
    bench.world = world
    for _ in range(2):
        await after_edits(bench)
    assert not acts
    assert titles(bench) == [("Once more", "Once more"), ("Anew 1", "Anew 1")]
    await all_is_well(bench)
    assert "late" in shown(bench, "github", PAIRS[1][1])["labels"]


async def test_an_item_that_leaves_while_the_project_is_listed_is_not_taken_for_gone(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    github = github_of(bench)
    acts: list[Callable[[], object]] = [
        lambda: github.archive(PAIRS[0][1]),
        lambda: github.unarchive(PAIRS[0][1]),
        lambda: github.set(PAIRS[0][1], "title", "Back again", by="ben"),
    ]
    world = bench.world
    bench.world = replace(world, transport=lambda: Meanwhile(bench.sandbox.transport(), "items(", acts))
    for _ in range(4):
        await after_edits(bench)
    bench.world = world
    assert not acts
    await all_is_well(bench)
    assert titles(bench)[0] == ("Back again", "Back again")


async def test_a_place_in_a_list_that_expires_begins_it_anew_and_skips_nothing(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    in_small_pages(bench, 1)
    for number, (issue, _) in enumerate(PAIRS):
        jira_of(bench).set(issue, "summary", f"Anew {number}", by="ada")
    bench.clock.pass_(LATER_S)
    bench.sandbox.faults.add("jira:502:match=search/jql:after=1")
    await bench.sync()
    bench.sandbox.faults.clear()
    bench.clock.pass_(WEEK_S)
    jira_of(bench).set(PAIRS[0][0], "labels", ["a-week-later"], by="ada")
    for _ in range(2):
        await after_edits(bench)
    await all_is_well(bench)
    assert titles(bench) == [("Anew 0", "Anew 0"), ("Anew 1", "Anew 1")]


async def test_many_edits_of_one_moment_are_all_read_over_the_edge_of_a_page(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    in_small_pages(bench)
    jira = jira_of(bench)
    keys = issues_of(bench)[:4]  # those that are in both tools
    moment = bench.clock.now()
    for key in keys:
        jira.set(key, "labels", [f"of-{key.lower()}"], by="ada")
        jira.site.find_issue(key).values["updated"] = moment
        jira.site.index(jira.site.find_issue(key))
    for _ in range(2):
        await after_edits(bench)
    await all_is_well(bench)
    arrived = {
        label for row in rows_of(bench, "github") for label in shown(bench, "github", str(row["key"])).get("labels", ())
    }
    assert {f"of-{key.lower()}" for key in keys} <= arrived


@pytest.mark.parametrize("fault", ["graphql-partial:count=2", "graphql-partial:kind=write", "graphql-errors:count=3"])
async def test_one_part_of_a_batch_that_fails_takes_no_other_with_it(tmp_path: Path, fault: str) -> None:
    bench = await agreed(tmp_path)
    before = census(bench)
    for number, (issue, _) in enumerate(PAIRS):
        jira_of(bench).set(issue, "summary", f"Anew {number}", by="ada")
    bench.clock.pass_(LATER_S)
    bench.sandbox.faults.add(f"github:{fault}")
    for _ in range(3):
        await after_edits(bench)
    await all_is_well(bench)
    assert titles(bench) == [("Anew 0", "Anew 0"), ("Anew 1", "Anew 1")]
    assert sum(census(bench).values()) == sum(before.values())


async def test_a_query_that_costs_too_much_is_told_and_loses_nothing(tmp_path: Path) -> None:
    bench = linear_bench(tmp_path, items=6)
    await bench.apply((await bench.plan()).plan_id, approve=True)
    await bench.settle()
    limits = bench.sandbox.tools["linear"].limits  # type: ignore[attr-defined]
    allowed, limits.max_complexity = limits.max_complexity, 1
    issue = issues_of(bench)[0]
    before = (await bench.verify()).differences
    title = shown(bench, "jira", issue)["summary"]
    jira_of(bench).set(issue, "summary", "Said while it was too dear", by="ada")
    bench.clock.pass_(LATER_S)
    mark = bench.sandbox.log.mark()
    async with bench.desk() as desk:
        errors = [account.error for account in desk.accounts.values() if account.error is not None]
    assert errors
    assert "too complex" in str(errors[0])
    assert bench.writes_since(mark) == []
    limits.max_complexity = allowed
    await after_edits(bench)
    await bench.settle()
    assert (await bench.verify()).differences == before
    assert census(bench)["linear", "Said while it was too dear"] == 1
    assert census(bench)["linear", str(title)] == 0
