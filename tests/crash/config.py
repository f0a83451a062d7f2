"""
The configurations of the scenes: tools that tell one story, and make in each other what is made in one.

Three tools in one; in the other Redmine beside Jira, where what was made is found again by its mark at once.
What is deleted in one is archived, or closed, in the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

MAIN: Final = """\
version: 1
store: {env: STORE}
listen: {hooks: off, admin: off}
connections:
  jira-pmo:
    tool: jira
    url: %(base)s/jira
    auth: {email: %(email)s, token: {env: JIRA_TOKEN}}
    scope: {projects: [PMO, ENG]}
    mode: write
    links_home: true
  github-eng:
    tool: github
    url: %(base)s/github
    auth: {token: {env: GITHUB_TOKEN}}
    scope: {owner: acme, project: 7, repositories: [api, web]}
    mode: write
    options: {mutation_interval_s: 0}
  linear-road:
    tool: linear
    url: %(base)s/linear
    auth: {api_key: {env: LINEAR_TOKEN}}
    scope: {teams: [API, WEB]}
    mode: write
    links_home: true
portfolios:
  platform:
    connections: [jira-pmo, github-eng, linear-road]
    mapping: platform.yaml
"""
MAPPING: Final = """\
version: 1
extends: defaults
match: {milestone: title, initiative: title, task: title}
kinds:
  initiative: {jira-pmo: [Initiative, Epic], github-eng: Epic}
  task: {jira-pmo: [Story, Task, Bug], github-eng: [Feature, Task, Bug, Issue]}
  comment: {jira-pmo: comment, github-eng: comment, linear-road: comment}
create:
  task:
    from: any
    in:
      - {jira-pmo: {project: ENG, type: Story}}
      - {github-eng: {repository: api}}
      - {linear-road: {container: API, type: issue}}
  comment: {from: any, in: [jira-pmo, github-eng, linear-road]}
on_delete: {task: {do: archive, close_as: cancelled}}
fields:
  initiative.target_on: {leader: linear-road}
  milestone.due_on: {leader: linear-road}
  task.due_on: {leader: jira-pmo}
  task.status: {leader: jira-pmo}
  task.estimate: {leader: github-eng}
people: people.csv
"""
MAIN_REDMINE: Final = """\
version: 1
store: {env: STORE}
listen: {hooks: off, admin: off}
connections:
  jira-pmo:
    tool: jira
    url: %(base)s/jira
    auth: {email: %(email)s, token: {env: JIRA_TOKEN}}
    scope: {projects: [PMO, ENG]}
    mode: write
    links_home: true
  redmine-eng:
    tool: redmine
    url: %(base)s/redmine
    auth: {key: {env: REDMINE_TOKEN}}
    scope: {projects: [pmo, eng]}
    mode: write
    links_home: true
    options: {per_s: 100000}
portfolios:
  platform:
    connections: [jira-pmo, redmine-eng]
    mapping: platform.yaml
"""
MAPPING_REDMINE: Final = """\
version: 1
extends: defaults
match: {milestone: title, initiative: title, task: title}
kinds:
  initiative: {jira-pmo: [Initiative, Epic], redmine-eng: Epic}
  task: {jira-pmo: [Story, Task, Bug], redmine-eng: [Feature, Bug, Support]}
  comment: {jira-pmo: comment, redmine-eng: comment}
create:
  task:
    from: any
    in:
      - {jira-pmo: {project: ENG, type: Story}}
      - {redmine-eng: {project: eng, type: Feature}}
  comment: {from: any, in: [jira-pmo, redmine-eng]}
on_delete: {task: {do: archive, close_as: cancelled}}
fields:
  initiative.priority: {leader: jira-pmo}
  initiative.start_on: {leader: jira-pmo}
  initiative.target_on: {leader: jira-pmo}
  milestone.due_on: {leader: jira-pmo}
  task.due_on: {leader: jira-pmo}
  task.status: {leader: jira-pmo}
  task.estimate: {leader: jira-pmo}
people: people.csv
"""


def write_config(folder: Path, main: str, mapping: str, people: str) -> None:
    """Write the three files of a configuration."""
    for name, text in (("syncd.yaml", main), ("platform.yaml", mapping), ("people.csv", people)):
        (folder / name).write_text(text)
