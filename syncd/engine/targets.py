"""
References that went with their target. Deleting a version empties it in every issue, and that is nobody's edit.

A reference that is no longer shown counts as removed only while its target
can be read, and only once its own record was read after that: it may have been
seen last while the target was out of sight, and nothing tells that it shows the
reference again. Otherwise it is taken as still there, in this tool.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from syncd.engine.absent import note_missing
from syncd.engine.desk import Desk
from syncd.engine.items import Item, Side
from syncd.engine.load import load_items
from syncd.engine.pull import by_connection, missing, read_many, reread
from syncd.errors import RemoteError
from syncd.model.canonical import FieldType
from syncd.model.native import MISSING, Record, refs_in
from syncd.model.refs import Ref

REFERRING = frozenset({FieldType.ENTITY, FieldType.ENTITIES})


async def look_for_targets(desk: Desk, items: Sequence[Item]) -> Sequence[Item]:
    """
    Read by id every target that these items no longer refer to, and note in `desk.lost` those that cannot be.

    Records whose targets can be read are read anew; returns the items as they are then.
    """
    removed = {
        side.link.ref: gone
        for item in items
        for side in item.sides
        if side.takes_part and (gone := frozenset(_removed(desk, item, side)))
    }
    await _look(desk, frozenset().union(*removed.values()) - desk.lost)
    doubtful = {ref for ref, gone in removed.items() if gone - desk.lost}
    if not doubtful:
        return items
    for connection, refs in by_connection(sorted(doubtful)).items():
        try:
            answers = await reread(desk, desk.accounts[connection], refs)
        except RemoteError:
            answers = {}
        unread = [removed[ref] for ref in refs if not isinstance(answers.get(ref), Record)]
        desk.lost.update(*unread)  # nobody can tell now: nothing is concluded
    again = [item.entity.id for item in items if any(side.link.ref in doubtful for side in item.sides)]
    anew = {item.entity.id: item for item in await load_items(desk, again)}
    return [anew.get(item.entity.id, item) for item in items]


async def _look(desk: Desk, targets: Collection[Ref]) -> None:
    """Note in `desk.lost` which of *targets* cannot be read by id."""
    for connection, refs in by_connection(sorted(targets)).items():
        account = desk.accounts[connection]
        try:
            answers = await read_many(account, refs)
        except RemoteError:
            desk.lost.update(refs)  # nobody can tell now: nothing is concluded
            continue
        desk.lost.update(ref for ref in refs if not isinstance(answers.get(ref), Record))
        links = await desk.store.links.by_refs(missing(answers))
        await note_missing(desk, account, list(links.values()))


def _removed(desk: Desk, item: Item, side: Side) -> Iterable[Ref]:
    if side.observed is None:
        return
    kind = item.entity.kind
    for name, base in side.bases.items():
        rule = desk.rules_of(kind).get(name)
        if rule is None or rule.spec.type not in REFERRING:
            continue
        slot = desk.slot(side.connection, kind, name, side.link.type, side.link.container)
        now = MISSING if slot is None else side.observed.record.fields.get(slot.native_key, MISSING)
        if now is not MISSING:
            yield from refs_in(base.shown) - refs_in(now)
