"""
GitHub's webhooks as the stand-in sends them, shaped as the published webhook schemas.

Signed over the body; never sent again by itself. What the issue's timeline
tells of an edit names the action, any other edit is `edited`. Blocked-by tells
of both issues as edited. Source: vendor facts, G10, G11, G13.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from syncd.sandbox.github import rest_payloads as rest
from syncd.sandbox.github.nodes import (
    Issue,
    IssueComment,
    Label,
    Milestone,
    Organization,
    PullRequest,
    Repository,
    User,
)
from syncd.sandbox.github.nodes_project import DraftIssue, ProjectItem
from syncd.sandbox.github.state import WEB, State
from syncd.sandbox.webhooks import CREATED, DELETED, TOLD, UPDATED, Event, Hook, Note, Uniform, hex_hmac

Json = dict[str, object]
NAMED: Final = {
    "ClosedEvent": "closed",
    "ReopenedEvent": "reopened",
    "LabeledEvent": "labeled",
    "UnlabeledEvent": "unlabeled",
    "AssignedEvent": "assigned",
    "UnassignedEvent": "unassigned",
    "DemilestonedEvent": "demilestoned",
}
"""What the timeline tells, by the action of a webhook; the rest is `edited`."""
VERBS: Final = {CREATED: "created", UPDATED: "edited", DELETED: "deleted"}
_PATHS: Final = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_COUNTS: Final = ("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count")


class GithubCourier:
    """Words and signs what the organisation sends."""

    def __init__(self, state: State, actor: User) -> None:
        self._state = state
        self._actor = actor

    def events(self, notes: Iterable[Note]) -> Iterator[Event]:
        """Return the events of these notes: of what was made or deleted meanwhile only that."""
        noted = list(notes)
        verbs: dict[str, set[str]] = {}
        for note in noted:
            verbs.setdefault(note.item.id, set()).add(note.verb)
        for note in noted:
            known = verbs[note.item.id]
            if note.verb in {UPDATED, TOLD} and known & {CREATED, DELETED}:
                continue
            if note.verb == CREATED and DELETED in known:
                continue
            match note.item:
                case Issue():
                    yield from self._of_issue(note, note.item, noted)
                case IssueComment():
                    yield from self._of_comment(note, note.item)
                case Milestone():
                    yield self._of_milestone(note, note.item)
                case Label():
                    told = {"action": VERBS[note.verb], "label": rest.label(note.item)}
                    yield self._at("label", note.item.repository, told)
                case ProjectItem():
                    yield from self._of_item(note, note.item)

    def _at(self, name: str, repository: Repository, told: Mapping[str, object]) -> Event:
        around = {
            "repository": repository_json(repository),
            "organization": organization_json(repository.owner),
            "sender": rest.user(self._actor),
        }
        return Event(name=name, body={**told, **around}, scope=repository.name_with_owner)

    def _of_issue(self, note: Note, issue: Issue, noted: Iterable[Note]) -> Iterator[Event]:
        told = {"issue": issue_json(issue)}
        if note.verb == TOLD:
            if str(note.detail).startswith("ParentIssueAdded") and issue.parent:
                yield self._nested(issue, issue.parent)
            elif note.detail in NAMED:
                yield self._at("issues", issue.repository, {"action": NAMED[str(note.detail)], **told})
            return
        if note.verb == UPDATED:
            if not any(one.verb == TOLD and one.item is issue and one.detail in NAMED for one in noted):
                yield self._at("issues", issue.repository, {"action": "edited", "changes": {}, **told})
            return
        action = "opened" if note.verb == CREATED else "deleted"
        yield self._at("issues", issue.repository, {"action": action, **told})

    def _nested(self, child: Issue, parent: Issue) -> Event:
        told = {
            "action": "sub_issue_added",
            "sub_issue_id": child.database_id,
            "sub_issue": rest.issue(child),
            "parent_issue_id": parent.database_id,
            "parent_issue": rest.issue(parent),
        }
        return self._at("sub_issues", parent.repository, told)

    def _of_comment(self, note: Note, comment: IssueComment) -> Iterator[Event]:
        told: Json = {"action": VERBS[note.verb], "issue": issue_json(comment.subject)}
        told["comment"] = rest.comment(comment) | {"performed_via_github_app": None, "reactions": _reactions("")}
        if note.verb == UPDATED:
            told["changes"] = {}
        yield self._at("issue_comment", comment.subject.repository, told)

    def _of_milestone(self, note: Note, milestone: Milestone) -> Event:
        told: Json = {"action": VERBS[note.verb], "milestone": rest.milestone(milestone)}
        if note.verb == UPDATED:
            told["changes"] = {}
        return self._at("milestone", milestone.repository, told)

    def _of_item(self, note: Note, item: ProjectItem) -> Iterator[Event]:
        content = item.content
        if content is None:
            return
        owner = item.project.owner
        body: Json = {
            "action": note.detail or VERBS[note.verb],
            "projects_v2_item": {
                "id": item.database_id,
                "node_id": item.id,
                "project_node_id": item.project.id,
                "content_node_id": content.id,
                "content_type": "DraftIssue" if isinstance(content, DraftIssue) else content.typename,
                "creator": rest.user(item.creator or self._actor),
                "created_at": item.created_at,
                "updated_at": item.updated_at,
                "archived_at": item.updated_at if item.is_archived else None,
            },
            "organization": organization_json(owner),
            "sender": rest.user(self._actor),
        }
        if note.detail == "archived":
            body["changes"] = {"archived_at": {"from": None, "to": item.updated_at}}
        elif note.detail == "restored":
            body["changes"] = {"archived_at": {"from": item.updated_at, "to": None}}
        elif note.detail == "converted":
            body["changes"] = {"content_type": {"from": "DraftIssue", "to": "Issue"}}
        yield Event(name="projects_v2_item", body=body, scope=owner.login)

    def dress(
        self, hook: Hook, event: Event, *, guid: str, attempt: int, secret: str, now: datetime
    ) -> tuple[dict[str, str], bytes]:
        """Return the one attempt, signed."""
        del attempt, now  # GitHub tells neither
        body = json.dumps(event.body, separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/sandbox",
            "x-github-delivery": guid,
            "x-github-event": event.name,
            "x-github-hook-id": hook.id,
        }
        return (headers | {"x-hub-signature-256": f"sha256={hex_hmac(secret, body)}"} if secret else headers), body

    def retry_s(self, attempt: int, status: int, uniform: Uniform) -> float | None:
        """Return nothing: a failed delivery waits until somebody asks for it."""
        del attempt, status, uniform
        return None


def _reactions(url: str) -> Json:
    kinds = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(kinds, 0)}


def issue_json(issue: Issue | PullRequest) -> Json:
    """Return an issue as webhooks carry it."""
    told = rest.issue(issue)
    url = str(told["url"])
    more = {"timeline_url": f"{url}/timeline", "performed_via_github_app": None, "reactions": _reactions(url)}
    return told | more


def organization_json(one: Organization) -> Json:
    """Return an organisation as webhooks carry it."""
    url = f"{rest.API}/orgs/{one.login}"
    return {
        "login": one.login,
        "id": one.database_id,
        "node_id": one.id,
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{one.database_id}?v=4",
        "description": "",
    }


def repository_json(one: Repository) -> Json:
    """Return a repository as webhooks carry it."""
    url, web = f"{rest.API}/repos/{one.name_with_owner}", f"{WEB}/{one.name_with_owner}"
    owner = rest.user(
        User(id=one.owner.id, database_id=one.owner.database_id, created_at="", updated_at="", login=one.owner.login)
    )
    return {
        "id": one.database_id,
        "node_id": one.id,
        "name": one.name,
        "full_name": one.name_with_owner,
        "private": True,
        "owner": owner | {"type": "Organization"},
        "html_url": web,
        "description": None,
        "fork": False,
        "url": url,
        **{name: url + path for name, path in _PATHS.items()},
        **dict.fromkeys(_COUNTS, 0),
        "watchers": 0,
        "watchers_count": 0,
        "git_url": f"git://github.com/{one.name_with_owner}.git",
        "ssh_url": f"git@github.com:{one.name_with_owner}.git",
        "clone_url": f"{web}.git",
        "svn_url": web,
        "mirror_url": None,
        "homepage": None,
        "language": None,
        "license": None,
        "default_branch": "main",
        "has_downloads": True,
        "has_issues": True,
        "has_projects": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "archived": False,
        "disabled": False,
        "is_template": False,
        "allow_forking": True,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private",
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "pushed_at": one.updated_at,
    }
