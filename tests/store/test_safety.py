"""Crashes, other processes, other files: kept whole, or refused with a reason and a fix."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from syncd.errors import ConfigError, StoreError
from syncd.model.refs import EntityId
from syncd.store import lease
from syncd.store._schema import HEAD
from syncd.store._tables import METADATA
from syncd.store.store import Store, open_store
from tests.databases import SQLITE, Stores
from tests.store import samples
from tests.store.conftest import Clock
from tests.store.test_round_trips import E1, E2, fill

MIDWAY = """
import asyncio, os, signal, sys
from syncd.store.store import open_store
from syncd.world import real_world
from tests.store import samples

async def main():
    store = await open_store(sys.argv[1], real_world())
    async with store.transaction() as tx:
        await tx.entities.save([samples.entity(1)])
    async with store.transaction() as tx:
        await tx.entities.save([samples.entity(n) for n in range(2, 2000)])
        await tx.links.save([samples.link(1)])
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def mode_of(url: str) -> int:
    """Return who may read the file behind *url*."""
    return Path(url.removeprefix("sqlite:///")).stat().st_mode & 0o777


async def test_a_kill_in_mid_transaction_keeps_all_before_and_nothing_of_it(url: str, clock: Clock) -> None:
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", MIDWAY, url)
    assert await killed.wait() == -signal.SIGKILL
    async with await open_store(url, clock.world()) as store:
        assert await store.entities.ids("platform") == [E1]
        assert await store.links.by_entities([E1]) == {}
        await fill(store)


async def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    async def fail() -> None:
        async with store.transaction() as tx:
            await tx.entities.save([samples.entity(1)])
            assert await tx.entities.ids("platform") == [E1]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await store.entities.ids("platform") == []


async def test_a_reader_sees_the_last_kept_state_while_a_writer_is_under_way(store: Store) -> None:
    await fill(store, 1)
    stream = store.entities.by_portfolio("platform")
    assert (await anext(stream)).id == E1
    async with store.transaction() as tx:
        await tx.entities.save([samples.entity(2)])
        assert list(await store.entities.by_ids([E1, E2])) == [E1]
    assert [row.id async for row in stream] == []
    assert list(await store.entities.by_ids([E1, E2])) == [E1, E2]


async def test_writing_outside_a_transaction_is_a_programming_error(store: Store) -> None:
    with pytest.raises(RuntimeError, match="writes belong inside"):
        await store.entities.save([samples.entity(1)])


async def test_every_commit_reaches_the_disk(sqlite_url: str, clock: Clock) -> None:
    async with await open_store(sqlite_url, clock.world()) as store, store._engine.connect() as connection:
        settings = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]
    assert mode_of(sqlite_url) == 0o600


async def test_a_second_daemon_is_refused_and_told_who_holds_it(store: Store, url: str, clock: Clock) -> None:
    await store.acquire_lease(holder="elsewhere:4711")
    async with await open_store(url, clock.world()) as second:
        with pytest.raises(StoreError) as refused:
            await second.acquire_lease()
        assert refused.value.what.startswith("it is held by process 4711 on elsewhere since 2")
        assert refused.value.fix
        await store.renew_lease()
        await store.release_lease()
        assert (await second.acquire_lease()).fence == 2


async def test_whoever_lost_the_lease_writes_nothing_more(store: Store, url: str, clock: Clock) -> None:
    await store.acquire_lease(holder="elsewhere:1", ttl_s=0)
    async with await open_store(url, clock.world()) as second:
        await second.acquire_lease(holder="elsewhere:2")
        with pytest.raises(StoreError, match=r"took over \(elsewhere:2\)"):
            async with store.transaction() as tx:
                await tx.entities.save([samples.entity(1)])
        with pytest.raises(StoreError, match="took over"):
            await store.renew_lease()
        await store.release_lease()
        held = await second.leases.get("writer")
        assert held
        assert held.expires_at > held.since
        await fill(second)


async def test_a_statement_after_a_lease_was_found_lost_is_refused_for_the_same_reason(
    store: Store, url: str, clock: Clock
) -> None:
    await store.acquire_lease(holder="elsewhere:1", ttl_s=0)
    async with await open_store(url, clock.world()) as second:
        await second.acquire_lease(holder="elsewhere:2")
        async with store.transaction() as tx:
            for _ in range(2):  # the first attempt left no lock behind that the second would wait for
                with pytest.raises(StoreError, match="took over"):
                    await tx.entities.save([samples.entity(1)])
        await fill(second)
        await store.release_lease()


async def test_several_first_statements_at_once_begin_one_transaction(store: Store) -> None:
    async with store.transaction() as tx:
        await asyncio.gather(*(tx.entities.save([samples.entity(number)]) for number in (1, 2)))
    assert await store.entities.ids("platform") == [E1, E2]


async def test_the_lease_of_a_dead_process_of_this_host_is_free(store: Store) -> None:
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    await store.acquire_lease(holder=lease.signature(ended.pid))
    assert (await store.acquire_lease()).fence == 2
    assert not lease.is_surely_dead(lease.this_process())
    assert not lease.is_surely_dead("elsewhere:1")


async def test_the_lease_of_another_container_that_calls_its_host_alike_is_held(store: Store) -> None:
    """Its processes are numbered from 1 as well, and none of them is seen here."""
    ended = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await ended.wait()
    here = socket.gethostname()
    await store.acquire_lease(holder=f"{here}~01234567:{ended.pid}")
    with pytest.raises(StoreError, match=f"held by process {ended.pid} on {here} since"):
        await store.acquire_lease()


async def test_a_clock_set_back_keeps_nobody_from_a_lease_that_was_given_back(
    stores: Stores, store: Store, url: str
) -> None:
    await store.acquire_lease(holder="elsewhere:1")
    await store.release_lease()
    stores.run(url, "UPDATE lease SET since = since + 3600000000, expires_at = expires_at + 3600000000")
    assert await store.leases.holder("writer") is None
    assert (await store.acquire_lease()).fence == 2


async def test_a_newer_database_is_refused_not_touched(stores: Stores, url: str, clock: Clock) -> None:
    await (await open_store(url, clock.world())).close()
    stores.run(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError) as refused:
        await open_store(url, clock.world())
    assert refused.value.what == f"it was written by a newer syncd (its tables are at 9999, ours at {HEAD})"
    assert refused.value.fix


async def test_another_programs_database_is_refused(stores: Stores, bare_url: str, clock: Clock) -> None:
    stores.run(bare_url, "CREATE TABLE theirs (x integer)")
    with pytest.raises(StoreError, match="another program's database"):
        await open_store(bare_url, clock.world())


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(sqlite_url: str, clock: Clock, content: bytes) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError) as refused:
        asyncio.run(open_store(sqlite_url, clock.world()))
    assert refused.value.where == str(path)
    assert refused.value.fix
    assert path.read_bytes() == content


async def test_a_row_changed_by_hand_is_named_not_guessed(stores: Stores, store: Store, url: str) -> None:
    await fill(store)
    stores.run(url, """UPDATE entity SET vals = '{"title":["date","soon"]}' WHERE id = 'e1'""")
    with pytest.raises(StoreError, match="a row cannot be understood: not a canonical value"):
        await store.entities.by_ids([EntityId("e1")])


@pytest.mark.parametrize("where", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "nonsense", "postgresql://host"])
async def test_an_address_that_is_no_store_is_a_config_error(where: str, clock: Clock) -> None:
    with pytest.raises(ConfigError) as refused:
        await open_store(where, clock.world())
    assert refused.value.fix


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made or read"):
        await open_store(f"sqlite:///{tmp_path}/file/syncd.db", clock.world())


async def test_a_store_locked_by_another_process_says_so(stores: Stores, store: Store, url: str) -> None:
    is_file = stores.kind == SQLITE
    async with store._engine.connect() as connection:  # the pool lends the same one to the writer below
        await connection.exec_driver_sql("PRAGMA busy_timeout = 1" if is_file else "SET lock_timeout = 1")
        await connection.commit()
    async with await open_store(url, Clock().world()) as other, other.transaction() as held:
        await held.entities.save([samples.entity(2)])  # a transaction begins with its first statement
        with pytest.raises(StoreError, match="another process is writing to it"):
            async with store.transaction() as tx:
                await tx.entities.save([samples.entity(1)])
    await fill(store)


def test_the_migrations_make_exactly_the_tables_we_use(bare_url: str) -> None:
    async def make() -> None:
        await (await open_store(bare_url, Clock().world())).close()

    asyncio.run(make())
    engine = create_engine(bare_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == HEAD
    engine.dispose()


def test_an_up_to_date_store_opens_without_loading_alembic(bare_url: str) -> None:
    program = (
        "import asyncio, sys; from syncd.store.store import open_store; from syncd.world import real_world\n"
        "async def main(): await (await open_store(sys.argv[1], real_world())).close()\n"
        "asyncio.run(main()); print('alembic' in sys.modules)"
    )
    run = [sys.executable, "-c", program, bare_url]
    first, second = (
        subprocess.run(run, check=True, capture_output=True, text=True, env=os.environ).stdout  # noqa: S603 - our text
        for _ in range(2)
    )
    assert (first.strip(), second.strip()) == ("True", "False")


async def test_a_full_disk_keeps_nothing_of_the_transaction_and_says_so(sqlite_url: str, clock: Clock) -> None:
    async with await open_store(sqlite_url, clock.world()) as store:
        await fill_the_disk(store)


async def fill_the_disk(store: Store) -> None:
    """Let the file grow no further, write, and look at what is told and kept."""
    await fill(store, 1)
    async with store.transaction() as tx:
        pages = await tx.entities._db.scalar(text("PRAGMA page_count"))
        await tx.entities._db.scalar(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StoreError) as refused:
        await fill(store, 2000)
    assert refused.value.what.startswith("the disk is full")
    assert refused.value.fix == "make room; nothing of the last transaction was kept"
    assert await store.entities.ids("platform") == [E1]


@pytest.mark.parametrize(
    ("machine", "boot", "numbering", "same"),
    [
        ("m", "b2", lease.OF_THE_MACHINE, True),  # booted: what ran before it is surely dead
        ("m", None, lease.OF_THE_MACHINE, True),  # a unit that hides /proc/sys
        ("m2", "b", lease.OF_THE_MACHINE, False),
        ("m", "b", "pid:[4026532201]", False),  # in a container
    ],
)
def test_a_numbering_of_processes_is_a_machines_for_good_and_a_containers_for_one_boot(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    machine: str,
    boot: str | None,
    numbering: str,
    same: bool,  # noqa: FBT001 - a case's expectation
) -> None:
    def here(machine: str, boot: str | None, numbering: str) -> str:
        folder = tmp_path / f"{machine}{boot}{numbering}"
        folder.mkdir()
        (folder / "machine").write_text(machine)
        (folder / "ns").symlink_to(numbering)
        if boot is not None:
            (folder / "boot").write_text(boot)
        for name, file in (("_MACHINE", "machine"), ("_BOOT", "boot"), ("_NUMBERING", "ns")):
            monkeypatch.setattr(lease, name, folder / file)
        lease._here.cache_clear()
        return lease.this_process()

    try:
        first = here("m", "b", lease.OF_THE_MACHINE)
        assert (here(machine, boot, numbering) == first) is same
        assert here("m", "b", "pid:[4026532200]") != here("m", "b2", "pid:[4026532200]")
    finally:
        monkeypatch.undo()
        lease._here.cache_clear()
