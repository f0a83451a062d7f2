"""
What became of updates to records that take part no more: archived, closed, out of scope, or only observed by now.

The merge tells it of all others. One left open would stay so for as long as its
record rests, and a changed mapping would wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncd.engine.commit import Ended, end, landed
from syncd.engine.desk import Desk
from syncd.engine.items import Item, Side, as_row, link_field
from syncd.engine.load import load_items
from syncd.model.canonical import UNSET
from syncd.model.native import Missing
from syncd.model.policy import Direction
from syncd.model.refs import OpId, RunId
from syncd.reconcile.pending import Settled, Settling, settle
from syncd.reconcile.state import STALE, Base
from syncd.store.rows import BaseRow, OpRow


async def look_up_updates(desk: Desk, run: RunId, ops: Sequence[OpRow]) -> frozenset[OpId]:
    """
    Settle those of *ops* whose records rest, by what they were last read as; return which ended.

    The bases move as in a merge. An op stays open as long as one of its fields cannot be told.
    """
    among = {op.id: op for op in ops}
    items = await load_items(desk, sorted({op.entity for op in ops}))
    writing = desk.standing().writing
    ended, bases = Ended(), []
    for item in items:
        for side in item.sides:
            is_merged = side.takes_part and side.connection in writing
            if is_merged or not {held.op for held in side.pending.values()} & among.keys():
                continue
            found = {name: _settled(desk, item, side, name, among.get(held.op)) for name, held in side.pending.items()}
            if all(each.how is not Settling.UNRESOLVED for each in found.values()):
                bases.append(_note(desk, run, side, found, ended))
    async with desk.store.transaction() as tx:
        await tx.bases.save(bases)
        await end(tx, desk.world.now(), run, ended)
    return frozenset(ended.applied)


def _settled(desk: Desk, item: Item, side: Side, name: str, op: OpRow | None) -> Settled:
    """
    Say what became of one field, where it was written: the record may be in another place by now.

    An edit found there is judged when the record is back, against a canonical value of then: it has seen none.
    """
    kind = item.entity.kind
    slot = desk.slot(side.connection, kind, name, op.type, op.container) if op is not None else None
    rule = desk.rules_of(kind).get(name)
    if slot is None or rule is None or side.observed is None:
        return Settled(Settling.UNRESOLVED, None)
    link = link_field(side, name, slot, Direction.BOTH, desk.standing())
    if isinstance(link.observed, Missing):
        return Settled(Settling.UNRESOLVED, link.base)
    found = settle(link, link.observed, rule.spec, item.entity.values.get(name, UNSET))
    if found.how is Settling.MOVED and found.base is not None:
        return Settled(found.how, Base(found.base.shown, STALE))
    return found


def _note(desk: Desk, run: RunId, side: Side, found: Mapping[str, Settled], ended: Ended) -> BaseRow:
    """Note how each op of one record ended; return the bases that leaves."""
    moved = {name: each.base for name, each in found.items() if each.base is not None}
    for name, held in side.pending.items():
        has_landed = found[name].how is Settling.APPLIED
        ended.applied[held.op] = ended.applied.get(held.op, False) or has_landed
        if has_landed and name in moved:
            ended.found.append(landed(run, desk.world.now(), side, name, held, moved[name]))
    return BaseRow(side.link.id, {**side.bases, **{name: as_row(base) for name, base in moved.items()}})
