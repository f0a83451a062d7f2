"""Endpoints on comments: listed by issue or by id, said, edited, taken back."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from syncd.sandbox.jira.adf import check_document
from syncd.sandbox.jira.call import Answer, Call, endpoint
from syncd.sandbox.jira.comments import (
    Comment,
    add_comment,
    comments_of,
    delete_comment,
    drop_comment_property,
    edit_comment,
    find_comment,
)
from syncd.sandbox.jira.edits import Property, check_property
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.state import Issue, Json

MAX_PAGE: Final = 100
MAX_BY_ID: Final = 1000


class _Wanted(BaseModel):
    body: Any = None
    properties: list[Property] = []
    visibility: dict[str, Any] | None = None

    def document(self) -> Json:
        """Return the text, or raise the 400 for none."""
        document = check_document("comment", self.body)
        if document is None:
            raise JiraProblem(400, errors={"comment": "Comment body can not be empty!"})
        return document

    def checked_properties(self) -> Json:
        """Return the properties, or raise the 400 for one that is too large."""
        for one in self.properties:
            check_property(one.key, one.value)
        return {one.key: one.value for one in self.properties}


class _ByIds(BaseModel):
    ids: list[int]


@endpoint("GET", "/issue/{issue}/comment")
def list_comments(call: Call) -> Answer:
    """Answer an issue's comments, oldest first unless told otherwise."""
    found = comments_of(call.site.find_issue(call.path["issue"]))
    if call.query.get("orderBy") == "-created":
        found = found[::-1]
    page = call.page([_told(call, one) for one in found], MAX_PAGE)
    return Answer(body={key: page[key] for key in ("startAt", "maxResults", "total")} | {"comments": page["values"]})


@endpoint("POST", "/issue/{issue}/comment")
def say(call: Call) -> Answer:
    """Add a comment; its author is whoever asks."""
    issue, wanted = _editable(call), call.read(_Wanted)
    made = add_comment(
        call.site,
        call.viewer,
        issue,
        wanted.document(),
        properties=wanted.checked_properties(),
        visibility=wanted.visibility,
    )
    call.written += 1
    return Answer(status=201, body=call.view.comment(made))


@endpoint("GET", "/issue/{issue}/comment/{comment}")
def read_comment(call: Call) -> Answer:
    """Answer one comment."""
    return Answer(body=_told(call, find_comment(call.site, call.path["comment"], _issue(call))))


@endpoint("PUT", "/issue/{issue}/comment/{comment}")
def rewrite(call: Call) -> Answer:
    """Replace a comment's text."""
    comment, wanted = find_comment(call.site, call.path["comment"], _editable(call)), call.read(_Wanted)
    edited = edit_comment(
        call.site,
        call.viewer,
        comment,
        body=wanted.document(),
        properties=wanted.checked_properties(),
        visibility=wanted.visibility,
    )
    call.written += 1
    return Answer(body=call.view.comment(edited))


@endpoint("DELETE", "/issue/{issue}/comment/{comment}")
def take_back(call: Call) -> Answer:
    """Delete one comment."""
    delete_comment(call.site, call.viewer, find_comment(call.site, call.path["comment"], _editable(call)))
    call.written += 1
    return Answer(status=204)


@endpoint("DELETE", "/comment/{comment}/properties/{key}")
def drop_property(call: Call) -> Answer:
    """Take one property off a comment, which is no edit of it."""
    comment = find_comment(call.site, call.path["comment"])
    _check_editable(call, call.site.issues[comment.issue])
    if call.path["key"] not in comment.properties:
        raise JiraProblem(404, "The property was not found.")
    drop_comment_property(call.site, comment, call.path["key"])
    call.written += 1
    return Answer(status=204)


@endpoint("POST", "/comment/list")
def comments_by_id(call: Call) -> Answer:
    """Answer comments by id, from the site itself; those nobody may see are left out."""
    wanted = call.read(_ByIds).ids
    if not 0 < len(wanted) <= MAX_BY_ID:
        raise JiraProblem(400, f"You can request 1 to {MAX_BY_ID} comments.")
    found = []
    for number in dict.fromkeys(wanted):
        try:
            found.append(_told(call, find_comment(call.site, str(number))))
        except JiraProblem:
            continue
    page = {"startAt": 0, "maxResults": MAX_BY_ID, "total": len(found), "isLast": True, "values": found}
    return Answer(body={"self": f"{call.base}/rest/api/3/comment/list", **page})


def _told(call: Call, comment: Comment) -> Json:
    """Return a comment, with its properties only where they were asked for."""
    told = call.view.comment(comment)
    if "properties" in call.names("expand"):
        told["properties"] = [{"key": key, "value": value} for key, value in comment.properties.items()]
    return told


def _issue(call: Call) -> Issue:
    return call.site.find_issue(call.path["issue"])


def _editable(call: Call) -> Issue:
    issue = _issue(call)
    _check_editable(call, issue)
    return issue


def _check_editable(call: Call, issue: Issue) -> None:
    if not call.site.projects[issue.project].editable or issue.archived:
        raise JiraProblem(403, "You do not have permission to comment on this issue.")
