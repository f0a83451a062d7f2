"""
A Jira stand-in fast enough not to be what is measured: searches and bulk fetches come from issues rendered once.

Byte for byte what the stand-in itself would answer while nothing is written
(tests/benchmarks holds that); every other request goes to it. Nobody has to
log in, for the floor does not.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from syncd.sandbox.jira.call import Call
from syncd.sandbox.jira.issues import BulkFetch, told_issue
from syncd.sandbox.jira.jql import parse_jql
from syncd.sandbox.jira.match import State, compile_query, sort_states
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.jira.render import split_names
from syncd.sandbox.jira.search import MAX_RESULTS, MAX_RESULTS_IDS, Search
from syncd.sandbox.jira.seed import BOT, BOT_EMAIL
from syncd.sandbox.jira.standin import JiraStandIn
from syncd.sandbox.jira.state import Issue

JSON: Final = [(b"content-type", b"application/json")]
COUNTS: Final = "/_counts"
"""Answers how many requests came since it was last asked, by method and path."""


class Pages:
    """Answers `/search/jql` and `/issue/bulkfetch` of a site nobody writes to."""

    def __init__(self, standin: JiraStandIn, base: str) -> None:
        self._standin = standin
        self._base = base
        self._issues: dict[tuple[str, ...], dict[int, bytes]] = {}
        self._found: dict[str, tuple[int, ...]] = {}

    def answer(self, wanted: Search) -> bytes:
        """Return one page, as bytes. Raises the stand-in's own `JiraProblem` for a search it refuses."""
        fields = split_names(wanted.fields)
        ids = self._matching(wanted.jql)
        start = int(wanted.nextPageToken or 0)
        size = max(1, min(wanted.maxResults, MAX_RESULTS_IDS if set(fields) <= {"id", "key"} else MAX_RESULTS))
        rendered = self._rendered(fields, tuple(wanted.properties), tuple(split_names([wanted.expand])))
        rows = b",".join(rendered(number) for number in ids[start : start + size])
        after = start + size
        rest = b',"isLast":false,"nextPageToken":"%d"' % after if after < len(ids) else b',"isLast":true'
        return b'{"issues":[' + rows + b"]" + rest + b"}"

    def fetched(self, wanted: BulkFetch) -> bytes:
        """Return the issues of some ids, all of which are there, as bytes."""
        fields = split_names(wanted.fields or ["*all"])
        rendered = self._rendered(fields, tuple(wanted.properties), tuple(wanted.expand))
        rows = b",".join(rendered(int(number)) for number in wanted.issueIdsOrKeys)
        return b'{"issues":[' + rows + b'],"issueErrors":[]}'

    def _matching(self, jql: str) -> tuple[int, ...]:
        if jql not in self._found:
            site = self._standin.site
            query = parse_jql(jql)
            test = compile_query(site, site.users[BOT], query)
            held = ((issue, site.indexed(issue)) for issue in site.issues.values())
            states = [State(issue, *known) for issue, known in held if known is not None]
            found = sort_states(site, query, [state for state in states if test(state)])
            self._found[jql] = tuple(state.issue.id for state in found)
        return self._found[jql]

    def _rendered(self, fields: list[str], properties: tuple[str, ...], expand: tuple[str, ...]) -> Any:  # noqa: ANN401
        known = self._issues.setdefault((*fields, "|", *properties, "|", *expand), {})

        def render(number: int) -> bytes:
            if number not in known:
                issue = self._standin.site.issues[number]
                known[number] = json.dumps(
                    self._told(issue, fields, properties, expand), separators=(",", ":")
                ).encode()
            return known[number]

        return render

    def _told(self, issue: Issue, fields: list[str], properties: tuple[str, ...], expand: tuple[str, ...]) -> object:
        site = self._standin.site
        call = Call(site=site, viewer=site.users[BOT], base=self._base, path={}, query=None, content=b"")  # type: ignore[arg-type] # rendering looks at neither
        told = told_issue(call, issue, fields, properties=properties, expand=expand, state=site.indexed(issue))
        if "changelog" in expand:  # only tap-jira asks so, and it fails without this field, which is empty here
            told["fields"].setdefault("comment", {"comments": [], "maxResults": 0, "total": 0, "startAt": 0})
        return {"id": told["id"]} if fields == ["id"] else told


class Counted:
    """Counts what passes."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner
        self._counts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] == "http" and scope["path"] == COUNTS:
            counts, self._counts = self._counts, Counter()
            await _send(send, json.dumps(counts).encode())
            return
        if scope["type"] == "http":
            self._counts[f"{scope['method']} {scope['path']}"] += 1
        await self._inner(scope, receive, send)


class Fast:
    """The ASGI app: searches from `Pages`, the rest from the stand-in, everything as late as asked."""

    def __init__(self, standin: JiraStandIn, inner: ASGIApp, base: str, latency_s: float) -> None:
        self._pages = Pages(standin, base)
        self._standin = standin
        self._inner = inner
        self._latency_s = latency_s
        token = standin.accounts[BOT_EMAIL][0]
        self._pass = b"Basic " + base64.b64encode(f"{BOT_EMAIL}:{token}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        path = scope["path"].removeprefix("/jira").replace("/rest/api/2/", "/rest/api/3/")
        body = await _body(receive)
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if path == "/rest/api/3/search/jql":
            await self._search(scope, body, send)
        elif path == "/rest/api/3/issue/bulkfetch":
            await _send(send, self._pages.fetched(BulkFetch.model_validate_json(body)))
        elif path in EXTRA:
            await _send(send, json.dumps(EXTRA[path](self._standin)).encode())
        else:
            headers = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
            inner = {**scope, "path": f"/jira{path}", "headers": [*headers, (b"authorization", self._pass)]}
            await self._inner(inner, _again(body), send)

    async def _search(self, scope: Scope, body: bytes, send: Send) -> None:
        try:
            await _send(send, self._pages.answer(_asked(scope, body)))
        except JiraProblem as problem:
            response = problem.response()
            await _send(send, bytes(response.body), response.status_code)


def _asked(scope: Scope, body: bytes) -> Search:
    if scope["method"] == "POST":
        return Search.model_validate_json(body)
    query = dict(parse_qsl(scope["query_string"].decode()))
    named = {**query, "fields": split_names([query.get("fields", "")]) or ["id"], "properties": []}
    return Search.model_validate(named)


def _projects(standin: JiraStandIn) -> object:
    return [{"id": str(one.id), "key": one.key, "name": one.name} for one in standin.site.projects.values()]


def _server_info(_: JiraStandIn) -> object:
    return {"deploymentType": "Cloud", "version": "1001.0.0"}


EXTRA: Final = {"/rest/api/3/project": _projects, "/rest/api/3/serverInfo": _server_info}
"""What a peer asks that the stand-in does not have."""


async def _body(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _again(body: bytes) -> Receive:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _send(send: Send, body: bytes, status: int = 200) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*JSON, length]})
    await send({"type": "http.response.body", "body": body})
