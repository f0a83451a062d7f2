"""What clients do to comments, relations and attachments."""

from __future__ import annotations

from syncd.sandbox.linear import edits_talk
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.mutations import Given, Mutation, hand, input_of
from syncd.sandbox.linear.state import Refusal


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
    "issueRelationCreate": create_relation,
    "issueRelationDelete": delete_relation,
    "issueRelationUpdate": update_relation,
}
