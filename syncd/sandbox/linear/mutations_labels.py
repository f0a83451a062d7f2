"""What clients do to labels, those of issues and those of projects."""

from __future__ import annotations

from syncd.sandbox.linear import edits_labels
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.mutations import Given, Mutation, input_of


def create_label(context: Context, args: Given) -> dict[str, object]:
    """Make a label, of a team or of the workspace."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.labels, given.get("id"))
    if existing is not None:
        return {"issueLabel": existing}
    made = edits_labels.create(
        state,
        str(given["name"]),
        team=state.find(state.teams, given["teamId"]) if given.get("teamId") else None,
        parent=state.find(state.labels, given["parentId"]) if given.get("parentId") else None,
        is_group=bool(given.get("isGroup")),
        creator=context.viewer,
        wanted_id=given.get("id"),
    )
    context.written += 1
    return {"issueLabel": made}


def update_label(context: Context, args: Given) -> dict[str, object]:
    """Rename or repaint a label."""
    label = context.state.find(context.state.labels, args["id"])
    edits_labels.edit(context.state, label, input_of(args))
    context.written += 1
    return {"issueLabel": label}


def delete_label(context: Context, args: Given) -> dict[str, object]:
    """Delete a label for good, also from what has it."""
    label = context.state.find(context.state.labels, args["id"])
    edits_labels.delete(context.state, label)
    context.written += 1
    return {"entityId": label.id}


def create_project_label(context: Context, args: Given) -> dict[str, object]:
    """Make a label for projects."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.project_labels, given.get("id"))
    if existing is not None:
        return {"projectLabel": existing}
    made = edits_labels.create_for_projects(state, str(given["name"]), wanted_id=given.get("id"))
    context.written += 1
    return {"projectLabel": made}


MUTATIONS: dict[str, Mutation] = {
    "issueLabelCreate": create_label,
    "issueLabelDelete": delete_label,
    "issueLabelUpdate": update_label,
    "projectLabelCreate": create_project_label,
}
