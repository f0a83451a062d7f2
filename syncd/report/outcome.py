"""What `sync`, `apply` and a person's choice did: written, left, refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from syncd.model.canonical import Kind
from syncd.reconcile.plan import Line
from syncd.report.findings import Findings, held_row, notes
from syncd.report.plan import line_json
from syncd.report.table import columns, count
from syncd.report.values import as_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A change that was due or shown, and not carried out."""

    connection: str
    item: str
    field: str
    why: str
    failed: bool
    """The tool refused it, or did not answer; otherwise it moved since it was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeView:
    """Everything a writing command shows."""

    done: Sequence[Line]
    missed: Sequence[Missed] = ()
    waiting: int = 0
    """Changes that only `syncd apply` may carry out."""
    compared: int = 0
    connections: Sequence[str] = ()
    quarantine: int = 0
    homes: int = 0
    """Records that now show where their counterparts are."""
    findings: Findings = field(default_factory=Findings)
    next: Sequence[str] = ()
    """Commands that go on from here."""


def outcome_text(view: OutcomeView) -> str:
    """Return what was done and what is left, as text."""
    rows = [("~", each.connection, each.item, each.field, f"{each.why}") for each in view.missed]
    parts = ["", "Not carried out:", columns(rows)] if rows else []
    held = [held_row(each, view.findings.names) for each in view.findings.held]
    parts += ["", "Held for you:", columns(held)] if held else []
    parts += notes(view.findings)
    parts += ["", *_written(view)]
    left = _left(view)
    parts += [f"Waiting for you: {', '.join(left)}."] if left else []
    parts += [f"Next: {command}" for command in view.next]
    return "\n".join(parts).lstrip("\n")


def _written(view: OutcomeView) -> list[str]:
    homes = [f"Links home: {count(view.homes, 'record')} brought up to date."] if view.homes else []
    if not view.done and not homes:
        where = f" over {', '.join(view.connections)}" if view.connections else ""
        return [f"Nothing was written: {count(view.compared, 'changed item')} compared{where}."]
    if not view.done:
        return homes
    return [f"Written: {count(len(view.done), 'change')} ({', '.join(_by_connection(view.done))}).", *homes]


def _by_connection(lines: Sequence[Line]) -> list[str]:
    counts: dict[str, int] = {}
    for line in sorted(lines, key=lambda each: (each.place.connection, each.verb)):
        said = " comments" if line.kind is Kind.COMMENT else ""
        verb = f"{line.place.connection} {line.verb}d{said}"
        counts[verb] = counts.get(verb, 0) + 1
    return [f"{verb} {number}" for verb, number in counts.items()]


def _left(view: OutcomeView) -> list[str]:
    found = view.findings
    told = (
        (view.waiting, "change to approve", "changes to approve"),
        (found.conflicts, "conflict", "conflicts"),
        (found.questions, "question", "questions"),
        (found.ambiguous, "match to decide", "matches to decide"),
        (view.quarantine, "item in quarantine", "items in quarantine"),
    )
    return [count(number, one, many) for number, one, many in told if number]


def outcome_json(view: OutcomeView) -> dict[str, object]:
    """Return the same facts as JSON."""
    return {
        "done": [line_json(line) for line in view.done],
        "missed": as_json(list(view.missed)),
        "waiting": view.waiting,
        "compared": view.compared,
        "connections": list(view.connections),
        "quarantine": view.quarantine,
        "links_home": view.homes,
        "findings": as_json(view.findings),
        "next": list(view.next),
    }
