"""One Jira site: typed requests to it, and what its headers and refusals mean."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Final, TypeVar

import httpx
from pydantic import ValidationError

from syncd.connectors._answers import limited
from syncd.connectors._budget import Budget, Rate
from syncd.connectors._http import Http
from syncd.connectors._json import parse_json
from syncd.connectors._quote import quote_remote
from syncd.connectors.jira.payloads import ErrorCollection, User, parse_instant
from syncd.connectors.jira.queries import FIELDS, METHODS, MYSELF
from syncd.connectors.jira.settings import BearerAuth, JiraSettings
from syncd.errors import AuthError, OutcomeUnknownError, RateLimitedError, RejectedError, RemoteError, UnavailableError
from syncd.model.refs import ConnectionName
from syncd.world import World

T = TypeVar("T")

KNOWN_LIMITS: Final = frozenset(
    {"jira-quota-global-based", "jira-quota-tenant-based", "jira-burst-based", "jira-per-issue-on-write"}
)
UNKNOWN_LIMIT_WAIT_S: Final = 3600.0
"""How long a limit we do not know stops us when it names no end: quotas reset on the hour."""

LANDMARKS: Final = frozenset({FIELDS, MYSELF})
"""What every site has, whoever asks."""
REFUSED_LOGINS: Final = frozenset({"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"})
BAD_REQUEST: Final = frozenset({400})


class Site:
    """Requests to one site. Budgets are kept per method and endpoint, as Jira's burst limits are."""

    def __init__(self, name: ConnectionName, settings: JiraSettings, client: httpx.AsyncClient, world: World) -> None:
        self.name = name
        self.settings = settings
        self.world = world
        options = settings.options
        self.budget = Budget(name=name, world=world, rates=_rates(settings), share=options.share)
        self._http = Http(
            name=name,
            client=client,
            world=world,
            budget=self.budget,
            classify=self._classify,
            observe=self._observe,
            base_url=settings.url,
            headers={"Authorization": _authorization(settings)},
        )

    async def get(
        self,
        path: str,
        shape: type[T],
        *args: str,
        params: dict[str, str | int | list[str]] | None = None,
        where: str | None = None,
    ) -> T:
        """Read one thing; *args* fill the path's holes."""
        url = path.format(*args)
        response = await self._http.read(
            "GET", url, params=params, where=where, bucket=f"GET {path}", is_landmark=path in LANDMARKS
        )
        return self._parse(response, shape, where)

    async def ask(
        self,
        path: str,
        shape: type[T],
        body: object,
        *,
        params: dict[str, str] | None = None,
        where: str | None = None,
    ) -> T:
        """Read by POST: a search or a bulk fetch."""
        response = await self._http.read("POST", path, params=params, json=body, where=where, bucket=f"POST {path}")
        return self._parse(response, shape, where)

    async def send(
        self,
        method: str,
        path: str,
        *args: str,
        params: dict[str, str] | None = None,
        body: object = None,
        where: str,
    ) -> httpx.Response:
        """
        Write, at most once.

        Raises:
            FieldsRefusedError: Jira refused the content, field by field.
            RemoteError: anything else.
        """
        url = path.format(*args)
        response = await self._http.write(
            method, url, params=params, json=body, where=where, bucket=f"{method} {path}", accept=BAD_REQUEST
        )
        if response.status_code in BAD_REQUEST:
            raise FieldsRefusedError.of(response, where)
        return response

    async def send_bulk(self, path: str, shape: type[T], body: object, *, cost: float) -> T:
        """Create several at once; an answer that refuses all of them has the same shape as one that takes some."""
        response = await self._http.write("POST", path, json=body, bucket=f"POST {path}", cost=cost, accept=BAD_REQUEST)
        if response.status_code in BAD_REQUEST and b"failedElementNumber" not in response.content:
            raise FieldsRefusedError.of(response, self.name)
        return self._parse(response, shape, None, is_write=True)

    async def account(self) -> User:
        """
        Return whose credential this is.

        Asked before anything is believed to be absent: with a wrong token some
        endpoints answer as to a stranger, with 200 and nothing in it.
        """
        return await self.get(MYSELF, User)

    def parse_write(self, response: httpx.Response, shape: type[T], where: str) -> T:
        """Return a write's answer as *shape*; one that does not fit leaves the outcome unknown."""
        return self._parse(response, shape, where, is_write=True)

    def _parse(self, response: httpx.Response, shape: type[T], where: str | None, *, is_write: bool = False) -> T:
        try:
            return parse_json(response.content, shape)
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            spot = ".".join(str(step) for step in first["loc"])
            what = f"an answer lacks what we need ({spot or 'body'}: {first['msg']})"
            place = where or f"{self.name} {response.request.url.path}"
            error = OutcomeUnknownError if is_write else UnavailableError
            raise error(
                what, where=place, fix="check the url; if it is right, report this with syncd's version"
            ) from exc

    def _classify(self, response: httpx.Response) -> RemoteError | None:
        if response.headers.get("x-seraph-loginreason", "").upper() in REFUSED_LOGINS:
            return AuthError(
                "the credential was not accepted",
                where=self.name,
                fix=f"check the e-mail and token of {self.name}: they may be mistyped, expired or revoked",
            )
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return self._limit(response)
        return None

    def _limit(self, response: httpx.Response) -> RateLimitedError:
        now = self.world.now()
        error = limited(response, where=self.name, now=now)
        reason = response.headers.get("ratelimit-reason", "")
        if "retry-after" not in response.headers:
            until = self._reset_at(response)
            if until is not None:
                error.wait_s = max(0.0, (until - now).total_seconds())
            elif reason and reason not in KNOWN_LIMITS:
                error.wait_s = UNKNOWN_LIMIT_WAIT_S
        if reason:
            error.what = f"{error.what} ({reason})"
        return error

    def _observe(self, bucket: str, response: httpx.Response) -> None:
        try:
            remaining = float(response.headers["x-ratelimit-remaining"])
            limit = float(response.headers["x-ratelimit-limit"])
        except (KeyError, ValueError):
            return
        reset_at = self._reset_at(response) or self.world.now() + timedelta(seconds=1.0)
        self._http.budget.note(bucket, remaining=remaining, limit=limit, reset_at=reset_at)

    @staticmethod
    def _reset_at(response: httpx.Response) -> datetime | None:
        try:
            return parse_instant(response.headers["x-ratelimit-reset"])
        except (KeyError, ValueError):
            return None


WIRE_NAMES: Final = {"timetracking": "timeoriginalestimate"}
"""What Jira calls a field when it refuses it, where that is not the field's key."""


class FieldsRefusedError(RejectedError):
    """Jira refused the content; `fields` holds its words by field key."""

    def __init__(self, what: str, *, where: str, fields: dict[str, str]) -> None:
        super().__init__(what, where=where, fix="change what the message names, or the field's configuration in Jira")
        self.fields = {WIRE_NAMES.get(key, key): text for key, text in fields.items()}

    @classmethod
    def of(cls, response: httpx.Response, where: str) -> FieldsRefusedError:
        """Read a 400's body, whatever it holds."""
        try:
            said = ErrorCollection.model_validate_json(response.content)
        except ValidationError:
            said = ErrorCollection()
        return cls(f"Jira refused the content{quote_remote(response)}", where=where, fields=dict(said.errors))

    @classmethod
    def told(cls, said: ErrorCollection, where: str) -> FieldsRefusedError:
        """Word the refusal of one element of a bulk request."""
        words = "; ".join([*said.messages, *(f"{key}: {text}" for key, text in said.errors.items())])[:300]
        return cls(f'Jira refused the content: "{words}"', where=where, fields=dict(said.errors))

    @property
    def off_screen(self) -> frozenset[str]:
        """Return the fields refused only because the screen does not show them."""
        return frozenset(key for key, text in self.fields.items() if "cannot be set" in text)


def _rates(settings: JiraSettings) -> dict[str, Rate]:
    per_s = settings.options.rates.model_dump()
    return {
        f"{method} {path}": Rate(per_s=per_s[method.lower()], burst=per_s[method.lower()])
        for method, paths in METHODS.items()
        for path in paths
    }


def _authorization(settings: JiraSettings) -> str:
    auth = settings.auth
    if isinstance(auth, BearerAuth):
        return f"Bearer {auth.bearer.get_secret_value()}"
    pair = f"{auth.email}:{auth.token.get_secret_value()}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
