"""Attacks on the engine: whatever could lose an edit, make something twice, or write what nobody was shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from syncd.connectors.protocol import Outcome, Write
from syncd.engine.absent import sweep
from syncd.engine.cycle import sync
from syncd.engine.matching import accept_match
from syncd.engine.plans import make_plan
from syncd.errors import ForbiddenError, NotFoundError, RemoteError
from syncd.model.native import Record
from syncd.model.refs import EntityId, Ref
from syncd.store.rows import LinkState, ProposalState
from tests.engine.bench import BOTH_WAYS, Bench
from tests.engine.hand import (
    CREATE,
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
    item_of,
    jira_of,
    shown,
)


class Killed(BaseException):
    """The process ends here."""


async def approved(bench: Bench) -> None:
    """Show a plan and carry it out."""
    cycle = await bench.plan()
    await bench.apply(cycle.plan_id, approve=True)
    await bench.settle()


async def test_a_draft_that_became_an_issue_leaves_no_ghost_behind(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=BOTH_WAYS)
    draft = github_of(bench).add_draft("Once a draft")
    await after_edits(bench)
    await bench.settle()
    assert census(bench)["jira", "Once a draft"] == 1
    github_of(bench).convert_draft(draft, "api")
    await after_edits(bench)
    await bench.settle()
    assert census(bench)["jira", "Once a draft"] == 1
    assert census(bench)["github", "Once a draft"] == 1
    await all_is_well(bench)


async def test_nothing_is_created_while_a_person_is_asked_whether_it_is_there_already(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    bench.sandbox.faults.add("github:503")
    jira_of(bench).add("Story", "ENG", {"title": "Twins"}, by="ada")
    await after_edits(bench)
    bench.sandbox.faults.clear()
    github_of(bench).add_issue("api", "Twins")
    github_of(bench).add_issue("web", "Twins")
    for _ in range(3):
        await after_edits(bench)
    assert census(bench)["github", "Twins"] == 2


async def test_a_changed_mapping_is_decided_about_even_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await agreed(tmp_path)
    bench.mapping += CREATE

    async def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("syncd.engine.cycle.adopt", killed)
        with pytest.raises(Killed):
            await bench.sync()
    async with bench.desk() as desk:
        everything = await desk.store.entities.ids("platform")
        cycle = await sync(desk)
    assert cycle.compared == len(everything)


@pytest.mark.parametrize("error", [NotFoundError, ForbiddenError])
async def test_an_item_missed_once_by_mistake_flows_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[RemoteError]
) -> None:
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "title", "Through the gap", by="ben")
    bench.clock.pass_(LATER_S)
    async with bench.desk() as desk:
        connector = desk.accounts[JIRA].connector

        async def missing(refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
            return {ref: error("not to be had") for ref in refs}

        monkeypatch.setattr(connector, "read_many", missing)
        await sync(desk)
    await after_edits(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == "Through the gap"


async def test_a_renamed_connection_is_told_from_the_old_one_and_makes_nothing_again(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    before = census(bench)
    for name in ("mapping", "main", "people"):
        setattr(bench, name, getattr(bench, name).replace("github-eng", "github-new"))
    for _ in range(2):
        await after_edits(bench)
    await approved(bench)
    assert census(bench) == before


async def test_a_record_deleted_while_it_was_ambiguous_is_nobody_any_more(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    one = github_of(bench).add_issue("api", "Twins")
    other = github_of(bench).add_issue("web", "Twins")
    jira = jira_of(bench).add("Story", "ENG", {"title": "Twins"}, by="ada")
    await after_edits(bench)
    github_of(bench).delete(other)
    async with bench.desk() as desk:
        await sync(desk)
        await sweep(desk)
    await after_edits(bench)
    item = await item_of(bench, str(jira["key"]))
    assert {side.link.key for side in item.sides} == {str(jira["key"]), one}


async def test_the_first_creates_of_a_rule_added_later_wait_for_a_person(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    jira_of(bench).add("Story", "ENG", {"title": "Old story"}, by="ada")
    await after_edits(bench)
    bench.mapping += CREATE
    before = census(bench)
    for _ in range(3):
        await after_edits(bench)
    assert census(bench) == before
    await approved(bench)
    assert census(bench)["github", "Old story"] == 1


async def test_an_edit_made_while_a_create_is_looked_up_arrives_in_the_new_record(tmp_path: Path) -> None:
    """What was created stands for what was sent, not for what the value is by the time it is found."""
    bench = await agreed(tmp_path, mapping=CREATE)
    key = str(jira_of(bench).add("Story", "ENG", {"title": "As created"}, by="ada")["key"])
    bench.sandbox.faults.add("github:timeout-after-commit:match=createIssue:count=1")
    await after_edits(bench)
    assert census(bench)["github", "As created"] == 1
    bench.sandbox.faults.clear()
    bench.sandbox.faults.add("github:503")
    jira_of(bench).set(key, "summary", "Renamed since", by="ada")
    await after_edits(bench)
    await all_is_well(bench)
    assert census(bench)["github", "Renamed since"] == 1


async def test_milestones_of_two_repositories_whose_answers_are_lost_are_made_once_each(tmp_path: Path) -> None:
    bench = await agreed(
        tmp_path,
        mapping="create:\n  milestone: {from: jira-pmo, in: [{github-eng: {repositories: [api, web]}}]}\n",
    )
    jira_of(bench).add("version", "ENG", {"title": "Winter"}, by="ada")
    await after_edits(bench)
    await approved(bench)
    jira_of(bench).add("version", "ENG", {"title": "Spring"}, by="ada")
    bench.sandbox.faults.add("github:timeout-after-commit:method=POST:match=milestones:count=2")
    await after_edits(bench)
    await after_edits(bench)
    await all_is_well(bench)
    assert census(bench)["github", "Spring"] == 2


@pytest.mark.parametrize("mutation", ["addProjectV2ItemById", "updateProjectV2ItemFieldValue"])
async def test_a_kill_between_an_issue_and_its_project_fields_is_made_good(tmp_path: Path, mutation: str) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    key = str(jira_of(bench).add("Story", "ENG", {"title": "Half made", "due_on": "2026-05-05"}, by="ada")["key"])
    jira_of(bench).set(key, "status", "In Progress", by="ada")
    bench.sandbox.faults.add(f"github:reset:match={mutation}")
    await after_edits(bench)
    bench.sandbox.faults.clear()
    for _ in range(3):
        await after_edits(bench)
    await all_is_well(bench)
    item = await item_of(bench, key)
    (github,) = (side.link.key for side in item.sides if side.connection == GITHUB)
    assert shown(bench, "github", github)["Status"] == "In Progress"


async def test_a_plan_made_while_another_process_writes_disturbs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await agreed(tmp_path)
    for each in (TASK, OTHER):
        jira_of(bench).set(each[0], "summary", f"Written meanwhile {each[0]}", by="ada")
    bench.clock.pass_(LATER_S)
    async with bench.desk() as daemon, bench.desk() as other:
        await daemon.store.acquire_lease()
        connector = daemon.accounts[GITHUB].connector
        read, write = connector.read_many, connector.write

        async def before(refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
            await make_plan(other)
            return await read(refs)

        async def after(batch: Sequence[Write]) -> Sequence[Outcome]:
            outcomes = await write(batch)
            await make_plan(other)
            return outcomes

        monkeypatch.setattr(connector, "read_many", before)
        monkeypatch.setattr(connector, "write", after)
        cycle = await sync(daemon)
        assert len(cycle.pushed.done) == 2
        assert not cycle.pushed.failed
    await all_is_well(bench)


async def test_a_plan_applied_twice_or_a_day_later_writes_only_what_is_still_due(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "title", "Planned", by="ben")
    bench.clock.pass_(LATER_S)
    plan = await bench.plan()
    assert (await bench.plan()).plan_id == plan.plan_id
    await bench.apply(plan.plan_id)
    jira_of(bench).set(TASK[0], "summary", "Later", by="ada")
    bench.clock.pass_(86_400)
    mark = bench.sandbox.log.mark()
    applied = await bench.apply(plan.plan_id)
    assert len(applied.missed) == len(plan.lines)
    assert bench.writes_since(mark) == []
    await bench.settle()
    assert shown(bench, "github", TASK[1])["title"] == "Later"


async def test_a_lost_database_makes_nothing_again(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    jira_of(bench).add("Story", "ENG", {"title": "Made by us"}, by="ada")
    await after_edits(bench)
    before = census(bench)
    bench.lose_store()
    await after_edits(bench)
    await approved(bench)
    assert census(bench) == before
    await all_is_well(bench)


async def test_a_parent_linked_later_by_a_person_arrives(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    epics = [
        str(github_of(bench).add("Epic", place, {"title": "Twin plans"}, by="ben")["key"]) for place in ("api", "web")
    ]
    epic = str(jira_of(bench).add("Initiative", "PMO", {"title": "Twin plans"}, by="ada")["key"])
    await after_edits(bench)
    github_of(bench).set(TASK[1], "parent", epics[0], by="ben")
    await after_edits(bench)
    await after_edits(bench)
    async with bench.desk() as desk:
        (proposal,) = await desk.store.proposals.by_portfolio("platform", ProposalState.OPEN)
        await accept_match(desk, proposal, [epics[0], epic])
    for _ in range(2):
        await after_edits(bench)
    assert shown(bench, "jira", TASK[0])["parent"] == epic


async def test_a_tool_that_hides_everything_is_not_read_as_everything_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that answers as a stranger's: no ids, and "not found" for whatever is asked by id."""
    bench = await agreed(tmp_path)
    async with bench.desk() as desk:
        connector = desk.accounts[JIRA].connector

        async def nothing() -> AsyncIterator[Sequence[Ref]]:
            yield ()

        async def missing(refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
            return {ref: NotFoundError("not found") for ref in refs}

        monkeypatch.setattr(connector, "ids", nothing)
        monkeypatch.setattr(connector, "read_many", missing)
        for _ in range(2):
            await sync(desk)
            await sweep(desk)
            bench.clock.pass_(LATER_S)
        assert {link.state for link in await desk.store.links.by_connection(JIRA)} == {LinkState.LIVE}
    await all_is_well(bench)


async def test_a_second_step_that_failed_for_now_is_taken_later(tmp_path: Path) -> None:
    """Jira takes a title and a status in two requests; the second one meets somebody else's lock."""
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "title", "Both at once", by="ben")
    github_of(bench).set(TASK[1], "Status", "In Progress", by="ben")
    bench.sandbox.faults.add("jira:409:match=transitions:kind=write:count=1")
    for _ in range(3):
        await after_edits(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == "Both at once"
    assert shown(bench, "jira", TASK[0])["status"] == "In Progress"
    await all_is_well(bench)


async def test_a_create_whose_status_failed_for_now_gets_it_later(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=BOTH_WAYS)
    key = str(github_of(bench).add("Task", "api", {"title": "Under way", "Status": "In Progress"}, by="ben")["key"])
    await after_edits(bench)
    await approved(bench)
    key = str(github_of(bench).add("Task", "api", {"title": "Also", "Status": "In Progress"}, by="ben")["key"])
    bench.sandbox.faults.add("jira:409:match=transitions:kind=write:count=1")
    for _ in range(3):
        await after_edits(bench)
    item = await item_of(bench, key)
    (jira,) = (side.link.key for side in item.sides if side.connection == JIRA)
    assert shown(bench, "jira", jira)["status"] == "In Progress"
    await all_is_well(bench)


async def test_a_create_seen_in_a_list_before_it_is_looked_up_takes_the_edit_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    key = str(jira_of(bench).add("Story", "ENG", {"title": "As created"}, by="ada")["key"])
    bench.sandbox.faults.add("github:timeout-after-commit:match=createIssue:count=1")
    await after_edits(bench)
    jira_of(bench).set(key, "summary", "Renamed since", by="ada")
    bench.clock.pass_(30)
    async with bench.desk() as desk:

        async def nothing(_: object) -> Mapping[EntityId, Sequence[Record]]:
            return {}

        monkeypatch.setattr(desk.accounts[GITHUB].connector, "find_created", nothing)
        await sync(desk)
    await all_is_well(bench)
    assert census(bench)["github", "Renamed since"] == 1


async def test_an_automation_that_changes_our_writes_back_is_not_fought_for_ever(tmp_path: Path) -> None:
    """Golden story S29, with an automation that is slower than our read-back."""
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "Status", "In Progress", by="ben")
    await after_edits(bench)
    mark = bench.sandbox.log.mark()
    for _ in range(8):
        jira_of(bench).set(TASK[0], "status", "Backlog", by="admin")
        await after_edits(bench)
    assert len(bench.writes_since(mark)) <= 3
