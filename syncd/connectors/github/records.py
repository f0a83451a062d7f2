"""From what GitHub sends to records; nothing here asks for anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final
from zlib import crc32

from syncd.connectors.github.fields import (
    COMMENT,
    DRAFT,
    ISSUE_TYPE,
    MILESTONE,
    ProjectField,
    issue_state,
    milestone_state,
    project_values,
)
from syncd.connectors.github.marker import split_body
from syncd.connectors.github.payloads import Actor, CommentNode, DraftNode, IssueNode, ItemNode, MilestoneNode, UserNode
from syncd.model.native import (
    Choice,
    Choices,
    Instant,
    Native,
    People,
    Person,
    Record,
    RecordState,
    Refs,
    RichText,
    Text,
)
from syncd.model.refs import ConnectionName, Ref, Revision

ISSUE: Final = "issue"
"""The ref kind of issues, by their node id; drafts and milestones use their type's name."""

FORMAT: Final = 2
"""Raised whenever records come to hold more than before."""
GRAIN: Final = timedelta(seconds=2)
"""GitHub's times are whole seconds: an edit later in the second we read in would show the same time."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a record's making depends on besides its payload."""

    name: ConnectionName
    project_id: str
    place: str
    """The project as people write it, `acme/#7`: the container of drafts."""
    url: str
    fields: Mapping[str, ProjectField] = field(default_factory=dict)
    repositories: frozenset[str] = frozenset()
    """Full names in lower case; empty means all of the project's."""

    @cached_property
    def options(self) -> str:
        """A short digest of the project's fields and their options: admins edit them without touching any item."""
        told = sorted(
            (
                key,
                spec.name,
                *sorted(f"{option.id}={option.label}" for option in spec.options),
                *sorted(iteration.id for iteration in spec.iterations),
            )
            for key, spec in self.fields.items()
        )
        return f"{crc32(repr(told).encode()):08x}"

    @property
    def scope(self) -> str:
        """A short digest of what is in scope."""
        return f"{crc32(repr((self.project_id, sorted(self.repositories))).encode()):08x}"

    def covers(self, repository: str) -> bool:
        """Tell whether issues of that repository are in scope."""
        return not self.repositories or repository.lower() in self.repositories


def make_revision(
    around: Surroundings,
    *,
    item: datetime | None = None,
    content: datetime | None = None,
    parent: str | None = None,
    blockers: int = 0,
) -> Revision:
    """
    Return the token the scan and a full read agree on.

    Parent, blockers and the project's options are in it because nothing
    promises that changing them moves `updatedAt`; the format, so that a newer
    version of ours reads everything anew.
    """
    times = "/".join(str(int(time.timestamp())) if time else "" for time in (item, content))
    options = around.options if item else ""
    return Revision(f"{FORMAT}/{times}/{parent or ''}/{blockers}/{options}")


def _settled(revision: Revision, newest: datetime, read_at: datetime) -> Revision:
    """Mark a revision that may still cover a later edit, so that the next scan finds it different and reads again."""
    return revision if read_at - newest >= GRAIN else Revision(f"{revision}~")


def issue_record(issue: IssueNode, item: ItemNode | None, *, around: Surroundings, read_at: datetime) -> Record:
    """Return an issue's record; without *item* it is not in the project, and project fields are missing."""
    repository = issue.repository.name_with_owner
    body = split_body(issue.body)
    fields = _issue_fields(issue, body.text, around.name)
    if item is not None:
        fields |= project_values(around.name, around.fields, item.field_values.seen)
    item_at = item.updated_at if item else None
    newest = max(issue.updated_at, item_at or issue.updated_at)
    revision = make_revision(
        around,
        item=item_at,
        content=issue.updated_at,
        parent=issue.parent.id if issue.parent else None,
        blockers=len(issue.blocked_by.seen) if issue.blocked_by.total_count is None else issue.blocked_by.total_count,
    )
    return Record(
        ref=Ref(around.name, ISSUE, issue.id),
        type=issue.issue_type.name if issue.issue_type else ISSUE_TYPE,
        container=repository,
        key=f"{repository}#{issue.number}",
        revision=_settled(revision, newest, read_at),
        fields=fields,
        url=issue.url,
        updated_at=newest.astimezone(UTC),
        created_at=issue.created_at.astimezone(UTC),
        marker=body.marker,
        state=item_state(item, in_scope=around.covers(repository)),
        aliases=(Ref(around.name, DRAFT, item.id),) if item else (),
    )


def _issue_fields(issue: IssueNode, body: RichText | None, name: ConnectionName) -> dict[str, Native]:
    labels = issue.labels.seen if issue.labels else ()
    return {
        "title": Text(issue.title),
        "body": body,
        "state": issue_state(issue.state, issue.state_reason),
        "labels": Choices(frozenset(Choice(label.name, label.name) for label in labels)),
        "assignees": _people(issue.assignees.seen),
        "milestone": Ref(name, MILESTONE, issue.milestone.id) if issue.milestone else None,
        "type": Choice(issue.issue_type.id, issue.issue_type.name) if issue.issue_type else None,
        "parent": Ref(name, ISSUE, issue.parent.id) if issue.parent else None,
        "depends_on": Refs(frozenset(Ref(name, ISSUE, blocker.id) for blocker in issue.blocked_by.seen)),
        "author": _actor(issue.author),
        "createdAt": _instant(issue.created_at),
        "closedAt": _instant(issue.closed_at),
    }


def draft_record(draft: DraftNode, item: ItemNode, *, around: Surroundings, read_at: datetime) -> Record:
    """Return a draft's record."""
    body = split_body(draft.body)
    newest = max(draft.updated_at, item.updated_at or draft.updated_at)
    fields: dict[str, Native] = {
        "title": Text(draft.title),
        "body": body.text,
        "assignees": _people(draft.assignees.seen),
        "author": _actor(draft.creator),
        "createdAt": _instant(item.created_at),
    }
    revision = make_revision(around, item=item.updated_at, content=draft.updated_at)
    return Record(
        ref=Ref(around.name, DRAFT, item.id),
        type=DRAFT,
        container=around.place,
        key=f"{around.place} {draft.title}",
        revision=_settled(revision, newest, read_at),
        fields=fields | project_values(around.name, around.fields, item.field_values.seen),
        url=around.url,
        updated_at=newest.astimezone(UTC),
        created_at=item.created_at.astimezone(UTC),
        marker=body.marker,
        state=item_state(item, in_scope=True),
    )


def hidden_record(item: ItemNode, *, around: Surroundings) -> Record:
    """Return the record of an item whose content we may not see (REDACTED): it is there, and that is all we know."""
    return Record(
        ref=Ref(around.name, DRAFT, item.id),
        type=DRAFT,
        container=around.place,
        key=f"{around.place} (hidden)",
        revision=make_revision(around, item=item.updated_at),
        fields={},
        state=RecordState.HIDDEN,
    )


def milestone_record(milestone: MilestoneNode, *, around: Surroundings, read_at: datetime) -> Record:
    """Return a milestone's record."""
    repository = milestone.repository.name_with_owner
    description = split_body(milestone.description)
    in_scope = around.covers(repository)
    revision = make_revision(around, content=milestone.updated_at)
    return Record(
        ref=Ref(around.name, MILESTONE, milestone.id),
        type=MILESTONE,
        container=repository,
        key=milestone.title,
        revision=_settled(revision, milestone.updated_at, read_at),
        fields={
            "title": Text(milestone.title),
            "description": description.text,
            "due_on": _instant(milestone.due_on),
            "state": milestone_state(milestone.state),
            "createdAt": _instant(milestone.created_at),
            "closedAt": _instant(milestone.closed_at),
        },
        url=milestone.url,
        updated_at=milestone.updated_at.astimezone(UTC),
        created_at=milestone.created_at.astimezone(UTC),
        marker=description.marker,
        state=RecordState.LIVE if in_scope else RecordState.OUT_OF_SCOPE,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented:
    """The issue a comment is about."""

    id: str
    key: str
    container: str
    state: RecordState


def comment_record(comment: CommentNode, about: Commented, *, around: Surroundings, read_at: datetime) -> Record:
    """Return a comment's record; it lies where its issue lies, and is as visible."""
    body = split_body(comment.body)
    number = comment.url.rpartition("#issuecomment-")[2]
    return Record(
        ref=Ref(around.name, COMMENT, comment.id),
        type=COMMENT,
        container=about.container,
        key=f"{about.key}#c{number}",
        revision=_settled(comment_revision(comment.updated_at), comment.updated_at, read_at),
        fields={
            "body": body.text,
            "author": _actor(comment.author),
            "created_at": _instant(comment.created_at),
            "parent": Ref(around.name, ISSUE, about.id),
        },
        url=comment.url,
        updated_at=comment.updated_at.astimezone(UTC),
        created_at=comment.created_at.astimezone(UTC),
        marker=body.marker,
        state=about.state,
    )


def comment_revision(updated_at: datetime) -> Revision:
    """Return the token a list and a full read of a comment agree on."""
    return Revision(f"{FORMAT}/{int(updated_at.timestamp())}")


def item_state(item: ItemNode | None, *, in_scope: bool) -> RecordState:
    """Return how visible an issue or draft is, by its item in the project, if it has one."""
    if item is None or not in_scope:
        return RecordState.OUT_OF_SCOPE
    return RecordState.ARCHIVED if item.is_archived else RecordState.LIVE


def person(user: UserNode) -> Person:
    """Return a user as a person, identified by node id: a login may be given to somebody else."""
    return Person(user.id, name=user.name, login=user.login)


def _people(users: Iterable[UserNode]) -> People:
    return People(frozenset(person(user) for user in users))


def _actor(actor: Actor | None) -> Person | None:
    if actor is None or actor.id is None:
        return None
    return Person(actor.id, name=actor.name, login=actor.login)


def _instant(moment: datetime | None) -> Instant | None:
    return None if moment is None else Instant(moment.astimezone(UTC))
