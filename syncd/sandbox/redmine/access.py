"""Who sees what and may do what, as Redmine 5.0 decides it (`app/models/{user,project,issue}.rb`)."""

from __future__ import annotations

from collections.abc import Iterable

from syncd.sandbox.redmine.problems import RedmineProblem, forbidden
from syncd.sandbox.redmine.schema import (
    ANONYMOUS,
    CLOSING,
    NON_MEMBER,
    ROLES,
    WORKFLOW,
    Role,
)
from syncd.sandbox.redmine.state import PROJECT_ARCHIVED, PROJECT_CLOSED, Issue, Journal, Project, Site, User


def roles_in(viewer: User | None, project: Project) -> list[Role]:
    """Return somebody's roles in a project; `None` is a stranger."""
    if viewer is None:
        return [ANONYMOUS] if project.is_public else []
    if viewer.id in project.members:
        return [ROLES[number] for number in sorted(project.members[viewer.id])]
    return [NON_MEMBER] if project.is_public else []


def may(viewer: User | None, permission: str, project: Project) -> bool:
    """Whether somebody may do that in a project: nothing in an archived one, only look at a closed one."""
    if project.status == PROJECT_ARCHIVED:
        return False
    if project.status == PROJECT_CLOSED and not permission.startswith("view_"):
        return False
    if viewer is not None and viewer.admin:
        return True
    return any(permission in role.permissions for role in roles_in(viewer, project))


def sees_project(viewer: User | None, project: Project) -> bool:
    """Whether a project shows."""
    return may(viewer, "view_issues", project)


def sees(site: Site, viewer: User | None, issue: Issue) -> bool:
    """Whether an issue shows: private ones to their author, their assignee and who sees all."""
    project = site.projects[issue.project_id]
    if not sees_project(viewer, project):
        return False
    if not issue.is_private or (viewer is not None and viewer.admin):
        return True
    if viewer is not None and viewer.id in {issue.author_id, issue.assigned_to_id}:
        return True
    return any(role.sees_all for role in roles_in(viewer, project))


def denied(viewer: User | None) -> RedmineProblem:
    """Return the answer to who may not: a stranger is asked for a key."""
    return RedmineProblem(401) if viewer is None else forbidden()


def check(viewer: User | None, permission: str, project: Project) -> None:
    """Raise the 401 or 403 unless somebody may."""
    if not may(viewer, permission, project):
        raise denied(viewer)


def sees_note(viewer: User | None, journal: Journal, project: Project) -> bool:
    """Whether a journal shows."""
    is_own = viewer is not None and journal.user == viewer.id
    return not journal.private or is_own or may(viewer, "view_private_notes", project)


def may_edit_note(viewer: User, journal: Journal, project: Project) -> bool:
    """Whether somebody may change a note."""
    is_own = journal.user == viewer.id
    return may(viewer, "edit_issue_notes", project) or (is_own and may(viewer, "edit_own_issue_notes", project))


def allowed_statuses(site: Site, viewer: User | None, issue: Issue, now: int) -> list[int]:
    """Return the statuses an issue may be given, *now* among them; none where the roles know no way from there."""
    found = {now} | {
        new for role in _workflow_roles(site, viewer, issue) for old, new in WORKFLOW.get(role, ()) if old == now
    }
    if len(found) == 1:
        found = set()
    return sorted(_possible(site, issue, found))


def _workflow_roles(site: Site, viewer: User | None, issue: Issue) -> Iterable[int]:
    if viewer is not None and viewer.admin:
        return ROLES
    return (role.id for role in roles_in(viewer, site.projects[issue.project_id]))


def _possible(site: Site, issue: Issue, statuses: set[int]) -> set[int]:
    """Leave out closed ones for what waits for something open, open ones for what is below something closed."""
    waits = any(
        one.type == "blocks" and one.issue_to_id == issue.id and not site.issues[one.issue_id].is_closed
        for one in site.relations_of(issue.id)
    )
    if waits or any(not child.is_closed for child in descendants(site, issue)):
        statuses = statuses - CLOSING
    if any(parent.is_closed for parent in site.parents_of(issue)):
        statuses = statuses & CLOSING
    return statuses


def descendants(site: Site, issue: Issue) -> Iterable[Issue]:
    """Yield everything below an issue."""
    for child in site.children_of(issue.id):
        yield child
        yield from descendants(site, child)


def assignable(site: Site, issue: Issue) -> set[int]:
    """Return who may be given an issue: members with a role for it, its author, and who has it already."""
    members = site.projects[issue.project_id].members
    found = {user for user, roles in members.items() if any(ROLES[one].assignable for one in roles)}
    return found | {issue.author_id}
