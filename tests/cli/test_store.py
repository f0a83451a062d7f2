"""The store itself, from the command line: brought up to date, and carried elsewhere."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.cli.opening import tell_upgrade
from syncd.store._schema import HEAD, Upgrade
from syncd.store.lease import signature
from syncd.store.store import DAEMON, open_store
from syncd.world import real_world
from tests import databases
from tests.cli.conftest import Cli
from tests.databases import POSTGRESQL, Stores

HERE = "sqlite:///state/syncd.db"


def use(cli: Cli, url: str) -> None:
    """Go on with another store."""
    main_file = cli.folder / "syncd.yaml"
    (line,) = [each for each in main_file.read_text().splitlines() if each.startswith("store: ")]
    main_file.write_text(main_file.read_text().replace(line, f"store: {url}"))


def test_tables_are_brought_up_to_date_on_purpose(cli: Cli, stores: Stores, tmp_path: Path) -> None:
    use(cli, stores.bare_url(tmp_path / "bare"))
    shown = cli("store", "migrate", "--dry-run", "--json")
    assert (shown.code, shown.json["found"], shown.json["head"], shown.json["done"]) == (0, None, HEAD, False)
    assert [revision for revision, _ in shown.json["steps"]][-1] == HEAD
    assert f"would be brought up to date, from no tables to {HEAD}." in cli("store", "migrate", "--dry-run").out
    done = cli("store", "migrate")
    assert done.code == 0
    assert f": brought up to date, from no tables to {HEAD}.\n  0001  Lay the tables out" in done.out
    assert cli("store", "migrate").out.endswith(f": the tables are up to date ({HEAD}).\n")


def test_a_store_moves_to_postgresql_and_back(cli: Cli, tmp_path: Path) -> None:
    cli.agree()
    with databases.stores_of(POSTGRESQL) as lent:
        url = lent.bare_url(tmp_path)
        moved = cli("store", "copy", HERE, url)
        assert moved.code == 0, moved.err
        assert ": counts and contents are the same in both." in moved.out
        assert " audit rows proven by their hash chains." in moved.out
        assert f"In syncd.yaml write: store: {url}\n" in moved.out

        use(cli, url)
        mark = cli.server.sandbox.log.mark()
        assert cli("sync").code == 0
        assert cli.server.sandbox.log.objects_written(mark) == 0
        jira, github = cli.pair()
        cli.edit("jira", jira, "summary", "Said after the move")
        assert cli("sync").code == 0
        assert cli.held("github", github)["title"] == "Said after the move"

        back = cli("store", "copy", url, "sqlite:///state/back.db", "--json")
        assert back.code == 0
        assert back.json["rows"]["entity"] > 10
        assert set(back.json["digests"]) == set(back.json["rows"])
        full = cli("store", "copy", url, "sqlite:///state/back.db")
        assert full.code == 2
        assert "the target is not empty: it has rows in " in full.err
    use(cli, "sqlite:///state/back.db")
    assert cli("sync").code == 0
    assert cli.server.sandbox.log.objects_written(mark) == 1
    assert cli("explain", github, "title").out.count("Said after the move") >= 1


@pytest.mark.parametrize(
    ("source", "target", "told"),
    [
        (HERE, "postgresql://ada:hunter2@127.0.0.1/x", "a password is written on the command line"),
        (HERE, "postgresql://ada@127.0.0.1/x?password=hunter2", "a password is written on the command line"),
        (HERE, "env:NO_SUCH_STORE", "the environment variable NO_SUCH_STORE is not set"),
        (HERE, "sqlite:///state/../state/syncd.db", "FROM and TO are the same store"),
        ("sqlite:///state/none.db", HERE, "there is no store to copy"),
        (HERE, "mysql://127.0.0.1/x", 'the store cannot be kept in "mysql"'),
    ],
)
def test_what_cannot_be_copied_is_told(cli: Cli, source: str, target: str, told: str) -> None:
    assert cli("store", "migrate").code == 0
    answer = cli("store", "copy", source, target)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert "  fix: " in answer.err
    assert "hunter2" not in answer.err


def test_whoever_brings_an_older_store_up_to_date_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for found, steps in ((None, (("0001", "a"),)), ("0012", ()), ("0008", (("0009", "a"),))):
        tell_upgrade(Upgrade(found, "0012", steps))
    told = capsys.readouterr().err
    assert (
        told
        == "The store's tables were brought up to date, from 0008 to 0012; an older syncd cannot read it any more.\n"
    )


def test_a_store_is_not_copied_while_a_daemon_uses_it(cli: Cli) -> None:
    assert cli("store", "migrate").code == 0

    async def hold() -> None:
        async with (
            await open_store(f"sqlite:///{cli.folder / 'state' / 'syncd.db'}", real_world()) as store,
            store.transaction() as tx,
        ):
            await tx.leases.acquire(DAEMON, signature(os.getppid()), timedelta(minutes=5))

    asyncio.run(hold())
    answer = cli("store", "copy", HERE, "sqlite:///state/other.db")
    assert answer.code == 1
    assert f"it is held by process {os.getppid()}" in answer.err


def test_a_url_in_a_variable_shows_no_password(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("store", "migrate").code == 0
    monkeypatch.setenv("NEW_STORE", "postgresql://ada:hunter2@127.0.0.1:1/x")
    answer = cli("store", "copy", HERE, "env:NEW_STORE")
    assert answer.code == 1
    assert answer.err.startswith("error: postgresql://ada@127.0.0.1:1/x: the database server does not answer")
    assert "hunter2" not in answer.err + answer.out
