"""
Webhooks of the workspace, registered by syncd itself.

One for all public teams, which tells of projects and initiatives too, and one
for each private team in scope, which that one leaves out. Only an administrator
may: his API key, or an OAuth token with the scope `admin`.
Source: contracts/linear, `Webhook`, `WebhookCreateInput`, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from pydantic import SecretStr

from syncd.connectors.hooks import Subscription
from syncd.connectors.linear import queries
from syncd.connectors.linear.api import Api, dig, parse
from syncd.connectors.linear.hooks import RESOURCES
from syncd.connectors.linear.payloads import Connection, TeamPrivacy, WebhookNode
from syncd.connectors.linear.settings import LinearScope
from syncd.errors import AuthError, ForbiddenError

LABEL: Final = "syncd"
EVERYWHERE: Final = None
Place: TypeAlias = str | None
"""The id of the team a webhook is about; `EVERYWHERE`: all public ones."""


async def subscribe(api: Api, scope: LinearScope, url: str, secret: SecretStr) -> Subscription:
    """
    Have the workspace tell *url*; every webhook to it is set right, and what another one tells already is removed.

    Raises:
        ForbiddenError: the account is no administrator; says what to do by hand.
        RemoteError: anything else.
    """
    where = f"{api.name} webhook"
    try:
        return await _subscribe(api, scope, url, secret, where)
    except (AuthError, ForbiddenError) as exc:
        raise ForbiddenError(
            f"Linear lets only administrators register webhooks ({exc.what})",
            where=where,
            fix="give syncd an administrator's API key, or an OAuth token with the scope admin; or let an "
            f"administrator add one by hand (Settings, API, Webhooks): URL {url}, all public teams, "
            f"{', '.join(RESOURCES)}; and put its signing secret where webhook.secret of this connection says",
        ) from exc


async def _subscribe(api: Api, scope: LinearScope, url: str, secret: SecretStr, where: str) -> Subscription:
    wanted: list[Place] = [EVERYWHERE, *await _private(api, scope, where)]
    known = await _ours(api, url, where)
    missing = [place for place in wanted if place not in {_place_of(each) for each in known}]
    kept: dict[Place, str] = {}
    for each in known:
        place = _place_of(each)
        if place in wanted and place not in kept:
            resources = sorted({*each.resource_types, *RESOURCES})
            said = {"resourceTypes": resources, "secret": secret.get_secret_value(), "enabled": True}
            await api.change("webhookUpdate", {"id": each.id, "input": said}, where=where)
            kept[place] = each.id
    for place in missing:
        about = {"allPublicTeams": True} if place is EVERYWHERE else {"teamId": place}
        said = {"url": url, "label": LABEL, "resourceTypes": sorted(RESOURCES), "secret": secret.get_secret_value()}
        await api.change("webhookCreate", {"input": {**said, **about}}, where=where)
    for each in known:
        if each.id not in kept.values():
            await api.change("webhookDelete", {"id": each.id}, where=where)
    ids = [each.id for each in await _ours(api, url, where)] if missing else list(kept.values())
    return Subscription(ids=tuple(ids), made=bool(missing))


async def _ours(api: Api, url: str, where: str) -> Sequence[WebhookNode]:
    """Return the webhooks to *url*; their secrets are not asked for."""
    pages = api.pages(
        queries.WEBHOOKS,
        {},
        path=("webhooks",),
        node=WebhookNode,
        where=where,
        node_points=queries.WEBHOOK_POINTS,
        size=queries.EDGE_PAGE,
    )
    return [each async for page in pages for each in page.nodes if each.url == url]


async def _private(api: Api, scope: LinearScope, where: str) -> list[str]:
    """Return the ids of the private teams in scope."""
    variables = {"keys": sorted(scope.keys), "first": len(scope.keys)}
    answer = await api.ask(queries.PRIVACY, variables, where=where, points=2.0 * len(scope.keys))
    teams = parse(Connection[TeamPrivacy], dig(answer.data, ("teams",), where), where)
    return [team.id for team in teams.nodes if team.private]


def _place_of(hook: WebhookNode) -> Place:
    """Return what it is about; one for several teams by hand counts as its own id, which nobody wants."""
    if hook.all_public_teams:
        return EVERYWHERE
    return hook.id if hook.team is None else hook.team.id
