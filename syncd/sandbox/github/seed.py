"""The neutral portfolio in GitHub's words: owner `acme`, project 7 "Platform", one issue, milestone or draft each."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Final

from syncd.model.canonical import MilestoneStatus, Priority, Status
from syncd.sandbox.github import edits_issue, edits_milestone, edits_project
from syncd.sandbox.github.nodes import Issue, Milestone, User
from syncd.sandbox.github.nodes_project import Iteration, Option, Project, ProjectItem, Stored
from syncd.sandbox.github.state import State
from syncd.sandbox.pacific import due_day
from syncd.sandbox.portfolio import REPOSITORIES, Portfolio, SeedInitiative, SeedMilestone, SeedTask, as_shown_by

OWNER: Final = "acme"
PROJECT: Final = 7
BOT: Final = "sync-bot"
ADMIN: Final = "admin"
STATUSES: Final = ("Todo", "In Progress", "In Review", "Done")
PRIORITIES: Final = ("Urgent", "High", "Medium", "Low")
COLUMNS: Final = (
    ("Title", "TITLE", ()),
    ("Assignees", "ASSIGNEES", ()),
    ("Status", "SINGLE_SELECT", STATUSES),
    ("Labels", "LABELS", ()),
    ("Linked pull requests", "LINKED_PULL_REQUESTS", ()),
    ("Milestone", "MILESTONE", ()),
    ("Repository", "REPOSITORY", ()),
    ("Reviewers", "REVIEWERS", ()),
    ("Parent issue", "PARENT_ISSUE", ()),
    ("Sub-issues progress", "SUB_ISSUES_PROGRESS", ()),
    ("Priority", "SINGLE_SELECT", PRIORITIES),
    ("Start date", "DATE", ()),
    ("Target date", "DATE", ()),
    ("Estimate", "NUMBER", ()),
    ("Iteration", "ITERATION", ()),
)
TYPES: Final = (("Epic", "PURPLE"), ("Feature", "BLUE"), ("Bug", "RED"), ("Task", "YELLOW"))
TYPE_OF: Final = {"Story": "Feature", "Bug": "Bug"}
"""By Jira's word; anything else is a Task."""
STATUS_OF: Final[Mapping[Status, str]] = {
    Status.PROPOSED: "Todo",
    Status.PLANNED: "Todo",
    Status.IN_PROGRESS: "In Progress",
    Status.IN_REVIEW: "In Review",
    Status.BLOCKED: "In Progress",
    Status.DONE: "Done",
    Status.CANCELLED: "Done",
}
PRIORITY_OF: Final[Mapping[Priority, str]] = {
    Priority.URGENT: "Urgent",
    Priority.HIGH: "High",
    Priority.MEDIUM: "Medium",
    Priority.LOW: "Low",
}
ITERATION_DAYS: Final = 14


def seed(state: State, portfolio: Portfolio, today: date) -> Project:
    """Fill an empty state with things of yesterday, and return the project."""
    with _yesterday(state):
        return _plant(state, portfolio, today)


def _plant(state: State, portfolio: Portfolio, today: date) -> Project:
    owner = state.add_organization(OWNER, name="Acme")
    admin = state.add_user(ADMIN, name="The Admin")
    state.add_user(BOT, name="syncd")
    for person in portfolio.people:
        state.add_user(person.handle, name=person.name, email=person.email if person.email_shown else "")
    for name, color in TYPES:
        state.add_issue_type(owner, name, color=color)
    for name in REPOSITORIES:
        state.add_repository(owner, name)
    project = state.add_project(owner, PROJECT, "Platform", creator=admin)
    for name, data_type, options in COLUMNS:
        column = state.add_field(project, name, data_type, options)
        if data_type == "ITERATION":
            column.iterations = _iterations(state, today)
    with _lenient(state), _without_collector():
        _Planter(state, project, portfolio).plant()
    return project


@contextmanager
def _yesterday(state: State) -> Iterator[None]:
    """Date everything a day back: GitHub tells whole seconds, so an edit in the seed's own second would not show."""
    state.past = timedelta(days=1)
    try:
        yield
    finally:
        state.past = timedelta()


@contextmanager
def _lenient(state: State) -> Iterator[None]:
    """Let workflows rest and a parent have any number of sub-issues: a large portfolio has few initiatives."""
    usual = state.done_on_close, state.max_sub_issues
    state.done_on_close, state.max_sub_issues = False, sys.maxsize
    try:
        yield
    finally:
        state.done_on_close, state.max_sub_issues = usual


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hold the garbage collector off: nothing planted is garbage, and looking again and again doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _iterations(state: State, today: date) -> list[Iteration]:
    monday = today - timedelta(days=today.weekday())
    return [
        Iteration(
            id=state.option_id(),
            title=f"Iteration {index + 1}",
            start_date=(monday + timedelta(days=ITERATION_DAYS * (index - 2))).isoformat(),
            duration=ITERATION_DAYS,
        )
        for index in range(6)
    ]


class _Planter:
    """Plants one portfolio, remembering what became of each key."""

    def __init__(self, state: State, project: Project, portfolio: Portfolio) -> None:
        self._state = state
        self._project = project
        self._portfolio = portfolio
        self._columns = {column.name: column for column in project.fields.values()}
        self._types = {one.name: one for one in project.owner.issue_types}
        self._issues: dict[str, Issue] = {}
        self._milestones: dict[tuple[str, str], Milestone] = {}

    def plant(self) -> None:
        """Plant milestones, then initiatives, then tasks, then what ties them together."""
        for milestone in self._portfolio.milestones:
            if milestone.in_github:
                self._milestone(as_shown_by("github", milestone))
        for initiative in self._portfolio.initiatives:
            if initiative.in_github:
                self._initiative(as_shown_by("github", initiative))
        tasks = [as_shown_by("github", task) for task in self._portfolio.tasks if task.in_github]
        for task in tasks:
            self._task(task)
        for task in tasks:
            self._tie(task)

    def _milestone(self, seed_: SeedMilestone) -> None:
        for name in seed_.repositories:
            repository = self._project.owner.repositories[name]
            made = self._state.add_milestone(
                repository,
                seed_.title,
                description=seed_.description,
                due_on=due_day(seed_.due_on),
                creator=self._person(ADMIN),
            )
            if seed_.status in {MilestoneStatus.RELEASED, MilestoneStatus.CANCELLED}:
                edits_milestone.set_state(self._state, made, "CLOSED")
            self._milestones[seed_.key, name] = made

    def _initiative(self, seed_: SeedInitiative) -> None:
        repository = self._project.owner.repositories[seed_.repository]
        issue = self._state.add_issue(repository, seed_.title, author=self._person(seed_.owner), body=seed_.description)
        self._issues[seed_.key] = issue
        edits_issue.retype(self._state, issue, self._types["Epic"])
        edits_issue.assign(self._state, issue, add=[self._person(seed_.owner)])
        self._label(issue, seed_.labels)
        item = edits_project.add(self._state, self._project, issue, self._person(ADMIN))
        self._cells(item, seed_.status, seed_.priority, seed_.start_on, seed_.target_on)
        self._close(issue, seed_.status)

    def _task(self, seed_: SeedTask) -> None:
        reporter = self._person(seed_.reporter)
        people = [self._person(one) for one in seed_.assignees]
        if seed_.draft:
            item = edits_project.add_draft(
                self._state, self._project, seed_.title, seed_.description, by=reporter, assignees=tuple(people)
            )
        else:
            repository = self._project.owner.repositories[seed_.repository]
            issue = self._state.add_issue(repository, seed_.title, author=reporter, body=seed_.description)
            self._issues[seed_.key] = issue
            edits_issue.retype(self._state, issue, self._types[TYPE_OF.get(seed_.type, "Task")])
            edits_issue.assign(self._state, issue, add=people)
            self._label(issue, seed_.labels)
            edits_issue.plan(self._state, issue, self._milestones.get((seed_.milestone or "", seed_.repository)))
            item = edits_project.add(self._state, self._project, issue, reporter)
        self._cells(item, seed_.status, seed_.priority, seed_.start_on, seed_.due_on)
        self._set(item, "Estimate", float(seed_.estimate))
        if not seed_.draft:
            self._close(issue, seed_.status)

    def _tie(self, seed_: SeedTask) -> None:
        """Set parent and dependencies, as far as GitHub holds the other end."""
        issue = self._issues.get(seed_.key)
        if issue is None:
            return
        parent = self._issues.get(seed_.parent)
        if parent is not None:
            edits_issue.nest(self._state, parent, issue, replace=False)
        for key in seed_.depends_on:
            if key in self._issues:
                edits_issue.block(self._state, issue, self._issues[key])

    def _cells(self, item: ProjectItem, status: Status, priority: Priority, start_on: date, target_on: date) -> None:
        self._set(item, "Status", self._option("Status", STATUS_OF[status]))
        self._set(item, "Priority", self._option("Priority", PRIORITY_OF.get(priority, "Low")))
        self._set(item, "Start date", start_on.isoformat())
        self._set(item, "Target date", target_on.isoformat())

    def _set(self, item: ProjectItem, name: str, value: Stored) -> None:
        edits_project.set_value(self._state, item, self._columns[name], value, None)

    def _option(self, column: str, name: str) -> Option:
        return next(one for one in self._columns[column].options if one.name == name)

    def _close(self, issue: Issue, status: Status) -> None:
        if status in {Status.DONE, Status.CANCELLED}:
            edits_issue.close(self._state, issue, "COMPLETED" if status is Status.DONE else "NOT_PLANNED")

    def _label(self, issue: Issue, names: tuple[str, ...]) -> None:
        known = issue.repository.labels
        for name in names:
            if name.casefold() not in known:
                self._state.add_label(issue.repository, name)
        edits_issue.label(self._state, issue, add=[known[name.casefold()] for name in names])

    def _person(self, handle: str) -> User:
        return self._state.users[handle]
