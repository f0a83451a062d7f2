"""Who edited which field when, as far as GitHub tells: issues by their timeline, bodies by their last editor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC

from syncd.connectors.github import queries
from syncd.connectors.github.api import Api, parse
from syncd.connectors.github.fields import COMMENT
from syncd.connectors.github.payloads import Actor, EditedNode, EventNode
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.records import ISSUE, Surroundings
from syncd.connectors.protocol import FieldEdit
from syncd.model.refs import Ref

TOLD_OF = frozenset({ISSUE, COMMENT})
"""The kinds GitHub keeps a history of: drafts and milestones have none."""
STATUS = "status"
"""The one field of a project whose changes are in the timeline, by its name in lower case."""


class Historian:
    """Reads the history of one connection."""

    def __init__(self, api: Api, project: ProjectCache, *, batch: int) -> None:
        self._api = api
        self._project = project
        self._batch = batch

    async def edits(self, refs: Sequence[Ref]) -> AsyncIterator[FieldEdit]:
        """Yield the last 50 edits of each issue, and the last one of each body."""
        around = (await self._project.get()).around
        wanted = [ref for ref in refs if ref.kind in TOLD_OF]
        for start in range(0, len(wanted), self._batch):
            some = wanted[start : start + self._batch]
            where = f"{self._api.name} history"
            answer = await self._api.query(queries.HISTORY, {"ids": [ref.id for ref in some]}, where=where)
            nodes = answer.data.get("nodes")
            for ref, node in zip(some, nodes if isinstance(nodes, list) else (), strict=False):
                if isinstance(node, Mapping) and node.get("id"):
                    for edit in _edits(ref, parse(EditedNode, node, where), around):
                        yield edit


def _edits(ref: Ref, node: EditedNode, around: Surroundings) -> Iterator[FieldEdit]:
    if node.last_edited_at is not None:
        yield FieldEdit(ref=ref, field="body", at=node.last_edited_at.astimezone(UTC), author=_name(node.editor))
    for event in node.timeline_items.seen if node.timeline_items else ():
        field = _field(event, around)
        if field is not None:
            yield FieldEdit(ref=ref, field=field, at=event.created_at.astimezone(UTC), author=_name(event.actor))


def _field(event: EventNode, around: Surroundings) -> str | None:
    """Return the key of the field an event is about; `None` for another project's, and for a Status that is no more."""
    field = queries.TIMELINE.get(event.typename)
    if field is None or field.lower() != STATUS:
        return field
    if event.project is None or event.project.id != around.project_id:
        return None
    return next((key for key, spec in around.fields.items() if spec.name.lower() == STATUS), None)


def _name(actor: Actor | None) -> str | None:
    return (actor.name or actor.login) if actor else None
