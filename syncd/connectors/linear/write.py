"""Carrying out a batch of writes: one mutation a record where that is possible, everything read back by id."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.connectors._job import WriteJob, settle
from syncd.connectors.linear.api import Api
from syncd.connectors.linear.catalog import Catalog
from syncd.connectors.linear.create import Creator
from syncd.connectors.linear.edits import LABELS, STRUCTURE, Edits, Input, plan_edits
from syncd.connectors.linear.families import COMMENT, INITIATIVE, ISSUE, MILESTONE, PROJECT
from syncd.connectors.linear.placing import milestone_project
from syncd.connectors.linear.read import Reader
from syncd.connectors.linear.settings import LinearOptions
from syncd.connectors.linear.verbs import Verbs
from syncd.connectors.protocol import Archive, Create, Outcome, Update, Write
from syncd.errors import ForbiddenError, NotFoundError, OutcomeUnknownError, ReadTooOldError, RejectedError, RemoteError
from syncd.model.native import Record
from syncd.model.refs import OpId, Ref

UPDATES: Final[Mapping[str, str]] = {
    ISSUE: "issueUpdate",
    PROJECT: "projectUpdate",
    INITIATIVE: "initiativeUpdate",
    MILESTONE: "projectMilestoneUpdate",
    COMMENT: "commentUpdate",
}
ARCHIVES: Final[Mapping[str, str]] = {
    ISSUE: "issueArchive",
    PROJECT: "projectArchive",
    INITIATIVE: "initiativeArchive",
}
"""Each hides a record where people can bring it back; nothing of ours puts anything in the trash."""

_REFUSALS: Final = (RejectedError, NotFoundError, ForbiddenError)
"""What Linear says of one bad field as well as of the whole: what a field points at may be gone or hidden."""


@dataclass(slots=True, kw_only=True)
class Job(WriteJob):
    """One write on its way, with its record once there is one."""

    ref: Ref | None = None


class Writer:
    """Writes for one connection."""

    def __init__(self, api: Api, catalog: Catalog, reader: Reader, options: LinearOptions) -> None:
        self._api = api
        self._catalog = catalog
        self._reader = reader
        self._verbs = Verbs(api, catalog)
        self._creator = Creator(api, catalog, reader, self._verbs)
        self._free = asyncio.Semaphore(options.in_flight)

    async def write(self, batch: Sequence[Write]) -> Sequence[Outcome]:
        """Carry out each write once; those of one record in order, and those that change the structure, too."""
        jobs: dict[OpId, Job] = {}

        async def run(chain: Sequence[Write]) -> None:
            for write in chain:
                async with self._free:
                    jobs[write.op] = await self._carry_out(write)

        await asyncio.gather(*(run(chain) for chain in _chains(batch)))
        refs = [job.ref for job in jobs.values() if job.ref and (job.carried_out or not job.errors)]
        reads = await self._read_back(refs)
        done = [(write, jobs[write.op]) for write in batch]
        return [settle(write, job, reads.get(job.ref) if job.ref else None) for write, job in done]

    async def _carry_out(self, write: Write) -> Job:
        job = Job()
        try:
            match write:
                case Create():
                    job.ref = await self._creator.create(write)
                    job.carried_out = True
                case Update():
                    job.ref = write.pre.ref
                    await self._update(write, job)
                case Archive():
                    job.ref = write.pre.ref
                    await self._archive(write)
                    job.carried_out = True
        except OutcomeUnknownError as exc:
            job.unknown = exc
        except RemoteError as exc:
            job.errors[""] = exc
        return job

    async def _archive(self, write: Archive) -> None:
        ref = write.pre.ref
        if ref.kind not in ARCHIVES:
            raise RejectedError(
                f"Linear cannot archive a {ref.kind}", where=str(ref), fix="declare a status that stands for cancelled"
            )
        await self._api.change(ARCHIVES[ref.kind], {"id": ref.id}, where=str(ref))

    async def _update(self, write: Update, job: Job) -> None:
        ref = write.pre.ref
        edits = plan_edits(ref.kind, write.fields, where=str(ref))
        job.errors |= edits.refused
        await self._complete(write, edits, job)
        if edits.inputs:
            await self._send(write, edits, job)
        for key, value in edits.apart.items():
            before = write.pre.fields.get(key)
            try:
                await self._verbs.carry_out(ref.kind, ref.id, write.pre.container, key, before, value)
            except OutcomeUnknownError:
                raise
            except RemoteError as exc:
                job.errors[key] = exc
            else:
                job.carried_out = True

    async def _complete(self, write: Update, edits: Edits, job: Job) -> None:
        """Add what an issue's own mutation takes besides: labels as a delta, the project of a milestone."""
        if write.pre.ref.kind != ISSUE:
            return
        if LABELS in edits.apart:
            after, before = edits.apart.pop(LABELS), write.pre.fields.get(LABELS)
            try:
                edits.inputs[LABELS] = await self._verbs.label_delta(write.pre.container, before, after)
            except ReadTooOldError:
                raise
            except RemoteError as exc:
                job.errors[LABELS] = exc
        if "projectMilestone" in edits.inputs and "projectId" not in edits.merged():
            wanted, project = write.fields["projectMilestone"], write.pre.fields.get("project")
            where = f"{write.pre.ref} projectMilestone"
            try:
                edits.inputs["projectMilestone"] |= await milestone_project(self._reader, wanted, project, where=where)
            except RemoteError as exc:
                job.errors["projectMilestone"] = exc
                del edits.inputs["projectMilestone"]

    async def _send(self, write: Update, edits: Edits, job: Job) -> None:
        """Send all fields together; when Linear refuses them, each by itself, so one bad field stops no other."""
        ref = write.pre.ref
        try:
            await self._mutate(ref, edits.merged())
        except _REFUSALS as exc:
            if len(edits.inputs) == 1:
                job.errors |= dict.fromkeys(edits.inputs, exc)
                return
        else:
            job.carried_out = True
            return
        for key in edits.inputs:
            try:
                await self._mutate(ref, edits.merged([key]))
            except OutcomeUnknownError:
                raise
            except RemoteError as exc:
                job.errors[key] = exc
            else:
                job.carried_out = True

    async def _mutate(self, ref: Ref, said: Input) -> None:
        if said:
            await self._api.change(UPDATES[ref.kind], {"id": ref.id, "input": said}, where=str(ref))

    async def _read_back(self, refs: Sequence[Ref]) -> Mapping[Ref, Record | RemoteError]:
        try:
            return await self._reader.read_many(refs) if refs else {}
        except RemoteError as exc:
            return dict.fromkeys(refs, exc)


def _chains(batch: Sequence[Write]) -> Sequence[Sequence[Write]]:
    """Return the writes in chains that may run side by side."""
    chains: dict[object, list[Write]] = {}
    structural = {
        write.pre.ref for write in batch if isinstance(write, Update) and not STRUCTURE.isdisjoint(write.fields)
    }
    for write in batch:
        key: object = write.op if isinstance(write, Create) else write.pre.ref
        chains.setdefault("structure" if key in structural else key, []).append(write)
    return list(chains.values())
