"""The comparison of all tools, as people and programs read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncd.model.canonical import Unset, Value
from syncd.model.refs import ConnectionName
from syncd.report.findings import Held, held_row, show_title
from syncd.report.paused import PausedView, paused_lines
from syncd.report.table import columns, count, section
from syncd.report.values import Names, as_is, show


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceView:
    """One field on which the tools do not tell the same story."""

    kind: str
    title: str
    field: str
    canonical: Value | Unset
    shows: Mapping[str, Value]
    """By connection and key, what each tool reads as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyView:
    """Everything a comparison shows."""

    agrees: bool
    items: int
    fields: int
    connections: Sequence[str]
    unread: int = 0
    """Sides of fields that could not be read, and so were not compared."""
    differences: Sequence[DifferenceView] = ()
    missing: Sequence[tuple[str, str, str]] = ()
    """Records a create rule asks for that are not there: connection, container, title."""
    conflicts: Sequence[Held] = ()
    unreachable: Mapping[ConnectionName, str] = field(default_factory=dict)
    paused: Sequence[PausedView] = ()
    """What was not compared, because a person paused it."""
    next: Sequence[str] = ()
    names: Names = field(default=as_is, repr=False)


def verify_text(view: VerifyView) -> str:
    """Return the comparison as text: every difference, then what was compared."""
    rows = []
    for each in view.differences:
        sides = ", ".join(f"{who} {show(value, view.names)}" for who, value in each.shows.items())
        rows.append(
            ("≠", each.kind, show_title(each.title), each.field, f"{sides}; agreed: {show(each.canonical, view.names)}")
        )
    rows += [("+", where, show_title(title), "", f"to be created in {at}") for where, at, title in view.missing]
    parts = [columns(rows)] if rows else []
    held = [held_row(each, view.names) for each in view.conflicts]
    parts += [columns(held)] if held else []
    parts += [f"  x  {name} did not answer: {why}" for name, why in view.unreachable.items()]
    parts += [""] if parts else []
    parts += [_summary(view)]
    parts += (
        [f"Not compared: {count(view.unread, 'value')} no rule can read; syncd plan names them."] if view.unread else []
    )
    parts += [*section("Not compared, because it is paused:", paused_lines(view.paused))]
    parts += [f"Next: {command}" for command in view.next]
    return "\n".join(parts)


def _summary(view: VerifyView) -> str:
    scope = f"{count(view.items, 'item')}, {count(view.fields, 'field')}, over {', '.join(view.connections)}"
    if view.agrees:
        return f"All tools agree: {scope}."
    if view.paused and not (view.differences or view.missing or view.conflicts or view.unreachable):
        return f"All that runs agrees: {scope}."
    found = [
        count(len(view.differences), "difference"),
        count(len(view.missing), "missing item"),
        f"{count(len(view.conflicts), 'conflict')} held",
    ]
    found += [f"{count(len(view.unreachable), 'connection')} silent"] if view.unreachable else []
    return f"The tools differ: {', '.join(found)} ({scope})."
