"""Where an item's values came from, and what each tool holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncd.model.canonical import Unset, Value
from syncd.model.native import Missing, Native
from syncd.model.policy import Interval, Provenance, Stated
from syncd.report.table import columns, section
from syncd.report.values import Names, as_is, show, show_interval, show_native, show_time


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """One record of the item."""

    connection: str
    key: str
    type: str
    container: str
    state: str
    mode: str
    url: str | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingView:
    """What one tool holds of one field."""

    connection: str
    key: str
    native_field: str
    native: Native | Missing
    reads_as: Value | Missing
    base: Native | Missing
    """What it was last accounted for; `MISSING`: not yet."""
    direction: str
    note: str = ""
    """A write under way, a refusal, or why it has no reading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostView:
    """An edit that lost."""

    of: str
    value: Value | Unset
    author: str | None
    when: Interval | None
    rule: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenView:
    """One write that was carried out."""

    at: datetime
    connection: str
    verb: str
    before: Native | Missing
    after: Native | Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field of the item."""

    name: str
    value: Value | Unset
    policy: str
    provenance: Provenance = field(repr=False)
    came_from: str
    holdings: Sequence[HoldingView] = ()
    conflict: str | None = None
    lost: Sequence[LostView] = ()
    written: Sequence[WrittenView] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """Everything `syncd explain` shows."""

    entity: str
    kind: str
    title: str
    links: Sequence[LinkView]
    fields: Sequence[FieldView]
    names: Names = field(default=as_is, repr=False)


def explain_text(view: ItemView) -> str:
    """Return the explanation as text."""
    rows = [
        (each.connection, each.key, each.type, f"{each.state}, {each.mode}", each.container, _read(each))
        for each in view.links
    ]
    parts = [f'{view.kind} "{view.title}" ({view.entity})', columns(rows)]
    for each in view.fields:
        parts += _field(each, view.names)
    return "\n".join(parts)


def _read(link: LinkView) -> str:
    return f"read {show_time(link.read_at)}" if link.read_at else "never read"


def _field(each: FieldView, names: Names) -> list[str]:
    rows = [_holding(one, names) for one in each.holdings]
    lost = [
        f"    lost: {show(one.value, names)} of {one.of}{f' by {one.author}' if one.author else ''}, "
        f"{show_interval(one.when)} (rule {one.rule}, decided {show_time(one.at)})"
        for one in each.lost
    ]
    written = [
        f"    written: {one.connection} {show_native(one.before)} -> {show_native(one.after)}, {show_time(one.at)}"
        for one in each.written
    ]
    held = [f"    held: {each.conflict}"] if each.conflict else []
    head = f"{each.name}: {show(each.value, names)}"
    return section(
        head, [f"    from: {each.came_from} (policy {each.policy})", columns(rows, indent=4), *held, *lost, *written]
    )


def _holding(one: HoldingView, names: Names) -> tuple[str, ...]:
    held = show_native(one.native)
    reading = show(one.reads_as, names)
    said = f"{one.native_field} = {held}" + (f", read as {reading}" if reading != held else "")
    if isinstance(one.base, Missing):
        said += "; not yet accounted for"
    elif one.base != one.native:
        said += f"; accounted for as {show_native(one.base)}"
    direction = "" if one.direction == "both" else f"; {one.direction} only"
    return (one.connection, one.key, f"{said}{direction}{f'; {one.note}' if one.note else ''}")


def came_from(provenance: Provenance) -> str:
    """Say in one sentence where a value came from."""
    stated = sorted(provenance.by, key=lambda each: (each.connection, each.author or ""))
    by = [" ".join(_statement(each)) for each in stated]
    rule = f"rule {provenance.rule.replace('_', ' ')}" if provenance.rule else ""
    policy = f"settled by {provenance.policy}" if provenance.policy else ""
    at = f"decided {show_time(provenance.at)}" if provenance.at else ""
    return ", ".join(each for each in [" and ".join(by), rule, policy, at] if each) or "nobody yet"


def _statement(each: Stated) -> list[str]:
    author = [f"by {each.author}"] if each.author else []
    return [each.connection, *author, *([show_interval(each.when)] if each.when else [])]
