"""What REST answers look like (`contracts/github/rest-openapi-subset.json`), and the bodies it takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator

from syncd.sandbox.github.nodes import Issue, IssueComment, IssueType, Label, Milestone, PullRequest, User
from syncd.sandbox.github.schema import path_of
from syncd.sandbox.github.state import WEB

API = "https://api.github.com"
"""What `url` fields say, whatever address the stand-in answers at."""


class MilestoneBody(BaseModel):
    """What a milestone is made of or changed to; what is not given stays."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    title: str | None = None
    state: Literal["open", "closed"] | None = None
    description: str | None = None
    due_on: datetime | None = None

    @field_validator("due_on")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class LabelBody(BaseModel):
    """What a label is made of."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    color: str = "ededed"
    description: str | None = None


def user(one: User) -> dict[str, object]:
    """Return a `simple-user`."""
    base = f"{API}/users/{one.login}"
    return {
        "login": one.login,
        "id": one.database_id,
        "node_id": one.id,
        "avatar_url": f"https://avatars.githubusercontent.com/u/{one.database_id}?v=4",
        "gravatar_id": "",
        "url": base,
        "html_url": f"{WEB}/{one.login}",
        "followers_url": f"{base}/followers",
        "following_url": f"{base}/following{{/other_user}}",
        "gists_url": f"{base}/gists{{/gist_id}}",
        "starred_url": f"{base}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{base}/subscriptions",
        "organizations_url": f"{base}/orgs",
        "repos_url": f"{base}/repos",
        "events_url": f"{base}/events{{/privacy}}",
        "received_events_url": f"{base}/received_events",
        "type": "User",
        "site_admin": False,
    }


def account(one: User) -> dict[str, object]:
    """Return a `public-user`, as `GET /user` tells it."""
    return user(one) | {
        "user_view_type": "public",
        "name": one.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": one.email or None,
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }


def milestone(one: Milestone) -> dict[str, object]:
    """Return a `milestone`."""
    base = f"{API}/repos/{one.repository.name_with_owner}/milestones/{one.number}"
    return {
        "url": base,
        "html_url": WEB + path_of(one),
        "labels_url": f"{base}/labels",
        "id": one.database_id,
        "node_id": one.id,
        "number": one.number,
        "title": one.title,
        "description": one.description,
        "creator": user(one.creator) if one.creator else None,
        "open_issues": one.open_issue_count,
        "closed_issues": one.closed_issue_count,
        "state": one.state.lower(),
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "due_on": one.due_on,
        "closed_at": one.closed_at,
    }


def label(one: Label) -> dict[str, object]:
    """Return a `label`."""
    return {
        "id": one.database_id,
        "node_id": one.id,
        "url": f"{API}/repos/{one.repository.name_with_owner}/labels/{one.name.replace(' ', '%20')}",
        "name": one.name,
        "description": one.description,
        "color": one.color,
        "default": one.is_default,
    }


def issue_type(one: IssueType) -> dict[str, object]:
    """Return an `issue-type`."""
    return {
        "id": one.database_id,
        "node_id": one.id,
        "name": one.name,
        "description": one.description,
        "color": one.color.lower(),
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "is_enabled": one.is_enabled,
    }


def issue(one: Issue | PullRequest) -> dict[str, object]:
    """Return an `issue`; a pull request is one too, told by its `pull_request`."""
    base = f"{API}/repos/{one.repository.name_with_owner}/issues/{one.number}"
    people = [user(person) for person in one.assignees.values()]
    told: dict[str, object] = {
        "id": one.database_id,
        "node_id": one.id,
        "url": base,
        "repository_url": f"{API}/repos/{one.repository.name_with_owner}",
        "labels_url": f"{base}/labels{{/name}}",
        "comments_url": f"{base}/comments",
        "events_url": f"{base}/events",
        "html_url": WEB + path_of(one),
        "number": one.number,
        "state": "open" if one.state == "OPEN" else "closed",
        "title": one.title,
        "body": one.body or None,
        "user": user(one.author) if one.author else None,
        "labels": [label(each) for each in one.labels.values()],
        "assignee": people[0] if people else None,
        "assignees": people,
        "milestone": milestone(one.milestone) if one.milestone else None,
        "locked": False,
        "active_lock_reason": None,
        "comments": len(one.comments),
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "closed_at": one.closed_at,
        "author_association": "MEMBER",
    }
    return told | (_pull_request(one) if isinstance(one, PullRequest) else _issue_only(one))


def _pull_request(one: PullRequest) -> dict[str, object]:
    web = WEB + path_of(one)
    pull = f"{API}/repos/{one.repository.name_with_owner}/pulls/{one.number}"
    return {"pull_request": {"url": pull, "html_url": web, "diff_url": f"{web}.diff", "patch_url": f"{web}.patch"}}


def _issue_only(one: Issue) -> dict[str, object]:
    closed = sum(child.closed for child in one.sub_issues.values())
    total = len(one.sub_issues)
    told: dict[str, object] = {
        "state_reason": one.state_reason.lower() if one.state_reason else None,
        "type": issue_type(one.issue_type) if one.issue_type else None,
        "sub_issues_summary": {
            "total": total,
            "completed": closed,
            "percent_completed": 100 * closed // total if total else 0,
        },
    }
    if one.parent is not None:
        told["parent_issue_url"] = f"{API}/repos/{one.parent.repository.name_with_owner}/issues/{one.parent.number}"
    return told


def comment(one: IssueComment) -> dict[str, object]:
    """Return an `issue-comment`; only its addresses tell an issue's from a pull request's."""
    base = f"{API}/repos/{one.repository.name_with_owner}/issues"
    return {
        "id": one.database_id,
        "node_id": one.id,
        "url": f"{base}/comments/{one.database_id}",
        "html_url": WEB + path_of(one),
        "issue_url": f"{base}/{one.subject.number}",
        "body": one.body,
        "user": user(one.author) if one.author else None,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "author_association": "MEMBER",
    }
