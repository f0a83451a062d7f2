"""`syncd explain`: one item, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.cli.failing import DONE
from syncd.cli.finding import tell_warnings
from syncd.cli.naming import names_of, native_of, title_of
from syncd.cli.opening import open_for, run_command
from syncd.cli.options import Common
from syncd.cli.output import emit
from syncd.engine.desk import Desk
from syncd.engine.find import find_item
from syncd.engine.items import Item, Side
from syncd.errors import ConfigError
from syncd.mapping.lenses.base import why_missing
from syncd.model.canonical import UNSET
from syncd.model.native import MISSING, Missing
from syncd.model.policy import Leader, Order, Policy, Provenance
from syncd.report.explain import (
    FieldView,
    HoldingView,
    ItemView,
    LinkView,
    LostView,
    WrittenView,
    came_from,
    explain_text,
)
from syncd.report.values import as_json
from syncd.store.rows import AuditRow, ConflictRow, LedgerRow

MOST = 3
"""Losers and writes shown of each field, the latest first."""


def explain_item(common: Common, name: str, field: str | None) -> int:
    """Print where an item's values came from."""
    return run_command(common, _explain(common, name, field))


async def _explain(common: Common, name: str, field: str | None) -> int:
    async with open_for(common, "Asking the tools what their fields are") as desk:
        view = await item_view(desk, await find_item(desk, name), field)
        tell_warnings(desk)
    emit(common, as_json(view), lambda: explain_text(view))
    return DONE


@dataclass(frozen=True, slots=True)
class _History:
    conflicts: Mapping[str, ConflictRow]
    lost: Sequence[LedgerRow]
    written: Sequence[AuditRow]


async def item_view(desk: Desk, item: Item, field: str | None) -> ItemView:
    """Return one item as it is explained. Raises `ConfigError` for a field its kind does not have."""
    rules = desk.rules_of(item.entity.kind)
    if field is not None and field not in rules:
        raise ConfigError(
            f'"{field}" is not a mapped field of this {item.entity.kind}', fix=f"use one of {', '.join(sorted(rules))}"
        )
    history = _History(
        {row.field: row for row in await desk.store.conflicts.of_entities([item.entity.id])},
        await desk.store.ledger.of_entity(item.entity.id),
        await desk.store.audit.of_entity(item.entity.id),
    )
    views = [_field(desk, item, name, history) for name in sorted(rules) if field in (None, name)]
    fields = [each for each in views if each.holdings or each.value is not UNSET or field is not None]
    held = [reading for each in fields for one in each.holdings if (reading := one.reads_as) is not MISSING]
    return ItemView(
        entity=item.entity.id,
        kind=item.entity.kind,
        title=title_of(desk, item),
        links=[_link(desk, side) for side in item.sides],
        fields=fields,
        names=await names_of(desk, [*held, *item.entity.values.values()]),
    )


def _link(desk: Desk, side: Side) -> LinkView:
    return LinkView(
        connection=side.connection,
        key=side.link.key,
        type=side.link.type,
        container=side.link.container,
        state=side.link.state,
        mode="write" if desk.accounts[side.connection].connection.writes else "observe",
        url=side.link.url,
        read_at=side.observed.read_at if side.observed else None,
    )


def _field(desk: Desk, item: Item, name: str, history: _History) -> FieldView:
    provenance = item.entity.provenance.get(name) or Provenance()
    conflict = history.conflicts.get(name)
    sides = [made for side in item.sides if (made := _holding(desk, item, side, name)) is not None]
    return FieldView(
        name=name,
        value=item.entity.values.get(name, UNSET),
        policy=policy_text(desk.rules_of(item.entity.kind)[name].policy),
        provenance=provenance,
        came_from=came_from(provenance),
        holdings=sides,
        conflict=f"{conflict.id}: {conflict.content.why}" if conflict else None,
        lost=[_lost(row) for row in history.lost if row.field == name][:MOST],
        written=[_written(row) for row in history.written if row.field == name][:MOST],
    )


def policy_text(policy: Policy) -> str:
    """Name a policy as a mapping file does."""
    if isinstance(policy, Leader):
        return f"leader {policy.connection}"
    if isinstance(policy, Order):
        return f"order {', '.join(policy.connections)}"
    return type(policy).__name__.lower()


def _holding(desk: Desk, item: Item, side: Side, name: str) -> HoldingView | None:
    found = native_of(desk, item, side, name)
    if found is None:
        return None
    slot, native = found
    reading = MISSING if isinstance(native, Missing) else slot.lens.get(native)
    base = side.bases.get(name)
    return HoldingView(
        connection=side.connection,
        key=side.link.key,
        native_field=_label(desk, side, slot.native_key),
        native=native,
        reads_as=reading,
        base=base.shown if base else MISSING,
        direction=desk.rules_of(item.entity.kind)[name].directions[side.connection],
        note=_note(side, name, why_missing(slot.lens, native) if reading is MISSING and native is not MISSING else ""),
    )


def _label(desk: Desk, side: Side, key: str) -> str:
    """Return what the tool's people call a field, with its key where that is another word."""
    description = desk.accounts[side.connection].description
    labels = (each.label for each in (description.fields if description else ()) if each.key == key)
    return next((label for label in labels if label), key)


def _note(side: Side, name: str, why: str) -> str:
    pending = "a write is being looked up" if name in side.pending else ""
    refused = f"refused: {side.refused[name].reason}" if name in side.refused else ""
    return "; ".join(each for each in (why, pending, refused) if each)


def _lost(row: LedgerRow) -> LostView:
    return LostView(
        of=row.connection or "agreed", value=row.value, author=row.author, when=row.when, rule=row.rule, at=row.at
    )


def _written(row: AuditRow) -> WrittenView:
    return WrittenView(at=row.at, connection=row.connection, verb=row.verb, before=row.before, after=row.after)
