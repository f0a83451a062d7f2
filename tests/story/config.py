"""The configuration of the three-tool portfolio: what people would write, and nothing else."""

from __future__ import annotations

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
