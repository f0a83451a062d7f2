"""The site that is measured: the sandbox's own portfolio with descriptions as long as real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from syncd.sandbox.app import Sandbox
from syncd.sandbox.github import GitHubStandIn
from syncd.sandbox.jira import JiraStandIn
from syncd.sandbox.portfolio import Portfolio, make_portfolio
from syncd.sandbox.standin import StandIn
from syncd.world import World

PARAGRAPHS: Final = (
    "A customer opens the page and sees what they asked for **before** they have finished reading the first line.",
    "- the first request comes from a phone, on a train\n- the second from a laptop, behind a proxy\n- both must agree",
    "### What we know\n\nSupport counted *{n}* letters about it last quarter; see `report {n}`.",
    "```\nGET /v1/items/{n}?expand=owner\n200 OK\n```",
    "Whoever picks this up: start with the **import**, then the nightly job, then the page itself. Nothing else waits.",
    "- write the migration\n- fill the new column\n- switch the readers\n- drop the old one",
)
"""What descriptions are made of, all of it said alike in every stand-in; an issue comes to about 7 KB with them."""
TURNS: Final = 8
STANDINS: Final[Mapping[str, Callable[[World, Portfolio], StandIn]]] = {"jira": JiraStandIn, "github": GitHubStandIn}


def make_office(tools: Sequence[str], world: World, items: int, *, latency_ms: float = 0) -> Sandbox:
    """Return a sandbox of these tools with that many tasks, each with a description of a few paragraphs."""
    portfolio = lengthened(make_portfolio(items, world.now().date()))
    return Sandbox({tool: STANDINS[tool](world, portfolio) for tool in tools}, world, latency_ms=latency_ms)


def lengthened(portfolio: Portfolio) -> Portfolio:
    """Return *portfolio* with longer descriptions; every item is in every tool, and tasks give way to initiatives."""
    tasks = [
        replace(task, description=_text(task.description, place), in_jira=True, in_github=True, draft=False)
        for place, task in enumerate(portfolio.tasks[len(portfolio.initiatives) :])
    ]
    return replace(portfolio, tasks=tuple(tasks))


def _text(opening: str, number: int) -> str:
    more = (PARAGRAPHS[(number + turn) % len(PARAGRAPHS)].replace("{n}", str(number + turn)) for turn in range(TURNS))
    return "\n\n".join([opening, "What else is known:", *more])
