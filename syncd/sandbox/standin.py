"""What every stand-in offers, and the answers they have in common."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from syncd.errors import ConfigError
from syncd.sandbox.log import Judgement

WRITTEN = "syncd.written"
"""Where in the ASGI scope a handler counts the objects it wrote."""


class StandIn(Protocol):
    """
    One tool's stand-in: its API, and a way to edit its content as a person would.

    `set`, `show`, `add`, `delete` and `archive` take any spelling of an item's
    name the tool's people use, and raise `ConfigError` saying what exists.
    """

    name: str

    def routes(self) -> Sequence[BaseRoute]:
        """Return the tool's API, with paths as under the tool's own base URL."""
        ...

    def judge(self, method: str, path: str, body: bytes) -> Judgement:
        """Say what a request is for, without carrying it out and without failing on nonsense."""
        ...

    def refusal(self, status: int, detail: Mapping[str, str]) -> Response:
        """Return how this tool words that HTTP status, with its own headers; *detail* is the fault's options."""
        ...

    def spellings(self, key: str) -> frozenset[str]:
        """Return every name of the item called *key* (id, key, node id), at least *key* itself."""
        ...

    def credentials(self) -> dict[str, object]:
        """Return what a client needs besides the URL."""
        ...

    def revoke(self) -> None:
        """Refuse the main credential from now on."""
        ...

    def tune(self, name: str, value: str) -> bool:
        """Turn one of the tool's own knobs (`lag`), and say whether it has such a knob."""
        ...

    def set(self, key: str, field: str, value: object, by: str | None = None) -> dict[str, object]:
        """Edit one field as the person *by* (default: the admin) and return the item as `show` does."""
        ...

    def show(self, key: str | None = None) -> object:
        """Return one item in plain JSON values, or a summary of all."""
        ...

    def add(self, kind: str, container: str, fields: Mapping[str, object], by: str | None = None) -> dict[str, object]:
        """Make an item as a person would, and return it as `show` does."""
        ...

    def delete(self, key: str) -> None:
        """Delete an item as a person would."""
        ...

    def archive(self, key: str, by: str | None = None) -> dict[str, object]:
        """Archive an item as a person would, and return it as `show` does."""
        ...


def wrote(request: Request, objects: int = 1) -> None:
    """Count objects a request has really written."""
    request.scope[WRITTEN] = request.scope.get(WRITTEN, 0) + objects


def base_url(request: Request) -> str:
    """Return the tool's own base URL as this client knows it, without a trailing slash."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def unknown(what: str, found: str, known: Iterable[str], *, where: str) -> ConfigError:
    """Return the error for a name nobody has, with the nearest one or the allowed ones."""
    names = sorted(set(known))
    near = difflib.get_close_matches(found, names, n=3, cutoff=0.6)
    shown = ", ".join(names[:30]) + (f" … ({len(names)} in all)" if len(names) > 30 else "")  # noqa: PLR2004 - a screenful
    fix = f"did you mean {' or '.join(near)}?" if near else f"use one of: {shown}" if names else "there is none yet"
    return ConfigError(f'no {what} "{found}"', where=where, fix=fix)
