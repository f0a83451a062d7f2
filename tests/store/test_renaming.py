"""A connection's new name in every table, and its old one in what is history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from syncd.model.codec import Rename, dump_native, load_native
from syncd.model.native import Refs, Text
from syncd.model.refs import ConnectionName, EntityId, Ref, RunId
from syncd.store._tables import METADATA
from syncd.store.renaming import INSIDE, KEPT, NAMELESS, PLAIN, REFS
from syncd.store.rows import AuditRow, RunRow
from syncd.store.store import Store
from tests.store.conftest import Clock

OLD, NEW, THIRD = (ConnectionName(name) for name in ("jira-pmo", "office", "third"))


def test_of_every_table_it_is_said_what_becomes_of_it() -> None:
    """A new table that names connections has to be renamed in, too: say how in `store/renaming.py`."""
    inside = {column.table.name for column in INSIDE}
    plain = {name for name, table in METADATA.tables.items() if {*PLAIN, *REFS} & {column.name for column in table.c}}
    assert set(METADATA.tables) == KEPT | NAMELESS | inside | plain
    assert not NAMELESS & (inside | plain)


def test_a_ref_in_a_value_gets_the_name_and_a_text_does_not() -> None:
    rename = Rename(OLD, NEW)
    refs = Refs(frozenset({Ref(OLD, "issue", "1"), Ref(THIRD, "issue", "2")}))
    told = load_native(rename.native(dump_native(refs)))
    assert told == Refs(frozenset({Ref(NEW, "issue", "1"), Ref(THIRD, "issue", "2")}))
    assert rename.native(dump_native(Text(OLD))) == dump_native(Text(OLD))
    assert (rename.text("jira-pmo:issue:1"), rename.text("jira-pmo-2:issue:1")) == (
        "office:issue:1",
        "jira-pmo-2:issue:1",
    )


async def wrote(store: Store, clock: Clock, run: str, name: ConnectionName) -> None:
    """Write one audit row under *name*, a minute after whatever was before."""
    clock.forward(60)
    row = AuditRow(
        run=RunId(run),
        at=clock.at,
        connection=name,
        ref=Ref(name, "issue", "1"),
        entity=EntityId("e"),
        verb="create",
        field=None,
        before=None,
        after=Text("x"),
    )
    async with store.transaction() as tx:
        await tx.runs.start(RunRow(id=RunId(run), command="sync", started_at=clock.at))
        await tx.audit.append(RunId(run), [row])


async def renamed(store: Store, clock: Clock, old: ConnectionName, new: ConnectionName) -> None:
    clock.forward(60)
    async with store.transaction() as tx:
        await tx.renaming.rename(old, new, {}, clock.at)


async def called(store: Store, run: str) -> list[str]:
    return [str(row.ref) async for row in store.audit.of_run(RunId(run))]


async def test_the_audit_keeps_the_old_name_and_is_read_by_the_new_one(store: Store, clock: Clock) -> None:
    await wrote(store, clock, "first", OLD)
    await renamed(store, clock, OLD, NEW)
    await wrote(store, clock, "second", NEW)
    assert [await called(store, run) for run in ("first", "second")] == [["office:issue:1"]] * 2
    assert {row.connection for row in await store.audit.of_entity(EntityId("e"))} == {NEW}
    assert (await store.audit.prove()).broken == ()
    since = clock.at - timedelta(hours=24)
    assert (await store.audit.recent_changes(NEW, since)).created == 1, "the brakes know that it is one"
    assert await store.audit.has_any(NEW, "create")
    assert not await store.audit.has_any(OLD, "create")


async def test_a_name_that_another_connection_takes_later_is_told_apart_by_the_time(store: Store, clock: Clock) -> None:
    await wrote(store, clock, "first", OLD)
    await renamed(store, clock, OLD, NEW)
    await wrote(store, clock, "other", OLD)
    await renamed(store, clock, NEW, THIRD)
    await renamed(store, clock, OLD, NEW)
    assert await called(store, "first") == ["third:issue:1"]
    assert await called(store, "other") == ["office:issue:1"]
    since = clock.at - timedelta(hours=24)
    counts = [(await store.audit.recent_changes(name, since)).created for name in (OLD, NEW, THIRD)]
    assert counts == [0, 1, 1]


@pytest.mark.parametrize("steps", [(OLD, NEW, OLD), (OLD, NEW, THIRD, OLD)])
async def test_a_name_given_back_is_itself_again(store: Store, clock: Clock, steps: tuple[ConnectionName, ...]) -> None:
    for number, name in enumerate(steps):
        if number:
            await renamed(store, clock, steps[number - 1], name)
        await wrote(store, clock, f"run{number}", name)
    for number in range(len(steps)):
        assert await called(store, f"run{number}") == ["jira-pmo:issue:1"]
    assert (await store.audit.recent_changes(OLD, clock.at - timedelta(hours=24))).created == 1
