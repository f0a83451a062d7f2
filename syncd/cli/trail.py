"""`syncd log`: the audit trail, from the store alone."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.cli.failing import DONE, FAILED, tell
from syncd.cli.opening import Shop, load_settings, open_shop, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.engine.find import ids_called
from syncd.errors import ConfigError, StoreError
from syncd.model.refs import RunId
from syncd.report.trail import LogView, ProofView, RunLogView, WrittenView, log_text, proof_text
from syncd.report.values import as_json
from syncd.store.audit import BROKEN
from syncd.store.rows import AuditRow
from syncd.store.store import open_store
from syncd.world import real_world

MOST_ROWS = 1000
"""Writes of one item looked at, the newest."""


def show_log(common: Common, name: str | None, *, runs: int) -> int:
    """Print what was written, run by run."""
    return run_command(common, _log(common, name, runs))


async def _log(common: Common, name: str | None, runs: int) -> int:
    async with open_shop(common) as shop:
        written = await (_of_item(shop, name) if name else _of_all(shop, runs))
        view = await _view(shop, common, dict(list(written.items())[:runs]))
    emit(common, as_json(view), lambda: log_text(view))
    return DONE


def check_log(common: Common) -> int:
    """Prove every run's chain; exit code 1 names the run and the row where one is broken."""
    return run_command(common, _check(common))


async def _check(common: Common) -> int:
    async with await open_store(load_settings(common).store, real_world()) as store:
        async with store.snapshot() as moment:
            proof = await moment.audit.prove()
        where = store.db.where
    view = ProofView(store=where, runs=proof.runs, rows=proof.rows, broken=proof.broken)
    emit(common, as_json(view), lambda: proof_text(view))
    for each in view.broken:
        tell(StoreError(each, where=where, fix=BROKEN))
    return FAILED if view.broken else DONE


async def _of_all(shop: Shop, runs: int) -> dict[RunId, list[AuditRow]]:
    latest = await shop.store.runs.latest(runs, shop.portfolio.name, writing=True)
    return {run.id: [row async for row in shop.store.audit.of_run(run.id)] for run in latest}


async def _of_item(shop: Shop, name: str) -> dict[RunId, list[AuditRow]]:
    """Return one item's writes by run, the newest run first."""
    ids = await ids_called(shop.store, shop.portfolio.name, name)
    if len(ids) != 1:
        what = f'"{name}" means {len(ids)} items' if ids else f'nothing linked is called "{name}"'
        raise ConfigError(what, fix="use a key as the tool shows it, such as PMO-12, or a ref")
    found: dict[RunId, list[AuditRow]] = {}
    for row in await shop.store.audit.of_entity(ids[0], MOST_ROWS):
        found.setdefault(row.run, []).insert(0, row)
    return found


async def _view(shop: Shop, common: Common, written: dict[RunId, list[AuditRow]]) -> LogView:
    runs = await shop.store.runs.by_ids(list(written))
    refs = {row.ref for rows in written.values() for row in rows}
    links = await shop.store.links.by_refs(sorted(refs))
    return LogView(
        runs=[
            RunLogView(
                run=run,
                command=runs[run].command,
                started_at=runs[run].started_at,
                outcome=runs[run].outcome,
                written=_written(rows, {ref: link.key for ref, link in links.items()}),
            )
            for run, rows in written.items()
        ],
        next=[common.command(f"undo {next(iter(written))} --dry-run")] if written else [],
    )


def _written(rows: Sequence[AuditRow], keys: dict[object, str]) -> list[WrittenView]:
    return [
        WrittenView(
            connection=row.connection,
            key=keys.get(row.ref, row.ref.id),
            verb=row.verb,
            field=row.field,
            before=row.before,
            after=row.after,
            at=row.at,
        )
        for row in rows
    ]
