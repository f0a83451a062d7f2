"""`syncd store migrate` and `syncd store copy`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from syncd.cli.failing import DONE
from syncd.cli.opening import load_settings, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit, working
from syncd.engine.writer import WAIT_S, only_daemon, writing
from syncd.errors import ConfigError
from syncd.report.store import CopyView, UpgradeView, copy_text, upgrade_text
from syncd.report.values import as_json
from syncd.store.copying import Copied, copy_store
from syncd.store.keeping import SQLITE
from syncd.store.store import open_store
from syncd.store.upgrading import upgrade_store
from syncd.world import real_world

BY_NAME: Final = "env:"


def migrate_store(common: Common, *, dry_run: bool) -> int:
    """Bring the configured store's tables up to date, or say what that would do."""
    return run_command(common, _migrate(common, dry_run=dry_run))


async def _migrate(common: Common, *, dry_run: bool) -> int:
    done = await upgrade_store(load_settings(common).store, real_world(), dry_run=dry_run)
    upgrade = done.upgrade
    view = UpgradeView(
        store=done.store,
        found=upgrade.found,
        head=upgrade.head,
        steps=upgrade.steps,
        done=not dry_run,
        next=[common.command("store migrate")] if dry_run and upgrade.steps else [],
    )
    emit(common, as_json(view), lambda: upgrade_text(view))
    return DONE


def copy_between(common: Common, source: str, target: str) -> int:
    """Carry a store into an empty database, and prove that all of it arrived."""
    from_url, to_url = address(source, common.folder), address(target, common.folder)
    if from_url == to_url:
        raise ConfigError("FROM and TO are the same store", fix="name two different ones")
    if from_url.startswith(SQLITE) and not Path(from_url.removeprefix(SQLITE)).is_file():
        raise ConfigError("there is no store to copy", where=from_url.removeprefix(SQLITE), fix="check the path")
    return run_command(common, _copy(common, from_url, to_url, target))


async def _copy(common: Common, from_url: str, to_url: str, target: str) -> int:
    world = real_world()
    async with (
        await open_store(from_url, world) as old,
        only_daemon(old, world),
        writing(old, world, wait_s=WAIT_S),
        await open_store(to_url, world) as new,
        working("Copying the store", world),
    ):
        copied = await copy_store(old, new)
    view = _view(common, copied, target, to_url)
    emit(common, as_json(view), lambda: copy_text(view))
    return DONE


def address(name: str, folder: Path) -> str:
    """
    Return the URL of a store as it is given to a command: as in `syncd.yaml`, or `env:NAME`.

    A relative path starts at the configuration folder, as it does there.
    Raises `ConfigError` for a password that others could read in the list of processes.
    """
    if name.startswith(BY_NAME):
        variable = name.removeprefix(BY_NAME)
        url = os.environ.get(variable, "").strip()
        if not url:
            raise ConfigError(f"the environment variable {variable} is not set", fix=f"set {variable} to the URL")
    else:
        url = name
        parts = urlsplit(url)
        if parts.password or "password" in parse_qs(parts.query):
            raise ConfigError(
                "a password is written on the command line, where others can read it",
                fix="set PGPASSWORD, or put the whole URL in a variable and write env:NAME",
            )
    return f"{SQLITE}{(folder / url.removeprefix(SQLITE)).resolve()}" if url.startswith(SQLITE) else url


def _view(common: Common, copied: Copied, target: str, to_url: str) -> CopyView:
    if target.startswith(BY_NAME):
        configure = f"store: {{env: {target.removeprefix(BY_NAME)}}}"
    elif to_url.startswith(SQLITE) or not os.environ.get("PGPASSWORD"):
        configure = f"store: {target}"
    else:
        configure = f"store: {{url: {target}, password: {{env: PGPASSWORD}}}}"
    return CopyView(
        source=copied.source,
        target=copied.target,
        revision=copied.revision,
        rows={name: content.rows for name, content in copied.tables.items()},
        digests={name: content.digest for name, content in copied.tables.items()},
        audited=copied.audited,
        configure=configure,
        next=[common.command("status")],
    )
