"""Who we are to GitHub: a token, or a GitHub App that fetches itself one before the last one expires."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final, Protocol

import jwt
from pydantic import ValidationError

from syncd.connectors._http import Http
from syncd.connectors.github.queries import ACCESS_TOKENS_PATH
from syncd.connectors.github.rest_payloads import InstallationToken
from syncd.connectors.github.settings import GithubAuth
from syncd.errors import AuthError, NotFoundError
from syncd.world import World

JWT_LIFE_S: Final = 540
"""GitHub takes at most ten minutes."""
CLOCK_DRIFT_S: Final = 60
"""How far back the JWT is dated, so that a slow clock of ours does no harm (GitHub's own advice)."""
REFRESH_BEFORE_S: Final = 300
"""An installation token lives an hour; we stop using it this long before its end."""


class Credential(Protocol):
    """Gives the `Authorization` header of the next request."""

    async def header(self) -> str:
        """Return its value, fresh."""
        ...


class TokenCredential:
    """A personal access token, as it is."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    async def header(self) -> str:
        """Return the same value every time."""
        return self._header


class AppCredential:
    """
    A GitHub App's installation.

    Source: GitHub Docs, "Generating a JSON Web Token (JWT) for a GitHub App"
    and the operation `apps/create-installation-access-token`.
    """

    def __init__(self, *, app_id: int, installation_id: int, private_key: str, http: Http, world: World) -> None:
        self._app_id = app_id
        self._private_key = private_key
        self._path = ACCESS_TOKENS_PATH.format(installation=installation_id)
        self._http = http
        self._world = world
        self._token: InstallationToken | None = None
        self._lock = asyncio.Lock()

    async def header(self) -> str:
        """
        Return the present installation token, fetching a new one near its end.

        Raises:
            AuthError: the key is no RSA key, or GitHub does not accept it.
        """
        async with self._lock:
            token = self._token
            if token is None or token.expires_at - self._world.now() < timedelta(seconds=REFRESH_BEFORE_S):
                token = self._token = await self._fetch()
        return f"Bearer {token.token}"

    async def _fetch(self) -> InstallationToken:
        headers = {"Authorization": f"Bearer {self._sign()}"}
        where = f"{self._http.name} auth.installation_id"
        try:
            # A second token does no harm, so this POST may be repeated like a read.
            response = await self._http.read("POST", self._path, headers=headers, where=where, bucket="rest")
        except NotFoundError as exc:
            raise AuthError(
                "the GitHub App has no such installation",
                where=where,
                fix="copy the number at the end of the installation's address, or install the App in the organisation",
            ) from exc
        try:
            return InstallationToken.model_validate_json(response.content)
        except ValidationError as exc:
            raise AuthError("GitHub's answer holds no installation token", where=where, fix="check the url") from exc

    def _sign(self) -> str:
        now = self._world.now()
        claims = {
            "iat": int((now - timedelta(seconds=CLOCK_DRIFT_S)).timestamp()),
            "exp": int((now + timedelta(seconds=JWT_LIFE_S)).timestamp()),
            "iss": str(self._app_id),
        }
        try:
            return jwt.encode(claims, self._private_key, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError) as exc:
            raise AuthError(
                "the private key of the GitHub App cannot be used",
                where=f"{self._http.name} auth.private_key",
                fix="give the PEM file GitHub lets you download, from BEGIN to END",
            ) from exc


def make_credential(auth: GithubAuth, *, http: Http, world: World) -> Credential:
    """Return the credential the settings describe; *http* is used to fetch an App's tokens."""
    if auth.token is not None:
        return TokenCredential(auth.token.get_secret_value())
    if auth.app_id is None or auth.installation_id is None or auth.private_key is None:
        raise AssertionError  # the settings were validated
    return AppCredential(
        app_id=auth.app_id,
        installation_id=auth.installation_id,
        private_key=auth.private_key.get_secret_value(),
        http=http,
        world=world,
    )
