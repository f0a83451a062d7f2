"""Reading by node id: items, issues and milestones, with every nested list read to its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from syncd.connectors.github import queries
from syncd.connectors.github.api import Api, parse
from syncd.connectors.github.fields import COMMENT, DRAFT, ISSUE_TYPE, ITERATION, MILESTONE
from syncd.connectors.github.footers import Footers
from syncd.connectors.github.iterations import iteration_of, iteration_records
from syncd.connectors.github.marker import split_body
from syncd.connectors.github.nodes import Nodes, Read
from syncd.connectors.github.payloads import (
    CommentedIssue,
    CommentNode,
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
    Commented,
    Surroundings,
    comment_record,
    draft_record,
    hidden_record,
    issue_record,
    item_state,
    milestone_record,
)
from syncd.connectors.github.sweep import REDACTED, SeenIssue, Sweep
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, RemoteError
from syncd.model.native import Record, RecordState
from syncd.model.refs import Ref


class Reader:
    """Reads records of one connection by id."""

    def __init__(self, api: Api, project: ProjectCache, nodes: Nodes, sweep: Sweep, footers: Footers) -> None:
        self._api = api
        self._footers = footers
        self._project = project
        self._nodes = nodes
        self._sweep = sweep

    async def read_many(self, refs: Sequence[Ref]) -> Mapping[Ref, Read]:
        """Read each ref by its node id; an answer for every ref asked."""
        ids: dict[str, list[str]] = {}
        for ref in dict.fromkeys(refs):
            ids.setdefault(ref.kind, []).append(ref.id)
        found: dict[Ref, Read] = {}
        readers = {
            ISSUE: self.issues,
            DRAFT: self.items,
            MILESTONE: self.milestones,
            COMMENT: self.comments,
            ITERATION: self.iterations,
        }
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
        return await self._nodes.read(queries.ITEMS, ids, DRAFT, self._item)

    async def items_and_comments(self, ids: Sequence[str]) -> tuple[Mapping[str, Read], Sequence[Record]]:
        """Read project items by their own id, and all comments of the issues among them."""
        found: list[Record] = []

        async def make(node: Mapping[str, object], around: Surroundings, at: datetime) -> Record:
            record = await self._item(node, around, at)
            content = node.get("content")
            if record.ref.kind == ISSUE and isinstance(content, Mapping):
                found.extend(await self._comments_below(content, record, around, at))
            return record

        return await self._nodes.read(queries.ITEMS_AND_COMMENTS, ids, DRAFT, make), found

    async def milestones(self, ids: Sequence[str]) -> Mapping[str, Read]:
        """Read milestones by id."""
        return await self._nodes.read(queries.MILESTONES, ids, MILESTONE, self._milestone)

    async def issues(self, ids: Sequence[str]) -> Mapping[str, Read]:
        """Read issues by id, with what the project says of them; hidden ones are told from missing ones if we can."""
        found = dict(await self._nodes.read(queries.ISSUES, ids, ISSUE, self._issue))
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
                found[node_id] = self._perhaps_hidden(ISSUE, node_id)
        return found

    async def iterations(self, ids: Sequence[str]) -> Mapping[str, Read]:
        """Read iterations, all of them in the one request that reads the project's fields."""
        project = await self._project.refresh()
        records = iteration_records(project.around, project.at.date())
        refs = [Ref(self._api.name, ITERATION, ref_id) for ref_id in ids]
        return {
            ref.id: iteration_of(records, ref)
            or NotFoundError("the field has no such iteration any more", where=str(ref), fix="nothing to do")
            for ref in refs
        }

    async def comments(self, ids: Sequence[str]) -> Mapping[str, Read]:
        """Read comments by id; one of a hidden issue is told from one that is gone if we can."""
        found = dict(await self._nodes.read(queries.COMMENTS, ids, COMMENT, self._comment))
        missing = [node_id for node_id, read in found.items() if isinstance(read, NotFoundError)]
        if not missing:
            return found
        hidden = await self._sweep.hidden()
        below = {node_id: self._sweep.seen.commented.get(node_id) for node_id in missing}
        above = await self.issues(list(dict.fromkeys(issue for issue in below.values() if issue)))
        for node_id, issue in below.items():
            parent = above.get(issue) if issue else None
            unsure = parent is None and bool(hidden)
            if unsure or isinstance(parent, ForbiddenError) or _is_hidden(parent):
                found[node_id] = self._perhaps_hidden(COMMENT, node_id)
        return found

    def _hidden_issue(self, node_id: str, item: Record, seen: SeenIssue) -> Record:
        """Return what its item shows, under the issue's own name: a transferred issue shows as the new one."""
        if item.state is not RecordState.HIDDEN:
            return item
        ref = Ref(self._api.name, ISSUE, node_id)
        return replace(
            item, ref=ref, type=seen.type, container=seen.container, key=seen.key, aliases=(*item.aliases, item.ref)
        )

    def _perhaps_hidden(self, kind: str, node_id: str) -> RemoteError:
        return ForbiddenError(
            "it is gone, or one of the project's items this account may not see",
            where=f"{self._api.name}:{kind}:{node_id}",
            fix="give the account access to every repository of the project",
        )

    async def _item(self, node: Mapping[str, object], around: Surroundings, at: datetime) -> Record:
        where = f"{around.name}:{DRAFT}:{node.get('id')}"
        item = await self._whole_item(parse(ItemNode, node, where))
        if item.project and item.project.id != around.project_id:  # a webhook of the organisation named it
            raise NotFoundError("it belongs to another project", where=where, fix="nothing to do: it is not in scope")
        content = node.get("content")
        if item.type == REDACTED or not isinstance(content, Mapping):
            return hidden_record(item, around=around)
        match content.get("__typename"):
            case "DraftIssue":
                draft = parse(DraftNode, content, where)
                people = await self._nodes.rest("draft_assignees", draft.id, "assignees", draft.assignees, UserNode)
                self._sweep.seen.draft_of[item.id] = draft.id
                self._footers.note(item.id, split_body(draft.body).footer)
                return draft_record(draft.model_copy(update={"assignees": people}), item, around=around, read_at=at)
            case "Issue":
                issue = await self._whole_issue(parse(IssueNode, content, where))
                self._remember(issue, item)
                self._footers.note(issue.id, split_body(issue.body).footer)
                return issue_record(issue, item, around=around, read_at=at)
            case other:
                raise RejectedError(f"it holds a {other}, which syncd leaves alone", where=where, fix="nothing to do")

    async def _issue(self, node: Mapping[str, object], around: Surroundings, at: datetime) -> Record:
        where = f"{around.name}:{ISSUE}:{node.get('id')}"
        issue = await self._whole_issue(parse(IssueNode, node, where))
        mine = await self._project_item(issue, around.project_id)
        item = await self._whole_item(mine) if mine else None
        if item:
            self._remember(issue, item)
        self._footers.note(issue.id, split_body(issue.body).footer)
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

    async def _comments_below(
        self, node: Mapping[str, object], issue: Record, around: Surroundings, at: datetime
    ) -> Sequence[Record]:
        """Return all comments of an issue just read, given the node it came in."""
        first = parse(Connection[CommentNode], node.get("comments"), f"{issue.ref} comments")
        comments = await self._nodes.rest("comments", issue.ref.id, "comments", first, CommentNode)
        about = Commented(id=issue.ref.id, key=issue.key, container=issue.container, state=issue.state)
        return [self._comment_of(comment, about, around, at) for comment in comments.seen]

    async def _comment(self, node: Mapping[str, object], around: Surroundings, at: datetime) -> Record:
        where = f"{around.name}:{COMMENT}:{node.get('id')}"
        issue = parse(CommentedIssue, node.get("issue"), where)
        item = await self._project_item(issue, around.project_id)
        repository = issue.repository.name_with_owner
        about = Commented(
            id=issue.id,
            key=f"{repository}#{issue.number}",
            container=repository,
            state=item_state(item, in_scope=around.covers(repository)),
        )
        return self._comment_of(parse(CommentNode, node, where), about, around, at)

    def _comment_of(self, comment: CommentNode, about: Commented, around: Surroundings, at: datetime) -> Record:
        self._sweep.seen.commented[comment.id] = about.id
        return comment_record(comment, about, around=around, read_at=at)

    async def _project_item(self, issue: IssueNode | CommentedIssue, project_id: str) -> ItemNode | None:
        """Return the item in our project, looking past the first page of the issue's projects if need be."""
        items = issue.project_items or Connection[ItemNode]()
        mine = _of_project(items.seen, project_id)
        if mine is None and items.page_info.has_next_page:
            items = await self._nodes.rest("project_items", issue.id, "projectItems", items, ItemNode)
            mine = _of_project(items.seen, project_id)
        return mine

    async def _whole_item(self, item: ItemNode) -> ItemNode:
        values = await self._nodes.rest("field_values", item.id, "fieldValues", item.field_values, FieldValueNode)
        return item.model_copy(update={"field_values": values})

    async def _whole_issue(self, issue: IssueNode) -> IssueNode:
        labels = issue.labels or Connection[LabelNode]()
        people = await self._nodes.rest("issue_assignees", issue.id, "assignees", issue.assignees, UserNode)
        blockers = await self._nodes.rest("blocked_by", issue.id, "blockedBy", issue.blocked_by, IdNode)
        return issue.model_copy(
            update={
                "assignees": people,
                "labels": await self._nodes.rest("labels", issue.id, "labels", labels, LabelNode),
                "blocked_by": blockers.model_copy(update={"total_count": issue.blocked_by.total_count}),
            }
        )


def _of_project(items: Iterable[ItemNode], project_id: str) -> ItemNode | None:
    return next((item for item in items if item.project and item.project.id == project_id), None)


def _is_hidden(read: Read | None) -> bool:
    return isinstance(read, Record) and read.state is RecordState.HIDDEN
