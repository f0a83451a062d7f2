"""`syncd health`: whether the daemon answers, for a container's health check. It imports nearly nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from syncd.cli.failing import DONE, FAILED
from syncd.cli.streams import put, say

PATIENCE_S: Final = 3.0
OK: Final = 200
DEFAULT_URL: Final = "http://127.0.0.1:8080/healthz"
VARIABLE: Final = "SYNCD_HEALTH"
"""The environment variable that names another address."""


def plain_question(words: Sequence[str]) -> str | None:
    """Return the URL that *words* ask about when they are `health` or `health --url URL`; else `None`."""
    match words:
        case ["health"]:
            return os.environ.get(VARIABLE) or DEFAULT_URL
        case ["health", "--url", url]:
            return url
        case _:
            return None


def ask_health(url: str) -> int:
    """Say what *url* answers: 0 when that is 200, 1 when it is anything else, or nothing."""
    from http.client import HTTPException

    try:
        status = _status(url)
    except (OSError, HTTPException, ValueError) as exc:
        say(f"error: {url}: no answer ({type(exc).__name__})\n  fix: see whether syncd run runs, and what it logs")
        return FAILED
    if status != OK:
        say(f"error: {url}: it answered {status}\n  fix: look at what syncd run logs, and at syncd status")
        return FAILED
    put("healthy")
    return DONE


def _status(url: str) -> int:
    """Return the status that *url* answers with, asked directly, whatever proxies the environment names."""
    from http.client import HTTPConnection, HTTPSConnection
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status
    finally:
        connection.close()
