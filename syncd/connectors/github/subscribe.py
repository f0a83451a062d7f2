"""
Webhooks of repositories, registered by syncd itself, and their failed deliveries sent again.

GitHub never sends again by itself, and forgets deliveries after three days.
Source: https://docs.github.com/en/rest/repos/webhooks (contracts/github, read 2026-11-28).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Final, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from syncd.connectors._json import parse_json
from syncd.connectors.github.api import Api
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.hooks import Subscription
from syncd.errors import OutcomeUnknownError, UnavailableError

HOOKS_PATH: Final = "/repos/{repository}/hooks"
EVENTS: Final = (
    *("issues", "issue_comment", "sub_issues", "issue_dependencies"),
    *("label", "milestone", "repository"),
)
"""What a repository's webhook may tell that we read; what happens in the project only its organisation's does."""
PER_PAGE: Final = "100"
MAX_PAGES: Final = 50
_TAKEN: Final = range(200, 300)
T = TypeVar("T")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class HookConfig(_Part):
    """Where a webhook goes."""

    url: str | None = None


class RestHook(_Part):
    """A webhook as REST shows it; its secret is never told."""

    id: int
    events: tuple[str, ...] = ()
    config: HookConfig = HookConfig()


class RestDelivery(_Part):
    """An attempt to deliver; those of one delivery share a *guid*."""

    id: int
    guid: str
    delivered_at: datetime
    status_code: int


async def subscribe(api: Api, project: ProjectCache, url: str, secret: SecretStr) -> Subscription:
    """Have every repository in scope tell *url*; a secret cannot be read back, so it is set each time."""
    ids: list[str] = []
    made = False
    for repository in await project.repository_names():
        path, where = HOOKS_PATH.format(repository=repository), f"{api.name} {repository} webhooks"
        config = {"url": url, "content_type": "json", "insecure_ssl": "0", "secret": secret.get_secret_value()}
        ours = [hook async for hook in _hooks(api, path, url, where=where)]
        for hook in ours:
            events = sorted({*hook.events, *EVENTS})
            body = {"config": config, "events": events, "active": True}
            await api.change("PATCH", f"{path}/{hook.id}", body, creates=False, where=where)
            ids.append(f"{repository}/{hook.id}")
        if not ours:
            body = {"name": "web", "config": config, "events": sorted(EVENTS), "active": True}
            response = await api.change("POST", path, body, creates=True, where=where)
            try:
                hook = RestHook.model_validate_json(response.content)
            except ValidationError as exc:
                raise OutcomeUnknownError("GitHub's answer holds no webhook", where=where) from exc
            ids.append(f"{repository}/{hook.id}")
            made = True
    return Subscription(ids=tuple(ids), made=made)


async def replay(api: Api, project: ProjectCache, url: str, since: datetime) -> int:
    """Have the deliveries to *url* sent again of which no attempt since then arrived; return how many."""
    count = 0
    for repository in await project.repository_names():
        path, where = HOOKS_PATH.format(repository=repository), f"{api.name} {repository} webhooks"
        async for hook in _hooks(api, path, url, where=where):
            latest: dict[str, RestDelivery] = {}
            arrived: set[str] = set()
            async for delivery in _deliveries(api, f"{path}/{hook.id}/deliveries", since, where=where):
                latest.setdefault(delivery.guid, delivery)
                if delivery.status_code in _TAKEN:
                    arrived.add(delivery.guid)
            for guid in sorted(latest.keys() - arrived):
                again = f"{path}/{hook.id}/deliveries/{latest[guid].id}/attempts"
                await api.change("POST", again, None, creates=False, where=where)
                count += 1
    return count


async def _hooks(api: Api, path: str, url: str, *, where: str) -> AsyncIterator[RestHook]:
    """Yield the webhooks that go to *url*."""
    async for response in _pages(api, path, "page", where=where):
        for hook in _parse(response, tuple[RestHook, ...], where):
            if hook.config.url == url:
                yield hook


async def _deliveries(api: Api, path: str, since: datetime, *, where: str) -> AsyncIterator[RestDelivery]:
    """Yield the attempts since then, newest first."""
    async for response in _pages(api, path, "cursor", where=where):
        for delivery in _parse(response, tuple[RestDelivery, ...], where):
            if delivery.delivered_at < since:
                return
            yield delivery


async def _pages(api: Api, path: str, parameter: str, *, where: str) -> AsyncIterator[httpx.Response]:
    params: Mapping[str, str] = {"per_page": PER_PAGE}
    for _ in range(MAX_PAGES):
        response = await api.fetch(path, params, where=where)
        yield response
        following = response.links.get("next", {}).get("url")
        if not following:
            return
        params = {"per_page": PER_PAGE, parameter: httpx.URL(following).params.get(parameter, "")}
    raise UnavailableError(f"the list did not end within {MAX_PAGES} pages", where=where, fix="remove old webhooks")


def _parse(response: httpx.Response, shape: type[T], where: str) -> T:
    try:
        return parse_json(response.content, shape)
    except ValidationError as exc:
        raise UnavailableError("an answer about webhooks cannot be read", where=where, fix="report this") from exc
