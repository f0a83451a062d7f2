"""A connector before the stand-in, with every request and answer judged by GitHub's own schemas on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl

import httpx

from syncd.connectors.github.connector import GithubConnector
from syncd.connectors.github.settings import GithubSettings
from syncd.model.native import Record
from syncd.model.refs import ConnectionName, Cursor, EntityId, OpId, Ref, Revision
from syncd.sandbox.app import Sandbox
from syncd.sandbox.github import GitHubStandIn
from syncd.sandbox.portfolio import make_portfolio
from tests.connectors.virtual import Clock, make_world
from tests.contracts import graphql
from tests.contracts.openapi import OpenApiContract, load_contract

NAME = ConnectionName("github-eng")
MARKER = EntityId("0123456789abcdef")
PREFIX = "/github"


def rest_contract() -> OpenApiContract | None:
    """Return GitHub's OpenAPI document, `None` where there is none."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("SYNCD_CONTRACTS", root.parent / "shared" / "contracts"))
    path = folder / "github" / "rest-openapi-subset.json"
    return load_contract(path) if path.exists() else None


class Judged(httpx.AsyncBaseTransport):
    """Passes requests on, fails on whatever GitHub's schemas forbid, and keeps what was asked."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._rest = rest_contract()
        self.asked: list[str] = []
        """`query scan`, `mutation closeIssue`, `PATCH /repos/acme/api/milestones/1`, in order."""
        self.forget = ""
        """A field that answers to mutations come without."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().split("?")[0].removeprefix(PREFIX)
        if path == "/graphql":
            return await self._graphql(request)
        self.asked.append(f"{request.method} {path}")
        body = json.loads(request.content) if request.content else None
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        if self._rest:
            assert self._rest.check_request(request.method, path, query, body) == []
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if self._rest and response.headers.get("content-type", "").startswith("application/json"):
            answer = json.loads(response.content)
            assert self._rest.check_response(request.method, path, response.status_code, answer) == []
        return response

    async def _graphql(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        text = body["query"]
        self.asked += [word for line in text.splitlines() if (word := _called(line))]
        if self._rest:
            assert graphql.check_document(text, body["variables"]) == []
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if self._rest and response.status_code == httpx.codes.OK and response.content.endswith(b"}"):
            assert graphql.check_answer(text, json.loads(response.content).get("data")) == []
        if self.forget and text.startswith("mutation"):
            content = response.content.replace(f'"{self.forget}"'.encode(), b'"forgotten"')
            return httpx.Response(response.status_code, content=content, headers={"content-type": "application/json"})
        return response


def _called(line: str) -> str | None:
    words = line.replace("(", " ").split()
    if line.startswith("query"):
        return f"query {words[1]}"
    return f"mutation {words[1]}" if words and words[0].startswith("m") and words[0].endswith(":") else None


class Rig:
    """One connection to one stand-in. Empty but for the project, two repositories and some people."""

    def __init__(self, *, items: int = 0, **settings: object) -> None:
        self.clock = Clock()
        self.world = make_world(self.clock)
        self.hub = GitHubStandIn(self.world, make_portfolio(items, self.clock.now().date()))
        self.sandbox = Sandbox({"github": self.hub}, self.world)
        self.judged = Judged(self.sandbox.transport())
        self.client = httpx.AsyncClient(transport=self.judged)
        self.connector = self.connect(**settings)

    def connect(self, **settings: object) -> GithubConnector:
        """Return another connector, with these settings put over the usual ones."""
        given: dict[str, object] = {
            "url": f"http://sandbox{PREFIX}",
            "auth": {"token": self.hub.token},
            "scope": {"owner": "acme", "project": 7, "repositories": ["api", "web"]},
            "options": {"share": 1.0, "mutation_interval_s": 0},
        }
        model = GithubSettings.model_validate(given | settings)
        return GithubConnector(NAME, model, self.client, self.world)

    @property
    def asked(self) -> list[str]:
        """What was asked since the last time somebody looked."""
        found, self.judged.asked = self.judged.asked, []
        return found

    def fault(self, text: str) -> None:
        """Inject one."""
        self.sandbox.faults.add(text)

    def ref(self, key: str) -> Ref:
        """Return the ref of what people call *key*: `acme/api#1`, `api#1#c2`, `api/milestone/1`, an item's id."""
        kind = "draft" if key.startswith("PVTI") else "milestone" if "/milestone/" in key else "issue"
        kind = "comment" if "#c" in key else kind
        return Ref(NAME, kind, self.hub.people.find(key).id)

    async def read(self, key: str | Ref) -> Record:
        """Read one record that must be readable."""
        ref = self.ref(key) if isinstance(key, str) else key
        found = (await self.connector.read_many([ref]))[ref]
        assert isinstance(found, Record), found
        return found

    def field(self, name: str) -> str:
        """Return the key of one of the project's own fields."""
        return self.hub.column(name).id

    async def changes(self, known: Mapping[Ref, Revision] | None = None, since: Cursor | None = None) -> list[Record]:
        """Return everything `changes` yields, and remember the cursor."""
        held = dict(known or {})

        async def look_up(refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
            return {ref: held[ref] for ref in refs if ref in held}

        records: list[Record] = []
        async for page in self.connector.changes(since, look_up):
            records += page.records
            self.cursor = page.resume
        return records


def op(number: int = 1) -> OpId:
    """Return an op id."""
    return OpId(f"op{number}")
