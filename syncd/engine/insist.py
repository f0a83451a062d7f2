"""The breaker for a tool that changes our writes back: pushed back three times within a day, it is left as it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from syncd.model.refs import LinkId
from syncd.store.rows import FieldStateRow, OpRow

PUSHED_BACK: Final = "pushed_back"
"""The trouble of a field whose value was put back where an edit had lost."""
MOST: Final = 3
WITHIN: Final = timedelta(hours=24)
WHY: Final = f"it was put back {MOST} times within a day and changed again: something in the tool insists on its value"


def tally(op: OpRow, link: LinkId, name: str, before: FieldStateRow | None, now: datetime) -> FieldStateRow:
    """Count one more time that *op* put its value back in field *name*; another value, or another day, starts anew."""
    meant = op.fields[name].meant
    is_more = before is not None and before.trouble == PUSHED_BACK and before.refused == meant
    first = before if is_more and before is not None and now - before.since < WITHIN else None
    return FieldStateRow(
        entity=op.entity,
        field=name,
        link=link,
        refused=meant,
        trouble=PUSHED_BACK,
        text=WHY,
        undone=1 if first is None else first.undone + 1,
        since=now if first is None else first.since,
    )


def stands(row: FieldStateRow, now: datetime) -> bool:
    """Whether what *row* says of a refusal counts: any but a breaker that was not tripped, or a day ago."""
    return row.trouble != PUSHED_BACK or (row.undone >= MOST and now - row.since < WITHIN)
