"""`syncd sandbox serve|set|show|log`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from syncd.cli.failing import DONE
from syncd.cli.output import as_text
from syncd.cli.streams import put
from syncd.errors import ConfigError


def serve_sandbox(
    tools: str, *, items: int | None, latency_ms: float, port: int, faults: Sequence[str], hooks: Sequence[str]
) -> int:
    """Serve stand-ins until stopped."""
    try:
        from syncd.sandbox.serve import serve
    except ImportError as exc:
        raise ConfigError(
            f"the sandbox needs a package that is not installed: {exc.name}", fix="install syncd[sandbox]"
        ) from exc
    names = [name.strip() for name in tools.split(",") if name.strip()]
    serve(names, items=items, latency_ms=latency_ms, port=port, faults=faults, hooks=hooks)
    return DONE


def set_field(url: str, tool: str, key: str, field: str, value: str, *, by: str | None) -> int:
    """Edit one field as a person would, and print the item."""
    from syncd.sandbox.client import set_value

    return _print(set_value(_base(url), tool, key, field, _value(value), by=by))


def show_item(url: str, tool: str, key: str | None) -> int:
    """Print one item, or all in short."""
    from syncd.sandbox.client import show

    return _print(show(_base(url), tool, key))


def show_log(url: str, tool: str, *, since: int) -> int:
    """Print the requests a stand-in has answered."""
    from syncd.sandbox.client import log

    return _print(log(_base(url), tool, since))


def _base(url: str) -> str:
    return url.rstrip("/")


def _value(text: str) -> object:
    """Return JSON lists, objects, numbers and null as what they are, anything else as text."""
    try:
        value: object = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, str) else value


def _print(data: object) -> int:
    put(as_text(data))
    return DONE
