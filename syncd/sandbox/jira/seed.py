"""The neutral portfolio in Jira's words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from syncd.model.canonical import Health, MilestoneStatus, Priority, Status
from syncd.sandbox._words import COMPONENTS
from syncd.sandbox.jira.adf import from_markdown
from syncd.sandbox.jira.edits import Edit, create_issue
from syncd.sandbox.jira.sprints import Board, Sprint
from syncd.sandbox.jira.state import Component, Issue, Json, Project, Site, User, Version
from syncd.sandbox.portfolio import PROJECTS, Portfolio, SeedInitiative, SeedMilestone, SeedTask, as_shown_by

BOT_EMAIL: Final = "sync-bot@acme.example"
OFFICE_EMAIL: Final = "office@acme.example"
ADMIN: Final = "712020:admin"
BOT: Final = "712020:sync-bot"
OFFICE: Final = "712020:office"
SPRINT_DAYS: Final = 14
PROJECT_NAMES: Final = {"PMO": "Project office", "ENG": "Engineering"}
_TOOL: Final = "jira"
_TASK_STATUS: Final = {
    Status.PROPOSED: "10100",
    Status.PLANNED: "10101",
    Status.IN_PROGRESS: "3",
    Status.IN_REVIEW: "10102",
    Status.BLOCKED: "10103",
    Status.DONE: "10104",
    Status.CANCELLED: "10105",
}
_TOP_STATUS: Final = {
    Status.PROPOSED: "10110",
    Status.PLANNED: "10111",
    Status.DONE: "10113",
    Status.CANCELLED: "10114",
}
_UNDER_WAY: Final = "10112"
_PRIORITY: Final = {Priority.URGENT: "1", Priority.HIGH: "2", Priority.MEDIUM: "3", Priority.LOW: "4"}
_HEALTH: Final = {Health.ON_TRACK: "10230", Health.AT_RISK: "10231", Health.OFF_TRACK: "10232"}
_BLOCKS: Final = "10000"


def account_of(handle: str) -> str:
    """Return the account id of the seed person *handle*."""
    return f"712020:{handle}"


def fill(site: Site, portfolio: Portfolio) -> None:
    """Set up people and projects, then everything of the portfolio that lives in Jira."""
    _people(site, portfolio)
    for number, key in enumerate(PROJECTS):
        site.projects[key] = Project(id=10_000 + number, key=key, name=PROJECT_NAMES[key], lead=ADMIN)
        for name in COMPONENTS:
            one = Component(id=str(site.new_id()), project=key, name=name)
            site.components[one.id] = one
    _sprints(site)
    versions = {
        (seed.key, project): _version(site, project, as_shown_by(_TOOL, seed)).id
        for seed in portfolio.milestones
        if seed.in_jira
        for project in seed.projects
    }
    made: dict[str, Issue] = {}
    for initiative in portfolio.initiatives:
        if initiative.in_jira:
            made[initiative.key] = _initiative(site, as_shown_by(_TOOL, initiative))
    for task in portfolio.tasks:
        if task.in_jira:
            made[task.key] = _task(site, as_shown_by(_TOOL, task), made, versions)
    for task in portfolio.tasks:
        for other in task.depends_on:
            if task.key in made and other in made:
                site.link(_BLOCKS, made[other], made[task.key])
    _backdate(site, made.values())


def _people(site: Site, portfolio: Portfolio) -> None:
    # Zones without summer time, and one off the full hour: what a reader of minute literals must survive.
    robots = (
        User(account_id=BOT, name="Sync Bot", email=BOT_EMAIL, email_shown=False, zone_name="Asia/Kolkata"),
        User(account_id=OFFICE, name="Office Bot", email=OFFICE_EMAIL, email_shown=False, zone_name="America/Phoenix"),
        User(account_id=ADMIN, name="Admin Example", email="admin@acme.example", email_shown=False),
    )
    site.users.update({one.account_id: one for one in robots})
    for person in portfolio.people:
        account = account_of(person.handle)
        site.users[account] = User(
            account_id=account, name=person.name, email=person.email, email_shown=person.email_shown
        )


def _sprints(site: Site) -> None:
    """Give each project a board, and engineering six sprints of two weeks: two closed, one active, three to come."""
    for key, kind in (("PMO", "kanban"), ("ENG", "scrum")):
        board = Board(id=site.new_id(), project=key, name=f"{key} board", type=kind)
        site.boards[board.id] = board
    now = site.now()
    monday = (now - timedelta(days=now.weekday())).replace(hour=4, minute=0, second=0, microsecond=0)
    for index in range(6):
        start = monday + timedelta(days=SPRINT_DAYS * (index - 2))
        end = start + timedelta(days=SPRINT_DAYS - 3, hours=8)
        state = "closed" if index < 2 else "active" if index == 2 else "future"  # noqa: PLR2004 - the third runs
        sprint = Sprint(id=site.new_id(), board=board.id, name=f"Iteration {index + 1}", state=state)
        sprint.start, sprint.end, sprint.complete = start, end, end if state == "closed" else None
        site.sprints[sprint.id] = sprint


def _version(site: Site, project: str, seed: SeedMilestone) -> Version:
    version = Version(
        id=str(site.new_id()),
        project=project,
        name=seed.title,
        description=seed.description,
        start=seed.start_on.isoformat(),
        release=seed.due_on.isoformat(),
        released=seed.status is MilestoneStatus.RELEASED,
        archived=seed.status is MilestoneStatus.CANCELLED,
    )
    site.versions[version.id] = version
    return version


def _initiative(site: Site, seed: SeedInitiative) -> Issue:
    fields: Json = {
        "customfield_10020": seed.budget_eur,
        "customfield_10022": seed.target_on.isoformat(),
        "customfield_10026": {"id": _HEALTH[seed.health]},
    }
    team = next((one.id for one in site.fields["customfield_10021"].options if one.value == seed.team), None)
    if team:
        fields["customfield_10021"] = {"id": team}
    shared = _shared(seed, "PMO", "Initiative", (seed.owner,), seed.owner)
    status = _TOP_STATUS.get(seed.status, _UNDER_WAY)
    return _make(site, {**shared, **fields}, status, seed.owner)


def _task(site: Site, seed: SeedTask, made: dict[str, Issue], versions: dict[tuple[str, str], str]) -> Issue:
    parent, kind = made.get(seed.parent), seed.type
    if kind == "Sub-task" and (parent is None or parent.type.level):
        parent, kind = None, "Task"  # its parent lives elsewhere
    fields: Json = {"duedate": seed.due_on.isoformat(), "components": [{"name": seed.component}]}
    if kind != "Sub-task":
        fields["customfield_10016"] = seed.estimate
    if parent is not None:
        fields["parent"] = {"id": str(parent.id)}
    version = versions.get((seed.milestone or "", seed.project))
    if version:
        fields["fixVersions"] = [{"id": version}]
    shared = _shared(seed, seed.project, kind, seed.assignees, seed.reporter)
    return _make(site, {**shared, **fields}, _TASK_STATUS[seed.status], seed.reporter)


def _shared(
    seed: SeedInitiative | SeedTask, project: str, kind: str, assignees: tuple[str, ...], reporter: str
) -> Json:
    return {
        "project": {"key": project},
        "issuetype": {"name": kind},
        "summary": seed.title,
        "description": from_markdown(seed.description),
        "labels": list(seed.labels),
        "priority": {"id": _PRIORITY[seed.priority]},
        "assignee": {"accountId": account_of(assignees[0])} if assignees else None,
        "reporter": {"accountId": account_of(reporter)},
        "customfield_10015": seed.start_on.isoformat(),
    }


def _make(site: Site, fields: Json, status: str, author: str) -> Issue:
    issue = create_issue(site, site.users[account_of(author)], Edit(fields=fields))
    done = {"resolution": "10000", "resolutiondate": site.now()} if status in {"10104", "10113"} else {}
    issue.values = {**issue.values, "status": status, **done}
    return issue


def _backdate(site: Site, issues: Iterable[Issue]) -> None:
    """Let the portfolio have grown over the last weeks, and the index have caught up long ago."""
    now = site.now()
    for place, issue in enumerate(issues):
        updated = now - timedelta(days=2 + place % 20, minutes=7 * place % 1440)
        issue.values = {**issue.values, "created": updated - timedelta(days=30), "updated": updated}
        issue.snapshots = [(updated, issue.key, issue.values)]
