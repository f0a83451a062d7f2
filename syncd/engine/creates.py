"""Making records: what the create rules ask for, and the protocol that makes each of them exactly once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Final, TypeAlias

from syncd.connectors._http import budget_of
from syncd.connectors._together import together
from syncd.connectors.protocol import Create, Done, Refused, Unknown
from syncd.engine.comments import places_below, signed_body, withdrawn
from syncd.engine.commit import create_op
from syncd.engine.desk import Account, Desk
from syncd.engine.flight import fly
from syncd.engine.items import Item
from syncd.engine.judge import Graph, Judgement
from syncd.engine.load import load_items
from syncd.engine.made import confirm_create
from syncd.engine.pace import affordable
from syncd.engine.pauses import halted
from syncd.engine.push import ASLEEP, Pushed, send
from syncd.engine.settle import MOST_REFUSALS, refuse_create, unsure
from syncd.engine.traces import span
from syncd.errors import AuthError, RejectedError
from syncd.mapping.spec import CreateRule
from syncd.model.canonical import Kind, Unset, Value, Written
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import Native
from syncd.model.policy import Direction
from syncd.model.refs import ConnectionName, EntityId, OpId, RunId
from syncd.reconcile.create import Slot, Wish, due_creates
from syncd.reconcile.plan import Line, Place, Verb
from syncd.store.rows import LinkState, OpRow

Payload: TypeAlias = Mapping[str, tuple[Slot, Native]]
"""What a create sends, by canonical field."""

PATIENCE_S: Final = 5.0
"""As long may a new record wait for its tool's budget while others wait for the turn."""
POSTPONED: Final = "its tool takes no more new records just now: it is made in one of the next cycles"
MAX_DEPTH = 64
"""Parents above an item, at most; a longer chain is a cycle that the rules hold."""


async def due_lines(
    desk: Desk,
    judgements: Sequence[Judgement],
    graph: Graph,
    *,
    asked: Collection[tuple[EntityId, ConnectionName]] = (),
    preview: bool = False,
) -> tuple[list[Line], frozenset[EntityId]]:
    """
    Return one line for every record to make, and the entities that must be looked at again for more.

    Nothing is made in a connection that was not read to the end in this
    cycle, nor while a person is *asked* whether an entity is there under
    another record: what we would make may be there already.
    """
    open_ops = await desk.store.journal.open_of_entities([each.item.entity.id for each in judgements])
    below = await _places_below(desk, judgements)
    refused = {
        (row.connection, row.entity)
        for row in await desk.store.quarantine.all()
        if row.ref is None and row.attempts >= MOST_REFUSALS
    }
    lines: list[Line] = []
    later: set[EntityId] = set()
    for each in judgements:
        values = after(each)
        for rule in desk.mapping.create_rules(each.item.entity.kind):
            account = desk.accounts[rule.target]
            held = not (account.connection.writes or preview)
            is_refused = (rule.target, each.item.entity.id) in refused
            if held or is_refused or not rule.applies(_known(values)):
                continue
            wish = _wish(
                each.item,
                values,
                rule,
                _containers(rule, values, below),
                open_ops.get(each.item.entity.id, ()),
                _depth(each.item, graph),
            )
            made = due_creates(wish, partial(slots_of, desk, wish.kind))
            if desk.was_listed(rule.target) and (wish.entity, rule.target) not in asked:
                lines += made
            elif made:
                later.add(wish.entity)
    return await _opening(desk, lines), frozenset(later)


async def _opening(desk: Desk, lines: Sequence[Line]) -> list[Line]:
    """Note on each line whether it is among the first comments, or the first of anything else, made in its tool."""
    kinds = {True: (Kind.COMMENT,), False: tuple(kind for kind in Kind if kind is not Kind.COMMENT)}
    sorts = sorted({(line.place.connection, line.kind is Kind.COMMENT) for line in lines})
    opened = {sort: await desk.store.audit.has_any(sort[0], Verb.CREATE, kinds[sort[1]]) for sort in sorts}
    return [replace(line, opening=not opened[line.place.connection, line.kind is Kind.COMMENT]) for line in lines]


async def _places_below(
    desk: Desk, judgements: Sequence[Judgement]
) -> Mapping[tuple[EntityId, ConnectionName], Sequence[str]]:
    said = [after(each).get("parent") for each in judgements if each.item.entity.kind is Kind.COMMENT]
    return await places_below(desk, sorted({EntityId(parent) for parent in said if isinstance(parent, str)}))


def _containers(
    rule: CreateRule,
    values: Mapping[str, Value | Unset],
    below: Mapping[tuple[EntityId, ConnectionName], Sequence[str]],
) -> Sequence[str]:
    """Return where the rule creates; a comment, where its parent's counterpart is: nowhere until there is one."""
    if rule.kind is not Kind.COMMENT:
        return rule.containers
    parent = values.get("parent")
    return below.get((EntityId(parent), rule.target), ())[:1] if isinstance(parent, str) else ()


def after(each: Judgement) -> Mapping[str, Value | Unset]:
    """Return an entity's canonical values as the decision leaves them."""
    return {**each.item.entity.values, **{name: result.canonical for name, result in each.results.items()}}


def _known(values: Mapping[str, Value | Unset]) -> Mapping[str, Value]:
    return {name: value for name, value in values.items() if not isinstance(value, Unset)}


def _depth(item: Item, graph: Graph) -> int:
    """Return how many parents stand above an item; 0 for a comment, whose parent is there already."""
    entity = item.entity.id
    if item.entity.kind is Kind.COMMENT:
        return 0
    for depth in range(MAX_DEPTH):
        parent = graph.get(entity, {}).get("parent")
        if not isinstance(parent, str):
            return depth
        entity = EntityId(parent)
    return MAX_DEPTH


def _wish(
    item: Item,
    values: Mapping[str, Value | Unset],
    rule: CreateRule,
    containers: Sequence[str],
    open_ops: Sequence[OpRow],
    depth: int,
) -> Wish:
    links = [side.link for side in item.sides if side.link.state is not LinkState.UNLINKED]
    apart = [side.link for side in item.sides if side.link.parted_at is not None]
    there = {(link.ref.connection, link.container) for link in (*links, *apart)}
    is_taken_back = any(
        side.is_origin and side.link.state is not LinkState.LIVE and side.link.parted_at is None for side in item.sides
    )
    under_way = {(op.connection, op.container) for op in open_ops if op.verb == Verb.CREATE}
    return Wish(
        entity=item.entity.id,
        kind=item.entity.kind,
        values=values,
        source=rule.source,
        targets=tuple(
            Place(connection=rule.target, container=container, record_type=rule.record_type) for container in containers
        ),
        alive_in=frozenset(link.ref.connection for link in links if link.state is LinkState.LIVE and not is_taken_back),
        once_in=frozenset(there | under_way),
        depth=depth,
    )


def slots_of(desk: Desk, kind: Kind, place: Place) -> Mapping[str, Slot]:
    """Return every field that a new record in *place* may be given, with its lens there."""
    found: dict[str, Slot] = {}
    for name, rule in desk.rules_of(kind).items():
        if rule.directions[place.connection] is not Direction.READ or rule.spec.written is Written.ON_CREATE:
            slot = desk.slot(place.connection, kind, name, place.record_type, place.container)
            if slot is not None:
                found[name] = slot
    return found


async def push_creates(desk: Desk, run: RunId, lines: Sequence[Line], told: Pushed) -> None:
    """
    Make the records of *lines*, in their order, wave by wave.

    A wave is one kind at one depth: whatever its records refer to was made by
    the waves before it.
    """
    for _, wave in groupby(lines, key=lambda line: (line.kind, line.depth)):
        by_connection: dict[ConnectionName, list[Line]] = {}
        for line in wave:
            by_connection.setdefault(line.place.connection, []).append(line)
        await together(
            _push_connection(desk, desk.accounts[name], run, mine, told) for name, mine in sorted(by_connection.items())
        )


async def _push_connection(desk: Desk, account: Account, run: RunId, lines: Sequence[Line], told: Pushed) -> None:
    size = account.connector.capabilities.max_batch
    with span("write", connection=account.name, verb=Verb.CREATE, writes=len(lines)):
        for start in range(0, len(lines), size):
            if (why := await halted(desk, account)) is not None:
                told.failed |= dict.fromkeys((line.digest for line in lines[start:]), why)
                return
            portion = lines[start : start + size]
            fits = _fitting(desk, account, len(portion), told)
            if fits:
                await fly(desk, _push_portion(desk, account, run, portion[:fits], told))
            if fits < len(portion):
                told.failed |= dict.fromkeys((line.digest for line in lines[start + fits :]), POSTPONED)
                told.postponed.add(account.name)
                return


def _fitting(desk: Desk, account: Account, most: int, told: Pushed) -> int:
    """Return how many new records, at most *most*, may be made without keeping others waiting."""
    if account.name in told.postponed:
        return 0  # what comes later may refer to what was not made
    costs = account.connector.capabilities.create_cost
    return affordable(budget_of(account.client), costs, most, within_s=PATIENCE_S) if desk.hurries else most


async def _push_portion(desk: Desk, account: Account, run: RunId, lines: Sequence[Line], told: Pushed) -> None:
    told.failed |= {line.digest: ASLEEP for line in lines if line.entity in desk.resting}
    lines = [line for line in lines if line.entity not in desk.resting]
    items = await _comments(desk, lines)
    unsaid = await withdrawn(desk, items)
    told.failed |= {line.digest: unsaid[line.entity] for line in lines if line.entity in unsaid}
    lines = [line for line in lines if line.entity not in unsaid]
    ops: dict[OpId, tuple[OpRow, Line]] = {}
    payloads: dict[OpId, Payload] = {}
    for line in lines:
        payload = _payload(desk, line, items.get(line.entity))
        op = create_op(desk, run, line, payload)
        ops[op.id], payloads[op.id] = (op, line), payload
    async with desk.store.transaction() as tx:
        await tx.journal.plan([op for op, _ in ops.values()])
    for op, line in [each for each in ops.values() if _says_nothing(each[1], payloads[each[0].id])]:
        del ops[op.id]
        why = RejectedError(f"{line.place.connection} cannot hold this comment: it is too long there, or not writable")
        await refuse_create(desk, op, why)
        told.failed[line.digest] = why.what
    async with desk.store.transaction() as tx:
        await tx.journal.mark_sent(list(ops), desk.world.now())
    requests = [
        Create(
            op=op.id,
            type=op.type,
            container=op.container,
            marker=op.entity,
            fields=op.native,
        )
        for op, _ in ops.values()
    ]
    outcomes = await send(account, requests)
    for op, line in ops.values():
        match outcomes[op.id]:
            case Done() as done:
                await confirm_create(desk, account, run, op, line.kind, done, payloads[op.id])
                told.done.append(line.digest)
                told.counts["create"] += 1
            case Refused(error=error):
                await refuse_create(desk, op, error)
                told.failed[line.digest] = error.what
                if isinstance(error, AuthError):
                    account.error = error
            case Unknown(error=error):
                await unsure(desk, op, error)
                told.failed[line.digest] = f"no answer, being looked up: {error.what}"


async def _comments(desk: Desk, lines: Sequence[Line]) -> Mapping[EntityId, Item]:
    """Return the comments among what is made: who wrote them is part of what is sent."""
    ids = [line.entity for line in lines if line.kind is Kind.COMMENT]
    return {item.entity.id: item for item in await load_items(desk, ids)} if ids else {}


def _says_nothing(line: Line, payload: Payload) -> bool:
    return line.kind is Kind.COMMENT and not {"body", "parent"} <= payload.keys()


def _payload(desk: Desk, line: Line, comment: Item | None) -> Payload:
    """Return what a create sends, made now: what it refers to may have been made a moment ago."""
    slots = slots_of(desk, line.kind, line.place)
    found: dict[str, tuple[Slot, Native]] = {}
    for write in line.writes:
        native = slots[write.field].lens.put(write.value, None) if write.field in slots else CANNOT
        if comment is not None and write.field == "body" and write.field in slots:
            native = signed_body(desk, comment, line)
        if not isinstance(native, Cannot):
            found[write.field] = (slots[write.field], native)
    return found
