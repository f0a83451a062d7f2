"""The neutral portfolio in Redmine's words."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from syncd.model.canonical import MilestoneStatus, Priority, Status
from syncd.sandbox._words import COMPONENTS
from syncd.sandbox.portfolio import PROJECTS, Portfolio, SeedInitiative, SeedMilestone, SeedTask, as_shown_by
from syncd.sandbox.redmine import schema
from syncd.sandbox.redmine.edits import create_issue
from syncd.sandbox.redmine.parents import derive_above
from syncd.sandbox.redmine.problems import RedmineProblem
from syncd.sandbox.redmine.relations import create_relation
from syncd.sandbox.redmine.state import Category, Issue, Json, Project, Site, User, Version

ADMIN: Final = 1
BOT: Final = 2
BOT_KEY: Final = "5a0db0f0redmine0sandbox0key0of0sync0bot0"
TOP: Final = ("acme", "Acme")
PROJECT_NAMES: Final = {"PMO": "Project office", "ENG": "Engineering"}
_TOOL: Final = "redmine"
_STATUS: Final = {
    Status.PROPOSED: schema.NEW,
    Status.PLANNED: schema.NEW,
    Status.IN_PROGRESS: schema.IN_PROGRESS,
    Status.IN_REVIEW: schema.RESOLVED,
    Status.BLOCKED: schema.FEEDBACK,
    Status.DONE: schema.CLOSED,
    Status.CANCELLED: schema.REJECTED,
}
_AREAS: Final = dict(zip(COMPONENTS, ("API", "UI", "Docs"), strict=True))
_PRIORITY: Final = {Priority.URGENT: 4, Priority.HIGH: 3, Priority.MEDIUM: 2, Priority.LOW: 1}


def identifier_of(project: str) -> str:
    """Return what Redmine calls the portfolio's project."""
    return project.lower()


def fill(site: Site, portfolio: Portfolio) -> None:
    """Set up people and projects, then everything of the portfolio that lives in Redmine."""
    _people(site, portfolio)
    top = _project(site, *TOP, None)
    projects = {key: _project(site, identifier_of(key), PROJECT_NAMES[key], top.id) for key in PROJECTS}
    versions = {
        (seed.key, key): _version(site, projects[key], as_shown_by(_TOOL, seed)).id
        for seed in portfolio.milestones
        if seed.in_redmine
        for key in seed.projects
    }
    made: dict[str, Issue] = {}
    for initiative in portfolio.initiatives:
        if initiative.in_redmine:
            made[initiative.key] = _initiative(site, as_shown_by(_TOOL, initiative))
    for task in portfolio.tasks:
        if task.in_redmine:
            made[task.key] = _task(site, as_shown_by(_TOOL, task), made, versions)
    for task in portfolio.tasks:
        for other in task.depends_on:
            if task.key in made and other in made:
                _wait(site, made[task.key], made[other])
    _finish(site, portfolio, made)


def _people(site: Site, portfolio: Portfolio) -> None:
    site.users[ADMIN] = User(
        id=ADMIN, login="admin", firstname="Admin", lastname="Example", mail="admin@acme.example", admin=True
    )
    site.users[BOT] = User(
        id=BOT,
        login="sync-bot",
        firstname="Sync",
        lastname="Bot",
        mail="sync-bot@acme.example",
        key=BOT_KEY,
        admin=True,
    )
    site.new_id("users")
    site.new_id("users")
    for person in portfolio.people:
        number = site.new_id("users")
        first, _, last = person.name.partition(" ")
        site.users[number] = User(
            id=number,
            login=person.handle,
            firstname=first,
            lastname=last,
            mail=person.email,
            mail_shown=person.email_shown,
        )


def _project(site: Site, identifier: str, name: str, parent: int | None) -> Project:
    now = site.now()
    project = Project(
        id=site.new_id("projects"),
        identifier=identifier,
        name=name,
        parent=parent,
        members={number: {schema.MANAGER.id} for number in site.users if number != ADMIN},
        created=now,
        updated=now,
    )
    site.projects[project.id] = project
    for component in COMPONENTS:
        category = Category(id=site.new_id("categories"), project=project.id, name=component)
        site.categories[category.id] = category
    return project


def _version(site: Site, project: Project, seed: SeedMilestone) -> Version:
    now = site.now()
    is_over = seed.status in {MilestoneStatus.RELEASED, MilestoneStatus.CANCELLED}
    version = Version(
        id=site.new_id("versions"),
        project_id=project.id,
        name=seed.title,
        description=seed.description,
        status="closed" if is_over else "open",
        due_date=seed.due_on.isoformat(),
        created=now,
        updated=now,
    )
    site.versions[version.id] = version
    return version


def _initiative(site: Site, seed: SeedInitiative) -> Issue:
    fields: Json = {
        "tracker_id": schema.EPIC,
        "due_date": seed.target_on.isoformat(),
        "custom_fields": [{"id": 2, "value": seed.team}] if seed.team in site.fields[2].options else [],
    }
    return _make(site, seed, "PMO", (seed.owner,), seed.owner, fields)


def _task(site: Site, seed: SeedTask, made: dict[str, Issue], versions: dict[tuple[str, str], int]) -> Issue:
    project = site.project(identifier_of(seed.project))
    category = next(
        one.id for one in site.categories.values() if (one.project, one.name) == (project.id, seed.component)
    )
    fields: Json = {
        "tracker_id": schema.BUG if seed.type == "Bug" else schema.FEATURE,
        "due_date": seed.due_on.isoformat(),
        "estimated_hours": seed.estimate,
        "category_id": category,
        "fixed_version_id": versions.get((seed.milestone or "", seed.project)),
        "custom_fields": [{"id": 1, "value": str(seed.estimate)}, {"id": 3, "value": [_AREAS[seed.component]]}],
    }
    if seed.parent in made:
        fields["parent_issue_id"] = made[seed.parent].id
    return _make(site, seed, seed.project, seed.assignees, seed.reporter, fields)


def _make(
    site: Site,
    seed: SeedInitiative | SeedTask,
    project: str,
    assignees: tuple[str, ...],
    author: str,
    fields: Json,
) -> Issue:
    people = {one.login: one for one in site.users.values()}
    shared: Json = {
        "project_id": identifier_of(project),
        "subject": seed.title,
        "description": seed.description,
        "priority_id": _PRIORITY[seed.priority],
        "start_date": seed.start_on.isoformat(),
        "assigned_to_id": people[assignees[0]].id if assignees else None,
    }
    return create_issue(site, people[author], shared | fields)


def _wait(site: Site, issue: Issue, other: Issue) -> None:
    """Let an issue wait for another one, where Redmine takes that: in one project, and not below each other."""
    try:
        create_relation(site, site.users[ADMIN], other, {"issue_to_id": issue.id, "relation_type": "blocks"})
    except RedmineProblem:
        return


def _finish(site: Site, portfolio: Portfolio, made: dict[str, Issue]) -> None:
    """Let everything stand as it does, and the portfolio have grown over the last weeks."""
    for task in portfolio.tasks:
        if task.key in made:
            made[task.key].status_id = _STATUS[as_shown_by(_TOOL, task).status]
    for initiative in portfolio.initiatives:
        if initiative.key in made:
            made[initiative.key].status_id = _STATUS[as_shown_by(_TOOL, initiative).status]
    now = site.now()
    for issue in made.values():
        derive_above(site, issue.parent_id)
    for place, issue in enumerate(made.values()):
        issue.updated = now - timedelta(days=2 + place % 20, minutes=7 * place % 1440)
        issue.created = issue.updated - timedelta(days=30)
        issue.closed = issue.updated if issue.is_closed else None
        issue.journals.clear()
