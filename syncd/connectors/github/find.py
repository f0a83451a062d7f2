"""What we created and never heard of again, by the marks in the lists and never by the search index."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from pydantic import BaseModel

from syncd.connectors._graphql import Payload
from syncd.connectors.github import queries
from syncd.connectors.github.api import Answer, Api
from syncd.connectors.github.comments import CommentList
from syncd.connectors.github.fields import COMMENT, DRAFT, MILESTONE
from syncd.connectors.github.marker import split_body
from syncd.connectors.github.milestones import MilestoneList
from syncd.connectors.github.payloads import Connection
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.read import Reader
from syncd.connectors.github.records import ISSUE
from syncd.connectors.protocol import CreateKey
from syncd.model.native import Record
from syncd.model.refs import EntityId, Ref

LOOK_BACK: Final = timedelta(minutes=5)
"""How far before a create was sent we look for it: more than two clocks differ."""

NodeT = TypeVar("NodeT", bound=BaseModel)


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


class Finder:
    """Finds what carries our marks in one connection."""

    def __init__(self, api: Api, project: ProjectCache, reader: Reader) -> None:
        self._api = api
        self._project = project
        self._reader = reader
        self._milestones = MilestoneList(api, project)
        self._comments = CommentList(api)

    async def find_created(self, keys: Sequence[CreateKey]) -> Mapping[EntityId, Sequence[Record]]:
        """Return the records carrying each marker in its container, oldest first, by lists and never by the index."""
        places: dict[tuple[str, str], list[CreateKey]] = {}
        for key in keys:
            kind = key.type if key.type in {COMMENT, DRAFT, MILESTONE} else ISSUE
            places.setdefault((kind, key.container), []).append(key)
        found: dict[EntityId, list[Record]] = {}
        for (kind, container), wanted in places.items():
            since = min(key.sent_at for key in wanted) - LOOK_BACK
            refs = await self._marked(kind, container, since, frozenset(key.marker for key in wanted))
            reads = await self._reader.read_many(refs)
            for read in reads.values():
                for key in wanted:
                    if isinstance(read, Record) and _answers(read, key):
                        found.setdefault(key.marker, []).append(read)
        return {marker: sorted(records, key=_age) for marker, records in found.items()}

    async def _marked(self, kind: str, container: str, since: datetime, markers: frozenset[EntityId]) -> Sequence[Ref]:
        """Return the refs of what carries one of *markers* in that container."""
        if kind == MILESTONE:
            around = (await self._project.get()).around
            listed = [record async for records in self._milestones.pages(container, around) for record in records]
            return [record.ref for record in listed if record.marker in markers]
        if kind == COMMENT:
            full = (await self._project.repository(container)).name
            comments = [comment async for page in self._comments.since(full, since) for comment in page]
            return [
                Ref(self._api.name, COMMENT, comment.node_id)
                for comment in comments
                if split_body(comment.body).marker in markers
            ]
        found: list[Ref] = []
        if kind == DRAFT:
            project = await self._project.get()
            variables: dict[str, object] = {"project": project.node.id}
            async for _, page in self._list(queries.DRAFTS, variables, ("node", "items"), _DraftItem):
                found += [
                    Ref(self._api.name, DRAFT, item.id)
                    for item in page.seen
                    if item.content and split_body(item.content.body).marker in markers
                ]
            return found
        variables = {**await self._project.owner_and_name(container), "since": since.strftime("%Y-%m-%dT%H:%M:%SZ")}
        async for _, issues in self._list(queries.ISSUES_SINCE, variables, ("repository", "issues"), _Body):
            found += [
                Ref(self._api.name, ISSUE, issue.id)
                for issue in issues.seen
                if split_body(issue.body).marker in markers
            ]
        return found

    def _list(
        self, text: str, variables: Mapping[str, object], path: Sequence[str], node: type[NodeT]
    ) -> AsyncIterator[tuple[Answer, Connection[NodeT]]]:
        place = variables.get("name", "scope.project")
        return self._api.pages(text, variables, path=path, node=node, where=f"{self._api.name} {place}")

    async def _owner_and_name(self, repository: str) -> dict[str, object]:
        full = (await self._project.repository(repository)).name
        owner, _, name = full.partition("/")
        return {"owner": owner, "name": name}


def _answers(record: Record, key: CreateKey) -> bool:
    """Tell whether a record is what *key* looks for: a comment quoted elsewhere carries its marker there too."""
    parent = key.fields.get("parent")
    return record.marker == key.marker and (key.type != COMMENT or parent in {None, record.fields.get("parent")})


def _age(record: Record) -> tuple[float, str]:
    return (record.created_at.timestamp() if record.created_at else 0.0, record.ref.id)
