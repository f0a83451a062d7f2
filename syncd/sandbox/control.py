"""What `syncd sandbox set|show|log` talks to: edits as a person would, outside the tools' APIs and their log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from syncd.errors import ConfigError
from syncd.sandbox.faults import Faults
from syncd.sandbox.log import Mark, RequestLog
from syncd.sandbox.standin import StandIn, unknown


class _Order(BaseModel):
    """What a person asks for; each endpoint says which of these it needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = ""
    field: str = ""
    value: object = None
    kind: str = ""
    container: str = ""
    fields: dict[str, object] = {}
    fault: str = ""
    by: str | None = None


Endpoint = Callable[[StandIn, _Order], object]


def control_routes(tools: Mapping[str, StandIn], log: RequestLog, faults: Faults) -> Sequence[Route]:
    """Return `/TOOL/set|add|delete|archive|revoke|fault` (POST) and `/TOOL/show|log` (GET)."""

    def route(path: str, carry_out: Endpoint) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _answer(request, tools, carry_out)

        return Route(f"/{{tool}}/{path}", endpoint, methods=["POST"])

    async def show(request: Request) -> Response:
        key = request.query_params.get("key")
        return await _answer(request, tools, lambda tool, _: tool.show(key))

    async def read_log(request: Request) -> Response:
        since = Mark(int(request.query_params.get("since", "0")))
        return await _answer(request, tools, lambda tool, _: [e.as_json() for e in log.since(since, tool.name)])

    return [
        route("set", lambda tool, order: tool.set(order.key, order.field, order.value, order.by)),
        route("add", lambda tool, order: tool.add(order.kind, order.container, order.fields, order.by)),
        route("delete", lambda tool, order: tool.delete(order.key)),
        route("archive", lambda tool, order: tool.archive(order.key, order.by)),
        route("revoke", lambda tool, _: tool.revoke()),
        route("fault", lambda tool, order: _arm(faults, tool, order)),
        Route("/{tool}/show", show),
        Route("/{tool}/log", read_log),
    ]


def _arm(faults: Faults, tool: StandIn, order: _Order) -> object:
    """Arm one fault of this tool; an empty text disarms all."""
    if not order.fault:
        faults.clear()
        return None
    faults.add(f"{tool.name}:{order.fault}")
    return None


async def _answer(request: Request, tools: Mapping[str, StandIn], carry_out: Endpoint) -> Response:
    """Answer 200 with a result, or 400 with what, where and fix."""
    name = request.path_params["tool"]
    body: Awaitable[bytes] = request.body()
    try:
        order = _Order.model_validate_json(await body or b"{}")
        if name not in tools:
            raise unknown("tool in this sandbox", name, tools, where="sandbox")
        return JSONResponse(carry_out(tools[name], order))
    except ConfigError as error:
        return JSONResponse({"what": error.what, "where": error.where, "fix": error.fix}, 400)
    except ValidationError as error:
        told = {"what": f"not an order: {error.error_count()} problem(s)", "where": str(request.url.path)}
        return JSONResponse({**told, "fix": f"send some of {', '.join(_Order.model_fields)}"}, 400)
