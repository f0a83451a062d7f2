"""What an answer says in words, as far as we may repeat it. Part of `_http`."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Final

import httpx

MAX_QUOTE: Final = 300
"""The most characters of a remote's own message that we repeat."""
_SECRET_HEADERS: Final = ("authorization", "x-redmine-api-key", "x-api-key", "private-token", "cookie")
_EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SHORTEST_SECRET: Final = 4


def quote_remote(response: httpx.Response) -> str:
    """
    Return the remote's own message as `: "..."`, or nothing.

    Bounded, on one line, without e-mail addresses and anything the request's
    own credential held.
    """
    if is_html(response):
        return ""
    text = " ".join("; ".join(_messages(response)).split())
    for secret in _secrets(response):
        text = text.replace(secret, "***")
    text = _EMAIL.sub("<e-mail>", text)
    if len(text) > MAX_QUOTE:
        text = f"{text[: MAX_QUOTE - 1]}…"
    return f': "{text}"' if text else ""


def is_html(response: httpx.Response) -> bool:
    """Tell whether it is a web page."""
    return "html" in response.headers.get("content-type", "").lower()


def _messages(response: httpx.Response) -> Iterator[str]:
    """Yield the human sentences of an error body, whatever the vendor's shape."""
    try:
        body: object = json.loads(response.content)
    except (ValueError, UnicodeDecodeError):
        if response.headers.get("content-type", "").startswith("text/plain"):
            yield response.text[: 4 * MAX_QUOTE]
        return
    yield from _sentences(body, None)


def _sentences(node: object, key: str | None) -> Iterator[str]:
    match node:
        case str():
            yield f"{key}: {node}" if key else node
        case list():
            for item in node[:20]:
                yield from _sentences(item, key)
        case dict():
            shown = ("errorMessages", "error", "message", "error_description", "errors", "messages")
            if any(name in node for name in shown):
                for name in shown:
                    yield from _sentences(node.get(name), None)
            elif key is None:
                for name, value in list(node.items())[:20]:
                    yield from _sentences(value, str(name))


def _secrets(response: httpx.Response) -> Iterator[str]:
    """Yield every piece of the request's credential, longest first, that a message might repeat."""
    pieces: set[str] = set()
    for header in _SECRET_HEADERS:
        value = response.request.headers.get(header, "")
        pieces.update([value, *value.split()])
        try:
            decoded = base64.b64decode(value.removeprefix("Basic "), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            continue
        pieces.update([decoded, *decoded.split(":")])
    pieces -= {"Basic", "Bearer", "token"}
    yield from sorted((piece for piece in pieces if len(piece) >= _SHORTEST_SECRET), key=len, reverse=True)
