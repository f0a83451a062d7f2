"""One portfolio, opened: its store, its connections, and how each of them stands just now."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import httpx

from syncd.connectors.protocol import Connector, Description
from syncd.engine.doubt import Offered
from syncd.engine.items import FieldRules, Standing
from syncd.errors import RemoteError
from syncd.mapping.compiled import CompiledMapping
from syncd.mapping.people import PeopleDirectory
from syncd.model.canonical import Kind, Value
from syncd.model.native import MISSING, NativeField, Record, RecordState
from syncd.model.refs import ConnectionName, EntityId, LinkId, Ref
from syncd.reconcile.create import Slot
from syncd.settings.load import Connection, Portfolio
from syncd.store.rows import LinkRow, LinkState, PausedRow
from syncd.store.store import Store
from syncd.world import World


@dataclass(slots=True, kw_only=True)
class Account:
    """One connection, opened: its connector, and what this cycle has learned of it."""

    connection: Connection
    connector: Connector
    client: httpx.AsyncClient
    description: Description | None = None
    """What it can do, once asked."""
    offered: Offered = field(default_factory=dict)
    """The options it told of."""
    described_at: float | None = None
    """When it told so (`World.monotonic`)."""
    is_known: bool = False
    """It leads to the site that its records are of (`engine/stranger.py`)."""
    doubts: set[Ref] = field(default_factory=set)
    """Records that speak against that: it is asked anew, and nothing is decided about them before."""
    error: RemoteError | None = None
    """Why it takes no part in this cycle."""
    error_before: RemoteError | None = None
    """Why it took none in the one before, until this one has ended."""
    pulled: bool = False
    """Read to the end in this cycle."""
    asked_at: datetime | None = None
    """When the last pull that read it to the end began."""
    read_at: datetime | None = None
    """When it was last read to the end."""
    failures: int = 0
    """Cycles in a row in which it failed."""
    retry_at: float | None = None
    """Until when it is left alone (`World.monotonic`), since it kept failing."""
    left_alone: bool = False
    """It was not asked in this cycle because of that: its last error stands."""

    @property
    def name(self) -> ConnectionName:
        """Return the connection's name."""
        return self.connection.name

    @property
    def is_ready(self) -> bool:
        """Whether it answers."""
        return self.error is None and self.description is not None

    @property
    def trouble(self) -> RemoteError | None:
        """Why it is of no use, as far as is known: what was wrong stands until it was read again, or a cycle ended."""
        return self.error or (None if self.pulled else self.error_before)


JUST_S: Final = 1.0
"""Seconds for which what was read by id before a decision serves as the fresh read before the write, too."""


ECHO_S: Final = 60.0
"""Seconds after a write within which a webhook about the record is likely to be about that write."""


@dataclass(frozen=True, slots=True)
class JustRead:
    """What a record was a moment ago, read by id; asked for at *asked_s* (`World.monotonic`)."""

    asked_s: float
    answer: Record | RemoteError


class LinkIndex:
    """Which entity a ref belongs to and where an entity is linked, for the lenses; filled before it is asked."""

    def __init__(self) -> None:
        self._entity: dict[Ref, EntityId] = {}
        self._refs: dict[tuple[EntityId, ConnectionName], list[tuple[Ref, str]]] = {}
        self._resting: set[Ref] = set()
        self._fresh: list[Ref] = []
        """What came to be known since `hold` or `drop`."""

    def clear(self) -> None:
        """Know nothing any more: links may have moved since."""
        self._entity.clear()
        self._refs.clear()
        self._resting.clear()
        self._fresh.clear()

    def hold(self) -> None:
        """Go on knowing what came to be known since the last `hold` or `drop`."""
        self._fresh.clear()

    def drop(self) -> None:
        """Know no more than at the last `hold` or `drop`: what was asked about is settled."""
        for ref in self._fresh:
            self._resting.discard(ref)
            there = (self._entity.pop(ref), ref.connection)
            kept = [each for each in self._refs[there] if each[0] != ref]
            if kept:
                self._refs[there] = kept
            else:
                del self._refs[there]
        self._fresh.clear()

    def add(self, links: Iterable[LinkRow]) -> None:
        """Know *links*; those unlinked or gone are nobody's target."""
        for link in links:
            if link.state in (LinkState.UNLINKED, LinkState.GONE):
                continue
            if link.state is LinkState.LIVE:
                self._resting.discard(link.ref)
            else:
                self._resting.add(link.ref)
            if self._entity.get(link.ref) == link.entity:
                continue
            if link.ref not in self._entity:
                self._fresh.append(link.ref)
            self._entity[link.ref] = link.entity
            self._refs.setdefault((link.entity, link.ref.connection), []).append((link.ref, link.container))

    def entity_of(self, ref: Ref) -> EntityId | None:
        """Return the entity *ref* is linked to, if any."""
        return self._entity.get(ref)

    def is_live(self, ref: Ref) -> bool:
        """Say whether *ref* is linked, and in plain sight."""
        return ref in self._entity and ref not in self._resting

    def refs_of(self, entity: EntityId, connection: ConnectionName) -> tuple[tuple[Ref, str], ...]:
        """Return where *entity* is linked in *connection*: refs and their containers, sorted."""
        return tuple(sorted(self._refs.get((entity, connection), ())))


@dataclass(slots=True, kw_only=True)
class Desk:
    """Everything one portfolio's cycle works with."""

    portfolio: Portfolio
    mapping: CompiledMapping
    """The portfolio's mapping, with what every reachable tool told about itself."""
    people: PeopleDirectory
    digest: str = ""
    """Names the mapping in force."""
    store: Store
    world: World
    accounts: Mapping[ConnectionName, Account]
    links: LinkIndex = field(default_factory=LinkIndex)
    lost: set[Ref] = field(default_factory=set)
    """Records that others referred to and that could not be read when asked for in this cycle."""
    touched: set[EntityId] = field(default_factory=set)
    """What came to be looked at because of what was read or linked in this cycle."""
    missing_since: dict[LinkId, float] = field(default_factory=dict)
    """When this process first missed a record (`World.monotonic`), whatever the clock on the wall said and says."""
    paused: PausedRow | None = None
    """Since when, and why, this portfolio runs no cycle."""
    heeded_at: float = 0.0
    """When it was last looked at what is paused (`World.monotonic`)."""
    resting: frozenset[EntityId] = frozenset()
    """Items that are paused, with their comments: read, but neither decided nor written."""
    restoring: bool = False
    """The store is an old copy, and some connection was not read to the end since."""
    rules: dict[Kind, Mapping[str, FieldRules]] = field(default_factory=dict)
    slots: dict[tuple[ConnectionName, Kind, str, str, str], Slot | None] = field(default_factory=dict)
    digests: dict[ConnectionName, str] = field(default_factory=dict)
    unbound: set[tuple[ConnectionName, Kind, str]] = field(default_factory=set)
    """Fields that some record was in step with once, and that are not to be found there now."""
    only: frozenset[ConnectionName] | None = None
    """In a cycle about some items only, the connections where all of their records were read; `None` in a whole one."""
    just_read: dict[Ref, JustRead] = field(default_factory=dict)
    """What such a cycle read of them."""
    wrote_at: dict[Ref, float] = field(default_factory=dict)
    """When this process last wrote to a record (`World.monotonic`): a webhook soon after is as a rule our own echo."""
    flying: set[asyncio.Future[Any]] = field(default_factory=set)
    """Writes under way."""
    hurries: bool = False
    """Others wait for the turn: new records that would have to wait for their tool's budget are left for later."""

    def may_be_echo(self, ref: Ref) -> bool:
        """Say whether a webhook about *ref* may well be about our own write."""
        return self.world.monotonic() - self.wrote_at.get(ref, -ECHO_S) < ECHO_S

    def for_items(self) -> Desk:
        """Return a desk for a cycle about some items only, beside others of its kind: the same tools, its own notes."""
        return replace(
            self, links=LinkIndex(), lost=set(), slots={}, digests={}, just_read={}, only=frozenset(), rules={}
        )

    def was_listed(self, connection: ConnectionName) -> bool:
        """Whether all there is in a connection was read in this cycle, so that what is not known is not there."""
        return self.only is None and self.accounts[connection].pulled

    def standing(self, *, preview: bool = False) -> Standing:
        """Say which connections write and which were read; a preview takes every one as writing."""
        return Standing(
            writing=frozenset(name for name, account in self.accounts.items() if preview or account.connection.writes),
            fresh=self._pulled() if self.only is None else self.only,
            lost=frozenset(self.lost),
        )

    def _pulled(self) -> frozenset[ConnectionName]:
        return frozenset(name for name, account in self.accounts.items() if account.pulled)

    def writes_to(self, connection: ConnectionName, *, preview: bool = False) -> bool:
        """Say whether a connection is written to (in a *preview*: would be); one taken out of the portfolio is not."""
        account = self.accounts.get(connection)
        return account is not None and (preview or account.connection.writes)

    def digest_of(self, connection: ConnectionName) -> str:
        """Name the mapping in force, what its tool offers and whether we write; another one: all is decided anew."""
        if connection not in self.digests:
            described, said = self.accounts[connection].description, self.accounts[connection].connection
            shapes = sorted(map(_shape, described.fields)) if described else []
            shapes += ["links home"] * said.links_home + ["observed only"] * (not said.writes)
            self.digests[connection] = hashlib.sha256("\n".join([self.digest, *shapes]).encode()).hexdigest()[:16]
        return self.digests[connection]

    def rules_of(self, kind: Kind) -> Mapping[str, FieldRules]:
        """Return what the mapping says of each field of *kind*."""
        if kind not in self.rules:
            self.rules[kind] = {
                name: FieldRules(
                    spec=spec,
                    policy=self.mapping.policy(kind, name),
                    directions={
                        connection: self.mapping.direction(connection, kind, name) for connection in self.accounts
                    },
                )
                for name, spec in self.mapping.fields(kind).items()
            }
        return self.rules[kind]

    def slot(self, connection: ConnectionName, kind: Kind, name: str, record_type: str, container: str) -> Slot | None:
        """Return the native key and the lens of one field in one place; `None` where it is not mapped."""
        key = (connection, kind, name, record_type, container)
        if key not in self.slots:
            self.slots[key] = self._bind(connection, kind, name, record_type, container)
        return self.slots[key]

    def _bind(self, connection: ConnectionName, kind: Kind, name: str, record_type: str, container: str) -> Slot | None:
        place = {"record_type": record_type, "container": container}
        key = self.mapping.key_in(connection, kind, name, **place)
        lens = self.mapping.lens(connection, kind, name, **place, lookup=self.links, people=self.people)
        return None if key is None or lens is None else Slot(native_key=key, lens=lens)

    def readings(self, record: Record, kind: Kind, names: Iterable[str]) -> dict[str, Value]:
        """Return what a record says of those fields of *kind* that are mapped there and can be read."""
        found: dict[str, Value] = {}
        for name in names:
            slot = self.slot(record.ref.connection, kind, name, record.type, record.container)
            native = MISSING if slot is None else record.fields.get(slot.native_key, MISSING)
            if slot is not None and native is not MISSING and (value := slot.lens.get(native)) is not MISSING:
                found[name] = value
        return found

    def is_closed(self, record: Record, kind: Kind) -> bool:
        """Say whether a record shows the status that stands for archived, in a tool that cannot archive it."""
        status = self.mapping.closes_as(record.ref.connection, kind, record.type)
        return status is not None and self.readings(record, kind, ("status",)).get("status") == status

    def link_state(self, record: Record, kind: Kind) -> LinkState:
        """Say how a link to *record* stands now, given the kind its entity has."""
        if record.state is RecordState.ARCHIVED:
            return LinkState.ARCHIVED
        connection = record.ref.connection
        in_scope = (
            record.state is RecordState.LIVE
            and self.mapping.kind_of(connection, record.type) is kind
            and self.mapping.in_scope(connection, record)
        )
        return LinkState.LIVE if in_scope else LinkState.OUT_OF_SCOPE


def _shape(field: NativeField) -> str:
    """Return what decides how a field is read and written; the members of a free set come and go."""
    options = () if field.free else tuple((option.id, option.label, option.category) for option in field.options)
    limits = (field.writable, field.max_length, field.capacity, field.can_be_empty, field.format)
    places = (sorted(field.record_types), sorted(field.containers))
    return repr((field.key, field.label, field.type, options, field.free, limits, places))
