"""The records that belong to no entity yet, and what each can be recognised by."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from syncd.engine.desk import Desk
from syncd.engine.old_copy import identity_of
from syncd.engine.places import place_of
from syncd.model.canonical import Kind
from syncd.model.native import Record
from syncd.model.refs import EntityId, Ref
from syncd.reconcile.match import Candidate
from syncd.reconcile.meeting import Census
from syncd.store.rows import LinkState

PORTION = 500
"""Records looked at together."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A record in scope that belongs to no entity, and what it would be."""

    record: Record
    kind: Kind


async def count_newcomers(desk: Desk) -> tuple[Census, dict[Ref, Record], dict[Ref, EntityId]]:
    """
    Return who may be the same as whom, all unlinked comments, and the markers records carry.

    A record that was parted from something is led to by no marker, and its own tells nothing.
    """
    census = Census()
    comments: dict[Ref, Record] = {}
    marked: dict[Ref, EntityId] = {}
    async for portion in newcomers(desk, PORTION, comments):
        for each in await candidates_of(desk, portion):
            census.count(each)
            if each.marker is not None and each.identities:
                marked[each.ref] = each.marker
    census.close()
    return census, comments, marked


async def newcomers(
    desk: Desk, size: int, comments: dict[Ref, Record] | None = None
) -> AsyncGenerator[list[Newcomer], None]:
    """
    Yield what may be linked, by ref and *size* at a time; comments are put into *comments* instead.

    What a person parted for good is not among it, by whatever name it goes now.
    """
    portion: list[Newcomer] = []
    apart = await desk.store.links.kept_apart(desk.portfolio.name)
    async for row in desk.store.records.unlinked(desk.portfolio.name):
        record = row.record
        kind = desk.mapping.kind_of(record.ref.connection, record.type)
        account = desk.accounts.get(record.ref.connection)
        if kind is None or account is None or not account.is_ready:
            continue
        if kind is Kind.COMMENT and comments is None:
            continue
        if not apart.isdisjoint((record.ref, *record.aliases)):
            continue
        if desk.link_state(record, kind) is not LinkState.LIVE:
            continue
        if kind is Kind.COMMENT and comments is not None:
            comments[record.ref] = record
            continue
        portion.append(Newcomer(record, kind))
        if len(portion) >= size:
            yield portion
            portion = []
    if portion:
        yield portion


async def candidates_of(desk: Desk, portion: Sequence[Newcomer]) -> list[Candidate]:
    """Return what each of *portion* can be recognised by, in its order."""
    parted = await desk.store.links.parted([each.record.ref for each in portion])
    return [_candidate(desk, each.record, each.kind, is_parted=each.record.ref in parted) for each in portion]


def _candidate(desk: Desk, record: Record, kind: Kind, *, is_parted: bool) -> Candidate:
    values = desk.readings(record, kind, telling(desk, kind))
    title = values.get("title")
    return Candidate(
        ref=record.ref,
        kind=kind,
        place=place_of(record, kind),
        title=title if isinstance(title, str) else record.key,
        keys=desk.mapping.match_keys(kind, record, values),
        marker=record.marker,
        identities=frozenset() if is_parted else frozenset(map(identity_of, (record.ref, *record.aliases))),
    )


def telling(desk: Desk, kind: Kind) -> frozenset[str]:
    """Return the fields that a match rule looks at, and the title."""
    return frozenset(name for rule in desk.mapping.match_rules(kind) for name in rule.fields) | {"title"}
