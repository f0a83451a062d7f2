"""Projects with what belongs to them: members, versions, categories."""

from __future__ import annotations

from syncd.sandbox.redmine.access import check, sees_project
from syncd.sandbox.redmine.call import NOTHING, Answer, Call, endpoint
from syncd.sandbox.redmine.edits import delete_issue
from syncd.sandbox.redmine.problems import refused
from syncd.sandbox.redmine.render import category_of
from syncd.sandbox.redmine.schema import ROLES, TRACKERS
from syncd.sandbox.redmine.state import (
    PROJECT_ARCHIVED,
    PROJECT_CLOSED,
    PROJECT_OPEN,
    Category,
    Project,
)
from syncd.sandbox.redmine.values import TRUE, number_of, text_of
from syncd.sandbox.redmine.versions import create_version, delete_version, update_version, usable_in

STANDINGS = {
    "archive": PROJECT_ARCHIVED,
    "unarchive": PROJECT_OPEN,
    "close": PROJECT_CLOSED,
    "reopen": PROJECT_OPEN,
}


@endpoint("GET", "/projects.json")
def list_projects(call: Call) -> Answer:
    """Answer with one page of the projects that show."""
    shown = [one for one in call.site.projects.values() if sees_project(call.viewer, one)]
    told = [call.view.project(one, call.included()) for one in sorted(shown, key=lambda one: one.name)]
    for each in told:
        each.pop("homepage")
    return Answer(call.page("projects", told))


@endpoint("POST", "/projects.json")
def make_project(call: Call) -> Answer:
    """Make a project, as administrators may."""
    call.check_admin()
    asked, now = call.read("project"), call.site.now()
    identifier = text_of(asked.get("identifier"))
    if any(one.identifier == identifier for one in call.site.projects.values()):
        raise refused("Identifier has already been taken")
    project = Project(
        id=call.site.new_id("projects"),
        identifier=identifier,
        name=text_of(asked.get("name")),
        parent=number_of(asked.get("parent_id")),
        is_public=text_of(asked.get("is_public", True)) in TRUE,
        trackers=tuple(one for one in TRACKERS if one in asked.get("tracker_ids", TRACKERS)),
        created=now,
        updated=now,
    )
    call.site.projects[project.id] = project
    call.written += 1
    return Answer({"project": call.view.project(project, set())}, 201, f"{call.base}/projects/{project.id}")


@endpoint("GET", "/projects/{project}.json")
def show_project(call: Call) -> Answer:
    """Answer with one project."""
    return Answer({"project": call.view.project(call.project(), call.included())})


@endpoint("DELETE", "/projects/{project}.json")
def remove_project(call: Call) -> Answer:
    """Delete a project with everything in it and below it."""
    call.check_admin()
    _remove(call, call.site.project(call.path["project"]))
    call.written += 1
    return NOTHING


def _remove(call: Call, project: Project) -> None:
    site = call.site
    for below in [one for one in site.projects.values() if one.parent == project.id]:
        _remove(call, below)
    for issue in [one for one in site.issues.values() if one.project_id == project.id]:
        if issue.id in site.issues:
            delete_issue(site, call.author, issue)
    site.versions = {number: one for number, one in site.versions.items() if one.project_id != project.id}
    del site.projects[project.id]


@endpoint("PUT", "/projects/{project}/{standing}.json")
def put_standing(call: Call) -> Answer:
    """Archive, close or reopen a project."""
    call.check_admin()
    project = call.site.project(call.path["project"])
    project.status = STANDINGS.get(call.path["standing"], project.status)
    call.written += 1
    return NOTHING


@endpoint("GET", "/projects/{project}/memberships.json")
def list_members(call: Call) -> Answer:
    """Answer with one page of a project's members."""
    project = call.project()
    members = [
        {
            "id": user,
            "project": {"id": project.id, "name": project.name},
            "user": {"id": user, "name": call.site.users[user].name},
            "roles": [{"id": role, "name": ROLES[role].name} for role in sorted(roles)],
        }
        for user, roles in project.members.items()
    ]
    return Answer(call.page("memberships", members))


@endpoint("POST", "/projects/{project}/memberships.json")
def add_member(call: Call) -> Answer:
    """Make somebody a member."""
    call.check_admin()
    project, asked = call.project(), call.read("membership")
    user = number_of(asked.get("user_id"))
    if user is None or user not in call.site.users:
        raise refused("Principal cannot be blank")
    project.members[user] = {role for role in asked.get("role_ids", ()) if role in ROLES}
    call.written += 1
    return Answer({"membership": {"id": user}}, 201)


@endpoint("POST", "/projects/{project}/issue_categories.json")
def add_category(call: Call) -> Answer:
    """Make a category of issues."""
    project = call.project("manage_categories")
    name = text_of(call.read("issue_category").get("name"))
    category = Category(id=call.site.new_id("categories"), project=project.id, name=name)
    call.site.categories[category.id] = category
    call.written += 1
    return Answer({"issue_category": category_of(category, project)}, 201)


@endpoint("GET", "/projects/{project}/issue_categories.json")
def list_categories(call: Call) -> Answer:
    """Answer with a project's categories, by name."""
    project = call.project()
    mine = sorted((one for one in call.site.categories.values() if one.project == project.id), key=lambda one: one.name)
    return Answer({"issue_categories": [category_of(one, project) for one in mine], "total_count": len(mine)})


@endpoint("GET", "/projects/{project}/versions.json")
def list_versions(call: Call) -> Answer:
    """Answer with every version a project can use: this list has no pages and no filter."""
    found = usable_in(call.site, call.project())
    return Answer({"versions": [call.view.version(one, is_listed=True) for one in found], "total_count": len(found)})


@endpoint("POST", "/projects/{project}/versions.json")
def make_version(call: Call) -> Answer:
    """Make a version."""
    project = call.project("manage_versions")
    version = create_version(call.site, project, call.read("version"))
    call.written += 1
    return Answer({"version": call.view.version(version)}, 201, f"{call.base}/versions/{version.id}")


@endpoint("GET", "/versions/{version}.json")
def show_version(call: Call) -> Answer:
    """Answer with one version."""
    version = call.site.version(call.number("version"))
    check(call.viewer, "view_issues", call.site.projects[version.project_id])
    return Answer({"version": call.view.version(version)})


@endpoint("PUT", "/versions/{version}.json")
def change_version(call: Call) -> Answer:
    """Change a version."""
    version = call.site.version(call.number("version"))
    check(call.viewer, "manage_versions", call.site.projects[version.project_id])
    update_version(call.site, version, call.read("version"))
    call.written += 1
    return NOTHING


@endpoint("DELETE", "/versions/{version}.json")
def remove_version(call: Call) -> Answer:
    """Delete a version that no issue has."""
    version = call.site.version(call.number("version"))
    check(call.viewer, "manage_versions", call.site.projects[version.project_id])
    delete_version(call.site, version)
    call.written += 1
    return NOTHING
