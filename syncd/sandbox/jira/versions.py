"""Endpoints on versions, Jira's milestones."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from syncd.sandbox.jira.call import Answer, Call, endpoint
from syncd.sandbox.jira.problems import JiraProblem, field_problem
from syncd.sandbox.jira.state import Project, Site, Version
from syncd.sandbox.jira.values import plain_date
from syncd.sandbox.webhooks import CREATED, UPDATED

MAX_NAME: Final = 255
MAX_DESCRIPTION: Final = 16_384


class VersionEdit(BaseModel):
    """The body of a create or an edit; what is not given stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = None
    self: str | None = None
    name: str | None = None
    description: str | None = None
    project: str | None = None
    projectId: int | None = None  # noqa: N815 - the API's name
    startDate: str | None = None  # noqa: N815 - the API's name
    releaseDate: str | None = None  # noqa: N815 - the API's name
    released: bool | None = None
    archived: bool | None = None
    moveUnfixedIssuesTo: str | None = None  # noqa: N815 - the API's name
    expand: str | None = None
    driver: str | None = None


def find_version(site: Site, number: str) -> Version:
    """Return a version by id, or raise the 404."""
    version = site.versions.get(number)
    if version is None:
        raise JiraProblem(404, f"Could not find version for id '{number}'")
    return version


def apply(site: Site, version: Version, edit: VersionEdit) -> None:
    """Check an edit whole, then carry it out; a date given as null or empty is cleared."""
    given = edit.model_fields_set
    name = version.name if edit.name is None else edit.name.strip()
    _check_name(site, version, name)
    if len(edit.description or "") > MAX_DESCRIPTION:
        raise field_problem("description", f"The description must be no more than {MAX_DESCRIPTION} characters.")
    start = _date("startDate", edit.startDate) if "startDate" in given else version.start
    release = _date("releaseDate", edit.releaseDate) if "releaseDate" in given else version.release
    if start and release and start > release:
        raise field_problem("startDate", "The start date cannot be after the release date.")
    version.name, version.start, version.release = name, start, release
    if "description" in given:
        version.description = (edit.description or "").strip()
    if edit.released is not None:
        version.released = edit.released
    if edit.archived is not None:
        version.archived = edit.archived
    if version.id:
        site.webhooks.note(UPDATED, "version", version)


def new_version(site: Site, project: Project, edit: VersionEdit) -> Version:
    """Make a version; raises a 400 naming the field that is wrong."""
    version = Version(id="", project=project.key, name="")
    apply(site, version, edit)
    version.id = str(site.new_id())
    site.versions[version.id] = version
    site.webhooks.note(CREATED, "version", version)
    return version


@endpoint("GET", "/project/{project}/versions")
def versions(call: Call) -> Answer:
    """Answer all versions of a project."""
    found = call.site.find_project(call.path["project"])
    return Answer(body=[call.view.version(one) for one in call.site.versions_of(found.key)])


@endpoint("GET", "/project/{project}/version")
def versions_paged(call: Call) -> Answer:
    """Answer a project's versions page by page."""
    found, status = call.site.find_project(call.path["project"]), call.names("status")
    query = call.query.get("query", "").casefold()
    told = [
        call.view.version(one)
        for one in call.site.versions_of(found.key)
        if (not status or _status(one) in status) and query in one.name.casefold()
    ]
    return Answer(body={"self": f"{call.base}/rest/api/3/project/{found.key}/version", **call.page(told)})


@endpoint("GET", "/version/{version}")
def version(call: Call) -> Answer:
    """Answer one version."""
    return Answer(body=call.view.version(find_version(call.site, call.path["version"])))


@endpoint("POST", "/version")
def create(call: Call) -> Answer:
    """Make a version. Names are unique within a project."""
    edit = call.read(VersionEdit)
    name = edit.project or (str(edit.projectId) if edit.projectId is not None else "")
    if not name:
        raise field_problem("projectId", "Project must be specified to create a version.")
    project = call.site.find_project(name)
    _check_permission(call, project)
    made = new_version(call.site, project, edit)
    call.written += 1
    return Answer(status=201, body=call.view.version(made))


@endpoint("PUT", "/version/{version}")
def edit(call: Call) -> Answer:
    """Edit a version; only what is given changes."""
    found = find_version(call.site, call.path["version"])
    _check_permission(call, call.site.projects[found.project])
    apply(call.site, found, call.read(VersionEdit))
    call.written += 1
    return Answer(body=call.view.version(found))


def _check_permission(call: Call, project: Project) -> None:
    if not (call.site.may_manage_versions and project.editable):
        raise JiraProblem(403, f"You must have project administration permission for '{project.key}' to edit versions.")


def _check_name(site: Site, version: Version, name: str) -> None:
    if not name:
        raise field_problem("name", "You must specify a valid version name")
    if len(name) > MAX_NAME:
        raise field_problem("name", f"The version name is too long. It must be {MAX_NAME} characters or less.")
    for other in site.versions_of(version.project):
        if other is not version and other.name.casefold() == name.casefold():
            raise field_problem("name", "A version with this name already exists in this project.")


def _date(field: str, value: str | None) -> str | None:
    return plain_date(field, value) if value else None


def _status(one: Version) -> str:
    return "archived" if one.archived else "released" if one.released else "unreleased"
