"""Requests to Linear: one GraphQL endpoint, with every answer's errors told apart by their code."""

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
from syncd.connectors.linear import limits, queries
from syncd.connectors.linear.payloads import Connection, GraphqlProblem
from syncd.connectors.linear.settings import LinearSettings
from syncd.errors import (
    AuthError,
    ForbiddenError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    RejectedError,
    RemoteError,
    UnavailableError,
)
from syncd.model.refs import ConnectionName
from syncd.world import World

MAX_PAGES: Final = 5000
"""No list of ours is longer than this many pages: past it, something turns in circles."""
FEW_NODES: Final = 25
"""The size of a list's first page, at most."""
WRITE_POINTS: Final = 5.0
"""More than any of our mutations costs: what they ask back is one word."""
BAD_REQUEST: Final = frozenset({400})
"""Linear says with this status that a request was understood and refused; the errors say why."""

_FAILURES: Final = frozenset(
    {"", "INTERNAL_SERVER_ERROR", "INTERNAL_ERROR", "LOCK_TIMEOUT", "UNKNOWN", "NETWORK_ERROR"}
)
"""Codes of errors that are Linear's own trouble."""
_MEANINGS: Final[Mapping[str, tuple[type[RemoteError], str]]] = {
    "AUTHENTICATION_ERROR": (AuthError, "check auth: the key may be mistyped, expired or revoked; a key is no bearer"),
    "FORBIDDEN": (ForbiddenError, "give the account access to the team, or the token the scope `read` and `write`"),
    "FEATURE_NOT_ACCESSIBLE": (ForbiddenError, "the workspace's plan lacks it: turn scope.initiatives or projects off"),
    "USAGE_LIMIT_EXCEEDED": (ForbiddenError, "the workspace's plan allows no more of these"),
}
_NOT_FOUND: Final = "not found"
"""Linear has no code for it: an `INPUT_ERROR` whose message says "Entity not found: Issue"."""

NodeT = TypeVar("NodeT", bound=BaseModel)

_READER: Final = Reader("Linear")
parse: Final = _READER.parse
dig: Final = _READER.dig


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request brought."""

    data: Mapping[str, object]
    errors: tuple[GraphqlProblem, ...]
    at: datetime
    """When Linear answered, by its own clock where it tells."""


class Api:
    """One connection's requests. Raises only subclasses of `RemoteError`."""

    def __init__(
        self, *, name: ConnectionName, settings: LinearSettings, client: httpx.AsyncClient, world: World
    ) -> None:
        self.name = name
        self.world = world
        self._url = settings.graphql_url
        self._authorization = settings.auth.header
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
        )

    async def ask(self, text: str, variables: Mapping[str, object], *, where: str, points: float) -> Answer:
        """
        Ask for something that costs about *points*, and raise the first error there is.

        Raises:
            RemoteError: nothing came, Linear failed on its side, or it refused a part.
        """

        async def once() -> tuple[Answer, UnavailableError | None]:
            await self.budget.take(limits.REQUESTS)
            response = await self._http.read(
                "POST",
                self._url,
                json={"query": text, "variables": dict(variables)},
                headers=self._headers(),
                where=where,
                bucket=limits.COMPLEXITY,
                cost=points,
                accept=BAD_REQUEST,
                is_landmark=True,
            )
            answer = self._answer(response, where, is_write=False)
            error = error_of(answer.errors[0], where=where, is_write=False) if answer.errors else None
            if error is None or isinstance(error, UnavailableError):
                return answer, error
            raise error

        return await ask_again(once, self.world)

    async def change(self, name: str, variables: Mapping[str, object], *, where: str) -> None:
        """
        Carry out one mutation, at most once.

        Raises:
            OutcomeUnknownError: it may have been carried out.
            RemoteError: it was not.
        """
        await self.budget.take(limits.REQUESTS)
        response = await self._http.write(
            "POST",
            self._url,
            json={"query": queries.mutation(name), "variables": dict(variables)},
            headers=self._headers(),
            where=where,
            bucket=limits.COMPLEXITY,
            cost=WRITE_POINTS,
            accept=BAD_REQUEST,
        )
        answer = self._answer(response, where, is_write=True)
        for problem in answer.errors:
            raise error_of(problem, where=where, is_write=True)
        payload = answer.data.get(name)
        success = payload.get("success") if isinstance(payload, Mapping) else None
        if success is False:
            raise RejectedError("Linear did not carry it out", where=where, fix="try it by hand in Linear to see why")
        if success is not True:
            raise OutcomeUnknownError(
                "Linear's answer says nothing of this change", where=where, fix="nothing to do: syncd looks it up"
            )

    async def pages(
        self,
        text: str,
        variables: Mapping[str, object],
        *,
        path: Sequence[str],
        node: type[NodeT],
        where: str,
        node_points: float,
        size: int,
        after: str | None = None,
    ) -> AsyncIterator[Connection[NodeT]]:
        """
        Yield every page of the list at *path* of the answer, following `$after`, *size* nodes (`$first`) at a time.

        The price is for the size of a page, whatever is in it: a list that is
        begun is asked for a few nodes first, so a short one is cheap.

        Raises:
            NotFoundError: there is nothing at *path*: the owner of the list is gone or hidden.
        """

        async def read(after: str | None) -> tuple[Answer, Connection[NodeT]]:
            first = size if after else min(size, FEW_NODES)
            told = {**variables, "first": first, "after": after}
            answer = await self.ask(text, told, where=where, points=node_points * first + 1)
            return answer, parse(Connection[node], dig(answer.data, path, where), where)  # type: ignore[valid-type]

        async for _, page in follow(read, after=after, most=MAX_PAGES, where=where):
            yield page

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": self._authorization}

    def _answer(self, response: httpx.Response, where: str, *, is_write: bool) -> Answer:
        envelope = _READER.open(response, GraphqlProblem, where=where, is_write=is_write)
        if response.status_code != httpx.codes.OK and not envelope.errors:
            raise RejectedError("Linear refused the request without a reason", where=where, fix="tell the maintainers")
        return Answer(data=envelope.data or {}, errors=envelope.errors, at=answered_at(response, self.world.now()))


def error_of(problem: GraphqlProblem, *, where: str, is_write: bool) -> RemoteError:
    """Return what one GraphQL error means, going by its code; one without any is a failure on Linear's side."""
    said = f'Linear says "{problem.said[:MAX_QUOTE]}"'
    if problem.code == limits.RATE_LIMITED:
        return RateLimitedError(said, wait_s=limits.NO_HINT_WAIT_S, where=where, fix="nothing to do: syncd waits")
    if problem.code in _FAILURES:
        return failed(said, where=where, is_write=is_write)
    if problem.code not in _MEANINGS and _NOT_FOUND in problem.message.lower():
        return NotFoundError(said, where=where, fix="check that it exists and that the account may see it")
    kind, fix = _MEANINGS.get(problem.code, (RejectedError, "change what the message names"))
    return kind(said, where=where, fix=fix)
