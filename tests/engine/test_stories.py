"""Two tools, edited independently, brought to agreement: the engine's main stories, over the stateful stand-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from syncd.engine.choices import Take, find_question, resolve
from syncd.engine.cycle import sync
from syncd.engine.find import find_item
from syncd.engine.plans import find_plan
from syncd.errors import HeldError, UnsafePlanError
from syncd.model.refs import ConnectionName
from syncd.reconcile.plan import Verb
from syncd.store.rows import LinkState, PlanState
from tests.engine.bench import Bench, make_bench
from tests.engine.contact import agreed


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


async def pair(bench: Bench) -> tuple[str, str]:
    """Return the Jira and GitHub keys of a task that lives in both."""
    async with bench.desk() as desk:
        for one in await desk.store.entities.ids("platform"):
            links = (await desk.store.links.by_entities([one]))[one]
            if {link.ref.kind for link in links} == {"issue"} and len(links) == 2:
                keys = {str(link.ref.connection): link.key for link in links}
                if keys["jira-pmo"].startswith("ENG"):
                    return keys["jira-pmo"], keys["github-eng"]
    raise AssertionError("no task lives in both tools")


def held(bench: Bench, tool: str, key: str) -> Mapping[str, Any]:
    shown = bench.sandbox.tools[tool].show(key)
    assert isinstance(shown, Mapping)
    return shown


async def test_first_contact_writes_nothing_until_a_person_approves(bench: Bench) -> None:
    cycle = await bench.sync()
    assert bench.writes_since(0) == []
    assert cycle.waiting
    plan = await bench.plan()
    assert bench.writes_since(0) == []
    applied = await bench.apply(plan.plan_id, approve=True)
    assert not applied.missed
    assert len(applied.cycle.pushed.done) == len(plan.lines)
    assert bench.writes_since(0)


async def test_after_approval_all_tools_agree_and_stay_quiet(bench: Bench) -> None:
    await agreed(bench)
    verified = await bench.verify()
    assert verified.differences == []
    mark = bench.sandbox.log.mark()
    for full in (False, False, True):
        await bench.sync(full=full)
    assert bench.writes_since(mark) == []


@pytest.mark.parametrize("tool", ["jira", "github"])
async def test_one_edit_flows_with_one_write_and_comes_back_as_no_change(bench: Bench, tool: str) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    fields = {"jira": (jira, "summary"), "github": (github, "title")}
    key, field = fields[tool]
    bench.sandbox.tools[tool].set(key, field, "Renamed by Ada", by="ada")
    bench.clock.pass_(600)
    mark = bench.sandbox.log.mark()
    await bench.settle()
    assert len(bench.writes_since(mark)) == 1
    assert held(bench, "jira", jira)["summary"] == "Renamed by Ada"
    assert held(bench, "github", github)["title"] == "Renamed by Ada"


async def test_edits_of_two_fields_of_one_item_in_two_tools_are_no_conflict(bench: Bench) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    bench.sandbox.tools["jira"].set(jira, "summary", "New title", by="ada")
    bench.sandbox.tools["github"].set(github, "Status", "Done", by="ben")
    bench.clock.pass_(600)
    await bench.settle()
    assert held(bench, "github", github)["title"] == "New title"
    assert held(bench, "jira", jira)["status"] == "Done"
    assert (await bench.verify()).agrees


async def test_two_edits_of_one_field_are_held_until_a_person_chooses(bench: Bench) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    bench.sandbox.tools["jira"].set(jira, "summary", "As Ada says", by="ada")
    bench.sandbox.tools["github"].set(github, "title", "As Ben says", by="ben")
    bench.clock.pass_(600)
    mark = bench.sandbox.log.mark()
    cycle = await bench.sync()
    assert len(cycle.opened) == 1
    assert bench.writes_since(mark) == []
    authors = {side.connection: side.author for side in cycle.opened[0].content.contenders}
    assert authors == {"jira-pmo": "Ada Example", "github-eng": "Ben Example"}
    assert not (await bench.verify()).agrees
    async with bench.desk() as desk:
        question = await find_question(desk, cycle.opened[0].id)
        await resolve(desk, question, Take(connection=ConnectionName("github-eng")), "the operator")
    await bench.settle()
    assert held(bench, "jira", jira)["summary"] == "As Ben says"
    assert (await bench.verify()).agrees
    async with bench.desk() as desk:
        item = await find_item(desk, jira)
        rows = await desk.store.ledger.of_entity(item.entity.id, "title")
        assert [row.value for row in rows if row.rule == "command" and row.link] == ["As Ada says"]


async def test_an_edit_after_the_choice_was_shown_is_not_overwritten(bench: Bench) -> None:
    """Golden story S25."""
    await agreed(bench)
    jira, github = await pair(bench)
    bench.sandbox.tools["jira"].set(jira, "summary", "y", by="ada")
    bench.sandbox.tools["github"].set(github, "title", "z", by="ben")
    bench.clock.pass_(600)
    (conflict,) = (await bench.sync()).opened
    bench.sandbox.tools["github"].set(github, "title", "q", by="ben")
    async with bench.desk() as desk:
        question = await find_question(desk, conflict.id)
        cycle = await resolve(desk, question, Take(connection=ConnectionName("jira-pmo")), "the operator")
    assert cycle.pushed.skipped
    assert held(bench, "github", github)["title"] == "q"
    await bench.sync()
    async with bench.desk() as desk:
        (row,) = await desk.store.conflicts.open_list("platform")
    assert {side.value for side in row.content.contenders} == {"y", "q"}
    bench.sandbox.tools["github"].set(github, "title", "r", by="ben")
    bench.clock.pass_(600)
    async with bench.desk() as desk:
        shown = (await find_question(desk, row.id)).conflict
        await bench.sync()
        stale = replace(await find_question(desk, row.id), conflict=shown)
        with pytest.raises(HeldError):
            await resolve(desk, stale, Take(connection=ConnectionName("jira-pmo")), "the operator")


CREATE = """\
create:
  task: {from: jira-pmo, in: [{github-eng: {repository: api}}]}
  milestone: {from: github-eng, in: [{jira-pmo: {project: ENG}}]}
"""


async def test_a_create_rule_makes_each_record_once(bench: Bench) -> None:
    bench.mapping += CREATE
    await agreed(bench)
    created = bench.sandbox.tools["jira"].add("Story", "ENG", {"title": "Brand new"}, by="ada")
    bench.clock.pass_(600)
    mark = bench.sandbox.log.mark()
    await bench.settle()
    async with bench.desk() as desk:
        item = await find_item(desk, str(created["key"]))
    assert len(item.sides) == 2
    assert any("createIssue" in write for write in bench.writes_since(mark))
    assert (await bench.verify()).agrees
    mark = bench.sandbox.log.mark()
    await bench.sync(full=True)
    assert bench.writes_since(mark) == []


@pytest.mark.parametrize("fault", ["timeout-after-commit", "502-after-commit", "reset-after-commit", "timeout", "502"])
async def test_a_create_whose_answer_is_lost_is_made_once(bench: Bench, fault: str) -> None:
    bench.mapping += CREATE
    await agreed(bench)
    bench.sandbox.tools["jira"].add("Story", "ENG", {"title": "Only once"}, by="ada")
    bench.clock.pass_(600)
    bench.sandbox.faults.add(f"github:{fault}:match=createIssue:count=1")
    for _ in range(8):
        await bench.sync()
        bench.clock.pass_(600)
    titles = [each["title"] for each in all_of(bench, "github")]
    assert titles.count("Only once") == 1
    assert (await bench.verify()).agrees


def all_of(bench: Bench, tool: str) -> list[Mapping[str, Any]]:
    keys = bench.sandbox.tools[tool].show()
    found: list[Mapping[str, Any]] = []
    stack: list[object] = [keys]
    while stack:
        one = stack.pop()
        if isinstance(one, Mapping):
            if "title" in one and "key" in one:
                found.append(one)
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return found


@pytest.mark.parametrize("fault", ["timeout-after-commit", "502-after-commit", "timeout", "502", "409", "401"])
async def test_an_update_whose_answer_is_lost_ends_in_agreement(bench: Bench, fault: str) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    bench.sandbox.tools["github"].set(github, "title", "Through a storm", by="ben")
    bench.clock.pass_(600)
    bench.sandbox.faults.add(f"jira:{fault}:method=PUT:count=1")
    for _ in range(4):
        await bench.sync()
        bench.clock.pass_(600)
    assert held(bench, "jira", jira)["summary"] == "Through a storm"
    assert (await bench.verify()).agrees


async def test_a_tool_that_is_down_stops_only_itself(bench: Bench) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    bench.sandbox.tools["github"].set(github, "title", "While Jira was down", by="ben")
    bench.clock.pass_(600)
    bench.sandbox.faults.add("jira:503")
    async with bench.desk() as desk:
        assert desk.accounts[ConnectionName("jira-pmo")].error is not None
        assert desk.accounts[ConnectionName("github-eng")].error is None
    await bench.sync()
    bench.sandbox.faults.clear()
    await bench.settle()
    assert held(bench, "jira", jira)["summary"] == "While Jira was down"


async def test_an_observed_connection_is_never_written(bench: Bench) -> None:
    bench.main = bench.main.replace("mode: write\n    options", "mode: observe\n    options")
    plan = await bench.plan()
    assert plan.lines
    await bench.apply(plan.plan_id, approve=True)
    await bench.sync()
    assert [write for write in bench.writes_since(0) if write.startswith("github")] == []


async def test_a_deleted_issue_is_left_alone_and_never_made_again(bench: Bench) -> None:
    bench.mapping += CREATE
    await agreed(bench)
    jira = str(bench.sandbox.tools["jira"].add("Story", "ENG", {"title": "Short-lived"}, by="ada")["key"])
    bench.clock.pass_(600)
    await bench.settle()
    bench.sandbox.tools["jira"].delete(jira)
    mark = bench.sandbox.log.mark()
    for _ in range(4):
        bench.clock.pass_(900)
        await bench.verify()
        await bench.sync()
    assert bench.writes_since(mark) == []
    assert [each["title"] for each in all_of(bench, "github")].count("Short-lived") == 1
    async with bench.desk() as desk:
        item = await find_item(desk, jira)
        assert {side.link.state for side in item.sides} == {LinkState.LIVE, LinkState.GONE}


async def test_a_plan_carries_out_only_what_was_shown(bench: Bench) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    bench.sandbox.tools["github"].set(github, "title", "Shown", by="ben")
    bench.clock.pass_(600)
    plan = await bench.plan()
    bench.sandbox.tools["github"].set(github, "title", "Moved since", by="ben")
    bench.clock.pass_(600)
    applied = await bench.apply(plan.plan_id)
    assert [row.reason for row in applied.missed] == ["it is not due any more as it was shown"]
    assert held(bench, "jira", jira)["summary"] not in {"Shown", "Moved since"}
    await bench.settle()
    assert held(bench, "jira", jira)["summary"] == "Moved since"


async def test_a_brake_refuses_the_whole_plan_and_names_the_way_through(bench: Bench) -> None:
    bench.main = bench.main.replace(
        "    mapping: platform.yaml", "    mapping: platform.yaml\n    limits: {update_count: 1, update_share: 0}"
    )
    await agreed(bench)
    for row in all_of(bench, "github")[:8]:
        if "#" in str(row["key"]):
            bench.sandbox.tools["github"].set(str(row["key"]), "title", f"Renamed {row['key']}", by="ben")
    bench.clock.pass_(600)
    mark = bench.sandbox.log.mark()
    with pytest.raises(UnsafePlanError) as refused:
        await bench.sync()
    assert bench.writes_since(mark) == []
    async with bench.desk() as desk:
        refused_plan = await find_plan(desk, str(refused.value.fix).split("syncd apply ")[1].split()[0])
    assert refused_plan.state is PlanState.REFUSED
    plan = await bench.plan()
    assert {line.verb for line in plan.lines} == {Verb.UPDATE}
    with pytest.raises(UnsafePlanError):
        await bench.apply(plan.plan_id)
    applied = await bench.apply(plan.plan_id, approve=True)
    assert not applied.missed


class Killed(BaseException):
    """The process ends here."""


async def test_a_kill_before_and_after_each_request_leaves_nothing_doubled(bench: Bench) -> None:
    """The process dies right after a request left: the next run looks it up."""
    bench.mapping += CREATE
    await agreed(bench)
    bench.sandbox.tools["jira"].add("Story", "ENG", {"title": "Killed here"}, by="ada")
    bench.clock.pass_(600)
    async with bench.desk() as desk:
        github = desk.accounts[ConnectionName("github-eng")].connector
        write = github.write

        async def dying(batch: object) -> object:
            await write(batch)  # type: ignore[arg-type]
            raise Killed

        github.write = dying  # type: ignore[method-assign, assignment]
        with pytest.raises(Killed):
            await sync(desk)
    for _ in range(3):
        bench.clock.pass_(600)
        await bench.sync()
    assert [each["title"] for each in all_of(bench, "github")].count("Killed here") == 1
    assert (await bench.verify()).agrees


async def test_what_no_rule_can_read_is_counted_and_not_taken_for_agreement(bench: Bench) -> None:
    bench.people = "person,jira-pmo,github-eng\n"
    await agreed(bench)
    verified = await bench.verify()
    assert verified.unread > 0


async def test_deleting_a_version_takes_no_milestone_from_anybody_elsewhere(bench: Bench) -> None:
    """Jira empties it in every issue, which is nobody's edit; a milestone chosen afterwards flows as ever."""
    await agreed(bench)
    jira, github = await pair(bench)
    milestone = held(bench, "github", github)["milestone"]
    assert milestone
    (version,) = held(bench, "jira", jira)["fixVersions"]
    mark = bench.sandbox.log.mark()
    bench.sandbox.tools["jira"].delete(f"ENG/{version}")
    for _ in range(3):
        bench.clock.pass_(900)
        await bench.sync()
    assert bench.writes_since(mark) == []
    assert held(bench, "github", github)["milestone"] == milestone
    other = next(
        each for each in all_of(bench, "github") if "/milestone/" in str(each["key"]) and each["title"] != milestone
    )
    bench.sandbox.tools["github"].set(github, "milestone", other["title"], by="ben")
    await bench.settle()
    assert held(bench, "jira", jira)["fixVersions"] == [other["title"]]


async def test_a_milestone_taken_away_while_it_still_exists_is_an_edit(bench: Bench) -> None:
    await agreed(bench)
    jira, github = await pair(bench)
    assert held(bench, "github", github)["milestone"]
    bench.sandbox.tools["jira"].set(jira, "fixVersions", [], by="ada")
    bench.clock.pass_(600)
    await bench.settle()
    assert not held(bench, "github", github)["milestone"]
