"""
Dynamic webhooks of an OAuth app, registered and refreshed by syncd itself.

They end after 30 days unless refreshed, and an app has one URL a site. With an
account's API token Jira lets nobody register any: an administrator does.
Source: contracts/jira-cloud, group "Webhooks", read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from syncd.connectors.hooks import Subscription
from syncd.connectors.jira.payloads import parse_instant
from syncd.connectors.jira.queries import WEBHOOK_REFRESH, WEBHOOKS
from syncd.connectors.jira.settings import BasicAuth
from syncd.connectors.jira.site import Site
from syncd.errors import OutcomeUnknownError, RejectedError, UnavailableError

EVENTS: Final = (
    *("jira:issue_created", "jira:issue_updated", "jira:issue_deleted"),
    *("comment_created", "comment_updated", "comment_deleted"),
    *("sprint_created", "sprint_updated", "sprint_started", "sprint_closed", "sprint_deleted"),
    *("jira:version_created", "jira:version_updated", "jira:version_released", "jira:version_unreleased"),
    *("jira:version_moved", "jira:version_merged", "jira:version_deleted"),
)
"""What an app may be told of that we read; links are not among it."""
LASTS: Final = timedelta(days=30)
REFRESHED: Final = timedelta(days=25)
"""How old one may get."""
MAX_PAGES: Final = 20
PAGE: Final = 100


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Registered(_Part):
    """A webhook of our app, as it is listed."""

    id: int
    events: tuple[str, ...] = ()
    jql: str = Field(default="", alias="jqlFilter")
    url: str


class _Page(_Part):
    values: tuple[Registered, ...] = ()
    is_last: bool = Field(default=True, alias="isLast")


class _Result(_Part):
    id: int | None = Field(default=None, alias="createdWebhookId")
    errors: tuple[str, ...] = ()


class _Results(_Part):
    results: tuple[_Result, ...] = Field(alias="webhookRegistrationResult", min_length=1)


class _Expiry(_Part):
    at: int | str = Field(alias="expirationDate")
    """The schema says a number, its own example an ISO time."""


async def subscribe(site: Site, url: str) -> Subscription:
    """Have the site tell *url* of the projects in scope, for 30 days from now."""
    if isinstance(site.settings.auth, BasicAuth):
        raise RejectedError(
            "Jira lets only OAuth apps register webhooks",
            where=f"{site.name} webhook",
            fix="let an administrator of the site set it up, as the connector's README tells",
        )
    jql = f"project IN ({', '.join(sorted(site.settings.scope.projects))})"
    known = await _registered(site)
    ours = [one for one in known if one.url == url]
    right = [one for one in ours if one.jql == jql and set(EVENTS) <= set(one.events)][:1]
    stale = [one.id for one in ours if one not in right]
    where = f"{site.name} webhook"
    if stale:
        await site.send("DELETE", WEBHOOKS, body={"webhookIds": stale}, where=where)
    if right:
        refreshed = await site.send("PUT", WEBHOOK_REFRESH, body={"webhookIds": [right[0].id]}, where=where)
        ends_at = _ends_at(site.parse_write(refreshed, _Expiry, where).at, where)
        return Subscription(ids=(str(right[0].id),), made=False, refresh_by=ends_at - (LASTS - REFRESHED))
    number = await _register(site, url, jql, where)
    return Subscription(ids=(str(number),), made=True, refresh_by=site.world.now() + REFRESHED)


async def _registered(site: Site) -> Sequence[Registered]:
    found: list[Registered] = []
    for _ in range(MAX_PAGES):
        params: dict[str, str | int | list[str]] = {"startAt": len(found), "maxResults": PAGE}
        page = await site.get(WEBHOOKS, _Page, params=params, where=f"{site.name} webhook")
        found += page.values
        if page.is_last or not page.values:
            return found
    raise UnavailableError(
        f"the list did not end within {MAX_PAGES} pages", where=f"{site.name} webhook", fix="remove old webhooks"
    )


async def _register(site: Site, url: str, jql: str, where: str) -> int:
    body = {"url": url, "webhooks": [{"events": list(EVENTS), "jqlFilter": jql}]}
    response = await site.send("POST", WEBHOOKS, body=body, where=where)
    [result, *_] = site.parse_write(response, _Results, where).results
    if result.id is None:
        said = "; ".join(result.errors)[:300] or "nothing"
        raise RejectedError(
            f'Jira refused the webhook: "{said}"',
            where=where,
            fix="change what the message names, or set it up by hand",
        )
    return result.id


def _ends_at(told: int | str, where: str) -> datetime:
    try:
        if isinstance(told, str):
            return parse_instant(told)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=told)
    except (ValueError, ArithmeticError, ValidationError) as exc:
        raise OutcomeUnknownError("Jira tells no time at which the webhook ends", where=where) from exc
