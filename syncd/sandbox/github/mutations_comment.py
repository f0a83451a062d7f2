"""Mutations on comments. Neither is idempotent."""

from __future__ import annotations

from syncd.sandbox.github import edits_comment
from syncd.sandbox.github.context import Context
from syncd.sandbox.github.mutations_issue import Input, Mutation
from syncd.sandbox.github.nodes import Issue, IssueComment, PullRequest
from syncd.sandbox.github.paging import Edge, encode
from syncd.sandbox.github.state import Refusal


def add_comment(context: Context, given: Input) -> dict[str, object]:
    """Comment on an issue or pull request; nothing else can be commented on."""
    subject = context.state.find(str(given["subjectId"]))
    if not isinstance(subject, Issue | PullRequest):
        raise Refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{given['subjectId']}'.")
    made = edits_comment.add(context.state, subject, str(given["body"]), context.viewer)
    context.limits.created()
    return {"commentEdge": Edge(node=made, cursor=encode(len(subject.comments))), "subject": subject}


def update_comment(context: Context, given: Input) -> dict[str, object]:
    """Give a comment another body."""
    comment = context.state.find_as(IssueComment, given["id"])
    edits_comment.rewrite(context.state, comment, str(given["body"]))
    return {"issueComment": comment}


MUTATIONS: dict[str, Mutation] = {"addComment": add_comment, "updateIssueComment": update_comment}
