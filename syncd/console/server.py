"""Listening: one server for each address, in the event loop of the daemon."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from syncd.console.guard import MOST_HEADER_BYTES, App
from syncd.errors import ConfigError
from syncd.settings.listen import Address

HEADERS_S: Final = 10.0
"""How long a sender may take for a request's headers."""
IDLE_S: Final = 30
"""How long a connection is kept open for a next request."""
STUCK_S: Final = 15.0
"""Who takes nothing of an answer for that long, twice in a row, is cut off, whether it is still answered or closed."""
MOST_CONNECTIONS: Final = 512
"""More are closed at once, so that none of the daemon's files are used up."""
GRACE_S: Final = 2
"""How long answers under way may take when the daemon ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """One open socket, what answers there, and what it is for."""

    socket: socket.socket
    app: App


def listen(address: Address, key: str, where: str) -> socket.socket:
    """
    Return a socket that listens at *address*, which `listen.KEY` of the configuration *where* names.

    Raises:
        ConfigError: it is taken, or none of this machine's.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        # asyncio turns Nagle's algorithm off only where the protocol is named; with it every answer takes 40 ms more.
        opened = socket.socket(found[0], socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as exc:
        raise _unusable(address, key, where, exc) from exc
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(found[4])
        opened.listen(128)
    except OSError as exc:
        opened.close()
        raise _unusable(address, key, where, exc) from exc
    return opened


def _unusable(address: Address, key: str, where: str, exc: OSError) -> ConfigError:
    return ConfigError(
        f"nobody can listen at {address}: {exc.strerror or type(exc).__name__}",
        where=f"{where} (listen.{key})",
        fix=f"end what listens there, or write listen: {{{key}: HOST:PORT}} with a free port of this machine, or off",
    )


def url_of(opened: socket.socket) -> str:
    """Return where it answers."""
    host, port = opened.getsockname()[:2]
    return f"http://{Address(host=host, port=port)}"


async def serve(listeners: Sequence[Listener], stop: asyncio.Event) -> None:
    """Answer until *stop* is set, then finish what is under way, for `GRACE_S` at most."""
    servers = [(_Server(_config(each.app)), each.socket) for each in listeners]
    running = [asyncio.create_task(server.serve(sockets=[opened])) for server, opened in servers]
    try:
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({stopped, *running}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
    finally:
        for server, _ in servers:
            server.should_exit = True
        await asyncio.gather(*running)


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        cast("Any", app),
        http=Prompt,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",  # its lines would hold paths, and so tokens; ours are in guard.py and hooks.py
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
    )


class _Server(uvicorn.Server):
    """A server that leaves signals to the daemon."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Prompt(H11Protocol):
    """One connection, closed when it takes long to say what it wants or to take what it asked for, or one too many."""

    _late: asyncio.TimerHandle | None = None
    _looking: asyncio.TimerHandle | None = None
    _was_stuck = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base does
        """Begin to wait for a request."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._wait()
            self._looking = self.loop.call_later(STUCK_S, self._look)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request."""
        super().data_received(data)
        if self._answers:
            self._wait_no_more()
        elif self._late is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._wait_no_more()
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    @property
    def _answers(self) -> bool:
        """Whether a request is being answered, which has limits of its own."""
        return self.cycle is not None and not self.cycle.response_complete

    def _look(self) -> None:
        """Cut off who was stuck last time and still is: what was closed stays open while its peer reads nothing."""
        is_stuck = self.flow.write_paused or self.transport.is_closing()
        if is_stuck and self._was_stuck:
            self.transport.abort()
            return
        self._was_stuck = is_stuck
        self._looking = self.loop.call_later(STUCK_S, self._look)

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEADERS_S, self._give_up)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if not self._answers and not self.transport.is_closing():
            self.transport.abort()
