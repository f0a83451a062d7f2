"""
Rules that span several values: no cycle of parents or dependencies, no start after its end (merge-semantics.md 7).

Checked on canonical values, after every field was merged on its own. A value
that breaks a rule is put back to what it was, and its field is held.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, TypeAlias, cast

from syncd.model.canonical import UNSET, Unset, Value
from syncd.model.native import Missing
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.field import merge_field
from syncd.reconcile.state import EntityResult, EntityState, FieldResult, LinkField, Notice, Trouble

Values: TypeAlias = Mapping[str, Value | Unset]
"""Canonical values of one entity, by field; a field left out is unset."""
Portfolio: TypeAlias = Mapping[EntityId, Values]

TREES: Final = ("parent", "depends_on")
"""Fields whose references must not go round in a circle."""
SPANS: Final = (("start_on", "due_on"), ("start_on", "target_on"))
"""Pairs of dates of which the first must not be after the second."""


@dataclass(frozen=True, slots=True)
class RuleBreak:
    """Changed values that take part in one violation; each is put back to what it was, and held."""

    put_back: tuple[tuple[EntityId, str], ...]
    """Sorted pairs of entity and field."""
    why: str
    """One sentence for a person, naming all of them."""


def violations(before: Portfolio, after: Portfolio, among: Iterable[EntityId] | None = None) -> tuple[RuleBreak, ...]:
    """
    Return what must be put back so that *after* breaks no rule that *before* kept.

    Only changed values are ever named. Putting one back may break another rule
    with a value that changed along with it, so this repeats until clean; it
    ends, since every step puts back something that was changed. *among* names
    the entities that may have changed, `None` all of them.

    Takes time in proportion to the changed entities and to what their
    references reach.
    """
    put_back: dict[EntityId, Values] = {}
    current: Portfolio = ChainMap(put_back, cast("dict[EntityId, Values]", after))
    changed = {
        (entity, field)
        for entity in (after if among is None else among)
        if before.get(entity) is not (values := after[entity])
        for field in (*TREES, "start_on", "due_on", "target_on")
        if values.get(field, UNSET) != before.get(entity, {}).get(field, UNSET)
    }
    found: list[RuleBreak] = []
    while broken := [*_circles(current, changed), *_spans(current, changed)]:
        found += broken
        for each in broken:
            for entity, field in each.put_back:
                changed.discard((entity, field))
                old = before.get(entity, {}).get(field, UNSET)
                put_back[entity] = {**current[entity], field: old}
    return tuple(sorted(found, key=lambda each: (each.put_back, each.why)))


def _circles(values: Portfolio, changed: set[tuple[EntityId, str]]) -> Iterator[RuleBreak]:
    for field in TREES:
        moved = sorted(entity for entity, name in changed if name == field)

        def targets(entity: EntityId, field: str = field) -> Iterable[EntityId]:
            return _targets(values.get(entity, {}).get(field, UNSET))

        for circle in _rings(moved, targets):
            guilty = tuple((entity, field) for entity in sorted(circle) if (entity, field) in changed)
            if guilty:
                names = ", ".join(sorted(_called(entity, values) for entity in circle))
                yield RuleBreak(guilty, f"{field} would go round in a circle: {names}")


def _called(entity: EntityId, values: Portfolio) -> str:
    title = values.get(entity, {}).get("title", UNSET)
    return f'"{title}"' if isinstance(title, str) else entity


def _targets(value: Value | Unset) -> Iterable[EntityId]:
    if isinstance(value, frozenset):
        return [EntityId(each) for each in sorted(value)]
    return [EntityId(value)] if isinstance(value, str) else []


def _rings(starts: Iterable[EntityId], targets: Callable[[EntityId], Iterable[EntityId]]) -> list[set[EntityId]]:
    """Return the strongly connected groups that hold a circle, among all that *starts* reach (Tarjan, no recursion)."""
    index: dict[EntityId, int] = {}
    low: dict[EntityId, int] = {}
    stack: list[EntityId] = []
    on_stack: set[EntityId] = set()
    rings: list[set[EntityId]] = []
    for start in starts:
        if start in index:
            continue
        work: list[tuple[EntityId, Iterator[EntityId]]] = []
        _enter(start, index, low, stack, on_stack)
        work.append((start, iter(targets(start))))
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    rings += _leave(node, stack, on_stack, targets)
            elif following not in index:
                _enter(following, index, low, stack, on_stack)
                work.append((following, iter(targets(following))))
            elif following in on_stack:
                low[node] = min(low[node], index[following])
    return rings


def _enter(
    node: EntityId, index: dict[EntityId, int], low: dict[EntityId, int], stack: list[EntityId], on_stack: set[EntityId]
) -> None:
    index[node] = low[node] = len(index)
    stack.append(node)
    on_stack.add(node)


def _leave(
    node: EntityId,
    stack: list[EntityId],
    on_stack: set[EntityId],
    targets: Callable[[EntityId], Iterable[EntityId]],
) -> list[set[EntityId]]:
    group: set[EntityId] = set()
    while node not in group:
        member = stack.pop()
        on_stack.discard(member)
        group.add(member)
    return [group] if len(group) > 1 or node in targets(node) else []


def _spans(values: Portfolio, changed: set[tuple[EntityId, str]]) -> Iterator[RuleBreak]:
    for start, end in SPANS:
        for entity in sorted({entity for entity, name in changed if name in {start, end}}):
            first, last = (_day(values[entity].get(name, UNSET)) for name in (start, end))
            if first is not None and last is not None and first > last:
                guilty = tuple((entity, name) for name in (end, start) if (entity, name) in changed)
                yield RuleBreak(tuple(sorted(guilty)), f"it would start on {first}, after its {end} {last}")


def _day(value: Value | Unset) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def merge_entities(states: Sequence[EntityState], others: Portfolio, now: datetime) -> dict[EntityId, EntityResult]:
    """
    Merge every field of these entities, then hold what breaks a rule that spans several.

    *others* are the canonical values of the rest of the portfolio. A tool
    whose own references would go round in a circle gets the moves in question
    later, even where the canonical ones are clean [S21].
    """
    results = {
        state.entity: {name: merge_field(field, now) for name, field in state.fields.items()} for state in states
    }
    was = {state.entity: {n: f.canonical for n, f in state.fields.items()} for state in states}
    becomes = {entity: {n: r.canonical for n, r in fields.items()} for entity, fields in results.items()}
    before: Portfolio = ChainMap(cast("dict[EntityId, Values]", was), cast("dict[EntityId, Values]", others))
    after: Portfolio = ChainMap(cast("dict[EntityId, Values]", becomes), cast("dict[EntityId, Values]", others))
    by_entity = {state.entity: state for state in states}
    for each in violations(before, after, becomes):
        for entity, name in each.put_back:
            held = replace(by_entity[entity].fields[name], rule_held=each.why)
            results[entity][name] = merge_field(held, now)
    for name in TREES:
        _defer_circles(name, states, others, after, results)
    return {entity: dict(fields) for entity, fields in results.items()}


def _defer_circles(
    name: str,
    states: Sequence[EntityState],
    others: Portfolio,
    after: Portfolio,
    results: dict[EntityId, dict[str, FieldResult]],
) -> None:
    """Take back writes that would make a tool's own references go round in a circle, and say so."""
    due = {
        (state.entity, line.link): line
        for state in states
        if name in state.fields
        for line in results[state.entity][name].due
    }
    if not due:
        return
    fields = {state.entity: state.fields[name] for state in states if name in state.fields}
    connections = {link.link: link.connection for field in fields.values() for link in field.links}
    for connection in sorted({connections[link] for _, link in due}):

        def targets(entity: EntityId, connection: ConnectionName = connection) -> Iterable[EntityId]:
            """Return what an entity would point at in this connection, once the due writes were made."""
            if entity not in fields:
                return _targets(others.get(entity, {}).get(name, UNSET))
            links = [link for link in fields[entity].links if link.connection == connection]
            lines = [due.get((entity, link.link)) for link in links]
            sides = zip(links, lines, strict=True)
            return [to for link, line in sides for to in _targets(line.value if line else _reading(link))]

        moving = sorted({entity for entity, link in due if connections[link] == connection})
        for ring in _rings(moving, targets):
            late = {link for entity, link in due if entity in ring and connections[link] == connection}
            for entity in ring & results.keys():
                if name in results[entity]:
                    names = [_called(each, after) for each in ring]
                    results[entity][name] = _deferred(results[entity][name], late, connection, names)


def _reading(link: LinkField) -> Value | Unset:
    if isinstance(link.observed, Missing):
        return UNSET
    reading = link.lens.get(link.observed)
    return UNSET if isinstance(reading, Missing) else reading


def _deferred(
    result: FieldResult, late: Collection[LinkId], connection: ConnectionName, ring: Iterable[str]
) -> FieldResult:
    text = f"{result.name} would go round in a circle there: {', '.join(sorted(ring))}"
    notes = [
        Notice(line.link, connection, Trouble.WAITING, line.value, text) for line in result.due if line.link in late
    ]
    return replace(
        result,
        due=tuple(line for line in result.due if line.link not in late),
        notices=tuple(sorted((*result.notices, *notes), key=lambda note: (note.link, note.trouble))),
    )
