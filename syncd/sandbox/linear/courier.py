"""
Linear's webhooks as the stand-in sends them, shaped as the published schema's `...WebhookPayload` types.

Signed over the body, which tells when the attempt was made. Anything but 200 is
tried again after a minute, an hour and six hours. Milestones and relations are
not told. Source: vendor facts, L1, L5, L6.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from syncd.sandbox.linear.nodes import WEB, IssueLabel, Node, ProjectLabel, Team, User
from syncd.sandbox.linear.nodes_issue import Comment, Cycle, Issue
from syncd.sandbox.linear.nodes_plan import Initiative, Project, Report
from syncd.sandbox.linear.state import State
from syncd.sandbox.webhooks import CREATED, DELETED, UPDATED, Event, Hook, Note, Uniform, hex_hmac

RETRIES_S: Final = (60.0, 3_600.0, 21_600.0)
ACCEPTED: Final = 200
ACTIONS: Final = {CREATED: "create", UPDATED: "update", DELETED: "remove"}
Json = dict[str, object]


class LinearCourier:
    """Words, signs and repeats what the workspace sends."""

    def __init__(self, state: State) -> None:
        self._state = state

    def events(self, notes: Iterable[Note]) -> Iterator[Event]:
        """Return an event for each note on something that Linear tells of, what was made before what was changed."""
        told = [note for note in notes if isinstance(note.item, Node)]
        made = {note.item.id for note in told if note.verb == CREATED}
        for note in told:
            if note.verb == UPDATED and note.item.id in made:
                continue
            data = _data(note.item)
            if data is not None:
                yield self._event(note, data)

    def _event(self, note: Note, data: Json) -> Event:
        name = str(data.pop("__typename"))
        body: Json = {
            "action": ACTIONS[note.verb],
            "actor": None,
            "createdAt": self._state.stamp(),
            "data": data,
            "type": name,
            "organizationId": self._state.organization.id,
        }
        if "url" in data:
            body["url"] = data["url"]
        if note.verb == UPDATED:
            body["updatedFrom"] = {"updatedAt": data["updatedAt"]}
        return Event(name=name, body=body, scope=_team_of(note.item))

    def dress(
        self, hook: Hook, event: Event, *, guid: str, attempt: int, secret: str, now: datetime
    ) -> tuple[dict[str, str], bytes]:
        """Return one attempt, signed."""
        del attempt  # Linear does not tell it
        sent_ms = int(now.timestamp() * 1000)
        whole = {**event.body, "webhookTimestamp": sent_ms, "webhookId": hook.id}
        body = json.dumps(whole, separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Linear-Webhook",
            "linear-delivery": guid,
            "linear-event": event.name,
            "linear-timestamp": str(sent_ms),
        }
        return (headers | {"linear-signature": hex_hmac(secret, body)} if secret else headers), body

    def retry_s(self, attempt: int, status: int, uniform: Uniform) -> float | None:
        """Return when it is tried again."""
        del uniform
        return RETRIES_S[attempt - 1] if status != ACCEPTED and attempt <= len(RETRIES_S) else None


def _team_of(one: Node) -> str:
    """Return the id of the one team it belongs to; empty for what belongs to several, or to none."""
    home = one.issue if isinstance(one, Comment) else one
    team = home.team if isinstance(home, Issue | Cycle | IssueLabel) else None
    return team.id if team else ""


def _data(one: Node) -> Json | None:
    """Return what is told of a thing; `None` for what Linear does not tell of."""
    told: Json | None = None
    match one:
        case Issue():
            told = _issue(one)
        case Comment():
            told = _comment(one)
        case Project():
            told = _project(one)
        case Initiative():
            told = _initiative(one)
        case Cycle():
            told = _cycle(one)
        case IssueLabel():
            told = _label(one) | {"teamId": one.team.id if one.team else None}
        case ProjectLabel():
            told = _label(one)
        case Report():
            return _report(one)
    return None if told is None else _born(one, one.typename) | told


def _label(one: IssueLabel | ProjectLabel) -> Json:
    return {"name": one.name, "color": one.color, "isGroup": one.is_group}


def _born(one: Node, typename: str) -> Json:
    return {
        "__typename": typename,
        "id": one.id,
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        "archivedAt": one.archived_at,
    }


def _user(one: User | None) -> Json | None:
    url = f"{WEB}/{one.organization.url_key}/profiles/{one.display_name}" if one else ""
    return {"id": one.id, "name": one.name, "email": one.email, "url": url} if one else None


def _team(one: Team) -> Json:
    return {"id": one.id, "key": one.key, "name": one.name}


def _mention(one: Project | Initiative | None) -> Json | None:
    return {"id": one.id, "name": one.name, "url": one.url} if one else None


def _issue(one: Issue) -> Json:
    labels = [{"id": each.id, "name": each.name, "color": each.color} for each in one.labels.values()]
    state = {"id": one.state.id, "name": one.state.name, "type": one.state.type, "color": one.state.color}
    told: Json = {
        "number": one.number,
        "identifier": one.identifier,
        "title": one.title,
        "description": one.description,
        "priority": one.priority,
        "priorityLabel": one.priority_label,
        "prioritySortOrder": 0.0,
        "sortOrder": one.sort_order,
        "estimate": one.estimate,
        "dueDate": one.due_date,
        "trashed": one.trashed,
        "previousIdentifiers": list(one.previous_identifiers),
        "subscriberIds": list(one.subscribers),
        "labelIds": one.label_ids,
        "labels": labels,
        "reactionData": {},
        "teamId": one.team.id,
        "team": _team(one.team),
        "stateId": one.state.id,
        "state": state,
        "url": one.url,
        "parentId": one.parent.id if one.parent else None,
        "projectMilestoneId": one.project_milestone.id if one.project_milestone else None,
        "cycleId": one.cycle.id if one.cycle else None,
    }
    ends: Mapping[str, User | None] = {"assignee": one.assignee, "creator": one.creator}
    for name, person in ends.items():
        told |= {name: _user(person), f"{name}Id": person.id if person else None}
    return told | {"project": _mention(one.project), "projectId": one.project.id if one.project else None}


def _comment(one: Comment) -> Json:
    issue = one.issue
    about = (
        {
            "id": issue.id,
            "identifier": issue.identifier,
            "title": issue.title,
            "url": issue.url,
            "teamId": issue.team.id,
            "team": _team(issue.team),
        }
        if issue
        else None
    )
    return {
        "body": one.body,
        "editedAt": one.edited_at,
        "reactionData": {},
        "issue": about,
        "issueId": issue.id if issue else None,
        "projectId": one.project.id if one.project else None,
        "initiativeId": one.initiative.id if one.initiative else None,
        "parentId": one.parent.id if one.parent else None,
        "user": _user(one.user),
        "userId": one.user.id if one.user else None,
    }


def _plan(one: Project | Initiative) -> Json:
    return {
        "name": one.name,
        "slugId": one.slug_id,
        "description": one.description or "",
        "color": one.color,
        "health": one.health,
        "targetDate": one.target_date,
        "targetDateResolution": one.target_date_resolution,
        "sortOrder": one.sort_order,
        "trashed": one.trashed,
        "url": one.url,
    }


def _project(one: Project) -> Json:
    status = one.status
    return _plan(one) | {
        "content": one.content,
        "labelIds": one.label_ids,
        "priority": one.priority,
        "prioritySortOrder": 0.0,
        "startDate": one.start_date,
        "startDateResolution": one.start_date_resolution,
        "statusId": status.id,
        "status": {"id": status.id, "name": status.name, "type": status.type, "color": status.color},
        "teamIds": list(one.teams),
        "memberIds": list(one.members),
        "lead": _user(one.lead),
        "leadId": one.lead.id if one.lead else None,
        **_histories(),
    }


def _initiative(one: Initiative) -> Json:
    return _plan(one) | {
        "status": one.status,
        "frequencyResolution": "weekly",
        "labelIds": [],
        "priority": 0,
        "organizationId": one.organization.id,
        "owner": _user(one.owner),
        "ownerId": one.owner.id if one.owner else None,
    }


def _histories() -> Json:
    kinds = ("issueCount", "completedIssueCount", "scope", "completedScope", "inProgressScope")
    return {f"{kind}History": [] for kind in kinds}


def _cycle(one: Cycle) -> Json:
    return _histories() | {
        "number": one.number,
        "name": one.name,
        "description": one.description,
        "startsAt": one.starts_at,
        "endsAt": one.ends_at,
        "completedAt": one.completed_at,
        "teamId": one.team.id,
        "uncompletedIssuesUponCloseIds": [],
    }


def _report(one: Report) -> Json | None:
    home = one.project or one.initiative
    if home is None:
        return None
    kind = "project" if one.project else "initiative"
    return _born(one, f"{kind.title()}Update") | {
        "body": one.body,
        "bodyData": "{}",
        "editedAt": one.edited_at or one.created_at,
        "health": one.health,
        "reactionData": {},
        "slugId": one.id[:8],
        "url": one.url,
        "user": _user(one.user),
        "userId": one.user.id,
        kind: _mention(home),
        f"{kind}Id": home.id,
    }
