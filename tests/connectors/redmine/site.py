"""A real Redmine, with a project of our own in it, and its people at work."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from syncd.connectors.protocol import Connector, Done, Outcome, Update
from syncd.connectors.redmine import connect
from syncd.connectors.redmine.settings import RedmineSettings
from syncd.model.native import Native, Record
from syncd.model.refs import ConnectionName, OpId, Ref, Revision
from syncd.world import World, make_id, real_world

NAME = ConnectionName("redmine")
MARKER = "Upstream key"
"""A text field of the seeded site, for all projects and trackers, used as a filter."""
VERSION_MARKER = "Quarter"
TIMEOUT_S = 30.0


def require_redmine() -> str:
    """Return the site's address; skip where there is none, fail in CI."""
    url = os.environ.get("REDMINE_URL", "")
    if not url:
        reason = "no Redmine: run through `python -m tests.with_redmine`, or set REDMINE_URL and its keys"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return url


def patient_world() -> World:
    """Return the real world, but that waiting takes no time."""

    async def sleep(seconds: float) -> None:
        del seconds
        await asyncio.sleep(0)

    return dataclasses.replace(real_world(), sleep=sleep)


Meddle = Callable[[httpx.Request, httpx.Response | None], httpx.Response | Exception | None]
"""Called before a request (answer `None`) and after it: returns what to answer instead, if anything."""


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """The network, with every request noted and room for a meddler."""

    requests: list[httpx.Request] = field(default_factory=list)
    meddle: Meddle = lambda _request, _response: None
    inner: httpx.AsyncHTTPTransport = field(default_factory=httpx.AsyncHTTPTransport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, unless the meddler has another idea."""
        self.requests.append(request)
        answer = self.meddle(request, None)
        if answer is None:
            response = await self.inner.handle_async_request(request)
            await response.aread()
            answer = self.meddle(request, response) or response
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self) -> None:
        """Close the network."""
        await self.inner.aclose()

    def asked(self, method: str, part: str = "") -> list[httpx.Request]:
        """Return the requests of a method whose URL holds *part*."""
        return [one for one in self.requests if one.method == method and part in str(one.url)]


def lose_next_write(wire: Wire) -> None:
    """Let the next write be carried out and its answer be lost."""
    armed = [True]

    def meddle(request: httpx.Request, response: httpx.Response | None) -> Exception | None:
        if response is None or request.method == "GET" or not armed:
            return None
        armed.clear()
        return httpx.ReadError("connection reset")

    wire.meddle = meddle


@dataclass
class Site:
    """The site as its administrator uses it, past the connector."""

    url: str
    admin: httpx.AsyncClient
    project: str
    """Our own project's identifier."""
    project_id: int
    wires: list[tuple[httpx.AsyncClient, Wire]] = field(default_factory=list)

    async def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of any shape
        """Do something as the administrator and return the answer."""
        response = await self.admin.request(method, path, json=body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content.strip() else None

    def connect(
        self, key: str = "REDMINE_API_KEY", *, scope: object = None, **options: object
    ) -> tuple[Connector, Wire]:
        """Return a connector of the account whose key is in that variable (or is that text), and its wire."""
        settings = RedmineSettings.model_validate(
            {
                "url": self.url,
                "auth": {"key": os.environ.get(key, key)},
                "scope": scope or {"projects": [self.project]},
                "options": {"marker_field": MARKER, "version_marker_field": VERSION_MARKER, "per_s": 1e6, **options},
            }
        )
        wire = Wire()
        client = httpx.AsyncClient(transport=wire, timeout=TIMEOUT_S)
        self.wires.append((client, wire))
        return connect(NAME, settings, client, patient_world()), wire

    async def add_issue(self, subject: str = "Item", *, tracker: int = 2, **fields: object) -> Ref:
        """Make an issue (a Feature unless told)."""
        body = {"project_id": self.project, "tracker_id": tracker, "subject": subject, **fields}
        made = await self.call("POST", "/issues.json", {"issue": body})
        return Ref(NAME, "issue", str(made["issue"]["id"]))

    async def edit_issue(self, ref: Ref, **fields: object) -> None:
        """Change an issue."""
        await self.call("PUT", f"/issues/{ref.id}.json", {"issue": fields})

    async def add_note(self, issue: Ref, text: str, *, private: bool = False) -> Ref:
        """Add a note to an issue."""
        await self.edit_issue(issue, notes=text, private_notes=private)
        seen = await self.call("GET", f"/issues/{issue.id}.json?include=journals")
        return Ref(NAME, "comment", f"{issue.id}/{seen['issue']['journals'][-1]['id']}")

    async def edit_note(self, note: Ref, text: str) -> None:
        """Change a note; without text it is deleted."""
        await self.call("PUT", f"/journals/{note.id.partition('/')[2]}.json", {"journal": {"notes": text}})

    async def add_version(self, name: str, **fields: object) -> Ref:
        """Make a version."""
        path = f"/projects/{self.project}/versions.json"
        made = await self.call("POST", path, {"version": {"name": name, **fields}})
        return Ref(NAME, "version", str(made["version"]["id"]))

    async def add_project(self, suffix: str, **fields: object) -> tuple[str, int]:
        """Make a further project, gone with ours when it is below it."""
        identifier = f"{self.project}-{suffix}"
        body = {"name": identifier, "identifier": identifier, "tracker_ids": [1, 2, 3, 4], **fields}
        body |= {"enabled_module_names": ["issue_tracking"]}
        made = await self.call("POST", "/projects.json", {"project": body})
        return identifier, made["project"]["id"]

    async def close(self) -> None:
        """Remove the project and close every wire."""
        for client, _ in self.wires:
            await client.aclose()
        await self.admin.delete(f"/projects/{self.project}.json")
        await self.admin.aclose()


async def make_site() -> Site:
    """Return the running site with a fresh project in it, of which the developer and the reporter are members."""
    url = require_redmine()
    admin = httpx.AsyncClient(
        base_url=url, headers={"X-Redmine-API-Key": os.environ["REDMINE_API_KEY"]}, timeout=TIMEOUT_S
    )
    identifier = f"t{make_id()}"
    site = Site(url, admin, identifier, 0)
    body = {"name": identifier, "identifier": identifier, "tracker_ids": [1, 2, 3, 4], "is_public": True}
    body |= {"enabled_module_names": ["issue_tracking", "time_tracking"]}
    site.project_id = (await site.call("POST", "/projects.json", {"project": body}))["project"]["id"]
    roles = {role["name"]: role["id"] for role in (await site.call("GET", "/roles.json"))["roles"]}
    users = {user["login"]: user["id"] for user in (await site.call("GET", "/users.json?limit=100"))["users"]}
    for login, role in (("dana", "Developer"), ("rita", "Reporter")):
        member = {"user_id": users[login], "role_ids": [roles[role]]}
        await site.call("POST", f"/projects/{identifier}/memberships.json", {"membership": member})
    return site


async def read(connector: Connector, ref: Ref) -> Record:
    """Return one record, or fail."""
    record = (await connector.read_many([ref]))[ref]
    assert isinstance(record, Record), record
    return record


async def update(connector: Connector, ref: Ref, **fields: Native) -> Outcome:
    """Change one record after a fresh read."""
    [outcome] = await connector.write([Update(op=OpId("op"), pre=await read(connector, ref), fields=fields)])
    return outcome


async def updated(connector: Connector, ref: Ref, **fields: Native) -> Record:
    """Change one record and return it as read back, or fail."""
    outcome = await update(connector, ref, **fields)
    assert isinstance(outcome, Done), outcome
    return outcome.record


async def nothing_known(refs: object) -> dict[Ref, Revision]:
    """Say that nothing is known."""
    del refs
    return {}
