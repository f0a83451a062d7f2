"""Linear as a portfolio's roadmap tool: first contact, creates both ways, and quiet afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from syncd.sandbox.portfolio import make_portfolio
from syncd.store.rows import LinkState
from tests.engine.bench import Bench, make_bench
from tests.engine.contact import agreed

MAIN = """\
version: 1
store: {env: STORE}
connections:
  jira-pmo:
    tool: jira
    url: http://sandbox/jira
    auth: {email: %(email)s, token: {env: JIRA_TOKEN}}
    scope: {projects: [PMO, ENG]}
    mode: write
  linear-road:
    tool: linear
    url: http://sandbox/linear
    auth: {api_key: {env: LINEAR_TOKEN}}
    scope: {teams: [API, WEB]}
    mode: write
portfolios:
  platform:
    connections: [jira-pmo, linear-road]
    mapping: platform.yaml
"""

MAPPING = """\
version: 1
extends: defaults
match: {milestone: title, initiative: title, task: title}
kinds:
  comment: {jira-pmo: comment, linear-road: comment}
create:
  initiative: {from: linear-road, in: [{jira-pmo: {project: PMO, type: Epic}}]}
  milestone: {from: linear-road, in: [{jira-pmo: {project: PMO}}]}
  task: {from: any, in: [{jira-pmo: {project: ENG, type: Story}}, {linear-road: {container: API, type: issue}}]}
  comment: {from: any, in: [jira-pmo, linear-road]}
fields:
  initiative.target_on: {leader: linear-road}
  milestone.due_on: {leader: linear-road}
  task.status: {leader: jira-pmo}
people: people.csv
"""


def linear_bench(folder: Path, *, items: int = 12) -> Bench:
    """Return an installation with Jira and Linear, both of them seeded with the same portfolio."""
    made = make_bench(folder, items=items, tools=("jira", "linear"))
    email = str(made.sandbox.tools["jira"].credentials()["email"])
    seeded = make_portfolio(items, made.clock.now().date()).people
    people = "".join(f"{one.email},712020:{one.handle},{one.email}\n" for one in seeded)
    made.main, made.mapping = MAIN % {"email": email}, MAPPING
    made.people = f"person,jira-pmo,linear-road\n{people}"
    return made


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return linear_bench(tmp_path)


def shown(bench: Bench, tool: str, key: str) -> Mapping[str, Any]:
    """Return an item as its tool shows it."""
    found = bench.sandbox.tools[tool].show(key)
    assert isinstance(found, Mapping)
    return found


async def test_what_both_hold_is_matched_the_rest_is_made_and_edits_cross_both_ways(bench: Bench) -> None:
    await agreed(bench, approvals=2)
    assert "create" not in " ".join(line.verb for line in (await bench.sync()).lines)
    async with bench.desk() as desk:
        entities = await desk.store.entities.ids("platform")
        links = await desk.store.links.by_entities(entities)
    alone = [one for one in entities if {link.ref.connection for link in links[one]} != {"jira-pmo", "linear-road"}]
    assert len(entities) > 15
    assert alone == []
    assert {link.state for some in links.values() for link in some} == {LinkState.LIVE}
    linear, jira = bench.sandbox.tools["linear"], bench.sandbox.tools["jira"]
    linear.set("Enterprise single sign-on", "name", "Sign-on for everybody")
    jira.set("PMO-1", "priority", "Low")
    await bench.settle()
    assert shown(bench, "jira", "PMO-1")["summary"] == "Sign-on for everybody"
    assert shown(bench, "linear", "Sign-on for everybody")["priority"] in {4, "Low"}


async def test_a_quarter_is_kept_while_the_day_elsewhere_lies_in_it_and_sharpened_when_it_does_not(
    bench: Bench,
) -> None:
    bench.mapping = bench.mapping.replace("target_on: {leader: linear-road}", "target_on: {leader: jira-pmo}")
    await agreed(bench, approvals=2)
    linear, jira = bench.sandbox.tools["linear"], bench.sandbox.tools["jira"]
    name = "Enterprise single sign-on"
    linear.set(name, "target_date", "2026-06-30")
    linear.set(name, "target_date_resolution", "quarter")
    jira.set("PMO-1", "duedate", "2026-05-15")
    mark = bench.sandbox.log.mark()
    await bench.settle()
    assert [write for write in bench.writes_since(mark) if write.startswith("linear")] == []
    assert _target(bench, name) == ("2026-06-30", "quarter")
    jira.set("PMO-1", "duedate", "2026-08-03")
    await bench.settle()
    assert _target(bench, name) == ("2026-08-03", None)
    linear.set(name, "target_date", "2026-12-31")
    linear.set(name, "target_date_resolution", "year")
    await bench.settle()
    assert _target(bench, name) == ("2026-12-31", "year"), "any day of the year is said already"


def _target(bench: Bench, name: str) -> tuple[object, object]:
    told = shown(bench, "linear", name)
    return told["target_date"], told["target_date_resolution"]
