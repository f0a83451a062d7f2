"""An item in plain JSON values, as `syncd sandbox show` prints it."""

from __future__ import annotations

from syncd.sandbox.github.nodes import Issue, IssueComment, Milestone
from syncd.sandbox.github.nodes_project import DraftIssue, Iteration, Option, Project, ProjectItem
from syncd.sandbox.github.people import Found, name_of
from syncd.sandbox.github.resolvers_project import cells
from syncd.sandbox.github.schema import path_of
from syncd.sandbox.github.state import WEB


def summary(project: Project) -> list[dict[str, object]]:
    """Return a line for every issue, draft and milestone, in that order."""
    repositories = project.owner.repositories.values()
    issues = [one for repository in repositories for one in repository.contents if isinstance(one, Issue)]
    milestones = [one for repository in repositories for one in repository.milestones if one is not None]
    return [
        *(
            _line(one, one.issue_type.name if one.issue_type else "Issue", one.title, one.state)
            | _status(project.by_content.get(one.id))
            for one in issues
        ),
        *(
            _line(item, "Draft", item.content.title, "OPEN") | _status(item)
            for item in project.live
            if isinstance(item.content, DraftIssue)
        ),
        *(
            _line(one, "Milestone", one.title, one.state) | {"due_on": (one.due_on or "")[:10] or None}
            for one in milestones
        ),
    ]


def _line(one: Issue | Milestone | ProjectItem, kind: str, title: str, state: str) -> dict[str, object]:
    return {"key": name_of(one), "type": kind, "title": title, "state": state.lower()}


def _status(item: ProjectItem | None) -> dict[str, object]:
    return {"Status": columns(item).get("Status")} if item else {}


def columns(item: ProjectItem) -> dict[str, object]:
    """Return the project's own columns that hold something, by name."""
    told: dict[str, object] = {}
    for cell in cells(item):
        value = getattr(cell, "value", None)
        if cell.field.data_type == "TITLE" or value is None:
            continue
        told[cell.field.name] = (
            value.name if isinstance(value, Option) else value.title if isinstance(value, Iteration) else value
        )
    return told


def whole(one: Found, project: Project) -> dict[str, object]:
    """Return everything about one milestone, issue, comment or draft."""
    match one:
        case Milestone():
            return _milestone(one)
        case IssueComment():
            return _comment(one) | {"id": one.id, "url": WEB + path_of(one), "updated_at": one.updated_at}
        case Issue():
            return _issue(one, project.by_content.get(one.id))
    draft = one.content
    told = _line(one, "Draft", draft.title if draft else "", "OPEN") | {"id": one.id}
    if isinstance(draft, DraftIssue):
        told |= {"body": draft.body, "assignees": [person.login for person in draft.assignees.values()]}
    return told | _item(one)


def _milestone(one: Milestone) -> dict[str, object]:
    return _line(one, "Milestone", one.title, one.state) | {
        "id": one.id,
        "url": WEB + path_of(one),
        "description": one.description,
        "due_on": (one.due_on or "")[:10] or None,
        "issues": [name_of(issue) for issue in one.issues.values()],
        "updated_at": one.updated_at,
    }


def _comment(one: IssueComment) -> dict[str, object]:
    return {"key": name_of(one), "author": one.author.login if one.author else None, "body": one.body}


def _issue(one: Issue, item: ProjectItem | None) -> dict[str, object]:
    return _line(one, one.issue_type.name if one.issue_type else "Issue", one.title, one.state) | {
        "id": one.id,
        "url": WEB + path_of(one),
        "body": one.body,
        "state_reason": one.state_reason.lower() if one.state_reason else None,
        "labels": [label.name for label in one.labels.values()],
        "assignees": [person.login for person in one.assignees.values()],
        "milestone": one.milestone.title if one.milestone else None,
        "parent": name_of(one.parent) if one.parent else None,
        "blocked_by": [name_of(other) for other in one.blocked_by.values()],
        "comments": [_comment(comment) for comment in one.comments],
        "updated_at": one.updated_at,
        **(_item(item) if item else {}),
    }


def _item(item: ProjectItem) -> dict[str, object]:
    return {
        "item": item.id,
        "archived": item.is_archived,
        "redacted": item.type == "REDACTED",
        "item_updated_at": item.updated_at,
        **columns(item),
    }
