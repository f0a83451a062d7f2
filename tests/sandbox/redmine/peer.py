"""A client of a Redmine stand-in of its own, in virtual time."""

from __future__ import annotations

from typing import Any

import httpx

from syncd.sandbox.app import make_sandbox
from syncd.sandbox.redmine import RedmineStandIn
from syncd.sandbox.redmine.schema import DEVELOPER, REPORTER
from syncd.sandbox.redmine.state import User
from tests.sandbox.clock import Clock

HOME = "http://sandbox.example/redmine"
DANA, RITA = "d" * 40, "e" * 40


class Peer:
    """A small portfolio, the main account's key, and a developer and a reporter of project pmo."""

    def __init__(self, items: int = 12) -> None:
        self.clock = Clock()
        self.sandbox = make_sandbox(["redmine"], self.clock.world(), items=items)
        tool = self.sandbox.tools["redmine"]
        assert isinstance(tool, RedmineStandIn)
        self.tool, self.site = tool, tool.site
        for login, key, role in (("dana", DANA, DEVELOPER), ("rita", RITA, REPORTER)):
            number = self.site.new_id("users")
            self.site.users[number] = User(
                id=number, login=login, firstname=login, lastname="Example", mail=f"{login}@acme.example", key=key
            )
            self.site.project("pmo").members[number] = {role.id}
        self.key = str(tool.credentials()["key"])
        self.client = httpx.AsyncClient(transport=self.sandbox.transport(), base_url=HOME)

    async def ask(self, method: str, path: str, body: object = None, *, key: str | None = None) -> httpx.Response:
        """Send one request."""
        headers = {"X-Redmine-API-Key": self.key if key is None else key}
        return await self.client.request(method, path, json=body, headers=headers)

    async def get(self, path: str, *, key: str | None = None) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return what a request is answered, or fail."""
        answer = await self.ask("GET", path, key=key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def create(self, subject: str, **fields: object) -> int:
        """Make an issue and return its id."""
        body = {"issue": {"project_id": "pmo", "tracker_id": 2, "subject": subject, **fields}}
        answer = await self.ask("POST", "/issues.json", body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["issue"]["id"])

    async def edit(self, number: int, *, key: str | None = None, **fields: object) -> httpx.Response:
        """Change an issue."""
        return await self.ask("PUT", f"/issues/{number}.json", {"issue": fields}, key=key)

    async def issue(self, number: int, include: str = "") -> Any:  # noqa: ANN401 - JSON of any shape
        """Return an issue."""
        return (await self.get(f"/issues/{number}.json?include={include}"))["issue"]

    async def found(self, query: str) -> list[int]:
        """Return the ids a list shows."""
        return [one["id"] for one in (await self.get(f"/issues.json?{query}"))["issues"]]
