"""Reading: every field, every state an item can be in, nested lists to their end, and scans that miss nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from syncd.errors import ForbiddenError, NotFoundError
from syncd.model.native import (
    Choice,
    Choices,
    Date,
    Instant,
    Number,
    People,
    Record,
    RecordState,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import Ref
from syncd.sandbox.github import edits_project
from syncd.sandbox.github.nodes import Issue
from tests.connectors.github.rig import MARKER, NAME, Rig


async def test_an_issue_is_read_with_its_own_fields_and_the_projects(rig: Rig) -> None:
    milestone = rig.hub.add_milestone("api", "1.0", due_on="2026-06-01")
    parent = rig.hub.add_issue("api", "Login", type="Epic")
    blocker = rig.hub.add_issue("web", "First")
    key = rig.hub.add_issue(
        "api",
        "Sign in",
        body=f"Words\n\n<!-- syncd:{MARKER} -->",
        labels=["ui"],
        assignees=["admin"],
        milestone="1.0",
        type="Bug",
        parent=parent,
        blocked_by=[blocker],
        Status="In Progress",
        Estimate=3,
        **{"Target date": "2026-05-01"},
    )
    record = await rig.read(key)

    assert (record.type, record.container, record.key, record.state) == ("Bug", "acme/api", key, RecordState.LIVE)
    assert record.marker == MARKER
    assert record.aliases == (Ref(NAME, "draft", rig.hub.people.item(key).id),)
    fields = record.fields
    assert fields["title"] == Text("Sign in")
    assert fields["body"] == RichText(TextFormat.MARKDOWN, "Words")
    assert fields["state"] == Choice("open", "")
    assert fields["labels"] == Choices(frozenset({Choice("ui", "ui")}))
    assert isinstance(fields["assignees"], People)
    assert [person.login for person in fields["assignees"].members] == ["admin"]
    assert fields["milestone"] == rig.ref(milestone)
    assert isinstance(fields["type"], Choice)
    assert fields["type"].label == "Bug"
    assert fields["parent"] == rig.ref(parent)
    assert fields["depends_on"] == Refs(frozenset({rig.ref(blocker)}))
    status = fields[rig.field("Status")]
    assert isinstance(status, Choice)
    assert status.label == "In Progress"
    assert fields[rig.field("Estimate")] == Number(Decimal(3))
    assert fields[rig.field("Target date")] == Date(date(2026, 5, 1))
    assert fields[rig.field("Start date")] is None


async def test_a_plain_issue_has_empty_fields_and_no_missing_ones(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "Plain"))
    assert record.type == "Issue"
    assert {key for key, value in record.fields.items() if value is None} >= {"body", "milestone", "type", "parent"}
    described = await rig.connector.describe()
    keys = {field.key for field in described.fields if "Issue" in field.record_types}
    assert set(record.fields) == keys


async def test_a_milestone_is_read_with_the_day_it_is_due(rig: Rig) -> None:
    key = rig.hub.add_milestone("web", "Beta", due_on="2026-01-15", description="Soon")
    record = await rig.read(key)
    assert (record.type, record.container, record.key) == ("milestone", "acme/web", "Beta")
    due = record.fields["due_on"]
    assert isinstance(due, Instant)
    assert due.value.date() == date(2026, 1, 15)
    assert record.fields["description"] == RichText(TextFormat.MARKDOWN, "Soon")
    assert record.fields["state"] == Choice("open", "")


async def test_a_draft_is_read_by_its_item_and_stays_findable_once_it_is_an_issue(rig: Rig) -> None:
    item = rig.hub.add_draft("Idea", body="Maybe", Status="Todo")
    draft = await rig.read(item)
    assert (draft.type, draft.container, draft.ref.kind) == ("draft", "acme/#7", "draft")
    assert draft.fields["body"] == RichText(TextFormat.MARKDOWN, "Maybe")

    key = rig.hub.convert_draft(item, "api")
    issue = await rig.read(draft.ref)
    assert issue.ref == rig.ref(key)
    assert draft.ref in issue.aliases
    assert [record.ref for record in await rig.changes()] == [issue.ref]


async def test_archived_removed_hidden_and_deleted_are_told_apart(rig: Rig) -> None:
    keys = {name: rig.hub.add_issue("api", name) for name in ("archived", "removed", "hidden", "deleted")}
    refs = {name: rig.ref(key) for name, key in keys.items()}
    assert len(await rig.changes()) == 4
    rig.hub.archive(keys["archived"])
    rig.hub.remove_item(keys["removed"])
    rig.hub.redact_item(keys["hidden"])
    rig.hub.delete(keys["deleted"])

    read = await rig.connector.read_many(list(refs.values()))
    states = {name: getattr(read[ref], "state", type(read[ref])) for name, ref in refs.items()}
    assert states == {
        "archived": RecordState.ARCHIVED,
        "removed": RecordState.OUT_OF_SCOPE,
        "hidden": RecordState.HIDDEN,
        "deleted": NotFoundError,
    }
    hidden = read[refs["hidden"]]
    assert isinstance(hidden, Record)
    assert (hidden.ref, hidden.key, hidden.container) == (refs["hidden"], keys["hidden"], "acme/api")
    removed = read[refs["removed"]]
    assert isinstance(removed, Record)
    assert rig.field("Status") not in removed.fields
    assert [record.ref for record in await rig.changes()] == []
    assert [ref async for refs in rig.connector.ids() for ref in refs] == []


async def test_what_may_be_hidden_is_never_called_gone(rig: Rig) -> None:
    """After a restart nobody knows which issue the REDACTED item holds: so none may be read as deleted."""
    hidden, deleted = rig.hub.add_issue("api", "hidden"), rig.hub.add_issue("api", "deleted")
    refs = [rig.ref(hidden), rig.ref(deleted)]
    rig.hub.redact_item(hidden)
    rig.hub.delete(deleted)
    read = await rig.connector.read_many(refs)
    assert [type(read[ref]) for ref in refs] == [ForbiddenError, ForbiddenError]


async def test_nested_lists_are_read_to_their_end(rig: Rig) -> None:
    labels = [f"label {number:03}" for number in range(100)]
    people = [rig.hub.state.add_user(f"person-{number}", name="Ada Example").login for number in range(10)]
    blockers = [rig.hub.add_issue("web", f"Blocker {number}") for number in range(25)]
    key = rig.hub.add_issue("api", "Wide", labels=labels, assignees=people, blocked_by=blockers)
    fields = (await rig.read(key)).fields
    assert isinstance(fields["labels"], Choices)
    assert {choice.id for choice in fields["labels"].members} == set(labels)
    assert fields["depends_on"] == Refs(frozenset(rig.ref(blocker) for blocker in blockers))
    assert isinstance(fields["assignees"], People)
    assert len(fields["assignees"].members) == 10


async def test_a_scan_of_a_known_portfolio_reads_nothing_whole(rig: Rig) -> None:
    for number in range(5):
        rig.hub.add_issue("api", f"Issue {number}")
    rig.hub.add_draft("Draft")
    rig.hub.add_milestone("api", "1.0")
    await rig.clock.sleep(10)
    first = await rig.changes()
    assert len(first) == 7
    known = {record.ref: record.revision for record in first}
    _ = rig.asked
    assert await rig.changes(known, rig.cursor) == []
    assert "query items" not in rig.asked


async def test_milestones_beyond_a_page_are_listed_once_each(rig: Rig) -> None:
    for number in range(150):
        rig.hub.add_milestone("api", f"Release {number}")
    _ = rig.asked
    titles = [record.key for record in await rig.changes()]
    assert sorted(titles) == sorted(f"Release {number}" for number in range(150))
    assert sum("ilestones" in request for request in rig.asked) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Other"),
        ("labels", ["new"]),
        ("Status", "Done"),
        ("parent", "acme/api#1"),
        ("blocked_by", ["acme/api#1"]),
        ("milestone", "1.0"),
    ],
)
async def test_an_edit_of_any_field_is_seen_by_the_scan(rig: Rig, field: str, value: object) -> None:
    rig.hub.add_issue("api", "Other one")
    rig.hub.add_milestone("api", "1.0")
    key = rig.hub.add_issue("api", "One")
    await rig.clock.sleep(10)
    known = {record.ref: record.revision for record in await rig.changes()}
    rig.hub.set(key, field, value)
    assert rig.ref(key) in {record.ref for record in await rig.changes(known, rig.cursor)}


async def test_a_second_edit_in_the_second_we_read_in_is_not_missed(rig: Rig) -> None:
    key = rig.hub.add_issue("api", "One")
    known = {record.ref: record.revision for record in await rig.changes()}
    rig.hub.set(key, "title", "Two")  # within the same second: GitHub's times do not move
    assert [record.fields["title"] for record in await rig.changes(known, rig.cursor)] == [Text("Two")]


async def test_an_edit_of_the_projects_own_options_reads_every_item_anew(rig: Rig) -> None:
    """Deleting an option empties items without counting as an update of any of them."""
    key = rig.hub.add_issue("api", "One", Status="In Review")
    await rig.clock.sleep(10)
    known = {record.ref: record.revision for record in await rig.changes()}
    rig.hub.delete_option("Status", "In Review")
    (record,) = await rig.changes(known, rig.cursor)
    assert (record.key, record.fields[rig.field("Status")]) == (key, None)


async def test_only_configured_repositories_are_in_scope(rig: Rig) -> None:
    inside, outside = rig.hub.add_issue("api", "In"), rig.hub.add_issue("web", "Out")
    rig.hub.add_milestone("web", "Out too")
    rig.connector = rig.connect(scope={"owner": "acme", "project": 7, "repositories": ["api"]})
    assert [record.key for record in await rig.changes()] == [inside]
    assert [ref async for refs in rig.connector.ids() for ref in refs] == [rig.ref(inside)]
    assert (await rig.read(outside)).state is RecordState.OUT_OF_SCOPE


async def test_an_item_of_another_project_is_none_of_ours_even_when_it_is_named(rig: Rig) -> None:
    """A webhook of the organisation names the items of all its projects."""
    other = rig.hub.state.add_project(rig.hub.project.owner, 8, "Another")
    draft = edits_project.add_draft(rig.hub.state, other, "Elsewhere", "", by=rig.hub.bot)
    issue = rig.hub.people.find(rig.hub.add_issue("api", "In both"))
    assert isinstance(issue, Issue)
    item = edits_project.add(rig.hub.state, other, issue, rig.hub.bot)
    refs = [Ref(NAME, "draft", draft.id), Ref(NAME, "draft", item.id)]
    assert [type(found) for found in (await rig.connector.read_many(refs)).values()] == [NotFoundError] * 2


async def test_without_configured_repositories_those_of_the_project_count(rig: Rig) -> None:
    rig.hub.add_issue("web", "One")
    rig.connector = rig.connect(scope={"owner": "acme", "project": 7})
    assert [record.key for record in await rig.changes()] == ["acme/web#1"]


async def test_more_than_a_page_of_items_is_scanned_and_read(rig: Rig) -> None:
    keys = [rig.hub.add_issue("api", f"Issue {number}") for number in range(130)]
    records = await rig.changes()
    assert {record.key for record in records} == set(keys)
    assert len([ref async for refs in rig.connector.ids() for ref in refs]) == 130


async def test_the_seeded_portfolio_is_read_whole_and_fits_its_description() -> None:
    rig = Rig(items=60)
    records = await rig.changes()
    described = await rig.connector.describe()
    for record in records:
        keys = {field.key for field in described.fields if record.type in field.record_types}
        assert set(record.fields) <= keys
    assert {"Epic", "milestone"} <= {record.type for record in records}
    assert all(record.updated_at and record.updated_at.tzinfo is UTC for record in records)
    await rig.client.aclose()


async def test_people_are_found_by_login_and_id_and_nobody_by_mail(rig: Rig) -> None:
    by_login = await rig.connector.people(["admin", "nobody-here", "ada@example.com"])
    assert [person.login for person in by_login.values()] == ["admin"]
    admin = by_login["admin"]
    assert await rig.connector.people([admin.id]) == {admin.id: admin}


async def test_times_are_utc_and_empty_closing_is_none(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    assert record.fields["createdAt"] == Instant(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))
    assert record.fields["closedAt"] is None
