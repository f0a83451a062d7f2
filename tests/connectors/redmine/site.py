"""A Redmine, real or the stand-in, with a project of our own in it, and its people at work."""

from __future__ import annotations

import asyncio
import dataclasses
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from syncd.connectors.protocol import Connector, Done, Outcome, Update
from syncd.connectors.redmine import connect
from syncd.connectors.redmine.settings import RedmineSettings
from syncd.model.native import Native, Record
from syncd.model.refs import ConnectionName, OpId, Ref, Revision
from syncd.sandbox.app import make_sandbox
from syncd.sandbox.redmine import RedmineStandIn
from syncd.sandbox.redmine.schema import DEVELOPER, REPORTER
from syncd.sandbox.redmine.state import User
from syncd.world import World, make_id, real_world
from tests.connectors import virtual

NAME = ConnectionName("redmine")
MARKER = "Upstream key"
"""A text field of the seeded site, for all projects and trackers, used as a filter."""
VERSION_MARKER = "Quarter"
REAL, STAND_IN = "redmine", "stand-in"
KINDS = (STAND_IN, REAL)
"""What the same suite is run against."""
ADMIN_KEY, USER_KEY, VIEWER_KEY = "REDMINE_API_KEY", "REDMINE_USER_API_KEY", "REDMINE_VIEWER_API_KEY"
STRANGER = "0123456789abcdef0123456789abcdef01234567"
"""A key nobody has."""
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
    """Return the real world, but that waiting takes no time: it moves our clock ahead of everybody else's."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await asyncio.sleep(0)

    world = real_world()
    return dataclasses.replace(world, sleep=sleep, now=lambda: world.now() + timedelta(seconds=sum(slept)))


Meddle = Callable[[httpx.Request, httpx.Response | None], httpx.Response | Exception | None]
"""Called before a request (answer `None`) and after it: returns what to answer instead, if anything."""


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """The network, with every request noted and room for a meddler."""

    requests: list[httpx.Request] = field(default_factory=list)
    meddle: Meddle = lambda _request, _response: None
    inner: httpx.AsyncBaseTransport = field(default_factory=httpx.AsyncHTTPTransport)

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
    keys: Mapping[str, str]
    """The keys of an administrator, a developer and a reporter, by `ADMIN_KEY` and so on."""
    world: World
    """Where waiting takes no time."""
    project: str
    """Our own project's identifier."""
    project_id: int = 0
    stand_in: RedmineStandIn | None = None
    """What plays it; `None`: nothing does."""
    network: Callable[[], httpx.AsyncBaseTransport] = httpx.AsyncHTTPTransport
    wires: list[tuple[httpx.AsyncClient, Wire]] = field(default_factory=list)

    async def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON of any shape
        """Do something as the administrator and return the answer."""
        response = await self.admin.request(method, path, json=body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content.strip() else None

    def connect(self, key: str = ADMIN_KEY, *, scope: object = None, **options: object) -> tuple[Connector, Wire]:
        """Return a connector of the account with the key of that name (or with that text as its key), and its wire."""
        settings = RedmineSettings.model_validate(
            {
                "url": self.url,
                "auth": {"key": self.keys.get(key, key)},
                "scope": scope or {"projects": [self.project]},
                "options": {"marker_field": MARKER, "version_marker_field": VERSION_MARKER, "per_s": 1e6, **options},
            }
        )
        wire = Wire(inner=self.network())
        client = httpx.AsyncClient(transport=wire, timeout=TIMEOUT_S)
        self.wires.append((client, wire))
        return connect(NAME, settings, client, self.world), wire

    async def add_issue(self, subject: str = "Item", *, tracker: int = 2, **fields: object) -> Ref:
        """Make an issue (a Feature unless told)."""
        body = {"project_id": self.project, "tracker_id": tracker, "subject": subject, **fields}
        made = await self.call("POST", "/issues.json", {"issue": body})
        return Ref(NAME, "issue", str(made["issue"]["id"]))

    async def edit_issue(self, ref: Ref, **fields: object) -> None:
        """Change an issue."""
        await self.call("PUT", f"/issues/{ref.id}.json", {"issue": fields})

    def retitle_at_once(self, ref: Ref, subject: str) -> None:
        """Change an issue's subject in the middle of a request of ours."""
        if self.stand_in is not None:
            self.stand_in.set(ref.id, "subject", subject)
            return
        headers = {"X-Redmine-API-Key": self.keys[ADMIN_KEY]}
        body = {"issue": {"subject": subject}}
        httpx.put(f"{self.url}/issues/{ref.id}.json", headers=headers, json=body, timeout=TIMEOUT_S).raise_for_status()

    async def add_note(self, issue: Ref, text: str, *, private: bool = False, **fields: object) -> Ref:
        """Add a note to an issue, and perhaps change something with it."""
        await self.edit_issue(issue, notes=text, private_notes=private, **fields)
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


async def make_site(kind: str) -> Site:
    """Return a site, real or played, and in it a fresh project with a developer and a reporter."""
    site = _stand_in() if kind == STAND_IN else _real()
    body: dict[str, object] = {"name": site.project, "identifier": site.project, "tracker_ids": [1, 2, 3, 4]}
    body |= {"is_public": True, "enabled_module_names": ["issue_tracking", "time_tracking"]}
    site.project_id = (await site.call("POST", "/projects.json", {"project": body}))["project"]["id"]
    roles = {role["name"]: role["id"] for role in (await site.call("GET", "/roles.json"))["roles"]}
    users = {user["login"]: user["id"] for user in (await site.call("GET", "/users.json?limit=100"))["users"]}
    for login, role in (("dana", DEVELOPER.name), ("rita", REPORTER.name)):
        member = {"user_id": users[login], "role_ids": [roles[role]]}
        await site.call("POST", f"/projects/{site.project}/memberships.json", {"membership": member})
    return site


def _real() -> Site:
    url = require_redmine()
    keys = {name: os.environ[name] for name in (ADMIN_KEY, USER_KEY, VIEWER_KEY)}
    return Site(url, _admin(url, keys, httpx.AsyncHTTPTransport()), keys, patient_world(), f"t{make_id()}")


def _stand_in() -> Site:
    """Return a played site with the people and the custom fields of the real one."""
    clock = virtual.Clock()
    world = virtual.make_world(clock)
    sandbox = make_sandbox(["redmine"], world, items=0)
    tool = sandbox.tools["redmine"]
    assert isinstance(tool, RedmineStandIn)
    tool.site.drop_field("Syncd id")
    keys = dict(zip((ADMIN_KEY, USER_KEY, VIEWER_KEY), ("a" * 40, "d" * 40, "e" * 40), strict=True))
    admin, leo = tool.site.users[1], "0" * 40
    admin.firstname, admin.lastname, admin.key = "Redmine", "Admin", keys[ADMIN_KEY]
    people = {"dana": ("Developer", keys[USER_KEY]), "rita": ("Reporter", keys[VIEWER_KEY]), "leo": ("Lead", leo)}
    for login, (name, key) in people.items():
        number = tool.site.new_id("users")
        tool.site.users[number] = User(
            id=number,
            login=login,
            firstname=login.capitalize(),
            lastname=name,
            mail=f"{login}@example.test",
            mail_shown=False,
            key=key,
        )
    url = "http://sandbox.example/redmine"
    site = Site(url, _admin(url, keys, sandbox.transport()), keys, world, f"t{world.new_id()}")
    site.stand_in, site.network = tool, sandbox.transport
    return site


def _admin(url: str, keys: Mapping[str, str], network: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    headers = {"X-Redmine-API-Key": keys[ADMIN_KEY]}
    return httpx.AsyncClient(base_url=url, headers=headers, transport=network, timeout=TIMEOUT_S)


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
