"""What others may reach: webhooks and health, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from syncd.console.answers import add_health
from syncd.console.guard import App, Guard
from syncd.console.hooks import Answer, Receiver
from syncd.engine.service import Service

LIMIT_S = 30.0
"""The longest an answer takes; the body has a limit of its own."""


def outward_app(receiver: Receiver, service: Service | None = None) -> App:
    """Return the application behind `listen.hooks`; without *service* it takes webhooks only."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.post("/hooks/{connection}")
    async def signed(connection: str, request: Request) -> Response:
        return _response(await receiver.take(connection, None, _headers(request), _parts(request)))

    @app.post("/hooks/{connection}/{token}")
    async def secret_path(connection: str, token: str, request: Request) -> Response:
        return _response(await receiver.take(connection, token, _headers(request), _parts(request)))

    if service is not None:
        add_health(app, service, in_full=False)
    return Guard(app, limit_s=LIMIT_S)


def _headers(request: Request) -> dict[str, str]:
    """Return the headers by name in lower case; one sent twice is both, and so is no signature."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
    return found


async def _parts(request: Request) -> AsyncIterator[bytes]:
    try:
        async for part in request.stream():
            yield part
    except ClientDisconnect:
        raise ConnectionError("the sender is gone") from None


def _response(answer: Answer) -> Response:
    headers = {} if answer.wait_s is None else {"retry-after": str(answer.wait_s)}
    if answer.is_unread:
        headers["connection"] = "close"
    told = {"detail": "Not Found"} if answer.status == 404 else {"result": answer.result}  # noqa: PLR2004 - as elsewhere
    return JSONResponse(told, status_code=answer.status, headers=headers)
