"""Installations of syncd as the bars need them: one Jira connection, or Jira and GitHub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from syncd.sandbox.portfolio import make_portfolio
from syncd.world import real_world

JIRA: Final = """\
  jira-pmo:
    tool: jira
    url: {jira[url]}
    auth: {{email: {jira[email]}, token: {{file: token}}}}
    scope: {{projects: [PMO, ENG]}}
    options: {{share: {share}}}
    mode: write
"""
GITHUB: Final = """\
  github-eng:
    tool: github
    url: {github[url]}
    auth: {{token: {{file: github-token}}}}
    scope: {{owner: acme, project: 7, repositories: [api, web]}}
    options: {{share: {share}}}
    mode: write
"""
MAIN: Final = """\
version: 1
store: sqlite:///state/syncd.db
connections:
{connections}portfolios:
  all:
    connections: [{names}]
    mapping: mapping.yaml
    limits: {{update_count: 1000000, create_count: 1000000}}
"""
FIFTEEN: Final = """\
version: 1
extends: defaults
kinds:
  task: {{jira-pmo: [Initiative, Epic, Story, Task, Bug, Sub-task]}}
  initiative: {{jira-pmo: []}}
fields:
  task.description: {description}
  task.reporter: {{jira-pmo: {{field: reporter, direction: read}}}}
  task.completed_on: {{jira-pmo: {{field: resolutiondate, direction: read}}}}
people: people.csv
"""
"""The default mapping of a task's 13 fields, and two more: 15 (14 without the description)."""
BOTH: Final = """\
version: 1
extends: defaults
kinds:
  initiative: {jira-pmo: [Initiative, Epic], github-eng: Epic}
  task: {jira-pmo: [Story, Task, Bug, Sub-task], github-eng: [Feature, Task, Bug]}
match: {milestone: title, initiative: title, task: title}
fields:
  milestone.due_on: {leader: jira-pmo}
  task.due_on: {leader: jira-pmo}
  task.status: {leader: jira-pmo}
people: people.csv
"""


def install(folder: Path, tools: Mapping[str, Any], mapping: str, *, share: float = 1.0) -> None:
    """Write a configuration for the *tools* a server announced, without any state."""
    folder.mkdir(parents=True)
    named = {"jira": "jira-pmo", "github": "github-eng"}
    parts = {"jira": JIRA, "github": GITHUB}
    text = "".join(parts[tool].format(**tools, share=share) for tool in tools)
    (folder / "syncd.yaml").write_text(MAIN.format(connections=text, names=", ".join(named[tool] for tool in tools)))
    (folder / "mapping.yaml").write_text(mapping)
    (folder / "token").write_text(str(tools["jira"]["token"]))
    if "github" in tools:
        (folder / "github-token").write_text(str(tools["github"]["token"]))
    (folder / "people.csv").write_text(people([named[tool] for tool in tools]))


def people(connections: Sequence[str]) -> str:
    """Return the people file: Jira knows people by account id, GitHub by login."""
    seeded = make_portfolio(0, real_world().now().date()).people
    handles = {"jira-pmo": "712020:{}", "github-eng": "{}"}
    rows = [",".join([each.email, *(handles[name].format(each.handle) for name in connections)]) for each in seeded]
    return "\n".join([",".join(["person", *connections]), *rows, ""])
