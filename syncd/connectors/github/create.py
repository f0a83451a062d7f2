"""Making new issues, drafts and milestones: one request each that makes something, then the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from syncd.connectors.github import queries
from syncd.connectors.github.api import Api, dig
from syncd.connectors.github.fields import COMMENT, DRAFT, ISSUE_TYPE, ITERATION, MILESTONE, OPEN
from syncd.connectors.github.labels import label_ids
from syncd.connectors.github.marker import join_body
from syncd.connectors.github.milestones import create_milestone
from syncd.connectors.github.project import ProjectCache, Repository
from syncd.connectors.github.records import ISSUE
from syncd.connectors.github.run import Job, Runner, outcome_of
from syncd.connectors.github.steps import Target, issue_id, plan_steps
from syncd.connectors.protocol import Create
from syncd.errors import NotFoundError, OutcomeUnknownError, RejectedError, RemoteError
from syncd.model.native import Choice, Choices, Native, People, RichText, Text
from syncd.model.refs import Ref

ADD_ATTEMPTS: Final = 3
"""Adding an issue to a project answers with the item that is there already, so it may be repeated."""
NO_ITERATIONS: Final = "iterations are only read: writing one would give all of its field new ids"
IN_SETTINGS: Final = "edit the field in the project's settings on GitHub"
GIVEN_AT_CREATE: Final = frozenset({"title", "body", "labels", "assignees", "milestone", "type", "parent"})


class Creator:
    """Makes new records."""

    def __init__(self, api: Api, project: ProjectCache, runner: Runner) -> None:
        self._api = api
        self._project = project
        self._runner = runner

    async def create(self, write: Create) -> Ref:
        """
        Make one record, and return its ref once it surely exists.

        What fails after that (a project field, say) is not raised: the record
        read back shows it.

        Raises:
            OutcomeUnknownError: it may have been made; look for its marker.
            RemoteError: it was not made.
        """
        if write.type == MILESTONE:
            repository = await self._project.repository(write.container)
            return Ref(self._api.name, MILESTONE, await create_milestone(self._api, repository.name, write))
        if write.type == DRAFT:
            return await self._create_draft(write)
        if write.type == ITERATION:
            where = f"{self._api.name} {write.container} new {ITERATION}"
            raise RejectedError(NO_ITERATIONS, where=where, fix=IN_SETTINGS)
        if write.type == COMMENT:
            return await self._create_comment(write)
        return await self._create_issue(write)

    async def _create_issue(self, write: Create) -> Ref:
        project = await self._project.get()
        repository = await self._project.repository(write.container)
        where = f"{self._api.name} {repository.name} new {write.type}"
        said = await self._issue_input(write, repository, project.node.id, where)
        node_id = await self._make("createIssue", said, ("issue", "id"), where)
        item = await self._add_to_project(node_id, project.node.id)
        rest = {
            key: value
            for key, value in write.fields.items()
            if key not in GIVEN_AT_CREATE and not (key == "state" and isinstance(value, Choice) and value.id == OPEN)
        }
        target = Target(
            where=f"{self._api.name}:{ISSUE}:{node_id}",
            issue=node_id,
            item=item,
            project=project.node.id,
            fields=project.around.fields,
        )
        await self._finish(target, rest)
        return Ref(self._api.name, ISSUE, node_id)

    async def _issue_input(
        self, write: Create, repository: Repository, project_id: str, where: str
    ) -> Mapping[str, object]:
        fields = write.fields
        target = Target(where=where, project=project_id, fields={})
        said: dict[str, object] = {
            "repositoryId": repository.id,
            "projectV2Ids": [project_id],
            "title": _title(fields, where),
            "body": _body(fields, write.marker, where),
        }
        chosen = fields.get("type")
        issue_type = chosen if isinstance(chosen, Choice) else _issue_type(write.type, repository, where)
        if issue_type is not None:
            said["issueTypeId"] = issue_type.id
        labels, people = fields.get("labels"), fields.get("assignees")
        if isinstance(labels, Choices) and labels.members:
            names = [choice.id for choice in labels.members]
            ids = await label_ids(self._api, self._project, repository.name, needed=names, going=())
            said["labelIds"] = sorted(ids.values())
        if isinstance(people, People) and people.members:
            said["assigneeIds"] = sorted(person.id for person in people.members)
        milestone, parent = fields.get("milestone"), fields.get("parent")
        if isinstance(milestone, Ref):
            said["milestoneId"] = milestone.id
        if isinstance(parent, Ref):
            said["parentIssueId"] = issue_id(parent, target, "parent")
        return said

    async def _create_draft(self, write: Create) -> Ref:
        project = await self._project.get()
        where = f"{self._api.name} {project.around.place} new {DRAFT}"
        people = write.fields.get("assignees")
        said: dict[str, object] = {
            "projectId": project.node.id,
            "title": _title(write.fields, where),
            "body": _body(write.fields, write.marker, where),
        }
        if isinstance(people, People) and people.members:
            said["assigneeIds"] = sorted(person.id for person in people.members)
        item = await self._make("addProjectV2DraftIssue", said, ("projectItem", "id"), where)
        rest = {key: value for key, value in write.fields.items() if key not in {"title", "body", "assignees"}}
        target = Target(
            where=f"{self._api.name}:{DRAFT}:{item}",
            item=item,
            project=project.node.id,
            fields=project.around.fields,
        )
        await self._finish(target, rest)
        return Ref(self._api.name, DRAFT, item)

    async def _create_comment(self, write: Create) -> Ref:
        where = f"{self._api.name} {write.container} new {COMMENT}"
        parent, body = write.fields.get("parent"), write.fields.get("body")
        if not isinstance(parent, Ref) or parent.kind != ISSUE:
            what = f"a {parent.kind}" if isinstance(parent, Ref) else "nothing"
            raise RejectedError(
                f"{what} cannot be commented on, only an issue",
                where=where,
                fix="convert the draft to an issue on GitHub",
            )
        if not isinstance(body, RichText) or not body.source.strip():
            raise RejectedError("a comment cannot be empty", where=where, fix="map its body")
        said = {"subjectId": parent.id, "body": join_body(body, write.marker)}
        return Ref(self._api.name, COMMENT, await self._make("addComment", said, ("commentEdge", "node", "id"), where))

    async def _make(self, mutation: str, said: Mapping[str, object], path: tuple[str, ...], where: str) -> str:
        """Send the one mutation that makes something, and return the new node's id."""
        text = queries.mutations([mutation])
        answer = await self._api.mutate(text, {"i0": dict(said)}, count=1, creates=1, where=where)
        error = outcome_of(answer, 0, where=where)
        if error is not None:
            raise error
        try:
            return str(dig(answer.data, ("m0", *path), where))
        except NotFoundError as exc:
            raise OutcomeUnknownError(
                "GitHub made something and does not show it", where=where, fix="nothing to do: syncd looks it up"
            ) from exc

    async def _add_to_project(self, node_id: str, project_id: str) -> str | None:
        """Return the issue's item in the project; `None` when it could not be had, which the read-back shows."""
        text = queries.mutations(["addProjectV2ItemById"])
        where = f"{self._api.name}:{ISSUE}:{node_id}"
        for attempt in range(ADD_ATTEMPTS):
            try:
                answer = await self._api.mutate(
                    text, {"i0": {"projectId": project_id, "contentId": node_id}}, count=1, where=where
                )
                error = outcome_of(answer, 0, where=where)
            except RemoteError as exc:
                error = exc
            if error is None:
                return str(dig(answer.data, ("m0", "item", "id"), where))
            if not (error.retry or isinstance(error, OutcomeUnknownError)):
                return None
            await self._api.world.sleep(0.5 * 2.0**attempt)
        return None

    async def _finish(self, target: Target, rest: Mapping[str, Native]) -> None:
        await self._runner.run([Job(steps=plan_steps(target, {}, rest).steps)])


def _title(fields: Mapping[str, Native], where: str) -> str:
    title = fields.get("title")
    if isinstance(title, Text) and title.value.strip():
        return title.value
    raise RejectedError("nothing can be created without a title", where=where, fix="map its title")


def _body(fields: Mapping[str, Native], marker: str, where: str) -> str:
    body = fields.get("body")
    if body is not None and not isinstance(body, RichText):
        raise RejectedError("a body is rich text", where=where, fix="map another field to it")
    return join_body(body, marker)


def _issue_type(name: str, repository: Repository, where: str) -> Choice | None:
    """Return the repository's issue type of that name; `None` for a plain issue."""
    found = next((choice for choice in repository.types if choice.label.casefold() == name.casefold()), None)
    if found is None and name != ISSUE_TYPE:
        allowed = ", ".join([ISSUE_TYPE, *(choice.label for choice in repository.types)])
        raise RejectedError(
            f'{repository.name} has no issue type "{name}"', where=where, fix=f"use one of {allowed}, or add it"
        )
    return found
