"""Statements made once: the same answers from both databases, inside a transaction and outside of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import StatementError

from syncd.model.refs import ConnectionName, Cursor
from syncd.store._known import Known, among
from syncd.store._tables import cursor
from syncd.store.rows import CursorRow
from syncd.store.store import Store
from tests.store.conftest import START

NAMES = [f"c-{number:04d}" for number in range(1200)]
BY_NAME = among(select(cursor).order_by(cursor.c.connection), cursor.c.connection)
SINCE = Known(select(cursor).where(cursor.c.saved_at >= bindparam("since")).order_by(cursor.c.connection))
MOVE = Known(update(cursor).where(cursor.c.connection == bindparam("of")).values(cursor=bindparam("to")))
DROP = among(delete(cursor), cursor.c.connection)


def _row(name: str, late_s: float = 0.0) -> CursorRow:
    saved_at = START + timedelta(seconds=late_s)
    return CursorRow(connection=ConnectionName(name), cursor=Cursor(f"at {name}"), saved_at=saved_at, query="q")


async def _save(store: Store, *rows: CursorRow) -> None:
    async with store.transaction() as tx:
        for row in rows:
            await tx.cursors.save(row)


async def test_many_values_are_asked_for_in_portions_and_each_row_is_found_once(store: Store) -> None:
    await _save(store, *map(_row, NAMES))
    found = await store.db.within(BY_NAME, [*NAMES, "unknown", NAMES[0]], lambda row: str(row.connection))
    assert found == NAMES
    assert await store.db.within(BY_NAME, [], lambda row: row) == []


async def test_values_are_turned_as_the_column_says_both_ways(store: Store) -> None:
    await _save(store, _row("early"), _row("late", 0.000001))
    since = START + timedelta(microseconds=1)
    assert await store.db.all(SINCE, lambda row: row.saved_at, {"since": since}) == [since]


async def test_a_place_without_a_value_is_a_mistake(store: Store) -> None:
    with pytest.raises((KeyError, StatementError), match="since"):
        await store.db.all(SINCE, lambda row: row, {})


async def test_known_and_other_statements_see_each_other_inside_a_transaction_and_count_their_rows(
    store: Store,
) -> None:
    await _save(store, _row("a"), _row("b"))
    other = select(cursor.c.cursor).order_by(cursor.c.connection)
    async with store.transaction() as tx:
        moved = await tx.db.write(MOVE, [{"of": "a", "to": "x"}, {"of": "none", "to": "y"}])
        assert await tx.db.all(other, lambda row: row.cursor) == ["x", "at b"]
        await tx.db.write(cursor.update().where(cursor.c.connection == "b").values(cursor="z"))
        assert await tx.db.within(BY_NAME, ["a", "b"], lambda row: row.cursor) == ["x", "z"]
        dropped = await tx.db.write_within(DROP, ["a", "none"])
    assert (moved, dropped) == (1, 1)
    assert await store.db.all(other, lambda row: row.cursor) == ["z"]


@pytest.mark.parametrize("with_others", [False, True])
async def test_nothing_of_a_transaction_that_fails_is_left_and_the_next_one_goes_on(
    store: Store, *, with_others: bool
) -> None:
    async def fail(name: str) -> None:
        async with store.transaction() as tx:
            await tx.cursors.save(_row(name))
            if with_others:
                await tx.db.write(cursor.update().values(cursor="z"))
            raise ZeroDivisionError

    for name in ("a", "b"):
        with pytest.raises(ZeroDivisionError):
            await fail(name)
    await _save(store, _row("c"))
    assert await store.db.within(BY_NAME, ["a", "b", "c"], lambda row: row.cursor) == ["at c"]


async def test_a_transaction_that_is_cancelled_leaves_nothing_and_holds_no_lock(store: Store) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with store.transaction() as tx:
            await tx.cursors.save(_row("a"))
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _save(store, _row("b"))
    assert await store.db.within(BY_NAME, ["a", "b"], lambda row: row.connection) == ["b"]


async def test_a_snapshot_shows_one_moment_to_known_statements_too(store: Store) -> None:
    await _save(store, _row("a"))
    async with store.snapshot() as moment:
        before = await moment.db.within(BY_NAME, ["a", "b"], lambda row: row.connection)
        await _save(store, _row("b"))
        assert await moment.db.within(BY_NAME, ["a", "b"], lambda row: row.connection) == before == ["a"]
    assert await store.db.within(BY_NAME, ["a", "b"], lambda row: row.connection) == ["a", "b"]
