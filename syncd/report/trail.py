"""What was written, run by run, and what became of a run that was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.model.native import Missing, Native
from syncd.reconcile.plan import Line
from syncd.report.outcome import Missed
from syncd.report.plan import line_json
from syncd.report.table import columns, count
from syncd.report.values import Names, as_is, as_json, show_change, show_native, show_time


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenView:
    """One field of one write; *field* `None` for the record as a whole."""

    connection: str
    key: str
    verb: str
    field: str | None
    before: Native | Missing
    after: Native | Missing
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLogView:
    """One run and what it wrote, in order."""

    run: str
    command: str
    started_at: datetime
    outcome: str | None
    written: Sequence[WrittenView]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogView:
    """The audit trail, the newest run first."""

    runs: Sequence[RunLogView]
    next: Sequence[str] = ()


def log_text(view: LogView) -> str:
    """Return the trail as text."""
    if not view.runs:
        return "Nothing was written yet."
    parts = []
    for run in view.runs:
        parts.append(f"{run.run}  {show_time(run.started_at)}  {run.command}  {run.outcome or 'not finished'}")
        parts.append(columns([_written_row(each) for each in run.written]))
    return "\n".join([*parts, *(f"Next: {each}" for each in view.next)])


def _written_row(each: WrittenView) -> tuple[str, ...]:
    change = f"{show_native(each.before)} -> {show_native(each.after)}" if each.field else show_native(each.after)
    sign = "+" if each.verb == "create" else "~"
    return (sign, each.connection, each.key, each.field or each.verb, change)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofView:
    """How much of the audit trail is proven, and where it is broken."""

    store: str
    runs: int
    rows: int
    broken: Sequence[str]


def proof_text(view: ProofView) -> str:
    """Return what a look at the whole trail proved."""
    told = f"{view.store}: {count(view.rows, 'audit row')} of {count(view.runs, 'run')}"
    if view.broken:
        return f"{told} proven; the chain of {count(len(view.broken), 'run')} is broken."
    return f"{told}: every one is as it was written, none is missing, added or moved."


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftView:
    """Something of a run that stays as it is."""

    connection: str
    key: str
    field: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoView:
    """A run that was taken back, or would be."""

    run: str
    dry_run: bool
    lines: Sequence[Line]
    """What was restored; in a dry run what would be."""
    missed: Sequence[Missed] = ()
    left: Sequence[LeftView] = ()
    again: Sequence[tuple[str, str, str]] = ()
    """Leader, key and field: the next cycle writes the leader's value there again."""
    undo: str = ""
    """The id of this run, by which it can be taken back itself."""
    next: Sequence[str] = ()
    names: Names = as_is


def undo_text(view: UndoView) -> str:
    """Return what was taken back, what was not, and what will not last."""
    rows = [
        ("~", line.place.connection, line.key, write.field, _change(line, view.names))
        for line in view.lines
        for write in line.writes
    ]
    parts = [columns(rows)] if rows else []
    missed = [("~", each.connection, each.item, each.field, each.why) for each in view.missed]
    parts += ["", "Not carried out:", columns(missed)] if missed else []
    left = [("=", each.connection, each.key, each.field or "", each.why) for each in view.left]
    parts += ["", "Left as it is:", columns(left)] if left else []
    again = [
        ("!", key, name, f"{leader} leads this field: its value is written again") for leader, key, name in view.again
    ]
    parts += ["", "Will not last:", columns(again)] if again else []
    fields = count(len(rows), "field")
    done = f"would be restored, {len(view.left)} left" if view.dry_run else f"restored, {len(view.left)} left"
    parts += ["", f"Run {view.run}: {fields} {done}.{' Nothing was written.' if view.dry_run else ''}"]
    return "\n".join([*parts, *(f"Next: {each}" for each in view.next)]).lstrip("\n")


def _change(line: Line, names: Names) -> str:
    return "; ".join(show_change(write.before, write.value, names) for write in line.writes)


def undo_json(view: UndoView) -> dict[str, object]:
    """Return the same facts as JSON."""
    return {
        "run": view.run,
        "undo": view.undo,
        "dry_run": view.dry_run,
        "lines": [line_json(line) for line in view.lines],
        "missed": as_json(list(view.missed)),
        "left": as_json(list(view.left)),
        "again": [list(each) for each in view.again],
        "next": list(view.next),
    }
