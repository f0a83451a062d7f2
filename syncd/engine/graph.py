"""The values that cross-value rules look at, of some entities and of all that their references reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncd.engine.desk import Desk
from syncd.engine.items import Item
from syncd.engine.judge import Judgement
from syncd.model.canonical import UNSET, Unset, Value
from syncd.model.native import Missing
from syncd.model.refs import EntityId
from syncd.reconcile.rules import TREES
from syncd.reconcile.state import EntityState, FieldState, Stale

GRAPH_FIELDS = ("parent", "depends_on", "start_on", "due_on", "target_on", "title")
"""The fields that cross-value rules look at, and the title to call it by."""

Known = dict[EntityId, Mapping[str, Value | Unset]]


async def know_graph(
    desk: Desk, items: Sequence[Item], states: Mapping[EntityId, EntityState], decided: Known
) -> Known:
    """
    Return what these items hold, and what they reach by any reference they hold or a tool shows now.

    Whatever a merge decides is one of those, so its rules see every circle;
    what was *decided* about others and is not kept yet counts as if it were.
    """
    graph: Known = {
        item.entity.id: {name: item.entity.values.get(name, UNSET) for name in GRAPH_FIELDS} for item in items
    }
    wanted = {target for values in graph.values() for target in _targets(values)}
    for state in states.values():
        for name in TREES:
            if name in state.fields:
                wanted |= {target for value in _said(state.fields[name]) for target in _entities(value)}
    while wanted := wanted - graph.keys():
        kept = await desk.store.entities.some_values_of(sorted(wanted - decided.keys()), GRAPH_FIELDS)
        found = {entity: decided.get(entity) or kept.get(entity, {}) for entity in wanted}
        graph |= found
        wanted = {target for values in found.values() for target in _targets(values)}
    return graph


def moved_in_graph(judgements: Iterable[Judgement]) -> Known:
    """Return what the graph holds of entities for which that is decided to be other than it was."""
    moved: Known = {}
    for each in judgements:
        before = {name: each.item.entity.values.get(name, UNSET) for name in GRAPH_FIELDS}
        after = before | {name: each.results[name].canonical for name in GRAPH_FIELDS if name in each.results}
        if after != before:
            moved[each.item.entity.id] = after
    return moved


def _targets(values: Mapping[str, Value | Unset]) -> Iterable[EntityId]:
    return (target for name in TREES for target in _entities(values.get(name)))


def _said(state: FieldState) -> Iterable[object]:
    """Yield every value a merge of this field may settle on."""
    for link in state.links:
        if not isinstance(link.observed, Missing):
            yield link.lens.get(link.observed)
        if link.base is not None and not isinstance(link.base.meant, Stale):
            yield link.base.meant
        if link.pending is not None:
            yield link.pending.meant


def _entities(value: object) -> Iterable[EntityId]:
    if isinstance(value, frozenset):
        return (EntityId(each) for each in value)
    return (EntityId(value),) if isinstance(value, str) else ()
