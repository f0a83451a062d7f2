"""Rows to keep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from syncd.model.canonical import UNSET, Kind
from syncd.model.native import Choice, Native, Record, Text
from syncd.model.policy import Interval, Provenance, Stated
from syncd.model.refs import ConnectionName, EntityId, LinkId, OpId, Ref, Revision, RunId
from syncd.store.rows import (
    AuditRow,
    EntityRow,
    LinkRow,
    LinkState,
    ObservedRow,
    OpField,
    OpRow,
    RunRow,
)

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
JIRA = ConnectionName("jira-pmo")
GITHUB = ConnectionName("github-eng")


def ref(number: int, connection: ConnectionName = JIRA) -> Ref:
    return Ref(connection, "issue", f"id:{number}")


def entity(number: int, *, kind: Kind = Kind.TASK, portfolio: str = "platform") -> EntityRow:
    return EntityRow(
        id=EntityId(f"e{number}"),
        portfolio=portfolio,
        kind=kind,
        values={"title": f"Task {number}", "due_on": date(2026, 4, 1), "parent": UNSET, "estimate": Decimal("1.50")},
        provenance={"title": Provenance(by=frozenset({Stated(JIRA, Interval(AT, AT), "Ada Example")}), at=AT)},
        created_at=AT,
    )


def link(number: int, *, of: int | None = None, state: LinkState = LinkState.LIVE, at: Ref | None = None) -> LinkRow:
    return LinkRow(
        id=LinkId(f"l{number}"),
        entity=EntityId(f"e{of or number}"),
        ref=at or ref(number),
        portfolio="platform",
        state=state,
        container="PMO",
        type="Story",
        key=f"PMO-{number}",
        created_by_us=True,
        default_fields=frozenset({"status", "priority"}),
        linked_at=AT,
    )


def observed(number: int, *, connection: ConnectionName = JIRA, revision: str = "1") -> ObservedRow:
    fields: Mapping[str, Native] = {
        "summary": Text(f"Täsk {number} 🚀"),
        "status": Choice("3", "Done", "done"),
        "due": None,
    }
    return ObservedRow(
        portfolio="platform",
        record=Record(
            ref=ref(number, connection),
            type="Story",
            container="PMO",
            key=f"PMO-{number}",
            revision=Revision(revision),
            fields=fields,
            updated_at=AT,
        ),
        read_at=AT,
        direct=True,
        edited={"summary": Interval(AT, AT)},
        previous_updated_at=AT,
    )


def run(name: str = "r1") -> RunRow:
    return RunRow(id=RunId(name), command="sync", portfolio="platform", started_at=AT)


def op(number: int, *, at: LinkId | None = None, of: int = 1) -> OpRow:
    return OpRow(
        id=OpId(f"op{number}"),
        run=RunId("r1"),
        connection=JIRA,
        entity=EntityId(f"e{of}"),
        link=at,
        verb="update" if at else "create",
        fields={"title": OpField(Text("new"), "new", Text("old"))},
        native={"summary": Text("new")},
        planned_at=AT,
    )


def audited(number: int, *, verb: str = "update", at: datetime = AT) -> AuditRow:
    return AuditRow(
        run=RunId("r1"),
        at=at,
        connection=JIRA,
        ref=ref(number),
        entity=EntityId(f"e{number}"),
        verb=verb,
        field="title",
        before=Text("old"),
        after=Text("new"),
        op=OpId(f"op{number}"),
    )
