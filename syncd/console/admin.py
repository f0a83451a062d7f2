"""What is for the operator alone: metrics, health in full, and a small API behind a token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST

from syncd.console.answers import add_health
from syncd.console.guard import App, Guard, Here
from syncd.console.hooks import Receiver
from syncd.console.metrics import metrics_text
from syncd.engine.service import Service
from syncd.errors import StoreError, SyncdError

LIMIT_S = 120.0
"""The longest an answer takes: a reload waits for the cycles under way."""
CLOSED = "this API is closed"
CLOSED_FIX = "write listen: {token: {env: SYNCD_TOKEN}} in syncd.yaml, set SYNCD_TOKEN, and start anew"

StatusOf: TypeAlias = Callable[[str | None], Awaitable[object]]
"""Returns what `syncd status --json` prints for a portfolio."""


def admin_app(service: Service, receiver: Receiver, status_of: StatusOf) -> App:
    """Return the application behind `listen.admin`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    add_health(app, service, in_full=True)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Return all metrics in the text format of Prometheus."""
        try:
            return Response(await metrics_text(service, receiver.counts), media_type=CONTENT_TYPE_LATEST)
        except StoreError:
            return Response(status_code=503)

    app.include_router(_api(service, status_of, app))
    address = service.settings.listen.admin
    return Guard(Here(app, None if address is None else address.host), limit_s=LIMIT_S)


def _api(service: Service, status_of: StatusOf, app: FastAPI) -> APIRouter:
    async def check_token(authorization: Annotated[str, Header()] = "") -> None:
        wanted = service.settings.listen.token
        if wanted is None:
            raise HTTPException(403, {"what": CLOSED, "fix": CLOSED_FIX})
        scheme, _, told = authorization.partition(" ")
        is_right = hmac.compare_digest(told.strip().encode(), wanted.get_secret_value().encode())
        if scheme.lower() != "bearer" or not is_right:
            raise HTTPException(401, {"what": "not authorised"}, {"www-authenticate": "Bearer"})

    api = APIRouter(prefix="/api", dependencies=[Depends(check_token)])

    @api.get("/openapi.json", include_in_schema=False)
    async def schema() -> Mapping[str, Any]:
        return app.openapi()

    @api.get("/status")
    async def status(portfolio: Annotated[str | None, Query()] = None) -> Any:  # noqa: ANN401 - whatever status prints
        """Return what `syncd status --json` prints."""
        try:
            return await status_of(portfolio)
        except SyncdError as exc:
            raise HTTPException(503 if isinstance(exc, StoreError) else 404, _told(exc)) from exc

    _add_commands(api, service)
    return api


def _add_commands(api: APIRouter, service: Service) -> None:
    @api.post("/sync/{portfolio}", status_code=202)
    async def sync(portfolio: str) -> Mapping[str, str]:
        """Run a whole cycle of a portfolio as soon as may be."""
        names = sorted(service.settings.portfolios)
        if portfolio not in names:
            raise HTTPException(404, {"what": "no such portfolio", "fix": f"say one of: {', '.join(names)}"})
        if not service.cycle_now(portfolio):
            raise HTTPException(409, {"what": "it does not run", "fix": "see /readyz for what keeps it"})
        return {"portfolio": portfolio, "cycle": "asked for"}

    @api.post("/reload")
    async def reload() -> Mapping[str, bool]:
        """Put the configuration as it is now in force, all of it or, if it is not to be run on (409), nothing."""
        if await service.reload():
            return {"in_force": True}
        refused = (await service.vitals()).configuration
        raise HTTPException(409, {"what": refused.what if refused else "", "fix": refused.fix if refused else None})


def _told(exc: SyncdError) -> Mapping[str, str | None]:
    return {"what": exc.what, "fix": exc.fix}
