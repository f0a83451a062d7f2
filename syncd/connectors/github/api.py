"""Requests to GitHub: GraphQL and REST, with every answer's errors told apart by their type."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import httpx
from pydantic import BaseModel

from syncd.connectors._answers import failed
from syncd.connectors._budget import Budget
from syncd.connectors._graphql import Reader, answered_at, ask_again, follow
from syncd.connectors._http import Http
from syncd.connectors._quote import MAX_QUOTE
from syncd.connectors.github import limits
from syncd.connectors.github.auth import make_credential
from syncd.connectors.github.payloads import Connection, GraphqlProblem
from syncd.connectors.github.settings import GithubSettings
from syncd.errors import (
    AuthError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    RemoteChangedError,
    RemoteError,
    UnavailableError,
)
from syncd.model.refs import ConnectionName
from syncd.world import World

API_VERSION: Final = "2022-11-28"
MAX_PAGES: Final = 2000
"""No list of ours is longer than this many pages of 100: past it, something turns in circles."""

_FAILURES: Final = frozenset({None, "INTERNAL", "SERVICE_UNAVAILABLE", "TIMEOUT"})
"""Types of errors that are GitHub's own trouble."""
_MEANINGS: Final[Mapping[str | None, tuple[type[RemoteError], str]]] = {
    None: (RejectedError, "this server does not know a part of the request: update the Enterprise Server"),
    "NOT_FOUND": (NotFoundError, "check that it exists and that the account may see it"),
    "FORBIDDEN": (ForbiddenError, "give the account access, or the App the permission"),
    "INSUFFICIENT_SCOPES": (AuthError, "give the token the scopes `repo` and `project`"),
    "STALE_DATA": (RemoteChangedError, "nothing to do: it is read again"),
}

NodeT = TypeVar("NodeT", bound=BaseModel)

_READER: Final = Reader("GitHub")
parse: Final = _READER.parse
dig: Final = _READER.dig


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a GraphQL request brought: data, errors, or both."""

    data: Mapping[str, object]
    errors: tuple[GraphqlProblem, ...]
    at: datetime
    """When GitHub answered, by GitHub's own clock where it tells."""
    scopes: frozenset[str] | None = None
    """What a classic token may do; `None` for every other credential."""

    def problem_at(self, *path: str | int) -> GraphqlProblem | None:
        """Return the first error at that place of the answer or below it."""
        return next((problem for problem in self.errors if problem.path[: len(path)] == path), None)


class Api:
    """One connection's requests. Raises only subclasses of `RemoteError`."""

    def __init__(
        self, *, name: ConnectionName, settings: GithubSettings, client: httpx.AsyncClient, world: World
    ) -> None:
        self.name = name
        self.world = world
        self._url = settings.graphql_url
        self.budget = Budget(
            name=name, world=world, rates=limits.make_rates(settings.options), share=settings.options.share
        )
        self._http = Http(
            name=name,
            client=client,
            world=world,
            budget=self.budget,
            classify=lambda response: limits.judge_limits(response, where=name, now=world.now()),
            observe=lambda _, response: limits.note_limits(response, self.budget),
            base_url=settings.rest_url,
            headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION},
        )
        self._credential = make_credential(settings.auth, http=self._http, world=world)

    async def query(self, text: str, variables: Mapping[str, object], *, where: str, cost: float = 1.0) -> Answer:
        """
        Ask by GraphQL; the answer may hold errors beside data.

        Raises:
            RemoteError: nothing came, or GitHub failed on its side.
        """

        async def once() -> tuple[Answer, UnavailableError | None]:
            response = await self._http.read(
                "POST",
                self._url,
                json={"query": text, "variables": dict(variables)},
                headers=await self._headers(),
                where=where,
                bucket=limits.GRAPHQL,
                cost=cost,
                is_landmark=True,
            )
            answer = self._answer(response, where, is_write=False)
            errors = self._errors(answer, where)
            return answer, next((error for error in errors if isinstance(error, UnavailableError)), None)

        return await ask_again(once, self.world)

    async def ask(self, text: str, variables: Mapping[str, object], *, where: str, cost: float = 1.0) -> Answer:
        """Ask by GraphQL and raise the first error there is."""
        answer = await self.query(text, variables, where=where, cost=cost)
        for error in self._errors(answer, where):
            raise error
        return answer

    async def mutate(
        self, text: str, variables: Mapping[str, object], *, count: int, creates: int = 0, where: str
    ) -> Answer:
        """
        Change something by GraphQL, at most once: *count* mutations, *creates* of which make something new.

        Raises:
            OutcomeUnknownError: some of it may have been carried out.
            RemoteError: none of it was.
        """
        headers = await self._headers()
        await self._take_turn(creates)
        response = await self._http.write(
            "POST",
            self._url,
            json={"query": text, "variables": dict(variables)},
            headers=headers,
            where=where,
            bucket=limits.GRAPHQL,
            cost=limits.WRITE_POINTS * count,
        )
        return self._answer(response, where, is_write=True)

    async def change(
        self, method: str, path: str, json: Mapping[str, object] | None, *, creates: bool, where: str
    ) -> httpx.Response:
        """Change something by REST, at most once; errors as in `mutate`."""
        headers = await self._headers()
        await self._take_turn(int(creates))
        return await self._http.write(
            method,
            path,
            json=None if json is None else dict(json),
            headers=headers,
            where=where,
            bucket=limits.REST,
            cost=limits.WRITE_POINTS,
        )

    async def fetch(self, path: str, params: Mapping[str, str], *, where: str) -> httpx.Response:
        """Ask by REST; raises `RemoteError` when nothing came."""
        return await self._http.read(
            "GET", path, params=params, headers=await self._headers(), where=where, bucket=limits.REST
        )

    def pages(
        self,
        text: str,
        variables: Mapping[str, object],
        *,
        path: Sequence[str],
        node: type[NodeT],
        where: str,
        after: str | None = None,
    ) -> AsyncIterator[tuple[Answer, Connection[NodeT]]]:
        """
        Return every page of the list at *path* of the answer, following `$after`, which begins as given.

        Raises:
            NotFoundError: there is nothing at *path*: the owner of the list is gone or hidden.
        """

        async def read(after: str | None) -> tuple[Answer, Connection[NodeT]]:
            answer = await self.ask(text, {**variables, "after": after}, where=where)
            return answer, parse(Connection[node], dig(answer.data, path, where), where)  # type: ignore[valid-type]

        return follow(read, after=after, most=MAX_PAGES, where=where)

    def _errors(self, answer: Answer, where: str) -> Sequence[RemoteError]:
        return [error_of(problem, where=where, is_write=False) for problem in answer.errors]

    def _answer(self, response: httpx.Response, where: str, *, is_write: bool) -> Answer:
        envelope = _READER.open(response, GraphqlProblem, where=where, is_write=is_write)
        scopes = response.headers.get("x-oauth-scopes")
        return Answer(
            data=envelope.data or {},
            errors=envelope.errors,
            at=answered_at(response, self.world.now()),
            scopes=None if scopes is None else frozenset(scope.strip() for scope in scopes.split(",")) - {""},
        )

    async def _headers(self) -> Mapping[str, str]:
        return {"Authorization": await self._credential.header()}

    async def _take_turn(self, creates: int) -> None:
        """Keep GitHub's distance between writes, and its allowance of new content."""
        if creates:
            await self.budget.take(limits.CREATES_HOUR, creates)
            await self.budget.take(limits.CREATES_MINUTE, creates)
        await self.budget.take(limits.PACE)


def error_of(problem: GraphqlProblem, *, where: str, is_write: bool) -> RemoteError:
    """Return what one GraphQL error means, going by its type; one without any is a failure on GitHub's side."""
    said = f'GitHub says "{problem.message[:MAX_QUOTE]}"'
    if problem.type in limits.LIMIT_TYPES or limits.TOO_QUICK in problem.message:
        return RateLimitedError(said, wait_s=limits.NO_HINT_WAIT_S, where=where, fix="nothing to do: syncd waits")
    if problem.type in _FAILURES and "code" not in problem.extensions:
        return failed(said, where=where, is_write=is_write)
    kind, fix = _MEANINGS.get(problem.type, (RejectedError, "change what the message names"))
    return kind(said, where=where, fix=fix)
