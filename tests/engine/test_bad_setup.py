"""Bad input: what administrators and people do to fields, options, items and each other's ways."""

from __future__ import annotations

from pathlib import Path

from syncd.engine.find import find_item
from tests.engine.bench import make_bench
from tests.engine.hand import (
    CREATE,
    LATER_S,
    OTHER,
    TASK,
    after_edits,
    agreed,
    all_is_well,
    census,
    findings,
    flows,
    github_of,
    item_of,
    jira_of,
    quarantined,
    retry_all,
    shown,
    told,
)


async def test_a_renamed_field_is_told_and_what_was_edited_meanwhile_flows_after(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    jira_of(bench).site.rename_field("customfield_10015", "Begin")
    github_of(bench).rename_field("Status", "State of things")
    github_of(bench).set(TASK[1], "Start date", "2026-02-01", by="ben")
    jira_of(bench).set(TASK[0], "status", "In Progress", by="ada")
    report = await findings(bench)
    assert len(report.problems) == 4
    assert (
        'jira-pmo (task.start_on): jira-pmo has no field "Start date" any more: task.start_on stays as it is there\n'
        "  fix: rename it back, or name the field under fields.task.start_on.jira-pmo"
    ) in report.problems
    assert sum('github-eng has no field "Status" any more' in problem for problem in report.problems) == 2
    await flows(bench, "Flows past renamed fields")
    assert shown(bench, "github", TASK[1])["State of things"] == "Todo"

    jira_of(bench).site.rename_field("customfield_10015", "Start date")
    github_of(bench).rename_field("State of things", "Status")
    await all_is_well(bench)
    assert (await findings(bench)).problems == ()
    assert shown(bench, "jira", TASK[0])["Start date"] == "2026-02-01"
    assert shown(bench, "github", TASK[1])["Status"] == "In Progress"


async def test_a_deleted_option_freezes_its_items_and_clears_nothing(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    before = [shown(bench, "jira", key)["status"] for key in ("PMO-1", TASK[0], OTHER[0])]
    github_of(bench).delete_option("Status", "In Progress")
    report = await findings(bench)
    assert told(report.unreadable) == {
        "the option that initiative.status for github-eng showed was deleted in the tool: choose another one there": 1,
        "the option that task.status for github-eng showed was deleted in the tool: choose another one there": 2,
    }
    await flows(bench, "Flows past a deleted option")
    assert [shown(bench, "jira", key)["status"] for key in ("PMO-1", TASK[0], OTHER[0])] == before
    for key in ("acme/api#1", OTHER[1]):
        github_of(bench).set(key, "Status", "Done", by="ben")
    await all_is_well(bench)
    assert shown(bench, "jira", OTHER[0])["status"] == "Done"


async def test_a_renamed_status_is_told_once_with_a_count_and_forty_items_flow_on(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, items=2)
    github = github_of(bench)
    for number in range(40):
        github.add("task", "api", {"title": f"Number {number}", "Status": "In Progress"}, by="ben")
    await bench.apply((await bench.plan()).plan_id, approve=True)
    await bench.settle()
    github.rename_option("Status", "In Progress", "Doing it")
    github.set("acme/api#4", "title", "Flows all the same", by="ben")
    report = await findings(bench)
    what = '"Doing it" is not in the value table of task.status for github-eng'
    assert told(report.unreadable)[what] >= 40
    assert sum("Doing it" in line for line in told(report.unreadable)) <= 2, "once for each kind"
    await all_is_well(bench)
    async with bench.desk() as desk:
        item = await find_item(desk, "acme/api#4")
    assert item.entity.values["title"] == "Flows all the same"
    assert item.entity.values["status"] == "in_progress"


async def test_a_deleted_option_of_a_jira_select_clears_nothing(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, items=2)
    bench.mapping = bench.mapping.replace(
        "people:", "  initiative.team: {jira-pmo: Team}\n  initiative.health: {jira-pmo: Health}\npeople:"
    )
    await bench.apply((await bench.plan()).plan_id, approve=True)
    await bench.settle()
    was = (await item_of(bench, "PMO-1")).entity.values
    jira_of(bench).site.drop_option("customfield_10021", str(shown(bench, "jira", "PMO-1")["Team"]))
    jira_of(bench).set("PMO-1", "summary", "Read anew", by="ada")
    report = await findings(bench)
    assert told(report.unreadable) == {
        "the option that initiative.team for jira-pmo showed was deleted in the tool: choose another one there": 1
    }
    await bench.settle()
    now = (await item_of(bench, "PMO-1")).entity.values
    assert (now["team"], now["health"]) == (was["team"], was["health"])
    jira_of(bench).set("PMO-1", "Team", "Web", by="ada")
    await all_is_well(bench)
    assert (await item_of(bench, "PMO-1")).entity.values["team"] == "Web"


async def test_a_copy_of_an_issue_of_ours_is_set_aside_until_the_marker_is_off(tmp_path: Path) -> None:
    bench = await agreed(tmp_path, mapping=CREATE)
    jira_of(bench).add("Story", "ENG", {"title": "Made by rule"}, by="ada")
    await after_edits(bench)
    (made,) = (row for row in github_of(bench).show() if row["title"] == "Made by rule")  # type: ignore[attr-defined]
    body = f"<!-- syncd:{(await item_of(bench, str(made['key']))).entity.id} -->"
    assert body in str(shown(bench, "github", str(made["key"]))["body"])
    copy = github_of(bench).add("task", "api", {"title": "Copied by hand", "body": body}, by="ben")
    before = census(bench)
    await after_edits(bench)
    await bench.sync(full=True)
    assert [(row.ref is not None, row.reason, row.attempts) for row in await quarantined(bench)] == [
        (
            True,
            (
                f"it carries the marker of {made['key']}, which is linked already: "
                "take the marker off the copy if it is a thing of its own"
            ),
            1,
        )
    ]
    assert census(bench) == before
    github_of(bench).set(str(copy["key"]), "title", "Still only a copy", by="ben")
    await flows(bench, "Flows past a copy")
    assert sum(title == "Made by rule" for _, title in census(bench).elements()) == 2

    github_of(bench).set(str(copy["key"]), "body", "A thing of its own.", by="ben")
    await all_is_well(bench)
    assert await quarantined(bench) == []
    assert (await item_of(bench, str(copy["key"]))).entity.id != (await item_of(bench, str(made["key"]))).entity.id


async def test_parents_moved_in_a_circle_from_two_tools_are_held_as_one_story(tmp_path: Path) -> None:
    """Golden story S21, with Jira's hierarchy bent as an import may leave it."""
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "parent", OTHER[1], by="ben")
    site = jira_of(bench).site
    site.update(site.find_issue(OTHER[0]), "712020:ada", {"parent": site.find_issue(TASK[0]).id}, ())
    mark = bench.sandbox.log.mark()
    cycle = await after_edits(bench)
    why = 'parent would go round in a circle: "Design login audit trail", "Design session lifetime"'
    assert [row.content.why for row in cycle.opened] == [why, why]
    assert bench.writes_since(mark) == []
    await flows(bench, "Flows past a circle")
    github_of(bench).set(TASK[1], "parent", "acme/api#1", by="ben")
    bench.clock.pass_(LATER_S)
    await bench.settle()
    assert not (await bench.verify()).conflicts, "one of them moved back settles it"
    assert shown(bench, "jira", TASK[0])["parent"] == "PMO-1"


async def test_a_start_after_the_end_is_held_with_both_dates(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    jira_of(bench).set(TASK[0], "Start date", "2027-01-01", by="ada")
    mark = bench.sandbox.log.mark()
    (conflict,) = (await after_edits(bench)).opened
    assert conflict.content.why == "it would start on 2027-01-01, after its due_on 2026-03-02"
    assert bench.writes_since(mark) == []
    await flows(bench, "Flows past a wrong date")
    jira_of(bench).set(TASK[0], "duedate", "2027-02-01", by="ada")
    await all_is_well(bench)
    assert shown(bench, "github", TASK[1])["Start date"] == "2027-01-01"


async def test_people_nobody_knows_or_who_left_freeze_one_field(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    github_of(bench).set(TASK[1], "assignees", ["admin"], by="ben")
    report = await findings(bench)
    (what,) = told(report.unreadable)
    assert what.endswith("is not in the people file for github-eng (task.assignees for github-eng)")
    await flows(bench, "Flows past a stranger")
    assert shown(bench, "jira", TASK[0])["assignee"] == "Chi Example"

    jira_of(bench).site.users["712020:ada"].active = False
    github_of(bench).set(TASK[1], "assignees", ["ada"], by="ben")
    github_of(bench).set(TASK[1], "title", "Along with a name", by="ben")
    await after_edits(bench)
    for _ in range(3):
        await bench.sync()
    assert shown(bench, "jira", TASK[0])["summary"] == "Along with a name", "one refused field keeps no other back"
    assert [(row.field, row.reason) for row in await quarantined(bench)] == [
        ("assignees", "Jira refused the content: \"assignee: User '712020:ada' cannot be assigned issues.\"")
    ]
    jira_of(bench).site.users["712020:ada"].active = True
    await retry_all(bench)
    await all_is_well(bench)
    assert shown(bench, "jira", TASK[0])["assignee"] == "Ada Example"
    assert await quarantined(bench) == []


async def test_one_item_we_may_not_edit_keeps_nobody_else_back(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    bench.sandbox.faults.add(f"jira:403:item={TASK[0]}:kind=write")
    github_of(bench).set(TASK[1], "title", "Not for you", by="ben")
    github_of(bench).set(OTHER[1], "title", "For everyone", by="ben")
    await after_edits(bench)
    mark = bench.sandbox.log.mark()
    for _ in range(4):
        await bench.sync()
    asked = [entry for entry in bench.sandbox.log.since(mark) if entry.status == 403]
    assert len(asked) == 1, "refused twice, then it waits for a person"
    assert shown(bench, "jira", OTHER[0])["summary"] == "For everyone"
    assert [(row.field, row.reason) for row in await quarantined(bench)] == [
        ("title", 'the credential may not do this: "You do not have permission."')
    ]
    bench.sandbox.faults.clear()
    await retry_all(bench)
    await all_is_well(bench)
    assert shown(bench, "jira", TASK[0])["summary"] == "Not for you"
    assert await quarantined(bench) == []
