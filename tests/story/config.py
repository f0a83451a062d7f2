"""The configurations of the stories: what people would write, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What one story's people configured, and the stand-ins it is played with beside the real Redmine."""

    tools: tuple[str, ...]
    main: str
    """`syncd.yaml`, with the tools' addresses left open."""
    mapping: str
    people: str


SYNCD_YAML = """\
version: 1
store: sqlite:///state/syncd.db
connections:
  redmine-plan:
    tool: redmine
    url: {redmine}
    auth: {{key: {{env: STORY_REDMINE_KEY}}}}
    scope: {{projects: [{project}]}}
    mode: write
    options: {{marker_field: {marker_field}, version_marker_field: {version_marker_field}, per_s: 1000}}
  jira-eng:
    tool: jira
    url: {jira}
    auth: {{email: {email}, token: {{env: STORY_JIRA_TOKEN}}}}
    scope: {{projects: [ENG]}}
    mode: write
    options: {{index_lag_s: 1, writes_in_flight: 1}}
  github-eng:
    tool: github
    url: {github}
    auth: {{token: {{env: STORY_GITHUB_TOKEN}}}}
    scope: {{owner: acme, project: 7, repositories: [api, web]}}
    mode: write
    options: {{mutation_interval_s: 0}}
portfolios:
  product:
    connections: [redmine-plan, jira-eng, github-eng]
    mapping: product.yaml
    limits: {{update_count: 500}}
"""

MAPPING = """\
version: 1
extends: defaults
kinds:
  initiative: {redmine-plan: Epic, jira-eng: Epic, github-eng: Epic}
  task:
    redmine-plan: [Feature, Bug, Support]
    jira-eng: [Story, Task, Bug]
    github-eng: [Task, Feature, Bug, Issue]
match: {initiative: title, milestone: title, task: title}
create:
  milestone:
    - {from: redmine-plan, in: [{jira-eng: {project: ENG}}, {github-eng: {repositories: [api, web]}}]}
    - {from: github-eng, in: [{redmine-plan: {project: PROJECT}}]}
  initiative:
    from: redmine-plan
    in: [{jira-eng: {project: ENG}}, {github-eng: {repository: api}}]
  task:
    - {from: redmine-plan, in: [{jira-eng: {project: ENG}}]}
    - {from: jira-eng, in: [{github-eng: {repository: api}}]}
    - {from: github-eng, in: [{redmine-plan: {project: PROJECT}}], when: {priority: urgent}}
fields:
  initiative.target_on: {leader: redmine-plan}
  milestone.due_on: {policy: latest}
  task.labels: {redmine-plan: Areas}
people: people.csv
"""
"""What the office plans arrives in both other tools, what is worked on in Jira in GitHub, what is urgent in Redmine."""

PEOPLE = """\
person,redmine-plan,jira-eng,github-eng
ada@acme.example,dana,712020:ada,ada
ben@acme.example,rita,712020:ben,ben
chi@acme.example,,712020:chi,chi
"""

THREE: Final = Script(tools=("jira", "github"), main=SYNCD_YAML, mapping=MAPPING, people=PEOPLE)
"""The office plans in Redmine."""

ROADMAP_YAML = """\
version: 1
store: sqlite:///state/syncd.db
connections:
  linear-roadmap:
    tool: linear
    url: {linear}/graphql
    auth: {{api_key: {{env: STORY_LINEAR_TOKEN}}}}
    scope: {{teams: [API]}}
    options: {{share: 1}}
    mode: write
    links_home: true
  redmine-plan:
    tool: redmine
    url: {redmine}
    auth: {{key: {{env: STORY_REDMINE_KEY}}}}
    scope: {{projects: [{project}]}}
    mode: write
    links_home: true
    options: {{marker_field: {marker_field}, version_marker_field: {version_marker_field}, per_s: 1000}}
  jira-eng:
    tool: jira
    url: {jira}
    auth: {{email: {email}, token: {{env: STORY_JIRA_TOKEN}}}}
    scope: {{projects: [ENG]}}
    mode: write
    links_home: true
    options: {{index_lag_s: 1, writes_in_flight: 1}}
  github-eng:
    tool: github
    url: {github}
    auth: {{token: {{env: STORY_GITHUB_TOKEN}}}}
    scope: {{owner: acme, project: 7, repositories: [api, web]}}
    mode: write
    links_home: true
    options: {{mutation_interval_s: 0}}
portfolios:
  product:
    connections: [linear-roadmap, redmine-plan, jira-eng, github-eng]
    mapping: product.yaml
    limits: {{update_count: 500}}
"""

ROADMAP_MAPPING = """\
version: 1
extends: defaults
kinds:
  initiative: {linear-roadmap: [initiative, project], redmine-plan: Epic, jira-eng: Epic, github-eng: Epic}
  task:
    linear-roadmap: issue
    redmine-plan: [Feature, Bug, Support]
    jira-eng: [Story, Task, Bug]
    github-eng: [Task, Feature, Bug, Issue]
  comment: {linear-roadmap: comment, redmine-plan: comment, jira-eng: comment, github-eng: comment}
match: {initiative: title, milestone: title, task: title}
create:
  milestone:
    from: linear-roadmap
    in: [{redmine-plan: {project: PROJECT}}, {jira-eng: {project: ENG}}, {github-eng: {repositories: [api, web]}}]
  initiative:
    from: linear-roadmap
    in: [{redmine-plan: {project: PROJECT}}, {jira-eng: {project: ENG}}, {github-eng: {repository: api}}]
  task:
    - {from: jira-eng, in: [{redmine-plan: {project: PROJECT}}, {github-eng: {repository: api}}]}
    - {from: jira-eng, in: [{linear-roadmap: {team: API}}]}
  comment: {from: any, in: [linear-roadmap, redmine-plan, jira-eng, github-eng]}
fields:
  initiative.parent: {redmine-plan: false, jira-eng: false}
  initiative.target_on: {leader: linear-roadmap}
  milestone.due_on: {leader: linear-roadmap}
people: people.csv
"""
"""Product managers keep the roadmap in Linear; initiatives and milestones arrive everywhere, engineers' work too."""

ROADMAP_PEOPLE = """\
person,linear-roadmap,redmine-plan,jira-eng,github-eng
ada@acme.example,ada@acme.example,dana,712020:ada,ada
ben@acme.example,ben@acme.example,rita,712020:ben,ben
chi@acme.example,chi@acme.example,,712020:chi,chi
"""

FOUR: Final = Script(
    tools=("linear", "jira", "github"), main=ROADMAP_YAML, mapping=ROADMAP_MAPPING, people=ROADMAP_PEOPLE
)
"""The roadmap is kept in Linear."""
