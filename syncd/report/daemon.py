"""What the daemon told of itself, as `syncd status` shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncd.report.values import show_time


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingView:
    """How one connection stood."""

    state: str
    """`up`, `down`, `paused` or `unread`."""
    since: datetime | None = None
    what: str | None = None
    """Why it is down."""
    fix: str | None = None
    delivered_at: datetime | None = None
    """When a webhook last told something of it."""
    backlog: int = 0
    """Webhooks not looked at yet."""
    unregistered: str | None = None
    """Why its webhook could not be registered."""
    unregistered_fix: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonView:
    """What it told, and when."""

    told_at: datetime
    runs: bool
    """Whether it still does."""
    is_silent: bool = False
    """It runs, and yet told nothing for longer than it ever should be silent."""
    state: str
    """Of the portfolio: `running`, `starting`, `paused` or `failed`."""
    what: str | None = None
    """Why the portfolio does not run, or what refused its last cycle."""
    fix: str | None = None
    refused: str | None = None
    """Why the configuration as it is now is not in force."""
    refused_fix: str | None = None
    connections: Mapping[str, StandingView] = field(default_factory=dict)


def daemon_lines(view: DaemonView) -> Sequence[str]:
    """Return a line for whatever is not as it should be, with its fix, and for what webhooks told."""
    head = "it runs" if view.runs else "it does not run any more"
    lines = [f"  told {show_time(view.told_at)}; {head}; the portfolio was {view.state}"]
    if view.is_silent:
        lines += _trouble("no word since", "what follows may be out of date", "see its log, and ask it at /readyz")
    lines += _trouble("the portfolio", view.what, view.fix)
    lines += _trouble("the configuration as it is now is not in force", view.refused, view.refused_fix)
    for name, each in sorted(view.connections.items()):
        if each.state == "down":
            since = f" since {show_time(each.since)}" if each.since else ""
            lines += _trouble(f"{name} down{since}", each.what or "it does not answer", each.fix)
        lines += _trouble(f"{name}: no webhook registered", each.unregistered, each.unregistered_fix)
        if each.delivered_at is not None or each.backlog:
            last = f"last webhook {show_time(each.delivered_at)}" if each.delivered_at else "no webhook yet"
            lines.append(f"  {name}: {last}, {each.backlog} not looked at")
    return lines


def _trouble(head: str, what: str | None, fix: str | None) -> list[str]:
    if what is None:
        return []
    return [f"  {head}: {what}", *([f"    fix: {fix}"] if fix else [])]
