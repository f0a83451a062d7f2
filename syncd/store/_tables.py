"""The tables, as SQLAlchemy sees them. `migrations/` makes them; a test holds the two equal."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return whole microseconds since 1970, exactly."""
    return (moment - EPOCH) // _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, kept as whole microseconds since 1970: exact and sortable in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn a time into microseconds."""
        del dialect
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401
        """Turn microseconds into a time."""
        del dialect
        return None if value is None else EPOCH + timedelta(microseconds=value)


STRING: Final = String().with_variant(String(collation="C"), "postgresql")
"""Text that is compared and sorted: by its characters alone, in both databases and whatever the server's locale."""

_UNKEEPABLE: Final = re.compile("[\0\ud800-\udfff]")
"""NUL, which PostgreSQL takes in no text, and halves of characters, which neither database takes."""


class Told(TypeDecorator[str]):
    """
    Text as a tool or a person says it: what no database can hold is replaced by U+FFFD.

    Otherwise one version's name or one refusal that quotes such a character
    would stop every connection. Values lose nothing: they are JSON, which
    escapes both.
    """

    impl = STRING
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what cannot be held; asking for such a text finds it as it is kept."""
        del dialect
        return None if value is None else _UNKEEPABLE.sub("\ufffd", value)


METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id(name: str = "id") -> Column[str]:
    return Column(name, STRING, primary_key=True)


def _str(name: str, *, null: bool = False, index: bool = False) -> Column[str]:
    return Column(name, STRING, nullable=null, index=index)


def _told(name: str, *, null: bool = False, index: bool = False) -> Column[str]:
    return Column(name, Told, nullable=null, index=index)


def _json(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _time(name: str, *, null: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=null)


def _int(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _to(name: str, target: str, *, null: bool = False, key: bool = False, own: bool = False) -> Column[str]:
    """Return a foreign key; *own* rows go when what they point at goes."""
    return Column(
        name,
        STRING,
        ForeignKey(target, ondelete="CASCADE" if own else None),
        nullable=null,
        primary_key=key,
    )


def _index_where(name: str, *columns: Column[Any], where: str, unique: bool = False) -> Index:
    """Return an index over some rows only; both databases know them."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


entity = Table(
    "entity",
    METADATA,
    _id(),
    _str("portfolio"),
    _str("kind"),
    _json("vals"),
    _json("provenance"),
    _time("created_at"),
    _int("version"),
    _str("parent", null=True),
    Index("ix_entity_portfolio_kind", "portfolio", "kind"),
    Index("ix_entity_parent", "parent"),
)

link = Table(
    "link",
    METADATA,
    _id(),
    _to("entity", "entity.id"),
    _str("ref"),
    _str("connection", index=True),
    _str("portfolio"),
    _str("state"),
    _told("container"),
    _told("type"),
    _told("key", index=True),
    _told("url", null=True),
    _flag("created_by_us"),
    _json("default_fields"),
    _time("linked_at"),
    _time("parted_at", null=True),
    Index("ix_link_entity", "entity"),
    Index("ix_link_ref", "ref"),
)
Index(
    "uq_link_ref_linked",
    link.c.ref,
    unique=True,
    sqlite_where=link.c.state != "unlinked",
    postgresql_where=link.c.state != "unlinked",
)

observed = Table(
    "observed",
    METADATA,
    _id("ref"),
    _str("connection", index=True),
    _str("portfolio", index=True),
    _told("revision"),
    _json("record"),
    _time("read_at"),
    _flag("direct"),
    _json("edited"),
    _time("previous_updated_at", null=True),
)

base = Table("base", METADATA, _to("link", "link.id", key=True, own=True), _json("fields"))

field_state = Table(
    "field_state",
    METADATA,
    _to("entity", "entity.id", key=True, own=True),
    _id("field"),
    Column("link", STRING, primary_key=True),  # "" stands for the entity itself: a key may not be null
    _json("refused"),
    _str("trouble", null=True),
    _told("text"),
    _int("undone"),
    _time("since"),
)

dirty = Table("dirty", METADATA, _to("entity", "entity.id", key=True, own=True), _int("generation"))

cursor = Table("cursor", METADATA, _id("connection"), _str("cursor"), _time("saved_at"), _str("query"))

run = Table(
    "run",
    METADATA,
    _id(),
    _str("command"),
    _str("portfolio", null=True),
    _time("started_at"),
    _time("ended_at", null=True),
    _str("outcome", null=True),
    _json("counts"),
    _int("audit_rows"),
    _str("audit_hash"),
    Index("ix_run_started_at", "started_at"),
)

audit = Table(
    "audit",
    METADATA,
    _to("run", "run.id", key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _time("at"),
    _str("connection"),
    _str("ref", index=True),
    _str("entity", index=True),
    _str("verb"),
    _json("content"),
    _str("hash"),
    Index("ix_audit_connection_at", "connection", "at"),
)

plan = Table(
    "plan",
    METADATA,
    _id(),
    _str("portfolio"),
    _time("made_at"),
    _str("state"),
    _json("summary"),
    Index("ix_plan_portfolio_made_at", "portfolio", "made_at"),
)

plan_change = Table(
    "plan_change",
    METADATA,
    _to("plan", "plan.id", key=True, own=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _str("key", index=True),
    _json("payload"),
    _flag("needs_approval"),
    _str("state"),
    _told("reason", null=True),
)

op = Table(
    "op",
    METADATA,
    _id(),
    _to("run", "run.id"),
    _str("change", null=True),
    _str("connection"),
    _str("entity"),
    _to("link", "link.id", null=True),
    _str("verb"),
    _json("fields"),
    _json("native"),
    _str("payload_hash"),
    _str("pre_hash"),
    _str("state"),
    _str("marker", null=True),
    _str("container"),
    _str("type"),
    _told("reason", null=True),
    _time("planned_at"),
    _time("sent_at", null=True),
    _time("ended_at", null=True),
    Index("ix_op_run", "run"),
    Index("ix_op_link", "link"),
    Index("ix_op_entity", "entity"),
)
_index_where("ix_op_open", op.c.connection, where="ended_at IS NULL")

conflict = Table(
    "conflict",
    METADATA,
    _id(),
    _str("portfolio"),
    _to("entity", "entity.id", own=True),
    _str("field"),
    _json("contenders"),
    _told("why"),
    _time("opened_at"),
    _time("ended_at", null=True),
    _str("how", null=True),
    Index("ix_conflict_entity", "entity"),
)
_index_where("uq_conflict_open", conflict.c.entity, conflict.c.field, where="ended_at IS NULL", unique=True)

ledger = Table(
    "ledger",
    METADATA,
    _id("hash"),
    _str("run", null=True),
    _str("entity", index=True),
    _str("field"),
    _json("content"),
    _time("at"),
)

quarantine = Table(
    "quarantine",
    METADATA,
    _id("connection"),
    _id("subject"),
    Column("field", STRING, primary_key=True),  # "" stands for the whole item
    _str("ref", null=True),
    _str("entity", null=True),
    _told("reason"),
    _time("since"),
    _int("attempts"),
)

match_proposal = Table(
    "match_proposal",
    METADATA,
    _id(),
    _str("portfolio"),
    _str("kind"),
    _json("refs"),
    _str("entity", null=True),
    _told("reason"),
    Column("confidence", Integer, nullable=True),
    _str("state"),
    _time("made_at"),
    _time("decided_at", null=True),
    Index("ix_match_proposal_portfolio_state", "portfolio", "state"),
)

home = Table("home", METADATA, _to("link", "link.id", key=True, own=True), _str("digest"), _time("shown_at"))

tombstone = Table(
    "tombstone",
    METADATA,
    _to("link", "link.id", key=True, own=True),
    _time("first_missing_at"),
    _time("last_checked_at"),
    _int("times"),
    _str("verdict", null=True),
)

paused = Table("paused", METADATA, _id("scope"), _id("subject"), _time("since"), _told("why", null=True))
"""What a person paused: connections and portfolios by name, items by their entity's id."""

renamed = Table(
    "renamed",
    METADATA,
    _id("old"),
    Column("at", Moment, primary_key=True),
    _str("new"),
)
"""Connections that got another name: what history calls by the old one, until then."""

lease = Table("lease", METADATA, _id("name"), _str("holder"), _int("fence"), _time("since"), _time("expires_at"))

described = Table("described", METADATA, _id("connection"), _json("description"), _time("saved_at"))

seen_person = Table("seen_person", METADATA, _id("connection"), _id("id"), _json("person"))

restored = Table("restored", METADATA, _id("connection"), _str("why"), _time("since"))
"""Connections not read anew since the store was found to be an old copy."""

stale = Table("stale", METADATA, _to("entity", "entity.id", key=True, own=True), _json("revisions"))
"""What was known when it was found to be an old copy, until somebody or something has looked at each item."""

inbox = Table(
    "inbox",
    METADATA,
    _id("connection"),
    Column("delivery", Told, primary_key=True),
    _time("received_at"),
    _json("refs"),
    _time("done_at", null=True),
    Index("ix_inbox_connection_received_at", "connection", "received_at"),
)
"""What webhooks told, by the vendor's own delivery id, so that one told twice counts once."""
_index_where("ix_inbox_waiting", inbox.c.received_at, where="done_at IS NULL")

standing = Table("standing", METADATA, _id("name"), _json("content"), _time("saved_at"))
"""How a process stands, told by itself for those who ask from outside."""

notified = Table(
    "notified",
    METADATA,
    _id("portfolio"),  # "" stands for the whole installation: a key may not be null
    _id("topic"),
    _id("subject"),
    _time("since"),
    _time("told_at"),
    _str("basis"),
)
"""What people were told and that is so still."""

outbox = Table(
    "outbox",
    METADATA,
    _id(),
    _str("target", index=True),
    _str("portfolio"),
    _str("topic"),
    _str("how"),
    _told("text"),
    _told("fix"),
    _int("number"),
    _time("at"),
)
"""What a target was not sent yet."""

outbox_target = Table(
    "outbox_target",
    METADATA,
    _id("target"),
    _time("sent_at", null=True),
    _time("failing_since", null=True),
    _told("reason"),
    _told("fix"),
)

budget = Table(
    "budget",
    METADATA,
    _id("connection"),
    _id("bucket"),
    _int("level"),  # thousandths
    _time("at"),
    _time("blocked_until", null=True),
    _time("blocked_at", null=True),
)
"""What is left of each bucket of a request budget that several processes share."""

budget_user = Table("budget_user", METADATA, _id("connection"), _id("holder"), _time("seen_at"))
"""Who shares it."""
