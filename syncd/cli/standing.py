"""`syncd status`: how things stand, from the store alone."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final

from syncd.cli.failing import DONE
from syncd.cli.opening import Shop, open_shop, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.cli.pausing import paused_in
from syncd.cli.streams import say
from syncd.cli.waiting import aside_views, old_copy_view, op_waits_for
from syncd.engine.vitals import NAME, from_json
from syncd.errors import ConfigProblems
from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName
from syncd.reconcile.titles import title_of
from syncd.report.daemon import DaemonView, StandingView
from syncd.report.status import ConnectionView, NotifyView, OpView, RunView, StatusView, status_text
from syncd.report.values import as_json
from syncd.store.lease import readable
from syncd.store.rows import OpRow, ProposalState
from syncd.store.store import DAEMON, WRITER

RUNS = 5
WAITING = "waiting"
"""What a run counts the changes under that need an approval."""
CYCLES = frozenset({"sync", "run", "apply"})
"""Runs that look at all that is due."""


SILENT_AFTER: Final = timedelta(minutes=1)
"""A daemon tells how it stands six times as often; one that does not cannot write to the store, or is stuck."""


def show_status(common: Common) -> int:
    """Print how the portfolio stands."""
    return run_command(common, _status(common))


async def _status(common: Common) -> int:
    try:
        async with open_shop(common) as shop:
            view = await status_view(shop, common)
    except ConfigProblems:
        say("A daemon that runs goes on with the configuration it had; its log and /readyz tell how it stands.")
        raise
    emit(common, as_json(view), lambda: status_text(view))
    return DONE


async def status_view(shop: Shop, common: Common) -> StatusView:
    """Return the portfolio's standing."""
    store, name = shop.store, shop.portfolio.name
    conflicts = len(await store.conflicts.open_list(name))
    matches = len(await store.proposals.by_portfolio(name, ProposalState.OPEN))
    entities = {kind.value: len(await store.entities.ids(name, kind)) for kind in Kind}
    aside = await aside_views(shop, common)
    ops = [op for op in await store.journal.open() if op.connection in shop.portfolio.connections]
    waits = await op_waits_for(shop, ops)
    runs = await store.runs.latest(RUNS, name)
    next_ = [common.command("conflicts list")] if conflicts else []
    next_ += [common.command("match list")] if matches else []
    next_ += [common.command("quarantine list")] if aside else []
    to_approve = next(
        (run.counts.get(WAITING, 0) for run in runs if run.command.split()[0] in CYCLES and run.ended_at), 0
    )
    next_ += [common.command("plan")] if to_approve else []
    return StatusView(
        portfolio=name,
        connections=[await _connection(shop, each) for each in shop.portfolio.connections],
        entities={kind: number for kind, number in entities.items() if number},
        conflicts=conflicts,
        matches=matches,
        quarantine=len(aside),
        aside=aside,
        old_copy=await old_copy_view(shop, common),
        paused=await paused_in(store, name, shop.portfolio.connections, common, {}),
        told=await _told(shop),
        to_decide=len(await store.dirty.take(name)),
        to_approve=to_approve,
        daemon=await _holder(shop, DAEMON),
        writer=await _holder(shop, WRITER),
        ops=[await _op(shop, each, waits[str(each.id)]) for each in ops],
        notify=await _notify(shop),
        runs=[
            RunView(
                command=run.command,
                started_at=run.started_at,
                ended_at=run.ended_at,
                outcome=run.outcome,
                counts=run.counts,
            )
            for run in runs
        ],
        next=next_ or ([] if runs else [common.command("plan")]),
    )


async def _told(shop: Shop) -> DaemonView | None:
    """Return what a daemon said of this portfolio last; what another version said is left out."""
    kept = await shop.store.standing.get(NAME)
    if kept is None:
        return None
    try:
        vitals = from_json(kept[0])
    except ValueError:
        return None
    portfolio, refused = vitals.portfolios.get(shop.portfolio.name), vitals.configuration
    if portfolio is None:
        return None
    trouble = portfolio.trouble
    runs = await shop.store.leases.holder(DAEMON) is not None
    return DaemonView(
        told_at=vitals.at,
        runs=runs,
        is_silent=runs and shop.world.now() - vitals.at > SILENT_AFTER,
        state=portfolio.state,
        what=trouble.what if trouble else None,
        fix=trouble.fix if trouble else None,
        refused=refused.what if refused else None,
        refused_fix=refused.fix if refused else None,
        connections={
            name: StandingView(
                state=each.state,
                since=each.since,
                what=each.trouble.what if each.trouble else None,
                fix=each.trouble.fix if each.trouble else None,
                delivered_at=each.delivered_at,
                unregistered=each.unregistered.what if each.unregistered else None,
                unregistered_fix=each.unregistered.fix if each.unregistered else None,
                backlog=each.backlog,
            )
            for name, each in portfolio.connections.items()
        },
    )


async def _connection(shop: Shop, name: ConnectionName) -> ConnectionView:
    connection = shop.settings.connections[name]
    cursor = await shop.store.cursors.get(name)
    states = Counter(link.state.value for link in await shop.store.links.by_connection(name, shop.portfolio.name))
    return ConnectionView(
        name=name,
        tool=connection.tool,
        mode="write" if connection.writes else "observe",
        last_read_at=cursor.saved_at if cursor else None,
        links=dict(sorted(states.items())),
        homes=await shop.store.homes.count(name),
    )


async def _notify(shop: Shop) -> list[NotifyView]:
    waiting, known = await shop.store.outbox.counts(), await shop.store.outbox.targets()
    views = []
    for target in shop.settings.notify:
        row = known.get(target.name)
        views.append(
            NotifyView(
                name=target.name,
                waiting=waiting.get(target.name, 0),
                sent_at=row.sent_at if row else None,
                failing_since=row.failing_since if row else None,
                reason=row.reason if row else "",
                fix=row.fix if row else "",
            )
        )
    return views


async def _op(shop: Shop, op: OpRow, waits_for: str) -> OpView:
    links = await shop.store.links.by_ids([op.link]) if op.link else {}
    entities = await shop.store.entities.by_ids([op.entity])
    title = title_of(entities[op.entity].kind, entities[op.entity].values) if op.entity in entities else None
    key = links[op.link].key if op.link in links else None
    return OpView(
        id=op.id,
        connection=op.connection,
        item=key or title or op.entity,
        verb=op.verb,
        fields=sorted(op.fields),
        waits_for=waits_for,
    )


async def _holder(shop: Shop, lease_name: str) -> str | None:
    """Return who holds a lease, as `host:pid`."""
    lease = await shop.store.leases.holder(lease_name)
    return readable(lease.holder) if lease is not None else None
