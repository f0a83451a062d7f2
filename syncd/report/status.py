"""How a portfolio stands, from what syncd last saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from syncd.report.daemon import DaemonView, daemon_lines
from syncd.report.paused import PausedView, paused_lines
from syncd.report.questions import AsideView
from syncd.report.table import columns, count, section
from syncd.report.values import show_time

MOST_ASIDE: Final = 10
"""Entries in quarantine that the status shows; `quarantine list` shows all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """One connection."""

    name: str
    tool: str
    mode: str
    """`observe` or `write`."""
    last_read_at: datetime | None
    links: Mapping[str, int]
    """By state, how many items are linked there."""
    homes: int = 0
    """How many of them show where their counterparts are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpView:
    """One write that has not ended."""

    id: str
    connection: str
    item: str
    verb: str
    fields: Sequence[str]
    waits_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldCopyView:
    """What of a restored store is not trusted yet."""

    why: str
    """Why it is taken for an old copy; empty once every connection was read anew."""
    unread: Sequence[str]
    """Connections that were not read anew yet."""
    items: int
    """Items that were not looked at since: what is due for them waits for an approval."""
    next: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyView:
    """One place where people are told."""

    name: str
    waiting: int
    """What it is still to be sent."""
    sent_at: datetime | None
    failing_since: datetime | None
    reason: str
    """Why it takes nothing, or not all."""
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One recorded execution."""

    command: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """Everything `syncd status` shows."""

    portfolio: str
    connections: Sequence[ConnectionView]
    entities: Mapping[str, int]
    """By kind."""
    conflicts: int
    matches: int
    quarantine: int
    to_decide: int
    """Items that the next cycle looks at."""
    to_approve: int = 0
    """Changes that waited for `syncd apply` in the last cycle."""
    daemon: str | None
    """The polling loop, as `host:pid`; between its cycles others may write."""
    writer: str | None
    """Which process holds the store for writing."""
    aside: Sequence[AsideView] = ()
    """What is in quarantine, and what each entry waits for."""
    old_copy: OldCopyView | None = None
    paused: Sequence[PausedView] = ()
    told: DaemonView | None = None
    """What the daemon said of itself last; `None`: none ran on this store yet."""
    ops: Sequence[OpView] = ()
    notify: Sequence[NotifyView] = ()
    runs: Sequence[RunView] = ()
    next: Sequence[str] = ()


def status_text(view: StatusView) -> str:
    """Return the standing as text."""
    held = ", ".join(count(number, kind) for kind, number in view.entities.items()) or "none yet"
    waiting = [
        ("conflicts held", str(view.conflicts)),
        ("matches to decide", str(view.matches)),
        ("in quarantine", str(view.quarantine)),
        ("to look at next", str(view.to_decide)),
    ]
    waiting += [("changes to approve", str(view.to_approve))] if view.to_approve else []
    parts = [f"Portfolio {view.portfolio}: {held}."]
    parts += [f"The daemon runs: process {view.daemon}."] if view.daemon else []
    parts += [f"Writing now: process {view.writer}."] if view.writer else []
    parts += section("Paused:", paused_lines(view.paused))
    parts += section("Daemon:", daemon_lines(view.told) if view.told else [])
    parts += section("Connections:", [columns([_connection(each) for each in view.connections])])
    parts += section("Open:", [columns(waiting)])
    parts += section("In quarantine:", _aside(view.aside))
    parts += section("Restored:", _old_copy(view.old_copy) if view.old_copy else [])
    parts += section("Writes under way:", [columns([_op(each) for each in view.ops])] if view.ops else [])
    parts += section("Told people:", [line for each in view.notify for line in _notify(each)])
    parts += section("Last runs:", [columns([_run(each) for each in view.runs])] if view.runs else [])
    parts += ["", *(f"Next: {command}" for command in view.next)] if view.next else []
    return "\n".join(parts)


def _connection(each: ConnectionView) -> tuple[str, ...]:
    read = f"last read {show_time(each.last_read_at)}" if each.last_read_at else "never read"
    links = ", ".join(f"{number} {state}" for state, number in each.links.items()) or "nothing linked"
    homes = f", {count(each.homes, 'link')} home" if each.homes else ""
    return (each.name, each.tool, each.mode, read, f"{links}{homes}")


def _aside(views: Sequence[AsideView]) -> list[str]:
    """Return the first entries, each with its reason and what it waits for."""
    lines = []
    for each in views[:MOST_ASIDE]:
        what = f"{each.connection} {each.item}{f' {each.field}' if each.field else ''}"
        lines += [f"  {what}: {each.reason}", f"    waits for {each.waits_for}"]
    return [*lines, *([f"  ... and {len(views) - MOST_ASIDE} more"] if len(views) > MOST_ASIDE else [])]


def _old_copy(view: OldCopyView) -> list[str]:
    lines = [f"  {view.why}"] if view.why else []
    if view.unread:
        lines.append(f"  to be read anew, and not decided about before: {', '.join(view.unread)}")
    if view.items:
        lines.append(
            f"  {count(view.items, 'item')} not looked at since: what would be made, or written over a newer record, "
            "waits for your approval"
        )
    return [*lines, f"  do: {', then '.join(view.next)}"]


def _op(each: OpView) -> tuple[str, ...]:
    return (each.connection, each.item, f"{each.verb} {', '.join(each.fields)}".strip(), each.waits_for)


def _notify(each: NotifyView) -> list[str]:
    last = f"last {show_time(each.sent_at)}" if each.sent_at else "nothing so far"
    waiting = f", {count(each.waiting, 'thing')} to send" if each.waiting else ""
    if each.failing_since is None:
        return [f"  {each.name}: {last}{waiting}{f'; {each.reason}' if each.reason else ''}"]
    failing = f"  {each.name}: takes nothing since {show_time(each.failing_since)}: {each.reason}{waiting}"
    return [failing, *([f"    fix: {each.fix}"] if each.fix else [])]


def _run(each: RunView) -> tuple[str, ...]:
    did = ", ".join(f"{name} {number}" for name, number in sorted(each.counts.items()) if number)
    return (show_time(each.started_at), each.command, each.outcome or "not ended", did)
