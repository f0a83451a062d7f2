"""From what Linear sends to records; nothing here asks for anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

from syncd.connectors.linear.catalog import Around, person_of, state_choice
from syncd.connectors.linear.families import COMMENT, INITIATIVE, ISSUE, ITERATION, MILESTONE, PROJECT
from syncd.connectors.linear.fields import (
    CYCLE_STATES,
    HEALTHS,
    INITIATIVE_STATES,
    MILESTONE_STATES,
    choice_of,
    make_date,
    priority_choice,
)
from syncd.connectors.linear.identity import marker_of
from syncd.connectors.linear.nodes import CommentNode, CycleNode, InitiativeNode, IssueNode, MilestoneNode, ProjectNode
from syncd.connectors.linear.payloads import LabelNode
from syncd.model.native import (
    Choice,
    Choices,
    Date,
    Instant,
    Native,
    Number,
    People,
    Person,
    Record,
    RecordState,
    Refs,
    RichText,
    Text,
    TextFormat,
)
from syncd.model.refs import Ref, Revision

FORMAT: Final = 1
"""Raised whenever records come to hold more than before."""
GRAIN: Final = timedelta(seconds=1)
"""What was read within this of its last change is read once more: a second edit may show the same time."""
BLOCKS: Final = "blocks"
_TICK: Final = timedelta(milliseconds=1)
_SHORT_ID: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def revision_head(around: Around, updated_at: datetime) -> str:
    """Return what every listing can tell of a revision."""
    return f"{FORMAT}/{(updated_at - _EPOCH) // _TICK}/{around.stamp}/"


def digest(parts: Iterable[str]) -> str:
    """Return a short digest of what may change without moving `updatedAt`; nothing for nothing."""
    told = sorted(parts)
    return f"{crc32(repr(told).encode()):08x}" if told else ""


def _revision(around: Around, updated_at: datetime, read_at: datetime, rest: str = "") -> Revision:
    """Return a revision; one that may still cover a later edit is marked, so the next scan reads again."""
    settled = "" if read_at - updated_at >= GRAIN else "~"
    return Revision(f"{revision_head(around, updated_at)}{rest}{settled}")


def issue_record(issue: IssueNode, *, around: Around, labels: Mapping[str, LabelNode], read_at: datetime) -> Record:
    """Return an issue's record."""
    name = around.name
    blockers = [each.issue.id for each in issue.inverse_relations.nodes if each.type == BLOCKS]
    above = issue.parent or issue.project
    fields: dict[str, Native] = {
        "title": Text(issue.title),
        "description": rich(issue.description),
        "state": state_choice(issue.state),
        "priority": priority_choice(issue.priority),
        "estimate": None if issue.estimate is None else Number(issue.estimate),
        "dueDate": None if issue.due_date is None else Date(issue.due_date),
        "assignee": person_of(issue.assignee),
        "creator": person_of(issue.creator),
        "parent": Ref(name, ISSUE, issue.parent.id) if issue.parent else None,
        "project": Ref(name, PROJECT, issue.project.id) if issue.project else None,
        "belongsTo": Ref(name, ISSUE if issue.parent else PROJECT, above.id) if above else None,
        "projectMilestone": Ref(name, MILESTONE, issue.project_milestone.id) if issue.project_milestone else None,
        "cycle": Ref(name, ITERATION, issue.cycle.id) if issue.cycle else None,
        "depends_on": Refs(frozenset(Ref(name, ISSUE, blocker) for blocker in blockers)),
        "createdAt": instant(issue.created_at),
        "completedAt": instant(issue.completed_at),
        "canceledAt": instant(issue.canceled_at),
    }
    return Record(
        ref=Ref(name, ISSUE, issue.id),
        type=ISSUE,
        container=issue.team.key,
        key=issue.identifier,
        revision=_revision(around, issue.updated_at, read_at, digest(blockers)),
        fields=fields | _labels(issue.label_ids, labels),
        url=issue.url,
        updated_at=issue.updated_at.astimezone(UTC),
        created_at=issue.created_at.astimezone(UTC),
        marker=marker_of(issue.id),
        state=_state(around.covers([issue.team]), issue.archived_at, issue.trashed),
    )


def project_record(
    project: ProjectNode, *, around: Around, labels: Mapping[str, LabelNode], read_at: datetime
) -> Record:
    """Return a project's record; several initiatives may hold it, and all of them are told."""
    above = [each.initiative.id for each in project.initiative_to_projects.nodes]
    fields: dict[str, Native] = {
        "name": Text(project.name),
        "summary": _summary(project.description),
        "content": rich(project.content),
        "status": state_choice(project.status),
        "priority": priority_choice(project.priority),
        "health": _health(project.health),
        "owner": person_of(project.lead),
        "creator": person_of(project.creator),
        "members": People(frozenset(found for each in project.members.nodes if (found := person_of(each)))),
        "startDate": make_date(project.start_date, project.start_date_resolution, around.fiscal_start),
        "targetDate": make_date(project.target_date, project.target_date_resolution, around.fiscal_start),
        "parent": Refs(frozenset(Ref(around.name, INITIATIVE, each) for each in above)),
        "createdAt": instant(project.created_at),
        "completedAt": instant(project.completed_at),
    }
    covered = around.scope.projects and around.covers(project.teams.nodes)
    return Record(
        ref=Ref(around.name, PROJECT, project.id),
        type=PROJECT,
        container=around.home_of(project.teams.nodes),
        key=project.name,
        revision=_revision(around, project.updated_at, read_at, digest(above)),
        fields=fields | _labels(project.label_ids, labels),
        url=project.url,
        updated_at=project.updated_at.astimezone(UTC),
        created_at=project.created_at.astimezone(UTC),
        marker=marker_of(project.id),
        state=_state(covered, project.archived_at, project.trashed),
    )


def initiative_record(initiative: InitiativeNode, *, around: Around, read_at: datetime) -> Record:
    """Return an initiative's record."""
    return Record(
        ref=Ref(around.name, INITIATIVE, initiative.id),
        type=INITIATIVE,
        container=around.workspace,
        key=initiative.name,
        revision=_revision(around, initiative.updated_at, read_at),
        fields={
            "name": Text(initiative.name),
            "summary": _summary(initiative.description),
            "content": rich(initiative.content),
            "status": choice_of(INITIATIVE_STATES, initiative.status),
            "health": _health(initiative.health),
            "owner": person_of(initiative.owner),
            "creator": person_of(initiative.creator),
            "targetDate": make_date(initiative.target_date, initiative.target_date_resolution, around.fiscal_start),
            "createdAt": instant(initiative.created_at),
            "completedAt": instant(initiative.completed_at),
        },
        url=initiative.url,
        updated_at=initiative.updated_at.astimezone(UTC),
        created_at=initiative.created_at.astimezone(UTC),
        marker=marker_of(initiative.id),
        state=_state(around.scope.initiatives, initiative.archived_at, initiative.trashed),
    )


def milestone_record(milestone: MilestoneNode, *, around: Around, read_at: datetime) -> Record:
    """Return a project milestone's record; it lives in its project, `ENG/Billing`."""
    place = around.place_of(milestone.project)
    covered = around.scope.projects and around.covers(milestone.project.teams.nodes)
    return Record(
        ref=Ref(around.name, MILESTONE, milestone.id),
        type=MILESTONE,
        container=place,
        key=milestone.name,
        revision=_revision(around, milestone.updated_at, read_at, digest([place])),
        fields={
            "name": Text(milestone.name),
            "description": rich(milestone.description),
            "targetDate": None if milestone.target_date is None else Date(milestone.target_date),
            "status": choice_of(MILESTONE_STATES, milestone.status),
            "project": Ref(around.name, PROJECT, milestone.project.id),
            "createdAt": instant(milestone.created_at),
        },
        updated_at=milestone.updated_at.astimezone(UTC),
        created_at=milestone.created_at.astimezone(UTC),
        marker=marker_of(milestone.id),
        state=_state(covered, milestone.archived_at),
    )


def cycle_state(*, completed: bool, active: bool, past: bool) -> str:
    """Return how far a cycle is, by Linear's own clock."""
    return "completed" if completed or past else "active" if active else "future"


def cycle_record(cycle: CycleNode, *, around: Around, read_at: datetime) -> Record:
    """Return a cycle's record: an iteration, with its days as the team sees them."""
    zone = around.zone_of(cycle.team.key)
    state = cycle_state(completed=cycle.completed_at is not None, active=cycle.is_active, past=cycle.is_past)
    title = cycle.name or f"Cycle {int(cycle.number)}"
    completed = cycle.completed_at.astimezone(zone).date() if cycle.completed_at else None
    return Record(
        ref=Ref(around.name, ITERATION, cycle.id),
        type=ITERATION,
        container=cycle.team.key,
        key=f"{cycle.team.key} {title}",
        revision=_revision(around, cycle.updated_at, read_at, state),
        fields={
            "title": Text(title),
            "start_on": Date(cycle.starts_at.astimezone(zone).date()),
            "due_on": Date((cycle.ends_at - _TICK).astimezone(zone).date()),
            "completed_on": Date(completed) if completed else None,
            "state": choice_of(CYCLE_STATES, state),
        },
        updated_at=cycle.updated_at.astimezone(UTC),
        created_at=cycle.created_at.astimezone(UTC),
        state=_state(around.covers([cycle.team]), cycle.archived_at),
    )


def comment_record(comment: CommentNode, *, around: Around, read_at: datetime) -> Record | None:
    """Return a comment's record, replies like any other; `None` when it is on something we do not know."""
    name = around.name
    if comment.issue:
        parent, container, key = Ref(name, ISSUE, comment.issue.id), comment.issue.team.key, comment.issue.identifier
        covered = around.covers([comment.issue.team])
    elif comment.project:
        parent, key = Ref(name, PROJECT, comment.project.id), comment.project.name
        container = around.home_of(comment.project.teams.nodes)
        covered = around.scope.projects and around.covers(comment.project.teams.nodes)
    elif comment.initiative:
        parent, container, key = Ref(name, INITIATIVE, comment.initiative.id), around.workspace, comment.initiative.name
        covered = around.scope.initiatives
    else:
        return None
    return Record(
        ref=Ref(name, COMMENT, comment.id),
        type=COMMENT,
        container=container,
        key=f"{key}#c{comment.id[:_SHORT_ID]}",
        revision=_revision(around, comment.updated_at, read_at),
        fields={
            "body": RichText(TextFormat.MARKDOWN, comment.body),
            "author": person_of(comment.user) or _bot(comment),
            "created_at": instant(comment.created_at),
            "parent": parent,
        },
        url=comment.url,
        updated_at=comment.updated_at.astimezone(UTC),
        created_at=comment.created_at.astimezone(UTC),
        marker=marker_of(comment.id),
        state=_state(covered, comment.archived_at),
    )


def _bot(comment: CommentNode) -> Person | None:
    bot = comment.bot_actor
    return Person(f"bot:{bot.id or bot.type}", name=bot.name or bot.type) if bot else None


def _state(covered: bool, archived_at: datetime | None, trashed: bool | None = None) -> RecordState:  # noqa: FBT001 - what the payload says
    """Say whether a record is in plain sight: in the trash it can be restored, so that is archived, never deleted."""
    if not covered:
        return RecordState.OUT_OF_SCOPE
    return RecordState.ARCHIVED if archived_at or trashed else RecordState.LIVE


def _labels(ids: Iterable[str], labels: Mapping[str, LabelNode]) -> dict[str, Native]:
    """Return the field of labels; none at all while one of them is unknown, which must not look like a removal."""
    names = [labels[each].name if each in labels else None for each in ids]
    known = [name for name in names if name is not None]
    return {"labels": Choices(frozenset(Choice(name, name) for name in known))} if len(known) == len(names) else {}


def _summary(line: str | None) -> Text | None:
    return Text(line) if line and line.strip() else None


def _health(name: str | None) -> Choice | None:
    return None if name is None else choice_of(HEALTHS, name)


def rich(source: str | None) -> RichText | None:
    """Return Markdown as Linear holds it; blank is empty."""
    return RichText(TextFormat.MARKDOWN, source) if source and source.strip() else None


def instant(moment: datetime | None) -> Instant | None:
    """Return a moment in UTC."""
    return None if moment is None else Instant(moment.astimezone(UTC))
