"""Attacks on the engine: whatever could lose an edit, make something twice, or write what nobody was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from syncd.engine.absent import sweep
from syncd.engine.cycle import sync
from syncd.errors import NotFoundError, RemoteError
from syncd.model.native import Record
from syncd.model.refs import Ref
from tests.engine.bench import Bench
from tests.engine.hand import (
    CREATE,
    JIRA,
    LATER_S,
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

BOTH_WAYS = """\
create:
  task:
    - {from: jira-pmo, in: [{github-eng: {repository: api}}]}
    - {from: github-eng, in: [{jira-pmo: {project: ENG}}]}
"""


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


async def test_an_item_missed_once_by_mistake_flows_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "title", "Through the gap", by="ben")
    bench.clock.pass_(LATER_S)
    async with bench.desk() as desk:
        connector = desk.accounts[JIRA].connector

        async def missing(refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
            return {ref: NotFoundError("gone or hidden") for ref in refs}

        monkeypatch.setattr(connector, "read_many", missing)
        await sync(desk)
    await after_edits(bench)
    async with bench.desk() as desk:
        await sync(desk)
        await sweep(desk)
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
