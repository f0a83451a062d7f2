"""Showing a plan, and carrying out exactly what was shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from syncd.engine.cycle import Cycle, brake, carry_out, decide, finish_run, read_tools, start_run
from syncd.engine.desk import Desk
from syncd.engine.flight import land
from syncd.engine.home import by_connection, due_homes
from syncd.engine.judge import Approval
from syncd.engine.pauses import silence
from syncd.engine.portions import in_portions, keep_nothing
from syncd.engine.push import ASLEEP
from syncd.engine.shown import keep_plan
from syncd.errors import ConfigError
from syncd.model.refs import EntityId
from syncd.store.rows import ChangeState, PlanChangeRow, PlanRow, PlanState


async def make_plan(desk: Desk) -> Cycle:
    """
    Decide about everything as if every connection were in `write` mode, and keep it as a plan; write nothing.

    The preview of an `observe` connection is the same function, so what it
    shows is what would be done first (merge-semantics.md section 2).
    """
    run = await start_run(desk, "plan")
    cycle = await read_tools(desk, run, writes=False)
    await plan_everything(desk, cycle)
    await finish_run(desk, cycle, "shown")
    return cycle


async def plan_everything(desk: Desk, cycle: Cycle) -> PlanRow:
    """Decide about everything there is in the store, note it in *cycle*, and keep it as a plan."""
    everything = await desk.store.entities.ids(desk.portfolio.name)
    await decide(desk, cycle, in_portions(everything), Approval(), preview=True, keep=keep_nothing)
    plan = await keep_plan(desk, cycle.lines)
    cycle.homes = by_connection(await due_homes(desk, everything, preview=True))
    return plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a plan."""

    plan: PlanRow
    cycle: Cycle
    missed: tuple[PlanChangeRow, ...]
    """Shown changes that were not carried out, each with its reason: they moved since, or failed."""


async def apply(desk: Desk, plan_id: str, *, approve: bool = False) -> Applied:
    """
    Carry out exactly what was shown: each change only if it is due now as it was then.

    *approve* lets a plan pass that a brake refused, after a person looked.

    Raises:
        ConfigError: there is no such plan, or several begin like that.
        UnsafePlanError: a brake refused the plan; nothing was written.
    """
    plan = await find_plan(desk, plan_id)
    shown = {row.key: row async for row in desk.store.plans.changes(plan.id)}
    approval = Approval(frozenset(shown))
    run = await start_run(desk, f"apply {plan.id}")
    cycle = await read_tools(desk, run)
    try:
        wanted = set(entities_of(shown.values()))
        taken = await (
            desk.store.dirty.take(desk.portfolio.name)
            if cycle.beside is None
            else desk.store.dirty.take_of(sorted(wanted | desk.touched))
        )
        judgements = await decide(desk, cycle, in_portions(sorted(wanted | set(taken))), approval)
        if not approve:
            due = [line for line in cycle.lines if approval.permits(line)]
            await brake(desk, due, plan.id)
        await carry_out(desk, cycle, judgements, approval, taken)
    except BaseException:
        await land(desk)
        await finish_run(desk, cycle, "stopped")
        raise
    missed = await mark(desk, plan, shown.values(), cycle)
    await finish_run(desk, cycle, "done")
    return Applied(plan=plan, cycle=cycle, missed=tuple(missed))


def entities_of(shown: Iterable[PlanChangeRow]) -> list[EntityId]:
    """Return the entities that changes are about, each once, in the order of the changes."""
    return list(dict.fromkeys(EntityId(str(row.payload["entity"])) for row in shown if isinstance(row.payload, dict)))


async def find_plan(desk: Desk, plan_id: str) -> PlanRow:
    """
    Return the portfolio's plan whose id begins with *plan_id*.

    Raises:
        ConfigError: none does, or several do.
    """
    found = [row for row in await desk.store.plans.find(plan_id) if row.portfolio == desk.portfolio.name]
    if len(found) == 1 and plan_id:
        return found[0]
    what = f'there is no plan "{plan_id}"' if not found else f'"{plan_id}" begins {len(found)} plans'
    raise ConfigError(what, fix="run syncd plan, and give the id it prints")


async def mark(desk: Desk, plan: PlanRow, shown: Iterable[PlanChangeRow], cycle: Cycle) -> list[PlanChangeRow]:
    """Keep what became of each change of a plan, and return those that were not carried out."""
    pushed = cycle.pushed
    outcomes: dict[str, tuple[ChangeState, str | None]] = {}
    missed: list[PlanChangeRow] = []
    for row in shown:
        state, reason = ChangeState.DONE, None
        if row.key in pushed.failed:
            state, reason = ChangeState.FAILED, pushed.failed[row.key]
        elif row.key in pushed.skipped:
            state, reason = ChangeState.SKIPPED, pushed.skipped[row.key]
        elif row.key not in pushed.done:
            state, reason = ChangeState.SKIPPED, _why_not_due(desk, row)
        outcomes[row.key] = (state, reason)
        if state is not ChangeState.DONE:
            missed.append(
                PlanChangeRow(
                    plan=row.plan,
                    seq=row.seq,
                    key=row.key,
                    payload=row.payload,
                    needs_approval=row.needs_approval,
                    state=state,
                    reason=reason,
                )
            )
    async with desk.store.transaction() as tx:
        await tx.plans.mark_changes(plan.id, outcomes)
        await tx.plans.set_state(plan.id, PlanState.APPLIED)
    return missed


def _why_not_due(desk: Desk, row: PlanChangeRow) -> str:
    connection = row.payload["connection"] if isinstance(row.payload, dict) else ""
    account = next((each for name, each in desk.accounts.items() if name == connection), None)
    if account is not None and not account.connection.writes:
        return f"{connection} is in observe mode"
    if account is not None and account.error is not None:
        return silence(account)
    if isinstance(row.payload, dict) and row.payload["entity"] in desk.resting:
        return ASLEEP
    return "it is not due any more as it was shown"
