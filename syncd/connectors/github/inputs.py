"""What a create says: the one mutation that makes something, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from syncd.connectors.github.api import Api
from syncd.connectors.github.fields import COMMENT, DRAFT, ISSUE_TYPE, ITERATION, OPEN
from syncd.connectors.github.labels import labels_of
from syncd.connectors.github.marker import join_body
from syncd.connectors.github.project import ProjectCache, Repository
from syncd.connectors.github.records import ISSUE
from syncd.connectors.github.steps import Target, issue_id
from syncd.connectors.protocol import Create
from syncd.errors import RejectedError
from syncd.model.native import Choice, Choices, Native, People, RichText, Text
from syncd.model.refs import Ref

NO_ITERATIONS: Final = "iterations are only read: writing one would give all of its field new ids"
IN_SETTINGS: Final = "edit the field in the project's settings on GitHub"
GIVEN: Final[Mapping[str, frozenset[str]]] = {
    ISSUE: frozenset({"title", "body", "labels", "assignees", "milestone", "type", "parent"}),
    DRAFT: frozenset({"title", "body", "assignees"}),
    COMMENT: frozenset({"body", "parent"}),
}
"""The fields that the making itself carries, by ref kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """One mutation that makes something, and what it takes after that."""

    kind: str
    """The ref kind of what is made."""
    mutation: str
    said: Mapping[str, object]
    path: tuple[str, ...]
    """Where the answer holds the new id."""
    where: str
    rest: Mapping[str, Native]
    """The fields that have to be written afterwards."""


class Inputs:
    """Says what a create takes, looking up the ids it needs."""

    def __init__(self, api: Api, project: ProjectCache) -> None:
        self._api = api
        self._project = project

    async def making(self, write: Create) -> Making:
        """
        Return the mutation that makes this record.

        Raises:
            RemoteError: it cannot be said, or what it needs cannot be had; nothing was made.
        """
        match write.type:
            case "draft":
                return await self._draft(write)
            case "comment":
                return self._comment(write)
            case "iteration":
                where = f"{self._api.name} {write.container} new {ITERATION}"
                raise RejectedError(NO_ITERATIONS, where=where, fix=IN_SETTINGS)
            case _:
                return await self._issue(write)

    async def _issue(self, write: Create) -> Making:
        project = await self._project.get()
        repository = await self._project.repository(write.container)
        where = f"{self._api.name} {repository.name} new {write.type}"
        return Making(
            kind=ISSUE,
            mutation="createIssue",
            said=await self._issue_input(write, repository, project.node.id, where),
            path=("issue", "id"),
            where=where,
            rest=_rest(ISSUE, write),
        )

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
            labelled = await labels_of(self._api, self._project, repository.name, needed=names, going=())
            said["labelIds"] = sorted(labelled.ids.values())
        if isinstance(people, People) and people.members:
            said["assigneeIds"] = sorted(person.id for person in people.members)
        milestone, parent = fields.get("milestone"), fields.get("parent")
        if isinstance(milestone, Ref):
            said["milestoneId"] = milestone.id
        if isinstance(parent, Ref):
            said["parentIssueId"] = issue_id(parent, target, "parent")
        return said

    async def _draft(self, write: Create) -> Making:
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
        return Making(
            kind=DRAFT,
            mutation="addProjectV2DraftIssue",
            said=said,
            path=("projectItem", "id"),
            where=where,
            rest=_rest(DRAFT, write),
        )

    def _comment(self, write: Create) -> Making:
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
        return Making(
            kind=COMMENT,
            mutation="addComment",
            said={"subjectId": parent.id, "body": join_body(body, write.marker)},
            path=("commentEdge", "node", "id"),
            where=where,
            rest={},
        )


def _rest(kind: str, write: Create) -> Mapping[str, Native]:
    """Return the fields that the making does not carry; everything is made open."""
    return {
        key: value
        for key, value in write.fields.items()
        if key not in GIVEN[kind] and not (key == "state" and isinstance(value, Choice) and value.id == OPEN)
    }


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
