"""The store backed up, put back and looked through, from the command line."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.store.lease import signature
from syncd.store.store import DAEMON, WRITER, open_store
from syncd.world import real_world
from tests import databases
from tests.cli.conftest import Cli
from tests.cli.test_store import use
from tests.databases import DISARMING, POSTGRESQL, SQLITE


def held_by_another(cli: Cli, lease: str) -> None:
    """Let a living process hold a lease of the store."""

    async def hold() -> None:
        url = f"sqlite:///{cli.folder / 'state' / 'syncd.db'}"
        async with await open_store(url, real_world()) as store, store.transaction() as tx:
            await tx.leases.acquire(lease, signature(os.getppid()), timedelta(minutes=5))

    asyncio.run(hold())


def test_a_store_comes_back_and_nothing_is_written_that_was_there(cli: Cli, tmp_path: Path) -> None:
    cli.agree()
    held_by_another(cli, DAEMON)  # a daemon runs meanwhile
    file = tmp_path / "backup.db"
    made = cli("store", "backup", str(file))
    assert made.code == 0, made.err
    assert ": counts and contents are the same in both." in made.out
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("backup")) == ["backup.db"]
    again = cli("store", "backup", str(file))
    assert (again.code, again.out) == (2, "")
    assert again.err == f"error: {file}: the file is there already\n  fix: name a new one, or move it away\n"

    before = file.read_bytes()
    store = cli.folder / "state" / "syncd.db"
    refused = cli("store", "restore", str(file))
    assert refused.code == 1
    assert f"it is held by process {os.getppid()}" in refused.err
    with closing(sqlite3.connect(store, isolation_level=None)) as raw:
        raw.execute("DELETE FROM lease")
    inode = store.stat().st_ino
    done = cli("store", "restore", str(file), "--json")
    assert done.code == 0, done.err
    assert file.read_bytes() == before
    kept = Path(done.json["kept"])
    assert kept.stat().st_ino == inode
    assert kept.name.startswith("syncd.db.20")
    assert sorted(path.name for path in store.parent.glob("syncd.db*")) == ["syncd.db", kept.name]
    assert store.stat().st_mode & 0o777 == 0o600

    with closing(sqlite3.connect(store)) as raw:
        assert raw.execute("SELECT connection FROM restored ORDER BY 1").fetchall() == [("github-eng",), ("jira-pmo",)]
        assert raw.execute("SELECT count(*) FROM cursor").fetchall() == [(0,)]

    mark = cli.server.sandbox.log.mark()
    assert cli("sync").code == 0
    assert cli.server.sandbox.log.objects_written(mark) == 0
    assert cli("store", "check").out.endswith(": all of it is sound.\n")


def test_a_backup_of_postgresql_goes_back_into_an_empty_database_only(cli: Cli, tmp_path: Path) -> None:
    with databases.stores_of(POSTGRESQL) as lent:
        url, other = lent.bare_url(tmp_path), lent.bare_url(tmp_path)
        use(cli, url)
        cli.agree()
        file = tmp_path / "backup.db"
        assert cli("store", "backup", str(file)).code == 0
        full = cli("store", "restore", str(file))
        assert full.code == 2
        assert "createdb -T template0 -E UTF8 NAME" in full.err
        use(cli, other)
        done = cli("store", "restore", str(file))
        assert done.code == 0, done.err
        mark = cli.server.sandbox.log.mark()
        assert cli("sync").code == 0
        assert cli.server.sandbox.log.objects_written(mark) == 0
        assert cli("store", "check").code == 0


def test_what_cannot_be_backed_up_or_restored_is_told(cli: Cli, tmp_path: Path) -> None:
    store = cli.folder / "state" / "syncd.db"
    assert "there is no store to back up" in cli("store", "backup", str(tmp_path / "b.db")).err
    assert not (tmp_path / "b.db").exists()
    assert cli("store", "migrate").code == 0
    for command in ("backup", "restore"):
        itself = cli("store", command, str(store.parent / ".." / "state" / "syncd.db"))
        assert (itself.code, "this is the store itself" in itself.err) == (2, True)
    assert cli("store", "backup", str(tmp_path / "no" / "b.db")).code == 1
    assert "there is no backup" in cli("store", "restore", str(tmp_path / "none.db")).err
    (tmp_path / "odd.db").write_bytes(b"not a database" * 100)
    odd = cli("store", "restore", str(tmp_path / "odd.db"))
    assert (odd.code, "it is not an SQLite database" in odd.err) == (1, True)
    held_by_another(cli, WRITER)
    assert cli("store", "backup", str(tmp_path / "b.db")).code == 0
    assert cli("store", "restore", str(tmp_path / "b.db")).code == 1
    assert [path.name for path in store.parent.glob("syncd.db*")] == ["syncd.db"]


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("UPDATE entity SET vals = '{' WHERE id = (SELECT min(id) FROM entity)", "cannot be understood"),
        ("UPDATE link SET portfolio = 'odd' WHERE id = (SELECT min(id) FROM link)", "is of another portfolio"),
        ("DELETE FROM observed WHERE ref = (SELECT min(ref) FROM link)", "nothing is known of its record"),
        ("DELETE FROM entity WHERE id = (SELECT min(entity) FROM link)", "link points at a missing entity"),
        ("DELETE FROM audit WHERE seq = 2", "row 2 is missing"),
    ],
)
def test_what_is_wrong_with_a_store_is_named(cli: Cli, harm: str, told: str) -> None:
    assert cli("plan").code in (0, 3)
    if "audit" in harm:
        cli.agree()
    with closing(sqlite3.connect(cli.folder / "state" / "syncd.db", isolation_level=None)) as raw:
        for statement in DISARMING[SQLITE]:
            raw.execute(statement)
        raw.execute(harm)
    found = cli("store", "check")
    assert found.code == 1
    assert told in found.err
    assert "  fix: " in found.err
