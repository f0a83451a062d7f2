"""Who edited which field when, where the tool keeps a history and there is an edit to ask about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, TypeAlias

from syncd.connectors.protocol import FieldEdit
from syncd.engine.desk import Account
from syncd.errors import RemoteError
from syncd.model.native import Record
from syncd.model.policy import Interval
from syncd.model.refs import Ref

MOST_ASKED: Final = 200
"""Records a page may have edited for their history to be asked; a mass edit has one author, told by the tool itself."""

Edits: TypeAlias = Mapping[tuple[Ref, str], FieldEdit]
"""The last known edit of each field of each record."""


async def last_edits(account: Account, refs: Sequence[Ref]) -> Edits:
    """Return the last edit of each field of *refs*; none where the tool keeps no history or does not answer now."""
    found: dict[tuple[Ref, str], FieldEdit] = {}
    if not account.connector.capabilities.history or not refs or len(refs) > MOST_ASKED:
        return found
    try:
        async for edit in account.connector.history(refs):
            key = (edit.ref, edit.field)
            if key not in found or found[key].at <= edit.at:
                found[key] = edit
    except RemoteError:
        return {}  # an author is worth having, and never worth stopping for
    return found


def signed(record: Record, changed: Iterable[str], edits: Edits) -> Record:
    """Return *record* with the author of the last edit among its *changed* fields."""
    mine = [edits[record.ref, name] for name in changed if (record.ref, name) in edits]
    last = max(mine, key=lambda edit: edit.at, default=None)
    return record if last is None or last.author is None else replace(record, updated_by=last.author)


def interval_of(edit: FieldEdit, skew: timedelta) -> Interval:
    """Return when an edit in a tool's own history happened, in our clock."""
    return Interval(edit.at - skew, edit.at + skew)
