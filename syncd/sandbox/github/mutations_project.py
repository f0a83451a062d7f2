"""Mutations on projects, their items and drafts."""

from __future__ import annotations

from syncd.sandbox.github import edits_project
from syncd.sandbox.github.context import Context
from syncd.sandbox.github.mutations_issue import Input, Mutation, ids, text
from syncd.sandbox.github.nodes import Issue, PullRequest, Repository, User
from syncd.sandbox.github.nodes_project import DraftIssue, Field, Project, ProjectItem
from syncd.sandbox.github.state import Refusal


def _project(context: Context, given: Input) -> Project:
    return context.state.find_as(Project, given["projectId"])


def _item(context: Context, given: Input) -> ProjectItem:
    """Return the item an input names, which must be of the project it names."""
    project, item = _project(context, given), context.state.find_as(ProjectItem, given["itemId"])
    if item.project is not project:
        raise Refusal("NOT_FOUND", f"Could not resolve to ProjectV2Item node with the global id of '{item.id}'.")
    return item


def _column(context: Context, given: Input, item: ProjectItem) -> Field:
    column = context.state.find_as(Field, given["fieldId"])
    if column.project is not item.project:
        raise Refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{column.id}'")
    return column


def add_item(context: Context, given: Input) -> dict[str, object]:
    """Add an issue or pull request; the item there is already comes back instead of a second one."""
    project, content = _project(context, given), context.state.find(str(given["contentId"]))
    if not isinstance(content, Issue | PullRequest):
        raise Refusal("NOT_FOUND", f"Could not resolve to a node with the global id of '{given['contentId']}'")
    return {"item": edits_project.add(context.state, project, content, context.viewer)}


def add_draft(context: Context, given: Input) -> dict[str, object]:
    """Add a draft issue."""
    people = tuple(context.state.find_as(User, one) for one in ids(given, "assigneeIds"))
    item = edits_project.add_draft(
        context.state,
        _project(context, given),
        str(given["title"]),
        text(given, "body") or "",
        by=context.viewer,
        assignees=people,
    )
    context.limits.created()
    return {"projectItem": item}


def update_draft(context: Context, given: Input) -> dict[str, object]:
    """Change what is given of a draft."""
    draft = context.state.find_as(DraftIssue, given["draftIssueId"])
    people = None
    if given.get("assigneeIds") is not None:
        people = tuple(context.state.find_as(User, one) for one in ids(given, "assigneeIds"))
    edits_project.edit_draft(
        context.state, draft, title=text(given, "title"), body=text(given, "body"), assignees=people
    )
    return {"draftIssue": draft}


def convert_draft(context: Context, given: Input) -> dict[str, object]:
    """Turn a draft into an issue; the item keeps its id."""
    item = context.state.find_as(ProjectItem, given["itemId"])
    repository = context.state.find_as(Repository, given["repositoryId"])
    edits_project.convert(context.state, item, repository, context.viewer)
    context.limits.created()
    return {"item": item}


def set_value(context: Context, given: Input) -> dict[str, object]:
    """Write one cell."""
    item = _item(context, given)
    column = _column(context, given, item)
    value = given["value"]
    told = {key: one for key, one in value.items() if one is not None} if isinstance(value, dict) else {}
    edits_project.set_value(context.state, item, column, edits_project.checked(column, told), context.viewer)
    return {"projectV2Item": item}


def clear_value(context: Context, given: Input) -> dict[str, object]:
    """Empty one cell."""
    item = _item(context, given)
    edits_project.clear_value(context.state, item, _column(context, given, item))
    return {"projectV2Item": item}


def archive(context: Context, given: Input) -> dict[str, object]:
    """Archive an item."""
    item = _item(context, given)
    edits_project.archive(context.state, item)
    return {"item": item}


def unarchive(context: Context, given: Input) -> dict[str, object]:
    """Bring an archived item back."""
    item = _item(context, given)
    edits_project.unarchive(context.state, item)
    return {"item": item}


def delete(context: Context, given: Input) -> dict[str, object]:
    """Take an item from its project."""
    item = _item(context, given)
    edits_project.remove(context.state, item)
    return {"deletedItemId": item.id}


MUTATIONS: dict[str, Mutation] = {
    "addProjectV2DraftIssue": add_draft,
    "addProjectV2ItemById": add_item,
    "archiveProjectV2Item": archive,
    "clearProjectV2ItemFieldValue": clear_value,
    "convertProjectV2DraftIssueItemToIssue": convert_draft,
    "deleteProjectV2Item": delete,
    "unarchiveProjectV2Item": unarchive,
    "updateProjectV2DraftIssue": update_draft,
    "updateProjectV2ItemFieldValue": set_value,
}
