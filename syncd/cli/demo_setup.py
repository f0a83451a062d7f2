"""The demo's configuration: two tools that drifted apart, each leading what it knows best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from syncd.errors import ConfigError

if TYPE_CHECKING:
    from syncd.sandbox.app import Sandbox

FOLDER: Final = Path("demo")
JIRA: Final = "jira-pmo"
GITHUB: Final = "github-eng"
PORTFOLIO: Final = "platform"
MARK: Final = "# Written by syncd demo, anew each time.\n"

SYNCD_YAML: Final = (
    MARK
    + """\
version: 1
store: sqlite:///state/syncd.db
connections:
  jira-pmo:
    tool: jira
    url: {jira[url]}
    auth: {{email: {jira[email]}, token: {{file: state/jira-token}}}}
    scope: {{projects: [PMO, ENG]}}
    mode: write
    options: {{share: 1}}
  github-eng:
    tool: github
    url: {github[url]}
    auth: {{token: {{file: state/github-token}}}}
    scope: {{owner: acme, project: 7, repositories: [api, web]}}
    mode: write
    options: {{share: 1, mutation_interval_s: 0}}
portfolios:
  platform:
    connections: [jira-pmo, github-eng]
    mapping: mapping.yaml
    every: 3s
"""
)

MAPPING_YAML: Final = (
    MARK
    + """\
version: 1
extends: defaults
kinds:
  initiative: {jira-pmo: [Initiative, Epic], github-eng: Epic}
  task: {jira-pmo: [Story, Task, Bug, Sub-task], github-eng: [Feature, Task, Bug]}
match: {milestone: title, initiative: title, task: title}
create:
  task: {from: jira-pmo, in: [{github-eng: {repository: api}}], when: {labels: sso}}
fields:
  initiative.target_on: {leader: jira-pmo, jira-pmo: "Target date"}   # the project office leads dates,
  milestone.due_on: {leader: jira-pmo}
  task.due_on: {leader: jira-pmo}
  task.status: {leader: github-eng}                                    # engineering leads status
people: people.csv
"""
)


def write_config(folder: Path, sandbox: Sandbox, base: str) -> None:
    """Write a fresh configuration for *sandbox*, which answers at *base*; an older demo's state is dropped."""
    tools: Mapping[str, Any] = sandbox.describe(base)
    _clear(folder)
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    for tool in ("jira", "github"):
        (state / f"{tool}-token").write_text(str(tools[tool]["token"]))
    (folder / "syncd.yaml").write_text(SYNCD_YAML.format(**tools))
    (folder / "mapping.yaml").write_text(MAPPING_YAML)
    (folder / "people.csv").write_text(_people())


def _clear(folder: Path) -> None:
    """Remove an earlier demo's files, and nothing that is not a demo's."""
    main = folder / "syncd.yaml"
    if main.exists() and not main.read_text().startswith(MARK):
        raise ConfigError(
            f"the folder {folder} holds a configuration that is not the demo's",
            where=str(main),
            fix="move it away, or start the demo elsewhere",
        )
    for path in (folder / "state").glob("syncd.db*"):
        path.unlink()


def _people() -> str:
    """Return the people file: Jira knows people by account id, GitHub by login."""
    from syncd.sandbox.portfolio import make_portfolio
    from syncd.world import real_world

    people = make_portfolio(0, real_world().now().date()).people
    rows = [f"{each.email},712020:{each.handle},{each.handle}" for each in people]
    return "\n".join([f"person,{JIRA},{GITHUB}", *rows, ""])
