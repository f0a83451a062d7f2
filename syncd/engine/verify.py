"""Comparing all tools with each other, read-only: every difference, and whether it is a fault or a known limit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from syncd.engine.absent import sweep
from syncd.engine.cycle import Cycle, decide, finish_run, read_tools, start_run
from syncd.engine.desk import Desk
from syncd.engine.items import Item
from syncd.engine.judge import Approval
from syncd.engine.load import load_items, states_of
from syncd.engine.pauses import is_paused
from syncd.engine.portions import PORTION, in_portions, keep_nothing
from syncd.engine.targets import look_for_targets
from syncd.model.canonical import FieldSpec, FieldType, Unset, Value
from syncd.model.lens import Cannot
from syncd.model.native import MISSING
from syncd.model.refs import ConnectionName, EntityId, LinkId
from syncd.reconcile.plan import Line, Verb
from syncd.reconcile.state import FieldState, LinkField
from syncd.store.rows import ConflictRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field on which the tools do not tell the same story."""

    entity: EntityId
    title: str
    field: str
    canonical: Value | Unset
    shows: Mapping[str, Value]
    """By key and connection, what each tool reads as."""


@dataclass(slots=True, kw_only=True)
class Verified:
    """What a comparison found."""

    cycle: Cycle
    entities: int = 0
    fields: int = 0
    unread: int = 0
    """Sides of fields that could not be read and so were not compared: frozen, told by `syncd plan`."""
    differences: list[Difference] = field(default_factory=list)
    missing: tuple[Line, ...] = ()
    """Records a create rule asks for that are not there."""
    conflicts: tuple[ConflictRow, ...] = ()
    unreachable: Mapping[ConnectionName, str] = field(default_factory=dict)
    paused: tuple[ConnectionName, ...] = ()
    """Connections a person paused: what they hold was not compared."""
    resting: int = 0
    """Items a person paused: not compared."""

    @property
    def agrees(self) -> bool:
        """Whether everything that could be compared tells one story, and everything could."""
        silent = self.unreachable or self.paused or self.resting
        return not (self.differences or self.missing or self.conflicts or silent)


async def verify(desk: Desk) -> Verified:
    """Read every tool and compare; nothing is decided or written."""
    run = await start_run(desk, "verify")
    cycle = await read_tools(desk, run, writes=False)
    await sweep(desk)
    found = Verified(cycle=cycle)
    ids = await desk.store.entities.ids(desk.portfolio.name)
    for start in range(0, len(ids), PORTION):
        items = await look_for_targets(desk, await load_items(desk, ids[start : start + PORTION]))
        states = states_of(desk, items, preview=True)
        for item in items:
            if item.entity.id in desk.resting:
                found.resting += 1
                continue
            fields = _without_paused(desk, states[item.entity.id].fields.values())
            found.entities += 1
            found.fields += len(fields)
            found.unread += _unread(fields)
            found.differences += _differences(item, fields)
    await decide(desk, cycle, in_portions(ids), Approval(), preview=True, keep=keep_nothing)
    found.missing = tuple(line for line in cycle.lines if line.verb is Verb.CREATE)
    found.conflicts = tuple(await desk.store.conflicts.open_list(desk.portfolio.name))
    found.unreachable = {
        name: account.error.what
        for name, account in desk.accounts.items()
        if account.error is not None and not is_paused(account)
    }
    found.paused = tuple(name for name, account in desk.accounts.items() if is_paused(account))
    await finish_run(desk, cycle, "agrees" if found.agrees else "differs")
    return found


def _without_paused(desk: Desk, states: Iterable[FieldState]) -> list[FieldState]:
    """Return *states* without the links of paused connections: what these hold now is not known."""
    paused = {name for name, account in desk.accounts.items() if is_paused(account)}
    told = [
        replace(state, links=tuple(link for link in state.links if link.connection not in paused)) for state in states
    ]
    return [state for state in told if state.links]


def _differences(item: Item, states: Iterable[FieldState]) -> Iterable[Difference]:
    labels = {side.link.id: f"{side.connection} {side.link.key}" for side in item.sides}
    for state in states:
        if not _agree(state):
            yield Difference(
                entity=item.entity.id,
                title=item.title,
                field=state.name,
                canonical=state.canonical,
                shows=_shows(state.links, labels),
            )


def _unread(states: Iterable[FieldState]) -> int:
    return sum(_reading(link) is MISSING for state in states for link in state.links)


def _shows(links: Sequence[LinkField], labels: Mapping[LinkId, str]) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for link in links:
        reading = _reading(link)
        if reading is not MISSING:
            found[labels[link.link]] = reading  # type: ignore[assignment]
    return found


def _reading(link: LinkField) -> object:
    return MISSING if link.observed is MISSING else link.lens.get(link.observed)


def _agree(state: FieldState) -> bool:
    """
    Say whether every readable link shows the canonical value as well as it can; without one, whether all equal.

    What a tool filled in by itself when we made the record is nobody's word (golden story S17).
    """
    readable = [link for link in state.links if _reading(link) is not MISSING and not _is_default(link, state)]
    if isinstance(state.canonical, Unset):
        return len({_reading(link) for link in readable}) <= 1
    return all(_fits(link, state.canonical, state.spec) for link in readable)


def _is_default(link: LinkField, state: FieldState) -> bool:
    """Say whether a link still shows the tool's own default, taken note of while nobody had a value."""
    base = link.base
    if not link.default or base is None:
        return False
    is_empty = isinstance(base.meant, Unset) or base.meant is None or base.meant == frozenset()
    return is_empty and base.meant == state.canonical and _reading(link) == link.lens.get(base.shown)


def _fits(link: LinkField, value: Value, spec: FieldSpec) -> bool:
    if link.observed is MISSING:
        return True
    native = link.lens.put(value, link.observed)
    if isinstance(native, Cannot) or native == link.observed:
        return True
    held, wanted = link.lens.get(link.observed), link.lens.get(native)
    if spec.type is FieldType.LABELS and isinstance(held, frozenset) and isinstance(wanted, frozenset):
        return {str(each).casefold() for each in held} == {str(each).casefold() for each in wanted}
    return held == wanted or link.lens.loose(native, link.observed)
