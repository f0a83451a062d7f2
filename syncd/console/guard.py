"""What lies around every answer: headers that browsers heed, a limit of time, and no fault that tells its insides."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias

import structlog

from syncd.settings.listen import is_loopback

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
MOST_HEADER_BYTES: Final = 16_384
"""More are refused, whatever they say; signatures and tokens are far below."""
_PORT: Final = re.compile(r":[0-9]*$")
log = structlog.get_logger()


class Here:
    """
    An application that answers only who asks for this machine by its own name, if it listens at its loopback.

    What browsers let no page read from another origin, a page can read where
    its own name was made to lead to 127.0.0.1; it still asks for that name.
    """

    def __init__(self, app: App, listens_at: str | None) -> None:
        self._app = app
        self._is_closed = listens_at is not None and is_loopback(listens_at)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        asked = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"host"]
        if self._is_closed and not all(map(is_loopback, map(_host_of, asked))):
            await _fail(send, 421)
            return
        await self._app(scope, receive, send)


def _host_of(header: str) -> str:
    """Return the host that a `Host` header names, without its port."""
    host = _PORT.sub("", header.strip().lower())
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


class Guard:
    """An application whose every answer is there within *limit_s* seconds and carries `HEADERS`."""

    def __init__(self, app: App, *, limit_s: float) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        if sum(len(name) + len(value) for name, value in scope.get("headers", ())) > MOST_HEADER_BYTES:
            await _fail(send_guarded, 431)
            return
        try:
            async with asyncio.timeout(self._limit_s):
                await self._app(scope, receive, send_guarded)
        except TimeoutError:
            log.warning("answer_late", limit_s=self._limit_s)
            if not begun:
                await _fail(send_guarded, 503)
        except Exception:  # whatever it is, the daemon goes on and the sender learns nothing of it
            log.exception("answer_failed")
            if not begun:
                await _fail(send_guarded, 500)


async def _fail(send: Send, status: int) -> None:
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"detail":"it was not answered"}'})
