"""Who plays in a life: Jira and one other tool; how people use each, and what the admin wrote about the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.model.refs import ConnectionName
from tests.engine.bench import BOTH_WAYS, MAPPING, SYNCD_YAML

EDITED_AS: Final = ("title", "text", "labels", "status", "due", "start", "priority", "assignee")
"""What people call the fields of a task."""


@dataclass(frozen=True)
class Part:
    """One tool as its people use it."""

    connection: ConnectionName
    by: str
    """Who edits there."""
    made: tuple[str, str]
    """What they make, and where."""
    native: Mapping[str, str]
    """How each of `EDITED_AS` is called there; what the tool does not have is left out."""
    done: str
    """Its status of what is done."""
    has_drafts: bool = False
    """What it archives may vanish from its lists."""


PARTS: Final[Mapping[str, Part]] = {
    "jira": Part(
        ConnectionName("jira-pmo"),
        by="ada",
        made=("Story", "ENG"),
        native={
            "title": "summary",
            "text": "description",
            "labels": "labels",
            "status": "status",
            "due": "duedate",
            "start": "Start date",
            "priority": "priority",
            "assignee": "assignee",
        },
        done="Done",
    ),
    "github": Part(
        ConnectionName("github-eng"),
        by="ben",
        made=("Task", "api"),
        native={
            "title": "title",
            "text": "body",
            "labels": "labels",
            "status": "Status",
            "due": "Target date",
            "start": "Start date",
            "priority": "Priority",
            "assignee": "assignees",
        },
        done="Done",
        has_drafts=True,
    ),
    "linear": Part(
        ConnectionName("linear-road"),
        by="ada",
        made=("issue", "API"),
        native={
            "title": "title",
            "text": "description",
            "labels": "labels",
            "status": "state",
            "due": "due_date",
            "priority": "priority",
            "assignee": "assignee",
        },
        done="Done",
    ),
    "redmine": Part(
        ConnectionName("redmine-eng"),
        by="ada",
        made=("Feature", "eng"),
        native={
            "title": "subject",
            "text": "description",
            "status": "status",
            "due": "due_date",
            "start": "start_date",
            "priority": "priority",
            "assignee": "assigned_to",
        },
        done="Closed",
    ),
}
NO_TASKS: Final = frozenset({"version", "Milestone", "Initiative", "Epic", "Project"})
"""What else there is in the tools, as they call it."""
GITHUB: Final = SYNCD_YAML[SYNCD_YAML.index("  github-eng:") : SYNCD_YAML.index("portfolios:")]
LINEAR: Final = """\
  linear-road:
    tool: linear
    url: http://sandbox/linear
    auth: {api_key: {env: LINEAR_TOKEN}}
    scope: {teams: [API, WEB]}
    mode: write
"""
REDMINE: Final = """\
  redmine-eng:
    tool: redmine
    url: http://sandbox/redmine
    auth: {key: {env: REDMINE_TOKEN}}
    scope: {projects: [pmo, eng]}
    mode: write
    options: {per_s: 100000}
"""
LINEAR_MAPPING: Final = """\
version: 1
extends: defaults
kinds:
  initiative: {jira-pmo: [Initiative, Epic]}
  task: {jira-pmo: [Story, Task, Bug]}
match: {milestone: title, initiative: title, task: title}
fields:
  initiative.target_on: {leader: linear-road}
  milestone.due_on: {leader: linear-road}
  task.due_on: {leader: jira-pmo}
  task.status: {leader: linear-road}
people: people.csv
"""
REDMINE_MAPPING: Final = """\
version: 1
extends: defaults
kinds:
  initiative: {jira-pmo: [Initiative, Epic], redmine-eng: Epic}
  task: {jira-pmo: [Story, Task, Bug], redmine-eng: [Feature, Bug, Support]}
match: {milestone: title, initiative: title, task: title}
fields:
  initiative.priority: {leader: jira-pmo}
  initiative.start_on: {leader: jira-pmo}
  initiative.target_on: {leader: jira-pmo}
  milestone.due_on: {leader: jira-pmo}
  task.due_on: {leader: jira-pmo}
  task.status: {leader: redmine-eng}
people: people.csv
"""


@dataclass(frozen=True)
class Cast:
    """The configuration of Jira and one *other* tool."""

    other: str
    block: str
    """Its connection."""
    mapping: str
    create: str
    """Tasks made in either tool are made in the other one, too."""

    def main(self, main: str) -> str:
        """Return *main*, which is of Jira and GitHub, with the other tool in GitHub's place."""
        connection = PARTS[self.other].connection
        return main.replace(GITHUB, self.block).replace("jira-pmo, github-eng", f"jira-pmo, {connection}")

    def people(self, people: str) -> str:
        """Return who is who, from the file of Jira and GitHub."""
        head, *rows = people.splitlines()
        if self.other == "linear":  # knows people by their address, the first column
            rows = [f"{row.rpartition(',')[0]},{row.partition(',')[0]}" for row in rows]
        return "\n".join([head.replace("github-eng", PARTS[self.other].connection), *rows, ""])


def _create(made_in_other: str) -> str:
    return BOTH_WAYS.replace("github-eng: {repository: api}", made_in_other).replace(
        "github-eng", made_in_other.partition(":")[0]
    )


CASTS: Final = {
    "github": Cast("github", GITHUB, MAPPING, BOTH_WAYS),
    "linear": Cast("linear", LINEAR, LINEAR_MAPPING, _create("linear-road: {container: API, type: issue}")),
    "redmine": Cast("redmine", REDMINE, REDMINE_MAPPING, _create("redmine-eng: {project: eng, type: Feature}")),
}


def mappings(cast: Cast) -> Mapping[str, str]:
    """Return what the admin may have written: edits that meet are held, or decided; or a deletion is followed."""
    led = "fields:\n  task.title: {leader: jira-pmo}\n  task.description: {policy: newest}\n"
    return {
        "held": cast.mapping + cast.create,
        "led": cast.mapping.replace("fields:\n", led) + cast.create,
        "archiving": cast.mapping + cast.create + "on_delete: {task: {do: archive, close_as: done}}\n",
    }


def fault_of(name: str, other: str) -> str:
    """Return a fault that was drawn for GitHub as it befalls the *other* tool, which may not know it."""
    kind, colon, rest = name.partition(":")
    if other == "redmine" and kind.startswith("graphql-"):
        return f"503{colon}{rest}"
    if kind == "403" and rest.startswith("reason=rate") and other != "github":
        return f"429:wait=30{rest.removeprefix('reason=rate')}"
    return name


def tools_of(other: str) -> Sequence[str]:
    """Return the tools of a life."""
    return ("jira", other)
