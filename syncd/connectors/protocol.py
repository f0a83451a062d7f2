"""
What every connector promises; the conformance suite (tests/connectors/conformance.py) holds each line.

The engine asks `capabilities`, never a tool's name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from syncd.connectors._budget import Budget
from syncd.connectors.hooks import Hooks
from syncd.errors import RemoteError
from syncd.model.native import Choices, Native, NativeField, People, Person, Record, Refs
from syncd.model.refs import ConnectionName, Cursor, EntityId, OpId, Ref, Revision

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel

    from syncd.world import World


class CreateIdentity(StrEnum):
    """How a create whose answer was lost is found again (design.md section 6)."""

    CLIENT_ID = "client_id"
    """Class A: we choose the id."""
    MARKER_CONSISTENT = "marker_consistent"
    """Class B: our marker is found at once by a query."""
    MARKER_LAGGED = "marker_lagged"
    """Class C: our marker is found once the index has caught up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this PM tool can do. Numbers come from shared vendor facts, as defaults an admin may change."""

    record_types: frozenset[str] = frozenset()
    """Type names that exist in every instance (`version`, `milestone`); the rest come from `describe`."""
    create_identity: CreateIdentity = CreateIdentity.MARKER_LAGGED
    index_lag_s: float = 0.0
    """How long a change may stay invisible to `changes` and `find_created`; above 0 lists are hints only."""
    clock_skew_s: float = 60.0
    """How far the tool's clock may be from ours."""
    reports_deletes: bool = False
    """`Page.gone` is filled."""
    history: bool = False
    """`history` tells who changed which field, when."""
    archives: bool = False
    """`write` can archive."""
    max_batch: int = 1
    """The most writes one call of `write` should carry."""
    max_read_batch: int = 50
    """The most refs one call of `read_many` should carry."""
    create_cost: Mapping[str, float] = field(default_factory=dict)
    """What making one record takes from which bucket of the budget, where the tool limits that apart from requests."""
    quiet: frozenset[str] = frozenset()
    """Record types whose creates notify nobody; the rest are counted and told before they are made."""
    links_home: bool = False
    """It can show on an item where its counterparts are (`LinksHome`)."""
    unmarks: frozenset[str] = frozenset()
    """Families of ids (`Ref.kind`) from whose records our marker can be taken off again (`Unmarks`)."""
    subscribes: bool = False
    """It can register its webhooks by itself (`hooks.Subscribes`); otherwise a person does, by its README."""
    replays: bool = False
    """It can have failed webhooks sent again (`hooks.Replays`), as its tool does not by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some records, and where to go on. The caller saves *resume* in the transaction that keeps the records."""

    records: tuple[Record, ...] = ()
    gone: tuple[Ref, ...] = ()
    """Verified deletions only; never mere absence."""
    direct: bool = False
    """The records were read by id, so they count as they are even where lists lag."""
    resume: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A place records live in and may be created in: a Jira project, a GitHub repository, a Redmine project."""

    name: str
    """As the configuration and `Record.container` spell it."""
    record_types: frozenset[str] = frozenset()
    """What may be created there."""
    writable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the account can see and do, as the tool tells it now."""

    fields: tuple[NativeField, ...]
    containers: tuple[Container, ...]
    account: Person
    """Whose credential this is."""
    site: str = ""
    """At which address it was told; the engine notes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make a new record carrying *marker*, with these fields and no others."""

    op: OpId
    type: str
    container: str
    marker: EntityId
    fields: Mapping[str, Native]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """
    Change some fields of one record.

    *pre* is the record as freshly read: its unnamed fields must come out
    unchanged. For a set field `fields` holds the wanted whole; the connector
    sends only what differs from *pre*, by add and remove verbs where the tool
    has them.
    """

    op: OpId
    pre: Record
    fields: Mapping[str, Native]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Hide one record by the tool's own archive. Never a deletion."""

    op: OpId
    pre: Record


Write: TypeAlias = Create | Update | Archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It was carried out, and read back by id afterwards."""

    op: OpId
    record: Record
    echo: Mapping[str, Native] = field(default_factory=dict)
    """What the write's own answer showed, field by field, where the tool answers with content."""
    unsent: frozenset[str] = frozenset()
    """Fields that were surely not carried out, for a reason that may pass: they are due again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """
    The tool said no, in its own words, and changed nothing of *fields* (all of them when empty).

    A partial success answers `Done` with the fields that took; those that did
    not show in the record read back.
    """

    op: OpId
    error: RemoteError
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Nobody can tell whether it was carried out (time-out, 5xx, lost connection). Look it up; never re-send."""

    op: OpId
    error: RemoteError


Outcome: TypeAlias = Done | Refused | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateKey:
    """What to look for when a create's answer was lost."""

    marker: EntityId
    type: str
    container: str
    sent_at: datetime
    fields: Mapping[str, Native] = field(default_factory=dict)
    """What the create carried: a comment is looked for below its `parent`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEdit:
    """One entry of a tool's own change history."""

    ref: Ref
    field: str
    at: datetime
    author: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One counterpart of an item, as its tool's people call it."""

    connection: ConnectionName
    key: str
    url: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """All counterparts of one record, in a steady order; none takes the links away."""

    ref: Ref
    homes: tuple[Home, ...]


Known: TypeAlias = Callable[[Sequence[Ref]], Awaitable[Mapping[Ref, Revision]]]
"""Tells which revisions the caller already holds, so a scan reads only what moved."""


class Connector(Protocol):
    """One account at one PM tool. Raises only subclasses of `RemoteError`."""

    name: ConnectionName
    capabilities: Capabilities

    @property
    def budget(self) -> Budget:
        """Return how fast it may ask: the engine looks ahead by it, and gives background work a part of it."""
        ...

    def focus(self, types: frozenset[str]) -> None:
        """
        Read records of these types only, where leaving others out saves requests (comments, iterations).

        Called before anything is read; until then only what costs no request
        of its own is read. Another set makes older cursors count as `None`.
        """
        ...

    async def check(self) -> None:
        """Raise unless the URL answers, the credential is accepted and everything in scope is readable."""
        ...

    async def describe(self) -> Description:
        """Return the fields, containers and account, read anew."""
        ...

    def changes(self, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
        """
        Yield everything in scope that may have changed since that cursor; all of it when `None`.

        May repeat records, never skips one. A cursor of another query, scope
        or format counts as `None`.
        """
        ...

    async def since(self, at: datetime) -> Cursor:
        """Return the cursor from which everything changed since *at* (aware) is read, and as little else as may be."""
        ...

    def ids(self) -> AsyncIterator[Sequence[Ref]]:
        """Yield the refs of everything in scope, live, in no particular order: the daily backstop."""
        ...

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
        """
        Read each ref by id, never through a search index, with an answer for every ref asked.

        `NotFoundError` is "gone or hidden", not "deleted". A record that left
        the scope is returned as it is: the caller judges scope.
        """
        ...

    async def write(self, batch: Sequence[Write]) -> Sequence[Outcome]:
        """
        Carry out each write once, in order, and answer for each. One bad item never raises.

        An update that had to make something else first (a label) is `Refused`
        with `ReadTooOldError`: it is read again, and sent again.
        """
        ...

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Return every record carrying each key's marker in its container, oldest first; no entry when none."""
        ...

    async def people(self, handles: Sequence[str]) -> Mapping[str, Person]:
        """Return the user behind each handle (id, login or e-mail); a handle nobody answers to is left out."""
        ...

    def history(self, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
        """Yield who changed which field when (only if `capabilities.history`)."""
        ...


class LinksHome(Protocol):
    """What a connector with `capabilities.links_home` does besides."""

    async def show_home(self, items: Sequence[Homes]) -> Mapping[Ref, RemoteError]:
        """
        Make each record show exactly these counterparts, visibly, replacing what we showed before.

        Idempotent, so it may be sent again after any failure. Never touches
        what people wrote, never shows in `Record.fields`, and notifies nobody
        where the tool lets us. Returns what failed, by ref.
        """
        ...


class Unmarks(Protocol):
    """What a connector whose `capabilities.unmarks` names any family of ids does besides."""

    async def take_mark_off(self, op: OpId, record: Record) -> Outcome:
        """
        Take our marker off *record*, as freshly read, and nothing else: what people wrote stays byte for byte.

        Like any write: `Done` with the record read back by id, `Refused`, or
        `Unknown`; within the time that its fresh read carries.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One PM tool, as the entry-point group `syncd.connectors` offers it."""

    name: str
    settings: type[BaseModel]
    """
    What a connection of this tool may say under `url`, `auth`, `scope` and `options`: frozen, `extra="forbid"`.
    Secrets are `SecretStr`; the loader has resolved their references by then.
    """
    connect: Callable[[ConnectionName, Any, httpx.AsyncClient, World], Connector]
    """Takes an instance of *settings* and the connection's own HTTP client."""
    defaults: Callable[[], str]
    """Returns the text of the recommended mapping, `defaults.yaml`."""
    archives: Callable[[str], bool] = frozenset[str]().__contains__
    """Says whether `write` can archive records of a type (only if `capabilities.archives`)."""
    hooks: Hooks | None = None
    """How its webhooks are told from forgeries, and read; `None` when it has none that we read."""


async def only_moved(records: Sequence[Record], known: Known) -> tuple[Record, ...]:
    """Return those of *records* that the caller does not hold as they are now."""
    held = await known([record.ref for record in records]) if records else {}
    return tuple(record for record in records if held.get(record.ref) != record.revision)


def set_delta(before: Native, after: Native) -> tuple[frozenset[Any], frozenset[Any]]:
    """Return the members to add and to remove to get from *before* to *after* (either may be empty)."""
    old, new = (_members(side) for side in (before, after))
    return new - old, old - new


def _members(value: Native) -> frozenset[Any]:
    return value.members if isinstance(value, Choices | People | Refs) else frozenset()
