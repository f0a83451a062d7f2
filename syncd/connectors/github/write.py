"""Carrying out a batch of writes: those of one sort share requests, everything is read back by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, TypeAlias

from syncd.connectors._fresh import read_first
from syncd.connectors._job import settle
from syncd.connectors.github.api import Api
from syncd.connectors.github.create import Creator, Made
from syncd.connectors.github.fields import COMMENT, DRAFT, ITERATION, MILESTONE
from syncd.connectors.github.home import HomeKeeper
from syncd.connectors.github.inputs import IN_SETTINGS, NO_ITERATIONS
from syncd.connectors.github.labels import labels_of
from syncd.connectors.github.milestones import update_milestone
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.read import Reader
from syncd.connectors.github.records import ISSUE
from syncd.connectors.github.run import Job, Runner
from syncd.connectors.github.steps import Step, Target, item_of, label_delta, plan_comment, plan_steps
from syncd.connectors.github.sweep import Sweep
from syncd.connectors.protocol import Archive, Create, Outcome, Refused, Unknown, Update, Write
from syncd.errors import NotFoundError, OutcomeUnknownError, ReadTooOldError, RejectedError, RemoteError
from syncd.model.native import Record
from syncd.model.refs import OpId, Ref

_Change: TypeAlias = Update | Archive
_LABELS = "labels"
UNMARKED: Final = frozenset({ISSUE, DRAFT, MILESTONE, COMMENT})
"""Where our marker stands in a text, and can be taken out of it."""


class Writer:
    """Writes for one connection."""

    def __init__(
        self, api: Api, project: ProjectCache, reader: Reader, sweep: Sweep, runner: Runner, home: HomeKeeper
    ) -> None:
        self._api = api
        self._project = project
        self._reader = reader
        self._sweep = sweep
        self._runner = runner
        self._home = home
        self._creator = Creator(api, project, runner)

    async def write(self, batch: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out each write once, in order; those of one sort that follow each other share requests."""
        outcomes: list[Outcome] = []
        for sort, some in groupby(batch, key=_sort):
            if sort == "change":
                outcomes += await self._change([write for write in some if not isinstance(write, Create)])
            else:
                outcomes += await self._create([write for write in some if isinstance(write, Create)])
        return outcomes

    async def take_mark_off(self, op: OpId, record: Record) -> Outcome:
        """Write the text of *record* once more, without our marker below it."""
        key = "description" if record.ref.kind == MILESTONE else "body"
        if key not in record.fields:
            error = RejectedError(
                "its text cannot be read", where=str(record.ref), fix="take the last line off by hand"
            )
            return Refused(op=op, error=error)
        pre = replace(record, marker=None, fields={**record.fields, key: None})
        (outcome,) = await self.write([Update(op=op, pre=pre, fields={key: record.fields.get(key)})])
        return outcome

    async def _create(self, writes: Sequence[Create]) -> Sequence[Outcome]:
        """Make these, and read all of them back at once."""
        if writes[0].type == MILESTONE:
            made = [await self._creator.create_milestone(write) for write in writes]
        else:
            made = list(await self._creator.create(writes))
        reads = await self._read_back([ref for ref in made if isinstance(ref, Ref)])
        return [_created(write, result, reads) for write, result in zip(writes, made, strict=True)]

    async def _change(self, writes: Sequence[_Change]) -> Sequence[Outcome]:
        """Run these together, and read all of them back at once."""
        bodies = [write.pre.ref.id for write in writes if isinstance(write, Update) and _has_footer(write)]
        try:
            await self._home.look(bodies)
        except RemoteError as exc:
            return [Refused(op=write.op, error=exc) for write in writes]
        jobs = [await self._prepare(write) for write in writes]
        _hold_back(jobs)
        await self._runner.run(jobs)
        read_back = [
            write.pre.ref for write, job in zip(writes, jobs, strict=True) if job.carried_out or not job.errors
        ]
        reads = await self._read_back(read_back)
        return [settle(write, job, reads.get(write.pre.ref)) for write, job in zip(writes, jobs, strict=True)]

    async def _prepare(self, write: _Change) -> Job:
        """Return the job of one change; what cannot be said is on it as an error already."""
        everything = frozenset(write.fields) if isinstance(write, Update) else frozenset({""})
        job = Job()
        try:
            if write.pre.ref.kind == MILESTONE:
                await self._change_milestone(write)
                job.carried_out = True
            elif isinstance(write, Archive):
                job.steps.append(await self._archive_step(write))
            elif write.pre.ref.kind == ITERATION:
                raise RejectedError(NO_ITERATIONS, where=str(write.pre.ref), fix=IN_SETTINGS)
            elif write.pre.ref.kind == COMMENT:
                plan = plan_comment(str(write.pre.ref), write.pre.ref.id, write.pre.marker, write.fields)
                job.steps, job.errors = plan.steps, plan.refused
            else:
                target, refused = await self._target(write)
                wanted = {key: value for key, value in write.fields.items() if key not in refused}
                plan = plan_steps(target, write.pre.fields, wanted)
                job.steps, job.errors = plan.steps, refused | plan.refused
        except OutcomeUnknownError as exc:
            job.unknown = exc
        except RemoteError as exc:
            job.errors = dict.fromkeys(everything, exc)
        return job

    async def _change_milestone(self, write: _Change) -> None:
        if isinstance(write, Archive):
            raise RejectedError(
                "GitHub cannot archive a milestone",
                where=str(write.pre.ref),
                fix="declare its closing as the archive: state closed",
            )
        await update_milestone(self._api, write)

    async def _archive_step(self, write: Archive) -> Step:
        if write.pre.ref.kind in {COMMENT, ITERATION}:
            raise RejectedError(
                f"GitHub cannot archive a {write.pre.ref.kind}", where=str(write.pre.ref), fix="nothing to do"
            )
        project = await self._project.get()
        item = write.pre.ref.id if write.pre.ref.kind == DRAFT else item_of(write.pre)
        if item is None:
            raise RejectedError(
                "it is not in the project, so there is nothing to archive",
                where=str(write.pre.ref),
                fix="nothing to do",
            )
        said = {"projectId": project.node.id, "itemId": item}
        return Step(mutation="archiveProjectV2Item", input=said, fields=frozenset({""}), where=str(write.pre.ref))

    async def _target(self, write: Update) -> tuple[Target, dict[str, RemoteError]]:
        """Look up what the steps need: the draft's own id, the labels' ids. Labels that cannot be had are refused."""
        project = await self._project.get()
        pre = write.pre
        is_issue = pre.ref.kind == ISSUE
        refused: dict[str, RemoteError] = {}
        labels: Mapping[str, str] = {}
        if is_issue and _LABELS in write.fields:
            try:
                labels = await self._label_ids(write)
            except ReadTooOldError:
                raise
            except RemoteError as exc:
                refused[_LABELS] = exc
        target = Target(
            where=str(pre.ref),
            issue=pre.ref.id if is_issue else None,
            draft=None if is_issue else await self._draft_id(pre.ref),
            item=item_of(pre) if is_issue else pre.ref.id,
            project=project.node.id,
            fields=project.around.fields,
            label_ids=labels,
            marker=pre.marker,
            footer=self._home.footer(pre.ref.id),
        )
        return target, refused

    async def _label_ids(self, write: Update) -> Mapping[str, str]:
        before, after = write.pre.fields.get(_LABELS), write.fields[_LABELS]
        coming, going = label_delta(before, after)
        spelt = {choice.id.lower(): choice.id for choice in getattr(after, "members", ())}
        found = await labels_of(
            self._api,
            self._project,
            write.pre.container,
            needed=[spelt[name] for name in coming],
            going=going,
        )
        if found.made:
            raise read_first(f"label {', '.join(found.made)}", str(write.pre.ref))
        return found.ids

    async def _draft_id(self, ref: Ref) -> str:
        """Return a draft's own id, which its mutation wants and its ref does not hold."""
        if ref.id not in self._sweep.seen.draft_of:
            await self._reader.items([ref.id])
        found = self._sweep.seen.draft_of.get(ref.id)
        if found is None:
            raise NotFoundError(
                "it is no draft any more, or gone", where=str(ref), fix="nothing to do: it is read again"
            )
        return found

    async def _read_back(self, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
        try:
            return await self._reader.read_many(refs)
        except RemoteError as exc:
            return dict.fromkeys(refs, exc)


def _sort(write: Write) -> str:
    if isinstance(write, Create):
        return MILESTONE if write.type == MILESTONE else "create"
    return "change"


def _hold_back(jobs: Sequence[Job]) -> None:
    """Let nothing leave that waited until a label was made: whoever edits meanwhile would not be seen."""
    late = [error for job in jobs for error in job.errors.values() if isinstance(error, ReadTooOldError)]
    for job in jobs if late else ():
        if job.steps:
            job.steps.clear()
            job.errors = {"": late[0]}


def _created(write: Create, made: Made, reads: Mapping[Ref, Record | RemoteError]) -> Outcome:
    if isinstance(made, OutcomeUnknownError):
        return Unknown(op=write.op, error=made)
    if isinstance(made, RemoteError):
        return Refused(op=write.op, error=made)
    return settle(write, Job(carried_out=True), reads[made])


def _has_footer(write: Update) -> bool:
    return "body" in write.fields and write.pre.ref.kind in {ISSUE, DRAFT}
