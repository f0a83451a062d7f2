"""
The neutral seed: one believable portfolio, which every stand-in then holds in its own words.

Pure and deterministic: the same number of items and the same day give the
same portfolio. Tools agree on most of it; `drift` says where one does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final, TypeVar

from syncd.model.canonical import Health, MilestoneStatus, Priority, Status
from syncd.sandbox._words import COMPONENTS, EXTRA_LABELS, PEOPLE, THEMES, VERBS, Theme

DEFAULT_ITEMS: Final = 84
TASKS_AN_INITIATIVE: Final = 21
"""In a small portfolio; a large one has fewer and larger initiatives."""
PROJECTS: Final = ("PMO", "ENG")
REPOSITORIES: Final = ("api", "web")

Drift = Mapping[str, Mapping[str, Any]]
"""By tool name, the fields in which that tool shows something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPerson:
    """Somebody who works here; *handle* is also the GitHub login."""

    handle: str
    name: str
    email: str
    email_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedInitiative:
    """
    An initiative, and where it lives.

    A Jira issue of type Initiative in project PMO, a GitHub issue of type Epic
    in *repository*, a Linear project.
    """

    key: str
    title: str
    description: str
    status: Status
    health: Health
    owner: str
    team: str
    priority: Priority
    start_on: date
    target_on: date
    budget_eur: int
    labels: tuple[str, ...]
    repository: str
    in_jira: bool = True
    in_github: bool = True
    in_linear: bool = True
    in_redmine: bool = True
    drift: Drift = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedMilestone:
    """A milestone: a version in each of *projects*, a GitHub one in each of *repositories*, one of a Linear project."""

    key: str
    title: str
    description: str
    status: MilestoneStatus
    start_on: date
    due_on: date
    initiative: str
    projects: tuple[str, ...] = PROJECTS
    repositories: tuple[str, ...] = REPOSITORIES
    in_jira: bool = True
    in_github: bool = True
    in_linear: bool = True
    in_redmine: bool = True
    drift: Drift = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedTask:
    """
    A task: a Jira issue of *type* in *project*, a GitHub issue in *repository* (or a project draft).

    In Linear it is an issue of the team that has *repository*.

    *parent* is the key of an initiative or of another task, *depends_on* keys
    of tasks, *milestone* a milestone's key: all may live in other tools only.
    """

    key: str
    title: str
    description: str
    type: str
    status: Status
    assignees: tuple[str, ...]
    reporter: str
    priority: Priority
    estimate: int
    start_on: date
    due_on: date
    labels: tuple[str, ...]
    component: str
    parent: str
    milestone: str | None
    depends_on: tuple[str, ...]
    project: str
    repository: str
    draft: bool = False
    in_jira: bool = True
    in_github: bool = True
    in_linear: bool = True
    in_redmine: bool = True
    drift: Drift = field(default_factory=dict)


Seed = TypeVar("Seed", SeedInitiative, SeedMilestone, SeedTask)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Everything the stand-ins are filled with."""

    people: tuple[SeedPerson, ...]
    initiatives: tuple[SeedInitiative, ...] = ()
    milestones: tuple[SeedMilestone, ...] = ()
    tasks: tuple[SeedTask, ...] = ()


def as_shown_by(tool: str, seed: Seed) -> Seed:
    """Return *seed* with the fields in which *tool* drifted."""
    return replace(seed, **seed.drift.get(tool, {}))


def make_portfolio(items: int | None, today: date) -> Portfolio:
    """
    Return a portfolio with that many tasks around *today*; 0 is people only, `None` the default size.

    From 84 tasks on it holds at least 4 initiatives and 8 milestones.
    """
    count = DEFAULT_ITEMS if items is None else items
    people = tuple(SeedPerson(handle=h, name=n, email=e, email_shown=shown) for h, n, e, shown in PEOPLE)
    if count <= 0:
        return Portfolio(people=people)
    groups = max(1, min(count // TASKS_AN_INITIATIVE, 12 + count // 200))
    initiatives = tuple(_initiative(index, today) for index in range(groups))
    milestones = tuple(_milestone(index, half, today) for index in range(groups) for half in (0, 1))
    tasks = tuple(_task(number, groups, today) for number in range(count))
    return Portfolio(people=people, initiatives=initiatives, milestones=milestones, tasks=tasks)


def _theme(index: int) -> tuple[Theme, str]:
    """Return the initiative's theme and the suffix that keeps titles unique once themes repeat."""
    wave, which = divmod(index, len(THEMES))
    return THEMES[which], f" (wave {wave + 1})" if wave else ""


def _person(index: int) -> str:
    return PEOPLE[index % len(PEOPLE)][0]


def _initiative(index: int, today: date) -> SeedInitiative:
    theme, suffix = _theme(index)
    target = today + timedelta(days=60 + 30 * (index % 6))
    drift: dict[str, dict[str, Any]] = {}
    if index % 4 == 1:
        drift = {"github": {"target_on": target + timedelta(days=14)}}
    elif index % 4 == 2:  # noqa: PLR2004 - one in four
        drift = {"jira": {"health": Health.AT_RISK}}
    return SeedInitiative(
        key=f"I{index + 1}",
        title=theme.title + suffix,
        description=(
            f"{theme.goal}\n\n## Why now\n\n- asked for in *{6 + index % 9}* of the last 20 renewals\n"
            f"- owned by the **{theme.team}** team\n\n## Not in scope\n\nAnything a partner can build on our API."
        ),
        status=Status.PLANNED if index % 4 == 3 else Status.IN_PROGRESS,  # noqa: PLR2004 - one in four
        health=Health.ON_TRACK,
        owner=_person(index),
        team=theme.team,
        priority=(Priority.HIGH, Priority.URGENT, Priority.MEDIUM)[index % 3],
        start_on=today - timedelta(days=45),
        target_on=target,
        budget_eur=40_000 + 12_500 * (index % 7),
        labels=(theme.label, "roadmap"),
        repository=REPOSITORIES[index % 2],
        drift=drift,
    )


def _milestone(index: int, half: int, today: date) -> SeedMilestone:
    theme, suffix = _theme(index)
    due = today + timedelta(days=20 + 35 * half + 7 * (index % 5))
    drift: dict[str, dict[str, Any]] = {}
    if (index + half) % 3 == 1:
        drift = {"github": {"due_on": due + timedelta(days=10)}}
    return SeedMilestone(
        key=f"M{2 * index + half + 1}",
        title=theme.milestones[half] + suffix,
        description=f"{theme.title}: {('what the first customers try', 'what everybody gets')[half]}.",
        status=MilestoneStatus.PLANNED if half else MilestoneStatus.ACTIVE,
        start_on=due - timedelta(days=42),
        due_on=due,
        initiative=f"I{index + 1}",
        drift=drift,
    )


def _task(number: int, groups: int, today: date) -> SeedTask:
    group, place = number % groups, number // groups
    theme, suffix = _theme(group)
    title, subject = _task_title(theme, suffix, place)
    in_jira, in_github = number % 9 != 4, number % 7 != 5  # noqa: PLR2004 - a few live in one tool only
    if not (in_jira or in_github):
        in_jira = True
    due = today + timedelta(days=(number * 5) % 70 - 10)
    done = due < today - timedelta(days=4)
    status = Status.DONE if done else (Status.PLANNED, Status.IN_PROGRESS, Status.PLANNED)[place % 3]
    is_child = place % 8 == 6 and place > 0  # noqa: PLR2004 - one in eight
    earlier = f"T{number - groups + 1}"
    return SeedTask(
        key=f"T{number + 1}",
        title=title,
        description=_task_text(subject, theme, number),
        type="Sub-task" if is_child else ("Story", "Task", "Story", "Bug")[place % 4],
        status=status,
        assignees=(_person(number),) if number % 6 else (),
        reporter=_person(number + 2),
        priority=(Priority.MEDIUM, Priority.HIGH, Priority.LOW, Priority.MEDIUM)[number % 4],
        estimate=(1, 2, 3, 5, 8)[number % 5],
        start_on=due - timedelta(days=12),
        due_on=due,
        labels=(theme.label, EXTRA_LABELS[number % 4]) if number % 3 else (theme.label,),
        component=COMPONENTS[number % 3],
        parent=earlier if is_child else f"I{group + 1}",
        milestone=None if number % 10 == 9 else f"M{2 * group + place % 2 + 1}",  # noqa: PLR2004 - one in ten
        depends_on=(earlier,) if place % 5 == 2 else (),  # noqa: PLR2004 - one in five
        project=PROJECTS[0] if group % 3 == 2 else PROJECTS[1],  # noqa: PLR2004 - one initiative in three
        repository=REPOSITORIES[(number // 2) % 2],
        draft=not in_jira and number % 2 == 0,
        in_jira=in_jira,
        in_github=in_github,
        in_linear=number % 5 != 4,  # noqa: PLR2004 - four in five
        in_redmine=number % 8 != 6,  # noqa: PLR2004 - seven in eight
        drift=_task_drift(number, status, due) if in_jira and in_github else {},
    )


def _task_title(theme: Theme, suffix: str, place: int) -> tuple[str, str]:
    subject = theme.subjects[place % len(theme.subjects)]
    round_, verb = divmod(place // len(theme.subjects), len(VERBS))
    again = f", round {round_ + 1}" if round_ else ""
    return f"{VERBS[verb]} {subject}{again}{suffix}", subject


def _task_text(subject: str, theme: Theme, number: int) -> str:
    text = f"Part of **{theme.title}**: what a customer notices about the {subject}."
    if number % 3 == 0:
        text += (
            "\n\n## Done when\n\n- it works on a phone\n- support knows where to look\n- the numbers are in the report"
        )
    if number % 5 == 0:
        text += f"\n\n```\nGET /v1/{theme.label}/status\n```"
    return text


def _task_drift(number: int, status: Status, due: date) -> dict[str, dict[str, Any]]:
    """Return how the tools fell apart: late dates, statuses that moved on, and one plain contradiction (T1)."""
    if number == 0:
        return {"jira": {"estimate": 3}, "github": {"estimate": 8}}
    drift: dict[str, dict[str, Any]] = {}
    if number % 6 == 1:
        drift["jira"] = {"due_on": due + timedelta(days=7)}
    if number % 8 == 3 and status is not Status.DONE:  # noqa: PLR2004 - one in eight
        drift["github"] = {"status": Status.IN_PROGRESS if status is Status.PLANNED else Status.DONE}
    if number % 10 == 2:  # noqa: PLR2004 - one in ten
        drift["linear"] = {"estimate": 13}
    return drift
