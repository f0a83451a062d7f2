"""Reading by node id: items, issues and milestones, with every nested list read to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from pydantic import BaseModel

from syncd.connectors.github import queries
from syncd.connectors.github.api import Answer, Api, error_of, parse
from syncd.connectors.github.fields import DRAFT, ISSUE_TYPE, MILESTONE
from syncd.connectors.github.payloads import (
    Connection,
    DraftNode,
    FieldValueNode,
    IdNode,
    IssueNode,
    ItemNode,
    LabelNode,
    MilestoneNode,
    UserNode,
)
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.records import (
    ISSUE,
    Surroundings,
    draft_record,
    hidden_record,
    issue_record,
    milestone_record,
)
from syncd.connectors.github.sweep import REDACTED, SeenIssue, Sweep
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, RemoteError
from syncd.model.native import Record, RecordState
from syncd.model.refs import Ref

NodeT = TypeVar("NodeT", bound=BaseModel)
Read = Record | RemoteError

POINTS: Final = 5.0
"""About what a batch of 50 costs: nine nested lists each, one point per hundred."""


class Reader:
    """Reads records of one connection by id."""

    def __init__(self, api: Api, project: ProjectCache, sweep: Sweep, *, batch: int) -> None:
        self._api = api
        self._project = project
        self._sweep = sweep
        self._batch = batch

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Read]:
        """Read each ref by its node id; an answer for every ref asked."""
        ids: dict[str, list[str]] = {}
        for ref in dict.fromkeys(refs):
            ids.setdefault(ref.kind, []).append(ref.id)
        found: dict[Ref, Read] = {}
        readers = {ISSUE: self.issues, DRAFT: self.items, MILESTONE: self.milestones}
        for kind, wanted in ids.items():
            reader = readers.get(kind)
            answers = await reader(wanted) if reader else {}
            for node_id in wanted:
                ref = Ref(self._api.name, kind, node_id)
                found[ref] = answers.get(node_id) or NotFoundError(
                    f'GitHub has no kind of record called "{kind}"', where=str(ref), fix="tell the maintainers"
                )
        return {ref: found[ref] for ref in refs}

    async def items(self, ids: Sequence[str]) -> Mapping[str, Read]:
        """Read project items by their own id, archived ones too."""
        return await self._read(queries.ITEMS, ids, DRAFT, self._item)

    async def milestones(self, ids: Sequence[str]) -> Mapping[str, Read]:
        """Read milestones by id."""
        return await self._read(queries.MILESTONES, ids, MILESTONE, self._milestone)

    async def issues(self, ids: Sequence[str]) -> Mapping[str, Read]:
        """Read issues by id, with what the project says of them; hidden ones are told from missing ones if we can."""
        found = dict(await self._read(queries.ISSUES, ids, ISSUE, self._issue))
        missing = [node_id for node_id, read in found.items() if isinstance(read, NotFoundError)]
        if not missing:
            return found
        hidden = await self._sweep.hidden()
        seen = {node_id: self._sweep.seen.issues[node_id] for node_id in missing if node_id in self._sweep.seen.issues}
        items = await self.items([issue.item for issue in seen.values()])
        for node_id in missing:
            item = items.get(seen[node_id].item) if node_id in seen else None
            if isinstance(item, Record):
                found[node_id] = self._hidden_issue(node_id, item, seen[node_id])
            elif item is None and hidden:
                found[node_id] = self._perhaps_hidden(node_id)
        return found

    def _hidden_issue(self, node_id: str, item: Record, seen: SeenIssue) -> Record:
        """Return what its item shows, under the issue's own name: a transferred issue shows as the new one."""
        if item.state is not RecordState.HIDDEN:
            return item
        ref = Ref(self._api.name, ISSUE, node_id)
        return replace(
            item, ref=ref, type=seen.type, container=seen.container, key=seen.key, aliases=(*item.aliases, item.ref)
        )

    def _perhaps_hidden(self, node_id: str) -> RemoteError:
        return ForbiddenError(
            "it is gone, or one of the project's items this account may not see",
            where=f"{self._api.name}:{ISSUE}:{node_id}",
            fix="give the account access to every repository of the project",
        )

    async def _read(
        self,
        text: str,
        ids: Sequence[str],
        kind: str,
        make: Callable[[Mapping[str, object], Surroundings, datetime], Awaitable[Record]],
    ) -> Mapping[str, Read]:
        found: dict[str, Read] = {}
        if not ids:
            return found
        around = (await self._project.get()).around
        for start in range(0, len(ids), self._batch):
            some = ids[start : start + self._batch]
            answer = await self._api.query(text, {"ids": list(some)}, where=f"{self._api.name}:{kind}", cost=POINTS)
            for index, node_id in enumerate(some):
                where = f"{self._api.name}:{kind}:{node_id}"
                try:
                    found[node_id] = await make(_node(answer, index, where), around, answer.at)
                except RemoteError as exc:
                    if isinstance(exc, RejectedError | NotFoundError | ForbiddenError):
                        found[node_id] = exc
                    else:
                        raise
        return found

    async def _item(self, node: Mapping[str, object], around: Surroundings, at: datetime) -> Record:
        where = f"{around.name}:{DRAFT}:{node.get('id')}"
        item = await self._whole_item(parse(ItemNode, node, where))
        content = node.get("content")
        if item.type == REDACTED or not isinstance(content, Mapping):
            return hidden_record(item, around=around)
        match content.get("__typename"):
            case "DraftIssue":
                draft = parse(DraftNode, content, where)
                people = await self._rest("draft_assignees", draft.id, "assignees", draft.assignees, UserNode)
                self._sweep.seen.draft_of[item.id] = draft.id
                return draft_record(draft.model_copy(update={"assignees": people}), item, around=around, read_at=at)
            case "Issue":
                issue = await self._whole_issue(parse(IssueNode, content, where))
                self._remember(issue, item)
                return issue_record(issue, item, around=around, read_at=at)
            case other:
                raise RejectedError(f"it holds a {other}, which syncd leaves alone", where=where, fix="nothing to do")

    async def _issue(self, node: Mapping[str, object], around: Surroundings, at: datetime) -> Record:
        where = f"{around.name}:{ISSUE}:{node.get('id')}"
        issue = await self._whole_issue(parse(IssueNode, node, where))
        item = await self._project_item(issue, around.project_id)
        if item:
            self._remember(issue, item)
        return issue_record(issue, item, around=around, read_at=at)

    def _remember(self, issue: IssueNode, item: ItemNode) -> None:
        repository = issue.repository.name_with_owner
        self._sweep.seen.issues[issue.id] = SeenIssue(
            item=item.id,
            container=repository,
            key=f"{repository}#{issue.number}",
            type=issue.issue_type.name if issue.issue_type else ISSUE_TYPE,
        )

    async def _milestone(self, node: Mapping[str, object], around: Surroundings, at: datetime) -> Record:
        milestone = parse(MilestoneNode, node, f"{around.name}:{MILESTONE}:{node.get('id')}")
        return milestone_record(milestone, around=around, read_at=at)

    async def _project_item(self, issue: IssueNode, project_id: str) -> ItemNode | None:
        """Return the issue's item in our project, looking past the first page of its projects if need be."""
        items = issue.project_items or Connection[ItemNode]()
        mine = _of_project(items.seen, project_id)
        if mine is None and items.page_info.has_next_page:
            items = await self._rest("project_items", issue.id, "projectItems", items, ItemNode)
            mine = _of_project(items.seen, project_id)
        return await self._whole_item(mine) if mine else None

    async def _whole_item(self, item: ItemNode) -> ItemNode:
        values = await self._rest("field_values", item.id, "fieldValues", item.field_values, FieldValueNode)
        return item.model_copy(update={"field_values": values})

    async def _whole_issue(self, issue: IssueNode) -> IssueNode:
        labels = issue.labels or Connection[LabelNode]()
        people = await self._rest("issue_assignees", issue.id, "assignees", issue.assignees, UserNode)
        blockers = await self._rest("blocked_by", issue.id, "blockedBy", issue.blocked_by, IdNode)
        return issue.model_copy(
            update={
                "assignees": people,
                "labels": await self._rest("labels", issue.id, "labels", labels, LabelNode),
                "blocked_by": blockers.model_copy(update={"total_count": issue.blocked_by.total_count}),
            }
        )

    async def _rest(
        self, key: str, node_id: str, name: str, first: Connection[NodeT], kind: type[NodeT]
    ) -> Connection[NodeT]:
        """Return a nested list whole: cutting it short would read as somebody's removal."""
        if not first.page_info.has_next_page:
            return first
        nodes: list[NodeT | None] = []
        pages = self._api.pages(
            queries.MORE[key], {"id": node_id}, path=("node", name), node=kind, where=f"{self._api.name} {node_id}"
        )
        async for _, page in pages:
            nodes += page.nodes
        return Connection[kind](nodes=tuple(nodes))  # type: ignore[valid-type]


def _of_project(items: Iterable[ItemNode], project_id: str) -> ItemNode | None:
    return next((item for item in items if item.project and item.project.id == project_id), None)


def _node(answer: Answer, index: int, where: str) -> Mapping[str, object]:
    """
    Return one node of a batch.

    An error anywhere inside it counts against the whole node: a part that is
    null for want of permission must not read as empty.
    """
    nodes = answer.data.get("nodes")
    node = nodes[index] if isinstance(nodes, list) and index < len(nodes) else None
    problem = answer.problem_at("nodes", index) or (answer.errors[0] if answer.errors and nodes is None else None)
    if problem:
        raise error_of(problem, where=where, is_write=False)
    if not isinstance(node, Mapping) or not node.get("id"):
        raise NotFoundError(
            "not there, or hidden from this account", where=where, fix="check that it exists and may be seen"
        )
    return node
