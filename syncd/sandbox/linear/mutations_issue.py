"""What clients do to issues, comments, relations, attachments and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from syncd.sandbox.linear import edits_issue, edits_talk
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.edits_issue import Changes, Hand
from syncd.sandbox.linear.nodes import ActorBot, IssueLabel
from syncd.sandbox.linear.nodes_issue import Issue
from syncd.sandbox.linear.state import FORBIDDEN, Refusal

Given = Mapping[str, object]
Mutation = Callable[[Context, Given], dict[str, object]]
"""Carries one mutation out: takes its arguments and returns its payload."""
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


def input_of(args: Given) -> Given:
    """Return a mutation's `input`."""
    found = args["input"]
    return found if isinstance(found, Mapping) else {}


def ids(value: object) -> list[str]:
    """Return a list of ids, none for null."""
    return [str(one) for one in value] if isinstance(value, list) else []


def hand(context: Context, given: Given | None = None) -> Hand:
    """Return whose doing a request is; only an app may say it writes as somebody else."""
    name = (given or {}).get("createAsUser")
    if name is None:
        return Hand(user=context.viewer)
    if not context.session.is_app:
        told = "createAsUser is only available to OAuth applications in actor=app mode."
        raise Refusal("createAsUser can only be used by applications", code=FORBIDDEN, told=told)
    icon = (given or {}).get("displayIconUrl")
    bot = ActorBot(
        id=context.viewer.id,
        type="app",
        name=context.viewer.name,
        user_display_name=str(name),
        avatar_url=str(icon) if icon else None,
    )
    return Hand(user=context.viewer, bot=bot)


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


# --- issues --------------------------------------------------------------------------------


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


# --- comments, relations, attachments ------------------------------------------------------


def create_comment(context: Context, args: Given) -> dict[str, object]:
    """Comment on an issue, a project or an initiative."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.comments, given.get("id"))
    if existing is not None:
        return {"comment": existing}
    parent = state.find(state.comments, given["parentId"]) if given.get("parentId") else None
    home: edits_talk.Home
    if given.get("issueId"):
        home = state.issue(given["issueId"])
    elif given.get("projectId"):
        home = state.project(given["projectId"])
    elif given.get("initiativeId"):
        home = state.initiative(given["initiativeId"])
    else:
        raise Refusal("Argument Validation Error", told="One of issueId, projectId or initiativeId is required.")
    made = edits_talk.comment(
        state,
        home,
        given.get("body"),
        hand(context, given),
        parent=parent,
        wanted_id=given.get("id"),
        quoted=str(given["quotedText"]) if given.get("quotedText") else None,
        subscribe=not given.get("doNotSubscribeToIssue"),
    )
    if given.get("createdAt") is not None:
        made.created_at = str(given["createdAt"])
    context.written += 1
    return {"comment": made}


def update_comment(context: Context, args: Given) -> dict[str, object]:
    """Edit one's own comment."""
    comment = context.state.find(context.state.comments, args["id"])
    given = input_of(args)
    if given.get("body") is not None:
        edits_talk.reword(context.state, comment, given["body"], hand(context))
    context.written += 1
    return {"comment": comment}


def delete_comment(context: Context, args: Given) -> dict[str, object]:
    """Delete a comment for good."""
    comment = context.state.find(context.state.comments, args["id"])
    edits_talk.uncomment(context.state, comment)
    context.written += 1
    return {"entityId": comment.id}


def create_relation(context: Context, args: Given) -> dict[str, object]:
    """Relate two issues."""
    state, given = context.state, input_of(args)
    existing = state.repeated(state.relations, given.get("id"))
    if existing is not None:
        return {"issueRelation": existing}
    issue, other = state.issue(given["issueId"]), state.issue(given["relatedIssueId"])
    made = edits_talk.relate(state, issue, other, str(given["type"]), hand(context), wanted_id=given.get("id"))
    context.written += 1
    return {"issueRelation": made}


def update_relation(context: Context, args: Given) -> dict[str, object]:
    """Change the type of a relation."""
    relation = context.state.find(context.state.relations, args["id"])
    if input_of(args).get("type") is not None:
        edits_talk.retype(context.state, relation, str(input_of(args)["type"]))
    context.written += 1
    return {"issueRelation": relation}


def delete_relation(context: Context, args: Given) -> dict[str, object]:
    """Delete a relation."""
    relation = context.state.find(context.state.relations, args["id"])
    edits_talk.unrelate(context.state, relation)
    context.written += 1
    return {"entityId": relation.id}


def create_attachment(context: Context, args: Given) -> dict[str, object]:
    """Link an issue to a URL, or update the link it has to it."""
    given = input_of(args)
    issue = context.state.issue(given["issueId"])
    if not any(one.url == given["url"] for one in issue.attachments.values()):
        existing = context.state.repeated(context.state.attachments, given.get("id"))
        if existing is not None:
            return {"attachment": existing}
    made = edits_talk.attach(context.state, issue, given, hand(context, given))
    context.written += 1
    return {"attachment": made}


def update_attachment(context: Context, args: Given) -> dict[str, object]:
    """Change how a link shows."""
    attachment = context.state.find(context.state.attachments, args["id"])
    edits_talk.redecorate(context.state, attachment, input_of(args))
    context.written += 1
    return {"attachment": attachment}


def delete_attachment(context: Context, args: Given) -> dict[str, object]:
    """Delete a link."""
    attachment = context.state.find(context.state.attachments, args["id"])
    edits_talk.detach(context.state, attachment)
    context.written += 1
    return {"entityId": attachment.id}


MUTATIONS: dict[str, Mutation] = {
    "attachmentCreate": create_attachment,
    "attachmentDelete": delete_attachment,
    "attachmentUpdate": update_attachment,
    "commentCreate": create_comment,
    "commentDelete": delete_comment,
    "commentUpdate": update_comment,
    "issueAddLabel": add_label,
    "issueArchive": archive_issue,
    "issueBatchCreate": create_issues,
    "issueBatchUpdate": update_issues,
    "issueCreate": create_issue,
    "issueDelete": delete_issue,
    "issueRelationCreate": create_relation,
    "issueRelationDelete": delete_relation,
    "issueRelationUpdate": update_relation,
    "issueRemoveLabel": remove_label,
    "issueUnarchive": unarchive_issue,
    "issueUpdate": update_issue,
}
