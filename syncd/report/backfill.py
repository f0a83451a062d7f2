"""What a backfill did and left, and how far one is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.report.findings import Findings, held_row, notes
from syncd.report.outcome import Missed
from syncd.report.table import columns, count
from syncd.report.values import as_json, show_span

MOST: Final = 20
"""Lines of one kind that are shown; `--json` tells all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillView:
    """Everything `syncd backfill` tells at its end."""

    read: int
    linked: int
    decided: int
    written: Mapping[str, int]
    """Records written, by what was done with them."""
    took_s: float
    is_resumed: bool = False
    is_dry: bool = False
    waiting: int = 0
    """Changes that only a person's word lets pass."""
    plan: str | None = None
    """What they are kept as, or what was carried out."""
    missed: Sequence[Missed] = ()
    quarantine: int = 0
    findings: Findings = field(default_factory=Findings)
    next: Sequence[str] = ()


def backfill_text(view: BackfillView) -> str:
    """Return what was done and what is left, as text."""
    rows = [("~", each.connection, each.item, each.field, each.why) for each in view.missed]
    parts = _some("Not carried out:", rows)
    parts += _some("Held for you:", [held_row(each, view.findings.names) for each in view.findings.held])
    parts += notes(view.findings)
    before = ", going on with what was begun before" if view.is_resumed else ""
    told = f"Read {count(view.read, 'record')}, linked {view.linked}, looked at {count(view.decided, 'item')}"
    parts += ["", f"{told} in {show_span(view.took_s)}{before}."]
    done = ", ".join(f"{verb} {number}" for verb, number in sorted(view.written.items()) if number)
    parts.append(f"Written: {done}." if done else "Nothing was written.")
    if view.waiting and view.is_dry:
        parts.append(f"Plan {view.plan}: {count(view.waiting, 'change')}.")
    elif view.waiting:
        parts.append(f"Waiting for your approval: {count(view.waiting, 'change')}, kept as plan {view.plan}.")
    if view.quarantine:
        parts.append(f"Set aside: {count(view.quarantine, 'item')}.")
    parts += [f"Next: {command}" for command in view.next]
    return "\n".join(parts).lstrip("\n")


def _some(title: str, rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    more = [f"  and {len(rows) - MOST} more"] if len(rows) > MOST else []
    return ["", title, columns(rows[:MOST]), *more]


def backfill_json(view: BackfillView) -> dict[str, object]:
    """Return the same facts as JSON."""
    return {
        "read": view.read,
        "linked": view.linked,
        "decided": view.decided,
        "written": dict(view.written),
        "took_s": round(view.took_s, 1),
        "resumed": view.is_resumed,
        "dry_run": view.is_dry,
        "waiting": view.waiting,
        "plan": view.plan,
        "missed": as_json(list(view.missed)),
        "quarantine": view.quarantine,
        "findings": as_json(view.findings),
        "next": list(view.next),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressView:
    """How far a backfill is."""

    stage: str
    read: int
    linked: int
    decided: int
    written: int
    left: int | None = None
    left_s: float | None = None
    rate: float = 0.0
    """Records read, or items written, a second."""


def progress_text(view: ProgressView) -> str:
    """Return one line on how far it is."""
    parts = [f"{view.stage}: read {view.read:,}", f"linked {view.linked:,}", f"decided {view.decided:,}"]
    parts.append(f"written {view.written:,}" + (f" ({view.left:,} items left)" if view.left is not None else ""))
    parts.append(f"{view.rate:.1f}/s")
    parts.append(f"ETA {'unknown' if view.left_s is None else show_span(view.left_s) if view.left_s > 0 else 'now'}")
    return ", ".join(parts)
