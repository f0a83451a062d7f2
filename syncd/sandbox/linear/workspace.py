"""The workspace before any work is in it: people, project statuses, teams with their workflows and cycles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from syncd.sandbox.linear import edits_plan
from syncd.sandbox.linear.nodes import ProjectStatus, Team, User, WorkflowState
from syncd.sandbox.linear.state import State, wire
from syncd.sandbox.pacific import midnight
from syncd.sandbox.portfolio import SeedPerson

BOT: Final = "sync-bot"
ADMIN: Final = "admin"
PROJECT_STATUSES: Final = (
    ("Backlog", "backlog"),
    ("Planned", "planned"),
    ("In Progress", "started"),
    ("Paused", "paused"),
    ("Completed", "completed"),
    ("Canceled", "canceled"),
)
CYCLES_BEFORE, CYCLES, CYCLE_DAYS = 2, 6, 14


class SeedTeam(NamedTuple):
    """A team: where its repository's tasks go, and its workflow as (name, type)."""

    key: str
    name: str
    timezone: str
    repository: str
    triage: bool
    states: tuple[tuple[str, str], ...]


TEAMS: Final = (
    SeedTeam(
        "API",
        "Platform API",
        "America/Los_Angeles",
        "api",
        triage=False,
        states=(
            ("Backlog", "backlog"),
            ("Todo", "unstarted"),
            ("In Progress", "started"),
            ("In Review", "started"),
            ("Done", "completed"),
            ("Canceled", "canceled"),
            ("Duplicate", "duplicate"),
        ),
    ),
    SeedTeam(
        "WEB",
        "Web App",
        "Etc/UTC",
        "web",
        triage=False,
        states=(
            ("Icebox", "backlog"),
            ("Ready", "unstarted"),
            ("Doing", "started"),
            ("Review", "started"),
            ("Blocked", "started"),
            ("Shipped", "completed"),
            ("Won't do", "canceled"),
            ("Duplicate", "duplicate"),
        ),
    ),
    SeedTeam(
        "OPS",
        "Operations",
        "Etc/UTC",
        "",
        triage=True,
        states=(
            ("Triage", "triage"),
            ("Backlog", "backlog"),
            ("Todo", "unstarted"),
            ("In Progress", "started"),
            ("Done", "completed"),
            ("Canceled", "canceled"),
            ("Duplicate", "duplicate"),
        ),
    ),
)


def add_user(state: State, handle: str, name: str, email: str, *, admin: bool = False, app: bool = False) -> User:
    """Add somebody to the workspace."""
    made = User(
        **state.born(),
        organization=state.organization,
        name=name,
        display_name=handle,
        email=email,
        admin=admin,
        app=app,
    )
    return state.keep(state.users, made)


def furnish(state: State, people: Iterable[SeedPerson], today: date) -> None:
    """Set up what is there before any item: people, statuses, teams, workflows, cycles."""
    add_user(state, ADMIN, "The Admin", "admin@acme.example", admin=True)
    add_user(state, BOT, "Sync Bot", "sync-bot@acme.example")
    for person in people:
        add_user(state, person.handle, person.name, person.email)
    for place, (name, kind) in enumerate(PROJECT_STATUSES):
        status = ProjectStatus(**state.born(), name=name, type=kind, position=float(place))
        state.organization.project_statuses.append(state.keep(state.project_statuses, status))
    for each in TEAMS:
        team = Team(
            **state.born(),
            organization=state.organization,
            key=each.key,
            name=each.name,
            timezone=each.timezone,
            triage_enabled=each.triage,
            members=[] if each.triage else list(state.users),
        )
        state.keep(state.teams, team)
        for place, (name, kind) in enumerate(each.states):
            made = WorkflowState(**state.born(), team=team, name=name, type=kind, position=float(place))
            team.states.append(state.keep(state.states, made))
        _add_cycles(state, team, today)


def _add_cycles(state: State, team: Team, today: date) -> None:
    """Plan cycles of two weeks from Monday to Sunday, the third of them under way."""
    monday = today - timedelta(days=today.weekday())
    for index in range(CYCLES):
        start = monday + timedelta(days=CYCLE_DAYS * (index - CYCLES_BEFORE))
        begins, ends = (_midnight(team, day) for day in (start, start + timedelta(days=CYCLE_DAYS)))
        edits_plan.add_cycle(state, team, {"starts_at": wire(begins), "ends_at": wire(ends)})


def _midnight(team: Team, day: date) -> datetime:
    return midnight(day, ZoneInfo(team.timezone))
