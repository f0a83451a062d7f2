"""Endpoints that describe the site: who am I, projects, fields, screens, statuses, priorities, people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from syncd.sandbox.jira.call import Answer, Call, endpoint
from syncd.sandbox.jira.edits import on_screen
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.schema import (
    CATEGORIES,
    DEFAULT_PRIORITY,
    ISSUE_TYPES,
    LINK_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    STATUSES_BY_ID,
    TYPES_BY_ID,
    FieldDef,
    FieldKind,
    IssueType,
)
from syncd.sandbox.jira.state import Json, Project
from syncd.sandbox.jira.workflow import Transition, workflow_of

_CUSTOM: Final = "com.atlassian.jira.plugin.system.customfieldtypes:"
_GREENHOPPER: Final = "com.pyxis.greenhopper.jira:"
_SCHEMAS: Final[dict[FieldKind, tuple[str, str | None, str]]] = {
    FieldKind.TEXT: ("string", None, "textfield"),
    FieldKind.ADF: ("string", None, "textarea"),
    FieldKind.NUMBER: ("number", None, "float"),
    FieldKind.DATE: ("date", None, "datepicker"),
    FieldKind.OPTION: ("option", None, "select"),
    FieldKind.OPTIONS: ("array", "option", "multiselect"),
    FieldKind.USER: ("user", None, "userpicker"),
    FieldKind.LABELS: ("array", "string", "labels"),
    FieldKind.VERSIONS: ("array", "version", "multiversion"),
    FieldKind.COMPONENTS: ("array", "component", ""),
    FieldKind.PRIORITY: ("priority", None, ""),
    FieldKind.TYPE: ("issuetype", None, ""),
    FieldKind.PROJECT: ("project", None, "project"),
    FieldKind.PARENT: ("issuelink", None, ""),
    FieldKind.RESOLUTION: ("resolution", None, ""),
    FieldKind.LINKS: ("array", "issuelinks", ""),
    FieldKind.STATUS: ("status", None, ""),
    FieldKind.INSTANT: ("datetime", None, "datetime"),
    FieldKind.SUBTASKS: ("array", "issuelinks", ""),
    FieldKind.SPRINT: ("array", "json", "gh-sprint"),
    FieldKind.COMMENTS: ("comments-page", None, ""),
}
"""Field kind: type, type of the items, name of the custom field type."""
_LISTS: Final = ["add", "set", "remove"]
_CREATE_ONLY: Final = frozenset({"project"})


def field_schema(field: FieldDef) -> Json:
    """Return a field's schema."""
    kind, items, custom = _SCHEMAS[field.kind]
    told: Json = {"type": kind}
    if items:
        told["items"] = items
    if field.is_custom:
        maker = _GREENHOPPER if field.kind is FieldKind.SPRINT else _CUSTOM
        return told | {"custom": maker + custom, "customId": int(field.id.removeprefix("customfield_"))}
    return told | {"system": field.id}


def field_meta(call: Call, field: FieldDef, project: Project) -> Json:
    """Return a field as create and edit screens describe it."""
    told: Json = {
        "required": field.required,
        "schema": field_schema(field),
        "name": field.name,
        "key": field.id,
        "hasDefaultValue": field.id in {"priority", "reporter"},
        "operations": _LISTS if _SCHEMAS[field.kind][0] == "array" and field.kind is not FieldKind.SPRINT else ["set"],
    }
    allowed = _allowed(call, field, project)
    return told if allowed is None else told | {"allowedValues": allowed}


def screen_fields(call: Call, transition: Transition) -> Json:
    """Return the fields of a transition's screen: "Done" may demand a resolution."""
    if not call.site.resolution_required or transition.target.category != "done":
        return {}
    return {
        "resolution": {
            "required": True,
            "schema": {"type": "resolution", "system": "resolution"},
            "name": "Resolution",
            "key": "resolution",
            "hasDefaultValue": False,
            "operations": ["set"],
            "allowedValues": [call.view.resolution(number) for number, _ in RESOLUTIONS],
        }
    }


def _allowed(call: Call, field: FieldDef, project: Project) -> list[Any] | None:
    view, site = call.view, call.site
    if field.options:
        return [view.option(field, option.id) for option in field.options]
    lists: dict[FieldKind, Callable[[], list[Any]]] = {
        FieldKind.PRIORITY: lambda: [view.priority(number) for number, _ in PRIORITIES],
        FieldKind.VERSIONS: lambda: [view.version(one) for one in site.versions_of(project.key)],
        FieldKind.COMPONENTS: lambda: [view.component(one) for one in site.components_of(project.key)],
        FieldKind.TYPE: lambda: [view.issue_type(one) for one in ISSUE_TYPES],
        FieldKind.PROJECT: lambda: [view.project(project)],
    }
    return lists[field.kind]() if field.kind in lists else None


@endpoint("GET", "/myself")
def myself(call: Call) -> Answer:
    """Answer the account of the credential."""
    return Answer(body={**call.view.user(call.viewer), "locale": "en_GB"})


@endpoint("GET", "/serverInfo")
def server_info(call: Call) -> Answer:
    """Answer what this site is and what time it has."""
    return Answer(
        body={
            "baseUrl": call.base,
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100_000,
            "serverTime": call.view.instant(call.site.now()),
            "serverTitle": "syncd sandbox",
            "serverTimeZone": call.viewer.zone_name,
        }
    )


@endpoint("GET", "/project")
def all_projects(call: Call) -> Answer:
    """Answer every project the account may see."""
    return Answer(body=[call.view.project(one) for one in call.site.projects.values()])


@endpoint("GET", "/project/search")
def projects(call: Call) -> Answer:
    """Answer the projects the account may see."""
    keys = set(call.names("keys"))
    found = [call.view.project(one) for one in call.site.projects.values() if not keys or one.key in keys]
    return Answer(body={"self": f"{call.base}/rest/api/3/project/search", **call.page(found)})


@endpoint("GET", "/project/{project}")
def project(call: Call) -> Answer:
    """Answer one project with its types, components and versions."""
    found = call.site.find_project(call.path["project"])
    view = call.view
    more = {
        "lead": view.user(call.site.users[found.lead]),
        "components": [view.component(one) for one in call.site.components_of(found.key)],
        "issueTypes": [view.issue_type(one) for one in ISSUE_TYPES],
        "versions": [view.version(one) for one in call.site.versions_of(found.key)],
        "assigneeType": "UNASSIGNED",
    }
    return Answer(body={**view.project(found), **more})


@endpoint("GET", "/project/{project}/statuses")
def project_statuses(call: Call) -> Answer:
    """Answer each issue type with its statuses, which differ."""
    call.site.find_project(call.path["project"])
    return Answer(body=[_with_statuses(call, one) for one in ISSUE_TYPES])


def _with_statuses(call: Call, issue_type: IssueType) -> Json:
    told = call.view.issue_type(issue_type)
    statuses = [call.view.status(STATUSES_BY_ID[one]) for one in workflow_of(issue_type).statuses]
    return {key: told[key] for key in ("self", "id", "name", "subtask")} | {"statuses": statuses}


@endpoint("GET", "/project/{project}/components")
def components(call: Call) -> Answer:
    """Answer a project's components."""
    found = call.site.find_project(call.path["project"])
    more = {"project": found.key, "projectId": found.id, "isAssigneeTypeValid": False}
    return Answer(body=[call.view.component(one) | more for one in call.site.components_of(found.key)])


@endpoint("GET", "/field")
def fields(call: Call) -> Answer:
    """Answer every field of the site."""
    return Answer(body=[_field_details(one) for one in call.site.fields.values()])


def _field_details(field: FieldDef) -> Json:
    clauses = [f"cf[{field.id.removeprefix('customfield_')}]", field.name] if field.is_custom else [field.id]
    return {
        "id": field.id,
        "key": field.id,
        "name": field.name,
        "custom": field.is_custom,
        "orderable": field.screens is None or bool(field.screens),
        "navigable": True,
        "searchable": True,
        "clauseNames": clauses,
        "schema": field_schema(field),
    }


@endpoint("GET", "/issue/createmeta/{project}/issuetypes")
def create_types(call: Call) -> Answer:
    """Answer the issue types that may be created in a project."""
    call.site.find_project(call.path["project"])
    page = call.page([call.view.issue_type(one) for one in ISSUE_TYPES])
    return Answer(body=_renamed(page, "issueTypes"))


@endpoint("GET", "/issue/createmeta/{project}/issuetypes/{type}")
def create_fields(call: Call) -> Answer:
    """Answer the fields of a type's create screen."""
    found, issue_type = call.site.find_project(call.path["project"]), TYPES_BY_ID.get(call.path["type"])
    if issue_type is None:
        raise JiraProblem(400, "The issue type selected is invalid.")
    metas = []
    for one in call.site.fields.values():
        if on_screen(one, issue_type):
            required = one.required or (one.id == "parent" and issue_type.is_subtask)
            metas.append({**field_meta(call, one, found), "required": required, "fieldId": one.id})
    return Answer(body=_renamed(call.page(metas), "fields"))


@endpoint("GET", "/issue/{issue}/editmeta")
def edit_fields(call: Call) -> Answer:
    """Answer the fields of an issue's edit screen; nothing where the account may not edit."""
    issue = call.site.find_issue(call.path["issue"])
    found = call.site.projects[issue.project]
    fields = call.site.fields.values() if found.editable else ()
    shown = [one for one in fields if on_screen(one, issue.type) and one.id not in _CREATE_ONLY]
    return Answer(body={"fields": {one.id: field_meta(call, one, found) for one in shown}})


@endpoint("GET", "/issueLinkType")
def link_types(call: Call) -> Answer:
    """Answer the kinds of links."""
    return Answer(body={"issueLinkTypes": [call.view.link_type(one[0]) for one in LINK_TYPES]})


@endpoint("GET", "/issuetype")
def issue_types(call: Call) -> Answer:
    """Answer every issue type."""
    return Answer(body=[call.view.issue_type(one) for one in ISSUE_TYPES])


@endpoint("GET", "/priority")
def all_priorities(call: Call) -> Answer:
    """Answer every priority."""
    return Answer(body=[_priority(call, number) for number, _ in PRIORITIES])


@endpoint("GET", "/priority/search")
def priorities(call: Call) -> Answer:
    """Answer every priority, most urgent first."""
    return Answer(body=call.page([_priority(call, number) for number, _ in PRIORITIES]))


def _priority(call: Call, number: str) -> Json:
    return call.view.priority(number) | {"isDefault": number == DEFAULT_PRIORITY, "description": ""}


@endpoint("GET", "/status")
def all_statuses(call: Call) -> Answer:
    """Answer every status of the site."""
    return Answer(body=[call.view.status(one) for one in STATUSES])


@endpoint("GET", "/statuses/search")
def statuses(call: Call) -> Answer:
    """Answer every status in the other words this endpoint has for categories."""
    words = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
    told = [
        {"id": one.id, "name": one.name, "statusCategory": words[one.category], "scope": {"type": "GLOBAL"}}
        for one in STATUSES
    ]
    return Answer(body=call.page(told, 200))


@endpoint("GET", "/statuscategory")
def categories(call: Call) -> Answer:
    """Answer the three status categories."""
    told = [
        {"self": f"{call.base}/rest/api/3/statuscategory/{number}", "id": number, "key": key, "name": name}
        | {"colorName": colour}
        for key, (number, name, colour) in CATEGORIES.items()
    ]
    return Answer(body=told)


@endpoint("GET", "/user")
def user(call: Call) -> Answer:
    """Answer one user by account id."""
    found = call.site.users.get(call.query.get("accountId", ""))
    if found is None:
        raise JiraProblem(404, "Specified user does not exist or you do not have required permissions")
    return Answer(body=call.view.user(found))


@endpoint("GET", "/user/bulk")
def users(call: Call) -> Answer:
    """Answer several users by account id."""
    wanted = call.query.getlist("accountId")
    found = [call.view.user(call.site.users[one]) for one in wanted if one in call.site.users]
    return Answer(body=call.page(found))


@endpoint("GET", "/user/search")
def search_users(call: Call) -> Answer:
    """Answer the users whose name, or shown e-mail, has a word that begins so."""
    query, account = call.query.get("query", "").casefold(), call.query.get("accountId")
    if not query and account is None:
        raise JiraProblem(400, "At least one of 'query', 'accountId' and 'property' is required.")
    found = []
    for one in call.site.users.values():
        words = [one.name.casefold(), *one.name.casefold().split(), *([one.email] if one.email_shown else [])]
        if account == one.account_id or (query and any(word.startswith(query) for word in words)):
            found.append(call.view.user(one))
    start = call.number("startAt", 0, 10_000)
    return Answer(body=found[start : start + call.number("maxResults", 50, 1000)])


def _renamed(page: Json, name: str) -> Json:
    """Return a page in the older envelope, whose list has its own name and which does not say `isLast`."""
    return {key: page[key] for key in ("maxResults", "startAt", "total")} | {name: page["values"]}
