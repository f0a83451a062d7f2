"""`syncd plan`, `apply` and `sync`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncd.cli.failing import DONE, FAILED, HELD
from syncd.cli.finding import findings_of, tell_warnings
from syncd.cli.opening import open_for, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit, line_limit
from syncd.cli.streams import say
from syncd.engine.cycle import Cycle, sync
from syncd.engine.desk import Desk
from syncd.engine.find import refs_called
from syncd.engine.hints import sync_items
from syncd.engine.home import VERB as HOMES
from syncd.engine.pauses import check_running, silence
from syncd.engine.plans import apply, make_plan
from syncd.engine.removal import QUESTIONS
from syncd.model.refs import RunId
from syncd.reconcile.plan import Line, Verb
from syncd.report.findings import Findings
from syncd.report.outcome import Missed, OutcomeView, outcome_json, outcome_text
from syncd.report.plan import PlanView, item_of, plan_json, plan_text
from syncd.store.rows import ChangeState, PlanChangeRow


def show_plan(common: Common, *, everything: bool) -> int:
    """Print a plan; 0, or 1 when a tool did not answer."""
    return run_command(common, _plan(common, everything=everything))


async def _plan(common: Common, *, everything: bool) -> int:
    async with open_for(common, "Reading the tools") as desk:
        view = await plan_view(desk, await make_plan(desk), common)
        tell_warnings(desk)
    emit(common, plan_json(view), lambda: plan_text(view, line_limit(everything=everything)))
    return FAILED if view.findings.unreachable else DONE


async def plan_view(desk: Desk, cycle: Cycle, common: Common) -> PlanView:
    """Return *cycle* as a plan to be shown."""
    findings = await findings_of(desk, cycle, common)
    observed = frozenset(name for name, each in desk.accounts.items() if not each.connection.writes)
    return PlanView(
        id=cycle.plan_id,
        lines=cycle.lines,
        compared=cycle.compared,
        connections=tuple(desk.accounts),
        observed=observed,
        findings=findings,
        notifying=notifying(desk, cycle),
        homes={str(name): number for name, number in cycle.homes.items()},
        next=_after_plan(common, cycle, observed, findings),
    )


def notifying(desk: Desk, cycle: Cycle) -> Mapping[str, int]:
    """Count, by connection, the creates of *cycle* that their tool tells people about."""
    quiet = {name: account.connector.capabilities.quiet for name, account in desk.accounts.items()}
    places = [line.place for line in cycle.lines if line.verb is Verb.CREATE]
    return Counter(place.connection for place in places if place.record_type not in quiet[place.connection])


def _after_plan(common: Common, cycle: Cycle, observed: frozenset[str], findings: Findings) -> list[str]:
    commands = []
    if any(line.place.connection not in observed for line in cycle.lines):
        commands.append(common.command(f"apply {cycle.plan_id}"))
    elif cycle.lines:
        names = " and ".join(sorted({line.place.connection for line in cycle.lines}))
        commands.append(f"say mode: write for {names} in {common.folder}/syncd.yaml, then {common.command('plan')}")
    return [*commands, *_for_held(common, findings)]


def _for_held(common: Common, findings: Findings) -> list[str]:
    """Return the commands that settle what waits for a person, with the first of each kind as the example."""
    commands = []
    if findings.held:
        first = findings.held[0]
        name = f'"{first.name}"' if " " in first.name else first.name
        sides = [who for who, _ in first.sides if who != "agreed"]
        how = "--keep" if first.field in QUESTIONS else f"--take {sides[0] if sides else 'CONNECTION'}"
        commands.append(common.command(f"conflicts resolve {name} {how}"))
    if findings.ambiguous:
        commands.append(common.command("match list"))
    return commands


def apply_plan(common: Common, plan_id: str, *, approve: bool) -> int:
    """Carry a plan out; 1 when a write failed, 3 when a shown change had moved."""
    return run_command(common, _apply(common, plan_id, approve=approve))


async def _apply(common: Common, plan_id: str, *, approve: bool) -> int:
    async with open_for(common, "Reading the tools and writing what was shown", writes=True) as desk:
        applied = await apply(desk, plan_id, approve=approve)
        findings = await findings_of(desk, applied.cycle, common)
        missed = tuple(shown_but_missed(row) for row in applied.missed)
        view = OutcomeView(
            done=done_lines(applied.cycle),
            missed=missed,
            compared=applied.cycle.compared,
            connections=tuple(desk.accounts),
            quarantine=await quarantined(desk),
            homes=applied.cycle.pushed.counts[HOMES],
            findings=findings,
            next=[common.command("plan")] if missed else _for_held(common, findings),
        )
        tell_warnings(desk)
    emit(common, outcome_json(view), lambda: outcome_text(view))
    if any(each.failed for each in missed):
        return FAILED
    return HELD if missed else DONE


def done_lines(cycle: Cycle) -> list[Line]:
    """Return the lines of *cycle* that were carried out."""
    done = set(cycle.pushed.done)
    return [line for line in cycle.lines if line.digest in done]


def shown_but_missed(row: PlanChangeRow) -> Missed:
    """Return a shown change that was not carried out, as it is told."""
    told: dict[str, Any] = row.payload
    return Missed(
        connection=told["connection"],
        item=told["key"] or f'"{told["title"]}"',
        field=", ".join(each["field"] for each in told["fields"]) if told["verb"] == "update" else told["verb"],
        why=row.reason or "",
        failed=row.state is ChangeState.FAILED,
    )


def sync_once(common: Common, *, full: bool) -> int:
    """Run one cycle; 1 when a tool did not answer or a write failed, 3 when something waits for a person."""
    return run_command(common, _sync(common, full=full))


async def _sync(common: Common, *, full: bool) -> int:
    async with open_for(common, "Reading the tools and writing what is due", writes=True) as desk:
        view = await outcome_of(desk, await sync(desk, full=full), common)
        tell_warnings(desk)
    emit(common, outcome_json(view), lambda: outcome_text(view))
    return outcome_code(view)


def sync_named(common: Common, names: Sequence[str]) -> int:
    """Read some items anew in all tools, and write what follows; 1 when a tool did not answer."""
    return run_command(common, _sync_named(common, names))


async def _sync_named(common: Common, names: Sequence[str]) -> int:
    async with open_for(common, "Reading them in every tool", writes=True) as desk:
        check_running(desk)
        refs = [ref for name in names for ref in await refs_called(desk, name)]
        looked = await sync_items(desk, list(dict.fromkeys(refs)), asyncio.Lock(), command="sync items")
        view = await outcome_of(desk, looked.cycle or Cycle(run=RunId("")), common)
        if looked.is_new:
            view = replace(view, next=[common.command("sync"), *view.next])
        for name in sorted(looked.unread):
            say(f"warning: {silence(desk.accounts[name])}")
    emit(common, outcome_json(view), lambda: outcome_text(view))
    return FAILED if looked.unread else outcome_code(view)


def outcome_code(view: OutcomeView) -> int:
    """Return the exit code of a cycle."""
    found = view.findings
    if found.unreachable or any(each.failed for each in view.missed):
        return FAILED
    return HELD if view.waiting or found.held or found.ambiguous else DONE


async def outcome_of(desk: Desk, cycle: Cycle, common: Common) -> OutcomeView:
    """Return what a cycle did as a view."""
    findings = await findings_of(desk, cycle, common)
    next_ = [common.command("plan")] if cycle.waiting else []
    return OutcomeView(
        done=done_lines(cycle),
        missed=missed_of(cycle),
        waiting=len(cycle.waiting),
        compared=cycle.compared,
        connections=tuple(desk.accounts),
        quarantine=await quarantined(desk),
        homes=cycle.pushed.counts[HOMES],
        findings=findings,
        next=[*next_, *_for_held(common, findings)],
    )


def missed_of(cycle: Cycle) -> Sequence[Missed]:
    """Return the lines of *cycle* that were skipped or failed."""
    pushed = cycle.pushed
    return [*_missed(cycle, pushed.skipped, failed=False), *_missed(cycle, pushed.failed, failed=True)]


def _missed(cycle: Cycle, reasons: dict[str, str], *, failed: bool) -> Iterable[Missed]:
    for line in cycle.lines:
        if line.digest in reasons:
            yield Missed(
                connection=line.place.connection,
                item=item_of(line),
                field=", ".join(write.field for write in line.writes),
                why=reasons[line.digest],
                failed=failed,
            )


async def quarantined(desk: Desk) -> int:
    """Return how many items of this portfolio's connections are set aside."""
    return sum(row.connection in desk.accounts for row in await desk.store.quarantine.all())
