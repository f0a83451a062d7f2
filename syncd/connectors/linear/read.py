"""Reading by id, archived and trashed records too, with every nested list read to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel

from syncd.connectors.linear import families, queries
from syncd.connectors.linear.api import Api, dig, parse
from syncd.connectors.linear.catalog import Around, Catalog
from syncd.connectors.linear.families import FAMILIES, ISSUE, PROJECT
from syncd.connectors.linear.identity import is_uuid
from syncd.connectors.linear.nodes import CommentNode, CycleNode, InitiativeNode, IssueNode, MilestoneNode, ProjectNode
from syncd.connectors.linear.payloads import Connection, MembershipNode, RelationNode, TeamKeyNode, UserNode
from syncd.connectors.linear.records import (
    comment_record,
    cycle_record,
    initiative_record,
    issue_record,
    milestone_record,
    project_record,
)
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, RemoteError
from syncd.model.native import Record
from syncd.model.refs import Ref

NodeT = TypeVar("NodeT", bound=BaseModel)
Read = Record | RemoteError


class Reader:
    """Reads records of one connection by id."""

    def __init__(self, api: Api, catalog: Catalog, *, batch: int) -> None:
        self._api = api
        self._catalog = catalog
        self._batch = batch

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Read]:
        """Read each ref by its id; an answer for every ref asked."""
        found: dict[Ref, Read] = {}
        by_kind: dict[str, list[str]] = {}
        for ref in dict.fromkeys(refs):
            if ref.kind in FAMILIES and is_uuid(ref.id):
                by_kind.setdefault(ref.kind, []).append(ref.id)
            else:
                found[ref] = NotFoundError(
                    f'Linear has no {ref.kind} "{ref.id}"', where=str(ref), fix="nothing to do: it never was there"
                )
        for kind, ids in by_kind.items():
            for start in range(0, len(ids), self._batch):
                found |= await self._portion(kind, ids[start : start + self._batch])
        return {ref: found[ref] for ref in refs}

    async def _portion(self, kind: str, ids: Sequence[str]) -> Mapping[Ref, Read]:
        """Read some of one kind together; what the list leaves out is asked for by itself, to learn why."""
        around = await self._catalog.around()
        refs = {node_id: Ref(self._api.name, kind, node_id) for node_id in ids}
        answer = await self._api.ask(
            queries.READ[kind],
            {"ids": list(ids), "first": len(ids)},
            where=f"{self._api.name}:{kind}",
            points=FAMILIES[kind].points * len(ids) + 1,
        )
        nodes = dig(answer.data, ["nodes", "nodes"], f"{self._api.name}:{kind}")
        found: dict[Ref, Read] = {}
        for node in nodes if isinstance(nodes, list) else ():
            node_id = node.get("id") if isinstance(node, Mapping) else None
            if node_id in refs:
                found[refs[node_id]] = await self._safely(refs[node_id], node, around, answer.at)
        for ref in refs.values():
            if ref not in found:
                found[ref] = await self._alone(ref, around)
        return found

    async def _alone(self, ref: Ref, around: Around) -> Read:
        try:
            answer = await self._api.ask(
                queries.ONE[ref.kind], {"id": ref.id}, where=str(ref), points=FAMILIES[ref.kind].points
            )
            node = dig(answer.data, ["node"], str(ref))
        except (NotFoundError, ForbiddenError, RejectedError) as exc:
            return exc
        return await self._safely(ref, node, around, answer.at)

    async def _safely(self, ref: Ref, node: object, around: Around, at: datetime) -> Read:
        try:
            return await self._record(ref, node, around, at)
        except (NotFoundError, ForbiddenError, RejectedError) as exc:
            return exc

    async def _record(self, ref: Ref, node: object, around: Around, at: datetime) -> Record:
        where = str(ref)
        match ref.kind:
            case families.ISSUE:
                return await self._issue(parse(IssueNode, node, where), around, at)
            case families.PROJECT:
                return await self._project(parse(ProjectNode, node, where), around, at)
            case families.INITIATIVE:
                return initiative_record(parse(InitiativeNode, node, where), around=around, read_at=at)
            case families.MILESTONE:
                return milestone_record(parse(MilestoneNode, node, where), around=around, read_at=at)
            case families.ITERATION:
                return cycle_record(parse(CycleNode, node, where), around=around, read_at=at)
            case _:
                record = comment_record(parse(CommentNode, node, where), around=around, read_at=at)
        if record is None:
            raise RejectedError("it is on no issue, project or initiative", where=where, fix="nothing to do")
        return record

    async def _issue(self, issue: IssueNode, around: Around, at: datetime) -> Record:
        relations = await self._rest("inverseRelations", issue.id, issue.inverse_relations, RelationNode)
        whole = issue.model_copy(update={"inverse_relations": relations})
        labels = await self._catalog.labels_with(ISSUE, issue.label_ids) if issue.label_ids else {}
        return issue_record(whole, around=around, labels=labels, read_at=at)

    async def _project(self, project: ProjectNode, around: Around, at: datetime) -> Record:
        memberships = project.initiative_to_projects
        whole = project.model_copy(
            update={
                "teams": await self._rest("teams", project.id, project.teams, TeamKeyNode),
                "members": await self._rest("members", project.id, project.members, UserNode),
                "initiative_to_projects": await self._rest(
                    "initiativeToProjects", project.id, memberships, MembershipNode
                ),
            }
        )
        labels = await self._catalog.labels_with(PROJECT, project.label_ids) if project.label_ids else {}
        return project_record(whole, around=around, labels=labels, read_at=at)

    async def _rest(self, field: str, node_id: str, first: Connection[NodeT], kind: type[NodeT]) -> Connection[NodeT]:
        """Return a nested list whole: cutting it short would read as somebody's removal."""
        if not first.page_info.has_next_page:
            return first
        nodes = list(first.nodes)
        pages = self._api.pages(
            queries.MORE[field],
            {"id": node_id},
            path=["node", field],
            node=kind,
            where=f"{self._api.name} {node_id}",
            node_points=queries.EDGE_POINTS,
            size=queries.MORE_PAGE,
            after=first.page_info.end_cursor,
        )
        async for page in pages:
            nodes += page.nodes
        return Connection[kind](nodes=tuple(nodes))  # type: ignore[valid-type]
