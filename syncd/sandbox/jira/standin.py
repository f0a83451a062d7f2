"""The Jira Cloud stand-in: authentication, limits, routing, and a person's hands on the site."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from syncd.errors import ConfigError
from syncd.sandbox.jira import agile, comment_api, issues, meta, remote_links, search, versions, webhook_api
from syncd.sandbox.jira.call import AGILE, API, ENDPOINTS, Answer, Call, Handler
from syncd.sandbox.jira.comments import Comment, delete_comment
from syncd.sandbox.jira.courier import JiraCourier
from syncd.sandbox.jira.limits import BURSTS, Limits
from syncd.sandbox.jira.people import add_item, find_item, find_person, refused, set_field, show_all, show_item
from syncd.sandbox.jira.problems import JiraProblem, rate_limited
from syncd.sandbox.jira.seed import BOT, BOT_EMAIL, OFFICE, OFFICE_EMAIL, fill
from syncd.sandbox.jira.state import Issue, Site, User, Version
from syncd.sandbox.log import Judgement, RequestKind
from syncd.sandbox.portfolio import Portfolio
from syncd.sandbox.standin import base_url, wrote
from syncd.sandbox.webhooks import DELETED, UPDATED
from syncd.world import World

MODULES: Final = (agile, comment_api, issues, meta, remote_links, search, versions, webhook_api)
"""Importing them fills the table of endpoints."""
READING_POSTS: Final = frozenset({"/search/jql", "/issue/bulkfetch", "/changelog/bulkfetch", "/comment/list"})
_ITEM: Final = re.compile(r"/(issue|version|issueLink|board|sprint)/([^/]+)")
_PART: Final = re.compile(r"/(comment|remotelink)/(\d+)")
"""What belongs to an item and has an id of its own."""
_NOT_ITEMS: Final = frozenset({"bulk", "bulkfetch", "createmeta"})


class JiraStandIn:
    """
    A Jira Cloud site: projects PMO and ENG, two robot accounts in different zones, people, real quirks.

    Tests may turn `site` (lag, hidden issues, permissions) and `limits`.
    """

    name = "jira"

    def __init__(self, world: World, portfolio: Portfolio) -> None:
        self.site = Site(world)
        self.limits = Limits()
        self.accounts = {
            BOT_EMAIL: ("jira-sandbox-token", BOT),
            OFFICE_EMAIL: ("jira-sandbox-token-2", OFFICE),
        }
        """E-mail of each account with its API token and account id."""
        self.bearers = {"jira-sandbox-oauth": BOT}
        """OAuth access tokens with their account id."""
        self._world = world
        fill(self.site, portfolio)
        self.webhooks = self.site.webhooks
        self.courier = JiraCourier(self.site, BOT)

    def routes(self) -> Sequence[BaseRoute]:
        """Return every endpoint, the literal paths before those with parameters."""
        by_literal = sorted(ENDPOINTS.items(), key=lambda item: (item[0][1].count("{"), item[0][1]))
        return [Route(path, self._endpoint(path, handler), methods=[method]) for (method, path), handler in by_literal]

    def judge(self, method: str, path: str, body: bytes) -> Judgement:
        """Say what a request is for: searching and fetching by POST are reads."""
        del body
        root = AGILE if path.startswith(AGILE) else API
        rest = path.removeprefix(root)
        is_read = method in {"GET", "HEAD"} or (method == "POST" and rest in READING_POSTS)
        found = _ITEM.match(rest)
        items = frozenset({found[2]} if found and found[2] not in _NOT_ITEMS else ())
        template = _PART.sub(r"/\1/{id}", _ITEM.sub(r"/\1/{id}", rest)) if items else rest
        kind = RequestKind.READ if is_read else RequestKind.WRITE
        return Judgement(kind=kind, operation=f"{method} {root}{template}", items=items)

    def refusal(self, status: int, detail: Mapping[str, str]) -> Response:
        """Return an HTTP status in Jira's words; a 429 takes `wait` and `reason` from *detail*."""
        if status == 429:  # noqa: PLR2004 - HTTP
            wait_s = max(1, round(float(detail.get("wait", 1))))
            reason = detail.get("reason", "jira-burst-based")
            return rate_limited(self._world.now(), wait_s, reason, BURSTS["GET"]).response()
        if status >= 500:  # noqa: PLR2004 - HTTP
            return Response("<html><body>upstream error</body></html>", status, media_type="text/html")
        text = "You do not have permission." if status == 403 else "Refused by the sandbox."  # noqa: PLR2004 - HTTP
        return JiraProblem(status, text).response()

    def spellings(self, key: str) -> frozenset[str]:
        """Return an item's key and id."""
        try:
            item = find_item(self.site, key)
        except ConfigError:
            return frozenset({key})
        return frozenset({key, str(item.id), *([item.key] if isinstance(item, Issue) else ())})

    def credentials(self) -> dict[str, object]:
        """Return the main account's e-mail and token, and what there is to connect to."""
        return {"email": BOT_EMAIL, "token": self.accounts[BOT_EMAIL][0], "projects": list(self.site.projects)}

    def revoke(self) -> None:
        """Refuse the main account's credentials from now on."""
        self.accounts.pop(BOT_EMAIL, None)
        self.bearers.clear()

    def tune(self, name: str, value: str) -> bool:
        """Turn `lag`, in seconds, or `burst`, a share of the published bursts (1 is all of it)."""
        if name == "lag":
            self.site.index_lag_s = float(value)
        elif name == "burst":
            self.limits.burst_share = float(value)
        else:
            return False
        return True

    def set(self, key: str, field: str, value: object, by: str | None = None) -> dict[str, object]:
        """Edit one field as the person *by* and return the item."""
        return set_field(self.site, key, field, value, find_person(self.site, by))

    def show(self, key: str | None = None) -> object:
        """Return one issue or version in plain words, or a line on each."""
        return show_all(self.site) if key is None else show_item(self.site, find_item(self.site, key))

    def add(self, kind: str, container: str, fields: Mapping[str, object], by: str | None = None) -> dict[str, object]:
        """Make an issue of type *kind* or a `version` in a project, called `title`, or a `comment` on an issue."""
        return add_item(self.site, kind, container, fields, find_person(self.site, by))

    def delete(self, key: str) -> None:
        """Delete an issue (not one with sub-tasks), a version or a comment as a person would."""
        item = find_item(self.site, key)
        if isinstance(item, Comment):
            delete_comment(self.site, find_person(self.site, None), item)
        elif isinstance(item, Version):
            for issue in self.site.issues.values():
                kept = [one for one in issue.values.get("fixVersions", ()) if one != item.id]
                if len(kept) != len(issue.values.get("fixVersions", ())):
                    self.site.update(issue, BOT, {"fixVersions": kept}, ())
            del self.site.versions[item.id]
            self.webhooks.note(DELETED, "version", item)
        elif any(child.type.is_subtask for child in self.site.children_of(item.id)):
            raise refused(JiraProblem(400, f"The issue '{item.key}' has subtasks."), f"jira:{key}")
        else:
            self.site.delete(item)

    def archive(self, key: str, by: str | None = None) -> dict[str, object]:
        """Archive an issue (it leaves the search) or a version."""
        find_person(self.site, by)
        item = find_item(self.site, key)
        if isinstance(item, Comment):
            raise refused(JiraProblem(400, "Comments cannot be archived."), f"jira:{key}")
        item.archived = True
        self.webhooks.note(UPDATED, "version" if isinstance(item, Version) else "issue", item)
        return show_item(self.site, item)

    def move(self, key: str, project: str, by: str | None = None) -> dict[str, object]:
        """Move an issue to another project as a person would: its key changes, its id stays."""
        return self.set(key, "project", project, by)

    def hide(self, key: str) -> None:
        """Take the permission to see an issue from every account."""
        item = find_item(self.site, key)
        if not isinstance(item, Issue):
            raise refused(JiraProblem(400, "Only issues can be hidden."), f"jira:{key}")
        self.site.hidden.add(item.id)

    def _endpoint(self, path: str, handler: Handler) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        async def answer(request: Request) -> Response:
            call = Call(
                site=self.site,
                viewer=self.site.users[BOT],
                base=base_url(request),
                path=request.path_params,
                query=request.query_params,
                content=await request.body(),
            )
            try:
                call.viewer = self._authenticate(request)
                call.by_app = request.headers.get("authorization", "").casefold().startswith("bearer ")
                self._limit(request.method, path, call)
                told = handler(call)
            except JiraProblem as problem:
                return problem.response()
            finally:
                wrote(request, call.written)
            return _response(told, call.viewer)

        return answer

    def _authenticate(self, request: Request) -> User:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        account = self.bearers.get(secret) if scheme.casefold() == "bearer" else None
        if scheme.casefold() == "basic":
            email, _, token = _decoded(secret).partition(":")
            known, owner = self.accounts.get(email, ("", ""))
            account = owner if known and token == known else None
        if account is None:
            raise JiraProblem(401)
        return self.site.users[account]

    def _limit(self, method: str, path: str, call: Call) -> None:
        now = self._world.now()
        self.limits.take_request(now, method, path)
        if method != "GET" and "issue" in call.path:
            self.limits.take_write(now, self.site.find_issue(call.path["issue"]).id)


def _decoded(secret: str) -> str:
    try:
        return base64.b64decode(secret, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


class _Json(JSONResponse):
    """JSON that names by its code what has no other name: a text cut inside a character stays sendable."""

    def render(self, content: object) -> bytes:
        """Return *content* as bytes."""
        try:
            return orjson.dumps(content)
        except TypeError:  # such a text, or a number of more than 64 bits
            return json.dumps(content, separators=(",", ":")).encode()


def _response(told: Answer, viewer: User) -> Response:
    headers = {**told.headers, "X-AACCOUNTID": viewer.account_id.replace(":", "%3A")}
    if told.body is None:
        return Response(status_code=told.status, headers=headers)
    return _Json(told.body, told.status, headers)
