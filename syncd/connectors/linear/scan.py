"""
What changed, what exists, and what we created: cheap lists first, then reads by id of what moved.

The first request of a scan looks at the newest of everything at once; where
nothing moved it is the only one. Lists are bounded below by `updatedAt`, which
reaches back by an overlap, and come in the order of creation: an edit while we
page moves nothing in them, and has a later `updatedAt` than the scan's start.

What ties two records together (relations, memberships of initiatives) is not
promised to move either's `updatedAt`, so every `reread_s` a scan lists
everything and all ties. Sources: contracts/linear/schema.graphql (lists,
filters, orders), 2026-07-22; vendor-facts section 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from pydantic import AwareDatetime

from syncd.connectors._mark import ScanMark, read_cursor
from syncd.connectors.linear import queries
from syncd.connectors.linear.api import Api, dig, parse
from syncd.connectors.linear.catalog import Around, Catalog, project_filter
from syncd.connectors.linear.families import COMMENT, FAMILIES, INITIATIVE, ISSUE, ITERATION, MILESTONE, PROJECT
from syncd.connectors.linear.identity import marked_id
from syncd.connectors.linear.payloads import Connection, SeenNode
from syncd.connectors.linear.queries import LOOK_PAGE
from syncd.connectors.linear.read import Reader
from syncd.connectors.linear.records import cycle_state, digest, revision_head
from syncd.connectors.linear.settings import LinearScope, LinearSettings
from syncd.connectors.linear.ties import Ties, read_ties
from syncd.connectors.protocol import CreateKey, Known, Page
from syncd.errors import NotFoundError, RejectedError
from syncd.model.native import Record, RecordState
from syncd.model.refs import Cursor, EntityId, Ref, Revision

UNSETTLED: Final = "~"
MILESTONES_OF: Final = 50
"""How many moved projects have their milestones looked at in one request: these live under the project's name."""

log = structlog.get_logger()


class Mark(ScanMark):
    """Where a scan stands. While *started* is set it is under way, in the list of *kind* after *after*."""

    since: AwareDatetime | None = None
    """Everything changed before this was read."""
    full_at: AwareDatetime | None = None
    """When the last look at everything began."""
    started: AwareDatetime | None = None
    full: bool = False
    kind: str = ""
    after: str | None = None

    def begun(self, now: datetime, reread_s: float) -> Mark:
        """Return the mark of a fresh scan, of everything when that is due."""
        full = self.since is None or self.full_at is None or now - self.full_at >= timedelta(seconds=reread_s)
        return self.model_copy(update={"started": now, "full": full, "kind": "", "after": None})

    def ended(self) -> Mark:
        """Return the mark of a scan that is through."""
        return Mark(query=self.query, since=self.started, full_at=self.started if self.full else self.full_at)


class Scanner:
    """Lists the records of one connection."""

    def __init__(self, api: Api, catalog: Catalog, reader: Reader, settings: LinearSettings) -> None:
        self._api = api
        self._catalog = catalog
        self._reader = reader
        self._settings = settings

    async def changes(self, since: Cursor | None, known: Known, types: frozenset[str]) -> AsyncIterator[Page]:
        """Yield what is not known in its present revision, parents before what hangs on them."""
        around = await self._catalog.around()
        kinds = kinds_of(self._settings.scope, types)
        mark = self._read_mark(since, around, kinds)
        looked: Mapping[str, Connection[SeenNode]] = {}
        if mark.started is None:
            mark = mark.begun(self._api.world.now(), self._settings.options.reread_s)
            if mark.full:
                self._catalog.forget()
            at, looked = await self._look(kinds, mark)
            mark = mark.model_copy(update={"started": min(at, mark.started or at)})  # by the slower of both clocks
        ties = await read_ties(self._api, kinds) if mark.full else None
        try:
            async for page in self._walk(kinds, mark, looked, known, ties):
                yield page
        except RejectedError:
            if mark.after is None:
                raise
            # The place in the list is no more (its record was deleted for good): this list from its beginning.
            restarted = mark.model_copy(update={"after": None})
            async for page in self._walk(kinds, restarted, {}, known, ties):
                yield page

    async def since(self, at: datetime, types: frozenset[str]) -> Cursor:
        """Return the cursor from which everything changed since *at* is read."""
        mark = self._read_mark(None, await self._catalog.around(), kinds_of(self._settings.scope, types))
        return mark.model_copy(update={"since": at, "full_at": self._api.world.now()}).as_cursor()

    async def ids(self, types: frozenset[str]) -> AsyncIterator[Sequence[Ref]]:
        """Yield the refs of everything in scope, archived records too."""
        for kind in kinds_of(self._settings.scope, types):
            async for page in self._list(kind, self._filter(kind, None), None):
                yield [Ref(self._api.name, kind, node.id) for node in page.nodes if _has_home(kind, node)]

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Return the record each create would have made: its id follows from the marker and the place."""
        wanted = {
            key.marker: Ref(self._api.name, key.type, marked_id(key.marker, f"{key.type} {key.container}"))
            for key in keys
        }
        reads = await self._reader.read_many(list(wanted.values()))
        found: dict[EntityId, Sequence[Record]] = {}
        for marker, ref in wanted.items():
            read = reads[ref]
            if isinstance(read, Record):
                found[marker] = (read,)
            elif not isinstance(read, NotFoundError):
                raise read
        return found

    async def _walk(
        self,
        kinds: Sequence[str],
        mark: Mark,
        looked: Mapping[str, Connection[SeenNode]],
        known: Known,
        ties: Ties | None,
    ) -> AsyncIterator[Page]:
        """Yield the changed records of every list from where *mark* stands, and the end of the scan."""
        start = kinds.index(mark.kind) if mark.kind in kinds else 0
        for kind in kinds[start:]:
            after = mark.after if kind == mark.kind else None
            async for seen in self._seen(kind, mark, after, looked.get(kind)):
                records = await self._moved(kind, seen.nodes, known, ties)
                here = mark.model_copy(update={"kind": kind, "after": seen.page_info.end_cursor or after})
                yield Page(records=records, direct=True, resume=here.as_cursor())
                if kind == PROJECT and records and MILESTONE in kinds:
                    below = await self._milestones_of(records, known)
                    yield Page(records=below, direct=True, resume=here.as_cursor())
        yield Page(resume=mark.ended().as_cursor())

    async def _seen(
        self, kind: str, mark: Mark, after: str | None, first: Connection[SeenNode] | None
    ) -> AsyncIterator[Connection[SeenNode]]:
        """Yield the pages of one list; the first may have been looked at already."""
        if first is not None:
            yield first
            if not first.page_info.has_next_page:
                return
            after = first.page_info.end_cursor
        async for page in self._list(kind, self._filter(kind, self._bound(mark)), after):
            yield page

    async def _look(self, kinds: Sequence[str], mark: Mark) -> tuple[datetime, Mapping[str, Connection[SeenNode]]]:
        """Return the first page of every list, all in one request, and when Linear answered."""
        where = f"{self._api.name} scope"
        variables = {f"filter_{kind}": self._filter(kind, self._bound(mark)) for kind in kinds}
        points = sum(FAMILIES[kind].seen_points * LOOK_PAGE + 1 for kind in kinds)
        answer = await self._api.ask(queries.look(kinds), variables, where=where, points=points)
        lists = {kind: parse(Connection[SeenNode], dig(answer.data, [kind], where), where) for kind in kinds}
        return answer.at, lists

    def _list(
        self, kind: str, condition: Mapping[str, object], after: str | None
    ) -> AsyncIterator[Connection[SeenNode]]:
        return self._api.pages(
            queries.listing(kind),
            {"filter": condition},
            path=[kind],
            node=SeenNode,
            where=f"{self._api.name}:{kind}",
            node_points=FAMILIES[kind].seen_points,
            size=self._settings.options.list_page,
            after=after,
        )

    async def _moved(self, kind: str, nodes: Iterable[SeenNode], known: Known, ties: Ties | None) -> tuple[Record, ...]:
        """Read those that are not known as they are now; what is out of scope is passed over unless it is known."""
        around = await self._catalog.around()
        seen = {Ref(self._api.name, kind, node.id): node for node in nodes if _has_home(kind, node)}
        held = await known(list(seen)) if seen else {}
        moved = [ref for ref, node in seen.items() if await self._has_moved(around, kind, node, held.get(ref), ties)]
        return await self._readable(moved, held)

    async def _has_moved(
        self, around: Around, kind: str, node: SeenNode, held: Revision | None, ties: Ties | None
    ) -> bool:
        if held is None:
            return True
        head = revision_head(around, node.updated_at)
        if not held.startswith(head) or held.endswith(UNSETTLED):
            return True
        rest = await self._rest_of(around, kind, node, ties)
        return rest is not None and held != f"{head}{rest}"

    async def _rest_of(self, around: Around, kind: str, node: SeenNode, ties: Ties | None) -> str | None:
        """Return what a revision holds besides the time, as far as the lists tell; `None` where they do not."""
        if kind == ITERATION:
            return cycle_state(completed=node.completed_at is not None, active=node.is_active, past=node.is_past)
        if ties is None:
            return None
        if kind == ISSUE:
            return digest(ties.blockers.get(node.id, ()))
        if kind == PROJECT:
            return digest(ties.initiatives.get(node.id, ()))
        if kind == MILESTONE and node.project:
            place = (await self._catalog.places()).get(node.project.id)
            return digest([around.place_of(place)]) if place else None
        return ""

    async def _milestones_of(self, projects: Sequence[Record], known: Known) -> tuple[Record, ...]:
        """Return the milestones of projects that moved: they live under the project's name, which may be new."""
        refs: list[Ref] = []
        for start in range(0, len(projects), MILESTONES_OF):
            ids = [record.ref.id for record in projects[start : start + MILESTONES_OF]]
            async for page in self._list(MILESTONE, {"project": {"id": {"in": ids}}}, None):
                refs += [Ref(self._api.name, MILESTONE, node.id) for node in page.nodes]
        held = await known(refs) if refs else {}
        mine = [ref for ref in refs if ref in held]  # a new one comes in its own list
        return tuple(record for record in await self._readable(mine, held) if record.revision != held[record.ref])

    async def _readable(self, refs: Sequence[Ref], held: Mapping[Ref, Revision]) -> tuple[Record, ...]:
        records: list[Record] = []
        for read in (await self._reader.read_many(refs)).values() if refs else ():
            if not isinstance(read, Record):
                log.warning("record_unreadable", connector=self._api.name, error=str(read))
            elif read.state is not RecordState.OUT_OF_SCOPE or read.ref in held:
                records.append(read)
        return tuple(records)

    def _bound(self, mark: Mark) -> datetime | None:
        if mark.full or mark.since is None:
            return None
        return mark.since - timedelta(seconds=self._settings.options.overlap_s)

    def _filter(self, kind: str, since: datetime | None) -> dict[str, object]:
        """Return the filter of one list: what is in scope, and changed since then."""
        found = _scope_filter(kind, self._settings.scope)
        if since is None:
            return found
        moment = since.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        changed: dict[str, object] = {"updatedAt": {"gte": f"{moment}Z"}}
        if kind == ITERATION:  # time alone makes a cycle active or past, and touches nothing
            changed = {"or": [changed, {"isActive": {"eq": True}}, {"isPrevious": {"eq": True}}]}
        return found | changed

    def _read_mark(self, cursor: Cursor | None, around: Around, kinds: Sequence[str]) -> Mark:
        """Return the mark in a cursor; the beginning when it is of another query, scope or format."""
        text = "\n".join([around.stamp, *around.scope.keys, *kinds])
        return read_cursor(cursor, Mark(query=hashlib.sha256(text.encode()).hexdigest()[:16]))


def kinds_of(scope: LinearScope, types: frozenset[str]) -> tuple[str, ...]:
    """Return the kinds that are read, parents first; comments and cycles only when they are in focus."""
    wanted = {ISSUE, *({PROJECT, MILESTONE} if scope.projects else ()), *({INITIATIVE} if scope.initiatives else ())}
    if types:
        wanted &= types
    wanted |= {COMMENT, ITERATION} & types
    return tuple(kind for kind in FAMILIES if kind in wanted)


def _scope_filter(kind: str, scope: LinearScope) -> dict[str, object]:
    team = {"team": {"key": {"in": list(scope.keys)}}}
    if kind in {ISSUE, ITERATION}:
        return dict(team)
    if kind == PROJECT:
        return project_filter(scope)
    if kind == MILESTONE:
        return {"project": project_filter(scope)}
    if kind == COMMENT:
        return {"or": [{"issue": team}, {"issue": {"null": True}}]}
    return {}


def _has_home(kind: str, node: SeenNode) -> bool:
    """Tell whether it is anything of ours: comments hang on documents and updates, too."""
    return kind != COMMENT or any((node.issue, node.project, node.initiative))
