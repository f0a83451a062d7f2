"""Requests to one Redmine site, their answers parsed, their failures named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from syncd.connectors._budget import Budget, Rate
from syncd.connectors._http import Http
from syncd.connectors._json import sound
from syncd.connectors.redmine.payloads import OneUser, Project, Projects, Refusal, User
from syncd.connectors.redmine.queries import ACCOUNT, MAX_LIMIT, PROJECTS
from syncd.connectors.redmine.settings import RedmineSettings
from syncd.errors import (
    OutcomeUnknownError,
    RemoteChangedError,
    RemoteError,
    UnavailableError,
)
from syncd.model.refs import ConnectionName
from syncd.world import World

T = TypeVar("T", bound=BaseModel)

BUCKET: Final = "requests"
MAX_PAGES: Final = 10_000
LANDMARKS: Final = frozenset({ACCOUNT, PROJECTS})
"""What every site has, whoever asks."""


class Site:
    """One account at one site."""

    def __init__(
        self, name: ConnectionName, settings: RedmineSettings, client: httpx.AsyncClient, world: World
    ) -> None:
        self.name = name
        self.settings = settings
        self.world = world
        rate = Rate(per_s=settings.options.per_s, burst=settings.options.per_s)
        self.budget = Budget(name=name, world=world, rates={BUCKET: rate}, share=settings.options.share)
        self._http = Http(
            name=name,
            client=client,
            world=world,
            budget=self.budget,
            classify=self._classify,
            base_url=settings.url,
            headers={"X-Redmine-API-Key": settings.auth.key.get_secret_value()},
        )

    async def get(
        self,
        path: str,
        shape: type[T],
        *args: object,
        params: Mapping[str, str | int] | None = None,
        where: str | None = None,
    ) -> T:
        """Read one thing; *args* fill the path's holes."""
        response = await self._http.read(
            "GET", _fill(path, args), params=params, where=where, bucket=BUCKET, is_landmark=path in LANDMARKS
        )
        return self._parse(response, shape, where)

    async def send(self, method: str, path: str, *args: object, body: object = None, where: str) -> httpx.Response:
        """
        Write, at most once.

        Raises:
            RemoteChangedError: somebody else wrote the item at the same moment; nothing was changed.
            RejectedError: Redmine refused the content, in its own words.
            RemoteError: anything else.
        """
        return await self._http.write(method, _fill(path, args), json=body, where=where, bucket=BUCKET)

    def parse_write(self, response: httpx.Response, shape: type[T], where: str) -> T:
        """Return a write's answer as *shape*; one that does not fit leaves the outcome unknown."""
        return self._parse(response, shape, where, is_write=True)

    async def account(self) -> User:
        """
        Return whose key this is.

        Asked before anything that is listed is believed: with a wrong or
        revoked key a public project answers 200 as to a stranger, with private
        issues simply missing. Raises `AuthError`.
        """
        return (await self.get(ACCOUNT, OneUser)).user

    async def projects(self) -> dict[int, Project]:
        """Return every project the account sees, by id."""
        return {project.id: project async for project in self._projects()}

    async def _projects(self) -> AsyncIterator[Project]:
        offset = 0
        for _ in range(MAX_PAGES):
            page = await self.get(PROJECTS, Projects, params={"limit": MAX_LIMIT, "offset": offset})
            for project in page.projects:
                yield project
            offset += len(page.projects)
            if not page.projects or offset >= page.total_count:
                return

    def _parse(self, response: httpx.Response, shape: type[T], where: str | None, *, is_write: bool = False) -> T:
        try:
            return shape.model_validate_json(sound(response.content))
        except ValidationError as exc:
            first = exc.errors(include_url=False, include_input=False)[0]
            spot = ".".join(str(step) for step in first["loc"])
            error = OutcomeUnknownError if is_write else UnavailableError
            raise error(
                f"an answer lacks what we need ({spot or 'body'}: {first['msg']})",
                where=where or f"{self.name} {response.request.url.path}",
                fix="check the url; if it is right, report this with syncd's and Redmine's versions",
            ) from exc

    def _classify(self, response: httpx.Response) -> RemoteError | None:
        if response.status_code != httpx.codes.UNPROCESSABLE_ENTITY:
            return None
        try:
            refusal = Refusal.model_validate_json(response.content)
        except ValidationError:
            return None
        if refusal.errors or response.request.method == "GET":
            return None
        # Seen on 5.0.4: {"errors": []} is what a lost race looks like.
        return RemoteChangedError(
            "somebody wrote it at the same moment", where=self.name, fix="nothing to do: it is read again"
        )


def _fill(path: str, args: tuple[object, ...]) -> str:
    return path.format(*(quote(str(arg), safe="") for arg in args))
