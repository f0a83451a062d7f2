"""Who changed which field of an issue when, from Linear's own history; nothing else keeps one we can read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC
from types import MappingProxyType
from typing import Final

from syncd.connectors.linear import queries
from syncd.connectors.linear.api import Api, dig, parse
from syncd.connectors.linear.families import ISSUE
from syncd.connectors.linear.payloads import HistoryEntry
from syncd.connectors.protocol import FieldEdit
from syncd.model.refs import Ref

BATCH: Final = 25

SIGNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "title": ("toTitle",),
        "description": ("updatedDescription",),
        "state": ("fromStateId", "toStateId"),
        "assignee": ("fromAssigneeId", "toAssigneeId"),
        "priority": ("fromPriority", "toPriority"),
        "estimate": ("fromEstimate", "toEstimate"),
        "dueDate": ("fromDueDate", "toDueDate"),
        "cycle": ("fromCycleId", "toCycleId"),
        "parent": ("fromParentId", "toParentId"),
        "project": ("fromProjectId", "toProjectId"),
        "belongsTo": ("fromParentId", "toParentId", "fromProjectId", "toProjectId"),
        "labels": ("addedLabelIds", "removedLabelIds"),
    }
)
"""What in an entry tells that a field of ours was edited."""


async def read_history(api: Api, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
    """Yield the last edits of these issues; what Linear merged into one entry counts as its last moment."""
    issues = {ref.id: ref for ref in refs if ref.kind == ISSUE}
    ids = list(issues)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        where = f"{api.name}:{ISSUE} history"
        points = queries.HISTORY_POINTS * len(some)
        answer = await api.ask(queries.HISTORY, {"ids": some, "first": len(some)}, where=where, points=points)
        nodes = dig(answer.data, ["issues", "nodes"], where)
        for node in nodes if isinstance(nodes, list) else ():
            ref = issues.get(node["id"]) if isinstance(node, Mapping) else None
            if ref is None:
                continue  # nobody asked for it: an answer to somebody else
            entries = dig(node, ["history", "nodes"], where)
            for entry in entries if isinstance(entries, list) else ():
                for edit in _edits(ref, entry, where):
                    yield edit


def _edits(ref: Ref, entry: object, where: str) -> Iterator[FieldEdit]:
    told = parse(HistoryEntry, entry, where)
    author = told.actor or told.bot_actor
    for field, signs in SIGNS.items():
        if isinstance(entry, Mapping) and any(entry.get(sign) not in (None, [], False) for sign in signs):
            at = max(told.created_at, told.updated_at).astimezone(UTC)
            yield FieldEdit(ref=ref, field=field, at=at, author=author.name if author else None)
