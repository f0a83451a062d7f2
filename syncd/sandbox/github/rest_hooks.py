"""The endpoints of a repository's webhooks: made, changed, listed, and failed deliveries asked for again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from syncd.sandbox.github.auth import Session
from syncd.sandbox.github.rest_http import Fail, Page, invalid, page_of, read_body
from syncd.sandbox.github.rest_payloads import API
from syncd.sandbox.github.state import State, wire
from syncd.sandbox.webhooks import Hook, Sent

KEPT = timedelta(days=3)
"""How long a delivery is remembered."""
MASKED = "********"


class ConfigBody(BaseModel):
    """Where a webhook goes, and what it is signed with."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    url: str | None = None
    secret: str = ""
    content_type: str = "form"


class HookBody(BaseModel):
    """What a webhook is made of or changed to."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    config: ConfigBody | None = None
    events: list[str] | None = None
    active: bool = True


class _CursorPage(Page):
    """A page that is followed by the number of its last delivery."""

    def links(self, request: Request) -> dict[str, str]:
        """Return the `Link` header."""
        last = self.content[-1] if self.more else None
        cursor = last["id"] if isinstance(last, dict) else None
        return {"link": f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'} if cursor else {}


class HookApi:
    """Answers requests about webhooks; *now* tells the time."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._registry = state.webhooks

    def endpoints(self) -> list[tuple[str, str, Callable[[Request, Session, bytes], tuple[int, object]]]]:
        """Return method, path and handler of each."""
        hooks = "/repos/{owner}/{repo}/hooks"
        one = f"{hooks}/{{hook:int}}"
        return [
            ("GET", hooks, self.list_hooks),
            ("POST", hooks, self.create),
            ("PATCH", one, self.update),
            ("DELETE", one, self.delete),
            ("GET", f"{one}/deliveries", self.list_deliveries),
            ("POST", f"{one}/deliveries/{{delivery:int}}/attempts", self.redeliver),
        ]

    def list_hooks(self, request: Request, _session: Session, _body: bytes) -> tuple[int, object]:
        """Tell a repository's webhooks, without their secrets."""
        return 200, page_of(request, self._hooks(request), self._show)

    def create(self, request: Request, _session: Session, body: bytes) -> tuple[int, object]:
        """Register a webhook; a second one to the same address is refused."""
        given = read_body(HookBody, body, "Hook")
        if given.config is None or not given.config.url:
            raise invalid("Hook", "url", "missing_field")
        if any(hook.url == given.config.url for hook in self._hooks(request)):
            raise Fail(
                422, "Validation Failed", [{"resource": "Hook", "code": "custom", "message": "Hook already exists"}]
            )
        number = self._state.identity("HK")[1]
        hook = Hook(id=str(number), url=given.config.url, secret=given.config.secret, scope=self._scope(request))
        hook.events = frozenset(given.events or ["push"])
        hook.active = given.active
        self._registry.hooks[hook.id] = hook
        return 201, self._show(hook)

    def update(self, request: Request, _session: Session, body: bytes) -> tuple[int, object]:
        """Change what is given."""
        hook, given = self._hook(request), read_body(HookBody, body, "Hook")
        if given.config is not None:
            hook.url, hook.secret = given.config.url or hook.url, given.config.secret
        if given.events is not None:
            hook.events = frozenset(given.events)
        hook.active = given.active
        return 200, self._show(hook)

    def delete(self, request: Request, _session: Session, _body: bytes) -> tuple[int, object]:
        """Forget a webhook."""
        del self._registry.hooks[self._hook(request).id]
        return 204, None

    def list_deliveries(self, request: Request, _session: Session, _body: bytes) -> tuple[int, object]:
        """Tell the deliveries of the last three days, newest first."""
        hook = self._hook(request)
        since = self._state.moment() - KEPT
        found = [sent for sent in reversed(self._registry.sent) if sent.hook.id == hook.id and sent.at >= since]
        size, cursor = int(request.query_params.get("per_page", "30")), request.query_params.get("cursor", "")
        left = [sent for sent in found if not sent.forged and (not cursor or sent.number < int(cursor))]
        return 200, _CursorPage(content=[_delivery(sent) for sent in left[:size]], number=1, more=len(left) > size)

    def redeliver(self, request: Request, _session: Session, _body: bytes) -> tuple[int, object]:
        """Send a delivery once more."""
        number, hook = int(request.path_params["delivery"]), self._hook(request)
        found = next((one for one in self._registry.sent if (one.number, one.hook.id) == (number, hook.id)), None)
        if found is None:
            raise Fail(404, "Not Found")
        self._registry.resend(found)
        return 202, {}

    def _scope(self, request: Request) -> str:
        return self._state.repository(request.path_params["owner"], request.path_params["repo"]).name_with_owner

    def _hooks(self, request: Request) -> list[Hook]:
        scope = self._scope(request)
        return [hook for hook in self._registry.hooks.values() if hook.scope == scope]

    def _hook(self, request: Request) -> Hook:
        wanted = str(request.path_params["hook"])
        found = next((hook for hook in self._hooks(request) if hook.id == wanted), None)
        if found is None:
            raise Fail(404, "Not Found")
        return found

    def _show(self, hook: Hook) -> dict[str, object]:
        url = f"{API}/repos/{hook.scope}/hooks/{hook.id}"
        at = self._state.stamp()
        return {
            "type": "Repository",
            "id": int(hook.id),
            "name": "web",
            "active": hook.active,
            "events": sorted(hook.events),
            "config": {"url": hook.url, "content_type": "json", "insecure_ssl": "0", "secret": MASKED},
            "url": url,
            "test_url": f"{url}/test",
            "ping_url": f"{url}/pings",
            "deliveries_url": f"{url}/deliveries",
            "last_response": {"code": None, "status": "unused", "message": None},
            "created_at": at,
            "updated_at": at,
        }


def _delivery(sent: Sent) -> dict[str, object]:
    action = sent.event.body.get("action")
    return {
        "id": sent.number,
        "guid": sent.guid,
        "delivered_at": wire(sent.at),
        "redelivery": sent.again,
        "duration": 0.1,
        "status": "OK" if sent.arrived else "failed to connect" if not sent.status else "Invalid HTTP Response",
        "status_code": sent.status,
        "event": sent.event.name,
        "action": str(action) if action else None,
        "installation_id": None,
        "repository_id": None,
        "throttled_at": None,
    }
