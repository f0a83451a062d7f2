"""Sprints: dated records, and the field that says which one an issue is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from syncd.connectors.jira.agile_payloads import Sprint
from syncd.connectors.jira.fields import read_sprint
from syncd.connectors.protocol import Connector, Create, Done, Refused, Update
from syncd.errors import NotFoundError, RejectedError
from syncd.model.native import Choice, Date, Native, NativeType, Record, Text
from syncd.model.refs import EntityId, OpId, Ref, Revision
from tests.connectors.jira.bench import NAME, JiraSite, make_site
from tests.connectors.jira.test_samples import load, samples

pytestmark = pytest.mark.contracts

FIELD = "customfield_10028"
ALL = frozenset({"Story", "iteration"})


@pytest.fixture
def site() -> JiraSite:
    """Return a fresh site."""
    return make_site()


def focused(site: JiraSite) -> Connector:
    connector = site.connect()
    connector.focus(ALL)
    return connector


def sprint(site: JiraSite, name: str) -> Ref:
    return Ref(NAME, "iteration", str(next(one.id for one in site.tool.site.sprints.values() if one.name == name)))


async def scan(connector: Connector) -> dict[Ref, Record]:
    async def nothing(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
        del refs
        return {}

    return {record.ref: record async for page in connector.changes(None, nothing) for record in page.records}


async def read(connector: Connector, ref: Ref) -> Record:
    record = (await connector.read_many([ref]))[ref]
    assert isinstance(record, Record), record
    return record


async def test_every_sprint_of_the_boards_is_a_record_of_its_project(site: JiraSite) -> None:
    connector = focused(site)
    records = await scan(connector)
    found = [record for record in records.values() if record.type == "iteration"]
    assert [record.key for record in found] == [f"Iteration {number}" for number in range(1, 7)]
    first = records[sprint(site, "Iteration 1")]
    assert first.container == "ENG"
    assert first.fields["title"] == Text("Iteration 1")
    assert first.fields["state"] == Choice(id="closed", label="Closed", category="closed")
    assert first.fields["completed_on"] == first.fields["due_on"]
    assert records[sprint(site, "Iteration 4")].fields["completed_on"] is None
    assert await read(connector, first.ref) == first


async def test_days_are_those_of_the_accounts_time_zone(site: JiraSite) -> None:
    one = site.tool.site.sprints[int(sprint(site, "Iteration 3").id)]
    one.start = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)  # 01:30 on the next day in Kolkata
    one.end = None
    fields = (await read(focused(site), sprint(site, "Iteration 3"))).fields
    assert fields["start_on"] == Date(date(2026, 3, 2))
    assert fields["due_on"] is None


async def test_without_the_focus_no_sprint_is_read_and_nothing_agile_is_asked(site: JiraSite) -> None:
    records = await scan(site.connect())
    assert "iteration" not in {record.type for record in records.values()}
    assert not [entry for entry in site.sandbox.log.entries() if "/agile/" in entry.path]


async def test_the_sweep_tells_sprints_too_and_boards_are_asked_for_once(site: JiraSite) -> None:
    connector = focused(site)
    records = await scan(connector)
    swept = {ref async for refs in connector.ids() for ref in refs}
    assert {ref for ref in swept if ref.kind == "iteration"} == {ref for ref in records if ref.kind == "iteration"}
    boards = [entry for entry in site.sandbox.log.entries() if entry.operation == "GET /rest/agile/1.0/board"]
    assert len(boards) == 2, "one for each project, then never again within the hour"


async def test_a_renamed_or_closed_sprint_has_another_revision(site: JiraSite) -> None:
    connector, ref = focused(site), sprint(site, "Iteration 3")
    before = await read(connector, ref)
    site.tool.site.sprints[int(ref.id)].state = "closed"
    assert (await read(connector, ref)).revision != before.revision
    assert (await read(connector, ref)).revision == (await read(connector, ref)).revision


async def test_a_sprint_that_is_not_there_is_told(site: JiraSite) -> None:
    for number in ("999999", "x"):
        ref = Ref(NAME, "iteration", number)
        answer = (await focused(site).read_many([ref]))[ref]
        assert isinstance(answer, NotFoundError)
        assert str(answer).startswith(str(ref))


async def test_a_site_without_agile_boards_has_no_sprints(site: JiraSite) -> None:
    site.sandbox.faults.add("jira:404:match=agile")
    records = await scan(focused(site))
    assert {record.type for record in records.values()} >= {"Story"}
    assert "iteration" not in {record.type for record in records.values()}


async def test_an_issue_is_put_into_a_sprint_moved_and_taken_out(site: JiraSite) -> None:
    connector = site.connect()
    record = await read(connector, await site.add("Planned", project="ENG"))
    assert record.fields[FIELD] is None
    for wanted in (sprint(site, "Iteration 3"), sprint(site, "Iteration 5"), None):
        [outcome] = await connector.write([Update(op=OpId("op"), pre=record, fields={FIELD: wanted})])
        assert isinstance(outcome, Done), outcome
        record = outcome.record
        assert record.fields[FIELD] == wanted


async def test_a_create_brings_its_sprint_along(site: JiraSite) -> None:
    fields: dict[str, Native] = {"summary": Text("Planned"), FIELD: sprint(site, "Iteration 3")}
    create = Create(op=OpId("op"), type="Story", container="ENG", marker=EntityId("00000000000000zz"), fields=fields)
    [outcome] = await site.connect().write([create])
    assert isinstance(outcome, Done), outcome
    assert outcome.record.fields[FIELD] == sprint(site, "Iteration 3")
    assert site.writes() == ["POST /rest/api/3/issue/bulk"]


async def test_a_closed_sprint_and_another_kind_of_record_are_refused(site: JiraSite) -> None:
    connector = site.connect()
    record = await read(connector, await site.add("Planned", project="ENG"))
    for wanted in (sprint(site, "Iteration 1"), record.ref):
        [outcome] = await connector.write([Update(op=OpId("op"), pre=record, fields={FIELD: wanted})])
        assert isinstance(outcome, Refused), outcome
        assert isinstance(outcome.error, RejectedError)


async def test_sprints_themselves_are_never_written(site: JiraSite) -> None:
    connector = focused(site)
    record = await read(connector, sprint(site, "Iteration 3"))
    create = Create(op=OpId("c"), type="iteration", container="ENG", marker=EntityId("x" * 16), fields={})
    update = Update(op=OpId("u"), pre=record, fields={"title": Text("Mine")})
    for outcome in await connector.write([create, update]):
        assert isinstance(outcome, Refused)
        assert outcome.error.fix
    assert site.writes() == []


def held(number: int, state: str, **dates: str) -> dict[str, Any]:
    return {"id": number, "name": f"S{number}", "state": state, "boardId": 1, **dates}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, None),
        ([], None),
        ([held(1, "closed"), held(2, "active")], "2"),
        ([held(3, "future"), held(2, "active")], "2"),
        ([held(3, "future"), held(1, "closed", completeDate="2026-01-01T00:00:00.000Z")], "3"),
        (
            [
                held(5, "closed", completeDate="2026-02-01T00:00:00.000Z"),
                held(9, "closed", completeDate="2026-01-01T00:00:00.000Z"),
            ],
            "5",
        ),
        ([held(5, "closed"), held(9, "closed", endDate="2026-01-01T00:00:00.000Z")], "9"),
    ],
)
def test_the_sprint_that_counts_is_the_open_one_else_the_last_that_closed(raw: Any, expected: str | None) -> None:  # noqa: ANN401
    assert read_sprint(raw, NAME) == (None if expected is None else Ref(NAME, "iteration", expected))


def test_recorded_sprints_are_understood() -> None:
    count = 0
    for path in samples("rest/sprint-*.json"):
        raw = load(path)
        one = Sprint.model_validate(raw)
        assert (one.id, one.name, one.state) == (raw["id"], raw["name"], raw["state"])
        assert one.board == raw["originBoardId"]
        count += 1
    assert count > 10


def test_recorded_issues_are_in_their_sprints() -> None:
    [path] = list(samples("rest/agile-issue-00.json"))
    fields = load(path)["fields"]
    assert read_sprint(fields["customfield_10020"], NAME) == Ref(
        NAME, "iteration", str(fields["closedSprints"][0]["id"])
    )


async def test_the_field_and_the_records_are_described(site: JiraSite) -> None:
    fields = (await site.connect().describe()).fields
    [field] = [one for one in fields if one.key == FIELD and "Story" in one.record_types and "ENG" in one.containers]
    assert (field.label, field.type, field.writable) == ("Sprint", NativeType.REF, True)
    own = {one.key: one.writable for one in fields if "iteration" in one.record_types}
    assert own == dict.fromkeys(("title", "start_on", "due_on", "completed_on", "state"), False)
