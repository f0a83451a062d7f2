"""A Jira connection to a stand-in of its own, every exchange judged by the vendor's contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import httpx

from syncd.connectors._http import make_client
from syncd.connectors.jira import TOOL
from syncd.connectors.jira.settings import JiraSettings
from syncd.connectors.protocol import Connector
from syncd.model.refs import ConnectionName, Ref
from syncd.sandbox.app import Sandbox, make_sandbox
from syncd.sandbox.jira import JiraStandIn
from syncd.world import World
from tests.connectors.virtual import Clock, make_world
from tests.contracts.openapi import CheckedTransport, jira_contract

NAME = ConnectionName("jira-pmo")
URL = "http://sandbox.example/jira"
LAG_S = 30.0


@dataclass(kw_only=True)
class JiraSite:
    """A stand-in, its clock, and ways to connect to it."""

    sandbox: Sandbox
    clock: Clock
    world: World

    @property
    def tool(self) -> JiraStandIn:
        """The stand-in itself."""
        return cast("JiraStandIn", self.sandbox.tools["jira"])

    def settings(self, **changes: Any) -> JiraSettings:  # noqa: ANN401 - configuration values
        """Return the settings of the main account, changed as told."""
        known = self.tool.credentials()
        plain = {
            "url": URL,
            "auth": {"email": known["email"], "token": known["token"]},
            "scope": {"projects": ["PMO", "ENG"]},
        }
        return JiraSettings.model_validate(plain | changes)

    def connect(self, settings: JiraSettings | None = None) -> Connector:
        """Return a connector; its exchanges are judged by the contract."""
        return TOOL.connect(NAME, settings or self.settings(), make_client(self.world), self.world)

    def stranger(self) -> Connector:
        """Return a connector with a wrong credential."""
        return self.connect(self.settings(auth={"email": "bot@acme.example", "token": "wr0ng-t0ken"}))

    def writes(self) -> list[str]:
        """Return the operations that were meant to write, in order."""
        return [entry.operation for entry in self.sandbox.log.writes()]

    async def add(self, title: str, kind: str = "Story", project: str = "PMO") -> Ref:
        """Make an issue or version as a person would."""
        made = self.tool.add(kind, project, {"title": title})
        await self.world.sleep(1.0)
        return Ref(NAME, "version" if kind == "version" else "issue", str(made["id"]))

    async def retitle(self, ref: Ref, title: str) -> None:
        """Change a title as a person would."""
        self.tool.set(ref.id, "title", title)
        await self.world.sleep(1.0)

    async def delete(self, ref: Ref) -> None:
        """Delete an item as a person would."""
        self.tool.delete(ref.id)
        await self.world.sleep(1.0)

    async def settle(self) -> None:
        """Let the index catch up."""
        await self.world.sleep(LAG_S + 1.0)


def make_site(items: int = 12, *, lag_s: float = LAG_S) -> JiraSite:
    """Return a site with a small portfolio in virtual time."""
    clock = Clock()
    sandbox = make_sandbox(["jira"], make_world(clock), items=items)
    contract = jira_contract()

    def transport() -> httpx.AsyncBaseTransport:
        return CheckedTransport(contract, sandbox.transport(), prefix="/jira")

    site = JiraSite(sandbox=sandbox, clock=clock, world=make_world(clock, transport))
    site.tool.site.index_lag_s = lag_s
    clock.at_s += lag_s + 1.0
    return site
