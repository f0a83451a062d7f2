"""Mutations on issues and labels. None is idempotent: `clientMutationId` is only echoed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from syncd.sandbox.github import edits_issue, edits_project
from syncd.sandbox.github.context import Context
from syncd.sandbox.github.nodes import Issue, IssueType, Label, Milestone, Repository, User
from syncd.sandbox.github.nodes_project import Project
from syncd.sandbox.github.state import Refusal

Input: TypeAlias = Mapping[str, object]
Mutation: TypeAlias = Callable[[Context, Input], dict[str, object]]
"""Takes the one input, and returns the payload but for `clientMutationId`."""


def ids(given: Input, key: str) -> list[str]:
    """Return a list of ids from an input, empty when it is missing or null."""
    found = given.get(key)
    return [str(one) for one in found] if isinstance(found, list) else []


def text(given: Input, key: str) -> str | None:
    """Return a text from an input, if it is there and not null."""
    found = given.get(key)
    return None if found is None else str(found)


def find_issue(context: Context, given: Input, key: str = "issueId") -> Issue:
    """Return the issue an input names."""
    return context.state.find_as(Issue, given[key])


def create_issue(context: Context, given: Input) -> dict[str, object]:
    """Create an issue, whole or not at all."""
    state = context.state
    repository = state.find_as(Repository, given["repositoryId"])
    title = edits_issue.clean_title(str(given["title"]))
    body = edits_issue.clean_body(text(given, "body") or "")
    labels = [state.find_as(Label, one) for one in ids(given, "labelIds")]
    people = [state.find_as(User, one) for one in ids(given, "assigneeIds")]
    milestone = state.find_as(Milestone, given["milestoneId"]) if given.get("milestoneId") else None
    issue_type = state.find_as(IssueType, given["issueTypeId"]) if given.get("issueTypeId") else None
    parent = state.find_as(Issue, given["parentIssueId"]) if given.get("parentIssueId") else None
    projects = [state.find_as(Project, one) for one in ids(given, "projectV2Ids")]
    edits_issue.check_fits(repository, labels=labels, milestone=milestone, issue_type=issue_type)
    issue = state.add_issue(repository, title, author=context.viewer, body=body)
    if parent is not None:
        try:
            edits_issue.nest(state, parent, issue, replace=False)
        except Refusal:
            edits_issue.delete(state, issue)
            raise
    edits_issue.label(state, issue, add=labels)
    edits_issue.plan(state, issue, milestone)
    edits_issue.retype(state, issue, issue_type)
    edits_issue.assign(state, issue, add=people)
    for project in projects:
        edits_project.add(state, project, issue, context.viewer)
    context.limits.created()
    return {"issue": issue}


def update_issue(context: Context, given: Input) -> dict[str, object]:
    """Change what is given, or nothing when part is refused: null clears a milestone or type, lists replace."""
    state = context.state
    issue = find_issue(context, given, "id")
    labels = {one: state.find_as(Label, one) for one in ids(given, "labelIds")}
    people = {one: state.find_as(User, one) for one in ids(given, "assigneeIds")}
    milestone = state.find_as(Milestone, given["milestoneId"]) if given.get("milestoneId") else None
    issue_type = state.find_as(IssueType, given["issueTypeId"]) if given.get("issueTypeId") else None
    title = edits_issue.clean_title(str(given["title"])) if given.get("title") is not None else issue.title
    body = edits_issue.clean_body(str(given["body"])) if given.get("body") is not None else issue.body
    edits_issue.check_fits(issue.repository, labels=labels.values(), milestone=milestone, issue_type=issue_type)
    edits_issue.rename(state, issue, title)
    edits_issue.rewrite(state, issue, body)
    if given.get("labelIds") is not None:
        gone = [one for key, one in issue.labels.items() if key not in labels]
        edits_issue.label(state, issue, add=labels.values(), remove=gone)
    if given.get("assigneeIds") is not None:
        left = [one for key, one in issue.assignees.items() if key not in people]
        edits_issue.assign(state, issue, add=people.values(), remove=left)
    if "milestoneId" in given:
        edits_issue.plan(state, issue, milestone)
    if "issueTypeId" in given:
        edits_issue.retype(state, issue, issue_type)
    if given.get("state") == "CLOSED" and issue.state == "OPEN":
        edits_issue.close(state, issue, None, then=edits_project.after_close)
    elif given.get("state") == "OPEN":
        edits_issue.reopen(state, issue)
    return {"issue": issue, "actor": context.viewer}


def update_issue_type(context: Context, given: Input) -> dict[str, object]:
    """Give an issue another type; null clears it."""
    issue = find_issue(context, given)
    wanted = context.state.find_as(IssueType, given["issueTypeId"]) if given.get("issueTypeId") else None
    edits_issue.retype(context.state, issue, wanted)
    return {"issue": issue}


def close_issue(context: Context, given: Input) -> dict[str, object]:
    """Close an issue, by default as completed."""
    issue = find_issue(context, given)
    edits_issue.close(context.state, issue, text(given, "stateReason"), then=edits_project.after_close)
    return {"issue": issue}


def reopen_issue(context: Context, given: Input) -> dict[str, object]:
    """Open a closed issue."""
    issue = find_issue(context, given)
    edits_issue.reopen(context.state, issue)
    return {"issue": issue}


def delete_issue(context: Context, given: Input) -> dict[str, object]:
    """Delete an issue for good."""
    issue = find_issue(context, given)
    edits_issue.delete(context.state, issue)
    return {"repository": issue.repository}


def add_labels(context: Context, given: Input) -> dict[str, object]:
    """Add labels; those it has already do no harm."""
    issue = find_issue(context, given, "labelableId")
    found = [context.state.find_as(Label, one) for one in ids(given, "labelIds")]
    edits_issue.label(context.state, issue, add=found)
    return {"labelable": issue}


def remove_labels(context: Context, given: Input) -> dict[str, object]:
    """Remove labels; those it lacks do no harm."""
    issue = find_issue(context, given, "labelableId")
    found = [context.state.find_as(Label, one) for one in ids(given, "labelIds")]
    edits_issue.label(context.state, issue, remove=found)
    return {"labelable": issue}


def add_assignees(context: Context, given: Input) -> dict[str, object]:
    """Assign people; whoever cannot be assigned is silently left out."""
    issue = find_issue(context, given, "assignableId")
    found = [context.state.find_as(User, one) for one in ids(given, "assigneeIds")]
    edits_issue.assign(context.state, issue, add=found)
    return {"assignable": issue}


def remove_assignees(context: Context, given: Input) -> dict[str, object]:
    """Unassign people."""
    issue = find_issue(context, given, "assignableId")
    found = [context.state.find_as(User, one) for one in ids(given, "assigneeIds")]
    edits_issue.assign(context.state, issue, remove=found)
    return {"assignable": issue}


def add_sub_issue(context: Context, given: Input) -> dict[str, object]:
    """Make one issue the sub-issue of another, named by id or by URL."""
    parent = find_issue(context, given)
    if given.get("subIssueId"):
        child = find_issue(context, given, "subIssueId")
    else:
        child = _by_url(context, text(given, "subIssueUrl") or "")
    edits_issue.nest(context.state, parent, child, replace=bool(given.get("replaceParent")))
    return {"issue": parent, "subIssue": child}


def remove_sub_issue(context: Context, given: Input) -> dict[str, object]:
    """Take a sub-issue from its parent."""
    parent, child = find_issue(context, given), find_issue(context, given, "subIssueId")
    edits_issue.unnest(context.state, parent, child)
    return {"issue": parent, "subIssue": child}


def add_blocked_by(context: Context, given: Input) -> dict[str, object]:
    """Note that one issue blocks another."""
    issue, blocker = find_issue(context, given), find_issue(context, given, "blockingIssueId")
    edits_issue.block(context.state, issue, blocker)
    return {"issue": issue, "blockingIssue": blocker}


def remove_blocked_by(context: Context, given: Input) -> dict[str, object]:
    """Take a dependency away."""
    issue, blocker = find_issue(context, given), find_issue(context, given, "blockingIssueId")
    edits_issue.unblock(context.state, issue, blocker)
    return {"issue": issue, "blockingIssue": blocker}


def create_label(context: Context, given: Input) -> dict[str, object]:
    """Make a label for a repository."""
    repository = context.state.find_as(Repository, given["repositoryId"])
    made = context.state.add_label(
        repository, str(given["name"]), color=str(given["color"]), about=text(given, "description")
    )
    context.limits.created()
    return {"label": made}


def _by_url(context: Context, url: str) -> Issue:
    parts = url.rstrip("/").split("/")
    if len(parts) >= 4 and parts[-2] == "issues" and parts[-1].isdigit():  # noqa: PLR2004 - owner/name/issues/number
        repository, index = context.state.repository(parts[-4], parts[-3]), int(parts[-1]) - 1
        found = repository.contents[index] if 0 <= index < len(repository.contents) else None
        if isinstance(found, Issue):
            return found
    raise Refusal("NOT_FOUND", f"Could not resolve to an issue with the URL of '{url}'.")


MUTATIONS: dict[str, Mutation] = {
    "addAssigneesToAssignable": add_assignees,
    "addBlockedBy": add_blocked_by,
    "addLabelsToLabelable": add_labels,
    "addSubIssue": add_sub_issue,
    "closeIssue": close_issue,
    "createIssue": create_issue,
    "createLabel": create_label,
    "deleteIssue": delete_issue,
    "removeAssigneesFromAssignable": remove_assignees,
    "removeBlockedBy": remove_blocked_by,
    "removeLabelsFromLabelable": remove_labels,
    "removeSubIssue": remove_sub_issue,
    "reopenIssue": reopen_issue,
    "updateIssue": update_issue,
    "updateIssueIssueType": update_issue_type,
}
