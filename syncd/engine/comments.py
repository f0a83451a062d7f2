"""
Comments: which of an entity's records is the original, which still belong to it, and who says it in a copy.

The original is the oldest record we did not make. It alone tells author, time
and parent. A copy follows it for as long as what both are below is one item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncd.engine.absent import leave_alone
from syncd.engine.desk import Desk
from syncd.engine.items import Item, Side
from syncd.engine.pull import by_connection, hidden, missing, reread
from syncd.errors import RemoteError
from syncd.mapping.lenses.comment import CommentLens
from syncd.model.canonical import Kind
from syncd.model.lens import CANNOT, Cannot
from syncd.model.native import MISSING, Missing, Native, Person, Record
from syncd.model.policy import Provenance, Rule
from syncd.model.refs import ConnectionName, EntityId, Ref
from syncd.reconcile.plan import Line
from syncd.richtext.signature import signature
from syncd.store.rows import LinkRow, LinkState


def deleted_text(connection: ConnectionName) -> str:
    """Return what a copy says once its original was deleted in *connection*."""
    return f"*(deleted in {connection})*"


def native_in(desk: Desk, record: Record, name: str) -> Native | Missing:
    """Return what a comment's record holds of one field."""
    slot = desk.slot(record.ref.connection, Kind.COMMENT, name, record.type, record.container)
    return MISSING if slot is None else record.fields.get(slot.native_key, MISSING)


def parent_ref(desk: Desk, record: Record) -> Ref | None:
    """Return the record a comment is below, in its own tool."""
    native = native_in(desk, record, "parent")
    return native if isinstance(native, Ref) else None


def arrange(desk: Desk, item: Item) -> Item:
    """
    Return a comment with its original named, its copies known as such, and strays set aside.

    A record is a stray while what it is below is not in plain sight, or is
    another item than what the original is below: nothing flows either way.
    """
    if item.entity.kind is not Kind.COMMENT:
        return item
    origin = _origin(item.sides)
    anchor = _anchor(desk, item, origin)
    sides = tuple(_placed(desk, side, origin, anchor) for side in item.sides)
    return _with_text(desk, replace(item, sides=sides), origin)


def _origin(sides: Sequence[Side]) -> Side | None:
    seen = [side for side in sides if side.observed is not None and side.link.state is not LinkState.UNLINKED]
    theirs = [side for side in seen if not side.link.created_by_us]
    return min(theirs or seen, key=_age, default=None)


def _age(side: Side) -> tuple[str, str]:
    created = side.observed.record.created_at if side.observed else None
    return (created or side.link.linked_at).isoformat(), str(side.link.ref)


def _anchor(desk: Desk, item: Item, origin: Side | None) -> EntityId | None:
    """Return what the comment is below: as its original shows, else as it was agreed."""
    if origin is not None and origin.takes_part:
        return _below(desk, origin)
    agreed = item.entity.values.get("parent")
    return EntityId(agreed) if isinstance(agreed, str) else item.entity.parent


def _below(desk: Desk, side: Side) -> EntityId | None:
    ref = parent_ref(desk, side.observed.record) if side.observed else None
    return desk.links.entity_of(ref) if ref is not None and desk.links.is_live(ref) else None


def _placed(desk: Desk, side: Side, origin: Side | None, anchor: EntityId | None) -> Side:
    copies = side.link.created_by_us and not desk.mapping.comments.any_edits
    side = replace(side, is_origin=side is origin, is_copy=copies and side is not origin)
    if side.link.state is LinkState.LIVE and (anchor is None or _below(desk, side) != anchor):
        return replace(side, link=replace(side.link, state=LinkState.OUT_OF_SCOPE))
    return side


def _with_text(desk: Desk, item: Item, origin: Side | None) -> Item:
    """Say in place of the text that the original was deleted, where the mapping wants that; or take that back."""
    text = item.entity.values.get("body")
    if origin is None or not isinstance(text, str):
        return item
    said = deleted_text(origin.connection)
    if _is_deleted(desk, item, origin):
        return _saying(desk, item, said) if text != said else item
    slot = desk.slot(origin.connection, Kind.COMMENT, "body", origin.link.type, origin.link.container)
    if text == said and origin.takes_part and slot is not None and "body" in origin.bases:
        was = slot.lens.get(origin.bases["body"].shown)
        return _saying(desk, item, was) if isinstance(was, str) else item
    return item


def _is_deleted(desk: Desk, item: Item, origin: Side) -> bool:
    """Whether every original is gone for good, by itself: what it was below is still there."""
    theirs = [side for side in item.sides if not side.link.created_by_us and side.link.state is not LinkState.UNLINKED]
    ref = parent_ref(desk, origin.observed.record) if origin.observed else None
    return (
        desk.mapping.comments.mark_deleted
        and bool(theirs)
        and all(side.link.state is LinkState.GONE for side in theirs)
        and ref is not None
        and desk.links.is_live(ref)
    )


def _saying(desk: Desk, item: Item, text: str) -> Item:
    row = item.entity
    why = Provenance(rule=Rule.COMPUTED, policy="comments", at=desk.world.now())
    return replace(
        item,
        entity=replace(row, values={**row.values, "body": text}, provenance={**row.provenance, "body": why}),
    )


async def places_below(
    desk: Desk, parents: Sequence[EntityId]
) -> Mapping[tuple[EntityId, ConnectionName], Sequence[str]]:
    """Return the containers in which each of *parents* is in plain sight, by connection."""
    links = await desk.store.links.by_entities(list(parents))
    found: dict[tuple[EntityId, ConnectionName], list[str]] = {}
    for entity, rows in links.items():
        desk.links.add(rows)
        for link in sorted(rows, key=lambda row: row.ref):
            if link.state is LinkState.LIVE:
                found.setdefault((entity, link.ref.connection), []).append(link.container)
    return found


async def to_hear_again(desk: Desk, parents: Sequence[EntityId]) -> list[LinkRow]:
    """
    Return the links to part so that comments below *parents* are recognised anew, now that these become other items.

    Only comments that are in one tool alone: the item they are below from now
    on may carry the same words already.
    """
    links = await desk.store.links.by_entities(sorted(await desk.store.entities.below(parents)))
    alone = [rows[0] for rows in links.values() if len(rows) == 1 and not rows[0].created_by_us]
    return [replace(link, state=LinkState.UNLINKED) for link in alone]


async def withdrawn(desk: Desk, comments: Mapping[EntityId, Item]) -> Mapping[EntityId, str]:
    """
    Return the comments of which no copy may be made now, and why: their original was deleted or made private.

    Lists do not tell of either, and a copy may have waited for a person for days.
    All of them are looked at again.
    """
    origins = {
        side.link.ref: side.link
        for item in comments.values()
        for side in item.sides
        if side.is_origin and side.observed
    }
    found: dict[EntityId, str] = {}
    for name, refs in by_connection(origins).items():
        account = desk.accounts.get(name)
        if account is None or not account.is_ready:
            found |= dict.fromkeys((origins[ref].entity for ref in refs), f"{name}, where it was said, cannot be read")
            continue
        try:
            answers = await reread(desk, account, refs)
        except RemoteError as exc:
            found |= dict.fromkeys((origins[ref].entity for ref in refs), f"{name} does not answer: {exc.what}")
            continue
        await leave_alone(desk, [origins[ref] for ref in (*missing(answers), *hidden(answers))])
        found |= {
            origins[ref].entity: f"its original cannot be read: {answer.what}"
            for ref, answer in answers.items()
            if isinstance(answer, RemoteError)
        }
    async with desk.store.transaction() as tx:
        await tx.dirty.mark(sorted(found))
    return found


def signed_body(desk: Desk, item: Item, line: Line) -> Native | Cannot:
    """Return the text of a copy about to be made, signed for its author; `CANNOT` when the tool cannot hold it."""
    place = line.place
    slot = desk.slot(place.connection, Kind.COMMENT, "body", place.record_type, place.container)
    body = next((write.value for write in line.writes if write.field == "body"), None)
    if slot is None or not isinstance(slot.lens, CommentLens) or not body:
        return CANNOT
    return slot.lens.put_signed(body, None, _signature(desk, item))


def _signature(desk: Desk, item: Item) -> str:
    """Return who said it, where; a copy that became the original (its own is lost to us) keeps the signature it has."""
    origin = next((side for side in item.sides if side.is_origin), None)
    if origin is None or origin.observed is None:
        return signature(None, "syncd", "", None)
    record = origin.observed.record
    slot = desk.slot(record.ref.connection, Kind.COMMENT, "body", record.type, record.container)
    native = native_in(desk, record, "body")
    if slot is not None and isinstance(slot.lens, CommentLens) and not isinstance(native, Missing):
        sign = slot.lens.signature_of(native)
        if sign:
            return sign
    author = native_in(desk, record, "author")
    name = (author.name or author.login) if isinstance(author, Person) else None
    return signature(name, record.ref.connection, record.key, record.url)
