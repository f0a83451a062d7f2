"""What the tools told of themselves survives them."""

from __future__ import annotations

from sqlalchemy import text

from syncd.model.native import Person
from syncd.model.refs import ConnectionName
from syncd.store.store import Store

JIRA = ConnectionName("jira-pmo")


async def test_the_last_description_of_a_connection_is_kept(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.described.save(JIRA, "{}")
        await tx.described.save(JIRA, '{"a":1}')
    assert await store.described.get(JIRA) == '{"a":1}'
    assert await store.described.get(ConnectionName("other")) is None


async def test_a_person_seen_again_is_kept_once_with_what_was_shown_last(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.people.save(JIRA, [Person("1", name="Ada Example")])
        await tx.people.save(JIRA, [Person("1", name="Ada Example", email="ada@example.test")])
    (ada,) = await store.people.all(JIRA)
    assert (ada.name, ada.email) == ("Ada Example", "ada@example.test")


async def test_sqlite_learns_how_much_it_holds_when_asked_to(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.people.save(JIRA, [Person(str(number)) for number in range(500)])
    await store.optimize()
    if store.db.dialect.name == "sqlite":
        found = await store.db.scalar(text("SELECT stat FROM sqlite_stat1 WHERE tbl = 'seen_person'"))
        assert str(found).startswith("500 ")
