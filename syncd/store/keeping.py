"""A copy of the store in a file, and the store put back from it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from syncd.errors import ConfigError, StoreError
from syncd.store.checking import check_store
from syncd.store.copying import Copied, copy_snapshot, copy_store
from syncd.store.lease import this_process
from syncd.store.rows import LeaseRow
from syncd.store.store import DAEMON, WRITER, Store, open_store
from syncd.world import World

SQLITE: Final = "sqlite:///"
SIDE_FILES: Final = ("-wal", "-shm", "-journal")
WHY: Final = "it was restored from a backup"
HOLD: Final = timedelta(minutes=2)


def file_of(url: str) -> Path | None:
    """Return the file of an SQLite store; `None` for a database on a server."""
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def _is_same(one: Path, other: Path | None) -> bool:
    return other is not None and one.resolve() == other.resolve()


def _holds_something(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


async def back_up(url: str, file: Path, world: World) -> Copied:
    """
    Copy the store at *url*, as it is at one moment, into a new SQLite *file* that only its owner can read.

    Others may write to the store meanwhile. What arrived is compared with what
    was sent. Nothing is left of a copy that failed.

    Raises:
        ConfigError: there is a file of that name, or there is no store.
        StoreError: the store cannot be read, or the file cannot be written.
    """
    ours = file_of(url)
    if _is_same(file, ours):
        raise ConfigError("this is the store itself", where=str(file), fix="name another file")
    if ours is not None and not ours.is_file():
        raise ConfigError("there is no store to back up", where=str(ours), fix="check `store` in syncd.yaml")
    part = file.with_name(f"{file.name}.part")
    _reserve(file)
    try:
        part.unlink(missing_ok=True)
        async with await open_store(url, world) as source, await open_store(f"{SQLITE}{part}", world) as target:
            copied = await copy_snapshot(source, target)
        part.replace(file)
        _sync_folder(file)
    except BaseException:
        for each in (file, part, *(part.with_name(f"{part.name}{end}") for end in SIDE_FILES)):
            each.unlink(missing_ok=True)
        raise
    return copied


def _reserve(file: Path) -> None:
    """Make *file*, empty and ours alone: whoever comes second is refused."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as exc:
        raise ConfigError("the file is there already", where=str(file), fix="name a new one, or move it away") from exc
    except OSError as exc:
        raise StoreError(
            f"the file cannot be made: {exc.strerror}", where=str(file), fix="check that its folder is there and ours"
        ) from exc


def _sync_folder(file: Path) -> None:
    """See that the folder's entry of *file* is on the disk."""
    handle = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def restore(url: str, file: Path, world: World) -> tuple[Copied, Path | None]:
    """
    Put the backup in *file* in place of the store at *url*, and mark it as restored.

    Returns what was carried over, and where the store that was there is kept
    now (`None` where there was none). *file* stays as it is.

    Raises:
        ConfigError: *file* is no backup, or the database on the server is not empty.
        StoreError: *file* is damaged, or another process uses the store.
    """
    ours = file_of(url)
    if _is_same(file, ours):
        raise ConfigError("this is the store itself", where=str(file), fix="name a backup of it")
    if not _holds_something(file):
        raise ConfigError("there is no backup", where=str(file), fix="name a file that syncd store backup made")
    if ours is None:
        with TemporaryDirectory(prefix="syncd-") as folder:
            return await _into_server(url, file, Path(folder) / "backup.db", world), None
    ours.parent.mkdir(parents=True, exist_ok=True)
    return await _into_file(ours, file, world)


async def _into_server(url: str, file: Path, ready: Path, world: World) -> Copied:
    await _prepare(file, ready, world)
    async with (
        await open_store(f"{SQLITE}{ready}", world) as source,
        await open_store(url, world) as target,
        _alone(target),
    ):
        return await copy_store(source, target)


async def _into_file(ours: Path, file: Path, world: World) -> tuple[Copied, Path | None]:
    ready = ours.with_name(f"{ours.name}.restoring")
    part = ours.with_name(f"{ours.name}.restored")
    for each in (ready, part):
        _remove(each)
    try:
        await _prepare(file, ready, world)
        async with (
            await open_store(f"{SQLITE}{ready}", world) as source,
            await open_store(f"{SQLITE}{part}", world) as new,
        ):
            copied = await copy_store(source, new)
        kept = await _set_aside(ours, world) if _holds_something(ours) else None
        part.replace(ours)
        _sync_folder(ours)
    finally:
        _remove(ready)
        _remove(part)
    return copied, kept


def _remove(file: Path) -> None:
    for each in (file, *(file.with_name(f"{file.name}{end}") for end in SIDE_FILES)):
        each.unlink(missing_ok=True)


async def _prepare(file: Path, ready: Path, world: World) -> None:
    """Copy the backup, so that it stays as it is; bring its tables up to date, look through it, and mark it."""
    os.close(os.open(ready, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    for end in ("", "-wal"):
        beside = file.with_name(f"{file.name}{end}")
        if beside.is_file():
            shutil.copyfile(beside, ready.with_name(f"{ready.name}{end}"))
    async with await open_store(f"{SQLITE}{ready}", world) as store:
        checked = await check_store(store)
        if checked.damage:
            raise StoreError(
                f"the backup is damaged: {checked.damage[0]}", where=str(file), fix="restore another backup"
            )
        async with store.transaction() as tx:
            await tx.restored.mark(WHY)


async def _set_aside(ours: Path, world: World) -> Path:
    """Give the store that is there a second, dated name; the first one is free to be overwritten."""
    try:
        store = await open_store(f"{SQLITE}{ours}", world)
    except StoreError:
        pass  # damaged, or newer than we are: it is kept as it is
    else:
        async with store:
            await _hold(store)  # not given back: nobody begins to use it between here and the new file
    if _holds_something(ours.with_name(f"{ours.name}-wal")):
        raise StoreError(
            "another process has it open", where=str(ours), fix="stop every syncd that uses it, then try again"
        )
    kept = _free_name(ours.with_name(f"{ours.name}.{world.now():%Y%m%dT%H%M%SZ}"))
    try:
        os.link(ours, kept)  # so that there is a store at every moment
    except FileExistsError as exc:
        raise StoreError("somebody made this file just now", where=str(kept), fix="try again") from exc
    except OSError:  # a file system without links
        shutil.copy2(ours, kept)
    return kept


def _free_name(name: Path) -> Path:
    """Return *name*, numbered if need be: a restore killed within this very second kept a store under it."""
    numbered = (name.with_name(f"{name.name}.{n}") for n in count(2))
    return next(each for each in chain([name], numbered) if not each.exists())


async def _hold(store: Store) -> list[LeaseRow]:
    async with store.transaction() as tx:
        return [await tx.leases.acquire(name, this_process(), HOLD) for name in (DAEMON, WRITER)]


@asynccontextmanager
async def _alone(store: Store) -> AsyncIterator[None]:
    held = await _hold(store)
    try:
        yield
    finally:
        async with store.transaction() as tx:
            for each in held:
                await tx.leases.release(each)
