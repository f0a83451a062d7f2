"""Dynamic webhooks of an OAuth app: registered once, refreshed, set right."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from syncd.connectors.jira.connector import JiraConnector
from syncd.connectors.jira.hooks import HOOKS
from syncd.connectors.jira.settings import JiraSettings
from syncd.errors import RejectedError
from syncd.model.refs import ConnectionName
from syncd.sandbox.app import Sandbox
from syncd.sandbox.jira.standin import JiraStandIn
from syncd.sandbox.jira.webhook_api import CLIENT_SECRET
from syncd.sandbox.portfolio import make_portfolio
from tests.connectors.virtual import Clock, make_world
from tests.contracts.openapi import CheckedTransport, jira_contract

URL = "https://syncd.example/hooks/jira-pmo"
SECRET = SecretStr(CLIENT_SECRET)


class Rig:
    """A site, and connectors to it by an OAuth token or by an API token."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.world = make_world(self.clock)
        self.jira = JiraStandIn(self.world, make_portfolio(4, self.clock.now().date()))
        self.sandbox = Sandbox({"jira": self.jira}, self.world)
        transport = CheckedTransport(jira_contract(), self.sandbox.transport(), prefix="/jira")
        self.client = httpx.AsyncClient(transport=transport)

    def connect(self, *projects: str, auth: Mapping[str, str] | None = None) -> JiraConnector:
        settings = {
            "url": "http://sandbox/jira",
            "auth": auth or {"bearer": "jira-sandbox-oauth"},
            "scope": {"projects": projects or ("PMO", "ENG")},
        }
        return JiraConnector(ConnectionName("jira-pmo"), JiraSettings.model_validate(settings), self.client, self.world)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    yield made
    await made.client.aclose()


async def test_it_is_registered_once_and_refreshed_five_days_before_it_ends(rig: Rig) -> None:
    connector = rig.connect()
    assert connector.capabilities.subscribes
    first = await connector.subscribe(URL, SECRET)
    assert first.made
    assert first.refresh_by == rig.clock.now() + timedelta(days=25)
    rig.clock.at_s += timedelta(days=25).total_seconds()
    again = await rig.connect().subscribe(URL, SECRET)
    assert (again.ids, again.made) == (first.ids, False)
    assert again.refresh_by == rig.clock.now() + timedelta(days=25)
    [hook] = rig.jira.webhooks.hooks.values()
    assert hook.expires_at == rig.clock.now() + timedelta(days=30)


async def test_one_that_ended_is_registered_anew(rig: Rig) -> None:
    first = await rig.connect().subscribe(URL, SECRET)
    rig.clock.at_s += timedelta(days=31).total_seconds()
    again = await rig.connect().subscribe(URL, SECRET)
    assert again.made
    assert again.ids != first.ids


async def test_another_scope_replaces_it(rig: Rig) -> None:
    first = await rig.connect().subscribe(URL, SECRET)
    again = await rig.connect("PMO").subscribe(URL, SECRET)
    assert again.made
    assert again.ids != first.ids
    [hook] = rig.jira.webhooks.hooks.values()
    assert hook.query == "project IN (PMO)"


async def test_what_it_sends_is_genuine_by_the_apps_client_secret(rig: Rig) -> None:
    got: list[tuple[Mapping[str, str], bytes]] = []

    async def receive(url: str, headers: Mapping[str, str], body: bytes) -> int:
        assert url == URL
        got.append((headers, body))
        return 200

    sender = rig.sandbox.send_webhooks(receive)
    await rig.connect().subscribe(URL, SECRET)
    rig.jira.add("Task", "ENG", {"title": "New"})
    await sender.flush()
    [(headers, body)] = got
    assert "x-hub-signature" not in headers
    assert HOOKS.is_genuine(CLIENT_SECRET.encode(), headers, body)
    assert not HOOKS.is_genuine(b"another client secret", headers, body)
    rig.clock.at_s += timedelta(days=31).total_seconds()
    rig.jira.add("Task", "ENG", {"title": "Later"})
    await sender.flush()
    assert len(got) == 1, "it has ended"


async def test_with_an_api_token_an_administrator_has_to_set_it_up(rig: Rig) -> None:
    auth = {key: str(rig.jira.credentials()[key]) for key in ("email", "token")}
    connector = rig.connect(auth=auth)
    assert not connector.capabilities.subscribes
    with pytest.raises(RejectedError, match="only OAuth apps") as caught:
        await connector.subscribe(URL, SECRET)
    assert "administrator" in str(caught.value.fix)


async def test_a_refusal_tells_jiras_own_words(rig: Rig) -> None:
    rig.sandbox.faults.add("jira:400:method=POST:match=/webhook")
    with pytest.raises(RejectedError, match="Refused by the sandbox"):
        await rig.connect().subscribe(URL, SECRET)
