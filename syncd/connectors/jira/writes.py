"""
Writing, each write once: creates in bulk, edits by fields and verbs, statuses by one transition, versions, comments.

Everything that was sent is read back by id afterwards, in one go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.connectors._together import side_by_side
from syncd.connectors.jira.comments import create_comment, unmark_comment, update_comment
from syncd.connectors.jira.creates import create_issues
from syncd.connectors.jira.describe import Catalog
from syncd.connectors.jira.edits import update_issue
from syncd.connectors.jira.fields import COMMENT, DEPENDS_ON, ITERATION, LABELS, PARENT, PROPERTY, VERSION
from syncd.connectors.jira.queries import ISSUE as ISSUE_PATH
from syncd.connectors.jira.queries import MAX_BULK_CREATE
from syncd.connectors.jira.queries import VERSION as VERSION_PATH
from syncd.connectors.jira.reads import read_records
from syncd.connectors.jira.records import mark_label
from syncd.connectors.jira.site import FieldsRefusedError, Site
from syncd.connectors.jira.versions import create_version, make_version, update_version
from syncd.connectors.protocol import Archive, Create, Done, Outcome, Refused, Unknown, Update, Write
from syncd.errors import OutcomeUnknownError, RejectedError, RemoteError
from syncd.model.native import Native, Record
from syncd.model.refs import OpId, Ref

STRUCTURE: Final = frozenset({PARENT, DEPENDS_ON})
"""Fields whose writes keep their order, so that no step makes a cycle."""


ISSUES: Final = "issues"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A write that was carried out, at least in part; what came of it is yet to be read back."""

    op: OpId
    ref: Ref
    unsent: frozenset[str] = frozenset()


async def write_all(site: Site, catalog: Catalog, batch: Sequence[Write]) -> list[Outcome]:
    """Carry out each write once, in order, and answer for each."""
    answers: dict[OpId, Sent | Outcome] = {}
    for group in group_writes(batch):
        issues = [write for write in group if isinstance(write, Create) and _batch_of(write) == ISSUES]
        if issues:
            answers |= await _create_all(site, catalog, issues)
        else:
            answers |= await _write_together(site, catalog, group)
    return await _read_back(site, catalog, [answers[write.op] for write in batch])


def group_writes(batch: Sequence[Write]) -> Iterator[list[Write]]:
    """
    Yield the batch in order, as runs that need no order among themselves.

    Issue creates may share a request; comments may be made at the same time
    (those of one issue one after the other), and so may edits of different
    records that touch no parent and no dependency.
    """
    group: list[Write] = []
    for write in batch:
        if group and not _go_together(group, write):
            yield group
            group = []
        group.append(write)
    if group:
        yield group


def _go_together(group: Sequence[Write], write: Write) -> bool:
    if isinstance(write, Create):
        batch = _batch_of(write)
        return batch is not None and all(isinstance(one, Create) and _batch_of(one) == batch for one in group)
    if not isinstance(write, Update) or write.fields.keys() & STRUCTURE:
        return False
    return all(
        isinstance(one, Update) and one.pre.ref != write.pre.ref and not one.fields.keys() & STRUCTURE for one in group
    )


def _batch_of(create: Create) -> str | None:
    """Return which creates one may go together with; `None` when with none."""
    return {VERSION: None, COMMENT: COMMENT}.get(create.type, ISSUES)


async def _write_together(site: Site, catalog: Catalog, group: Sequence[Write]) -> dict[OpId, Sent | Outcome]:
    """Carry out a group, several at a time; what is written below one record keeps its order."""
    lanes: dict[Native | OpId, list[Write]] = defaultdict(list)
    for write in group:
        lanes[write.fields.get("parent") or write.op if isinstance(write, Create) else write.pre.ref].append(write)

    async def one_lane(lane: Sequence[Write]) -> dict[OpId, Sent | Outcome]:
        return {write.op: await _write_one(site, catalog, write) for write in lane}

    done = await side_by_side(one_lane, lanes.values(), at_once=site.settings.options.writes_in_flight)
    return {op: answer for answers in done for op, answer in answers.items()}


async def _create_all(site: Site, catalog: Catalog, creates: Sequence[Create]) -> dict[OpId, Sent | Outcome]:
    answers: dict[OpId, Sent | Outcome] = {}
    for start in range(0, len(creates), MAX_BULK_CREATE):
        made, unsent = await create_issues(site, catalog, creates[start : start + MAX_BULK_CREATE])
        for write in creates[start : start + MAX_BULK_CREATE]:
            result = made[write.op]
            if isinstance(result, Ref):
                answers[write.op] = Sent(op=write.op, ref=result, unsent=unsent.get(write.op, frozenset()))
            else:
                answers[write.op] = outcome_of(write, result)
    return answers


async def _write_one(site: Site, catalog: Catalog, write: Write) -> Sent | Outcome:
    unsent: frozenset[str] = frozenset()
    try:
        match write:
            case Create(type="comment"):
                ref = await create_comment(site, write)
            case Create():
                ref = await create_version(site, catalog, write)
            case Update() if write.pre.ref.kind == COMMENT:
                ref = await update_comment(site, write)
            case Update() if write.pre.ref.kind == ITERATION:
                raise RejectedError(
                    "sprints are only read here", where=str(write.pre.ref), fix="edit the sprint on its board"
                )
            case Update() if write.pre.ref.kind == VERSION:
                ref = await update_version(site, write)
            case Update():
                ref, unsent = write.pre.ref, await update_issue(site, catalog, write)
            case Archive():
                raise RejectedError(
                    "Jira archives issues only in its paid plans, and not through this connector",
                    where=str(write.pre.ref),
                    fix="map a status that stands for cancelled",
                )
    except RemoteError as exc:
        return outcome_of(write, exc)
    return Sent(op=write.op, ref=ref, unsent=unsent)


async def _read_back(site: Site, catalog: Catalog, answers: Sequence[Sent | Outcome]) -> list[Outcome]:
    refs = [answer.ref for answer in answers if isinstance(answer, Sent)]
    failure: RemoteError | None = None
    records: dict[Ref, Record | RemoteError] = {}
    try:
        records = await read_records(site, catalog, refs) if refs else {}
    except RemoteError as exc:
        failure = exc
    outcomes: list[Outcome] = []
    for answer in answers:
        if not isinstance(answer, Sent):
            outcomes.append(answer)
            continue
        record = failure or records[answer.ref]
        if isinstance(record, RemoteError):
            outcomes.append(Unknown(op=answer.op, error=record))
        else:
            outcomes.append(Done(op=answer.op, record=record, unsent=answer.unsent))
    return outcomes


def outcome_of(write: Write, error: RemoteError) -> Refused | Unknown:
    """Return what an error says about the write it ended, naming the fields at fault where Jira does."""
    if isinstance(error, OutcomeUnknownError):
        return Unknown(op=write.op, error=error)
    named = error.fields.keys() if isinstance(error, FieldsRefusedError) else frozenset()
    given = write.fields.keys() if isinstance(write, Create | Update) else frozenset()
    return Refused(op=write.op, error=error, fields=frozenset(named & given))


async def take_mark_off(site: Site, catalog: Catalog, op: OpId, record: Record) -> Outcome:
    """
    Take our marker off an issue, a version or a comment, and read it back.

    An issue's property stays, with no entity in it: people see none of it, and
    a property is only ever set together with the label in one request.
    """
    ref, marker = record.ref, str(record.marker)
    try:
        if ref.kind == VERSION:
            said = {"description": record.fields.get("description")}
            await site.send("PUT", VERSION_PATH, ref.id, body=make_version(said, None, where=str(ref)), where=str(ref))
        elif ref.kind == COMMENT:
            await unmark_comment(site, ref)
        else:
            body = {
                "update": {LABELS: [{"remove": mark_label(marker)}]},
                "properties": [{"key": PROPERTY, "value": {"entity": ""}}],
            }
            await site.send("PUT", ISSUE_PATH, ref.id, body=body, where=str(ref))
    except OutcomeUnknownError as exc:
        return Unknown(op=op, error=exc)
    except RemoteError as exc:
        return Refused(op=op, error=exc)
    (outcome,) = await _read_back(site, catalog, [Sent(op=op, ref=ref)])
    return outcome
