"""A receiver over a real inbox, with connections of several tools, and ways to knock at it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import structlog
from pydantic import SecretStr

from syncd.console.hooks import Receiver
from syncd.console.outward import outward_app
from syncd.engine.intake import Intake
from syncd.engine.tools import tools
from syncd.errors import StoreError
from syncd.model.refs import ConnectionName
from syncd.settings.load import Connection, Settings
from syncd.settings.webhooks import Webhook
from syncd.store.rows import InboxRow
from syncd.store.store import Store, open_store
from syncd.world import World
from tests.engine.bench import Clock, make_bench

SECRET = "It's a Secret to Everybody"
TOKEN = "b7f2c4e6a8d0f1b3c5e7"
JIRA, GITHUB, LINEAR, REDMINE = (
    ConnectionName(name) for name in ("jira-pmo", "github-eng", "linear-ux", "redmine-ops")
)
SCOPES: Mapping[str, dict[str, Any]] = {
    "jira": {"url": "https://a.example", "auth": {"bearer": "t"}, "scope": {"projects": ["PMO"]}},
    "github": {"auth": {"token": "t"}, "scope": {"owner": "acme", "project": 7, "repositories": ["api"]}},
    "linear": {"auth": {"api_key": "t"}, "scope": {"teams": ["ENG"]}},
    "redmine": {"url": "https://r.example", "auth": {"key": "t"}, "scope": {"projects": ["web"]}},
}
UUID = "9f1c2d3e-0000-4000-8000-00000000000a"


Logs: TypeAlias = Sequence[MutableMapping[str, Any]]


@pytest.fixture
def logs() -> Iterator[Logs]:
    """Return what is logged from now on, at every level."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(0))
    try:
        with structlog.testing.capture_logs() as told:
            yield told
    finally:
        structlog.configure(wrapper_class=before)


def connection(name: ConnectionName, tool: str, webhook: Webhook | None) -> Connection:
    settings = tools()[tool]().settings.model_validate(SCOPES[tool])
    return Connection(name=name, tool=tool, settings=settings, webhook=webhook)


@dataclass
class Daemon:
    """What the receiver needs of a daemon, over a real store."""

    settings: Settings
    world: World
    store: Store
    woken: list[str] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)
    failing: bool = False

    def __post_init__(self) -> None:
        self.intake = Intake(self.store, lambda name: self.woken.append(str(name)))

    async def take_in(self, row: InboxRow) -> bool:
        if self.failing:
            raise StoreError("the disk is full", fix="make room")
        return await self.intake.keep(row)

    def hears(self, name: ConnectionName) -> bool:
        return name not in self.deaf


@dataclass
class House:
    """A daemon's receiver, and a client to knock with."""

    daemon: Daemon
    receiver: Receiver
    client: httpx.AsyncClient
    clock: Clock

    async def inbox(self) -> list[InboxRow]:
        return await self.daemon.store.inbox.waiting([JIRA, GITHUB, LINEAR, REDMINE])

    async def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.client.post(path, content=body, headers=dict(headers or {}))

    def count(self, name: str, result: str) -> int:
        return self.receiver.counts[name, result]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    bench = make_bench(tmp_path, items=0)
    signed = Webhook(secret=SecretStr(SECRET))
    connections = {
        each.name: each
        for each in (
            connection(JIRA, "jira", Webhook(token=SecretStr(TOKEN))),
            connection(GITHUB, "github", signed),
            connection(LINEAR, "linear", signed),
            connection(REDMINE, "redmine", None),
        )
    }
    settings = Settings(folder=tmp_path, store="", connections=connections, portfolios={})
    async with await open_store(f"sqlite:///{tmp_path / 'inbox.db'}", bench.world) as store:
        daemon = Daemon(settings, bench.world, store)
        receiver = Receiver(daemon, tools())
        transport = httpx.ASGITransport(app=outward_app(receiver))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            yield House(daemon, receiver, client, bench.clock)


def issue(node: str = "I_1", **more: object) -> bytes:
    """Return what GitHub sends about an issue."""
    return json.dumps(
        {
            "action": "edited",
            "sender": {"login": "ada-example"},
            "repository": {"full_name": "acme/api"},
            "issue": {"node_id": node, "repository_url": "https://api.github.com/repos/acme/api"},
            **more,
        }
    ).encode()


def signed(body: bytes, delivery: str | None = "d-1", secret: str = SECRET) -> dict[str, str]:
    """Return the headers GitHub sends with it."""
    told = {"x-hub-signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}
    return told | ({} if delivery is None else {"x-github-delivery": delivery})


def linear(sent: datetime, delivery: str = "l-1", **more: object) -> tuple[bytes, dict[str, str]]:
    """Return what Linear sends about an issue in an attempt made at *sent*."""
    stamp = (sent - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)
    told = {"action": "update", "type": "Issue", "data": {"id": UUID, "team": {"key": "ENG"}}, **more}
    body = json.dumps({**told, "webhookTimestamp": stamp}).encode()
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"linear-signature": mac, "linear-delivery": delivery}
