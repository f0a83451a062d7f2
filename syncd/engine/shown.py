"""Keeping a plan as it is shown, so that exactly that can be approved."""

from __future__ import annotations

from collections import Counter

from syncd.engine.desk import Desk
from syncd.model.codec import Json, dump_native, dump_value
from syncd.reconcile.plan import Line, plan_id
from syncd.store.rows import PlanChangeRow, PlanRow, PlanState


async def keep_plan(desk: Desk, lines: tuple[Line, ...], state: PlanState = PlanState.OPEN) -> PlanRow:
    """Keep *lines* as a plan and return it; one with exactly these lines stays as it is."""
    plan = PlanRow(
        id=plan_id(lines),
        portfolio=desk.portfolio.name,
        made_at=desk.world.now(),
        state=state,
        summary=Counter(line.verb for line in lines),
    )
    async with desk.store.transaction() as tx:
        await tx.plans.save(plan, [_row(plan.id, seq, line) for seq, line in enumerate(lines)])
    return plan


def _row(plan: str, seq: int, line: Line) -> PlanChangeRow:
    return PlanChangeRow(
        plan=plan, seq=seq, key=line.digest, payload=_payload(line), needs_approval=line.needs_approval
    )


def _payload(line: Line) -> Json:
    return {
        "verb": line.verb,
        "entity": line.entity,
        "kind": line.kind,
        "title": line.title,
        "key": line.key,
        "connection": line.place.connection,
        "container": line.place.container,
        "fields": [
            {
                "field": write.field,
                "before": dump_value(write.before),
                "value": dump_value(write.value),
                "want": dump_native(write.want),
                "pre": dump_native(write.pre),
                "reason": write.reason,
            }
            for write in line.writes
        ],
    }
