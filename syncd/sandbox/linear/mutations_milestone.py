"""What clients do to milestones and cycles."""

from __future__ import annotations

from syncd.sandbox.linear import edits_plan
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.mutations import Given, Mutation, input_of, plain

MILESTONE_PLAIN = {
    "description": "description",
    "name": "name",
    "sortOrder": "sort_order",
    "targetDate": "target_date",
}
CYCLE_PLAIN = {
    "completedAt": "completed_at",
    "description": "description",
    "endsAt": "ends_at",
    "name": "name",
    "startsAt": "starts_at",
}


def create_milestone(context: Context, args: Given) -> dict[str, object]:
    """Make a milestone."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.milestones, given.get("id"))
    if existing is not None:
        return {"projectMilestone": existing}
    project = state.project(given["projectId"])
    made = edits_plan.create_milestone(state, project, plain(given, MILESTONE_PLAIN), wanted_id=given.get("id"))
    context.written += 1
    return {"projectMilestone": made}


def update_milestone(context: Context, args: Given) -> dict[str, object]:
    """Edit a milestone."""
    state, given = context.state, input_of(args)
    milestone = state.find(state.milestones, args["id"])
    changes = plain(given, MILESTONE_PLAIN)
    if given.get("projectId") is not None:
        changes["project"] = state.project(given["projectId"])
    edits_plan.edit_milestone(state, milestone, changes)
    context.written += 1
    return {"projectMilestone": milestone}


def delete_milestone(context: Context, args: Given) -> dict[str, object]:
    """Delete a milestone for good."""
    milestone = context.state.find(context.state.milestones, args["id"])
    edits_plan.delete_milestone(context.state, milestone)
    context.written += 1
    return {"entityId": milestone.id}


def create_cycle(context: Context, args: Given) -> dict[str, object]:
    """Make a cycle."""
    state, given = context.state, input_of(args)
    team = state.find(state.teams, given["teamId"])
    made = edits_plan.add_cycle(state, team, plain(given, CYCLE_PLAIN), wanted_id=given.get("id"))
    context.written += 1
    return {"cycle": made}


def update_cycle(context: Context, args: Given) -> dict[str, object]:
    """Edit a cycle."""
    cycle = context.state.find(context.state.cycles, args["id"])
    edits_plan.edit_cycle(context.state, cycle, plain(input_of(args), CYCLE_PLAIN))
    context.written += 1
    return {"cycle": cycle}


def archive_cycle(context: Context, args: Given) -> dict[str, object]:
    """Archive a cycle."""
    cycle = context.state.find(context.state.cycles, args["id"])
    cycle.archived_at = cycle.archived_at or context.state.stamp()
    context.state.touched(context.state.cycles, cycle)
    context.written += 1
    return {"entity": cycle}


MUTATIONS: dict[str, Mutation] = {
    "cycleArchive": archive_cycle,
    "cycleCreate": create_cycle,
    "cycleUpdate": update_cycle,
    "projectMilestoneCreate": create_milestone,
    "projectMilestoneDelete": delete_milestone,
    "projectMilestoneUpdate": update_milestone,
}
