"""Remote links: what an issue shows of things elsewhere, known by number and by the `globalId` its maker chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from syncd.sandbox.jira.call import Answer, Call, endpoint
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.state import Change, Issue, Json

MAX_GLOBAL_ID = 255


@dataclass(slots=True, kw_only=True)
class RemoteLink:
    """One remote link of one issue."""

    id: int
    global_id: str | None
    told: Json
    """The rest, as it was sent: `object`, `relationship`, `application`."""


class _Wanted(BaseModel):
    object: dict[str, Any] = {}
    globalId: str | None = None  # noqa: N815 - the API's name
    relationship: str | None = None
    application: dict[str, Any] | None = None

    def told(self) -> Json:
        """Return what is kept of it, or raise the 400 for a link without title or address."""
        missing = {name: f"'{name}' is required." for name in ("title", "url") if not self.object.get(name)}
        if missing:
            raise JiraProblem(400, errors=missing)
        if len(self.globalId or "") > MAX_GLOBAL_ID:
            raise JiraProblem(400, errors={"globalId": "The global id must not be longer than 255 characters."})
        return self.model_dump(exclude={"globalId"}, exclude_none=True)


@endpoint("GET", "/issue/{issue}/remotelink")
def list_links(call: Call) -> Answer:
    """Answer an issue's remote links, or the one with that `globalId`."""
    issue, wanted = _issue(call), call.query.get("globalId")
    found = [_shown(call, issue, one) for one in _links(call, issue) if wanted in {None, one.global_id}]
    if wanted is None:
        return Answer(body=found)
    if not found:
        raise JiraProblem(404, f"No remote link found with global id '{wanted}'.")
    return Answer(body=found[0])


@endpoint("POST", "/issue/{issue}/remotelink")
def put_link(call: Call) -> Answer:
    """Add a remote link (201), or replace the one of that `globalId` (200)."""
    issue, wanted = _issue(call), call.read(_Wanted)
    told, links = wanted.told(), _links(call, issue)
    known = next((one for one in links if one.global_id is not None and one.global_id == wanted.globalId), None)
    link = known or RemoteLink(id=call.site.new_id(), global_id=wanted.globalId, told=told)
    if known is None:
        links.append(link)
    link.told = told
    _touch(call, issue, link, is_gone=False)
    address = f"{call.base}/rest/api/3/issue/{issue.id}/remotelink/{link.id}"
    return Answer(status=200 if known else 201, body={"id": link.id, "self": address})


@endpoint("DELETE", "/issue/{issue}/remotelink")
def drop_link(call: Call) -> Answer:
    """Remove the remote link of one `globalId`."""
    issue, wanted = _issue(call), call.query.get("globalId")
    links = _links(call, issue)
    known = next((one for one in links if one.global_id == wanted), None)
    if known is None:
        raise JiraProblem(404, f"No remote link found with global id '{wanted}'.")
    links.remove(known)
    _touch(call, issue, known, is_gone=True)
    return Answer(status=204)


def _issue(call: Call) -> Issue:
    issue = call.site.find_issue(call.path["issue"])
    if not call.site.projects[issue.project].editable:
        raise JiraProblem(403, "You do not have permission to link issues in this project.")
    return issue


def _links(call: Call, issue: Issue) -> list[RemoteLink]:
    return call.site.remote_links.setdefault(issue.id, [])


def _shown(call: Call, issue: Issue, link: RemoteLink) -> Json:
    address = f"{call.base}/rest/api/3/issue/{issue.id}/remotelink/{link.id}"
    named = {} if link.global_id is None else {"globalId": link.global_id}
    return {"id": link.id, "self": address, **named, **link.told}


def _touch(call: Call, issue: Issue, link: RemoteLink, *, is_gone: bool) -> None:
    """Count a write; the issue's history names the link, and its `updated` moves."""
    text = f'This issue links to "{link.told["object"]["title"]}"'
    number = str(link.id)
    before, after = ((number, text), (None, None)) if is_gone else ((None, None), (number, text))
    change = Change(
        field="RemoteIssueLink", before=before[0], before_text=before[1], after=after[0], after_text=after[1]
    )
    call.site.update(issue, call.viewer.account_id, {}, (change,))
    call.written += 1
