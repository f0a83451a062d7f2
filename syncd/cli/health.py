"""`syncd health`: whether the daemon answers, for a container's health check. It imports nearly nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from syncd.cli.failing import DONE, FAILED
from syncd.cli.folder import DEFAULT_FOLDER, FOLDER_VARIABLE, MAIN_FILE
from syncd.cli.streams import put, say

PATIENCE_S: Final = 3.0
OK: Final = 200
VARIABLE: Final = "SYNCD_HEALTH"
"""The environment variable that names another address."""

DEFAULTS: Final = {"hooks": "127.0.0.1:8080", "admin": "127.0.0.1:8081"}
"""Where the daemon answers when the configuration says nothing of it (`settings/listen.py`)."""
ANY: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - what is asked is the loopback
_LISTEN: Final = re.compile(r"^listen:(.*(?:\n(?:[ \t].*|[ \t]*#.*|[ \t]*))*)", re.MULTILINE)
_ADDRESS: Final = r"""(?:^|[\s{{,]){key}:[ \t]*["']?(off|false|(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]+)"""


def own_url() -> str:
    """
    Return where the daemon of this configuration tells of its health, by `listen` in its main file.

    Looked up by its looks: reading YAML by the rules takes longer than all the rest of a health check.
    """
    folder = Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)
    try:
        text = (folder / MAIN_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        text = ""
    found = _LISTEN.search(text)
    said = re.sub(r"(?m)(?:^|\s)#.*$", "", found[1]) if found else ""
    for key, default in DEFAULTS.items():
        match = re.search(_ADDRESS.format(key=key), said)
        address = default if match is None else match[1]
        if address not in ("off", "false"):
            host, _, port = address.rpartition(":")
            return f"http://{ANY.get(host, host)}:{port}/healthz"
    return f"http://{DEFAULTS['hooks']}/healthz"


def plain_question(words: Sequence[str]) -> str | None:
    """Return the URL that *words* ask about when they are `health` or `health --url URL`; else `None`."""
    match words:
        case ["health"]:
            return os.environ.get(VARIABLE) or own_url()
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
