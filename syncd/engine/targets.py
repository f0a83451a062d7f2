"""
References that went with their target. Deleting a version empties it in every issue, and that is nobody's edit.

A reference that is no longer shown counts as removed only while its target
can be read; otherwise it is taken as still there, in this tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from syncd.engine.absent import note_missing
from syncd.engine.desk import Desk
from syncd.engine.items import Item, Side
from syncd.engine.pull import by_connection, missing, read_many
from syncd.errors import RemoteError
from syncd.model.canonical import FieldType
from syncd.model.native import MISSING, Record, refs_in
from syncd.model.refs import Ref

REFERRING = frozenset({FieldType.ENTITY, FieldType.ENTITIES})


async def look_for_targets(desk: Desk, items: Sequence[Item]) -> None:
    """Read by id every target that these items no longer refer to, and note in `desk.lost` those that cannot be."""
    removed = {ref for item in items for side in item.sides if side.takes_part for ref in _removed(desk, item, side)}
    for connection, refs in by_connection(sorted(removed - desk.lost)).items():
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
