"""`syncd quarantine list|retry`."""

from __future__ import annotations

from syncd.cli.failing import DONE
from syncd.cli.opening import open_for, open_shop, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.streams import put
from syncd.cli.waiting import aside_views, keys_of, rows_of, subject_of
from syncd.engine.choices import retry
from syncd.errors import ConfigError
from syncd.report.questions import quarantine_text
from syncd.report.table import count
from syncd.report.values import as_json


def list_quarantine(common: Common) -> int:
    """List what was set aside."""
    return run_command(common, _list(common))


async def _list(common: Common) -> int:
    async with open_shop(common) as shop:
        views = await aside_views(shop, common)
    emit(common, {"quarantine": as_json(views)}, lambda: quarantine_text(views, common.command("quarantine retry")))
    return DONE


def retry_quarantine(common: Common, name: str | None) -> int:
    """Let one item, or all, flow again."""
    return run_command(common, _retry(common, name))


async def _retry(common: Common, name: str | None) -> int:
    async with open_shop(common) as shop:
        rows = await rows_of(shop)
        keys = await keys_of(shop, rows)
    wanted = [row for row in rows if name is None or name in (keys[subject_of(row)], str(subject_of(row)))]
    if name is not None and not wanted:
        raise ConfigError(f'nothing called "{name}" is set aside', fix=f"run {common.command('quarantine list')}")
    async with open_for(common, "Asking the tools", writes=True) as desk:
        await retry(desk, wanted)
    emit(common, {"released": len(wanted)}, lambda: f"{count(len(wanted), 'entry', 'entries')} released.")
    if not common.json and wanted:
        put(f"Next: {common.command('sync')}")
    return DONE
