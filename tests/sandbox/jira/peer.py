"""A client of the Jira stand-in that lets the vendor's own schema judge every answer."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import httpx
import pytest

from syncd.sandbox.app import Sandbox, make_sandbox
from syncd.sandbox.jira import JiraStandIn
from syncd.sandbox.jira.seed import BOT_EMAIL, OFFICE_EMAIL
from tests.contracts.openapi import ContractError, SeveralContracts, jira_contract
from tests.sandbox.clock import Clock

BASE = "http://sandbox/jira"
API = "/rest/api/3"
Query: TypeAlias = dict[str, str | list[str]]


def contract_if_there() -> SeveralContracts | None:
    """Return Jira's contract, or `None` where the contracts are not at hand."""
    try:
        return jira_contract()
    except pytest.skip.Exception:
        return None


class Peer:
    """One account at one stand-in, in virtual time."""

    def __init__(self, items: int = 24, *, faults: tuple[str, ...] = ()) -> None:
        self.clock = Clock()
        self.sandbox: Sandbox = make_sandbox(["jira"], self.clock.world(), items=items, faults=faults)
        standin = self.sandbox.tools["jira"]
        assert isinstance(standin, JiraStandIn)
        self.jira = standin
        self.site = standin.site
        self.contract = contract_if_there()
        self.auth: httpx.Auth | tuple[str, str] = (BOT_EMAIL, standin.accounts[BOT_EMAIL][0])
        self.client = httpx.AsyncClient(transport=self.sandbox.transport(), base_url=BASE + API)

    def as_office(self) -> None:
        """Go on as the second account, whose zone is another."""
        self.auth = (OFFICE_EMAIL, self.jira.accounts[OFFICE_EMAIL][0])

    async def ask(
        self, method: str, path: str, body: object = None, *, is_sound: bool = True, query: Query | None = None
    ) -> httpx.Response:
        """Send one request and return its answer, both judged; *is_sound* false: the request is wrong on purpose."""
        whole = path if path.startswith("/rest/") else API + path
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if content else {}
        if self.contract and is_sound:
            self._refuse(self.contract.check_request(method, whole, query, body))
        response = await self.client.request(
            method, f"{BASE}{whole}", content=content, headers=headers, params=query, auth=self.auth
        )
        if self.contract:
            is_json = "json" in response.headers.get("content-type", "")
            answer = response.json() if response.content and is_json else None
            self._refuse(self.contract.check_response(method, whole, response.status_code, answer))
        return response

    async def get(self, path: str, **query: str | list[str]) -> Any:  # noqa: ANN401 - JSON
        """Return the body of a successful GET."""
        response = await self.ask("GET", path, query=query)
        assert response.status_code == 200, response.text
        return response.json()

    async def create(self, title: str, kind: str = "Task", project: str = "ENG", **fields: object) -> str:
        """Create an issue and return its id."""
        start = {"project": {"key": project}, "issuetype": {"name": kind}, "summary": title}
        response = await self.ask("POST", "/issue", {"fields": {**start, **fields}})
        assert response.status_code == 201, response.text
        return str(response.json()["id"])

    async def edit(self, issue: str, **fields: object) -> httpx.Response:
        """Edit an issue's fields."""
        return await self.ask("PUT", f"/issue/{issue}", {"fields": fields})

    async def fields(self, issue: str) -> dict[str, Any]:
        """Return an issue's fields, read by id."""
        return dict((await self.get(f"/issue/{issue}"))["fields"])

    async def find(self, jql: str) -> set[str]:
        """Return the ids a search finds, all pages."""
        found: list[str] = []
        token: Query = {}
        while True:
            page = await self.get("/search/jql", jql=jql, **token)
            found += [one["id"] for one in page["issues"]]
            if page["isLast"]:
                assert len(set(found)) == len(found)
                return set(found)
            token = {"nextPageToken": page["nextPageToken"]}

    @staticmethod
    def _refuse(violations: list[str]) -> None:
        if violations:
            raise ContractError("\n".join(violations))
