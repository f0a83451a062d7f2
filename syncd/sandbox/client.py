"""Small blocking functions to play with a running sandbox from the command line."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from syncd.errors import ConfigError, UnavailableError

TIMEOUT_S = 10.0


class _Trouble(BaseModel):
    what: str
    where: str | None = None
    fix: str | None = None


_ITEM = TypeAdapter(dict[str, object])
_ITEMS = TypeAdapter(list[dict[str, object]])


def set_value(base: str, tool: str, key: str, field: str, value: object, *, by: str | None = None) -> dict[str, object]:
    """Edit one field of one item as a person would, and return the item; raises `ConfigError` for unknown names."""
    order = {"key": key, "field": field, "value": value, "by": by}
    return _ITEM.validate_json(_post(base, tool, "set", order))


def show(base: str, tool: str, key: str | None = None) -> object:
    """Return one item, or a summary of all (a list)."""
    content = _send("GET", f"{base}/_sandbox/{tool}/show", params={"key": key} if key else {})
    return (_ITEM if key else _ITEMS).validate_json(content)


def log(base: str, tool: str, since: int = 0) -> list[dict[str, object]]:
    """Return the requests that tool's API has answered, oldest first, after the first *since* of all tools."""
    return _ITEMS.validate_json(_send("GET", f"{base}/_sandbox/{tool}/log", params={"since": str(since)}))


def add(base: str, tool: str, kind: str, container: str, fields: Mapping[str, object]) -> dict[str, object]:
    """Make an item as a person would."""
    return _ITEM.validate_json(_post(base, tool, "add", {"kind": kind, "container": container, "fields": dict(fields)}))


def delete(base: str, tool: str, key: str) -> None:
    """Delete an item as a person would."""
    _post(base, tool, "delete", {"key": key})


def archive(base: str, tool: str, key: str) -> dict[str, object]:
    """Archive an item as a person would."""
    return _ITEM.validate_json(_post(base, tool, "archive", {"key": key}))


def revoke(base: str, tool: str) -> None:
    """Make the tool refuse its main credential from now on."""
    _post(base, tool, "revoke", {})


def set_fault(base: str, tool: str, fault: str) -> None:
    """Arm a fault written without the tool's name (`429:count=3`); an empty text disarms all."""
    _post(base, tool, "fault", {"fault": fault})


def _post(base: str, tool: str, what: str, order: Mapping[str, object]) -> bytes:
    return _send("POST", f"{base}/_sandbox/{tool}/{what}", json=order)


def _send(method: str, url: str, *, params: Mapping[str, str] | None = None, json: object = None) -> bytes:
    try:
        response = httpx.request(method, url, params=params, json=json, timeout=TIMEOUT_S, trust_env=False)
    except httpx.InvalidURL as exc:
        raise ConfigError(f'"{url}" is not a URL', where="sandbox", fix="use the one the sandbox printed") from exc
    except httpx.HTTPError as exc:
        fix = "start it with: syncd sandbox serve --tools jira,github"
        raise UnavailableError("no sandbox answers", where=url.split("/_sandbox", maxsplit=1)[0], fix=fix) from exc
    if response.is_success:
        return response.content
    try:
        trouble = _Trouble.model_validate_json(response.content)
    except ValidationError as exc:
        fix = "use the URL the sandbox printed, without a tool's name"
        raise ConfigError(f"no sandbox there (HTTP {response.status_code})", where=url, fix=fix) from exc
    raise ConfigError(trouble.what, where=trouble.where, fix=trouble.fix)
