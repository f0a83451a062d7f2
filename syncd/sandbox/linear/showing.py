"""What a person sees of the workspace, as plain JSON values."""

from __future__ import annotations

from syncd.sandbox.linear import edits_plan
from syncd.sandbox.linear.nodes import slug
from syncd.sandbox.linear.nodes_issue import Comment, Cycle, Issue
from syncd.sandbox.linear.nodes_plan import Initiative, Project, ProjectMilestone
from syncd.sandbox.linear.state import State

Item = Issue | Project | Initiative | ProjectMilestone | Cycle | Comment


def name_of(one: Item) -> str:
    """Return what people call it: `API-7`, `project/sso`, `initiative/growth`, `sso/milestone/beta`, `API/cycle/3`."""
    match one:
        case Issue():
            return one.identifier
        case Project() | Initiative():
            return f"{one.typename.lower()}/{slug(one.name)}"
        case ProjectMilestone():
            return f"{slug(one.project.name)}/milestone/{slug(one.name)}"
        case Cycle():
            return f"{one.team.key}/cycle/{one.number}"
    home = one.issue or one.project or one.initiative
    return f"{name_of(home) if home else 'nowhere'}#comment-{one.id[:8]}"


def summary(state: State) -> list[dict[str, object]]:
    """Return a line for each issue, project, milestone and initiative, trashed ones left out."""
    return [
        *(_line(one, "Issue", one.title, one.state.name) for one in state.issues if not one.trashed),
        *(_line(one, "Project", one.name, one.status.name) for one in state.projects if not one.trashed),
        *(_line(one, "Milestone", one.name, edits_plan.milestone_status(state, one)) for one in state.milestones),
        *(_line(one, "Initiative", one.name, one.status) for one in state.initiatives if not one.trashed),
    ]


def _line(one: Item, kind: str, title: str, status: str) -> dict[str, object]:
    return {"key": name_of(one), "type": kind, "title": title, "state": status}


def whole(one: Item, state: State) -> dict[str, object]:
    """Return everything about one item."""
    common: dict[str, object] = {
        "key": name_of(one),
        "id": one.id,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "archived_at": one.archived_at,
    }
    match one:
        case Issue():
            return common | _issue(one)
        case Project() | Initiative():
            return common | _plan(one)
        case ProjectMilestone():
            return common | {
                "type": "Milestone",
                "name": one.name,
                "description": one.description,
                "target_date": one.target_date,
                "sort_order": one.sort_order,
                "status": edits_plan.milestone_status(state, one),
                "project": one.project.name,
                "issues": [issue.identifier for issue in one.issues.values()],
            }
        case Cycle():
            names = ("number", "name", "starts_at", "ends_at", "completed_at")
            held = [issue.identifier for issue in one.issues.values()]
            return common | {"type": "Cycle"} | {name: getattr(one, name) for name in names} | {"issues": held}
    return common | {
        "type": "Comment",
        "body": one.body,
        "user": one.user.display_name if one.user else None,
        "edited_at": one.edited_at,
        "parent": one.parent.id if one.parent else None,
        "url": one.url,
    }


def _issue(one: Issue) -> dict[str, object]:
    blocks = [each for each in one.inverse_relations.values() if each.type == "blocks"]
    return {
        "type": "Issue",
        "title": one.title,
        "description": one.description,
        "state": one.state.name,
        "state_type": one.state.type,
        "team": one.team.key,
        "priority": one.priority_label,
        "estimate": one.estimate,
        "due_date": one.due_date,
        "assignee": one.assignee.display_name if one.assignee else None,
        "labels": sorted(label.name for label in one.labels.values()),
        "project": one.project.name if one.project else None,
        "milestone": one.project_milestone.name if one.project_milestone else None,
        "cycle": name_of(one.cycle) if one.cycle else None,
        "parent": one.parent.identifier if one.parent else None,
        "children": [child.identifier for child in one.children.values()],
        "blocked_by": [each.issue.identifier for each in blocks],
        "previous_identifiers": list(one.previous_identifiers),
        "comments": [comment.body for comment in one.comments.values()],
        "attachments": {each.url: each.title for each in one.attachments.values()},
        "trashed": bool(one.trashed),
        "url": one.url,
    }


def _plan(one: Project | Initiative) -> dict[str, object]:
    person = one.lead if isinstance(one, Project) else one.owner
    told: dict[str, object] = {
        "type": one.typename,
        "name": one.name,
        "description": one.description,
        "content": one.content,
        "state": one.status.name if isinstance(one, Project) else one.status,
        "health": one.health,
        "target_date": one.target_date,
        "target_date_resolution": one.target_date_resolution,
        "lead" if isinstance(one, Project) else "owner": person.display_name if person else None,
        "links": {each.url: each.label for each in one.links.values()},
        "trashed": bool(one.trashed),
        "url": one.url,
    }
    if isinstance(one, Initiative):
        return told | {"projects": [tie.project.name for tie in one.to.values()]}
    return told | {
        "priority": one.priority_label,
        "start_date": one.start_date,
        "start_date_resolution": one.start_date_resolution,
        "teams": [team.key for team in one.teams.values()],
        "labels": sorted(label.name for label in one.labels.values()),
        "milestones": [each.name for each in one.milestones.values()],
        "initiatives": [tie.initiative.name for tie in one.to.values()],
        "issues": len(one.issues),
    }
