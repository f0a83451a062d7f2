"""
Four tools and the people in them, in a process of their own: `python -m tests.soak.office ITEMS SEED`.

Prints one line of JSON once it listens; takes one command a line and answers
each with one of JSON:

    hooks TOOL=URL ...      tell these of every edit from now on
    meet                    take up the tasks that all tools show; how many
    edit PER_S | rest       let people edit at that pace, on average; let them stop
    fault TOOL:NAME...      arm a fault, or turn a knob (`jira:hooks-dropped=0.5`) | clear
    revoke TOOL | restore TOOL
    stand                   what is not everywhere yet, deliveries to be sent, and how much was written
    judge                   what is lost, shown by some only, or doubled
    lags                    each thing said and replaced by nothing: when, and when it was where
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

import httpx
import uvicorn

from benchmarks.office import STANDINS
from syncd.model.canonical import Status
from syncd.sandbox.app import Sandbox
from syncd.sandbox.github import GitHubStandIn
from syncd.sandbox.jira import JiraStandIn
from syncd.sandbox.linear import LinearStandIn
from syncd.sandbox.portfolio import Portfolio, make_portfolio
from syncd.sandbox.redmine import RedmineStandIn
from syncd.sandbox.sender import Sender, post_with, read_target
from syncd.sandbox.standin import StandIn
from syncd.world import World, real_world
from tests.crash.casts import PARTS
from tests.soak.people import TOOLS, People

MUCH: Final = 10_000_000
"""An hour's allowance nobody uses up: several edits a second are more than these tools grant anybody."""
DELAY_S: Final = 20.0
"""How long a delayed webhook takes at most."""


@dataclass
class Office:
    """The tools, the people, and what may be asked of them."""

    sandbox: Sandbox
    world: World
    people: People
    dice: Random
    sender: Sender
    editing: asyncio.Task[None] | None = None
    given_back: dict[str, Callable[[], None]] = field(default_factory=dict)
    """How to restore a credential, by tool."""

    async def answer(self, command: str) -> object:
        """Do what a command asks, and return what there is to tell."""
        match command.split():
            case ["hooks", *targets]:
                return {tool: self.sender.add(tool, url).secret for tool, url in map(read_target, targets)}
            case ["edit", per_s]:
                self.editing = asyncio.create_task(self._edit(float(per_s)))
                return {}
            case ["rest"] if self.editing is not None:
                self.editing.cancel()
                return {}
            case ["meet" | "stand" | "judge" | "lags" as what]:
                return self._tell(what)
        self._disturb(*command.split())
        return {}

    def _tell(self, what: str) -> object:
        match what:
            case "meet":
                return self.people.meet()
            case "judge":
                return self.people.judge()
            case "lags":
                return [[said.at_s, *said.there.values()] for said in self.people.said if not said.is_over]
        return self._stand()

    def _disturb(self, what: str, about: str = "") -> None:
        match what:
            case "fault":
                self.sandbox.faults.add(about)
            case "clear":
                self.sandbox.faults.clear()
            case "revoke":
                self.given_back[about] = revoke(self.sandbox.tools[about])
            case "restore":
                self.given_back.pop(about)()
            case _:
                raise ValueError(what)

    async def _edit(self, per_s: float) -> None:
        while True:
            await self.world.sleep(self.dice.expovariate(per_s))
            self.people.act()

    def _stand(self) -> object:
        people = self.people
        return {
            "pending": people.pending(),
            "deliveries": self.sender.waiting,
            "writes": people.writes,
            "wrote": people.wrote,
            "said": len(people.said),
            "acts": sum(people.made.values()),
            "struck": sum(entry.fault is not None for entry in self.sandbox.log.entries()),
        }


def revoke(tool: StandIn) -> Callable[[], None]:
    """Refuse a tool's credential from now on; return what gives it back."""
    match tool:
        case JiraStandIn():
            held = [tool.accounts, tool.bearers]
        case GitHubStandIn():
            held = [tool.gate._sessions]
        case LinearStandIn():
            held = [tool.gate._keys, tool.gate._tokens]
        case RedmineStandIn():
            account = next(one for one in tool.site.users.values() if one.key == tool.credentials()["key"])
            key = account.key
            tool.revoke()
            return lambda: setattr(account, "key", key)
        case _:
            raise ValueError(tool.name)
    kept = [dict(each) for each in held]  # type: ignore[call-overload]
    tool.revoke()

    def restore() -> None:
        for now, before in zip(held, kept, strict=True):
            now.update(before)  # type: ignore[attr-defined]

    return restore


def plain(items: int, world: World) -> Portfolio:
    """Return tasks that every tool holds and can tell alike: nothing is asked at first contact."""
    portfolio = make_portfolio(items, world.now().date())
    everywhere: dict[str, Any] = {f"in_{tool}": True for tool in TOOLS}
    same: dict[str, Any] = {"status": Status.PLANNED, "parent": "", "depends_on": (), "milestone": None, "drift": {}}
    tasks = [replace(task, type="Task", draft=False, **everywhere, **same) for task in portfolio.tasks]
    return replace(portfolio, tasks=tuple(tasks), initiatives=(), milestones=())


def furnish(sandbox: Sandbox) -> None:
    """Grant what several edits a second need, and make and say something in each tool, which is approved once."""
    for tool, part in PARTS.items():
        stand_in = sandbox.tools[tool]
        match stand_in:
            case RedmineStandIn():
                stand_in.site.derives = False  # a parent that has its dates from its children never tells the same
            case GitHubStandIn():
                stand_in.limits.graphql.limit = stand_in.limits.rest.limit = MUCH
            case LinearStandIn():
                stand_in.limits.requests.limit = stand_in.limits.complexity.limit = MUCH
        made = stand_in.add(part.kind, part.place, {"title": f"Opened in {part.called}"}, by=part.by)
        stand_in.add("comment", str(made["key"]), {"body": "Opening words"}, by=part.by)


async def _serve(items: str, seed: str) -> None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    world, dice = real_world(), Random(seed)  # noqa: S311 - a seeded office
    portfolio = plain(int(items), world)
    sandbox = Sandbox({tool: STANDINS[tool](world, portfolio) for tool in TOOLS}, world)
    furnish(sandbox)
    async with httpx.AsyncClient(trust_env=False) as client:
        sender = sandbox.send_webhooks(post_with(client))
        for trouble in sender.trouble.values():
            trouble.delay_s = DELAY_S
        office = Office(sandbox, world, People(sandbox, world.monotonic, dice), dice, sender)
        config = uvicorn.Config(sandbox.app, log_level="critical", access_log=False, lifespan="off")
        serving = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listener]))
        sending = asyncio.create_task(sender.run())
        rows = [[one.email, *(part.handle.format(one) for part in PARTS.values())] for one in portfolio.people]
        told = {"base": base, "tools": sandbox.describe(base), "people": rows}
        print(json.dumps(told), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await office.answer(line)), flush=True)
        sending.cancel()
        serving.cancel()


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
