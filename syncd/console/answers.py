"""Health, as both listeners tell it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.responses import JSONResponse

from syncd.console.health import for_strangers, reasons
from syncd.engine.service import Service
from syncd.errors import StoreError


def add_health(app: FastAPI, service: Service, *, in_full: bool) -> None:
    """Let *app* tell whether the daemon lives and is ready; why not *in_full*, or without any name."""

    @app.get("/healthz")
    async def healthz() -> Mapping[str, bool]:
        """Answer: the process lives and its event loop turns."""
        return {"alive": True}

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        """Say whether all of it runs, and if not, what keeps it (503)."""
        try:
            found = reasons(await service.vitals())
        except StoreError as exc:
            found = [{"store": "store", "state": "failed", "what": exc.what, "fix": exc.fix}]
        shown = found if in_full else for_strangers(found)
        return JSONResponse({"ready": not found, "why": shown}, status_code=503 if found else 200)
