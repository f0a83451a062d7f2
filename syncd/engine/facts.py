"""Gathering what people may have to be told, from a cycle and the store."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncd.engine.absent import Swept
from syncd.engine.cycle import Cycle
from syncd.engine.desk import Desk
from syncd.engine.items import Item
from syncd.engine.notices import Aside, Facts, Fault, Held, Unmapped
from syncd.engine.pauses import is_paused
from syncd.engine.removal import QUESTIONS
from syncd.errors import AuthError, UnsafePlanError
from syncd.mapping.lenses.base import why_missing
from syncd.model.canonical import Kind
from syncd.model.native import MISSING, Missing
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.state import FieldResult, Notice, Trouble
from syncd.reconcile.titles import title_of
from syncd.settings.notify import Topic
from syncd.store.rows import EntityRow, NotifiedRow, QuarantineRow


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What a cycle left behind, besides what is in the desk and the store."""

    cycle: Cycle | None = None
    """`None`: it did not come to its end."""
    refused: UnsafePlanError | None = None
    swept: Swept | None = None
    paused: Collection[ConnectionName] = frozenset()
    """Connections that are not read on purpose."""
    is_whole: bool = True
    """It looked at everything that is due, not at a few hinted items."""


async def gather(
    desk: Desk, after: After, told: Sequence[NotifiedRow], read_at: Mapping[ConnectionName, datetime]
) -> Facts:
    """
    Return the facts after a cycle, before the desk is refreshed for the next one.

    *read_at* tells when each connection was read to the end as far as this
    process knows. What people were *told* of already needs no names.
    """
    now, accounts = desk.world.now(), desk.accounts
    read = frozenset(name for name, account in accounts.items() if account.pulled)
    errors = {name: account.error for name, account in accounts.items() if account.error is not None}
    paused = {*after.paused, *(name for name, account in accounts.items() if desk.paused or is_paused(account))}
    known = {(row.topic, row.subject) for row in told}
    return Facts(
        portfolio=desk.portfolio.name,
        at=now,
        read=read,
        refused={
            name: Fault(what=error.what, fix=error.fix or "")
            for name, error in errors.items()
            if isinstance(error, AuthError)
        },
        unread_s=await _unread(desk, read, paused, read_at, now),
        lag_bound_s=desk.portfolio.lag_bound_s,
        failures={name: error.what for name, error in errors.items()},
        braked=None if after.refused is None else Fault(what=after.refused.what, fix=after.refused.fix or ""),
        is_decided=after.cycle is not None and after.is_whole,
        unseen=0 if after.swept is None else after.swept.unseen,
        conflicts=await _conflicts(desk, known),
        aside=await _aside(desk, known, now),
        unmapped=() if after.cycle is None else _unmapped(desk, after.cycle),
        bases={name: desk.digest_of(name) for name in read} if after.cycle is not None and after.is_whole else {},
    )


async def _unread(
    desk: Desk,
    read: frozenset[ConnectionName],
    paused: Collection[ConnectionName],
    read_at: Mapping[ConnectionName, datetime],
    now: datetime,
) -> dict[ConnectionName, float]:
    found = {}
    for name in desk.accounts:
        if name not in paused and name not in read:
            cursor = await desk.store.cursors.get(name)
            last = max([read_at[name], *([cursor.saved_at] if cursor else [])])
            found[name] = max(0.0, (now - last).total_seconds())
    return found


async def _conflicts(desk: Desk, known: Collection[tuple[str, str]]) -> list[Held]:
    rows = await desk.store.conflicts.open_list(desk.portfolio.name)
    names = await _names(desk, [row.entity for row in rows if (Topic.CONFLICT, row.id) not in known])
    return [
        Held(
            id=row.id,
            field=row.field,
            is_whole=row.field in QUESTIONS,
            key=names.get(row.entity, ("", ""))[0],
            title=names.get(row.entity, ("", ""))[1],
        )
        for row in rows
    ]


async def _aside(desk: Desk, known: Collection[tuple[str, str]], now: datetime) -> list[Aside]:
    """Return what has been in quarantine for longer than a cycle: what passes by itself the second time is no news."""
    patience = timedelta(seconds=desk.portfolio.every_s)
    every = await desk.store.quarantine.all()
    rows = [row for row in every if row.connection in desk.accounts and now - row.since >= patience]
    new = [row for row in rows if (Topic.QUARANTINE, _subject(row)) not in known]
    links = await desk.store.links.by_refs([row.ref for row in new if row.ref is not None])
    entities = [row.entity for row in new if row.entity is not None]
    names = await _names(desk, [*entities, *(link.entity for link in links.values())])

    def named(row: QuarantineRow) -> tuple[str, str]:
        link = links.get(row.ref) if row.ref is not None else None
        key, title = names.get(link.entity if link else row.entity or EntityId(""), ("", ""))
        return (link.key if link else key or _short(row.ref)), title

    return [
        Aside(
            subject=_subject(row),
            connection=row.connection,
            field=row.field,
            key=named(row)[0],
            title=named(row)[1],
        )
        for row in rows
    ]


def _subject(row: QuarantineRow) -> str:
    return f"{row.connection} {row.ref or row.entity} {row.field or ''}".strip()


def _short(ref: Ref | None) -> str:
    return "" if ref is None else ref.id


async def _names(desk: Desk, ids: Sequence[EntityId]) -> dict[EntityId, tuple[str, str]]:
    """Return a key and a title for each entity; a comment has no title, since what it says is nobody else's."""
    wanted = list(dict.fromkeys(ids))
    links = await desk.store.links.by_entities(wanted)
    entities = await desk.store.entities.by_ids(wanted)
    found = {}
    for one, row in entities.items():
        keys = sorted((" " in link.key, link.ref.connection, link.key) for link in links.get(one, []))
        found[one] = (keys[0][2] if keys else "", _title(row))
    return found


def _title(row: EntityRow) -> str:
    return "" if row.kind is Kind.COMMENT else title_of(row.kind, row.values) or ""


def _unmapped(desk: Desk, cycle: Cycle) -> list[Unmapped]:
    """Return the values seen in *cycle* that no rule maps, each once, named by a hash of what a report says of them."""
    found: dict[str, Unmapped] = {}
    for item, results in cycle.seen.values():
        for result in results.values():
            for notice in result.notices:
                each = _unreadable(desk, item, result, notice)
                if each is not None:
                    before = found.get(each.subject, each)
                    number = before.number + 1 if each.subject in found else 1
                    found[each.subject] = Unmapped(
                        subject=before.subject,
                        connection=before.connection,
                        field=before.field,
                        number=number,
                        key=before.key,
                        title=before.title,
                    )
    return list(found.values())


def _unreadable(desk: Desk, item: Item, result: FieldResult, notice: Notice) -> Unmapped | None:
    side = next((each for each in item.sides if each.link.id == notice.link), None)
    if notice.trouble is not Trouble.UNREADABLE or side is None or side.observed is None:
        return None
    slot = desk.slot(side.connection, item.entity.kind, result.name, side.link.type, side.link.container)
    native = MISSING if slot is None else side.observed.record.fields.get(slot.native_key, MISSING)
    if slot is None or isinstance(native, Missing):
        return None
    name = f"{item.entity.kind}.{result.name}"
    digest = hashlib.sha256(why_missing(slot.lens, native).encode()).hexdigest()[:12]
    return Unmapped(
        subject=f"{side.connection} {name} {digest}",
        connection=side.connection,
        field=name,
        number=1,
        key=side.link.key,
        title=_title(item.entity),
    )
