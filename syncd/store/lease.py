"""Who may write: one holder at a time, proven by a fence that grows with every new one."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from syncd.errors import StoreError
from syncd.store._db import Db
from syncd.store._dialect import database_now
from syncd.store._known import Known
from syncd.store._tables import EPOCH, lease
from syncd.store.rows import LeaseRow

_EXTEND: Final = Known(update(lease).where(lease.c.name == bindparam("of")).values(expires_at=bindparam("until")))
_RELEASE: Final = Known(
    update(lease)
    .where(lease.c.name == bindparam("of"), lease.c.fence == bindparam("at_fence"))
    .values(expires_at=bindparam("until"))
)
_GET: Final = Known(select(lease).where(lease.c.name == bindparam("name")))


_MACHINE: Final = Path("/etc/machine-id")
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_NUMBERING: Final = Path("/proc/self/ns/pid")
OF_THE_MACHINE: Final = "pid:[4026531836]"
"""How Linux calls the numbering of its first process, in every boot (include/linux/proc_ns.h)."""


def this_process() -> str:
    """Return how this process signs a lease."""
    return signature(os.getpid())


def signature(pid: int) -> str:
    """Return how a process beside this one signs: `host~numbering:pid`, or `host:pid` where there is one numbering."""
    return f"{_here()}:{pid}"


def readable(holder: str) -> str:
    """Return how people are told who holds a lease: `host:pid`."""
    here, _, pid = holder.rpartition(":")
    return f"{here.partition('~')[0]}:{pid}"


@cache
def _here() -> str:
    """
    Name where a number means one process: two containers may call their hosts alike, and each counts from 1.

    A machine's own numbering outlives a boot: what ran before it is surely dead. That of a container is of one boot.
    """
    numbering = _read(_NUMBERING.readlink)
    told = _read(_MACHINE.read_text) if numbering in {"", OF_THE_MACHINE} else numbering + _read(_BOOT.read_text)
    host = socket.gethostname()
    return f"{host}~{hashlib.sha256(told.encode()).hexdigest()[:8]}" if told else host


def _read(how: Callable[[], object]) -> str:
    """Return what the system tells, or nothing: a unit may hide it, and not every system has it."""
    try:
        return str(how())
    except OSError:
        return ""


def is_surely_dead(holder: str) -> bool:
    """Return whether *holder* is a process numbered as this one is, that ended. Any other may always live."""
    here, _, pid = holder.rpartition(":")
    if here != _here() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _lease(row: Row[Any]) -> LeaseRow:
    return LeaseRow(name=row.name, holder=row.holder, fence=row.fence, since=row.since, expires_at=row.expires_at)


class Leases:
    """Leases by name. All times are the database's own."""

    def __init__(self, db: Db) -> None:
        self._db = db

    async def get(self, name: str) -> LeaseRow | None:
        """Return a lease, held or run out."""
        return await self._db.one(_GET, _lease, {"name": name})

    async def holder(self, name: str) -> LeaseRow | None:
        """Return a lease that somebody has: not given back, nor run out by the database's clock, nor of the dead."""
        held = await self.get(name)
        if held is None or held.expires_at <= await self._now() or is_surely_dead(held.holder):
            return None
        return held

    async def acquire(self, name: str, holder: str, ttl: timedelta) -> LeaseRow:
        """
        Take a lease that is free, has run out, or whose holder is surely dead.

        Raises `StoreError` naming the holder when somebody else has it.
        """
        taken = await self.holder(name)
        if taken is not None:
            host, _, pid = readable(taken.holder).rpartition(":")
            raise StoreError(
                f"it is held by process {pid} on {host} since {taken.since:%Y-%m-%d %H:%M:%S} UTC",
                where=self._db.where,
                fix=f"stop that process, or wait until its lease runs out at {taken.expires_at:%H:%M:%S} UTC",
            )
        held, now = await self.get(name), await self._now()
        fence = (held.fence if held else 0) + 1
        row = LeaseRow(name=name, holder=holder, fence=fence, since=now, expires_at=now + ttl)
        await self._db.save(
            lease,
            [{"name": name, "holder": holder, "fence": fence, "since": now, "expires_at": row.expires_at}],
        )
        return row

    async def renew(self, held: LeaseRow, ttl: timedelta) -> LeaseRow:
        """Hold a lease for longer. Raises `StoreError` when it was lost."""
        await self.check(held)
        until = await self._now() + ttl
        await self._db.write(_EXTEND, values={"of": held.name, "until": until})
        return LeaseRow(name=held.name, holder=held.holder, fence=held.fence, since=held.since, expires_at=until)

    async def release(self, held: LeaseRow) -> None:
        """Give a lease back, if it is still ours: it ended long ago, whatever the clock says next. The fence stays."""
        await self._db.write(_RELEASE, values={"of": held.name, "at_fence": held.fence, "until": EPOCH})

    async def check(self, held: LeaseRow) -> None:
        """Raise `StoreError` unless nobody took the lease over."""
        current = await self.get(held.name)
        if current is None or current.fence != held.fence:
            holder = readable(current.holder) if current else "nobody"
            raise StoreError(
                f"another process took over ({holder}): nothing more is written by this one",
                where=self._db.where,
                fix="stop this process; the other one goes on",
            )

    async def _now(self) -> datetime:
        found = await self._db.one(database_now(self._db.dialect.name), lambda row: int(row.now))
        return EPOCH + timedelta(microseconds=found or 0)
