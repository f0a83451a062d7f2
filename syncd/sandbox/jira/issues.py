"""Endpoints on issues: read, create, edit, move along, properties, history, links."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel

from syncd.sandbox.jira.call import Answer, Call, endpoint
from syncd.sandbox.jira.edits import Edit, add_link, check_property, create_issue, edit_issue, find_link_type, transit
from syncd.sandbox.jira.meta import screen_fields
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.render import split_names
from syncd.sandbox.jira.state import Change, Issue, Json
from syncd.sandbox.jira.workflow import Transition, workflow_of

MAX_BULK_CREATE: Final = 50
MAX_BULK_FETCH: Final = 100
MAX_HISTORIES: Final = 100
ALL: Final = ("*all",)


class BulkFetch(BaseModel):
    """Which issues to read by id or key, and what of them."""

    issueIdsOrKeys: list[str]  # noqa: N815 - the API's name
    fields: list[str] | None = None
    properties: list[str] = []
    expand: list[str] = []


class _BulkCreate(BaseModel):
    issueUpdates: list[Edit] = []  # noqa: N815 - the API's name


class _BulkHistory(BaseModel):
    issueIdsOrKeys: list[str]  # noqa: N815 - the API's name
    fieldIds: list[str] = []  # noqa: N815 - the API's name
    maxResults: int = 1000  # noqa: N815 - the API's name
    nextPageToken: str | None = None  # noqa: N815 - the API's name


class _NewLink(BaseModel):
    type: dict[str, Any]
    inwardIssue: dict[str, Any]  # noqa: N815 - the API's name
    outwardIssue: dict[str, Any]  # noqa: N815 - the API's name


def told_issue(
    call: Call,
    issue: Issue,
    fields: Sequence[str],
    *,
    properties: Sequence[str] = (),
    expand: Sequence[str] = (),
    state: tuple[str, Json] | None = None,
) -> Json:
    """Return an issue with the extras a request asked for."""
    told = call.view.issue(issue, fields, state)
    if properties:
        wanted = issue.properties if "*all" in properties else properties
        told["properties"] = {key: issue.properties[key] for key in wanted if key in issue.properties}
    if "changelog" in expand:
        entries = [call.view.history(one) for one in reversed(issue.history)][:MAX_HISTORIES]
        total = len(issue.history)
        told["changelog"] = {"startAt": 0, "maxResults": len(entries), "total": total, "histories": entries}
    if "transitions" in expand:
        told["transitions"] = [call.view.transition(one) for one in _available(issue)]
    if "names" in expand:
        told["names"] = {one.id: one.name for one in call.site.fields.values()}
    return told


@endpoint("GET", "/issue/{issue}")
def read_issue(call: Call) -> Answer:
    """Answer one issue, by id or key, from the site itself."""
    issue = call.site.find_issue(call.path["issue"])
    fields, properties = call.names("fields") or ALL, call.names("properties")
    return Answer(body=told_issue(call, issue, fields, properties=properties, expand=call.names("expand")))


@endpoint("POST", "/issue/bulkfetch")
def bulk_fetch(call: Call) -> Answer:
    """Answer up to 100 issues from the site itself; those nobody may see are left out."""
    wanted = call.read(BulkFetch)
    if len(wanted.issueIdsOrKeys) > MAX_BULK_FETCH:
        raise JiraProblem(400, f"The number of issues requested exceeds the limit of {MAX_BULK_FETCH}.")
    found, errors = [], []
    for name in dict.fromkeys(wanted.issueIdsOrKeys):
        try:
            issue = call.site.find_issue(name)
        except JiraProblem as problem:
            errors.append({"id": name, "errorMessage": problem.messages[0]})
            continue
        fields = split_names(wanted.fields or ALL)
        found.append(told_issue(call, issue, fields, properties=wanted.properties, expand=wanted.expand))
    return Answer(body={"issues": found, "issueErrors": errors})


@endpoint("POST", "/issue")
def create(call: Call) -> Answer:
    """Create one issue. Twice the same request makes two issues."""
    issue = _created(call, call.read(Edit))
    return Answer(status=201, body=_reference(call, issue))


@endpoint("POST", "/issue/bulk")
def bulk_create(call: Call) -> Answer:
    """Create up to 50 issues; each one that fails is told, the others are made."""
    wanted = call.read(_BulkCreate).issueUpdates
    if not 0 < len(wanted) <= MAX_BULK_CREATE:
        text = f"You can create 1 to {MAX_BULK_CREATE} issues in one request."
        return Answer(status=400, body={"issues": [], "errors": [_element_error(0, JiraProblem(400, text))]})
    made, errors = [], []
    for number, edit in enumerate(wanted):
        try:
            made.append(_reference(call, _created(call, edit)))
        except JiraProblem as problem:
            errors.append(_element_error(number, problem))
    return Answer(status=201 if made else 400, body={"issues": made, "errors": errors})


@endpoint("PUT", "/issue/{issue}")
def edit(call: Call) -> Answer:
    """Edit one issue: 204, or the issue when asked for. A `transition` is ignored."""
    issue = call.site.find_issue(call.path["issue"])
    edit_issue(call.site, call.viewer, issue, call.read(Edit))
    call.written += 1
    if call.query.get("returnIssue") == "true":
        return Answer(body=told_issue(call, issue, ALL, expand=call.names("expand")))
    return Answer(status=204)


@endpoint("DELETE", "/issue/{issue}")
def delete(call: Call) -> Answer:
    """Delete one issue, with its sub-tasks only when told to."""
    issue = call.site.find_issue(call.path["issue"])
    subtasks = [one for one in call.site.children_of(issue.id) if one.type.is_subtask]
    if subtasks and call.query.get("deleteSubtasks") != "true":
        text = f"The issue '{issue.key}' has subtasks. You must specify the 'deleteSubtasks' parameter to delete it."
        raise JiraProblem(400, text)
    for one in [*subtasks, issue]:
        call.site.delete(one)
        call.written += 1
    return Answer(status=204)


@endpoint("GET", "/issue/{issue}/transitions")
def transitions(call: Call) -> Answer:
    """Answer what may be done from the present status."""
    issue = call.site.find_issue(call.path["issue"])
    with_fields = "transitions.fields" in call.names("expand")
    told = [call.view.transition(one, screen_fields(call, one) if with_fields else None) for one in _available(issue)]
    wanted = call.query.get("transitionId")
    return Answer(body={"expand": "transitions", "transitions": [one for one in told if wanted in {None, one["id"]}]})


@endpoint("POST", "/issue/{issue}/transitions")
def carry_out_transition(call: Call) -> Answer:
    """Move an issue one hop."""
    issue, wanted = call.site.find_issue(call.path["issue"]), call.read(Edit)
    number = str((wanted.transition or {}).get("id", ""))
    if not number:
        raise JiraProblem(400, "Missing 'transition' identifier")
    found = next((one for one in _available(issue) if one.id == number), None)
    if found is None:
        raise JiraProblem(400, f"Transition id '{number}' is not valid for this issue.")
    transit(call.site, call.viewer, issue, found, wanted)
    call.written += 1
    return Answer(status=204)


@endpoint("GET", "/issue/{issue}/properties")
def property_keys(call: Call) -> Answer:
    """Answer the keys of an issue's properties."""
    issue = call.site.find_issue(call.path["issue"])
    base = f"{call.base}/rest/api/3/issue/{issue.id}/properties"
    return Answer(body={"keys": [{"self": f"{base}/{key}", "key": key} for key in issue.properties]})


@endpoint("GET", "/issue/{issue}/properties/{key}")
def read_property(call: Call) -> Answer:
    """Answer one property."""
    issue, key = call.site.find_issue(call.path["issue"]), call.path["key"]
    if key not in issue.properties:
        raise JiraProblem(404, f"The property {key} does not exist.")
    return Answer(body={"key": key, "value": issue.properties[key]})


@endpoint("PUT", "/issue/{issue}/properties/{key}")
def write_property(call: Call) -> Answer:
    """Set one property: 201 when it is new, 200 otherwise. Properties do not touch `updated`."""
    issue, key = call.site.find_issue(call.path["issue"]), call.path["key"]
    try:
        value = json.loads(call.content)
    except ValueError:
        raise JiraProblem(400, "The property value must be valid JSON.") from None
    check_property(key, value)
    is_new = key not in issue.properties
    issue.properties[key] = value
    call.written += 1
    return Answer(status=201 if is_new else 200, body={})


@endpoint("DELETE", "/issue/{issue}/properties/{key}")
def delete_property(call: Call) -> Answer:
    """Remove one property."""
    issue, key = call.site.find_issue(call.path["issue"]), call.path["key"]
    if issue.properties.pop(key, None) is None:
        raise JiraProblem(404, f"The property {key} does not exist.")
    call.written += 1
    return Answer(status=204)


@endpoint("GET", "/issue/{issue}/changelog")
def changelog(call: Call) -> Answer:
    """Answer an issue's history, oldest first."""
    issue = call.site.find_issue(call.path["issue"])
    page = call.page([call.view.history(one) for one in issue.history], MAX_HISTORIES)
    return Answer(body={"self": f"{call.base}/rest/api/3/issue/{issue.id}/changelog", **page})


@endpoint("POST", "/changelog/bulkfetch")
def bulk_changelog(call: Call) -> Answer:
    """Answer the histories of many issues, some entries at a time."""
    wanted = call.read(_BulkHistory)
    issues = [call.site.find_issue(name) for name in wanted.issueIdsOrKeys]
    entries = [
        (issue, one)
        for issue in issues
        for one in issue.history
        if not wanted.fieldIds or {change.field for change in one.changes} & set(wanted.fieldIds)
    ]
    token = wanted.nextPageToken or "0"
    start = int(token) if token.isdecimal() else 0
    shown = entries[start : start + wanted.maxResults]
    by_issue: dict[str, list[Json]] = {}
    for issue, one in shown:
        by_issue.setdefault(str(issue.id), []).append(call.view.history(one))
    told: Json = {
        "issueChangeLogs": [{"issueId": number, "changeHistories": histories} for number, histories in by_issue.items()]
    }
    if start + len(shown) < len(entries):
        told["nextPageToken"] = str(start + len(shown))
    return Answer(body=told)


@endpoint("POST", "/issueLink")
def create_link(call: Call) -> Answer:
    """Link two issues: the inward one blocks (…) the outward one."""
    wanted = call.read(_NewLink)
    source, target = (_end(call, one) for one in (wanted.inwardIssue, wanted.outwardIssue))
    if source is target:
        raise JiraProblem(400, "You cannot link an issue to itself.")
    add_link(call.site, call.viewer, find_link_type(wanted.type), source, target)
    call.written += 1
    return Answer(status=201)


@endpoint("GET", "/issueLink/{link}")
def read_link(call: Call) -> Answer:
    """Answer one link with both its ends."""
    link = call.site.links.get(call.path["link"])
    if link is None:
        raise JiraProblem(404, f"No issue link with id '{call.path['link']}' exists.")
    return Answer(body=call.view.link(link))


@endpoint("DELETE", "/issueLink/{link}")
def delete_link(call: Call) -> Answer:
    """Remove one link; both its issues count as updated."""
    link = call.site.links.get(call.path["link"])
    if link is None:
        raise JiraProblem(404, f"No issue link with id '{call.path['link']}' exists.")
    call.site.unlink(link)
    ends = call.site.issues[link.source], call.site.issues[link.target]
    for issue, other in (ends, ends[::-1]):
        change = Change(field="Link", before=other.key, before_text=other.key, after=None, after_text=None)
        call.site.update(issue, call.viewer.account_id, {}, (change,))
    call.written += 1
    return Answer(status=204)


def _created(call: Call, wanted: Edit) -> Issue:
    issue = create_issue(call.site, call.viewer, wanted)
    call.written += 1
    if wanted.transition:
        number = str(wanted.transition.get("id"))
        found = next((one for one in _available(issue) if one.id == number), None)
        if found is not None:
            transit(call.site, call.viewer, issue, found, Edit())
    return issue


def _element_error(number: int, problem: JiraProblem) -> Json:
    return {"status": problem.status, "elementErrors": problem.collection(), "failedElementNumber": number}


def _reference(call: Call, issue: Issue) -> Json:
    return {"id": str(issue.id), "key": issue.key, "self": f"{call.base}/rest/api/3/issue/{issue.id}"}


def _available(issue: Issue) -> list[Transition]:
    return workflow_of(issue.type).available(issue.values["status"])


def _end(call: Call, value: Json) -> Issue:
    return call.site.find_issue(str(value.get("id") or value.get("key")))
