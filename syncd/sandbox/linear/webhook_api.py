"""What administrators do to webhooks by API. Source: the published schema; who may, vendor facts, section 4."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.mutations import Given, Mutation, input_of
from syncd.sandbox.linear.nodes import Node, Team
from syncd.sandbox.linear.paging import Args, Connection, list_order, page
from syncd.sandbox.linear.state import FORBIDDEN, Refusal, wire
from syncd.sandbox.webhooks import Hook


@dataclass(slots=True, eq=False, kw_only=True)
class Webhook(Node):
    """A webhook as it is told, without its secret."""

    typename: ClassVar[str] = "Webhook"
    url: str
    enabled: bool
    label: str | None
    team: Team | None
    all_public_teams: bool
    resource_types: list[str] = field(default_factory=list)


def list_webhooks(_root: object, context: Context, args: Args) -> Connection[Webhook]:
    """Tell of every webhook, without its secret."""
    _check_admin(context)
    found = {hook.id: _shown(context, hook) for hook in context.state.webhooks.hooks.values()}
    ordered = list_order(list(found.values()), by_update=False, newest_first=context.state.newest_first)
    return page(ordered, found.get, args)


def create(context: Context, args: Given) -> dict[str, object]:
    """Register a webhook, for one team or for all public ones."""
    _check_admin(context)
    state, given = context.state, input_of(args)
    if bool(given.get("teamId")) == bool(given.get("allPublicTeams")):
        raise Refusal("Argument Validation Error", told="Either teamId or allPublicTeams is required.")
    team = state.find(state.teams, given["teamId"]) if given.get("teamId") else None
    hook = Hook(
        id=str(state.born()["id"]),
        url=str(given["url"]),
        secret=str(given.get("secret") or "made-by-linear"),
        scope=team.id if team else "",
        query=str(given.get("label") or ""),
        events=frozenset(_names(given["resourceTypes"])),
        active=bool(given.get("enabled", True)),
        created_at=state.now(),
    )
    state.webhooks.hooks[hook.id] = hook
    context.written += 1
    return {"webhook": _shown(context, hook)}


def update(context: Context, args: Given) -> dict[str, object]:
    """Change what is given."""
    _check_admin(context)
    hook, given = _find(context, args), input_of(args)
    hook.url = str(given.get("url") or hook.url)
    hook.secret = str(given.get("secret") or hook.secret)
    hook.active = bool(given.get("enabled", hook.active))
    if given.get("resourceTypes") is not None:
        hook.events = frozenset(_names(given["resourceTypes"]))
    context.written += 1
    return {"webhook": _shown(context, hook)}


def delete(context: Context, args: Given) -> dict[str, object]:
    """Forget a webhook."""
    _check_admin(context)
    hook = _find(context, args)
    del context.state.webhooks.hooks[hook.id]
    context.written += 1
    return {"entityId": hook.id}


def _check_admin(context: Context) -> None:
    if not context.viewer.admin:
        told = "You need to be an admin, or to have the scope `admin`, to manage webhooks."
        raise Refusal("Invalid scope: `admin` required", code=FORBIDDEN, told=told)


def _find(context: Context, args: Given) -> Hook:
    hook = context.state.webhooks.hooks.get(str(args["id"]))
    if hook is None:
        raise Refusal("Entity not found: Webhook", told="Could not find referenced Webhook.")
    return hook


def _shown(context: Context, hook: Hook) -> Webhook:
    state = context.state
    team: Team | None = state.teams.by_id.get(hook.scope)
    at = state.stamp() if hook.created_at is None else wire(hook.created_at)
    return Webhook(
        id=hook.id,
        created_at=at,
        updated_at=at,
        url=hook.url,
        enabled=hook.active,
        label=hook.query or None,
        team=team,
        all_public_teams=team is None,
        resource_types=sorted(hook.events),
    )


def _names(given: object) -> list[str]:
    return [str(name) for name in given] if isinstance(given, list) else []


MUTATIONS: dict[str, Mutation] = {"webhookCreate": create, "webhookDelete": delete, "webhookUpdate": update}
