"""What webhooks told is kept once, handed out until it was read, and forgotten late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from syncd.model.refs import ConnectionName, Ref
from syncd.store.rows import InboxRow
from syncd.store.store import Store

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JIRA, GITHUB = ConnectionName("jira-pmo"), ConnectionName("github-eng")
ISSUE = Ref(JIRA, "issue", "10001")


def told(delivery: str, *refs: Ref, minutes: int = 0, connection: ConnectionName = JIRA) -> InboxRow:
    return InboxRow(connection=connection, delivery=delivery, received_at=AT + timedelta(minutes=minutes), refs=refs)


async def add(store: Store, *rows: InboxRow) -> int:
    async with store.transaction() as tx:
        return await tx.inbox.add(rows)


async def test_a_delivery_counts_once_however_often_it_is_sent(store: Store) -> None:
    assert await add(store, told("a", ISSUE)) == 1
    assert await add(store, told("a", ISSUE, minutes=3), told("b")) == 1
    assert await store.inbox.waiting([JIRA]) == [told("a", ISSUE), told("b")]


async def test_two_connections_may_be_told_under_one_id(store: Store) -> None:
    assert await add(store, told("a", ISSUE), told("a", connection=GITHUB)) == 2
    assert [row.connection for row in await store.inbox.waiting([GITHUB])] == [GITHUB]
    assert await store.inbox.backlog() == {JIRA: 1, GITHUB: 1}


async def test_what_was_read_waits_no_longer_and_is_still_known(store: Store) -> None:
    await add(store, told("a", ISSUE), told("b", minutes=1))
    async with store.transaction() as tx:
        await tx.inbox.done([told("a")], AT + timedelta(minutes=2))
    assert await store.inbox.waiting([JIRA]) == [told("b", minutes=1)]
    assert await add(store, told("a", ISSUE, minutes=9)) == 0
    assert await store.inbox.last([JIRA, GITHUB]) == {JIRA: AT + timedelta(minutes=1)}


async def test_only_what_was_read_and_is_old_expires(store: Store) -> None:
    await add(store, *(told(str(number), minutes=number) for number in range(6)))
    async with store.transaction() as tx:
        await tx.inbox.done([told(str(number)) for number in (0, 1, 2, 5)], AT)
    async with store.transaction() as tx:
        assert await tx.inbox.expire(AT + timedelta(minutes=4), 2) == 2
        assert await tx.inbox.expire(AT + timedelta(minutes=4), 2) == 1
        assert await tx.inbox.expire(AT + timedelta(minutes=4), 2) == 0
    assert [row.delivery for row in await store.inbox.waiting([JIRA])] == ["3", "4"]
    assert await add(store, told("5")) == 0


async def test_who_asks_later_is_told_how_a_process_stands(store: Store) -> None:
    assert await store.standing.get("daemon") is None
    for number in (1, 2):
        async with store.transaction() as tx:
            await tx.standing.save("daemon", {"number": number}, AT + timedelta(minutes=number))
    assert await store.standing.get("daemon") == ({"number": 2}, AT + timedelta(minutes=2))
