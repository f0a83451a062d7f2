"""Making new issues, drafts, comments and milestones: a few to a request, then the rest of their fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from syncd.connectors.github import mutations
from syncd.connectors.github.api import Answer, Api, dig, parse
from syncd.connectors.github.fields import COMMENT, MILESTONE
from syncd.connectors.github.inputs import Inputs, Making
from syncd.connectors.github.milestones import create_milestone
from syncd.connectors.github.payloads import Connection, ItemId
from syncd.connectors.github.project import Project, ProjectCache
from syncd.connectors.github.records import ISSUE
from syncd.connectors.github.run import Job, Runner, outcome_of
from syncd.connectors.github.steps import Target, plan_steps
from syncd.connectors.protocol import Create
from syncd.errors import NotFoundError, OutcomeUnknownError, RemoteError
from syncd.model.refs import Ref

ADD_ATTEMPTS: Final = 3
"""Adding an issue to a project answers with the item that is there already, so it may be repeated."""
MAKINGS_PER_REQUEST: Final = 5
"""
Things made in one request. GitHub stops a request after 10 s, and a lost answer leaves all of them to be looked for.

Each counts by itself against what may be created (unconfirmed, so assumed; vendor-facts section 14).
"""

Made: TypeAlias = Ref | RemoteError
"""What was surely made; or `OutcomeUnknownError` when it may have been, any other error when it was not."""


class Creator:
    """Makes new records."""

    def __init__(self, api: Api, project: ProjectCache, runner: Runner) -> None:
        self._api = api
        self._project = project
        self._runner = runner
        self._inputs = Inputs(api, project)

    async def create_milestone(self, write: Create) -> Made:
        """Make one milestone."""
        try:
            repository = await self._project.repository(write.container)
            return Ref(self._api.name, MILESTONE, await create_milestone(self._api, repository.name, write))
        except RemoteError as exc:
            return exc

    async def create(self, writes: Sequence[Create]) -> Sequence[Made]:
        """
        Make these, each once and in order.

        What fails after the making (a project field, say) is not told: the
        record read back shows it.
        """
        made: dict[int, Made] = {}
        makings: list[tuple[int, Making]] = []
        for index, write in enumerate(writes):
            try:
                makings.append((index, await self._inputs.making(write)))
            except RemoteError as exc:
                made[index] = exc
        jobs: list[Job] = []
        for start in range(0, len(makings), MAKINGS_PER_REQUEST):
            some = makings[start : start + MAKINGS_PER_REQUEST]
            for (index, making), (result, target) in zip(some, await self._make([one for _, one in some]), strict=True):
                made[index] = result
                if target is not None:
                    jobs.append(Job(steps=plan_steps(target, {}, making.rest).steps))
        await self._runner.run(jobs)
        return [made[index] for index in range(len(writes))]

    async def _make(self, makings: Sequence[Making]) -> Sequence[tuple[Made, Target | None]]:
        """Send these in one request; what takes more fields comes with the target to write them to."""
        try:
            project = await self._project.get()
            answer = await self._api.mutate(
                mutations.document([making.mutation for making in makings]),
                {f"i{index}": dict(making.said) for index, making in enumerate(makings)},
                count=len(makings),
                creates=len(makings),
                where=makings[0].where if len(makings) == 1 else f"{self._api.name} create",
            )
        except RemoteError as exc:
            return [(exc, None)] * len(makings)
        results: list[tuple[Made, Target | None]] = []
        for index, making in enumerate(makings):
            result = self._result(answer, index, making)
            is_done = isinstance(result, RemoteError) or making.kind == COMMENT
            results.append((result, None if is_done else await self._target(answer, index, result, making, project)))
        return results

    def _result(self, answer: Answer, index: int, making: Making) -> Made:
        error = outcome_of(answer, index, where=making.where)
        if error is not None:
            return error
        try:
            node_id = str(dig(answer.data, (f"m{index}", *making.path), making.where))
        except NotFoundError:
            return OutcomeUnknownError(
                "GitHub made something and does not show it", where=making.where, fix="nothing to do: syncd looks it up"
            )
        return Ref(self._api.name, making.kind, node_id)

    async def _target(self, answer: Answer, index: int, made: Made, making: Making, project: Project) -> Target | None:
        """Return what the rest of the fields is written to: an issue needs its item in the project for that."""
        if not isinstance(made, Ref):
            return None
        is_issue = making.kind == ISSUE
        if is_issue:
            item = _item(answer, index, project.node.id, making.where)
            item = item or await self._add_to_project(made.id, project.node.id)
        else:
            item = made.id
        return Target(
            where=str(made),
            issue=made.id if is_issue else None,
            item=item,
            project=project.node.id,
            fields=project.around.fields,
        )

    async def _add_to_project(self, node_id: str, project_id: str) -> str | None:
        """Return the issue's item in the project; `None` when it could not be had, which the read-back shows."""
        text = mutations.document(["addProjectV2ItemById"])
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


def _item(answer: Answer, index: int, project_id: str, where: str) -> str | None:
    """Return the item of an issue just made with its project, when GitHub shows it at once."""
    try:
        items = parse(Connection[ItemId], dig(answer.data, (f"m{index}", "issue", "projectItems"), where), where)
    except RemoteError:
        return None
    return next((item.id for item in items.seen if item.project and item.project.id == project_id), None)
