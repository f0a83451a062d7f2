"""What can be done to projects, initiatives, milestones and cycles, by anybody."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.sandbox.linear.edits_issue import Changes, clean_text
from syncd.sandbox.linear.nodes import ProjectStatus, Team, User
from syncd.sandbox.linear.nodes_issue import Cycle
from syncd.sandbox.linear.nodes_plan import (
    EntityExternalLink,
    Initiative,
    InitiativeToProject,
    Plan,
    Project,
    ProjectMilestone,
    Report,
)
from syncd.sandbox.linear.state import Refusal, State, not_found

MAX_DESCRIPTION = 255
"""Of a project's or initiative's short description; their content may be long (recalled)."""
MAX_NAME = 255
ENDS = {
    "completed": "completed_at",
    "canceled": "canceled_at",
    "started": "started_at",
    "Completed": "completed_at",
    "Canceled": "canceled_at",
    "Active": "started_at",
}
"""Which time a status sets when it is reached."""


def create_project(
    state: State, teams: Mapping[str, Team], changes: Changes, creator: User, *, wanted_id: object = None
) -> Project:
    """Make a project of at least one team, in the first status of type backlog."""
    if not teams:
        raise Refusal("Argument Validation Error", told="teamIds must contain at least 1 elements.")
    _clean(state, changes, required=True)
    statuses = state.organization.project_statuses
    made = Project(
        **state.born(wanted_id),
        name=str(changes["name"]),
        slug_id=_slug_id(state),
        organization=state.organization,
        description="",
        creator=creator,
        status=next(one for one in statuses if one.type == "backlog"),
        teams=dict(teams),
        sort_order=-float(len(state.projects)),
    )
    state.keep(state.projects, made)
    _set(state, made, {name: value for name, value in changes.items() if value is not None})
    return made


def create_initiative(state: State, changes: Changes, creator: User, *, wanted_id: object = None) -> Initiative:
    """Make an initiative, planned unless it says otherwise."""
    _clean(state, changes, required=True)
    made = Initiative(
        **state.born(wanted_id),
        name=str(changes["name"]),
        slug_id=_slug_id(state),
        organization=state.organization,
        creator=creator,
        sort_order=-float(len(state.initiatives)),
    )
    state.keep(state.initiatives, made)
    _set(state, made, {name: value for name, value in changes.items() if value is not None})
    return made


def edit_plan(state: State, plan: Project | Initiative, changes: Changes) -> bool:
    """Give a project or an initiative new values, and say whether any of them was new."""
    _clean(state, changes, required=False)
    if isinstance(teams := changes.get("teams"), dict):
        _check_teams(plan, teams)
    changed = {name: value for name, value in changes.items() if getattr(plan, name) != value}
    if not changed:
        return False
    _set(state, plan, changed)
    _touched(state, plan)
    return True


def _check_teams(plan: Plan, teams: Mapping[str, Team]) -> None:
    if not teams:
        raise Refusal("Argument Validation Error", told="teamIds must contain at least 1 elements.")
    issues = plan.issues.values() if isinstance(plan, Project) else ()
    stranded = {issue.team.key for issue in issues if issue.team.id not in teams}
    if stranded:
        raise Refusal(f"The project still has issues of the team {', '.join(sorted(stranded))}")


def _clean(state: State, changes: Changes, *, required: bool) -> None:
    """Bring texts into the form Linear keeps, and refuse what it refuses."""
    if required or "name" in changes:
        changes["name"] = _clean_name(changes.get("name"))
    if "content" in changes:
        changes["content"] = clean_text(state, changes["content"])
    if changes.get("description") is not None:
        text = " ".join(str(changes["description"]).split())
        if len(text) > MAX_DESCRIPTION:
            told = f"description must be shorter than or equal to {MAX_DESCRIPTION} characters."
            raise Refusal("Argument Validation Error", told=told)
        changes["description"] = text
    elif "description" in changes:
        changes["description"] = ""


def _clean_name(value: object) -> str:
    name = " ".join(str(value or "").split())
    if not 0 < len(name) <= MAX_NAME:
        raise Refusal("Argument Validation Error", told=f"name must have from 1 to {MAX_NAME} characters.")
    return name


def _set(state: State, plan: Project | Initiative, changes: Mapping[str, object]) -> None:
    for name, value in changes.items():
        setattr(plan, name, value)
        if name == "trashed":
            plan.archived_at = state.stamp() if value else None
        if name == "status":
            _reach(state, plan, value.type if isinstance(value, ProjectStatus) else str(value))


def _reach(state: State, plan: Plan, reached: str) -> None:
    """Set the times that follow from a status's type; a start is remembered, an end is not once work goes on."""
    field = ENDS.get(reached)
    if field != "completed_at":
        plan.completed_at = None
    if field != "canceled_at":
        plan.canceled_at = None
    if field is not None:
        setattr(plan, field, getattr(plan, field) or state.stamp())


def _slug_id(state: State) -> str:
    return state.new_id().replace("-", "")[:12]


def _touched(state: State, plan: Project | Initiative) -> None:
    if isinstance(plan, Project):
        state.touched(state.projects, plan)
    else:
        state.touched(state.initiatives, plan)


def shelve(state: State, plan: Project | Initiative, *, trash: bool = False) -> None:
    """Archive a project or an initiative, or put it in the trash."""
    plan.trashed = trash or plan.trashed
    plan.archived_at = plan.archived_at or state.stamp()
    _touched(state, plan)


def unshelve(state: State, plan: Project | Initiative) -> None:
    """Bring one back from the archive or the trash."""
    plan.trashed = plan.archived_at = None
    _touched(state, plan)


def report(
    state: State, plan: Project | Initiative, body: object, health: str, by: User, *, wanted_id: object = None
) -> Report:
    """Post an update, by which alone health changes."""
    made = Report(
        **state.born(wanted_id),
        body=clean_text(state, body) or "",
        health=health,
        user=by,
        project=plan if isinstance(plan, Project) else None,
        initiative=plan if isinstance(plan, Initiative) else None,
    )
    plan.reports.append(state.keep(state.reports, made))
    _touched(state, plan)
    return made


# --- milestones ----------------------------------------------------------------------------


def create_milestone(state: State, project: Project, changes: Changes, *, wanted_id: object = None) -> ProjectMilestone:
    """Make a milestone, after the project's others."""
    made = ProjectMilestone(
        **state.born(wanted_id),
        project=project,
        name=_clean_name(changes.pop("name", None)),
        sort_order=float(1_000 * (len(project.milestones) + 1)),
    )
    state.keep(state.milestones, made)
    project.milestones[made.id] = made
    if "description" in changes:
        changes["description"] = clean_text(state, changes["description"])
    for name, value in changes.items():
        if value is not None:
            setattr(made, name, value)
    return made


def edit_milestone(state: State, one: ProjectMilestone, changes: Changes) -> bool:
    """Give a milestone new values, and say whether any of them was new; its issues do not count as updated."""
    if "name" in changes:
        changes["name"] = _clean_name(changes["name"])
    if "description" in changes:
        changes["description"] = clean_text(state, changes["description"])
    changed = {name: value for name, value in changes.items() if getattr(one, name) != value}
    if "project" in changed:
        raise Refusal("A milestone with issues cannot be moved like that; use projectMilestoneMove")
    for name, value in changed.items():
        setattr(one, name, value)
    if changed:
        state.touched(state.milestones, one)
    return bool(changed)


def delete_milestone(state: State, one: ProjectMilestone) -> None:
    """Delete a milestone for good; its issues stay in the project."""
    for issue in list(one.issues.values()):
        issue.project_milestone = None
        state.touched(state.issues, issue)
    one.project.milestones.pop(one.id, None)
    state.drop(state.milestones, one)


def milestone_status(state: State, one: ProjectMilestone) -> str:
    """Return `done`, `overdue`, `next` (the first that is neither done) or `unstarted`; computed, never set."""
    if one.is_done:
        return "done"
    if one.target_date is not None and one.target_date < state.today():
        return "overdue"
    ahead = sorted((each for each in one.project.milestones.values() if not each.is_done), key=lambda m: m.sort_order)
    return "next" if ahead and ahead[0] is one else "unstarted"


# --- ties, links, cycles -------------------------------------------------------------------


def tie(state: State, initiative: Initiative, project: Project, *, wanted_id: object = None) -> InitiativeToProject:
    """Put a project into an initiative; it may be in several, but only once in each."""
    if any(one.project is project for one in initiative.to.values()):
        raise Refusal("The project is part of the initiative already")
    made = InitiativeToProject(**state.born(wanted_id), initiative=initiative, project=project)
    state.keep(state.ties, made)
    initiative.to[made.id] = project.to[made.id] = made
    return made


def untie(state: State, one: InitiativeToProject) -> None:
    """Take a project from an initiative."""
    one.initiative.to.pop(one.id, None)
    one.project.to.pop(one.id, None)
    state.drop(state.ties, one)


def link(state: State, plan: Project | Initiative, given: Mapping[str, object], by: User) -> EntityExternalLink:
    """Add a link to the resources of a project or an initiative; unlike an attachment's, its URL may repeat."""
    made = EntityExternalLink(
        **state.born(given.get("id")),
        label=str(given["label"]),
        url=str(given["url"]),
        creator=by,
        project=plan if isinstance(plan, Project) else None,
        initiative=plan if isinstance(plan, Initiative) else None,
    )
    plan.links[made.id] = state.keep(state.links, made)
    return made


def unlink(state: State, one: EntityExternalLink) -> None:
    """Delete such a link."""
    plan = one.project or one.initiative
    if plan is None:
        raise not_found("EntityExternalLink")
    plan.links.pop(one.id, None)
    state.drop(state.links, one)


def add_cycle(state: State, team: Team, changes: Changes, *, wanted_id: object = None) -> Cycle:
    """Make a cycle, numbered after the team's last one."""
    starts, ends = str(changes["starts_at"]), str(changes["ends_at"])
    if starts >= ends:
        raise Refusal("Argument Validation Error", told="endsAt must be after startsAt.")
    number = 1 + sum(1 for one in state.cycles if one.team is team)
    made = Cycle(**state.born(wanted_id), team=team, number=number, starts_at=starts, ends_at=ends)
    state.keep(state.cycles, made)
    for name in ("name", "description", "completed_at"):
        setattr(made, name, changes.get(name))
    return made


def edit_cycle(state: State, one: Cycle, changes: Changes) -> bool:
    """Give a cycle new values, and say whether any of them was new; its issues do not count as updated."""
    changed = {name: value for name, value in changes.items() if getattr(one, name) != value}
    for name, value in changed.items():
        setattr(one, name, value)
    if changed:
        state.touched(state.cycles, one)
    return bool(changed)


def is_in(one: Cycle, moment: str) -> bool:
    """Say whether a cycle is under way at a moment."""
    return one.completed_at is None and one.starts_at <= moment < one.ends_at
