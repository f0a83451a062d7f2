"""What the GitHub side costs in requests an item, counted by the stand-in; each figure is a promise of the README."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from syncd.connectors.github.connector import WRITE_BATCH
from syncd.connectors.protocol import Create, CreateKey, Done, Refused, Unknown, Update
from syncd.model.native import Choice, Number, Record, RichText, Text, TextFormat
from syncd.model.refs import EntityId, OpId
from tests.connectors.github.rig import Rig

ITEMS = 300


@pytest.fixture
async def full() -> AsyncIterator[Rig]:
    """Fill a project with three hundred issues and two comments each, long ago."""
    made = Rig()
    for number in range(ITEMS):
        key = made.hub.add_issue("api", f"Issue {number}", Status="Todo")
        for text in ("one", "two"):
            made.hub.add_comment(key, text)
    await made.clock.sleep(3600)
    yield made
    await made.client.aclose()


def creates(count: int, first: int = 0) -> list[Create]:
    """Return that many new issues, with nothing that the making does not carry."""
    return [
        Create(
            op=OpId(f"op{number}"),
            type="Bug",
            container="acme/api",
            marker=EntityId(f"{number:016d}"),
            fields={"title": Text(f"New {number}"), "body": RichText(TextFormat.MARKDOWN, "Words")},
        )
        for number in range(first, first + count)
    ]


async def test_a_first_read_of_issues_and_comments_takes_three_requests_a_hundred_items(full: Rig) -> None:
    """One for the page of the scan, two for the items with their comments; 4 more for the project and repositories."""
    full.connector.focus(frozenset({"Issue", "comment"}))
    records = await full.changes()
    assert len(records) == 3 * ITEMS
    asked = full.asked
    assert len(asked) == ITEMS // 100 + ITEMS // 50 + 4

    known = {record.ref: record.revision for record in records}
    await full.changes(known, full.cursor)
    assert len(full.asked) == ITEMS // 100 + 4  # the scan, the project, milestones, and comments of two repositories


async def test_reading_by_id_takes_two_requests_a_hundred_items(full: Rig) -> None:
    issues = [one for one in full.hub.people.repository("api").contents if one]
    refs = [full.ref(f"api#{issue.number}") for issue in issues]
    await full.connector.read_many(refs[:1])
    assert full.asked
    reads = await full.connector.read_many(refs)
    assert all(isinstance(read, Record) for read in reads.values())
    assert full.asked == ["query issues"] * (ITEMS // full.connector.capabilities.max_read_batch)


async def test_a_batch_of_updates_shares_its_requests_and_its_read_back(rig: Rig) -> None:
    """Two changes each: ten changes to a request, and one request to read all of them back."""
    records = [await rig.read(rig.hub.add_issue("api", f"{number}")) for number in range(WRITE_BATCH)]
    mark = rig.sandbox.log.mark()
    option = rig.hub.column("Status").options[1]
    outcomes = await rig.connector.write(
        [
            Update(
                op=OpId(f"op{index}"),
                pre=record,
                fields={
                    "title": Text(f"T{index}"),
                    "body": RichText(TextFormat.MARKDOWN, "New"),
                    rig.field("Status"): Choice(option.id, option.name),
                },
            )
            for index, record in enumerate(records)
        ]
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert len(rig.sandbox.log.since(mark)) == 2 * WRITE_BATCH // 10 + 1 == 5


async def test_a_batch_of_creates_shares_requests_and_everything_is_there_afterwards(rig: Rig) -> None:
    """Five to a request, their further fields ten to a request, one to read all of them back: 0.45 an issue."""
    await rig.connector.describe()
    option = rig.hub.column("Status").options[1]
    batch = [
        Create(
            op=create.op,
            type=create.type,
            container=create.container,
            marker=create.marker,
            fields={
                **create.fields,
                rig.field("Status"): Choice(option.id, option.name),
                rig.field("Estimate"): Number(Decimal(3)),
            },
        )
        for create in creates(WRITE_BATCH)
    ]
    mark = rig.sandbox.log.mark()
    outcomes = await rig.connector.write(batch)
    assert len(rig.sandbox.log.since(mark)) == WRITE_BATCH // 5 + 2 * WRITE_BATCH // 10 + 1 == 9
    for create, outcome in zip(batch, outcomes, strict=True):
        assert isinstance(outcome, Done)
        assert (outcome.op, outcome.record.marker) == (create.op, create.marker)
        assert {key: outcome.record.fields[key] for key in create.fields} == dict(create.fields)
        assert len(outcome.record.aliases) == 1
    assert len(rig.hub.project.live) == WRITE_BATCH


async def test_one_bad_create_of_a_request_stops_no_other(rig: Rig) -> None:
    first, bad, overlong, last = creates(4)
    batch = [
        first,
        replace(bad, fields={**bad.fields, "title": Text(" ")}),
        replace(overlong, fields={**overlong.fields, "title": Text("x" * 257)}),
        last,
    ]
    outcomes = await rig.connector.write(batch)
    assert [type(outcome) for outcome in outcomes] == [Done, Refused, Refused, Done]
    assert [outcome.op for outcome in outcomes] == [create.op for create in batch]
    assert rig.asked.count("mutation createIssue") == 3


async def test_a_lost_answer_leaves_all_of_its_creates_to_be_looked_for(rig: Rig) -> None:
    batch = creates(7)
    rig.fault("github:reset-after-commit:kind=write:count=1")
    outcomes = await rig.connector.write(batch)
    assert [type(outcome) for outcome in outcomes] == [*[Unknown] * 5, Done, Done]
    await rig.clock.sleep(5)
    keys = [
        CreateKey(marker=create.marker, type="Bug", container="acme/api", sent_at=rig.clock.now()) for create in batch
    ]
    found = await rig.connector.find_created(keys)
    assert {marker: len(records) for marker, records in found.items()} == {create.marker: 1 for create in batch}


async def test_an_issue_whose_item_is_not_shown_at_once_is_added_again(rig: Rig) -> None:
    """Nothing promises that `createIssue` shows the item: adding it then answers with the one that is there."""
    rig.judged.forget = "projectItems"
    option = rig.hub.column("Status").options[1]
    [create] = creates(1)
    status = {rig.field("Status"): Choice(option.id, option.name)}
    [outcome] = await rig.connector.write([replace(create, fields={**create.fields, **status})])
    assert isinstance(outcome, Done)
    assert outcome.record.fields[rig.field("Status")] == status[rig.field("Status")]
    assert rig.asked.count("mutation addProjectV2ItemById") == 1
    assert len(rig.hub.project.live) == 1


async def test_creating_keeps_within_five_percent_of_what_github_allows_and_is_never_refused(rig: Rig) -> None:
    """Two hours of it: the content limits are on, and not one request is turned away."""
    rig.hub.limits.limit_content()
    made, start = 0, rig.clock.now()
    while rig.clock.now() - start < timedelta(hours=2):
        outcomes = await rig.connector.write(creates(WRITE_BATCH, first=made))
        assert all(isinstance(outcome, Done) for outcome in outcomes)
        made += WRITE_BATCH
    hours = (rig.clock.now() - start) / timedelta(hours=1)
    assert made / hours >= 0.95 * 500
    assert {entry.status for entry in rig.sandbox.log.entries()} == {200}
