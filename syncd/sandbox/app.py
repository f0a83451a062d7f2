"""The sandbox as one ASGI app: each tool's API at `/TOOL`, its people at `/_sandbox/TOOL`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from importlib import import_module
from typing import Final, cast

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import syncd.sandbox.pages  # noqa: F401 - its faults register themselves
from syncd.errors import ConfigError
from syncd.sandbox.control import control_routes
from syncd.sandbox.faults import FAULTS, ConnectionLost, Exchange, Faults
from syncd.sandbox.log import Entry, RequestLog
from syncd.sandbox.portfolio import Portfolio, make_portfolio
from syncd.sandbox.replica import Replica
from syncd.sandbox.sender import Receive as ReceiveHook
from syncd.sandbox.sender import Sender
from syncd.sandbox.standin import WRITTEN, StandIn, unknown
from syncd.world import World

TOOLS: Final[Mapping[str, str]] = {
    "jira": "syncd.sandbox.jira:JiraStandIn",
    "github": "syncd.sandbox.github:GitHubStandIn",
    "linear": "syncd.sandbox.linear:LinearStandIn",
    "redmine": "syncd.sandbox.redmine:RedmineStandIn",
}
"""Each tool's stand-in, imported only when asked for: a callable of a `World` and a `Portfolio`."""
LOST_STATUS: Final = 599
"""Stands in the log for an answer that never arrived."""
IN_PROCESS: Final = "syncd.in_process"
"""Set in the ASGI scope of requests that come without a network."""


class Edge:
    """Stands before one stand-in: waits, injects faults, and logs every request with its answer."""

    def __init__(self, standin: StandIn, world: World, log: RequestLog, faults: Faults, latency_ms: float) -> None:
        self._standin = standin
        self._world = world
        self._log = log
        self._faults = faults
        self._latency_s = latency_ms / 1000
        self._app = Starlette(routes=list(standin.routes()))
        self._replica = Replica(standin, world)
        self._answers: dict[str, Response] = {}
        """What each operation was answered last, without a fault."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        if self._latency_s:
            await self._world.sleep(self._latency_s)
        body = await Request(scope, receive).body()
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        judgement = self._standin.judge(scope["method"], path, body)
        exchange = Exchange(
            standin=self._standin,
            world=self._world,
            method=scope["method"],
            path=path,
            body=body,
            judgement=judgement,
            carry_out=lambda: answer_of(self._app, scope, body),
            ask_replica=lambda: answer_of(self._replica.app() or self._app, scope, body),
            replica=self._replica,
            former=self._answers.get(judgement.operation),
        )
        spec = self._faults.pick(exchange)
        status = LOST_STATUS
        try:
            response = await (FAULTS[spec.name](spec, exchange) if spec else exchange.carry_out())
            status = response.status_code
            if spec is None:
                self._answers[judgement.operation] = response
        except ConnectionLost:
            if scope.get(IN_PROCESS):
                raise
            # A server closes the connection once an answer stops short of its announced length.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            return
        finally:
            self._note(exchange, status, scope.get(WRITTEN, 0), spec.text if spec else None)
        await response(scope, receive, send)

    def _note(self, exchange: Exchange, status: int, objects: int, fault: str | None) -> None:
        self._log.add(
            Entry(
                number=self._log.next_number,
                tool=self._standin.name,
                method=exchange.method,
                path=exchange.path,
                status=status,
                kind=exchange.judgement.kind,
                operation=exchange.judgement.operation,
                objects=objects,
                at=self._world.now(),
                fault=fault,
            )
        )


async def answer_of(app: ASGIApp, scope: Scope, body: bytes) -> Response:
    """Run *app* on one request whose body is already read, and return its whole answer."""
    status, headers, chunks = 500, [], [b""]

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], list(message["headers"])
        else:
            chunks.append(message.get("body", b""))

    inner = dict(scope)
    await app(inner, receive, send)
    scope[WRITTEN] = inner.get(WRITTEN, 0)
    response = Response(b"".join(chunks), status)
    response.raw_headers = headers
    return response


class InProcess(httpx.AsyncBaseTransport):
    """A transport straight into the app, which turns cut connections into what a network client sees."""

    def __init__(self, app: ASGIApp) -> None:
        async def marked(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, IN_PROCESS: True}, receive, send)

        self._inner = httpx.ASGITransport(marked)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer from the app; a fault shows as `httpx.ReadTimeout` or `httpx.ReadError`."""
        with _as_network(request):
            return await self._inner.handle_async_request(request)


@contextmanager
def _as_network(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except ConnectionLost as lost:
        kind = httpx.ReadTimeout if lost.timed_out else httpx.ConnectError if lost.refused else httpx.ReadError
        raise kind("the sandbox cut the connection on purpose", request=request) from lost


class Sandbox:
    """Some stand-ins behind one ASGI app, with one request log and the faults in force."""

    def __init__(self, tools: Mapping[str, StandIn], world: World, *, latency_ms: float = 0) -> None:
        self.tools = dict(tools)
        self.log = RequestLog()
        self.faults = Faults(self.tools)
        self._world = world
        self._latency_ms = latency_ms
        self.app: ASGIApp = self._routed()

    def __getstate__(self) -> dict[str, object]:
        """Return what a copy needs, which is all but the routes."""
        silent = copy(self.faults)
        silent.sender = None
        return {name: value for name, value in vars(self).items() if name != "app"} | {"faults": silent}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        """Become a copy: what the original held, under routes of its own."""
        vars(self).update(state)
        self.app = self._routed()

    def _routed(self) -> ASGIApp:
        edges = [
            Mount(f"/{name}", app=Edge(standin, self._world, self.log, self.faults, self._latency_ms))
            for name, standin in self.tools.items()
        ]
        control = control_routes(self.tools, self.log, self.faults)
        return Starlette(routes=[Route("/", self._front), Mount("/_sandbox", routes=control), *edges])

    def send_webhooks(self, receive: ReceiveHook) -> Sender:
        """Return what sends webhooks to *receive* whenever its `flush` or `run` is called; the last one counts."""
        self.faults.sender = Sender(self.tools, self._world, receive)
        return self.faults.sender

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for clients in this process: no socket, no thread, the world's own time."""
        return InProcess(self.app)

    def describe(self, base: str) -> dict[str, object]:
        """Return each tool's URL and credentials, for a sandbox that answers at *base*."""
        return {name: {"url": f"{base}/{name}", **tool.credentials()} for name, tool in self.tools.items()}

    async def _front(self, request: Request) -> Response:
        return JSONResponse({"sandbox": sorted(self.tools), "urls": [f"{request.base_url}{t}" for t in self.tools]})


def make_sandbox(
    tools: Sequence[str],
    world: World,
    *,
    items: int | None = None,
    faults: Sequence[str] = (),
    latency_ms: float = 0,
    seed: bool = True,
) -> Sandbox:
    """
    Build a sandbox of these tools, all holding the same portfolio in their own words.

    Raises:
        ConfigError: a tool or a fault nobody knows, with what is allowed.
    """
    if items is not None and items < 0:
        raise ConfigError(f"{items} items make no portfolio", where="--items", fix="use 0 or more")
    for tool in tools:
        if tool not in TOOLS:
            raise unknown("stand-in for tool", tool, TOOLS, where="--tools")
    portfolio = make_portfolio(items if seed else 0, world.now().date())
    sandbox = Sandbox({tool: _build(tool, world, portfolio) for tool in tools}, world, latency_ms=latency_ms)
    for text in faults:
        sandbox.faults.add(text)
    return sandbox


def _build(tool: str, world: World, portfolio: Portfolio) -> StandIn:
    module, _, name = TOOLS[tool].partition(":")
    return cast("StandIn", getattr(import_module(module), name)(world, portfolio))
