"""
What a cycle decides about some entities, and which of it may be carried out (all pure).

`apply` carries out exactly what was shown; a cycle on its own carries out
whatever needs no approval. A field with a write nobody was shown keeps its
state as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from syncd.engine.items import Item
from syncd.errors import HeldError
from syncd.model.canonical import Unset, Value
from syncd.model.codec import dump_native, dump_text
from syncd.model.native import MISSING
from syncd.model.refs import EntityId, LinkId
from syncd.reconcile.joining import approve
from syncd.reconcile.plan import FieldWrite, Line, Place, Verb
from syncd.reconcile.rules import merge_entities
from syncd.reconcile.state import DueReason, EntityResult, EntityState, FieldResult, FieldState
from syncd.reconcile.titles import title_of

Graph = Mapping[EntityId, Mapping[str, Value | Unset]]
"""The canonical values of the fields that cross-value rules look at, by entity."""


Change: TypeAlias = tuple[LinkId, str, str]
"""A link, a field, and what it is to become, as text."""


def changes_of(line: Line) -> frozenset[Change]:
    """Return what a line changes, to be recognised when it comes again; what is put back has a breaker of its own."""
    return frozenset(
        (line.link or LinkId(""), write.field, dump_text(dump_native(write.want)))
        for write in line.writes
        if write.reason is not DueReason.PUSH_BACK
    )


@dataclass(frozen=True, slots=True)
class Approval:
    """What may be carried out: the lines a person saw (by digest), or (`None`) all that needs no approval."""

    shown: frozenset[str] | None = None

    def permits(self, line: Line) -> bool:
        """Say whether *line* may be carried out."""
        return not line.needs_approval if self.shown is None else line.digest in self.shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One entity decided: what to commit, what to write now, and what must wait."""

    item: Item
    results: EntityResult
    """Only the fields whose decision may be committed."""
    lines: tuple[Line, ...]
    """The writes that may be carried out."""
    waiting: tuple[Line, ...] = ()
    """The writes that need a person's approval, or were not shown to one."""
    resting: tuple[Line, ...] = ()
    """The writes that wait until their connection is resumed."""
    seen: EntityResult = field(default_factory=dict)
    """Every field's decision, as a plan shows it."""


def judge(
    items: Sequence[Item],
    states: Mapping[EntityId, EntityState],
    graph: Graph,
    approval: Approval,
    now: datetime,
    late: AbstractSet[LinkId] = frozenset(),
    worn: AbstractSet[Change] = frozenset(),
) -> list[Judgement]:
    """
    Decide about all *items* together, since parents and dates are checked across them.

    *late* links moved since the store was copied: nothing is written over them that nobody was shown.
    Nor are *worn* changes made again, which something took back time after time.
    """
    results = merge_entities(list(states.values()), graph, now)
    return [
        _judge_one(item, states[item.entity.id], results.get(item.entity.id, {}), approval, now, late, worn)
        for item in items
    ]


def _judge_one(
    item: Item,
    state: EntityState,
    seen: EntityResult,
    approval: Approval,
    now: datetime,
    late: AbstractSet[LinkId],
    worn: AbstractSet[Change],
) -> Judgement:
    results: dict[str, FieldResult] = {}
    lines: list[Line] = []
    wanted: list[Line] = []
    title = _title(item, seen)
    for name, result in seen.items():
        if not result.due:
            results[name] = result
            continue
        mine = lines_of(item, state.fields[name], result, title)
        wanted += [replace(line, late=line.link in late, worn=not worn.isdisjoint(changes_of(line))) for line in mine]
        decided = _approved(state.fields[name], result, mine, approval, now)
        ready = [line for line in lines_of(item, state.fields[name], decided, title) if not line.needs_approval]
        is_held = approval.shown is None and any(
            line.link in late or not worn.isdisjoint(changes_of(line)) for line in ready
        )
        if _was_shown(ready, mine, approval) and not is_held:
            results[name] = decided
            lines += ready
    done = {(line.link, write.field) for line in lines for write in line.writes}
    waiting = [line for line in wanted if any((line.link, write.field) not in done for write in line.writes)]
    return Judgement(item=item, results=results, lines=tuple(lines), waiting=tuple(waiting), seen=seen)


def _approved(
    state: FieldState, result: FieldResult, lines: Sequence[Line], approval: Approval, now: datetime
) -> FieldResult:
    """Turn what first contact proposes, as far as it was approved, into a decision."""
    links = {line.link for line in lines if line.needs_approval and approval.permits(line)}
    if not links:
        return result
    kept_back = {line.link for line in lines} - links
    joining = {link.link for link in state.links if link.base is None} - kept_back
    shown = {link: value for link, value in readings(state).items() if link in links | joining}
    try:
        return approve(state, now, shown=shown)
    except HeldError:
        return result


def _was_shown(ready: Sequence[Line], wanted: Sequence[Line], approval: Approval) -> bool:
    """Say whether every write in *ready* may go: shown to a person, perhaps as the proposal it then was."""
    if approval.shown is None:
        return True
    shown = {
        (line.link, write.field, write.value) for line in wanted if approval.permits(line) for write in line.writes
    }
    return all((line.link, write.field, write.value) in shown for line in ready for write in line.writes)


def readings(state: FieldState) -> Mapping[LinkId, Value]:
    """Return what every readable link shows now, as canonical values."""
    found: dict[LinkId, Value] = {}
    for link in state.links:
        if link.observed is not MISSING and (value := link.lens.get(link.observed)) is not MISSING:
            found[link.link] = value
    return found


def _title(item: Item, seen: EntityResult) -> str:
    kind = item.entity.kind
    return title_of(kind, {name: result.canonical for name, result in seen.items()}) or item.title


def lines_of(item: Item, state: FieldState, result: FieldResult, title: str) -> list[Line]:
    """Return what is due in one field as plan lines, one for each link."""
    sides = {side.link.id: side for side in item.sides}
    lenses = {link.link: link.lens for link in state.links}
    lines = []
    for due in result.due:
        side = sides[due.link]
        before = lenses[due.link].get(due.pre)
        write = FieldWrite(
            field=result.name,
            value=due.value,
            before=None if before is MISSING else before,
            want=due.want,
            pre=due.pre,
            reason=due.reason,
        )
        place = Place(connection=side.connection, container=side.link.container, record_type=side.link.type)
        lines.append(
            Line(
                verb=Verb.UPDATE,
                entity=item.entity.id,
                kind=item.entity.kind,
                title=title,
                key=side.link.key,
                place=place,
                link=due.link,
                writes=(write,),
            )
        )
    return lines
