"""A plan as people and programs read it (style.md section 12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.model.canonical import Kind
from syncd.reconcile.plan import Line, Verb
from syncd.reconcile.state import DueReason
from syncd.report.findings import Findings, held_row, notes, show_title
from syncd.report.table import columns, count
from syncd.report.values import as_json, show_change

SIGNS: Final[Mapping[Verb, str]] = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.ARCHIVE: "-"}
REASONS: Final[Mapping[DueReason, str]] = {
    DueReason.FLOW: "",
    DueReason.PUSH_BACK: "its own edit lost",
    DueReason.FILL: "first contact, was empty",
    DueReason.UNION: "first contact, adds only",
    DueReason.PROPOSAL: "first contact",
}
APPROVAL: Final = "needs approval"
WORN: Final = "written three times within a day, and taken back each time"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """Everything a plan shows."""

    id: str
    lines: Sequence[Line]
    compared: int
    connections: Sequence[str]
    observed: frozenset[str] = frozenset()
    """Connections that are only observed: their lines are a preview."""
    findings: Findings = field(default_factory=Findings)
    notifying: Mapping[str, int] = field(default_factory=dict)
    """By connection, how many of the records to create their tool tells people about."""
    homes: Mapping[str, int] = field(default_factory=dict)
    """By connection, how many records are to show where their counterparts are."""
    next: Sequence[str] = ()
    """Commands that go on from here, the likeliest first."""


def plan_text(view: PlanView, most: int | None = None) -> str:
    """Return a plan as text; of its lines, at most *most*."""
    rows = [line_row(line, view) for line in view.lines]
    rows += [held_row(each, view.findings.names) for each in view.findings.held]
    shown = rows if most is None else rows[:most]
    parts = [columns(shown)] if shown else []
    if len(rows) > len(shown):
        parts.append(f"  ... and {len(rows) - len(shown)} more (--all shows them)")
    parts += notes(view.findings)
    parts += ["", summary(view)] if rows else [*([""] if parts else []), nothing_due(view.compared, view.connections)]
    parts += [f"Notifies people: {by_name(view.notifying, 'new record')}."] if view.notifying else []
    parts += [f"Links home to show: {by_name(view.homes, 'record')}."] if view.homes else []
    parts += [f"Next: {command}" for command in view.next]
    return "\n".join(parts).lstrip("\n")


def by_name(counts: Mapping[str, int], what: str) -> str:
    """Return counts in words: `beta 3 new records, gamma 1 new record`."""
    return ", ".join(f"{name} {count(number, what)}" for name, number in sorted(counts.items()))


def line_row(line: Line, view: PlanView) -> tuple[str, ...]:
    """Return one line as a row: sign, connection, kind, item, field, what is written and why."""
    told = [REASONS[write.reason] for write in line.writes] + ["first write there"] * line.opening
    told += [WORN] * line.worn
    told += [APPROVAL] * line.needs_approval + ["observed only"] * (line.place.connection in view.observed)
    why = "; ".join(dict.fromkeys(each for each in told if each))
    note = f"  ({why})" if why else ""
    head = (SIGNS[line.verb], line.place.connection, line.kind.value)
    if line.verb is Verb.CREATE:
        said = f"{line.place.record_type} in {line.place.container}, {count(len(line.writes), 'field')}{note}"
        return (*head, show_title(line.title), "new", said)
    item = item_of(line)
    if not line.writes:
        return (*head, item, "", f"archive it{note}")
    changes = [f"{show_change(write.before, write.value, view.findings.names)}" for write in line.writes]
    return (*head, item, ", ".join(write.field for write in line.writes), f"{'; '.join(changes)}{note}")


def item_of(line: Line) -> str:
    """Return what to call a line's item: its key; a milestone, by its name and where it is."""
    if line.kind is Kind.MILESTONE and line.key:
        return f"{show_title(line.key)} ({line.place.container})"
    return line.key or show_title(line.title)


def summary(view: PlanView) -> str:
    """Return the one line that sums a plan up."""
    verbs = Counter(line.verb for line in view.lines)
    waiting = sum(line.needs_approval for line in view.lines)
    found = view.findings
    comments = sum(line.verb is Verb.CREATE and line.kind is Kind.COMMENT for line in view.lines)
    told = f" ({count(comments, 'comment')})" if comments else ""
    parts = [
        f"{verbs[Verb.CREATE]} to create{told}",
        f"{verbs[Verb.UPDATE]} to update",
        f"{verbs[Verb.ARCHIVE]} to archive",
        f"{count(found.conflicts, 'conflict')} held",
    ]
    parts += [count(found.questions, "question")] if found.questions else []
    parts += [count(found.ambiguous, "match to decide", "matches to decide")] if found.ambiguous else []
    approval = f" ({waiting} only with your approval)" if waiting else ""
    return f"Plan {view.id}: {', '.join(parts)}{approval}. Nothing was written."


def nothing_due(compared: int, connections: Sequence[str]) -> str:
    """Say that nothing is due, and what was compared."""
    return f"Nothing to do: {count(compared, 'item')} compared over {', '.join(connections)}. Nothing was written."


def plan_json(view: PlanView) -> dict[str, object]:
    """Return the same facts as JSON."""
    return {
        "plan": view.id,
        "compared": view.compared,
        "connections": list(view.connections),
        "lines": [line_json(line) for line in view.lines],
        "findings": as_json(view.findings),
        "comments": sum(line.kind is Kind.COMMENT for line in view.lines),
        "notifying": dict(view.notifying),
        "links_home": dict(view.homes),
        "next": list(view.next),
    }


def line_json(line: Line) -> dict[str, object]:
    """Return one line as JSON."""
    return {
        "verb": line.verb.value,
        "connection": line.place.connection,
        "container": line.place.container,
        "type": line.place.record_type,
        "kind": line.kind.value,
        "key": line.key or None,
        "entity": line.entity,
        "title": line.title,
        "needs_approval": line.needs_approval,
        "fields": [
            {
                "field": write.field,
                "before": as_json(write.before),
                "value": as_json(write.value),
                "reason": write.reason.value,
            }
            for write in line.writes
        ],
    }
