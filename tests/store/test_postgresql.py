"""What only a PostgreSQL has: servers that are away, passwords, rules of its own, and writers in turn."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.engine import make_url

from syncd.errors import ConfigError, StoreError
from syncd.model.refs import EntityId
from syncd.store import _schema
from syncd.store.store import Store, open_store
from tests import databases
from tests.databases import POSTGRESQL, Server, Stores
from tests.store import samples
from tests.store.conftest import Clock
from tests.store.test_round_trips import E1, E2, fill

PASSWORD = "made-up-password"


@pytest.fixture
def stores() -> Iterator[Stores]:
    """Lend stores in PostgreSQL alone."""
    with databases.stores_of(POSTGRESQL) as lent:
        yield lent


@pytest.fixture
def server(stores: Stores) -> Server:
    del stores
    return databases.server()


@pytest.fixture
def ada(server: Server) -> Iterator[str]:
    """Make a user who has a password and no rights."""
    server.run(f"CREATE ROLE ada LOGIN PASSWORD '{PASSWORD}'")
    yield "ada"
    server.run("DROP OWNED BY ada")
    server.run("DROP ROLE ada")


async def refused(url: str) -> StoreError:
    """Return what opening *url* fails with; no password is ever in it."""
    with pytest.raises(StoreError) as caught:
        await open_store(url, Clock().world())
    assert caught.value.fix
    assert PASSWORD not in f"{caught.value}{caught.value.__cause__!r}"
    return caught.value


async def test_a_server_that_is_down_is_told_with_its_address() -> None:
    url = f"postgresql://ada:{PASSWORD}@127.0.0.1:1/syncd?application_name=x"
    told = await refused(url)
    assert told.where == "postgresql://ada@127.0.0.1:1/syncd"
    assert told.what.startswith("the database server does not answer (")
    assert told.fix == "start the server, or check host and port under `store`"


@pytest.mark.parametrize("password", ["", ":wrong"])
async def test_a_wrong_password_is_told(server: Server, ada: str, password: str) -> None:
    told = await refused(f"postgresql://{ada}{password}@127.0.0.1:{server.port}/postgres")
    assert told.what.startswith("the server does not accept the user or the password (")
    assert "PGPASSWORD" in str(told.fix)


async def test_a_password_from_the_environment_lets_us_in(
    server: Server, url: str, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = str(make_url(url).database)
    server.run("ALTER DATABASE {} OWNER TO ada", name)
    server.run("GRANT SELECT ON alembic_version TO {}", ada, database=name)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    await (await open_store(f"postgresql://{ada}@127.0.0.1:{server.port}/{name}", Clock().world())).close()
    server.run("DROP OWNED BY ada", database=name)
    server.run("ALTER DATABASE {} OWNER TO postgres", name)


async def test_a_database_that_is_missing_is_told(server: Server) -> None:
    told = await refused(server.url("nowhere"))
    assert told.what.startswith("there is no such database (")
    assert "createdb" in str(told.fix)


async def test_a_user_without_rights_is_told(bare_url: str, ada: str) -> None:
    told = await refused(bare_url.replace("postgres@", f"{ada}:{PASSWORD}@"))
    assert told.what.startswith("its user lacks a permission (permission denied for schema public")


async def test_a_database_that_cannot_hold_every_text_is_told(server: Server) -> None:
    server.run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    told = await refused(server.url("latin"))
    server.run("DROP DATABASE latin")
    assert told.what == "the database is encoded in LATIN1, which cannot hold every text"


async def test_an_old_server_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_schema, "OLDEST_SERVER", 99)
    told = await refused(url)
    assert told.what.startswith("the server is PostgreSQL 1")
    assert told.fix == "use PostgreSQL 99 or newer"


async def test_a_missing_driver_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError) as told:
        await open_store(url, Clock().world())
    assert told.value.fix == 'install it: pip install "syncd[postgres]"'


async def test_a_standby_is_told(server: Server, url: str, store: Store) -> None:
    server.run("ALTER DATABASE {} SET default_transaction_read_only = on", str(make_url(url).database))
    async with await open_store(url, Clock().world()) as other:
        with pytest.raises(StoreError, match="it takes no writes"):
            await fill(other)
    await fill(store)


def cut(server: Server) -> None:
    """Let the server drop every connection of syncd."""
    server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'syncd'")


async def write_through_a_cut(server: Server, store: Store, *, more: int) -> None:
    """Lose the connection inside a transaction, with *more* still to write or only its end to come."""
    async with store.transaction() as tx:
        await tx.entities.save([samples.entity(2)])
        cut(server)
        await tx.entities.save([samples.entity(3 + n) for n in range(more)])


@pytest.mark.parametrize("more", [0, 1])
async def test_a_connection_lost_in_a_transaction_leaves_no_half_state(server: Server, store: Store, more: int) -> None:
    await fill(store, 1)
    with pytest.raises(StoreError) as told:
        await write_through_a_cut(server, store, more=more)
    assert told.value.what.startswith("the connection to the database was lost (")
    assert told.value.where == store._where
    assert await store.entities.ids("platform") == [E1], "the pool replaced what was lost"
    await fill(store)


async def test_a_connection_lost_while_it_rested_is_replaced_unseen(server: Server, store: Store) -> None:
    await fill(store)
    cut(server)
    assert await store.entities.ids("platform") == [E1, E2]


async def test_writers_take_turns_and_see_what_the_one_before_kept(store: Store, url: str) -> None:
    """Each reads, thinks and writes: without turns, one of two increments would be lost."""

    async def count_up(at: Store) -> None:
        for _ in range(20):
            async with at.transaction() as tx:
                known = (await tx.entities.by_ids([E1]))[E1]
                moved = known.created_at + timedelta(seconds=1)
                await asyncio.sleep(0)
                await tx.described.save(samples.JIRA, str(int(await tx.described.get(samples.JIRA) or 0) + 1))
                assert moved > known.created_at

    await fill(store, 1)
    async with await open_store(url, Clock().world()) as other:
        await asyncio.gather(count_up(store), count_up(other))
    assert await store.described.get(samples.JIRA) == "40"


async def test_a_writer_holds_up_no_reader(store: Store, url: str) -> None:
    await fill(store, 1)
    async with await open_store(url, Clock().world()) as other, other.transaction() as tx:
        await tx.entities.save([samples.entity(2)])
        assert list(await store.entities.by_ids([E1, E2])) == [E1]


async def test_two_that_open_at_once_migrate_once(bare_url: str) -> None:
    opened = await asyncio.gather(*(open_store(bare_url, Clock().world()) for _ in range(3)))
    await fill(opened[0])
    assert await opened[2].entities.ids("platform") == [E1, E2]
    for each in opened:
        await each.close()


async def test_a_large_stream_is_read_in_portions_from_one_snapshot(store: Store) -> None:
    await fill(store, 1200)
    stream = store.entities.by_portfolio("platform")
    first = await anext(stream)
    async with store.transaction() as tx:
        await tx.entities.save([samples.entity(5000)])
    rest = [row.id async for row in stream]
    assert len({first.id, *rest}) == 1200
    assert EntityId("e5000") not in rest


def test_text_sorts_by_its_characters_in_every_column_that_is_compared(server: Server, url: str) -> None:
    odd = server.run(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type = 'character varying' AND collation_name IS DISTINCT FROM 'C' "
        "AND table_name <> 'alembic_version'",
        database=str(make_url(url).database),
    )
    assert odd == [], "use STRING of syncd.store._tables in migrations, not sa.String()"
