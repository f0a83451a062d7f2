"""A person's word, carried out: settling a conflict or a question, linking what was ambiguous, retrying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from syncd.engine.commit import commit, plan_ops
from syncd.engine.cycle import Cycle, finish_run, start_run
from syncd.engine.desk import Desk
from syncd.engine.find import find_item
from syncd.engine.items import Item
from syncd.engine.judge import Judgement, lines_of, readings
from syncd.engine.load import load_items, states_of
from syncd.engine.pauses import check_awake
from syncd.engine.push import push_updates
from syncd.engine.removal import QUESTIONS
from syncd.errors import ConfigError, HeldError
from syncd.model.canonical import FieldSpec, FieldType, Unset, Value
from syncd.model.refs import ConnectionName, LinkId
from syncd.reconcile.joining import choose
from syncd.reconcile.state import FieldState
from syncd.store.rows import (
    ConflictRow,
    FieldStateRow,
    QuarantineRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """What a person chose: a connection's value, the canonical one, or a value of their own."""

    connection: ConnectionName | None = None
    text: str | None = None
    """Written as in a mapping file; empty means "empty"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One field that waits for a person: a conflict, or (without *conflict*) a question of first contact."""

    item: Item
    state: FieldState
    conflict: ConflictRow | None


async def find_whole(desk: Desk, name: str) -> ConflictRow | None:
    """Return the open question about a whole item whose id begins with *name*, if it is one (`engine/removal.py`)."""
    rows = [row for row in await desk.store.conflicts.find(name) if row.portfolio == desk.portfolio.name]
    rows = [row for row in rows if row.ended_at is None]
    return rows[0] if len(rows) == 1 and rows[0].field in QUESTIONS else None


async def leave(desk: Desk, row: ConflictRow) -> None:
    """End a question about a whole item: every tool keeps what it has, and nobody is asked again."""
    async with desk.store.transaction() as tx:
        await tx.conflicts.sync(desk.portfolio.name, {(row.entity, row.field): None}, how="command")


async def find_question(desk: Desk, name: str) -> Question:
    """
    Return what *name* asks about: a conflict's id, or `KEY FIELD` written as `PMO-12.due_on`.

    Raises:
        ConfigError: there is no such conflict, item or field.
    """
    rows = [row for row in await desk.store.conflicts.find(name) if row.portfolio == desk.portfolio.name]
    rows = [row for row in rows if row.ended_at is None] or rows
    if len(rows) > 1:
        raise ConfigError(f'"{name}" begins {len(rows)} conflicts', fix="give more of its id")
    if rows:
        if rows[0].ended_at is not None:
            raise ConfigError(f'the conflict "{name}" has ended ({rows[0].how})', fix="run syncd conflicts list")
        (item,) = await load_items(desk, [rows[0].entity])
        check_awake(desk, item)
        return Question(item=item, state=_field(desk, item, rows[0].field), conflict=rows[0])
    key, dot, field = name.rpartition(".")
    if not dot:
        raise ConfigError(
            f'there is no conflict "{name}"', fix="run syncd conflicts list; a question is named KEY.FIELD"
        )
    item = await find_item(desk, key)
    check_awake(desk, item)
    open_rows = [row for row in await desk.store.conflicts.of_entities([item.entity.id]) if row.field == field]
    return Question(item=item, state=_field(desk, item, field), conflict=open_rows[0] if open_rows else None)


def _field(desk: Desk, item: Item, name: str) -> FieldState:
    fields = states_of(desk, [item])[item.entity.id].fields
    if name not in fields:
        raise ConfigError(
            f'"{name}" is not a field of this {item.entity.kind} that a connection in write mode holds',
            fix=f"use one of {', '.join(sorted(fields)) or 'none: check the connections and their mode'}",
        )
    return fields[name]


async def resolve(desk: Desk, question: Question, take: Take, by: str) -> Cycle:
    """
    Make the chosen value canonical and write it where it is due, now.

    Valid only against what was shown: an edit since then refuses it, and an
    edit that comes between is caught by the fresh read (golden story S25).

    Raises:
        HeldError: something moved since it was shown.
        ConfigError: the choice names no value.
    """
    state, item = question.state, question.item
    shown = _shown(question)
    value = _value(question, take)
    result = choose(state, value, desk.world.now(), by, shown=shown)
    lines = tuple(line for line in lines_of(item, state, result, item.title) if not line.needs_approval)
    judgement = Judgement(item=item, results={state.name: result}, lines=lines, seen={state.name: result})
    cycle = Cycle(run=await start_run(desk, "resolve"), compared=1, lines=lines)
    intents = plan_ops(desk, cycle.run, [judgement])
    async with desk.store.transaction() as tx:
        await commit(tx, desk, cycle.run, [judgement], intents, how="command")
        await tx.dirty.mark([item.entity.id])
    await push_updates(desk, cycle.run, intents, cycle.pushed)
    await finish_run(desk, cycle, "done")
    return cycle


def _shown(question: Question) -> Mapping[LinkId, Value]:
    """Return what the person was shown: the conflict as it is recorded, else what each tool was last seen to hold."""
    now = readings(question.state)
    if question.conflict is None:
        return now
    recorded = {side.link: side.value for side in question.conflict.content.contenders if side.link is not None}
    moved = [link for link, value in recorded.items() if link in now and now[link] != value]
    if moved:
        raise HeldError(
            "a tool holds another value than the conflict shows",
            where=f"{question.item.title} {question.state.name}",
            fix="run syncd sync and look at the conflict again",
        )
    return now


def _value(question: Question, take: Take) -> Value:
    state = question.state
    if take.text is not None:
        return parse_value(state.spec, take.text)
    if take.connection is None:
        if isinstance(state.canonical, Unset):
            raise ConfigError("there is no canonical value to keep yet", fix="take a connection's value instead")
        return state.canonical
    now = readings(state)
    found = {now[link.link] for link in state.links if link.connection == take.connection and link.link in now}
    if len(found) == 1:
        return found.pop()
    names = sorted({link.connection for link in state.links})
    if not found:
        raise ConfigError(f"{take.connection} holds no value here", fix=f"take one of {', '.join(names)}")
    raise ConfigError(f"{take.connection} holds {len(found)} different values here", fix="give the value with --value")


def parse_value(spec: FieldSpec, text: str) -> Value:
    """
    Read a value as a person types it; empty text is "empty".

    Raises:
        ConfigError: it does not fit the field's type.
    """
    if spec.is_set:
        return frozenset(part.strip() for part in text.split(",") if part.strip())
    if not text:
        return None
    try:
        return _parsed(spec, text)
    except (ValueError, InvalidOperation) as exc:
        allowed = ", ".join(spec.options) if spec.options else f"a {spec.type}"
        raise ConfigError(f'"{text}" does not fit this field', fix=f"use {allowed}") from exc


def _parsed(spec: FieldSpec, text: str) -> Value:
    match spec.type:
        case FieldType.CHOICE:
            if text not in spec.options:
                raise ValueError(text)
            return text
        case FieldType.NUMBER:
            return Decimal(text)
        case FieldType.BOOL:
            return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        case FieldType.DATE:
            return date.fromisoformat(text)
        case FieldType.INSTANT:
            return datetime.fromisoformat(text)
        case FieldType.MONEY | FieldType.METRICS:
            raise ValueError(text)
        case _:
            return text


async def retry(desk: Desk, rows: Sequence[QuarantineRow]) -> None:
    """Let *rows* flow again: forget what was refused and decide about their items anew."""
    links = await desk.store.links.by_refs([row.ref for row in rows if row.ref is not None])
    entities = {row.entity for row in rows if row.entity is not None} | {link.entity for link in links.values()}
    states: list[FieldStateRow] = await desk.store.field_states.of_entities(sorted(entities))
    async with desk.store.transaction() as tx:
        await tx.quarantine.release(rows)
        await tx.field_states.clear([(row.entity, row.field, row.link) for row in states])
        await tx.dirty.mark(sorted(entities))
