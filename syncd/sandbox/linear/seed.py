"""
The neutral portfolio in Linear's words: initiatives are projects, milestones theirs, tasks issues of two teams.

Above the projects stand two initiatives of Linear's own; a third team, with
triage and without issues, waits for what comes from elsewhere.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from syncd.model.canonical import Health, Priority, Status
from syncd.sandbox.linear import edits_issue, edits_labels, edits_plan, edits_talk
from syncd.sandbox.linear.edits_issue import Changes, Hand
from syncd.sandbox.linear.nodes import IssueLabel, ProjectLabel, Team
from syncd.sandbox.linear.nodes_issue import Cycle, Issue
from syncd.sandbox.linear.nodes_plan import Initiative, Project, ProjectMilestone
from syncd.sandbox.linear.state import State
from syncd.sandbox.linear.workspace import ADMIN, TEAMS, furnish
from syncd.sandbox.portfolio import Portfolio, SeedInitiative, SeedMilestone, SeedTask, as_shown_by

AGE: Final = timedelta(days=1)
"""How old everything is: an edit in the seed's own moment would not show in a poll."""
STATES_OF: Final[Mapping[str, Mapping[Status, str]]] = {
    "API": {
        Status.PROPOSED: "Backlog",
        Status.PLANNED: "Todo",
        Status.IN_PROGRESS: "In Progress",
        Status.IN_REVIEW: "In Review",
        Status.BLOCKED: "In Progress",
        Status.DONE: "Done",
        Status.CANCELLED: "Canceled",
    },
    "WEB": {
        Status.PROPOSED: "Icebox",
        Status.PLANNED: "Ready",
        Status.IN_PROGRESS: "Doing",
        Status.IN_REVIEW: "Review",
        Status.BLOCKED: "Blocked",
        Status.DONE: "Shipped",
        Status.CANCELLED: "Won't do",
    },
}
PROJECT_STATUS_OF: Final[Mapping[Status, str]] = {
    Status.PROPOSED: "Backlog",
    Status.PLANNED: "Planned",
    Status.IN_PROGRESS: "In Progress",
    Status.IN_REVIEW: "In Progress",
    Status.BLOCKED: "Paused",
    Status.DONE: "Completed",
    Status.CANCELLED: "Canceled",
}
HEALTH_OF: Final[Mapping[Health, str]] = {
    Health.ON_TRACK: "onTrack",
    Health.AT_RISK: "atRisk",
    Health.OFF_TRACK: "offTrack",
}
PRIORITY_OF: Final[Mapping[Priority, int]] = {
    Priority.URGENT: 1,
    Priority.HIGH: 2,
    Priority.MEDIUM: 3,
    Priority.LOW: 4,
}
COMPONENT_GROUP: Final = "Component"
INITIATIVES: Final = ("Win the enterprise", "Simpler for everybody")


def seed(state: State, portfolio: Portfolio, today: date) -> None:
    """Fill a state that lies in the past with things of then, and bring it to the present."""
    was_on = gc.isenabled()
    gc.disable()  # nothing planted is garbage, and looking again and again doubles the time
    try:
        furnish(state, portfolio.people, today)
        _Planter(state, portfolio).plant()
    finally:
        state.past = timedelta()
        if was_on:
            gc.enable()


class _Planter:
    """Plants one portfolio, remembering what became of each key."""

    def __init__(self, state: State, portfolio: Portfolio) -> None:
        self._state = state
        self._portfolio = portfolio
        self._people = {user.display_name: user for user in state.users}
        self._teams = {team.key: team for team in state.teams}
        self._team_of = {each.repository: self._teams[each.key] for each in TEAMS}
        self._cycles = {key: [c for c in state.cycles if c.team is team] for key, team in self._teams.items()}
        self._initiatives: list[Initiative] = []
        self._projects: dict[str, Project] = {}
        self._milestones: dict[str, ProjectMilestone] = {}
        self._issues: dict[str, Issue] = {}
        self._labels: dict[str, IssueLabel] = {}

    def plant(self) -> None:
        """Plant initiatives, projects, milestones and issues, then what ties them together."""
        shown = self._portfolio
        if shown.initiatives:
            for name in INITIATIVES:
                changes: Changes = {"name": name, "status": "Active", "owner": self._people[ADMIN]}
                self._initiatives.append(edits_plan.create_initiative(self._state, changes, self._people[ADMIN]))
        for place, initiative in enumerate(one for one in shown.initiatives if one.in_linear):
            self._project(as_shown_by("linear", initiative), place)
        for milestone in shown.milestones:
            if milestone.in_linear:
                self._milestone(as_shown_by("linear", milestone))
        tasks = [as_shown_by("linear", task) for task in shown.tasks if task.in_linear]
        for task in tasks:
            self._issue(task)
        for task in tasks:
            self._tie(task)

    def _project(self, seed_: SeedInitiative, place: int) -> None:
        state, owner = self._state, self._people[seed_.owner]
        teams = {team.id: team for key, team in self._teams.items() if key in STATES_OF}
        goal = seed_.description.partition("\n")[0]
        status = PROJECT_STATUS_OF[seed_.status]
        changes: Changes = {
            "name": seed_.title,
            "description": goal,
            "content": seed_.description,
            "status": next(one for one in state.organization.project_statuses if one.name == status),
            "lead": owner,
            "members": {owner.id: owner},
            "priority": PRIORITY_OF[seed_.priority],
            "start_date": seed_.start_on.isoformat(),
            "target_date": seed_.target_on.isoformat(),
            "labels": {one.id: one for one in (self._project_label(name) for name in seed_.labels)},
        }
        made = edits_plan.create_project(state, teams, changes, owner)
        self._projects[seed_.key] = made
        edits_plan.report(state, made, "As planned.", HEALTH_OF[seed_.health], owner)
        edits_plan.tie(state, self._initiatives[place % len(self._initiatives)], made)

    def _project_label(self, name: str) -> ProjectLabel:
        found = next((one for one in self._state.project_labels if one.name == name), None)
        return found or edits_labels.create_for_projects(self._state, name)

    def _milestone(self, seed_: SeedMilestone) -> None:
        project = self._projects.get(seed_.initiative)
        if project is not None:
            changes: Changes = {
                "name": seed_.title,
                "description": seed_.description,
                "target_date": seed_.due_on.isoformat(),
            }
            self._milestones[seed_.key] = edits_plan.create_milestone(self._state, project, changes)

    def _issue(self, seed_: SeedTask) -> None:
        team = self._team_of[seed_.repository]
        milestone = self._milestones.get(seed_.milestone or "")
        project = self._projects.get(seed_.parent) or (milestone.project if milestone else None)
        name = STATES_OF[team.key][seed_.status]
        labels = [self._label(name) for name in seed_.labels] + [self._component(seed_.component)]
        if seed_.type == "Bug":
            labels.append(self._label("Bug"))
        changes: Changes = {
            "title": seed_.title,
            "description": seed_.description,
            "state": next(one for one in team.states if one.name == name),
            "priority": PRIORITY_OF[seed_.priority],
            "estimate": float(seed_.estimate),
            "due_date": seed_.due_on.isoformat(),
            "assignee": self._people[seed_.assignees[0]] if seed_.assignees else None,
            "labels": {label.id: label for label in labels},
            "project": project,
            "project_milestone": milestone if milestone is not None and milestone.project is project else None,
            "cycle": self._cycle(team, seed_.status, seed_.due_on),
        }
        made = edits_issue.create(self._state, team, changes, Hand(user=self._people[seed_.reporter]))
        self._issues[seed_.key] = made

    def _cycle(self, team: Team, status: Status, due: date) -> Cycle | None:
        """Plan an issue into the cycle it is due in; what is merely proposed into none."""
        if status is Status.PROPOSED:
            return None
        noon = f"{due.isoformat()}T12:00:00.000Z"
        return next((one for one in self._cycles[team.key] if one.starts_at <= noon < one.ends_at), None)

    def _label(self, name: str, *, parent: IssueLabel | None = None, is_group: bool = False) -> IssueLabel:
        if name not in self._labels:
            self._labels[name] = edits_labels.create(self._state, name, parent=parent, is_group=is_group)
        return self._labels[name]

    def _component(self, name: str) -> IssueLabel:
        return self._label(name, parent=self._label(COMPONENT_GROUP, is_group=True))

    def _tie(self, seed_: SeedTask) -> None:
        """Set parent and dependencies, as far as Linear holds the other end."""
        issue, state = self._issues[seed_.key], self._state
        by = Hand(user=self._people[seed_.reporter])
        if seed_.parent in self._issues:
            edits_issue.edit(state, issue, {"parent": self._issues[seed_.parent]}, by)
        for key in seed_.depends_on:
            if key in self._issues:
                edits_talk.relate(state, self._issues[key], issue, "blocks", by)
