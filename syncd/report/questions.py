"""What waits for a person: conflicts, matches, items set aside."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.model.canonical import Unset, Value
from syncd.model.policy import Interval
from syncd.report.findings import show_title
from syncd.report.table import columns, count
from syncd.report.values import Names, as_is, show, show_interval, show_time


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """One side of a conflict."""

    of: str
    """A connection, or `agreed` for the canonical value."""
    key: str | None
    value: Value | Unset
    author: str | None = None
    when: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """One held field."""

    id: str
    kind: str
    key: str
    title: str
    field: str
    why: str
    opened_at: datetime
    ended_at: datetime | None
    how: str | None
    sides: Sequence[SideView]
    next: Sequence[str] = ()
    names: Names = dataclasses.field(default=as_is, repr=False)


def conflicts_text(views: Sequence[ConflictView]) -> str:
    """Return all open conflicts, a line each."""
    if not views:
        return "No conflict is held."
    rows = [
        (each.id, each.kind, show_title(each.title), each.field, ", ".join(_short(side, each) for side in each.sides))
        for each in views
    ]
    last = [f"Next: {command}" for command in views[0].next[:1]]
    return "\n".join([columns(rows), "", f"{count(len(views), 'conflict')} held. Nothing of these is written.", *last])


def _short(side: SideView, view: ConflictView) -> str:
    return f"{side.of} {show(side.value, view.names)}"


def conflict_text(view: ConflictView) -> str:
    """Return one conflict whole."""
    state = f"open since {show_time(view.opened_at)}"
    if view.ended_at is not None:
        state = f"ended {show_time(view.ended_at)} by {view.how}"
    rows = [
        (side.of, side.key or "", show(side.value, view.names), _who(side) if side.of != "agreed" else "before")
        for side in view.sides
    ]
    commands = [f"Next: {view.next[0]}", *(f"  or: {command}" for command in view.next[1:])] if view.next else []
    return "\n".join(
        [
            f"{view.id}: {view.field} of {view.key} {show_title(view.title)}, {state}",
            columns(rows),
            f"  ({view.why})",
            *commands,
        ]
    )


def _who(side: SideView) -> str:
    return f"edited {f'by {side.author} ' if side.author else ''}{show_interval(side.when)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchView:
    """Records that may be one item."""

    id: str
    kind: str
    reason: str
    records: Sequence[tuple[str, str, str]]
    """Connection, key and title of each."""
    made_at: datetime
    confidence: int | None = None
    """In percent, for two items that look alike."""
    next: Sequence[str] = ()


def match_text(view: MatchView) -> str:
    """Return one proposal with its records."""
    sure = "" if view.confidence is None else f"{view.confidence} % sure, "
    rows = [(name, key, f'"{title}"') for name, key, title in view.records]
    return f"{view.id}  {view.kind}: {sure}{view.reason}\n{columns(rows, indent=4)}"


def matches_text(views: Sequence[MatchView]) -> str:
    """Return all open proposals with their records."""
    if not views:
        return "No match waits for you."
    parts = [match_text(each) for each in views]
    parts += ["", f"{count(len(views), 'match', 'matches')} to accept or reject."]
    return "\n".join([*parts, *(f"Next: {command}" for command in views[0].next)])


@dataclass(frozen=True, slots=True, kw_only=True)
class AsideView:
    """One item, or one field of it, set aside."""

    connection: str
    item: str
    """Its key, or its ref where no key is known."""
    field: str | None
    reason: str
    since: datetime
    attempts: int
    waits_for: str = ""
    """What lets it flow again."""


def quarantine_text(views: Sequence[AsideView], next_: str) -> str:
    """Return everything set aside, a line each."""
    if not views:
        return "Nothing is set aside."
    rows = [
        (
            each.connection,
            each.item,
            each.field or "(whole item)",
            f"since {show_time(each.since)}, {count(each.attempts, 'attempt')}: {each.reason}",
            *([f"waits for {each.waits_for}"] if each.waits_for else []),
        )
        for each in views
    ]
    return "\n".join([columns(rows), "", f"{count(len(views), 'entry', 'entries')} in quarantine.", f"Next: {next_}"])
