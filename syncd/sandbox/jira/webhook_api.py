"""The endpoints of dynamic webhooks, for OAuth apps only: listed, registered, refreshed, removed."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from syncd.sandbox.jira.call import Answer, Call, endpoint
from syncd.sandbox.jira.problems import JiraProblem
from syncd.sandbox.webhooks import Hook

LASTS: Final = timedelta(days=30)
MOST: Final = 5
"""How many an app may have for a user of a site."""
CLIENT_SECRET: Final = "jira-sandbox-client-secret"  # noqa: S105 - worth nothing


class Wanted(BaseModel):
    """One webhook to register."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: list[str]
    jqlFilter: str  # noqa: N815 - the API's name


class Registration(BaseModel):
    """The body of a registration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    webhooks: list[Wanted]


class Ids(BaseModel):
    """The body that names webhooks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhookIds: list[int]  # noqa: N815 - the API's name


@endpoint("GET", "/webhook")
def registered(call: Call) -> Answer:
    """Answer the app's webhooks."""
    hooks = _ours(call).values()
    told = [
        {
            "id": int(hook.id),
            "url": hook.url,
            "jqlFilter": hook.query,
            "events": sorted(hook.events),
            "expirationDate": _milliseconds(hook),
        }
        for hook in hooks
    ]
    return Answer(body=call.page(told, 100))


@endpoint("POST", "/webhook")
def register(call: Call) -> Answer:
    """Register webhooks, as many as may be."""
    ours, wanted = _ours(call), call.read(Registration)
    if any(hook.url != wanted.url for hook in ours.values()):
        raise JiraProblem(400, "Only a single URL per app is allowed to be registered per tenant.")
    results: list[dict[str, object]] = []
    for one in wanted.webhooks:
        if len(ours) + len(results) >= MOST:
            results.append({"errors": [f"The app has reached its limit of {MOST} webhooks."]})
            continue
        hook = Hook(id=str(call.site.new_id()), url=wanted.url, secret=CLIENT_SECRET, by_app=True)
        hook.events, hook.query = frozenset(one.events), one.jqlFilter
        hook.expires_at = call.site.now() + LASTS
        call.site.webhooks.hooks[hook.id] = hook
        call.written += 1
        results.append({"createdWebhookId": int(hook.id)})
    return Answer(body={"webhookRegistrationResult": results})


@endpoint("PUT", "/webhook/refresh")
def refresh(call: Call) -> Answer:
    """Let webhooks last for another 30 days."""
    ours = _ours(call)
    ends_at = call.site.now() + LASTS
    for number in call.read(Ids).webhookIds:
        if str(number) in ours:
            ours[str(number)].expires_at = ends_at
            call.written += 1
    return Answer(body={"expirationDate": int(ends_at.timestamp() * 1000)})


@endpoint("DELETE", "/webhook")
def remove(call: Call) -> Answer:
    """Remove webhooks; those that are not there are passed over."""
    for number in call.read(Ids).webhookIds:
        if str(number) in _ours(call):
            del call.site.webhooks.hooks[str(number)]
            call.written += 1
    return Answer(status=202)


def _ours(call: Call) -> dict[str, Hook]:
    """Return the app's webhooks that have not ended; refuses whoever is no app."""
    if not call.by_app:
        raise JiraProblem(403, "The caller is not a Connect or OAuth 2.0 app.")
    now = call.site.now()
    hooks = call.site.webhooks.hooks.items()
    return {number: hook for number, hook in hooks if hook.by_app and (hook.expires_at or now) > now}


def _milliseconds(hook: Hook) -> int:
    return int(hook.expires_at.timestamp() * 1000) if hook.expires_at else 0
