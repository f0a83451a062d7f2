"""Writing: each field by its own verb, each failure told apart, nothing sent twice, everything read back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from syncd.connectors.protocol import Archive, Create, CreateKey, Done, Outcome, Refused, Unknown, Update
from syncd.errors import RateLimitedError
from syncd.model.native import (
    Choice,
    Choices,
    Date,
    Instant,
    Native,
    Number,
    People,
    Record,
    RecordState,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import EntityId, Ref
from tests.connectors.github.rig import MARKER, NAME, Rig, op
from tests.connectors.sending import is_late, sent

OPEN, DONE = Choice("open", "Open"), Choice("completed", "Closed as completed")


def words(text: str) -> RichText:
    return RichText(TextFormat.MARKDOWN, text)


def labels(*names: str) -> Choices:
    return Choices(frozenset(Choice(name, name) for name in names))


async def update(rig: Rig, record: Record, **fields: Native) -> Record:
    """Change *fields* (project fields by their key) and return the record read back."""
    outcome = await one(rig, Update(op=op(), pre=record, fields=fields))
    assert isinstance(outcome, Done), outcome
    return outcome.record


async def one(rig: Rig, write: Create | Update | Archive) -> Outcome:
    return await sent(rig.connector, write)


def option(rig: Rig, field: str, name: str) -> Choice:
    return next(Choice(one.id, one.name) for one in rig.hub.column(field).options if one.name == name)


async def test_an_issue_is_created_in_its_repository_and_project_with_its_marker(rig: Rig) -> None:
    milestone = rig.ref(rig.hub.add_milestone("api", "1.0"))
    parent = rig.ref(rig.hub.add_issue("api", "Login", type="Epic"))
    blocker = rig.ref(rig.hub.add_issue("web", "First"))
    admin = (await rig.connector.people(["admin"]))["admin"]
    fields: dict[str, Native] = {
        "title": Text("Sign in"),
        "body": words("Words"),
        "labels": labels("new label"),
        "assignees": People(frozenset({admin})),
        "milestone": milestone,
        "parent": parent,
        "depends_on": Refs(frozenset({blocker})),
        "state": DONE,
        rig.field("Status"): option(rig, "Status", "Done"),
        rig.field("Estimate"): Number(Decimal("1.5")),
        rig.field("Target date"): Date(date(2026, 5, 1)),
    }
    _ = rig.asked
    outcome = await one(rig, Create(op=op(), type="Bug", container="acme/api", marker=MARKER, fields=fields))
    assert isinstance(outcome, Done), outcome
    record = outcome.record
    assert (record.type, record.container, record.marker) == ("Bug", "acme/api", MARKER)
    assert record.state is RecordState.LIVE
    assert {key: record.fields[key] for key in fields} == fields
    shown = rig.hub.people.find(record.key)
    assert getattr(shown, "body", "").endswith(f"<!-- syncd:{MARKER} -->")
    assert rig.asked.count("mutation createIssue") == 1


async def test_a_draft_and_a_milestone_are_created_with_their_markers(rig: Rig) -> None:
    draft, milestone = await rig.connector.write(
        [
            Create(op=op(1), type="draft", container="acme/#7", marker=MARKER, fields={"title": Text("Idea")}),
            Create(
                op=op(2),
                type="milestone",
                container="acme/web",
                marker=MARKER,
                fields={
                    "title": Text("Beta"),
                    "description": words("Soon"),
                    "due_on": Instant(datetime(2026, 1, 15, 12, tzinfo=UTC)),
                },
            ),
        ]
    )
    assert isinstance(draft, Done)
    assert (draft.record.ref.kind, draft.record.marker, draft.record.fields["body"]) == ("draft", MARKER, None)
    assert isinstance(milestone, Done)
    assert (milestone.record.marker, milestone.record.fields["description"]) == (MARKER, words("Soon"))
    due = milestone.record.fields["due_on"]
    assert isinstance(due, Instant)
    assert due.value.date() == date(2026, 1, 15)


@pytest.mark.parametrize("day", [date(2026, 1, 15), date(2026, 3, 8), date(2026, 7, 1), date(2026, 11, 1)])
@pytest.mark.parametrize("hour", [0, 7, 12, 23])
async def test_a_due_date_stays_the_day_it_was_whatever_the_season(rig: Rig, day: date, hour: int) -> None:
    """GitHub floors to midnight in Pacific time: the wrong time of day would land on the day before."""
    record = await rig.read(rig.hub.add_milestone("api", "1.0", due_on="2026-07-20"))
    wanted = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    after = await update(rig, record, due_on=Instant(wanted))
    due = after.fields["due_on"]
    assert isinstance(due, Instant)
    assert due.value.date() == day


async def test_a_milestone_is_changed_closed_and_emptied(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_milestone("api", "1.0", due_on="2026-07-20", description="Old"))
    record = await update(rig, record, title=Text("1.1"), state=Choice("closed", ""), due_on=None, description=None)
    assert record.fields["title"] == Text("1.1")
    assert record.fields["state"] == Choice("closed", "")
    assert (record.fields["due_on"], record.fields["description"]) == (None, None)
    assert record.fields["closedAt"] is not None


async def test_an_unchanged_due_date_is_not_sent(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_milestone("api", "1.0", due_on="2026-07-20"))
    _ = rig.asked
    await update(rig, record, due_on=Instant(datetime(2026, 7, 20, 12, tzinfo=UTC)))
    assert not [request for request in rig.asked if request.startswith("PATCH")]


async def test_a_body_keeps_its_marker_when_it_is_edited_and_emptied(rig: Rig) -> None:
    key = rig.hub.add_issue("api", "One", body=f"Old\n\n<!-- syncd:{MARKER} -->")
    record = await update(rig, await rig.read(key), body=words("New\n"))
    assert (record.fields["body"], record.marker) == (words("New\n"), MARKER)
    record = await update(rig, record, body=None)
    assert (record.fields["body"], record.marker) == (None, MARKER)


@pytest.mark.parametrize("reason", ["completed", "not_planned", "duplicate"])
async def test_an_issue_is_closed_with_its_reason_and_opened_again(rig: Rig, reason: str) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    record = await update(rig, record, state=Choice(reason, ""))
    assert record.fields["state"] == Choice(reason, "")
    record = await update(rig, record, state=OPEN)
    assert record.fields["state"] == OPEN


async def test_sets_are_changed_by_what_differs_so_that_a_strangers_addition_survives(rig: Rig) -> None:
    key = rig.hub.add_issue("api", "One", labels=["keep", "drop"], assignees=["admin"])
    before = await rig.read(key)
    rig.hub.set(key, "labels", ["keep", "drop", "stranger"])
    bot = (await rig.connector.people(["sync-bot"]))["sync-bot"]
    after = await update(rig, before, labels=labels("KEEP", "Fresh"), assignees=People(frozenset({bot})))
    assert after.fields["labels"] == labels("keep", "Fresh", "stranger")
    assert after.fields["assignees"] == People(frozenset({bot}))


async def test_nothing_is_written_that_waited_until_a_label_was_made(rig: Rig) -> None:
    """Whoever edited meanwhile would not be seen: all of it is read again first."""
    first, second = [await rig.read(rig.hub.add_issue("api", name)) for name in ("One", "Two")]
    changes = [
        Update(op=op(1), pre=first, fields={"labels": labels("Brand new"), "title": Text("Uno")}),
        Update(op=op(2), pre=second, fields={"title": Text("Due")}),
    ]
    assert [is_late(each) for each in await rig.connector.write(changes)] == [True, True]
    assert [(await rig.read(each)).fields["title"] for each in (first.key, second.key)] == [Text("One"), Text("Two")]
    assert all(isinstance(each, Done) for each in await rig.connector.write(changes))
    assert (await rig.read(first.key)).fields["labels"] == labels("Brand new")


async def test_relations_are_set_moved_and_cleared(rig: Rig) -> None:
    first, second = (rig.ref(rig.hub.add_issue("api", name, type="Epic")) for name in ("First", "Second"))
    milestone = rig.ref(rig.hub.add_milestone("api", "1.0"))
    epic = next(
        choice
        for field in (await rig.connector.describe()).fields
        if field.key == "type"
        for choice in field.options
        if choice.label == "Epic"
    )
    record = await rig.read(rig.hub.add_issue("api", "One"))
    record = await update(
        rig, record, parent=first, milestone=milestone, depends_on=Refs(frozenset({first})), type=epic
    )
    assert (record.fields["parent"], record.fields["milestone"], record.type) == (first, milestone, "Epic")
    record = await update(rig, record, parent=second, depends_on=Refs(frozenset({second})))
    assert (record.fields["parent"], record.fields["depends_on"]) == (second, Refs(frozenset({second})))
    record = await update(rig, record, parent=None, milestone=None, depends_on=Refs(frozenset()), type=None)
    assert [record.fields[key] for key in ("parent", "milestone", "type")] == [None, None, None]
    assert record.fields["depends_on"] == Refs(frozenset())


async def test_project_fields_are_set_and_cleared_in_one_request(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    iteration = rig.hub.column("Iteration").iterations[2]
    wanted: dict[str, Native] = {
        rig.field("Status"): option(rig, "Status", "In Review"),
        rig.field("Estimate"): Number(Decimal(5)),
        rig.field("Start date"): Date(date(2026, 4, 1)),
        rig.field("Iteration"): Ref(NAME, "iteration", f"{rig.field('Iteration')}/{iteration.id}"),
    }
    mark = rig.sandbox.log.mark()
    record = await update(rig, record, **wanted)
    assert {key: record.fields[key] for key in wanted} == wanted
    assert len([entry for entry in rig.sandbox.log.since(mark) if entry.kind == "write"]) == 1
    record = await update(rig, record, **dict.fromkeys(wanted))
    assert {key: record.fields[key] for key in wanted} == dict.fromkeys(wanted)


async def test_a_draft_is_edited_and_archived(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_draft("Idea", body=f"Old\n\n<!-- syncd:{MARKER} -->"))
    admin = (await rig.connector.people(["admin"]))["admin"]
    people = People(frozenset({admin}))
    status = option(rig, "Status", "Done")
    wanted: dict[str, Native] = {
        "title": Text("New"),
        "body": words("B"),
        "assignees": people,
        rig.field("Status"): status,
    }
    record = await update(rig, record, **wanted)
    assert (record.fields["title"], record.fields["body"], record.marker) == (Text("New"), words("B"), MARKER)
    assert (record.fields["assignees"], record.fields[rig.field("Status")]) == (people, status)
    outcome = await one(rig, Archive(op=op(), pre=record))
    assert isinstance(outcome, Done)
    assert outcome.record.state is RecordState.ARCHIVED


async def test_an_issue_is_archived_and_a_milestone_cannot_be(rig: Rig) -> None:
    issue = await rig.read(rig.hub.add_issue("api", "One"))
    milestone = await rig.read(rig.hub.add_milestone("api", "1.0"))
    done, refused = await rig.connector.write([Archive(op=op(1), pre=issue), Archive(op=op(2), pre=milestone)])
    assert isinstance(done, Done)
    assert done.record.state is RecordState.ARCHIVED
    assert isinstance(refused, Refused)
    assert "cannot archive a milestone" in str(refused.error)


async def test_many_changes_share_requests_and_one_bad_one_harms_no_other(rig: Rig) -> None:
    records = [await rig.read(rig.hub.add_issue("api", f"Issue {number}")) for number in range(6)]
    rig.hub.delete(records[2].key)
    mark = rig.sandbox.log.mark()
    outcomes = await rig.connector.write(
        [Update(op=op(number), pre=pre, fields={"title": Text(f"New {number}")}) for number, pre in enumerate(records)]
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Done, Done, Refused, Done, Done, Done]
    assert [outcome.op for outcome in outcomes] == [op(number) for number in range(6)]
    assert len([entry for entry in rig.sandbox.log.since(mark) if entry.kind == "write"]) == 1


async def test_a_part_that_is_refused_leaves_the_rest_done(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    milestone = rig.ref(gone := rig.hub.add_milestone("api", "Gone"))
    rig.hub.delete(gone)
    outcome = await one(rig, Update(op=op(), pre=record, fields={"title": Text("New"), "milestone": milestone}))
    assert isinstance(outcome, Done)
    assert (outcome.record.fields["title"], outcome.record.fields["milestone"]) == (Text("New"), None)


async def test_a_field_that_cannot_be_said_is_refused_with_its_reason(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    draft = rig.ref(rig.hub.add_draft("Idea"))
    _ = rig.asked
    for fields in ({"title": None}, {"author": None}, {"parent": draft}, {rig.field("Estimate"): Text("x")}):
        outcome = await one(rig, Update(op=op(), pre=record, fields=fields))
        assert isinstance(outcome, Refused)
        assert outcome.fields == frozenset(fields)
        assert outcome.error.fix
    assert not [request for request in rig.asked if request.startswith("mutation")]


async def test_an_option_whose_id_changed_is_found_again_by_its_name(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    before = option(rig, "Status", "Done")
    await rig.connector.describe()
    rig.hub.rename_option("Status", "Done", "Done")
    after = await update(rig, record, **{rig.field("Status"): before})
    assert after.fields[rig.field("Status")] == option(rig, "Status", "Done")
    assert before != option(rig, "Status", "Done")


async def test_an_option_that_is_gone_is_refused(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    before = option(rig, "Status", "In Review")
    rig.hub.delete_option("Status", "In Review")
    outcome = await one(rig, Update(op=op(), pre=record, fields={rig.field("Status"): before}))
    assert isinstance(outcome, Refused)
    assert outcome.fields == {rig.field("Status")}
    assert str(outcome.error).startswith(f"{record.ref} Status: GitHub says ")


@pytest.mark.parametrize("fault", ["timeout-after-commit", "502-after-commit", "reset-after-commit", "truncated"])
async def test_a_create_whose_answer_was_lost_is_unknown_and_found_by_its_marker(rig: Rig, fault: str) -> None:
    await rig.connector.describe()
    sent_at = rig.clock.now()
    rig.fault(f"github:{fault}:match=createIssue:count=1")
    outcome = await one(
        rig, Create(op=op(), type="Issue", container="acme/api", marker=MARKER, fields={"title": Text("One")})
    )
    assert isinstance(outcome, Unknown)
    other = EntityId("zzzzzzzzzzzzzzzz")
    found = await rig.connector.find_created(
        [CreateKey(marker=marker, type="Issue", container="acme/api", sent_at=sent_at) for marker in (MARKER, other)]
    )
    assert set(found) == {MARKER}
    assert [record.fields["title"] for record in found[MARKER]] == [Text("One")]
    assert rig.asked.count("mutation createIssue") == 1


async def test_lost_creates_of_drafts_and_milestones_are_found_too(rig: Rig) -> None:
    await rig.connector.describe()
    sent_at = rig.clock.now()
    rig.fault("github:reset-after-commit:match=addProjectV2DraftIssue:count=1")
    rig.fault("github:reset-after-commit:match=POST:count=1")
    first, second = EntityId("a" * 16), EntityId("b" * 16)
    outcomes = await rig.connector.write(
        [
            Create(op=op(1), type="draft", container="acme/#7", marker=first, fields={"title": Text("Idea")}),
            Create(op=op(2), type="milestone", container="acme/api", marker=second, fields={"title": Text("1.0")}),
        ]
    )
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unknown]
    found = await rig.connector.find_created(
        [
            CreateKey(marker=first, type="draft", container="acme/#7", sent_at=sent_at),
            CreateKey(marker=second, type="milestone", container="acme/api", sent_at=sent_at),
        ]
    )
    assert {marker: [record.ref.kind for record in records] for marker, records in found.items()} == {
        first: ["draft"],
        second: ["milestone"],
    }


async def test_two_records_with_one_marker_are_both_found_oldest_first(rig: Rig) -> None:
    keys = []
    for number in range(2):
        keys.append(rig.hub.add_issue("api", f"Issue {number}", body=f"<!-- syncd:{MARKER} -->"))
        await rig.clock.sleep(1)
    found = await rig.connector.find_created(
        [CreateKey(marker=MARKER, type="Issue", container="acme/api", sent_at=rig.clock.now() - timedelta(minutes=1))]
    )
    assert [record.key for record in found[MARKER]] == keys


async def test_an_update_whose_answer_was_lost_is_unknown_and_sent_once(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    rig.fault("github:502-after-commit:match=updateIssue:count=1")
    outcome = await one(rig, Update(op=op(), pre=record, fields={"title": Text("Two")}))
    assert isinstance(outcome, Unknown)
    assert rig.asked.count("mutation updateIssue") == 1
    assert (await rig.read(record.key)).fields["title"] == Text("Two")


async def test_an_issue_that_was_created_is_done_whatever_fails_afterwards(rig: Rig) -> None:
    rig.fault("github:502:match=updateProjectV2ItemFieldValue:count=1")
    status = rig.field("Status")
    outcome = await one(
        rig,
        Create(
            op=op(),
            type="Issue",
            container="api",
            marker=MARKER,
            fields={"title": Text("One"), status: option(rig, "Status", "Done")},
        ),
    )
    assert isinstance(outcome, Done)
    assert outcome.record.fields[status] != option(rig, "Status", "Done")


async def test_a_type_or_title_nobody_knows_is_refused_before_anything_is_sent(rig: Rig) -> None:
    _ = rig.asked
    wrong = await one(
        rig, Create(op=op(), type="Saga", container="acme/api", marker=MARKER, fields={"title": Text("One")})
    )
    empty = await one(rig, Create(op=op(), type="Issue", container="acme/api", marker=MARKER, fields={}))
    assert isinstance(wrong, Refused)
    assert "Epic, Feature, Bug, Task" in str(wrong.error.fix)
    assert isinstance(empty, Refused)
    assert not [request for request in rig.asked if request.startswith("mutation")]


async def test_a_limited_change_is_refused_and_may_be_tried_again(rig: Rig) -> None:
    record = await rig.read(rig.hub.add_issue("api", "One"))
    rig.fault("github:403:wait=3600:match=updateIssue")
    outcome = await one(rig, Update(op=op(), pre=record, fields={"title": Text("Two")}))
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, RateLimitedError)
    assert outcome.error.wait_s > 3000
    assert rig.ref(record.key).connection == NAME
