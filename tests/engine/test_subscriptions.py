"""Webhooks are registered where a tool lets us, renewed in time, and asked for again where they were lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest
import structlog
from pydantic import SecretStr
from structlog.testing import capture_logs

from syncd.connectors.hooks import Subscription
from syncd.connectors.protocol import Capabilities
from syncd.engine.desk import Account
from syncd.engine.subscriptions import Subscriptions
from syncd.errors import ForbiddenError
from syncd.settings.webhooks import Webhook
from syncd.world import World, real_world

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PUBLIC = "https://hooks.acme.example/syncd/"


@dataclass
class Tool:
    """A tool that registers webhooks, expiring after *lasts*."""

    world: World
    lasts: timedelta | None = None
    fails: bool = False
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(subscribes=True, replays=True))
    subscribed: list[str] = field(default_factory=list)
    replayed: list[datetime] = field(default_factory=list)

    async def subscribe(self, url: str, secret: SecretStr) -> Subscription:
        if self.fails:
            raise ForbiddenError("it may not register webhooks", fix="let the account administrate the repository")
        assert secret.get_secret_value() == "a webhook's secret"
        self.subscribed.append(url)
        until = None if self.lasts is None else self.world.now() + self.lasts
        return Subscription(ids=("1",), made=len(self.subscribed) == 1, refresh_by=until)

    async def replay(self, url: str, since: datetime) -> int:
        assert url == f"{PUBLIC}hooks/jira-pmo"
        self.replayed.append(since)
        return 0


class Desk:
    """One connection, and a clock that is set by hand."""

    def __init__(self, *, lasts: timedelta | None = None, writes: bool = True, token: bool = False) -> None:
        self.at = START
        self.world = replace(real_world(), now=lambda: self.at)
        self.tool = Tool(self.world, lasts)
        secret = SecretStr("a webhook's secret")
        webhook = Webhook(token=secret) if token else Webhook(secret=secret)
        connection = SimpleNamespace(name="jira-pmo", writes=writes, webhook=webhook)
        account = SimpleNamespace(name="jira-pmo", connection=connection, connector=self.tool, error=None)
        self.account = cast("Account", account)
        self.subscriptions = Subscriptions(self.world)

    async def days(self, days: float, public: str | None = PUBLIC) -> None:
        """Look every quarter of an hour for so many days."""
        end = self.at + timedelta(days=days)
        while self.at < end:
            await self.subscriptions.look([self.account], public)
            self.at += timedelta(minutes=15)


async def test_a_webhook_is_registered_and_looked_at_twice_a_day() -> None:
    desk = Desk()
    await desk.days(1)
    assert desk.tool.subscribed == [f"{PUBLIC}hooks/jira-pmo"] * 2


async def test_one_that_expires_is_renewed_days_before() -> None:
    desk = Desk(lasts=timedelta(days=30))
    await desk.days(31)
    assert len(desk.tool.subscribed) >= 60


async def test_what_was_lost_is_asked_for_again_and_again_within_what_the_tool_keeps() -> None:
    desk = Desk()
    await desk.days(0.1)
    assert desk.tool.replayed[0] == START - timedelta(days=3)
    assert desk.tool.replayed[1] == START - timedelta(minutes=15)
    assert all(later > earlier for earlier, later in zip(desk.tool.replayed[1:], desk.tool.replayed[2:], strict=False))


@pytest.mark.parametrize("unasked", ["no address", "observed only", "secret path"])
async def test_nothing_is_registered_that_was_not_asked_for(unasked: str) -> None:
    desk = Desk(writes=unasked != "observed only", token=unasked == "secret path")
    await desk.days(1, None if unasked == "no address" else PUBLIC)
    assert desk.tool.subscribed == desk.tool.replayed == []


@pytest.fixture
def logged() -> Iterator[None]:
    """Let warnings be logged, whatever the tests around say."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.BoundLogger)
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("logged")
async def test_a_tool_that_refuses_is_asked_again_later_and_stops_nothing() -> None:
    desk = Desk()
    desk.tool.fails = True
    with capture_logs() as logs:
        await desk.days(1)
    assert [line["event"] for line in logs] == ["webhook_not_registered"], "told once"
    (error,) = desk.subscriptions.errors().values()
    assert (error.what, error.fix) == (
        "it may not register webhooks",
        "let the account administrate the repository",
    )
    desk.tool.fails = False
    await desk.days(1)
    assert desk.tool.subscribed
    assert not desk.subscriptions.errors()
