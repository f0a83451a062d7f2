"""
What follows elsewhere from a verified deletion, and from its end.

    a tombstone that is not decided yet     then
    the mapping says unlink                 nothing else, for good
    something cannot be told just now       it is looked at again in every cycle
    somebody still works on it elsewhere    nothing is archived, for good, and a person is asked
    nobody does                             a line to archive each of the others; decided when all of them are

    the record is back, and the others      a person is asked, once; nothing is brought back by itself
    were archived because of it
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from syncd.engine.desk import Desk
from syncd.engine.items import Side, as_base
from syncd.engine.judge import Judgement
from syncd.model.canonical import Kind
from syncd.model.lens import Cannot
from syncd.model.native import MISSING
from syncd.model.policy import OnDelete
from syncd.model.refs import EntityId, LinkId, Revision
from syncd.reconcile.plan import FieldWrite, Line, Place, Verb
from syncd.reconcile.removal import Last, Removal, judge_removal
from syncd.reconcile.state import EntityState
from syncd.store.rows import ConflictContent, ConflictRow, ContenderRow, LinkState, OpRow, TombstoneRow, Verdict

STATUS: Final = "status"
"""The field in which an item is closed where it cannot be archived."""
DELETED: Final = "deleted_edited"
"""The question about an item that was deleted in one tool and is still worked on elsewhere."""
RETURNED: Final = "returned"
"""The question about an item that is back, while others were archived because it was gone."""
QUESTIONS: Final = frozenset({DELETED, RETURNED})
"""Questions about a whole item: they stand among the conflicts under these names instead of a field's."""


@dataclass(slots=True)
class Removals:
    """What is decided about deletions."""

    lines: list[Line] = field(default_factory=list)
    """What is to be archived."""
    later: set[EntityId] = field(default_factory=set)
    """Entities of which it cannot be told yet, or that have lines: they are looked at again."""
    stones: list[TombstoneRow] = field(default_factory=list)
    """Tombstones with their verdict."""
    questions: dict[tuple[EntityId, str], ConflictContent | None] = field(default_factory=dict)
    """What a person is asked; `None` ends a question."""

    @property
    def entities(self) -> set[EntityId]:
        """Return the entities that anything is said about."""
        return {line.entity for line in self.lines} | self.later | {entity for entity, _ in self.questions}

    def add(self, other: Removals) -> None:
        """Take in what was decided about other entities."""
        self.lines += other.lines
        self.later |= other.later
        self.stones += other.stones
        self.questions |= other.questions


async def due_removals(
    desk: Desk, judgements: Sequence[Judgement], states: Mapping[EntityId, EntityState], *, preview: bool = False
) -> Removals:
    """Say what follows from deletions and returns among *judgements*; nothing of it is kept or written here."""
    store = desk.store
    gone = {each.item.entity.id: _in(each, LinkState.GONE) for each in judgements}
    touched = [each for each in judgements if gone[each.item.entity.id] or _in(each, LinkState.ARCHIVED)]
    ids = [each.item.entity.id for each in touched]
    stones = await store.tombstones.of_links([side.link.id for sides in gone.values() for side in sides])
    open_ops = await store.journal.open_of_entities(ids)
    unsure = {entity for entity, ops in open_ops.items() if any(op.connection in desk.accounts for op in ops)}
    done = await store.journal.archives_of([side.link.id for each in touched for side in each.item.sides])
    returned = await store.conflicts.last_of(ids, RETURNED)
    found = Removals()
    for each in touched:
        entity = each.item.entity.id
        mine = [stone for side in gone[entity] if (stone := stones.get(side.link.id)) and stone.verdict is None]
        mine = [stone for stone in mine if _speaks(desk, each, stone.link, preview=preview)]
        if mine and desk.mapping.on_delete(each.item.entity.kind) is OnDelete.UNLINK:
            found.stones += [replace(stone, verdict=Verdict.UNLINKED) for stone in mine]
        elif mine:
            found.add(_decide(desk, each, states[entity], mine, done, is_open=entity in unsure))
        elif not gone[entity] and (content := _returned(each, done, returned.get(entity))):
            found.questions[entity, RETURNED] = content
    await _end_questions(desk, judgements, done, found)
    return found


def _in(each: Judgement, state: LinkState) -> list[Side]:
    found = [side for side in each.item.sides if side.link.state is state]
    return sorted(found, key=lambda side: side.link.ref)


def _speaks(desk: Desk, each: Judgement, link: LinkId, *, preview: bool) -> bool:
    """Say whether what happens to *link* counts: a connection that only observes, or is taken out, has no voice."""
    side = next(side for side in each.item.sides if side.link.id == link)
    return desk.writes_to(side.connection, preview=preview)


def _decide(
    desk: Desk,
    each: Judgement,
    state: EntityState,
    stones: Sequence[TombstoneRow],
    done: Mapping[LinkId, OpRow],
    *,
    is_open: bool,
) -> Removals:
    """Decide about one entity of which some records are gone."""
    entity = each.item.entity.id
    if is_open or any(side.observed is None for side in _in(each, LinkState.LIVE)):
        return Removals(later={entity})
    away = _away(desk, each)
    removal = away or judge_removal(
        state, each.seen, stones[0].link, OnDelete.ARCHIVE, [_last(desk, each, stone) for stone in stones]
    )
    if removal.may_pass or (removal.question is None and (each.lines or each.waiting)):
        return Removals(later={entity})
    since = min(stone.first_missing_at for stone in stones)
    back = {one for one, op in done.items() if op.planned_at >= since}
    sides = [side for side in _in(each, LinkState.LIVE) if side.link.id in removal.archive]
    found = [_line(desk, each, side) for side in sides if side.link.id not in back]
    lines = [line for line in found if isinstance(line, Line)]
    why = removal.question or next((line for line in found if isinstance(line, str)), None)
    if why is None and lines and (again := [side for side in sides if side.link.id in back]):
        why = f"it was archived because of that, and brought back: {', '.join(side.link.key for side in again)}"
    if why is not None:
        asked = [replace(stone, verdict=Verdict.ASKED) for stone in stones]
        return Removals(stones=asked, questions={(entity, DELETED): question(each.item.sides, why)})
    if not lines:
        return Removals(stones=[replace(stone, verdict=Verdict.ARCHIVED) for stone in stones])
    return Removals(lines=lines, later={entity})


def _away(desk: Desk, each: Judgement) -> Removal | None:
    """Return what is to be done because some other record is out of sight; `None` when none is."""
    away = [side for side in _in(each, LinkState.OUT_OF_SCOPE) if desk.writes_to(side.connection)]
    if not away:
        return None
    kind = each.item.entity.kind
    hidden = [side for side in away if side.observed is None or _is_hidden(desk, side, kind)]
    names = ", ".join(f"{side.connection} {side.link.key}" for side in away)
    why = f"deleted while it is out of scope elsewhere, where somebody may work on it: {names}"
    return Removal(question=why, may_pass=bool(hidden))


def _is_hidden(desk: Desk, side: Side, kind: Kind) -> bool:
    """Say whether a record could not be read last time, whatever it showed before."""
    return side.observed is not None and desk.link_state(side.observed.record, kind) is LinkState.LIVE


def _last(desk: Desk, each: Judgement, stone: TombstoneRow) -> Last:
    """Return what the record behind *stone* was last accounted for."""
    side = next(side for side in each.item.sides if side.link.id == stone.link)
    fields = {}
    for name, row in side.bases.items():
        slot = desk.slot(side.connection, each.item.entity.kind, name, side.link.type, side.link.container)
        base = as_base(row)
        if slot is not None and base is not None:
            fields[name] = (slot.lens, base)
    return Last(fields, stone.first_missing_at)


def _line(desk: Desk, each: Judgement, side: Side) -> Line | str | None:
    """Return the line that archives one record, why it cannot be, or `None` where it is closed already."""
    write = _closing(desk, each.item.entity.kind, side)
    if write is None or isinstance(write, str):
        return write
    return Line(
        verb=Verb.ARCHIVE,
        entity=each.item.entity.id,
        kind=each.item.entity.kind,
        title=each.item.title,
        key=side.link.key,
        place=Place(connection=side.connection, container=side.link.container, record_type=side.link.type),
        link=side.link.id,
        writes=write,
    )


def _closing(desk: Desk, kind: Kind, side: Side) -> tuple[FieldWrite, ...] | str | None:
    """Return what is written to archive a record: nothing where the tool has an archive, else its closing status."""
    if side.link.type in desk.mapping.archivable.get(side.connection, ()):
        return ()
    status = desk.mapping.closes_as(side.connection, kind, side.link.type)
    slot = desk.slot(side.connection, kind, STATUS, side.link.type, side.link.container)
    if status is None or slot is None or side.observed is None:
        return f"{side.connection} can neither archive nor close it"
    now = side.observed.record.fields.get(slot.native_key, MISSING)
    reading = MISSING if now is MISSING else slot.lens.get(now)
    if reading == status:
        return None
    want = slot.lens.put(status, None if now is MISSING else now)
    if now is MISSING or isinstance(want, Cannot) or slot.lens.get(want) != status:
        return f"{side.connection} has no status of its own for {status}"
    before = None if reading is MISSING else reading
    return (FieldWrite(field=STATUS, value=status, before=before, want=want, pre=now),)


def question(sides: Iterable[Side], why: str) -> ConflictContent:
    """Return what a person is asked about the whole item: where it is gone, and where it is not."""
    told = {
        LinkState.GONE: "deleted",
        LinkState.LIVE: "there",
        LinkState.ARCHIVED: "archived",
        LinkState.OUT_OF_SCOPE: "out of scope",
    }
    rows = [
        ContenderRow(side.link.id, side.connection, told[side.link.state]) for side in sides if side.link.state in told
    ]
    return ConflictContent(tuple(sorted(rows, key=lambda row: (row.connection or "", row.link or ""))), why)


def _returned(each: Judgement, done: Mapping[LinkId, OpRow], asked: ConflictRow | None) -> ConflictContent | None:
    """Return what to ask about an item that is back while we had archived others because of it; once each time."""
    archived = [side for side in _in(each, LinkState.ARCHIVED) if side.link.id in done]
    live = _in(each, LinkState.LIVE)
    if not archived or not live:
        return None
    last = max(op.ended_at or op.planned_at for side in archived if (op := done.get(side.link.id)))
    if asked is not None and asked.opened_at >= last:
        return None
    names = ", ".join(f"{side.connection} {side.link.key}" for side in archived)
    return question(each.item.sides, f"it is back, and was archived elsewhere because it was gone: {names}")


async def _end_questions(
    desk: Desk, judgements: Sequence[Judgement], done: Mapping[LinkId, OpRow], found: Removals
) -> None:
    """End the questions that nobody has to answer any more."""
    every = {each.item.entity.id: each for each in judgements}
    for row in await desk.store.conflicts.of_entities(list(every)):
        each = every[row.entity]
        live, archived = _in(each, LinkState.LIVE), _in(each, LinkState.ARCHIVED)
        over = {
            DELETED: not _in(each, LinkState.GONE) or not live,
            RETURNED: not live or not any(side.link.id in done for side in archived),
        }
        if over.get(row.field, False) and (row.entity, row.field) not in found.questions:
            found.questions[row.entity, row.field] = None


def mark_of(revision: Revision) -> str:
    """Return what an archive remembers of the record as it was, to tell later whether it moved."""
    return hashlib.sha256(revision.encode()).hexdigest()[:32]
