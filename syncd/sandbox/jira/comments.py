"""Comments: said on an issue, edited and taken back, each time moving the issue's `updated`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.state import Issue, Json, Site, User
from syncd.sandbox.webhooks import CREATED, DELETED, UPDATED

FIELD: Final = "comment"
"""The issue field that holds them, oldest first; the index lags behind with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment; *visibility* names the role or group it is for, *is_public* false is a service desk's internal."""

    id: int
    issue: int
    author: str
    body: Json
    created: datetime
    updated: datetime
    updated_by: str
    properties: Mapping[str, Any]
    visibility: Json | None = None
    is_public: bool = True


def comments_of(issue: Issue) -> tuple[Comment, ...]:
    """Return an issue's comments, oldest first."""
    return tuple(issue.values.get(FIELD, ()))


def find_comment(site: Site, number: str, issue: Issue | None = None) -> Comment:
    """Return a comment by id, on *issue* if given; raises the 404."""
    home = site.comments.get(int(number)) if number.isdecimal() else None
    if home is None or home in site.hidden or (issue is not None and home != issue.id):
        raise JiraProblem(404, f"Can not find a comment for the id: {number}.")
    return next(one for one in comments_of(site.issues[home]) if one.id == int(number))


def add_comment(
    site: Site,
    author: User,
    issue: Issue,
    body: Json,
    *,
    properties: Mapping[str, Any] | None = None,
    visibility: Json | None = None,
    is_public: bool = True,
) -> Comment:
    """Add a comment by *author*, whoever else the request may name."""
    now = site.now()
    comment = Comment(
        id=site.new_id(),
        issue=issue.id,
        author=author.account_id,
        body=body,
        created=now,
        updated=now,
        updated_by=author.account_id,
        properties=dict(properties or {}),
        visibility=visibility,
        is_public=is_public,
    )
    site.comments[comment.id] = issue.id
    site.update(issue, author.account_id, {FIELD: (*comments_of(issue), comment)}, ())
    site.webhooks.note(CREATED, "comment", comment)
    return comment


def edit_comment(
    site: Site, author: User, comment: Comment, *, body: Json, properties: Mapping[str, Any], visibility: Json | None
) -> Comment:
    """Replace a comment's text; properties named are set, the others stay."""
    issue = site.issues[comment.issue]
    edited = replace(
        comment,
        body=body,
        properties={**comment.properties, **properties},
        visibility=visibility if visibility is not None else comment.visibility,
        updated=site.now(),
        updated_by=author.account_id,
    )
    kept = tuple(edited if one.id == comment.id else one for one in comments_of(issue))
    site.update(issue, author.account_id, {FIELD: kept}, ())
    site.webhooks.note(UPDATED, "comment", edited)
    return edited


def drop_comment_property(site: Site, comment: Comment, key: str) -> None:
    """Take a property off a comment; neither it nor its issue counts as updated."""
    issue = site.issues[comment.issue]
    bare = replace(comment, properties={name: value for name, value in comment.properties.items() if name != key})
    kept = tuple(bare if one.id == comment.id else one for one in comments_of(issue))
    issue.values = {**issue.values, FIELD: kept}


def delete_comment(site: Site, author: User, comment: Comment) -> None:
    """Take a comment away for good."""
    issue = site.issues[comment.issue]
    del site.comments[comment.id]
    kept = tuple(one for one in comments_of(issue) if one.id != comment.id)
    site.update(issue, author.account_id, {FIELD: kept}, ())
    site.webhooks.note(DELETED, "comment", comment)
