"""
Webhooks kept registered with the tools that let us, and asked for again where they were lost.

Only for connections in `write` mode with a webhook's secret, and only when `listen.public_url`
says under which address the tools reach us. Polling goes on whatever becomes of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

import structlog
from pydantic import SecretStr

from syncd.connectors.hooks import Replays, Subscribes
from syncd.engine.desk import Account
from syncd.errors import RemoteError
from syncd.model.refs import ConnectionName
from syncd.world import World

LOOK_EVERY_S: Final = 900.0
"""How often lost deliveries are asked for: they are found by polling meanwhile."""
SUBSCRIBE_EVERY: Final = timedelta(hours=12)
"""How often a subscription is looked at: tools disable them without a word."""
EARLY: Final = timedelta(days=5)
"""How long before it expires a subscription is renewed."""
KEPT: Final = timedelta(days=3)
"""How long a tool keeps what it could not deliver (GitHub)."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Known:
    """What was last done for one connection."""

    due_at: datetime
    replayed_at: datetime | None = None
    error: RemoteError | None = None
    """Why its webhook is not registered."""


class Subscriptions:
    """The webhooks of all connections, under one public address."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[ConnectionName, _Known] = {}

    def errors(self) -> dict[ConnectionName, RemoteError]:
        """Return why the webhooks of a connection could not be registered, where that is so."""
        return {name: known.error for name, known in self._known.items() if known.error is not None}

    async def look(self, accounts: Iterable[Account], public_url: str | None) -> None:
        """Register, renew and ask again, as far as that is due; a tool that fails is complained of once."""
        for account in accounts:
            webhook = account.connection.webhook
            if public_url is None or webhook is None or webhook.secret is None or not account.connection.writes:
                continue
            if account.error is None:
                url = f"{public_url.rstrip('/')}/hooks/{account.name}"
                await self._look(account, url, webhook.secret)

    async def _look(self, account: Account, url: str, secret: SecretStr) -> None:
        now, can = self._world.now(), account.connector.capabilities
        known = self._known.setdefault(account.name, _Known(due_at=now))
        try:
            if can.subscribes and known.due_at <= now:
                subscription = await cast("Subscribes", account.connector).subscribe(url, secret)
                known.due_at = now + SUBSCRIBE_EVERY
                if subscription.refresh_by is not None:
                    known.due_at = min(known.due_at, max(now, subscription.refresh_by - EARLY))
                if subscription.made:
                    log.info("webhook_registered", connector=account.name, webhooks=len(subscription.ids))
            if can.replays:
                since = max(now - KEPT, (known.replayed_at or now - KEPT) - timedelta(seconds=LOOK_EVERY_S))
                asked = await cast("Replays", account.connector).replay(url, since)
                known.replayed_at = now
                if asked:
                    log.info("webhooks_asked_again", connector=account.name, deliveries=asked)
        except RemoteError as exc:
            if known.error is None or known.error.what != exc.what:
                log.warning("webhook_not_registered", connector=account.name, reason=exc.what, fix=exc.fix)
            known.error = exc
            known.due_at = max(known.due_at, now + timedelta(seconds=LOOK_EVERY_S))
        else:
            known.error = None
