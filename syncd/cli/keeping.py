"""`syncd store backup`, `store restore` and `store check`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from syncd.cli.failing import DONE, FAILED, tell
from syncd.cli.opening import load_settings, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit, working
from syncd.errors import StoreError
from syncd.report.store import CheckView, KeptView, check_text, kept_text
from syncd.report.values import as_json
from syncd.store.audit import BROKEN
from syncd.store.checking import check_store
from syncd.store.copying import Copied
from syncd.store.keeping import back_up, file_of, restore
from syncd.store.store import open_store
from syncd.world import real_world

DAMAGED: Final = "stop syncd, and put the last sound backup in place: syncd store restore FILE"


def back_up_store(common: Common, file: Path) -> int:
    """Copy the configured store into a new file."""
    return run_command(common, _back_up(common, file))


async def _back_up(common: Common, file: Path) -> int:
    world = real_world()
    async with working("Backing the store up", world):
        copied = await back_up(load_settings(common).store, file, world)
    view = _view(copied, str(file), copied.source)
    emit(common, as_json(view), lambda: kept_text(view))
    for each in copied.broken:
        tell(StoreError(each, where=copied.source, fix=BROKEN))
    return DONE


def restore_store(common: Common, file: Path) -> int:
    """Put a backup in place of the configured store."""
    return run_command(common, _restore(common, file))


async def _restore(common: Common, file: Path) -> int:
    world, url = real_world(), load_settings(common).store
    async with working("Restoring the store", world):
        copied, kept = await restore(url, file, world)
    view = _view(copied, str(file_of(url) or copied.target), str(file), kept, common)
    emit(common, as_json(view), lambda: kept_text(view))
    return DONE


def _view(copied: Copied, target: str, source: str, kept: Path | None = None, common: Common | None = None) -> KeptView:
    return KeptView(
        source=source,
        target=target,
        rows={name: content.rows for name, content in copied.tables.items()},
        digests={name: content.digest for name, content in copied.tables.items()},
        audited=copied.audited,
        kept=str(kept) if kept else None,
        restored=common is not None,
        next=[common.command("plan")] if common else [],
    )


def check_whole(common: Common) -> int:
    """Look through the whole store; exit code 1 names what is wrong and what to do."""
    return run_command(common, _check(common))


async def _check(common: Common) -> int:
    world = real_world()
    async with await open_store(load_settings(common).store, world) as store, working("Checking the store", world):
        found = await check_store(store)
    view = CheckView(
        store=found.store, rows=found.rows, audited=found.audited, damage=found.damage, broken=found.broken
    )
    emit(common, as_json(view), lambda: check_text(view))
    for each in view.damage:
        tell(StoreError(each, where=view.store, fix=DAMAGED))
    for each in view.broken:
        tell(StoreError(each, where=view.store, fix=BROKEN))
    return FAILED if view.damage or view.broken else DONE
