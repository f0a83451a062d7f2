"""Versions: where they can be used, and what is taken of a change of one."""

from __future__ import annotations

from copy import deepcopy

from syncd.sandbox.redmine.problems import RedmineProblem, refused
from syncd.sandbox.redmine.schema import SHARINGS, VERSION_NAME_LIMIT, VERSION_STATUSES
from syncd.sandbox.redmine.state import Json, Project, Site, Version
from syncd.sandbox.redmine.values import custom_of, day_of, number_of, text_of
from syncd.sandbox.webhooks import CREATED, DELETED, UPDATED

TEXT_LIMIT = 255


def is_shared_into(site: Site, version: Version, project: Project) -> bool:
    """Whether a project's issues may have that version."""
    home = site.projects[version.project_id]
    if home.id == project.id:
        return True
    match version.sharing:
        case "system":
            return True
        case "tree":
            return site.root(home).id == site.root(project).id
        case "hierarchy":
            return site.is_below(project, home) or site.is_below(home, project)
        case "descendants":
            return site.is_below(project, home)
        case _:
            return False


def usable_in(site: Site, project: Project) -> list[Version]:
    """Return the versions of a project and those shared into it."""
    return [one for one in site.versions.values() if is_shared_into(site, one, project)]


def create_version(site: Site, project: Project, asked: Json) -> Version:
    """Make a version, or raise the 422."""
    now = site.now()
    blank = Version(id=0, project_id=project.id, name="", created=now, updated=now)
    version = _filled(site, blank, asked)
    version.id = site.new_id("versions")
    site.versions[version.id] = version
    site.webhooks.note(CREATED, "version", version)
    return version


def update_version(site: Site, version: Version, asked: Json) -> None:
    """Change a version, or raise the 422; no issue's date moves."""
    wanted = _filled(site, deepcopy(version), asked)
    wanted.updated = site.now()
    site.versions[version.id] = wanted
    site.webhooks.note(UPDATED, "version", wanted)


def delete_version(site: Site, version: Version) -> None:
    """Delete a version; one that issues have is refused, without a reason."""
    if any(issue.fixed_version_id == version.id for issue in site.issues.values()):
        raise RedmineProblem(422)
    del site.versions[version.id]
    site.webhooks.note(DELETED, "version", version)


def _filled(site: Site, version: Version, asked: Json) -> Version:
    """Return *version* with what is asked."""
    if any("\0" in str(value) for value in asked.values()):
        raise RedmineProblem(500)
    errors: list[str] = []
    for name in ("name", "description", "status", "sharing"):
        if name in asked:
            setattr(version, name, text_of(asked[name]))
    if "due_date" in asked or "effective_date" in asked:
        try:
            version.due_date = day_of(asked.get("due_date", asked.get("effective_date")))
        except ValueError as exc:
            errors.append(f"Due date {exc}")
    known = {one.id: one for one in site.customs_of_versions()}
    given = asked.get("custom_fields")
    for one in given if isinstance(given, list) else ():
        number = number_of(one.get("id"))
        if number in known and number is not None:
            try:
                version.customs[number] = custom_of(known[number], one.get("value"))
            except ValueError as exc:
                errors.append(f"{known[number].name} {exc}")
    errors += _problems(site, version)
    if errors:
        raise refused(*errors)
    return version


def _problems(site: Site, version: Version) -> list[str]:
    found = []
    others = {one.name for one in site.versions.values() if one.project_id == version.project_id} - {
        one.name for one in site.versions.values() if one.id == version.id
    }
    if not version.name.strip():
        found.append("Name cannot be blank")
    elif version.name in others:
        found.append("Name has already been taken")
    if len(version.name) > VERSION_NAME_LIMIT:
        found.append(f"Name is too long (maximum is {VERSION_NAME_LIMIT} characters)")
    if len(version.description) > TEXT_LIMIT:
        found.append(f"Description is too long (maximum is {TEXT_LIMIT} characters)")
    if version.status not in VERSION_STATUSES:
        found.append("Status is not included in the list")
    if version.sharing not in SHARINGS:
        found.append("Sharing is not included in the list")
    return found
