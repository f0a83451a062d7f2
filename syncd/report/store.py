"""What was done to the store itself, as people and programs read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.report.table import columns, count


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeView:
    """The tables' revision before and after, and the steps between."""

    store: str
    found: str | None
    """`None` where there were no tables."""
    head: str
    steps: Sequence[tuple[str, str]]
    """Revision and what it does."""
    done: bool
    next: Sequence[str] = ()


def upgrade_text(view: UpgradeView) -> str:
    """Return what an upgrade did, or would do."""
    if not view.steps:
        return f"{view.store}: the tables are up to date ({view.head})."
    found = view.found or "no tables"
    told = f"from {found} to {view.head}"
    head = f"{view.store}: {'brought up to date' if view.done else 'would be brought up to date'}, {told}."
    steps = [(revision, text.rstrip(".")) for revision, text in view.steps]
    return "\n".join([head, columns(steps), *(f"Next: {each}" for each in view.next)])


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyView:
    """A store that was carried over, and what proves that all of it arrived."""

    source: str
    target: str
    revision: str
    rows: Mapping[str, int]
    digests: Mapping[str, str]
    """A hash of each table's whole content, the same in both."""
    audited: int
    configure: str
    """What to write in `syncd.yaml` to go on with the copy."""
    next: Sequence[str] = ()


def copy_text(view: CopyView) -> str:
    """Return what a copy carried over, and what to do next."""
    filled = [(name, f"{rows:8} {view.digests[name][:12]}") for name, rows in view.rows.items() if rows]
    total = count(sum(view.rows.values()), "row")
    return "\n".join(
        [
            f"{view.source} -> {view.target}",
            *([columns(filled)] if filled else []),
            f"{count(len(view.rows), 'table')}, {total}: counts and contents are the same in both.",
            f"{count(view.audited, 'audit row')} proven by their hash chains.",
            f"In syncd.yaml write: {view.configure}",
            *(f"Next: {each}" for each in view.next),
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptView:
    """A store that was backed up or put back, and what proves that all of it arrived."""

    source: str
    target: str
    rows: Mapping[str, int]
    digests: Mapping[str, str]
    audited: int
    kept: str | None
    """Where the store that was there before is kept."""
    restored: bool
    next: Sequence[str] = ()


def kept_text(view: KeptView) -> str:
    """Return what was carried over, and what happens next."""
    total = count(sum(view.rows.values()), "row")
    parts = [
        f"{view.source} -> {view.target}",
        f"{count(len(view.rows), 'table')}, {total}: counts and contents are the same in both.",
        f"{count(view.audited, 'audit row')} proven by their hash chains.",
    ]
    if view.kept:
        parts.append(f"What was there is kept as {view.kept}")
    if view.restored:
        parts.append(
            "The next sync reads every connection anew. What it would make, or write over a record that moved since "
            "the backup, waits for syncd apply."
        )
    return "\n".join([*parts, *(f"Next: {each}" for each in view.next)])


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """What a look through the whole store found."""

    store: str
    rows: Mapping[str, int]
    audited: int
    damage: Sequence[str]
    broken: Sequence[str]


def check_text(view: CheckView) -> str:
    """Return what was looked at, and whether it is sound."""
    total = f"{view.store}: {count(sum(view.rows.values()), 'row')} read, {count(view.audited, 'audit row')} proven"
    wrong = len(view.damage) + len(view.broken)
    return f"{total}; {count(wrong, 'fault')} found." if wrong else f"{total}: all of it is sound."
