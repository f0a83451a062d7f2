"""Running mutations: several in one request, each one's failure told apart, none ever sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from syncd.connectors._job import WriteJob
from syncd.connectors.github import mutations
from syncd.connectors.github.api import Answer, Api, error_of
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.steps import Step, chosen_value
from syncd.errors import NotFoundError, OutcomeUnknownError, RejectedError, RemoteError


@dataclass(slots=True, kw_only=True)
class Job(WriteJob):
    """One write on its way, with the steps it takes."""

    steps: list[Step] = field(default_factory=list)


Pair = tuple[Job, Step]


class Runner:
    """Runs the steps of jobs."""

    def __init__(self, api: Api, project: ProjectCache, *, per_request: int) -> None:
        self._api = api
        self._project = project
        self._per_request = per_request

    async def run(self, jobs: Iterable[Job]) -> None:
        """
        Run every job's steps in order, and note on the job what came of each.

        A step refused because its option or iteration is gone is tried once
        more under the id that name has now: admins edit fields, and GitHub then
        gives out new ids.
        """
        refused = await self._run([(job, step) for job in jobs for step in job.steps])
        again = [pair for pair in refused if pair[1].chosen is not None]
        if not again:
            return
        fields = (await self._project.refresh()).around.fields
        renamed: list[Pair] = []
        for job, step in again:
            spec = next((fields[key] for key in step.fields if key in fields), None)
            if spec is None or step.chosen is None:
                continue
            value = chosen_value(spec, step.chosen)
            if value != step.input.get("value"):
                renamed.append((job, replace(step, input={**step.input, "value": value}, chosen=None)))
        for job, step in renamed:
            for key in step.fields:
                job.errors.pop(key, None)
        await self._run(renamed)

    async def _run(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Run these, and return those refused for their content."""
        refused: list[Pair] = []
        for start in range(0, len(pairs), self._per_request):
            some = pairs[start : start + self._per_request]
            try:
                answer = await self._api.mutate(
                    mutations.document([step.mutation for _, step in some]),
                    {f"i{index}": dict(step.input) for index, (_, step) in enumerate(some)},
                    count=len(some),
                    where=f"{self._api.name} write",
                )
            except RemoteError as exc:
                for job, step in some:
                    _note(job, step, exc)
                continue
            for index, (job, step) in enumerate(some):
                error = outcome_of(answer, index, where=step.where or self._api.name)
                _note(job, step, error)
                if isinstance(error, RejectedError | NotFoundError):
                    refused.append((job, step))
        return refused


def _note(job: Job, step: Step, error: RemoteError | None) -> None:
    if error is None:
        job.carried_out = True
    elif isinstance(error, OutcomeUnknownError):
        job.unknown = error
    else:
        job.errors |= dict.fromkeys(step.fields, error)


def outcome_of(answer: Answer, index: int, *, where: str) -> RemoteError | None:
    """
    Return what became of the mutation with that index: `None` when it was carried out.

        its data    its error     the document's    outcome
        there       any           any               carried out
        none        one           any               that error
        none        none          refused           refused: GitHub checks a document before it runs it
        none        none          none, or failed   unknown
    """
    alias = f"m{index}"
    if answer.data.get(alias) is not None:
        return None
    problem = answer.problem_at(alias)
    if problem is None:
        general = [error for error in answer.errors if not _is_of_another(error.path)]
        problem = general[0] if general else None
    if problem is not None:
        return error_of(problem, where=where, is_write=True)
    return OutcomeUnknownError(
        "GitHub's answer says nothing of this change", where=where, fix="nothing to do: syncd looks it up"
    )


def _is_of_another(path: tuple[str | int, ...]) -> bool:
    head = str(path[0]) if path else ""
    return head.startswith("m") and head[1:].isdecimal()
