"""A client of the stand-in that puts every request and every answer before GitHub's own schemas."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from syncd.sandbox.app import Sandbox
from syncd.sandbox.github import GitHubStandIn
from syncd.sandbox.portfolio import Portfolio, make_portfolio
from syncd.world import World
from tests.contracts import graphql
from tests.contracts.openapi import OpenApiContract, load_contract

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Clock:
    """A clock that goes when told to, in a world without randomness."""

    def __init__(self) -> None:
        self.moment = START
        self._ids = iter(range(10_000))
        self.world = World(
            now=lambda: self.moment,
            monotonic=self.monotonic,
            sleep=self.sleep,
            random=random.Random(1),  # noqa: S311 - no secret, only order
            new_id=lambda: f"id{next(self._ids):04}",
        )

    def monotonic(self) -> float:
        return (self.moment - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        """Let that many seconds pass."""
        self.moment += timedelta(seconds=seconds)


class Client:
    """Speaks to one stand-in as the bot."""

    def __init__(self, contracts: Path | None, portfolio: Portfolio | None = None) -> None:
        self.clock = Clock()
        self.hub = GitHubStandIn(self.clock.world, portfolio or make_portfolio(0, START.date()))
        self.sandbox = Sandbox({"github": self.hub}, self.clock.world)
        self.http = httpx.AsyncClient(transport=self.sandbox.transport(), base_url="http://sandbox/github")
        self.token: str | None = self.hub.token
        self._judged = contracts is not None
        self._rest: OpenApiContract | None = None
        if contracts is not None:
            self._rest = load_contract(contracts / "github" / "rest-openapi-subset.json")

    @property
    def project(self) -> str:
        """The project's node id."""
        return self.hub.project.id

    def repository(self, name: str = "api") -> str:
        """Return a repository's node id."""
        return self.hub.people.repository(name).id

    def id_of(self, key: str) -> str:
        """Return the node id behind a name people use."""
        return self.hub.people.find(key).id

    def item_of(self, key: str) -> str:
        """Return the project item's node id."""
        return self.hub.people.item(key).id

    def field(self, name: str) -> str:
        """Return a column's node id."""
        return self.hub.column(name).id

    def option(self, field: str, name: str) -> str:
        """Return a choice's id."""
        return next(one.id for one in self.hub.column(field).options if one.name == name)

    def shown(self, key: str) -> dict[str, Any]:
        """Return an item as a person sees it."""
        found = self.hub.show(key)
        assert isinstance(found, dict)
        return found

    def headers(self) -> dict[str, str]:
        """Return the authorization, if any."""
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    async def post(self, query: str, /, **variables: object) -> httpx.Response:
        """Send a document as it is."""
        body = {"query": query, "variables": variables}
        return await self.http.post("/graphql", json=body, headers=self.headers())

    async def ask(self, query: str, /, **variables: object) -> dict[str, Any]:
        """Send a document GitHub would accept, and return the whole answer, which GitHub could have given."""
        response = await self.post(query, **variables)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        if self._judged:
            problems = graphql.check_document(query, variables) + graphql.check_answer(query, answer.get("data"))
            assert not problems, problems
        return answer

    async def data(self, query: str, /, **variables: object) -> dict[str, Any]:
        """Return the data of an answer without errors."""
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def do(self, mutation: str, selection: str, **given: object) -> dict[str, Any]:
        """Carry one mutation out and return its payload."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
        payload: dict[str, Any] = (await self.data(query, input=given))[mutation]
        return payload

    async def refused(self, mutation: str, **given: object) -> dict[str, Any]:
        """Return the one error a mutation is refused with."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        query = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ clientMutationId }} }}"
        answer = await self.ask(query, input=given)
        assert answer["data"] == {mutation: None}
        [error] = answer["errors"]
        found: dict[str, Any] = error
        return found

    async def rest(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a REST request GitHub would accept, and return the answer, which GitHub could have given."""
        told = self.headers() | dict(headers or {})
        response = await self.http.request(method, path, json=body, params=query, headers=told)
        if self._rest is not None:
            parsed = response.json() if response.content else None
            problems = self._rest.check_request(method, path, query, body)
            problems += self._rest.check_response(method, path, response.status_code, parsed)
            assert not problems, problems
        return response

    def written(self) -> int:
        """Return how many objects were written so far, by the stand-in's own log."""
        return self.sandbox.log.objects_written()
