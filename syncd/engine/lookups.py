"""
What became of updates to records that take part no more: archived, closed, out of scope, or only observed by now.

The merge tells it of all others. One left open would stay so for as long as its
record rests, and a changed mapping would wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncd.engine.commit import Ended
from syncd.engine.desk import Desk
from syncd.engine.items import Item, Side, as_row, link_field
from syncd.engine.load import load_items
from syncd.model.canonical import UNSET
from syncd.model.native import Missing
from syncd.model.policy import Direction
from syncd.model.refs import OpId, RunId
from syncd.reconcile.pending import Settled, Settling, settle
from syncd.reconcile.state import STALE, Base
from syncd.store.rows import BaseRow, LinkState, OpRow


async def look_up_updates(desk: Desk, run: RunId, ops: Sequence[OpRow]) -> frozenset[OpId]:
    """
    Settle those of *ops* whose records rest, by what they were last read as; return which ended.

    The bases move as in a merge. An op stays open as long as one of its fields cannot be told.
    """
    resting = await _resting(desk, ops)
    if not resting:
        return frozenset()
    ended, bases = Ended(run, desk.world.now()), []
    for item in await load_items(desk, sorted({op.entity for op in resting.values()})):
        for side in item.sides:
            if not {held.op for held in side.pending.values()} & resting.keys():
                continue
            found = {n: _settled(desk, item, side, n, resting.get(held.op)) for n, held in side.pending.items()}
            if all(each.how is not Settling.UNRESOLVED for each in found.values()):
                bases.append(_note(side, found, ended))
    async with desk.store.transaction() as tx:
        await tx.bases.save(bases)
        await ended.end(tx)
    return frozenset(ended.applied)


async def _resting(desk: Desk, ops: Sequence[OpRow]) -> Mapping[OpId, OpRow]:
    """Return those of *ops* whose records no merge sees."""
    links = await desk.store.links.by_ids([op.link for op in ops if op.link is not None])
    writing = desk.standing().writing
    merged = {link.id for link in links.values() if link.state is LinkState.LIVE and link.ref.connection in writing}
    return {op.id: op for op in ops if op.link in links and op.link not in merged}


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


def _note(side: Side, found: Mapping[str, Settled], ended: Ended) -> BaseRow:
    """Note how each op of one record ended; return the bases that leaves."""
    for name, held in side.pending.items():
        ended.note(side, name, held, found[name].base if found[name].how is Settling.APPLIED else None)
    moved = {name: as_row(each.base) for name, each in found.items() if each.base is not None}
    return BaseRow(side.link.id, {**side.bases, **moved})
