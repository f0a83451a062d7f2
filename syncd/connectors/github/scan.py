"""What changed and what exists: the lists, as opposed to reads by id."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from syncd.connectors.github import queries
from syncd.connectors.github.api import Api
from syncd.connectors.github.comments import CommentList
from syncd.connectors.github.fields import COMMENT, DRAFT, ITERATION
from syncd.connectors.github.iterations import iteration_records
from syncd.connectors.github.milestones import MilestoneList
from syncd.connectors.github.nodes import Nodes, Read
from syncd.connectors.github.payloads import Connection, IdNode, ScannedItem
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.read import Reader
from syncd.connectors.github.records import ISSUE, Surroundings, comment_revision, make_revision
from syncd.connectors.github.sweep import Sweep
from syncd.connectors.protocol import Known, Page, only_moved
from syncd.model.native import Record, RecordState
from syncd.model.refs import Cursor, Ref, Revision

OVERLAP: Final = timedelta(seconds=90)
"""How far before its own start a scan's comments are listed again next time: more than a list may lag."""
_VERSION: Final = "github-2"

log = structlog.get_logger()


class Scanner:
    """Lists the records of one connection; *types* are those whose reading costs requests of their own."""

    def __init__(self, api: Api, project: ProjectCache, sweep: Sweep, reader: Reader, nodes: Nodes) -> None:
        self._api = api
        self._project = project
        self._sweep = sweep
        self._reader = reader
        self._nodes = nodes
        self._milestones = MilestoneList(api, project)
        self._comments = CommentList(api)
        self.types: frozenset[str] = frozenset()

    async def changes(self, since: Cursor | None, known: Known) -> AsyncIterator[Page]:
        """
        Yield what is not known in its present revision.

        Every call looks at every item, cheaply, so no item can be missed for
        good. Comments go by time: those of an issue that was not in the
        project before are read with it, later changes are listed by
        repository. The cursor tells since when, and moves at the end only.
        """
        project = await self._project.refresh()
        around = project.around
        head = self._head(around.scope)
        mark = _mark_of(since, head) if COMMENT in self.types else None
        before = _cursor(head, mark)
        if ITERATION in self.types:
            iterations = iteration_records(around, project.at.date())
            yield Page(records=await only_moved(iterations, known), direct=True, resume=before)
        async for page in self._sweep.pages():
            yield Page(records=tuple(await self._moved(page, around, mark, known)), direct=True, resume=before)
        repositories = await self._project.repository_names()
        async for records in self._milestones.all(repositories, around):
            yield Page(records=await only_moved(records, known), direct=True, resume=before)
        if mark is not None:
            for repository in repositories:
                async for records in self._edited_comments(repository, mark, known):
                    yield Page(records=tuple(records), direct=True, resume=before)
        yield Page(direct=True, resume=_cursor(head, project.at - OVERLAP))

    async def since(self, at: datetime) -> Cursor:
        """Return the cursor from which everything changed since *at* is read."""
        around = (await self._project.refresh()).around
        return _cursor(self._head(around.scope), at)

    def _head(self, scope: str) -> str:
        return f"{_VERSION}/{scope}/{COMMENT if COMMENT in self.types else ''}"

    async def _moved(
        self, page: Connection[ScannedItem], around: Surroundings, mark: datetime | None, known: Known
    ) -> Sequence[Record]:
        """Return the items of one page that moved, and the comments of those that are new to us."""
        seen = {ref: (item, revision) for ref, item, revision in _in_scope(page.seen, around)}
        held = await known(list(seen)) if seen else {}
        moved = {item.id for ref, (item, revision) in seen.items() if held.get(ref) != revision}
        fresh = {
            item.id
            for ref, (item, _) in seen.items()
            if COMMENT in self.types
            and ref.kind == ISSUE
            and (mark is None or item.created_at >= mark or ref not in held)
        }
        reads = dict(await self._reader.items([item.id for item, _ in seen.values() if item.id in moved - fresh]))
        whole, comments = await self._reader.items_and_comments(
            [item.id for item, _ in seen.values() if item.id in fresh]
        )
        reads |= {item: read for item, read in whole.items() if item in moved}
        return [*self.readable(reads.values()), *await only_moved(comments, known)]

    async def _edited_comments(self, repository: str, mark: datetime, known: Known) -> AsyncIterator[Sequence[Record]]:
        """Yield the comments of one repository that were written or edited since, but not those out of scope."""
        full = (await self._project.repository(repository)).name
        async for listed in self._comments.since(full, mark):
            seen = {Ref(self._api.name, COMMENT, one.node_id): comment_revision(one.updated_at) for one in listed}
            held = await known(list(seen)) if seen else {}
            reads = await self._reader.comments([ref.id for ref, revision in seen.items() if held.get(ref) != revision])
            yield [
                record
                for record in self.readable(reads.values())
                if record.ref in held or record.state is not RecordState.OUT_OF_SCOPE
            ]

    async def ids(self) -> AsyncIterator[Sequence[Ref]]:
        """Yield the refs of all live items, their comments and the iterations (if wanted), and milestones in scope."""
        project = await (self._project.refresh() if ITERATION in self.types else self._project.get())
        around = project.around
        if ITERATION in self.types:
            yield [record.ref for record in iteration_records(around, project.at.date())]
        async for page in self._sweep.pages(queries.SCAN_COMMENTS if COMMENT in self.types else queries.SCAN):
            live = [(ref, item) for ref, item, _ in _in_scope(page.seen, around) if not item.is_archived]
            yield [ref for ref, _ in live]
            for ref, item in live:
                if item.content and item.content.comments:
                    first = item.content.comments
                    comments = await self._nodes.rest("comment_ids", ref.id, "comments", first, IdNode)
                    yield [Ref(self._api.name, COMMENT, comment.id) for comment in comments.seen]
        async for records in self._milestones.all(await self._project.repository_names(), around):
            yield [record.ref for record in records]

    def readable(self, reads: Iterable[Read]) -> Iterable[Record]:
        """Yield what could be read, and warn of the rest."""
        for read in reads:
            if isinstance(read, Record):
                yield read
            else:
                log.warning("record_unreadable", connector=self._api.name, error=str(read))


def _cursor(head: str, mark: datetime | None) -> Cursor:
    return Cursor(f"{head}/{mark.isoformat(timespec='seconds') if mark else ''}")


def _mark_of(cursor: Cursor | None, head: str) -> datetime | None:
    """Return since when comments are to be listed; `None` for all of them."""
    told, _, time = (cursor or "").rpartition("/")
    try:
        return datetime.fromisoformat(time).astimezone(UTC) if told == head else None
    except ValueError:
        return None


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
