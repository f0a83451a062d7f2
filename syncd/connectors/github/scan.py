"""What changed, what exists, and what we created: the lists, as opposed to reads by id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog
from pydantic import BaseModel

from syncd.connectors.github import queries
from syncd.connectors.github.api import Answer, Api
from syncd.connectors.github.fields import DRAFT, MILESTONE
from syncd.connectors.github.marker import split_marker
from syncd.connectors.github.payloads import Connection, MilestoneNode, Payload, ScannedItem
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.read import Reader
from syncd.connectors.github.records import ISSUE, Surroundings, make_revision, milestone_record
from syncd.connectors.github.sweep import Sweep
from syncd.connectors.protocol import CreateKey, Known, Page
from syncd.errors import RemoteError
from syncd.model.native import Record
from syncd.model.refs import Cursor, EntityId, Ref, Revision

CURSOR: Final = Cursor("github-1")
"""Every call looks at every item, so there is no place to resume from."""
LOOK_BACK: Final = timedelta(minutes=5)
"""How far before a create was sent we look for it: more than two clocks differ."""

NodeT = TypeVar("NodeT", bound=BaseModel)

log = structlog.get_logger()


class _Body(Payload):
    """An issue as `ISSUES_SINCE` lists it."""

    id: str
    body: str
    created_at: datetime


class _DraftContent(Payload):
    body: str | None = None
    created_at: datetime | None = None


class _DraftItem(Payload):
    id: str
    content: _DraftContent | None = None


class Scanner:
    """Lists the records of one connection."""

    def __init__(self, api: Api, project: ProjectCache, sweep: Sweep, reader: Reader) -> None:
        self._api = api
        self._project = project
        self._sweep = sweep
        self._reader = reader

    async def changes(self, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
        """
        Yield what is not known in its present revision.

        Every call looks at every item, cheaply, so nothing can be missed for
        good and the cursor says nothing.
        """
        del since
        around = (await self._project.refresh()).around
        async for page in self._sweep.pages():
            seen = {ref: (item, revision) for ref, item, revision in _in_scope(page.seen, around)}
            held = await known(list(seen)) if seen else {}
            moved = [item.id for ref, (item, revision) in seen.items() if held.get(ref) != revision]
            reads = await self._reader.items(moved)
            yield Page(records=tuple(self._readable(reads.values())), direct=True, resume=CURSOR)
        for repository in await self._project.repository_names():
            async for records in self._milestones(repository, around):
                held = await known([record.ref for record in records]) if records else {}
                moved_records = (record for record in records if held.get(record.ref) != record.revision)
                yield Page(records=tuple(moved_records), direct=True, resume=CURSOR)

    async def ids(self) -> AsyncIterator[Sequence[Ref]]:
        """Yield the refs of all live items and milestones in scope."""
        around = (await self._project.get()).around
        async for page in self._sweep.pages():
            yield [ref for ref, item, _ in _in_scope(page.seen, around) if not item.is_archived]
        for repository in await self._project.repository_names():
            async for records in self._milestones(repository, around):
                yield [record.ref for record in records]

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Return the records carrying each marker in its container, oldest first, by lists and never by the index."""
        places: dict[tuple[str, str], list[CreateKey]] = {}
        for key in keys:
            kind = key.type if key.type in {DRAFT, MILESTONE} else ISSUE
            places.setdefault((kind, key.container), []).append(key)
        found: dict[EntityId, list[Record]] = {}
        for (kind, container), wanted in places.items():
            since = min(key.sent_at for key in wanted) - LOOK_BACK
            refs = await self._marked(kind, container, since, frozenset(key.marker for key in wanted))
            reads = await self._reader.read_many(refs)
            for record in self._readable(reads.values()):
                if record.marker is not None and record.marker in {key.marker for key in wanted}:
                    found.setdefault(record.marker, []).append(record)
        return {marker: sorted(records, key=_age) for marker, records in found.items()}

    async def _marked(self, kind: str, container: str, since: datetime, markers: frozenset[EntityId]) -> Sequence[Ref]:
        """Return the refs of what carries one of *markers* in that container."""
        if kind == MILESTONE:
            around = (await self._project.get()).around
            listed = [record async for records in self._milestones(container, around) for record in records]
            return [record.ref for record in listed if record.marker in markers]
        found: list[Ref] = []
        if kind == DRAFT:
            project = await self._project.get()
            variables: dict[str, object] = {"project": project.node.id}
            async for _, page in self._list(queries.DRAFTS, variables, ("node", "items"), _DraftItem):
                found += [
                    Ref(self._api.name, DRAFT, item.id)
                    for item in page.seen
                    if item.content and split_marker(item.content.body)[1] in markers
                ]
            return found
        variables = {**await self._owner_and_name(container), "since": since.strftime("%Y-%m-%dT%H:%M:%SZ")}
        async for _, issues in self._list(queries.ISSUES_SINCE, variables, ("repository", "issues"), _Body):
            found += [
                Ref(self._api.name, ISSUE, issue.id) for issue in issues.seen if split_marker(issue.body)[1] in markers
            ]
        return found

    async def _milestones(self, repository: str, around: Surroundings) -> AsyncIterator[Sequence[Record]]:
        variables = await self._owner_and_name(repository)
        async for answer, page in self._list(
            queries.REPOSITORY_MILESTONES, variables, ("repository", "milestones"), MilestoneNode
        ):
            yield [milestone_record(node, around=around, read_at=answer.at) for node in page.seen]

    def _list(
        self, text: str, variables: Mapping[str, object], path: Sequence[str], node: type[NodeT]
    ) -> AsyncIterator[tuple[Answer, Connection[NodeT]]]:
        place = variables.get("name", "scope.project")
        return self._api.pages(text, variables, path=path, node=node, where=f"{self._api.name} {place}")

    async def _owner_and_name(self, repository: str) -> dict[str, object]:
        full = (await self._project.repository(repository)).name
        owner, _, name = full.partition("/")
        return {"owner": owner, "name": name}

    def _readable(self, reads: Iterable[Record | RemoteError]) -> Iterable[Record]:
        for read in reads:
            if isinstance(read, Record):
                yield read
            else:
                log.warning("record_unreadable", connector=self._api.name, error=str(read))


def _in_scope(items: Iterable[ScannedItem], around: Surroundings) -> Iterable[tuple[Ref, ScannedItem, Revision]]:
    """Yield the issues and drafts among *items*, with the revision a full read of them would have."""
    for item in items:
        content = item.content
        if content is None or content.id is None:
            continue
        if content.typename == "DraftIssue":
            revision = make_revision(around, item=item.updated_at, content=content.updated_at)
            yield Ref(around.name, DRAFT, item.id), item, revision
        elif content.typename == "Issue" and content.repository and around.covers(content.repository.name_with_owner):
            blockers = (content.blocked_by or Connection()).total_count or 0
            parent = content.parent.id if content.parent else None
            revision = make_revision(
                around, item=item.updated_at, content=content.updated_at, parent=parent, blockers=blockers
            )
            yield Ref(around.name, ISSUE, content.id), item, revision


def _age(record: Record) -> tuple[float, str]:
    return (record.created_at.timestamp() if record.created_at else 0.0, record.ref.id)
