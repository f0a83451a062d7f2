"""
The receiver of webhooks: who sends one is proved before anything of it is read.

    too many at once, too large, too slow    503, 413, 408    nothing was kept
    no such door                             404              the same whatever is missing
    not signed with our secret               401
    signed, and sent long ago                401              a wide hint is kept, one a minute at most
    signed, and none of the tool's           400              likewise, so that nothing is lost
    signed, about nothing of ours            200
    signed, about ours                       200              once it is in the inbox
    the store fails                          503              so that the tool sends it again
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from syncd.connectors._budget import Bucket, Rate
from syncd.connectors.hooks import Delivery, Hooks
from syncd.engine.open import Tools
from syncd.errors import StoreError
from syncd.model.refs import ConnectionName
from syncd.settings.load import Connection, Settings
from syncd.store.rows import InboxRow
from syncd.world import World

MOST_BYTES: Final = 1_000_000
"""The largest body that is read; the vendors stay well below."""
SMALL_BYTES: Final = 65_536
"""The largest body that is read while forgeries come in a flood: to prove one that small costs next to nothing."""
MOST_AT_ONCE: Final = 64
"""Deliveries read and kept at the same time; with `MOST_BYTES` this bounds the memory that a flood can take."""
BODY_S: Final = 10.0
"""How long a sender may take for a body."""
WINDOW_S: Final = 300.0
"""How far from now a delivery may say that it was sent. A vendor that sends again says so anew."""
LONGEST_ID: Final = 200
"""Characters of a delivery's id beyond which its hash stands for it."""
FORGED: Final = Rate(per_s=10, burst=100)
"""Forgeries of one connection that are taken as bad luck; beyond it large bodies go unread."""
GENUINE: Final = Rate(per_s=200, burst=2000)
"""Genuine deliveries of one connection; beyond it the tool is asked to wait."""
SAY_AGAIN_S: Final = 600.0
"""How often one complaint about one connection is logged at most."""
NOBODY: Final = "-"
"""Stands in the counts for every name that is no connection's: who knocks must not choose our labels."""

log = structlog.get_logger()


class Takes(Protocol):
    """What the receiver needs of the daemon (`engine/service.py`)."""

    settings: Settings
    world: World

    async def take_in(self, row: InboxRow) -> bool:
        """Keep what was told; `False` when it was told before."""
        ...

    def hears(self, connection: ConnectionName) -> bool:
        """Whether anything is done about it."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sender is told, and how it is counted."""

    status: int
    result: str
    wait_s: int | None = None
    """Ask again after that."""
    is_unread: bool = False
    """The body was not read to its end: the connection is of no more use."""


NO_DOOR: Final = Answer(404, "unknown", is_unread=True)
FORGERY: Final = Answer(401, "forged")
BUSY: Final = Answer(503, "busy", wait_s=1, is_unread=True)
TOO_LARGE: Final = Answer(413, "too_large", is_unread=True)
TOO_SLOW: Final = Answer(408, "too_slow", is_unread=True)
GONE: Final = Answer(400, "gone", is_unread=True)
TOO_MANY_FORGERIES: Final = Answer(429, "flood", wait_s=10, is_unread=True)
TOO_MANY: Final = Answer(429, "too_many", wait_s=10)
UNREADABLE: Final = Answer(400, "unreadable")
STALE: Final = Answer(401, "stale")
NOT_OURS: Final = Answer(200, "not_ours")
NEW: Final = Answer(200, "taken")
SEEN: Final = Answer(200, "duplicate")
NO_STORE: Final = Answer(503, "store_failed", wait_s=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """A connection that takes webhooks."""

    connection: Connection
    hooks: Hooks
    secret: bytes | None
    """What its deliveries are signed with; `None`: the path has proved them."""


class Receiver:
    """Takes what the tools send, for every connection that has a webhook."""

    def __init__(self, daemon: Takes, tools: Tools, *, window_s: float = WINDOW_S) -> None:
        self._daemon = daemon
        self._tools = tools
        self._window_s = window_s
        self._hooks: dict[str, Hooks | None] = {}
        self._busy = 0
        self._buckets: dict[tuple[str, ConnectionName], Bucket] = {}
        self._said: dict[tuple[str, ConnectionName], float] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        """Deliveries by connection and result."""

    async def take(
        self, name: str, token: str | None, headers: Mapping[str, str], body: AsyncIterator[bytes]
    ) -> Answer:
        """
        Return the answer to one delivery to `/hooks/NAME` or `/hooks/NAME/TOKEN`.

        *headers* has names in lower case; *body* raises `ConnectionError` when the sender is gone before its end.
        """
        door = self._door(name, token)
        if door is None:
            answer = NO_DOOR
        elif self._busy >= MOST_AT_ONCE:
            answer = BUSY
        else:
            self._busy += 1
            try:
                answer = await self._take(door, headers, body)
            finally:
                self._busy -= 1
        known = NOBODY if door is None else name
        self.counts[known, answer.result] += 1
        log.debug("webhook", connection=known, result=answer.result, status=answer.status)
        return answer

    def _door(self, name: str, token: str | None) -> _Door | None:
        """Return the connection meant, `None` when there is no such one, it takes none, or the token is wrong."""
        connection = self._daemon.settings.connections.get(ConnectionName(name))
        webhook = connection.webhook if connection is not None else None
        wanted = webhook.token if webhook is not None else None
        is_right = hmac.compare_digest(
            _digest(token or ""), _digest(wanted.get_secret_value() if wanted is not None else "")
        )
        if connection is None or webhook is None or not self._daemon.hears(connection.name):
            return None
        if (wanted is None) != (token is None) or (wanted is not None and not is_right):
            return None
        hooks = self._hooks_of(connection.tool)
        if hooks is None:
            return None
        secret = None if webhook.secret is None else webhook.secret.get_secret_value().encode()
        return _Door(connection=connection, hooks=hooks, secret=secret)

    def _hooks_of(self, tool: str) -> Hooks | None:
        if tool not in self._hooks:
            self._hooks[tool] = self._tools[tool]().hooks
        return self._hooks[tool]

    async def _take(self, door: _Door, headers: Mapping[str, str], body: AsyncIterator[bytes]) -> Answer:
        name = door.connection.name
        in_flood = self._level("forged", name, FORGED) < 1
        whole = await _read(body, headers.get("content-length"), SMALL_BYTES if in_flood else MOST_BYTES)
        if isinstance(whole, Answer):
            return TOO_MANY_FORGERIES if in_flood and whole is TOO_LARGE else whole
        if door.secret is not None and not door.hooks.is_genuine(door.secret, headers, whole):
            self._spend("forged", name, FORGED)
            self._complain("webhook_forged", name, fix=_FORGED_FIX)
            return FORGERY
        if self._level("genuine", name, GENUINE) < 1:
            self._complain("webhooks_too_many", name)
            return TOO_MANY
        self._spend("genuine", name, GENUINE)
        try:
            return await self._keep(door, headers, whole)
        except StoreError as exc:
            self._complain("webhook_not_kept", name, reason=exc.what, fix=exc.fix)
            return NO_STORE

    async def _keep(self, door: _Door, headers: Mapping[str, str], body: bytes) -> Answer:
        """Keep what a genuine delivery names. Raises StoreError."""
        name, settings = door.connection.name, door.connection.settings
        try:
            delivery = door.hooks.read(name, settings, headers, body)
        except ValueError as exc:
            self._complain("webhook_unreadable", name, reason=str(exc), fix="looking everything over instead")
            await self._keep_wide(name)
            return UNREADABLE
        off_s = 0.0
        if delivery.sent_at is not None:
            off_s = (self._daemon.world.now() - delivery.sent_at).total_seconds()
        if abs(off_s) > self._window_s:
            self._complain("webhook_stale", name, off_s=round(off_s), fix="check this machine's clock")
            await self._keep_wide(name)
            return STALE
        if not delivery.refs and not delivery.wide:
            return NOT_OURS
        row = InboxRow(
            connection=name,
            delivery=_id_of(delivery, body),
            received_at=self._daemon.world.now(),
            refs=() if delivery.wide else delivery.refs,
        )
        return NEW if await self._daemon.take_in(row) else SEEN

    async def _keep_wide(self, name: ConnectionName) -> None:
        """Have the whole connection looked at, since something was told that is not believed; once a minute at most."""
        now = self._daemon.world.now()
        row = InboxRow(connection=name, delivery=f"wide:{now:%Y-%m-%dT%H:%M}", received_at=now, refs=())
        await self._daemon.take_in(row)

    def _level(self, what: str, name: ConnectionName, rate: Rate) -> float:
        return self._bucket(what, name, rate).refilled(self._daemon.world.monotonic()).level

    def _spend(self, what: str, name: ConnectionName, rate: Rate) -> None:
        now = self._daemon.world.monotonic()
        spent = self._bucket(what, name, rate).refilled(now)
        self._buckets[what, name] = spent.taken(min(1.0, spent.level), now)  # no debt: a flood ends when it ends

    def _bucket(self, what: str, name: ConnectionName, rate: Rate) -> Bucket:
        full = Bucket(rate=rate, level=rate.burst, at=self._daemon.world.monotonic())
        return self._buckets.get((what, name), full)

    def _complain(self, what: str, name: ConnectionName, **more: object) -> None:
        """Log it, unless that was done a little while ago."""
        now = self._daemon.world.monotonic()
        if now - self._said.get((what, name), -SAY_AGAIN_S) >= SAY_AGAIN_S:
            self._said[what, name] = now
            log.warning(what, connection=name, **more)


_FORGED_FIX: Final = "if the tool sent it, set the same secret there and under webhook; otherwise nothing"


def _digest(text: str) -> bytes:
    """Return what is compared in place of a token, so that its length tells nothing either."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


async def _read(body: AsyncIterator[bytes], declared: str | None, most: int) -> bytes | Answer:
    """Return the whole body, or why not; a length that is declared is believed only when it is too large."""
    if declared is not None and declared.isascii() and declared.isdecimal() and int(declared[:20]) > most:
        return TOO_LARGE
    whole = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for part in body:
                whole += part
                if len(whole) > most:
                    return TOO_LARGE
    except TimeoutError:
        return TOO_SLOW
    except ConnectionError:
        return GONE
    return bytes(whole)


def _id_of(delivery: Delivery, body: bytes) -> str:
    """Return what a delivery is known by: the tool's id, or what stands for it."""
    told = delivery.id
    if not told:
        return f"sha256:{hashlib.sha256(body).hexdigest()}"
    if len(told) <= LONGEST_ID and told.isascii() and told.isprintable():
        return told
    return f"id:{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()}"
