"""A configuration folder in the test's own directory, and two made-up tools to connect with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from syncd.errors import ConfigProblems
from syncd.settings.load import Settings, ToolLike, load
from syncd.settings.webhooks import Signs


class Auth(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    email: str | None = None
    token: SecretStr
    passphrase: SecretStr | None = None


class Scope(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    projects: tuple[str, ...]
    page_size: int = 50


class TrackerSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    url: str
    auth: Auth
    scope: Scope


TRACKER_DEFAULTS = """\
version: 1
kinds: {milestone: version, initiative: [Epic, Initiative], task: [Story, Task, Bug]}
fields:
  task.title: {field: summary}
  task.description: {field: description}
  task.status:
    field: status
    values:
      planned: [To Do, "category:new"]
      in_progress: [In Progress, "category:indeterminate"]
      in_review: [In Review]
      blocked: [Blocked]
      done: [Done, "category:done"]
      cancelled: [Cancelled, "Won't Do"]
  task.labels: {field: labels, pattern: '\\S+'}
  task.assignees: {field: assignee}
  task.due_on: {field: duedate}
  task.milestone: {field: fixVersions}
  initiative.title: {field: summary}
  milestone.title: {field: name}
  milestone.due_on: {field: releaseDate}
  milestone.status:
    field: released
    values: {released: ["true"], active: ["false"]}
    fallback: {planned: active, cancelled: released}
"""

BOARD_DEFAULTS = """\
version: 1
kinds: {milestone: milestone, task: [Task, Bug]}
fields:
  task.title: {field: title}
  task.status: {field: Status}
  task.labels: {field: labels}
  milestone.title: {field: title}
  milestone.due_on: {field: due_on}
"""


@dataclass(frozen=True)
class MadeUpTool:
    name: str
    text: str
    settings: type[BaseModel] = TrackerSettings
    hooks: Signs | None = None

    def defaults(self) -> str:
        return self.text

    def archives(self, record_type: str) -> bool:
        return self.name == "board" and record_type != "milestone"


@dataclass(frozen=True)
class Signing:
    signed: bool


TOOLS: Mapping[str, Callable[[], ToolLike]] = {
    "tracker": lambda: MadeUpTool("tracker", TRACKER_DEFAULTS, hooks=Signing(signed=True)),
    "board": lambda: MadeUpTool("board", BOARD_DEFAULTS, hooks=Signing(signed=False)),
    "hookless": lambda: MadeUpTool("hookless", BOARD_DEFAULTS),
}

SYNCD = """\
version: 1
connections:
  pmo:
    tool: tracker
    url: https://tracker.example
    auth: {email: bot@acme.example, token: {env: PMO_TOKEN}}
    scope: {projects: [PMO]}
    mode: write
  eng:
    tool: board
    url: https://board.example
    auth: {token: {file: eng.token}}
    scope: {projects: [api, web]}
portfolios:
  platform:
    connections: [pmo, eng]
    mapping: mappings/platform.yaml
    every: 5m
"""

MAPPING = """\
version: 1
extends: defaults
match: {milestone: title}
create:
  milestone: {from: pmo, in: [{eng: {repositories: [api, web]}}]}
fields:
  milestone.due_on: {leader: pmo}
  task.status:
    policy: newest
    pmo: {values: {planned: [Backlog, Selected]}}
people: people.csv
"""

PEOPLE = """\
person,pmo,eng
ada,ada@acme.example,ada-example
admin,5b10,
"""

ENV = {"PMO_TOKEN": "made-up-token"}


@dataclass
class Folder:
    """A folder under test; what is not given is right."""

    path: Path

    def load(
        self,
        *,
        syncd: str = SYNCD,
        mapping: str = MAPPING,
        people: str = PEOPLE,
        env: Mapping[str, str] | None = None,
    ) -> Settings:
        (self.path / "mappings").mkdir(exist_ok=True)
        (self.path / "syncd.yaml").write_text(syncd)
        (self.path / "mappings" / "platform.yaml").write_text(mapping)
        (self.path / "people.csv").write_text(people)
        (self.path / "eng.token").write_text("another-made-up-token\n")
        return load(self.path, TOOLS, ENV if env is None else env)

    def told(
        self,
        *,
        syncd: str = SYNCD,
        mapping: str = MAPPING,
        people: str = PEOPLE,
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Return what an operator is told, with the test's folder called `config`."""
        with pytest.raises(ConfigProblems) as caught:
            self.load(syncd=syncd, mapping=mapping, people=people, env=env)
        return str(caught.value).replace(str(self.path), "config")
