"""Iterations: dated records of one field each, a reference on items, and the same ones after an admin's edit."""

from __future__ import annotations

from datetime import date, timedelta

from syncd.connectors.protocol import Archive, Create, Done, Outcome, Refused, Update
from syncd.errors import NotFoundError, RejectedError
from syncd.model.native import Date, Native, NativeType, Record, Text
from syncd.model.refs import Ref
from tests.connectors.github.rig import MARKER, NAME, Rig, op

WITH_ITERATIONS = frozenset({"Issue", "iteration"})
QUARTERS = {"Q1": ("2026-01-05", 84), "Q2": ("2026-03-30", 84), "Iteration 3": ("2026-06-22", 14)}


def ref(rig: Rig, title: str, field: str = "Iteration") -> Ref:
    """Return the ref of an iteration as it is called now."""
    found = next(one for one in rig.hub.column(field).iterations if one.title == title)
    return Ref(NAME, "iteration", f"{rig.field(field)}/{found.id}")


def titles(records: list[Record]) -> list[str]:
    return [record.key for record in records if record.type == "iteration"]


async def give(rig: Rig, record: Record, value: Native, field: str = "Iteration") -> Outcome:
    [outcome] = await rig.connector.write([Update(op=op(), pre=record, fields={rig.field(field): value})])
    return outcome


async def test_past_present_and_future_are_read_with_their_last_day_inclusive(rig: Rig) -> None:
    rig.connector.focus(WITH_ITERATIONS)
    today, monday = rig.clock.now().date(), rig.clock.now().date() - timedelta(days=rig.clock.now().weekday())
    records = {record.key: record for record in await rig.changes()}
    assert [(record.fields["state"].label) for record in records.values()] == [  # type: ignore[union-attr]
        *("Current", "Upcoming", "Upcoming", "Upcoming", "Completed", "Completed"),
    ]
    current = records["Iteration 3"]
    assert (current.type, current.container, current.ref) == ("iteration", "acme/#7", ref(rig, "Iteration 3"))
    assert current.fields == {
        "title": Text("Iteration 3"),
        "field": Text("Iteration"),
        "start_on": Date(monday),
        "due_on": Date(monday + timedelta(days=13)),
        "completed_on": None,
        "state": current.fields["state"],
    }
    assert monday <= today <= monday + timedelta(days=13)
    past = records["Iteration 2"].fields
    assert past["due_on"] == past["completed_on"] == Date(monday - timedelta(days=1))


async def test_they_come_before_the_items_only_when_wanted_and_only_when_they_moved(rig: Rig) -> None:
    rig.hub.add_issue("api", "One", Iteration="Iteration 3")
    await rig.clock.sleep(60)
    assert titles(await rig.changes()) == []
    assert rig.asked
    await rig.changes()
    plain = [one for one in rig.asked if "query" in one]
    rig.connector.focus(WITH_ITERATIONS)
    records = await rig.changes()
    assert [record.type for record in records] == ["iteration"] * 6 + ["Issue"]
    assert [one for one in rig.asked if "query" in one] == plain
    assert records[-1].fields[rig.field("Iteration")] == ref(rig, "Iteration 3")

    known = {record.ref: record.revision for record in records}
    rig.hub.rename_iteration("Iteration", "Iteration 4", "Polish")
    [renamed] = await rig.changes(known, rig.cursor)
    assert (renamed.key, renamed.ref) == ("Polish", ref(rig, "Polish"))
    await rig.clock.sleep(timedelta(days=14).total_seconds())
    moved = await rig.changes(known | {renamed.ref: renamed.revision}, rig.cursor)
    assert titles(moved) == ["Polish", "Iteration 3"]
    swept = [one async for refs in rig.connector.ids() for one in refs if one.kind == "iteration"]
    assert set(swept) == {record.ref for record in records if record.type == "iteration"}


async def test_an_item_is_moved_between_iterations_and_out_of_them(rig: Rig) -> None:
    described = {field.key: field for field in (await rig.connector.describe()).fields}
    assert described[rig.field("Iteration")].type is NativeType.REF
    issue = await rig.read(rig.hub.add_issue("api", "One"))
    draft = await rig.read(rig.hub.add_draft("Idea", Iteration="Iteration 2"))
    assert draft.fields[rig.field("Iteration")] == ref(rig, "Iteration 2")
    for record, value in ((issue, ref(rig, "Iteration 3")), (draft, ref(rig, "Iteration 5")), (issue, None)):
        outcome = await give(rig, record, value)
        assert isinstance(outcome, Done)
        assert outcome.record.fields[rig.field("Iteration")] == value


async def test_two_fields_of_iterations_are_told_apart(rig: Rig) -> None:
    rig.hub.add_iteration_field("Quarter", QUARTERS)
    rig.connector.focus(WITH_ITERATIONS)
    records = await rig.changes()
    assert len({record.ref for record in records}) == 9
    assert {"Iteration: Iteration 3", "Quarter: Iteration 3", "Quarter: Q1"} < set(titles(records))
    quarter = next(record for record in records if record.key == "Quarter: Q1")
    assert quarter.fields["due_on"] == Date(date(2026, 3, 29))

    issue = await rig.read(rig.hub.add_issue("api", "One", Quarter="Q1", Iteration="Iteration 3"))
    assert issue.fields[rig.field("Quarter")] == quarter.ref
    assert issue.fields[rig.field("Iteration")] == ref(rig, "Iteration 3")
    outcome = await give(rig, issue, quarter.ref)
    assert isinstance(outcome, Refused)
    assert str(outcome.error) == (
        f"{issue.ref} Iteration: this iteration belongs to another field of the project\n"
        "  fix: map this field for reading only, or remove it"
    )


async def test_iterations_renewed_by_an_admin_are_the_same_ones_under_new_ids(rig: Rig) -> None:
    rig.connector.focus(WITH_ITERATIONS)
    key = rig.hub.add_issue("api", "One", Iteration="Iteration 3")
    await rig.clock.sleep(60)
    records = await rig.changes()
    known = {record.ref: record.revision for record in records}
    old = ref(rig, "Iteration 3")
    for _ in range(2):
        rig.hub.renew_iterations("Iteration")
        # A write comes first here: its iteration is found by its title, after one refusal.
        outcome = await give(rig, await rig.read(key), old)
        assert isinstance(outcome, Done)
        assert outcome.record.fields[rig.field("Iteration")] == ref(rig, "Iteration 3")
    renewed = {record.key: record for record in await rig.changes(known, rig.cursor)}
    assert old in renewed["Iteration 3"].aliases
    assert len(renewed["Iteration 3"].aliases) == 2
    assert renewed[key].fields[rig.field("Iteration")] == renewed["Iteration 3"].ref
    assert await rig.read(old) == renewed["Iteration 3"]


async def test_a_deleted_iteration_is_gone_and_a_renamed_one_takes_no_other_ones_place(rig: Rig) -> None:
    rig.connector.focus(WITH_ITERATIONS)
    await rig.changes()
    gone, other = ref(rig, "Iteration 3"), ref(rig, "Iteration 4")
    rig.hub.delete_iteration("Iteration", "Iteration 3")
    rig.hub.rename_iteration("Iteration", "Iteration 4", "Iteration 3")
    reads = await rig.connector.read_many([gone, other])
    assert isinstance(reads[gone], NotFoundError)
    assert isinstance(read := reads[other], Record)
    assert (read.key, read.aliases) == ("Iteration 3", ())
    issue = await rig.read(rig.hub.add_issue("api", "One"))
    assert isinstance(await give(rig, issue, gone), Refused)


async def test_a_title_that_two_iterations_share_tells_nothing(rig: Rig) -> None:
    rig.connector.focus(WITH_ITERATIONS)
    rig.hub.rename_iteration("Iteration", "Iteration 4", "Iteration 3")
    await rig.changes()
    twins = [
        Ref(NAME, "iteration", f"{rig.field('Iteration')}/{one.id}") for one in rig.hub.column("Iteration").iterations
    ]
    rig.hub.renew_iterations("Iteration")
    reads = await rig.connector.read_many(twins)
    assert [type(reads[twin]) for twin in twins] == [
        *(Record, Record, NotFoundError, NotFoundError, Record, Record),
    ]


async def test_iterations_are_never_written(rig: Rig) -> None:
    record = await rig.read(ref(rig, "Iteration 3"))
    outcomes = await rig.connector.write(
        [
            Create(op=op(1), type="iteration", container="acme/#7", marker=MARKER, fields={"title": Text("New")}),
            Update(op=op(2), pre=record, fields={"title": Text("New")}),
            Archive(op=op(3), pre=record),
        ]
    )
    for outcome in outcomes:
        assert isinstance(outcome, Refused)
        assert isinstance(outcome.error, RejectedError)
    fields = [field for field in (await rig.connector.describe()).fields if "iteration" in field.record_types]
    assert {field.key for field in fields} == set(record.fields)
    assert not any(field.writable for field in fields)
