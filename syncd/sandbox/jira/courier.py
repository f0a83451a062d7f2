"""
Jira's webhooks as the stand-in sends them.

Shaped as the recorded ones: descriptions are plain text and times epoch
milliseconds. What an administrator made is signed over the body; what an OAuth
app registered carries a JWT. Sent again after 408, 409, 425, 429, 5xx and no
answer, up to five times, 5 to 15 minutes apart. Source: vendor facts, J10 to J14.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from syncd.sandbox.jira.adf import to_text
from syncd.sandbox.jira.comments import Comment
from syncd.sandbox.jira.render import View
from syncd.sandbox.jira.schema import LINK_TYPES
from syncd.sandbox.jira.state import Issue, Json, Link, Site, Version
from syncd.sandbox.webhooks import DELETED, LOST, UPDATED, Event, Hook, Note, Uniform, hex_hmac

MAX_RETRIES: Final = 5
RETRY_S: Final = (300.0, 900.0)
RETRIED: Final = frozenset({LOST, 408, 409, 425, 429})
SERVER_ERROR: Final = 500
TOKEN_LASTS: Final = timedelta(minutes=3)
BASE: Final = "https://acme.atlassian.net"
"""What addresses in webhooks begin with, wherever the stand-in answers."""


class JiraCourier:
    """Words, signs and repeats what the site sends."""

    def __init__(self, site: Site, viewer: str) -> None:
        self._site = site
        self._viewer = viewer

    @property
    def _view(self) -> View:
        return View(self._site, BASE, self._site.users[self._viewer])

    def events(self, notes: Iterable[Note]) -> Iterator[Event]:
        """Return an event for each note."""
        for note in notes:
            stamp: Json = {"timestamp": int(self._site.now().timestamp() * 1000)}
            match note.item:
                case Issue():
                    yield self._of_issue(note, note.item, stamp)
                case Comment():
                    yield self._of_comment(note, note.item, stamp)
                case Version():
                    name = f"jira:version_{note.verb}"
                    yield Event(
                        name=name, body=stamp | {"webhookEvent": name, "version": self._view.version(note.item)}
                    )
                case Link():
                    name = f"issuelink_{note.verb}"
                    yield Event(name=name, body=stamp | {"webhookEvent": name, "issueLink": _link(note.item)})

    def _of_issue(self, note: Note, issue: Issue, stamp: Json) -> Event:
        name = f"jira:issue_{note.verb}"
        body = stamp | {
            "webhookEvent": name,
            "issue_event_type_name": "issue_generic" if note.verb == UPDATED else f"issue_{note.verb}",
            "user": self._view.user(self._site.users[self._viewer]),
            "issue": self._issue(issue),
        }
        if note.verb != DELETED:
            last = issue.history[-1] if issue.history and note.verb == UPDATED else None
            told = self._view.history(last) if last else {"id": str(issue.id), "items": []}
            body["changelog"] = {"id": told["id"], "items": told["items"]}
        return Event(name=name, body=body, scope=issue.project)

    def _of_comment(self, note: Note, comment: Comment, stamp: Json) -> Event:
        name = f"comment_{note.verb}"
        issue = self._site.issues.get(comment.issue)
        body = stamp | {"webhookEvent": name, "comment": self._view.comment(comment) | {"body": to_text(comment.body)}}
        if issue is not None:
            body["issue"] = self._issue(issue)
        return Event(name=name, body=body, scope=issue.project if issue else "")

    def _issue(self, issue: Issue) -> Json:
        told = self._view.issue(issue, ["*all"])
        told["fields"] |= {"description": to_text(issue.values.get("description")) or None}
        told["fields"].pop("comment", None)
        return {key: told[key] for key in ("id", "self", "key", "fields")}

    def dress(
        self, hook: Hook, event: Event, *, guid: str, attempt: int, secret: str, now: datetime
    ) -> tuple[dict[str, str], bytes]:
        """Return one attempt, with a signature or a token."""
        told = {**event.body, "matchedWebhookIds": [int(hook.id)]} if hook.by_app else event.body
        body = json.dumps(told, separators=(",", ":")).encode()
        headers = {
            "content-type": "application/json; charset=UTF-8",
            "user-agent": "Atlassian Webhook HTTP Client",
            "x-atlassian-webhook-identifier": guid,
            "x-atlassian-webhook-flow": "Primary",
        }
        if attempt > 1:
            headers["x-atlassian-webhook-retry"] = str(attempt - 1)
        if hook.by_app:
            headers["authorization"] = f"JWT {_token(secret, now)}"
        elif secret:
            headers["x-hub-signature"] = f"sha256={hex_hmac(secret, body)}"
        return headers, body

    def retry_s(self, attempt: int, status: int, uniform: Uniform) -> float | None:
        """Return when it is tried again; other 4xx lose the event."""
        is_retried = status in RETRIED or status >= SERVER_ERROR
        return uniform(*RETRY_S) if is_retried and attempt <= MAX_RETRIES else None


def _link(link: Link) -> Json:
    number, name, *words = next(one for one in LINK_TYPES if one[0] == link.type)
    return {
        "id": int(link.id),
        "sourceIssueId": link.source,
        "destinationIssueId": link.target,
        "issueLinkType": {"id": int(number), "name": name, "inwardName": words[0], "outwardName": words[1]},
    }


def _token(secret: str, now: datetime) -> str:
    import jwt

    claims = {"iss": "sandbox", "iat": int(now.timestamp()), "exp": int((now + TOKEN_LASTS).timestamp())}
    return jwt.encode(claims, secret.encode().ljust(32, b"\0"), algorithm="HS256")
