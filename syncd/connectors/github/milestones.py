"""Milestones: listed by repository, written by REST, which is all GitHub offers (vendor-facts section 13)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, time
from typing import Final

from pydantic import ValidationError

from syncd.connectors.github import queries
from syncd.connectors.github.api import Api, parse
from syncd.connectors.github.fields import MILESTONE
from syncd.connectors.github.marker import join_body, split_body
from syncd.connectors.github.nodes import node_at
from syncd.connectors.github.payloads import BodyNode, MilestoneNode, RepositoryMilestones
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.records import Surroundings, milestone_record
from syncd.connectors.github.rest_payloads import RestMilestone
from syncd.connectors.protocol import Create, Update
from syncd.errors import NotFoundError, OutcomeUnknownError, RejectedError
from syncd.model.native import Choice, Instant, Native, Record, RichText, Text

REPOSITORIES: Final = 20
"""Repositories asked for at once, a hundred milestones each."""

NOON: Final = time(12, tzinfo=UTC)
"""
The time of day every due date is sent with.

GitHub keeps the day *in Pacific time* the moment falls on, and shows it as
that day's midnight there (07:00Z or 08:00Z): midnight UTC would land on the
day before, and so would 07:00Z in winter. Source: microsoft/PowerShellForGitHub
pull request 133; wordpress-mobile/release-toolkit pull request 419.
"""


class MilestoneList:
    """Lists milestones by repository."""

    def __init__(self, api: Api, project: ProjectCache) -> None:
        self._api = api
        self._project = project

    async def all(self, repositories: Sequence[str], around: Surroundings) -> AsyncIterator[Sequence[Record]]:
        """Yield all milestones of several repositories: one request, but for those with more than a page."""
        for start in range(0, len(repositories), REPOSITORIES):
            some = repositories[start : start + REPOSITORIES]
            ids = [(await self._project.repository(name)).id for name in some]
            where = f"{self._api.name} scope.repositories"
            answer = await self._api.query(queries.REPOSITORIES_MILESTONES, {"ids": ids}, where=where)
            for index, name in enumerate(some):
                place = f"{self._api.name} {name}"
                first = parse(RepositoryMilestones, node_at(answer, index, place), place).milestones
                yield [milestone_record(node, around=around, read_at=answer.at) for node in first.seen]
                if first.page_info.has_next_page:
                    async for records in self.pages(name, around, after=first.page_info.end_cursor):
                        yield records

    async def pages(
        self, repository: str, around: Surroundings, *, after: str | None = None
    ) -> AsyncIterator[Sequence[Record]]:
        """Yield the milestones of a repository page by page: all, or those *after* a cursor."""
        async for answer, page in self._api.pages(
            queries.REPOSITORY_MILESTONES,
            await self._project.owner_and_name(repository),
            path=("repository", "milestones"),
            node=MilestoneNode,
            where=f"{self._api.name} {repository}",
            after=after,
        ):
            yield [milestone_record(node, around=around, read_at=answer.at) for node in page.seen]


async def create_milestone(api: Api, repository: str, write: Create) -> str:
    """Make a milestone and return its node id; raises `RemoteError` as `Api.change` does."""
    where = f"{api.name} {repository} new {MILESTONE}"
    said = _said(write.fields, marker=write.marker, due_now=None, where=where)
    said = {key: value for key, value in said.items() if value is not None}
    if not said.get("title"):
        raise RejectedError("a milestone needs a title", where=where, fix="map its title")
    said.setdefault("description", join_body(None, write.marker))
    response = await api.change(
        "POST", queries.MILESTONES_PATH.format(repository=repository), said, creates=True, where=where
    )
    try:
        return RestMilestone.model_validate_json(response.content).node_id
    except ValidationError as exc:
        raise OutcomeUnknownError("GitHub's answer holds no milestone", where=where) from exc


async def update_milestone(api: Api, write: Update) -> None:
    """Change the named fields of a milestone, if any of them differs; raises `RemoteError` as `Api.change` does."""
    where = str(write.pre.ref)
    answer = await api.ask(queries.MILESTONES, {"ids": [write.pre.ref.id]}, where=where)
    nodes = answer.data.get("nodes")
    if not isinstance(nodes, list) or not nodes or not nodes[0]:
        raise NotFoundError("the milestone is gone or hidden", where=where, fix="nothing to do")
    now = parse(MilestoneNode, nodes[0], where)
    footer = split_body(now.description).footer
    said = _said(write.fields, marker=write.pre.marker, due_now=now.due_on, where=where, footer=footer)
    if said:
        await patch_milestone(api, now, said, where=where)


async def patch_milestone(
    api: Api, milestone: MilestoneNode | BodyNode, said: Mapping[str, object], *, where: str
) -> None:
    """Send one change of a milestone; raises `RemoteError` as `Api.change` does."""
    repository = milestone.repository.name_with_owner if milestone.repository else ""
    path = queries.MILESTONE_PATH.format(repository=repository, number=milestone.number)
    await api.change("PATCH", path, said, creates=False, where=where)


def _said(
    fields: Mapping[str, Native], *, marker: str | None, due_now: datetime | None, where: str, footer: str = ""
) -> dict[str, object]:
    said: dict[str, object] = {}
    for key, value in fields.items():
        match key, value:
            case "title", Text():
                said["title"] = value.value
            case "description", RichText() | None:
                said["description"] = join_body(value, marker, footer)
            case "state", Choice():
                said["state"] = value.id
            case "due_on", None:
                said["due_on"] = None
            case "due_on", Instant():
                day = value.value.astimezone(UTC).date()
                if due_now is None or due_now.astimezone(UTC).date() != day:
                    said["due_on"] = datetime.combine(day, NOON).strftime("%Y-%m-%dT%H:%M:%SZ")
            case _:
                raise RejectedError(
                    f"{type(value).__name__} cannot be written to a milestone's {key}",
                    where=f"{where} {key}",
                    fix="map this field for reading only, or remove it",
                )
    return said
