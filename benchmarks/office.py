"""The site that is measured: the sandbox's own portfolio with descriptions as long as real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from syncd.model.canonical import Status
from syncd.sandbox.app import Sandbox
from syncd.sandbox.github import GitHubStandIn
from syncd.sandbox.jira import JiraStandIn
from syncd.sandbox.linear import LinearStandIn
from syncd.sandbox.portfolio import Portfolio, make_portfolio
from syncd.sandbox.redmine import RedmineStandIn
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
STANDINS: Final[Mapping[str, Callable[[World, Portfolio], StandIn]]] = {
    "jira": JiraStandIn,
    "github": GitHubStandIn,
    "linear": LinearStandIn,
    "redmine": RedmineStandIn,
}


def make_office(
    tools: Sequence[str], world: World, items: int, *, latency_ms: float = 0, lacking: str | None = None
) -> Sandbox:
    """
    Return a sandbox of these tools with that many tasks, each with a description of a few paragraphs.

    The tool that is *lacking* them has none.
    """
    portfolio = lengthened(make_portfolio(items, world.now().date()))
    if lacking is not None:
        portfolio = only_elsewhere(portfolio, lacking)
    return Sandbox({tool: STANDINS[tool](world, portfolio) for tool in tools}, world, latency_ms=latency_ms)


def lengthened(portfolio: Portfolio) -> Portfolio:
    """Return *portfolio* with longer descriptions; every item is in every tool, and tasks give way to initiatives."""
    tasks = [
        replace(
            task, description=_text(task.description, place), in_jira=True, in_github=True, in_redmine=True, draft=False
        )
        for place, task in enumerate(portfolio.tasks[len(portfolio.initiatives) :])
    ]
    return replace(portfolio, tasks=tuple(tasks))


def _text(opening: str, number: int) -> str:
    more = (PARAGRAPHS[(number + turn) % len(PARAGRAPHS)].replace("{n}", str(number + turn)) for turn in range(TURNS))
    return "\n\n".join([opening, "What else is known:", *more])


def only_elsewhere(portfolio: Portfolio, target: str) -> Portfolio:
    """Leave tasks out of *target*, in their first state and without parents, dependencies and milestones."""
    absent: dict[str, Any] = {f"in_{target}": False}
    plain: dict[str, Any] = {"status": Status.PLANNED, "parent": "", "depends_on": (), "milestone": None, "drift": {}}
    tasks = tuple(replace(task, type="Task", **plain, **absent) for task in portfolio.tasks)
    return replace(portfolio, tasks=tasks, initiatives=(), milestones=())
