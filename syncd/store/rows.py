"""What the store keeps, as plain values: one class per table (design.md section 7)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from syncd.model.canonical import Kind, Unset, Value
from syncd.model.codec import Json, dump_interval, dump_text, dump_value
from syncd.model.native import MISSING, Missing, Native, Record
from syncd.model.policy import Interval, Provenance
from syncd.model.refs import ConnectionName, Cursor, EntityId, LinkId, OpId, Ref, RunId


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityRow:
    """One canonical item with all its values and where each came from."""

    id: EntityId
    portfolio: str
    kind: Kind
    values: Mapping[str, Value | Unset]
    provenance: Mapping[str, Provenance]
    created_at: datetime
    parent: EntityId | None = None
    """What a comment is below, so that it is found from there; `None` for every other kind."""
    version: int = 0
    """Counted up by every save; what is given to `save` does not matter."""


class LinkState(StrEnum):
    """How a link stands. Only a live link is written to."""

    LIVE = "live"
    OUT_OF_SCOPE = "out_of_scope"
    """Moved, filtered out or changed in kind: kept, left alone, resumes on return."""
    ARCHIVED = "archived"
    GONE = "gone"
    """A tombstone stood: deleted in the tool, never re-created."""
    UNLINKED = "unlinked"
    """Parted by a person or a rule; the ref is free to be linked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """The bond of one entity and one ref. Of all links of a ref, at most one is not `UNLINKED`."""

    id: LinkId
    entity: EntityId
    ref: Ref
    portfolio: str
    state: LinkState = LinkState.LIVE
    container: str
    type: str
    key: str
    url: str | None = None
    created_by_us: bool = False
    default_fields: frozenset[str] = frozenset()
    """Canonical fields we did not send when we created the record: their values are the tool's defaults."""
    linked_at: datetime
    parted_at: datetime | None = None
    """When a person parted it for good: it is `UNLINKED`, and the ref is linked again by a person only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedRow:
    """What a tool was last seen to hold, linked or not."""

    portfolio: str
    record: Record
    read_at: datetime
    """When the reading began, in our clock."""
    direct: bool
    """Read by id, not from a list or a search index."""
    edited: Mapping[str, Interval] = field(default_factory=dict)
    """When each native field was last seen to change, fixed when the edit was first seen."""
    previous_updated_at: datetime | None = None
    """`updated_at` of the revision seen before this one."""

    @property
    def ref(self) -> Ref:
        """The record's own."""
        return self.record.ref


@dataclass(frozen=True, slots=True)
class BaseField:
    """What a link was last accounted for in one field."""

    shown: Native
    meant: Value | Unset
    stale: bool = False
    """The merge's `STALE`: *meant* is then `UNSET` and equals no canonical value."""


@dataclass(frozen=True, slots=True)
class BaseRow:
    """All bases of one link, by canonical field name."""

    link: LinkId
    fields: Mapping[str, BaseField]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStateRow:
    """
    What stands in the way of one field, of one link or (*link* `None`) of the entity.

    Pending writes are not here: they are the journal's open ops.
    """

    entity: EntityId
    field: str
    link: LinkId | None = None
    refused: Value | Unset | Missing = MISSING
    """The canonical value that would not stick; `MISSING` when none was refused."""
    trouble: str | None = None
    """Why the link takes no part just now, in the merge's own word (`unreadable`, `cannot`, `undecided`, ...)."""
    text: str = ""
    """The reason, for a person."""
    undone: int = 0
    """How often in a row our write was undone without a person's edit, or the value alternated."""
    since: datetime


class OpState(StrEnum):
    """How far a remote write is (design.md section 6)."""

    PLANNED = "planned"
    SENT = "sent"
    UNKNOWN = "unknown"
    """No answer: to be looked up, never sent again."""
    CONFIRMED = "confirmed"
    FAILED = "failed"
    """Surely not carried out."""
    QUARANTINED = "quarantined"


OPEN_OPS = frozenset({OpState.PLANNED, OpState.SENT, OpState.UNKNOWN})
"""States that end only by looking: what a restart must take up again."""


@dataclass(frozen=True, slots=True)
class OpField:
    """One field of an op: what is sent, the canonical value it stands for, what was there."""

    want: Native
    meant: Value | Unset
    pre: Native | Missing
    """`MISSING` for a create, or where it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpRow:
    """One intended remote write."""

    id: OpId
    run: RunId
    change: str | None = None
    """The `PlanChangeRow.key` it carries out."""
    connection: ConnectionName
    entity: EntityId
    link: LinkId | None = None
    """`None` while a create is under way; set when it is confirmed."""
    verb: str
    """`create`, `update` or `archive`."""
    fields: Mapping[str, OpField]
    """By canonical field name."""
    native: Mapping[str, Native] = field(default_factory=dict)
    """What is sent, by the tool's own field key."""
    payload_hash: str = ""
    pre_hash: str = ""
    state: OpState = OpState.PLANNED
    marker: EntityId | None = None
    container: str = ""
    type: str = ""
    reason: str | None = None
    """Why it failed or is unknown, in the tool's words."""
    planned_at: datetime
    sent_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ContenderRow:
    """One side of a conflict; *link* `None` is the canonical value itself."""

    link: LinkId | None
    connection: ConnectionName | None
    value: Value | Unset
    author: str | None = None
    when: Interval | None = None


def dump_contender(side: ContenderRow) -> Json:
    """Return *side* as JSON."""
    return [side.link, side.connection, dump_value(side.value), side.author, dump_interval(side.when)]


@dataclass(frozen=True, slots=True)
class ConflictContent:
    """What a held field is about."""

    contenders: tuple[ContenderRow, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRow:
    """A held field: open until *ended_at*. An entity's field has at most one open conflict."""

    id: str
    """Eight characters, for people to type."""
    portfolio: str
    entity: EntityId
    field: str
    content: ConflictContent
    opened_at: datetime
    ended_at: datetime | None = None
    how: str | None = None
    """`agreement`, `withdrawal`, `command`, ...; `None` while open."""

    @property
    def shown(self) -> str:
        """Return a short hash of what a person is shown: any newer edit gives another."""
        sides = [dump_contender(side) for side in self.content.contenders]
        return hashlib.sha256(dump_text(sides).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """An edit that lost: never silently dropped. Equal ones are kept once."""

    run: RunId | None
    entity: EntityId
    field: str
    link: LinkId | None
    connection: ConnectionName | None
    value: Value | Unset
    author: str | None = None
    when: Interval | None = None
    rule: str
    at: datetime
    """When it was decided."""


class PlanState(StrEnum):
    """What became of a plan."""

    OPEN = "open"
    APPLIED = "applied"
    REFUSED = "refused"
    """A brake stopped it; it waits for an approval."""
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A plan as it was shown."""

    id: str
    portfolio: str
    made_at: datetime
    state: PlanState = PlanState.OPEN
    summary: Mapping[str, int] = field(default_factory=dict)


class ChangeState(StrEnum):
    """What became of one change of a plan."""

    SHOWN = "shown"
    DONE = "done"
    SKIPPED = "skipped"
    """Its pre-image moved since it was shown."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChangeRow:
    """One line of a plan, in order of *seq*."""

    plan: str
    seq: int
    key: str
    """A hash of entity, link, field, want and pre: the same change in a later plan has the same key."""
    payload: Json
    needs_approval: bool = False
    state: ChangeState = ChangeState.SHOWN
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRow:
    """One bad item, or one field of it, set aside so the rest flow. Keyed by connection, item and field."""

    connection: ConnectionName
    ref: Ref | None = None
    entity: EntityId | None = None
    """Given where there is no ref: a create."""
    field: str | None = None
    """`None`: the whole item."""
    reason: str
    since: datetime
    attempts: int = 1


class ProposalState(StrEnum):
    """A person's answer to a proposed match."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchProposalRow:
    """Records that may be one item: a question for a person."""

    id: str
    portfolio: str
    kind: Kind
    refs: tuple[Ref, ...]
    entity: EntityId | None = None
    reason: str
    confidence: int | None = None
    """How sure we are, in percent, that two linked items are one; `None` for records that a rule cannot tell apart."""
    state: ProposalState = ProposalState.OPEN
    made_at: datetime
    decided_at: datetime | None = None


class Verdict(StrEnum):
    """What was decided about a deletion, once and for all; a record that comes back and goes again is another one."""

    UNLINKED = "unlinked"
    """The mapping wants nothing else."""
    ARCHIVED = "archived"
    """Everything that was to be archived elsewhere is."""
    ASKED = "asked"
    """Somebody still works on it elsewhere: nothing is archived, and a person was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TombstoneRow:
    """How often a linked record was missed on direct reads, and since when."""

    link: LinkId
    first_missing_at: datetime
    last_checked_at: datetime
    count: int = 1
    verdict: Verdict | None = None
    """`None` while it is not sure yet that the record is gone, or while what follows from that is not decided."""


class PauseScope(StrEnum):
    """What can be paused."""

    CONNECTION = "connection"
    PORTFOLIO = "portfolio"
    ITEM = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedRow:
    """Something a person paused. Keyed by scope and subject."""

    scope: PauseScope
    subject: str
    """A connection's or portfolio's name; of an item, its entity's id."""
    since: datetime
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One recorded execution. *outcome* is `None` while it runs, or if it was killed."""

    id: RunId
    command: str
    portfolio: str | None = None
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One field of one remote write that was carried out, before and after. *seq* and *hash* are the store's to set."""

    run: RunId
    seq: int = 0
    at: datetime
    connection: ConnectionName
    ref: Ref
    entity: EntityId
    verb: str
    """`create`, `update` or `archive`."""
    field: str | None
    """`None` for the item as a whole."""
    before: Native | Missing
    after: Native | Missing
    op: OpId | None = None
    hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorRow:
    """Where to go on reading one connection. *query* is the hash of the scope and query it belongs to."""

    connection: ConnectionName
    cursor: Cursor
    saved_at: datetime
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """Who may write. *fence* grows with every new holder."""

    name: str
    holder: str
    """`host:pid`."""
    fence: int
    since: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """What one webhook told: read these again. Nothing else of it is kept, nor believed."""

    connection: ConnectionName
    delivery: str
    """The vendor's id, the same whenever it is sent again."""
    received_at: datetime
    refs: tuple[Ref, ...]
    """Empty: something moved that cannot be named, so the whole connection is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifiedRow:
    """Something people were told, and that is so still as far as is known."""

    portfolio: str
    """Empty for what concerns the whole installation."""
    topic: str
    subject: str
    since: datetime
    told_at: datetime
    """When last, reminders included."""
    basis: str = ""
    """What it depends on, where a change of that alone may have ended it: a mapping's digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One thing that a target is to be sent; or, where *number* is more than one, how many of a kind."""

    id: str
    target: str
    portfolio: str
    topic: str
    how: str
    """`new`, `over` or `still`."""
    text: str
    fix: str
    number: int = 1
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTargetRow:
    """How sending to one target went last."""

    target: str
    sent_at: datetime | None = None
    failing_since: datetime | None = None
    """`None`: the last one arrived."""
    reason: str = ""
    fix: str = ""
