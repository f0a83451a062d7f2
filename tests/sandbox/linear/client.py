"""A client of the stand-in that puts every request and every answer before Linear's own schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from syncd.sandbox.app import Sandbox
from syncd.sandbox.linear import LinearStandIn
from syncd.sandbox.portfolio import Portfolio, make_portfolio
from tests.contracts import graphql
from tests.sandbox.clock import START, Clock


class Client:
    """Speaks to one stand-in as the bot."""

    def __init__(self, contracts: Path | None, portfolio: Portfolio | None = None) -> None:
        self.clock = Clock()
        self.world = self.clock.world()
        self.linear = LinearStandIn(self.world, portfolio or make_portfolio(0, START.date()))
        self.sandbox = Sandbox({"linear": self.linear}, self.world)
        self.http = httpx.AsyncClient(transport=self.sandbox.transport(), base_url="http://sandbox/linear")
        self.authorization: str | None = self.linear.token
        self._judged = contracts is not None

    # --- names ---------------------------------------------------------------------------

    def team(self, key: str = "API") -> str:
        """Return a team's id."""
        return self.linear.people.team(key).id

    def state(self, name: str, team: str = "API") -> str:
        """Return the id of a team's state, by name or type."""
        return self.linear.people.state_of(self.linear.people.team(team), name).id

    def user(self, name: str) -> str:
        """Return somebody's id."""
        return self.linear.people.person(name).id

    def id_of(self, key: str) -> str:
        """Return the id behind a name people use."""
        return self.linear.people.find(key).id

    def shown(self, key: str) -> dict[str, Any]:
        """Return an item as people see it."""
        told = self.linear.show(key)
        assert isinstance(told, dict)
        return told

    # --- asking --------------------------------------------------------------------------

    async def send(self, query: str, **variables: object) -> httpx.Response:
        """Send a document Linear would accept, and return the answer, which Linear could have given."""
        if self._judged:
            assert graphql.check_document(query, variables, vendor=graphql.LINEAR) == []
        response = await self.send_unchecked(query, variables)
        if self._judged and response.status_code == httpx.codes.OK:
            assert graphql.check_answer(query, response.json().get("data"), vendor=graphql.LINEAR) == []
        return response

    async def send_unchecked(self, query: str, variables: dict[str, object] | None = None) -> httpx.Response:
        """Send any document."""
        headers = {"Authorization": self.authorization} if self.authorization else {}
        return await self.http.post("/graphql", json={"query": query, "variables": variables or {}}, headers=headers)

    async def data(self, query: str, **variables: object) -> dict[str, Any]:
        """Return the data of an answer without errors."""
        response = await self.send(query, **variables)
        answer: dict[str, Any] = response.json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def run(self, mutation: str, declared: str, used: str, selection: str, **variables: object) -> dict[str, Any]:
        """Carry one mutation out and return its payload."""
        query = f"mutation ({declared}) {{ {mutation}({used}) {{ success lastSyncId {selection} }} }}"
        payload: dict[str, Any] = (await self.data(query, **variables))[mutation]
        assert payload["success"] is True
        return payload

    async def make(self, mutation: str, selection: str, **given: object) -> dict[str, Any]:
        """Create something and return its payload."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        return await self.run(mutation, f"$input: {kind}!", "input: $input", selection, input=given)

    async def edit(self, mutation: str, name: str, selection: str, **given: object) -> dict[str, Any]:
        """Update something and return its payload."""
        kind = f"{mutation[0].upper()}{mutation[1:]}Input"
        declared, used = f"$id: String!, $input: {kind}!", "id: $id, input: $input"
        return await self.run(mutation, declared, used, selection, id=name, input=given)

    async def act(self, mutation: str, name: str, selection: str = "") -> dict[str, Any]:
        """Carry out a mutation that takes nothing but an id."""
        return await self.run(mutation, "$id: String!", "id: $id", selection, id=name)

    async def refused(self, query: str, **variables: object) -> dict[str, Any]:
        """Return the one error a request is answered with, with its HTTP status as `status`."""
        response = await self.send(query, **variables)
        [error] = response.json()["errors"]
        found: dict[str, Any] = error
        return found | {"status": response.status_code}

    async def issue(self, title: str = "One", **given: object) -> dict[str, Any]:
        """Create an issue in the team API and return its id and identifier."""
        payload = await self.make("issueCreate", "issue { id identifier }", title=title, teamId=self.team(), **given)
        made: dict[str, Any] = payload["issue"]
        return made

    def written(self) -> int:
        """Return how many objects were written so far, by the stand-in's own log."""
        return self.sandbox.log.objects_written()
