"""Serve a sandbox on loopback: in the foreground for people, in a thread for the demo and tests."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self, TextIO

import httpx
import uvicorn

from syncd.errors import ConfigError
from syncd.sandbox.app import Sandbox, make_sandbox
from syncd.sandbox.sender import Sender, post_with, read_target
from syncd.world import World, real_world

HOST: Final = "127.0.0.1"
"""Never anything else: a stand-in's credentials are printed and worth nothing."""
START_TIMEOUT_S: Final = 20.0


def serve(
    tools: Sequence[str],
    *,
    items: int | None = None,
    latency_ms: float = 0,
    port: int = 0,
    faults: Sequence[str] = (),
    hooks: Sequence[str] = (),
    out: TextIO | None = None,
) -> None:
    """
    Serve until SIGTERM or SIGINT; once listening, print one JSON object with URLs and credentials to *out* (stdout).

    Port 0 takes a free one. *hooks* (`TOOL=URL`) are told of every edit. Raises `ConfigError` when the port is taken
    or a tool, a fault or a hook is none.
    """
    sandbox = make_sandbox(tools, real_world(), items=items, latency_ms=latency_ms)
    client = httpx.AsyncClient(trust_env=False)
    sender = sandbox.send_webhooks(post_with(client))
    told = [sender.add(*read_target(text)) for text in hooks]
    for text in faults:
        sandbox.faults.add(text)
    listener = _listen(port)
    base = _base(listener)
    announced = announcement(sandbox, base) | {"hooks": [{"url": hook.url, "secret": hook.secret} for hook in told]}
    print(json.dumps(announced, indent=2), file=out or sys.stdout, flush=True)
    try:
        _Quiet(_config(sandbox), sender=sender).run(sockets=[listener])
    finally:
        listener.close()


def announcement(sandbox: Sandbox, base: str) -> dict[str, object]:
    """Return what a newcomer needs: each tool's URL and credentials, and commands to try."""
    tool = next(iter(sandbox.tools))
    shown = sandbox.tools[tool].show()
    first = shown[0]["key"] if isinstance(shown, list) and shown else "KEY"
    return {
        "sandbox": base,
        "tools": sandbox.describe(base),
        "try": [
            f"syncd sandbox show {tool} --url {base}",
            f'syncd sandbox set {tool} {shlex.quote(first)} title "Something else" --url {base}',
            f"syncd sandbox log {tool} --url {base}",
        ],
    }


class Background:
    """A sandbox served from a thread of this process, with its own event loop: `start()`, `url`, `stop()`."""

    def __init__(self, sandbox: Sandbox, *, port: int = 0, sender: Sender | None = None) -> None:
        self.sandbox = sandbox
        self._listener = _listen(port)
        self.url = _base(self._listener)
        """Where it answers; a tool's own base URL is this and `/TOOL`."""
        self._server = _Quiet(_config(sandbox), threading.Event(), sender=sender)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="sandbox", daemon=True
        )

    def start(self) -> str:
        """Listen, and return `url`."""
        self._thread.start()
        if not self._server.listening.wait(START_TIMEOUT_S):
            raise ConfigError("the sandbox did not start", where=self.url, fix="see the messages above")
        return self.url

    def stop(self) -> None:
        """Stop listening and wait for the thread to end."""
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT_S)
        self._listener.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()


def background(tools: Sequence[str], *, world: World | None = None, items: int | None = None) -> Background:
    """Return a sandbox of these tools ready to start in the background."""
    return Background(make_sandbox(tools, world or real_world(), items=items))


class _Quiet(uvicorn.Server):
    """A server that says when it listens, and for which being told to stop is not a failure."""

    def __init__(
        self, config: uvicorn.Config, listening: threading.Event | None = None, *, sender: Sender | None = None
    ) -> None:
        super().__init__(config)
        self.listening = listening or threading.Event()
        self._sender = sender
        self._sending: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start answering, then tell."""
        await super().startup(sockets)
        if self._sender is not None:
            self._sending = asyncio.create_task(self._sender.run())
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Send no more, and stop."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop in order on SIGINT and SIGTERM, without passing them on; in a thread, leave signals alone."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _config(sandbox: Sandbox) -> uvicorn.Config:
    return uvicorn.Config(
        sandbox.app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        server_header=False,
    )


def _listen(port: int) -> socket.socket:
    """Return a listening loopback socket, so a client that has the URL is never refused."""
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it every answer takes 40 ms more.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as exc:
        listener.close()
        raise ConfigError(f"port {port} cannot be used", where="--port", fix="choose another, or 0 for any") from exc
    listener.listen(128)
    return listener


def _base(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
