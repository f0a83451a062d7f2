"""What clients do to issues."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syncd.sandbox.linear import edits_issue
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.edits_issue import Changes
from syncd.sandbox.linear.mutations import Given, Mutation, hand, ids, input_of
from syncd.sandbox.linear.nodes import IssueLabel
from syncd.sandbox.linear.nodes_issue import Issue
from syncd.sandbox.linear.state import FORBIDDEN, Refusal

MAX_BATCH = 50
PLAIN = {
    "title": "title",
    "description": "description",
    "priority": "priority",
    "dueDate": "due_date",
    "sortOrder": "sort_order",
    "subIssueSortOrder": "sub_issue_sort_order",
    "trashed": "trashed",
}


def changes_of(context: Context, given: Given, issue: Issue | None = None) -> Changes:
    """Return an issue input as new values; ids become what they stand for."""
    state = context.state
    changes: Changes = {attribute: given[name] for name, attribute in PLAIN.items() if name in given}
    if "priority" in changes and changes["priority"] is None:
        changes["priority"] = 0
    if "estimate" in given:
        changes["estimate"] = None if given["estimate"] is None else float(str(given["estimate"]))
    finders: Mapping[str, tuple[str, Callable[[object], object]]] = {
        "assigneeId": ("assignee", lambda one: state.find(state.users, one)),
        "stateId": ("state", lambda one: state.find(state.states, one)),
        "projectId": ("project", lambda one: state.find(state.projects, one)),
        "projectMilestoneId": ("project_milestone", lambda one: state.find(state.milestones, one)),
        "cycleId": ("cycle", lambda one: state.find(state.cycles, one)),
        "parentId": ("parent", state.issue),
        "teamId": ("team", lambda one: state.find(state.teams, one)),
    }
    for name, (attribute, find) in finders.items():
        if name in given and (given[name] is not None or attribute not in {"state", "team"}):
            changes[attribute] = None if given[name] is None else find(given[name])
    labels = _labels(context, given, issue)
    if labels is not None:
        changes["labels"] = labels
    if given.get("subscriberIds") is not None:
        changes["subscribers"] = {one: state.find(state.users, one) for one in ids(given["subscriberIds"])}
    return changes


def _labels(context: Context, given: Given, issue: Issue | None) -> dict[str, IssueLabel] | None:
    """Return the labels there will be; adding and removing leaves the others alone."""
    state = context.state
    deltas = given.get("addedLabelIds") is not None or given.get("removedLabelIds") is not None
    if given.get("labelIds") is not None:
        if deltas:
            raise Refusal("Argument Validation Error", told="labelIds cannot be used with added or removed labels.")
        return {one: state.find(state.labels, one) for one in ids(given["labelIds"])}
    if not deltas or issue is None:
        return None
    gone = set(ids(given.get("removedLabelIds")))
    kept = {key: label for key, label in issue.labels.items() if key not in gone}
    return kept | {one: state.find(state.labels, one) for one in ids(given.get("addedLabelIds"))}


def _create(context: Context, given: Given) -> Issue:
    state = context.state
    existing = state.repeated(state.issues, given.get("id"))
    if existing is not None:
        return existing
    team = state.find(state.teams, given["teamId"])
    changes = changes_of(context, {name: value for name, value in given.items() if name != "teamId"})
    issue = edits_issue.create(state, team, changes, hand(context, given), wanted_id=given.get("id"))
    for name, attribute in (("createdAt", "created_at"), ("completedAt", "completed_at")):
        if given.get(name) is not None:
            setattr(issue, attribute, given[name])
    context.written += 1
    return issue


def create_issue(context: Context, args: Given) -> dict[str, object]:
    """Make an issue."""
    return {"issue": _create(context, input_of(args))}


def create_issues(context: Context, args: Given) -> dict[str, object]:
    """Make several issues, all or none."""
    state = context.state
    orders = input_of(args)["issues"]
    made: list[Issue] = []
    before = context.written
    try:
        made.extend(_create(context, order) for order in (orders if isinstance(orders, list) else []))
    except Refusal:
        for issue in made:
            edits_issue.purge(state, issue)
        context.written = before
        raise
    return {"issues": made}


def update_issue(context: Context, args: Given) -> dict[str, object]:
    """Edit an issue: what is not named stays, null empties."""
    issue = context.state.issue(args["id"])
    _edit(context, issue, input_of(args))
    return {"issue": issue}


def update_issues(context: Context, args: Given) -> dict[str, object]:
    """Give up to 50 issues the same values."""
    names = ids(args["ids"])
    if len(names) > MAX_BATCH:
        told = f"ids must contain no more than {MAX_BATCH} elements."
        raise Refusal("Argument Validation Error", told=told)
    issues = [context.state.issue(name) for name in names]
    for issue in issues:
        edits_issue.check(issue, changes_of(context, input_of(args), issue))
    for issue in issues:
        _edit(context, issue, input_of(args))
    return {"issues": issues}


def _edit(context: Context, issue: Issue, given: Given) -> None:
    edits_issue.edit(context.state, issue, changes_of(context, given, issue), hand(context))
    context.written += 1


def delete_issue(context: Context, args: Given) -> dict[str, object]:
    """Put an issue in the trash; only an admin may delete it for good."""
    issue = context.state.issue(args["id"])
    context.written += 1
    if args.get("permanentlyDelete"):
        if not context.viewer.admin:
            raise Refusal("Only admins can permanently delete issues", code=FORBIDDEN)
        edits_issue.purge(context.state, issue)
        return {"entity": None}
    edits_issue.trash(context.state, issue, hand(context))
    return {"entity": issue}


def archive_issue(context: Context, args: Given) -> dict[str, object]:
    """Archive an issue, or put it in the trash."""
    if args.get("trash"):
        return delete_issue(context, {"id": args["id"]})
    issue = context.state.issue(args["id"])
    edits_issue.archive(context.state, issue)
    context.written += 1
    return {"entity": issue}


def unarchive_issue(context: Context, args: Given) -> dict[str, object]:
    """Bring an issue back from the archive or the trash."""
    issue = context.state.issue(args["id"])
    edits_issue.unarchive(context.state, issue)
    context.written += 1
    return {"entity": issue}


def add_label(context: Context, args: Given) -> dict[str, object]:
    """Add one label."""
    issue = context.state.issue(args["id"])
    _edit(context, issue, {"addedLabelIds": [args["labelId"]]})
    return {"issue": issue}


def remove_label(context: Context, args: Given) -> dict[str, object]:
    """Remove one label."""
    issue = context.state.issue(args["id"])
    _edit(context, issue, {"removedLabelIds": [args["labelId"]]})
    return {"issue": issue}


MUTATIONS: dict[str, Mutation] = {
    "issueAddLabel": add_label,
    "issueArchive": archive_issue,
    "issueBatchCreate": create_issues,
    "issueBatchUpdate": update_issues,
    "issueCreate": create_issue,
    "issueDelete": delete_issue,
    "issueRemoveLabel": remove_label,
    "issueUnarchive": unarchive_issue,
    "issueUpdate": update_issue,
}
