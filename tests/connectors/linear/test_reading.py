"""What is particular to reading Linear: archive and trash, moves, periods, ties, and lists that move while we page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from syncd.connectors.linear.api import Answer, Api
from syncd.connectors.linear.fields import make_date, resolution_of
from syncd.connectors.linear.scan import Mark
from syncd.errors import NotFoundError
from syncd.model.native import (
    Choice,
    Choices,
    Date,
    Instant,
    Person,
    Record,
    RecordState,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import Cursor, Ref
from tests.connectors.linear.rig import NAME, Rig, known_of, nothing_known

EVERYTHING = frozenset({"issue", "project", "initiative", "milestone", "iteration", "comment"})


async def test_archived_auto_archived_and_trashed_is_archived_and_only_deletion_is_gone(rig: Rig) -> None:
    shown = [rig.add("issue", "API", title=title) for title in ("Archived", "Pruned", "Trashed", "Purged")]
    project, initiative = rig.add("project", "API", name="Billing"), rig.add("initiative", "", name="Grow")
    await rig.clock.sleep(5)
    records = await rig.changes()
    assert {record.state for record in records} == {RecordState.LIVE}
    rig.tool.archive(shown[0].id)
    rig.tool.auto_archive(shown[1].id)
    for ref in (shown[2], project, initiative):
        rig.tool.delete(ref.id)
    rig.tool.purge(shown[3].id)
    answers = await rig.connector.read_many([*shown, project, initiative])
    for ref in (*shown[:3], project, initiative):
        read = answers[ref]
        assert isinstance(read, Record)
        assert read.state is RecordState.ARCHIVED
    assert isinstance(answers[shown[3]], NotFoundError)
    changed = await rig.changes(known_of(records), rig.cursor)
    assert {record.ref: record.state for record in changed} == dict.fromkeys(
        (*shown[:3], project, initiative), RecordState.ARCHIVED
    )
    swept = {ref async for refs in rig.connector.ids() for ref in refs}
    assert swept == {*shown[:3], project, initiative}
    rig.tool.restore(shown[2].id)
    assert (await rig.read(shown[2])).state is RecordState.LIVE


async def test_an_issue_that_moves_to_another_team_keeps_its_ref_and_gets_a_new_key(rig: Rig) -> None:
    ref = rig.add("issue", "API", title="Nomad")
    before = await rig.read(ref)
    rig.tool.set(ref.id, "team", "WEB")
    after = await rig.read(ref)
    assert (before.container, after.container) == ("API", "WEB")
    assert before.key.startswith("API-")
    assert after.key.startswith("WEB-")
    narrow = rig.connect(scope={"teams": ["API"]})
    outside = (await narrow.read_many([ref]))[ref]
    assert isinstance(outside, Record)
    assert outside.state is RecordState.OUT_OF_SCOPE


async def test_what_is_in_no_team_of_the_scope_is_never_listed(rig: Rig) -> None:
    inside, outside = rig.add("issue", "API", title="In"), rig.add("issue", "WEB", title="Out")
    talk = rig.add("comment", outside.id, body="Elsewhere")
    project = rig.add("project", "WEB", name="Elsewhere")
    rig.add("milestone", project.id, name="Beta")
    rig.connector = rig.connect(scope={"teams": ["API"], "initiatives": False})
    rig.connector.focus(EVERYTHING - {"iteration"})
    rig.add("initiative", "", name="Grow")
    assert [record.ref for record in await rig.changes()] == [inside]
    assert {ref async for refs in rig.connector.ids() for ref in refs} == {inside}
    assert (await rig.read(talk)).state is RecordState.OUT_OF_SCOPE


@pytest.mark.parametrize(
    ("resolution", "fiscal", "span"),
    [
        (None, 0, None),
        ("month", 0, (date(2026, 5, 1), date(2026, 5, 31))),
        ("quarter", 0, (date(2026, 4, 1), date(2026, 6, 30))),
        ("halfYear", 0, (date(2026, 1, 1), date(2026, 6, 30))),
        ("year", 0, (date(2026, 1, 1), date(2026, 12, 31))),
        ("month", 1, (date(2026, 5, 1), date(2026, 5, 31))),
        ("quarter", 1, (date(2026, 5, 1), date(2026, 7, 31))),
        ("halfYear", 3, (date(2026, 4, 1), date(2026, 9, 30))),
        ("year", 9, (date(2025, 10, 1), date(2026, 9, 30))),
        ("decade", 0, None),
    ],
)
def test_a_date_with_a_resolution_stands_for_its_period(
    resolution: str | None, fiscal: int, span: tuple[date, date] | None
) -> None:
    made = make_date(date(2026, 5, 17), resolution, fiscal)
    assert made is not None
    assert (made.value, made.span) == (date(2026, 5, 17), span)
    assert resolution_of(made) == (resolution if span else None)
    assert made.span is None or made.covers(made.value)


async def test_quarters_go_by_the_workspaces_fiscal_year(rig: Rig) -> None:
    project = rig.add("project", "API", name="Billing", target_date="2026-05-17", target_date_resolution="quarter")
    rig.tool.state.organization.fiscal_year_start_month = 1
    shown = (await rig.connect().read_many([project]))[project]
    assert isinstance(shown, Record)
    assert repr(shown.fields["targetDate"]) == repr(Date(date(2026, 5, 17), (date(2026, 5, 1), date(2026, 7, 31))))


async def test_every_field_of_an_issue_is_read(rig: Rig) -> None:
    project = rig.add("project", "API", name="Billing")
    milestone = rig.add("milestone", project.id, name="Beta")
    parent = rig.add("issue", "API", title="Above")
    ref = rig.add("issue", "API", title="Whole", description="- one", state="In Review", labels="Sync")
    rig.tool.set(ref.id, "project", project.id)
    rig.tool.set(ref.id, "milestone", milestone.id)
    rig.tool.set(ref.id, "due_date", "2026-05-01")
    record = await rig.read(ref)
    assert (record.type, record.container, record.url) == ("issue", "API", record.url)
    assert record.fields["title"] == Text("Whole")
    assert record.fields["description"] == RichText(TextFormat.MARKDOWN, "* one")
    state = record.fields["state"]
    assert isinstance(state, Choice)
    assert (state.label, state.category) == ("In Review", "started")
    assert record.fields["labels"] == Choices(frozenset({Choice("Sync", "Sync")}))
    assert record.fields["dueDate"] == Date(date(2026, 5, 1))
    assert record.fields["projectMilestone"] == milestone
    assert record.fields["project"] == record.fields["belongsTo"] == project
    assert isinstance(record.fields["creator"], Person)
    assert isinstance(record.fields["createdAt"], Instant)
    rig.tool.set(ref.id, "parent", parent.id)
    moved = await rig.read(ref)
    assert (moved.fields["belongsTo"], moved.fields["project"]) == (parent, project)


async def test_more_blockers_than_a_first_page_are_all_read(rig: Rig) -> None:
    blocked = rig.add("issue", "API", title="Blocked")
    blockers = frozenset(rig.add("issue", "API", title=f"Blocker {number}") for number in range(12))
    record = await rig.write(blocked, depends_on=Refs(blockers))
    assert record.fields["depends_on"] == Refs(blockers)
    assert "query more" in rig.asked


async def test_a_relation_that_moves_no_date_is_seen_by_the_next_look_at_everything(rig: Rig) -> None:
    rig.tool.state.relations_touch = False
    blocked, other = rig.add("issue", "API", title="Blocked"), rig.add("issue", "API", title="Other")
    await rig.clock.sleep(5)
    records = await rig.changes()
    await rig.write(blocked, depends_on=Refs(frozenset({other})))
    await rig.clock.sleep(5)
    assert await rig.changes(known_of(records), rig.cursor) == []
    await rig.clock.sleep(3600)
    [seen] = await rig.changes(known_of(records), rig.cursor)
    assert (seen.ref, seen.fields["depends_on"]) == (blocked, Refs(frozenset({other})))
    known = known_of(records) | known_of([seen])
    await rig.write(blocked, depends_on=Refs(frozenset()))
    await rig.clock.sleep(3600)
    [gone] = await rig.changes(known, rig.cursor)
    assert gone.fields["depends_on"] == Refs(frozenset())


async def test_a_project_in_two_initiatives_names_both(rig: Rig) -> None:
    project = rig.add("project", "API", name="Billing")
    both = frozenset(rig.add("initiative", "", name=name) for name in ("Grow", "Keep"))
    record = await rig.write(project, parent=Refs(both))
    assert record.fields["parent"] == Refs(both)
    [one, _] = sorted(both)
    assert (await rig.write(project, parent=Refs(frozenset({one})))).fields["parent"] == Refs(frozenset({one}))


async def test_where_nothing_moved_a_scan_is_one_request() -> None:
    rig = Rig(items=40)
    rig.connector.focus(EVERYTHING)
    await rig.clock.sleep(300)
    records = await rig.changes()
    rig.asked.clear()
    await rig.clock.sleep(60)
    assert await rig.changes(known_of(records), rig.cursor) == []
    assert rig.asked == ["query look"]
    assert {record.type for record in records} == EVERYTHING - {"comment"}
    await rig.client.aclose()


async def test_many_of_one_moment_over_a_pages_edge_are_all_seen_once(rig: Rig) -> None:
    rig.connector = rig.connect(options={"share": 1.0, "list_page": 3})
    made = [rig.add("issue", "API", title=f"At once {number}") for number in range(31)]
    assert len({rig.tool.state.issues.by_id[ref.id].updated_at for ref in made}) == 1
    await rig.clock.sleep(5)
    assert Counter(record.ref for record in await rig.changes()) == Counter(made)


async def test_an_edit_while_we_page_hides_nothing_and_is_seen_itself(rig: Rig) -> None:
    rig.connector = rig.connect(options={"share": 1.0, "list_page": 3})
    made = [rig.add("issue", "API", title=f"Issue {number}") for number in range(40)]
    await rig.clock.sleep(5)
    seen: dict[Ref, Record] = {}
    pages = 0

    async for page in rig.connector.changes(None, nothing_known):
        seen |= {record.ref: record for record in page.records}
        cursor = page.resume
        pages += 1
        await rig.clock.sleep(1)
        rig.tool.set(made[pages % 40].id, "title", f"Edited {pages}")
        rig.tool.set(made[-1 - pages % 40].id, "title", f"Edited too {pages}")
    assert seen.keys() == set(made)
    edited = {record.ref: record for record in await rig.changes(known_of(list(seen.values())), cursor)}
    for ref in made:
        assert (edited.get(ref) or seen[ref]).fields["title"] == (await rig.read(ref)).fields["title"]


async def test_an_interrupted_scan_goes_on_where_it_stopped() -> None:
    rig = Rig(items=60, options={"share": 1.0, "list_page": 5})
    everything = {record.ref for record in await rig.changes()}
    seen: set[Ref] = set()
    cursor: Cursor | None = None

    async for page in rig.connector.changes(None, nothing_known):
        seen |= {record.ref for record in page.records}
        cursor = page.resume
        if page.records and page.records[0].type == "issue":
            break
    rest = {record.ref for record in await rig.changes(since=cursor)}
    assert seen | rest == everything
    assert rest < everything
    assert rig.cursor is not None
    assert Mark.model_validate_json(rig.cursor).started is None
    await rig.client.aclose()


async def test_a_list_whose_place_was_deleted_is_begun_anew() -> None:
    rig = Rig(options={"share": 1.0, "list_page": 1})
    made = [rig.add("issue", "API", title=f"Issue {number}") for number in range(40)]
    cursor: Cursor | None = None

    async for page in rig.connector.changes(None, nothing_known):
        cursor = page.resume
        if page.records:
            break
    assert cursor is not None
    place = Mark.model_validate_json(cursor).after
    assert place is not None
    rig.tool.purge(place)
    assert {record.ref for record in await rig.changes(since=cursor)} == {ref for ref in made if ref.id != place}
    await rig.client.aclose()


async def test_a_renamed_project_takes_its_milestones_along(rig: Rig) -> None:
    project = rig.add("project", "API", name="Billing")
    milestone = rig.add("milestone", project.id, name="Beta")
    await rig.clock.sleep(5)
    records = await rig.changes()
    rig.tool.set(project.id, "name", "Invoices")
    await rig.clock.sleep(5)
    changed = {record.ref: record for record in await rig.changes(known_of(records), rig.cursor)}
    assert changed.keys() == {project, milestone}
    assert changed[milestone].container == "API/Invoices"
    described = {container.name for container in (await rig.connect().describe()).containers}
    assert {"API", "WEB", "acme", "API/Invoices"} <= described


async def test_an_edited_workflow_makes_everything_be_read_anew(rig: Rig) -> None:
    rig.add("issue", "API", title="One")
    await rig.clock.sleep(5)
    records = await rig.changes()
    rig.tool.rename_state("API", "Todo", "Up next")
    await rig.connector.describe()
    assert {record.ref for record in await rig.changes(known_of(records), rig.cursor)} == {records[0].ref}


async def test_a_cycle_has_the_days_of_its_teams_zone_and_moves_with_time(rig: Rig) -> None:
    rig.connector.focus(frozenset({"iteration"}))
    cycle = rig.add("cycle", "API", starts_at="2026-06-01T07:00:00.000Z", ends_at="2026-06-15T07:00:00.000Z")
    record = await rig.read(Ref(NAME, "iteration", cycle.id))
    assert record.fields["start_on"] == Date(date(2026, 6, 1))
    assert record.fields["due_on"] == Date(date(2026, 6, 14))
    assert (record.type, record.container, record.fields["completed_on"]) == ("iteration", "API", None)
    assert record.fields["state"] == Choice("future", "Upcoming")
    known = known_of(await rig.changes())
    await rig.clock.sleep(timedelta(days=95).total_seconds())
    moved = {each.ref: each for each in await rig.changes(known, rig.cursor)}
    assert moved[record.ref].fields["state"] == Choice("active", "Active")


async def test_comments_are_read_only_in_focus_and_after_what_they_are_on(rig: Rig) -> None:
    issue, project = rig.add("issue", "API", title="Talk"), rig.add("project", "API", name="Billing")
    first, second = rig.add("comment", issue.id, body="One"), rig.add("comment", project.id, body="Two")
    reply = rig.add("comment", issue.id, body="Three", parent=first.id)
    assert {record.ref for record in await rig.changes()} == {issue, project}
    rig.connector.focus(EVERYTHING - {"iteration"})
    refs = [record.ref for record in await rig.changes()]
    assert set(refs) == {issue, project, first, second, reply}
    assert refs.index(issue) < min(map(refs.index, (first, reply)))
    record = await rig.read(reply)
    assert record.fields["parent"] == issue
    assert record.fields["body"] == RichText(TextFormat.MARKDOWN, "Three")
    assert isinstance(record.fields["author"], Person)
    assert (record.container, (await rig.read(second)).container) == ("API", "API")
    assert record.key.startswith((await rig.read(issue)).key + "#c")


async def test_history_names_who_and_what(rig: Rig) -> None:
    ref = rig.add("issue", "API", title="Before")
    await rig.clock.sleep(60)
    rig.tool.set(ref.id, "title", "After")
    rig.tool.set(ref.id, "labels", "Sync")
    rig.tool.set(ref.id, "state", "Done")
    edits = [edit async for edit in rig.connector.history([ref])]
    assert {"title", "labels", "state"} <= {edit.field for edit in edits}
    admin = rig.tool.people.person(None)
    assert {edit.author for edit in edits} == {admin.name}
    assert max(edit.at for edit in edits) == rig.clock.now()


async def test_a_history_that_nobody_asked_for_tells_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer to somebody else's question, swapped on the way."""
    ref, other = (rig.add("issue", "API", title=title) for title in ("Ours", "Another"))
    rig.tool.set(other.id, "title", "After")
    ask = Api.ask

    async def swapped(self: Api, query: str, variables: Mapping[str, object], **named: Any) -> Answer:  # noqa: ANN401
        return await ask(self, query, {**variables, "ids": [other.id]}, **named)

    monkeypatch.setattr(Api, "ask", swapped)
    assert [edit async for edit in rig.connector.history([ref])] == []
