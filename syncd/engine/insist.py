"""
The breakers for what goes round in circles.

    a tool changes back what was put back where an edit had lost, three times     it is left as it is
    the same value was written to one field of one record three times, since      a further time only
    something took it away each time (two automations, or people at odds)         with `syncd apply`

Each within a day.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from syncd.engine.desk import Desk
from syncd.engine.judge import Change, Judgement
from syncd.model.codec import dump_native, dump_text
from syncd.model.policy import Leader
from syncd.model.refs import LinkId
from syncd.store.rows import FieldStateRow, LinkRow, OpRow

PUSHED_BACK: Final = "pushed_back"
"""The trouble of a field whose value was put back where an edit had lost."""
MOST: Final = 3
WITHIN: Final = timedelta(hours=24)
WHY: Final = f"it was put back {MOST} times within a day and changed again: something in the tool insists on its value"


async def worn(desk: Desk, judgements: Iterable[Judgement]) -> frozenset[Change]:
    """
    Return what is due once more although it was written three times within a day already.

    Where another connection leads, only what alternated: the same value again
    and again is a tool that insists on its own.
    """
    due = [(each, line) for each in judgements for line in (*each.lines, *each.waiting) if line.link is not None]
    if not due:
        return frozenset()
    sides = {side.link.ref: (each.item.entity.kind, side.link.id) for each, _ in due for side in each.item.sides}
    rows = await desk.store.audit.updates_of([line.entity for _, line in due], desk.world.now() - WITHIN)
    wrote: dict[tuple[LinkId, str], Counter[str]] = {}
    led: set[tuple[LinkId, str]] = set()
    for row in rows:
        if row.field is not None and row.ref in sides:
            kind, link = sides[row.ref]
            policy = desk.mapping.policy(kind, row.field)
            wrote.setdefault((link, row.field), Counter())[dump_text(dump_native(row.after))] += 1
            if isinstance(policy, Leader) and policy.connection != row.connection:
                led.add((link, row.field))
    return frozenset(
        (link, name, value)
        for (link, name), counts in wrote.items()
        for value, number in counts.items()
        if number >= MOST and ((link, name) not in led or counts.total() - number >= MOST - 1)
    )


def tally(op: OpRow, link: LinkRow, name: str, before: FieldStateRow | None, now: datetime) -> FieldStateRow:
    """Count one more time that *op* put its value back in field *name*; another value, or another day, starts anew."""
    meant = op.fields[name].meant
    is_more = before is not None and before.trouble == PUSHED_BACK and before.refused == meant
    first = before if is_more and before is not None and now - before.since < WITHIN else None
    return FieldStateRow(
        entity=op.entity,
        field=name,
        link=link.id,
        refused=meant,
        trouble=PUSHED_BACK,
        text=f"{WHY}; to let it be put back again, run: syncd quarantine retry {shlex.quote(link.key)}",
        undone=1 if first is None else first.undone + 1,
        since=now if first is None else first.since,
    )


def stands(row: FieldStateRow, now: datetime) -> bool:
    """Whether what *row* says of a refusal counts: any but a breaker that was not tripped, or a day ago."""
    return row.trouble != PUSHED_BACK or (row.undone >= MOST and now - row.since < WITHIN)
