"""`syncd quarantine list|retry`."""

from __future__ import annotations

from syncd.cli.failing import DONE
from syncd.cli.opening import Shop, open_for, open_shop, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.streams import put
from syncd.engine.choices import retry
from syncd.errors import ConfigError
from syncd.model.refs import EntityId, Ref
from syncd.reconcile.titles import title_of
from syncd.report.questions import AsideView, quarantine_text
from syncd.report.table import count
from syncd.report.values import as_json
from syncd.store.rows import QuarantineRow


def list_quarantine(common: Common) -> int:
    """List what was set aside."""
    return run_command(common, _list(common))


async def _list(common: Common) -> int:
    async with open_shop(common) as shop:
        rows = await _rows(shop)
        keys = await _keys(shop, rows)
    views = [
        AsideView(
            connection=row.connection,
            item=keys[_subject(row)],
            field=row.field,
            reason=row.reason,
            since=row.since,
            attempts=row.attempts,
        )
        for row in rows
    ]
    emit(common, {"quarantine": as_json(views)}, lambda: quarantine_text(views, common.command("quarantine retry")))
    return DONE


async def _rows(shop: Shop) -> list[QuarantineRow]:
    return [row for row in await shop.store.quarantine.all() if row.connection in shop.portfolio.connections]


def _subject(row: QuarantineRow) -> Ref | EntityId | str:
    return row.ref or row.entity or ""


async def _keys(shop: Shop, rows: list[QuarantineRow]) -> dict[Ref | EntityId | str, str]:
    """Return what people call each row's item: its key, a created item's title, or the bare ref."""
    seen = await shop.store.records.observed([row.ref for row in rows if row.ref is not None])
    entities = await shop.store.entities.by_ids([row.entity for row in rows if row.entity is not None])
    found: dict[Ref | EntityId | str, str] = {}
    for row in rows:
        if row.ref is not None:
            found[row.ref] = seen[row.ref].record.key if row.ref in seen else str(row.ref)
        elif row.entity is not None:
            entity = entities.get(row.entity)
            title = title_of(entity.kind, entity.values) if entity else None
            found[row.entity] = title or str(row.entity)
    return found


def retry_quarantine(common: Common, name: str | None) -> int:
    """Let one item, or all, flow again."""
    return run_command(common, _retry(common, name))


async def _retry(common: Common, name: str | None) -> int:
    async with open_shop(common) as shop:
        rows = await _rows(shop)
        keys = await _keys(shop, rows)
    wanted = [row for row in rows if name is None or name in (keys[_subject(row)], str(_subject(row)))]
    if name is not None and not wanted:
        raise ConfigError(f'nothing called "{name}" is set aside', fix=f"run {common.command('quarantine list')}")
    async with open_for(common, "Asking the tools", writes=True) as desk:
        await retry(desk, wanted)
    emit(common, {"released": len(wanted)}, lambda: f"{count(len(wanted), 'entry', 'entries')} released.")
    if not common.json and wanted:
        put(f"Next: {common.command('sync')}")
    return DONE
