"""`syncd connection rename`."""

from __future__ import annotations

import os
from pathlib import Path

from syncd.cli.failing import DONE
from syncd.cli.opening import run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.engine.rename import Renamed, rename_connection
from syncd.engine.tools import tools
from syncd.errors import ConfigError
from syncd.mapping.schema import NAME, RESERVED
from syncd.model.refs import ConnectionName
from syncd.report.table import count
from syncd.settings.load import load
from syncd.settings.renaming import Edited, edit_folder
from syncd.store.store import open_store
from syncd.world import real_world


def rename(common: Common, old: str, new: str) -> int:
    """Call a connection by another name, in the store and in the configuration."""
    return run_command(common, _rename(common, old, new))


async def _rename(common: Common, old: str, new: str) -> int:
    """
    Rename in the store first, then file by file, the main one last.

    What a kill leaves half done, the same command completes: each step leaves
    alone what is done already, and the whole outcome is checked before any.
    """
    if new in RESERVED or not NAME.fullmatch(new) or new == old:
        raise ConfigError(
            f'"{new}" cannot be its new name',
            fix="use lower-case letters, digits and dashes, a letter first, and no word of the mapping files",
        )
    edited = edit_folder(common.folder, old, new)
    if not edited.declared:
        raise ConfigError(
            f'there is no connection "{old}"',
            where=str(common.folder),
            fix="name one of syncd.yaml",
        )
    settings = load(common.folder, tools(), os.environ, edited.texts)
    async with await open_store(settings.store, real_world()) as store:
        done = await rename_connection(store, real_world(), ConnectionName(old), ConnectionName(new))
    for path in edited.changed:
        replace_file(path, edited.texts[path])
    next_ = common.command("plan")
    data = {
        "old": old,
        "new": new,
        "rows": dict(done.rows),
        "files": [str(path) for path in edited.changed],
        "next": next_,
    }
    emit(common, data, lambda: _text(old, new, done, edited, next_))
    return DONE


def _text(old: str, new: str, done: Renamed, edited: Edited, next_: str) -> str:
    rows = sum(done.rows.values())
    if not rows and not edited.changed:
        return f"{old} is called {new} already, in the store and in the configuration."
    files = ", ".join(str(path) for path in edited.changed) or "no file"
    return (
        f"{old} is called {new} now: {count(rows, 'row')} of the store, and {files}.\n"
        f"The audit keeps the old name, and is read by the new one. Comments in the files were left as they are.\n"
        f"Next: {next_}"
    )


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all, with the rights it has."""
    target = path.resolve()
    beside = target.with_name(f".{target.name}.new")
    try:
        mode = target.stat().st_mode & 0o777
        with beside.open("wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode)
        beside.replace(target)
    except OSError as exc:
        raise ConfigError(
            f"it cannot be written: {exc.strerror}",
            where=str(path),
            fix="make it writable, and run this again",
        ) from exc
