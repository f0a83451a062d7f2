"""What clients do to projects and initiatives, and to what ties them together."""

from __future__ import annotations

from syncd.sandbox.linear import edits_plan
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.edits_issue import Changes
from syncd.sandbox.linear.mutations import Given, Mutation, ids, input_of, plain
from syncd.sandbox.linear.nodes import Node
from syncd.sandbox.linear.nodes_plan import Initiative, Project
from syncd.sandbox.linear.state import Refusal

PROJECT_PLAIN = {
    "canceledAt": "canceled_at",
    "color": "color",
    "completedAt": "completed_at",
    "content": "content",
    "description": "description",
    "icon": "icon",
    "name": "name",
    "priority": "priority",
    "sortOrder": "sort_order",
    "startDate": "start_date",
    "startDateResolution": "start_date_resolution",
    "targetDate": "target_date",
    "targetDateResolution": "target_date_resolution",
    "trashed": "trashed",
}
INITIATIVE_PLAIN = {
    name: attribute
    for name, attribute in PROJECT_PLAIN.items()
    if name not in {"canceledAt", "completedAt", "priority", "startDate", "startDateResolution"}
} | {"status": "status"}


def _project_changes(context: Context, given: Given) -> Changes:
    state, changes = context.state, plain(given, PROJECT_PLAIN)
    if changes.get("priority", 0) is None:
        changes["priority"] = 0
    if "leadId" in given:
        changes["lead"] = state.find(state.users, given["leadId"]) if given["leadId"] else None
    if given.get("statusId") is not None:
        changes["status"] = state.find(state.project_statuses, given["statusId"])
    for name, attribute, find in (
        ("memberIds", "members", lambda one: state.find(state.users, one)),
        ("teamIds", "teams", lambda one: state.find(state.teams, one)),
        ("labelIds", "labels", lambda one: state.find(state.project_labels, one)),
    ):
        if given.get(name) is not None:
            changes[attribute] = {one: find(one) for one in ids(given[name])}
    return changes


def create_project(context: Context, args: Given) -> dict[str, object]:
    """Make a project."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.projects, given.get("id"))
    if existing is not None:
        return {"project": existing}
    changes = _project_changes(context, given)
    teams = {one: state.find(state.teams, one) for one in ids(given["teamIds"])}
    made = edits_plan.create_project(state, teams, changes, context.viewer, wanted_id=given.get("id"))
    context.written += 1
    return {"project": made}


def update_project(context: Context, args: Given) -> dict[str, object]:
    """Edit a project: what is not named stays, null empties."""
    project = context.state.project(args["id"])
    edits_plan.edit_plan(context.state, project, _project_changes(context, input_of(args)))
    context.written += 1
    return {"project": project}


def delete_project(context: Context, args: Given) -> dict[str, object]:
    """Put a project in the trash."""
    return archive_project(context, {"id": args["id"], "trash": True})


def archive_project(context: Context, args: Given) -> dict[str, object]:
    """Archive a project, or put it in the trash."""
    project = context.state.project(args["id"])
    edits_plan.shelve(context.state, project, trash=bool(args.get("trash")))
    context.written += 1
    return {"entity": project}


def unarchive_project(context: Context, args: Given) -> dict[str, object]:
    """Bring a project back."""
    project = context.state.project(args["id"])
    edits_plan.unshelve(context.state, project)
    context.written += 1
    return {"entity": project}


def _relabel_project(context: Context, args: Given, *, add: bool) -> dict[str, object]:
    state, project = context.state, context.state.project(args["id"])
    label = state.find(state.project_labels, args["labelId"])
    labels = {key: one for key, one in project.labels.items() if one is not label}
    edits_plan.edit_plan(state, project, {"labels": labels | ({label.id: label} if add else {})})
    context.written += 1
    return {"project": project}


def report_project(context: Context, args: Given) -> dict[str, object]:
    """Post a project update."""
    given = input_of(args)
    project = context.state.project(given["projectId"])
    return {"projectUpdate": _report(context, project, given)}


def report_initiative(context: Context, args: Given) -> dict[str, object]:
    """Post an initiative update."""
    given = input_of(args)
    initiative = context.state.initiative(given["initiativeId"])
    return {"initiativeUpdate": _report(context, initiative, given)}


def _report(context: Context, plan: Project | Initiative, given: Given) -> Node:
    existing = context.state.repeated(context.state.reports, given.get("id"))
    if existing is not None:
        return existing
    health = str(given.get("health") or plan.health or "onTrack")
    made = edits_plan.report(context.state, plan, given.get("body"), health, context.viewer, wanted_id=given.get("id"))
    context.written += 1
    return made


# --- initiatives ---------------------------------------------------------------------------


def _initiative_changes(context: Context, given: Given) -> Changes:
    changes = plain(given, INITIATIVE_PLAIN)
    if "ownerId" in given:
        changes["owner"] = context.state.find(context.state.users, given["ownerId"]) if given["ownerId"] else None
    return changes


def create_initiative(context: Context, args: Given) -> dict[str, object]:
    """Make an initiative."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.initiatives, given.get("id"))
    if existing is not None:
        return {"initiative": existing}
    changes = _initiative_changes(context, given)
    made = edits_plan.create_initiative(state, changes, context.viewer, wanted_id=given.get("id"))
    context.written += 1
    return {"initiative": made}


def update_initiative(context: Context, args: Given) -> dict[str, object]:
    """Edit an initiative."""
    initiative = context.state.initiative(args["id"])
    edits_plan.edit_plan(context.state, initiative, _initiative_changes(context, input_of(args)))
    context.written += 1
    return {"initiative": initiative}


def _shelve_initiative(context: Context, args: Given, *, trash: bool) -> Initiative:
    initiative = context.state.initiative(args["id"])
    edits_plan.shelve(context.state, initiative, trash=trash)
    context.written += 1
    return initiative


def unarchive_initiative(context: Context, args: Given) -> dict[str, object]:
    """Bring an initiative back."""
    initiative = context.state.initiative(args["id"])
    edits_plan.unshelve(context.state, initiative)
    context.written += 1
    return {"entity": initiative}


def create_tie(context: Context, args: Given) -> dict[str, object]:
    """Put a project into an initiative."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.ties, given.get("id"))
    if existing is not None:
        return {"initiativeToProject": existing}
    initiative, project = state.initiative(given["initiativeId"]), state.project(given["projectId"])
    made = edits_plan.tie(state, initiative, project, wanted_id=given.get("id"))
    context.written += 1
    return {"initiativeToProject": made}


def delete_tie(context: Context, args: Given) -> dict[str, object]:
    """Take a project from an initiative."""
    tie = context.state.find(context.state.ties, args["id"])
    edits_plan.untie(context.state, tie)
    context.written += 1
    return {"entityId": tie.id}


def create_link(context: Context, args: Given) -> dict[str, object]:
    """Add a link to a project or an initiative."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.links, given.get("id"))
    if existing is not None:
        return {"entityExternalLink": existing}
    plan: Project | Initiative
    if given.get("projectId"):
        plan = state.project(given["projectId"])
    elif given.get("initiativeId"):
        plan = state.initiative(given["initiativeId"])
    else:
        raise Refusal("Argument Validation Error", told="One of projectId or initiativeId is required.")
    made = edits_plan.link(state, plan, given, context.viewer)
    context.written += 1
    return {"entityExternalLink": made}


def update_link(context: Context, args: Given) -> dict[str, object]:
    """Change a link."""
    link = context.state.find(context.state.links, args["id"])
    for name, attribute in (("label", "label"), ("url", "url"), ("sortOrder", "sort_order")):
        if input_of(args).get(name) is not None:
            setattr(link, attribute, input_of(args)[name])
    context.state.touched(context.state.links, link)
    context.written += 1
    return {"entityExternalLink": link}


def delete_link(context: Context, args: Given) -> dict[str, object]:
    """Delete a link."""
    link = context.state.find(context.state.links, args["id"])
    edits_plan.unlink(context.state, link)
    context.written += 1
    return {"entityId": link.id}


MUTATIONS: dict[str, Mutation] = {
    "entityExternalLinkCreate": create_link,
    "entityExternalLinkDelete": delete_link,
    "entityExternalLinkUpdate": update_link,
    "initiativeArchive": lambda context, args: {"entity": _shelve_initiative(context, args, trash=False)},
    "initiativeCreate": create_initiative,
    "initiativeDelete": lambda context, args: {"entityId": _shelve_initiative(context, args, trash=True).id},
    "initiativeToProjectCreate": create_tie,
    "initiativeToProjectDelete": delete_tie,
    "initiativeUnarchive": unarchive_initiative,
    "initiativeUpdate": update_initiative,
    "initiativeUpdateCreate": report_initiative,
    "projectAddLabel": lambda context, args: _relabel_project(context, args, add=True),
    "projectArchive": archive_project,
    "projectCreate": create_project,
    "projectDelete": delete_project,
    "projectRemoveLabel": lambda context, args: _relabel_project(context, args, add=False),
    "projectUnarchive": unarchive_project,
    "projectUpdate": update_project,
    "projectUpdateCreate": report_project,
}
