"""What a person does in the app, by the names people use; unlike a client, nobody asks for ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from syncd.errors import ConfigError
from syncd.sandbox.linear import edits_issue, edits_labels, edits_plan, edits_talk
from syncd.sandbox.linear.edits_issue import Hand
from syncd.sandbox.linear.nodes import PRIORITIES, IssueLabel, Node, ProjectLabel, Team, User, WorkflowState
from syncd.sandbox.linear.nodes_issue import Comment, Cycle, Issue
from syncd.sandbox.linear.nodes_plan import Initiative, Project, ProjectMilestone
from syncd.sandbox.linear.shelf import Shelf
from syncd.sandbox.linear.showing import name_of
from syncd.sandbox.linear.state import State
from syncd.sandbox.standin import unknown

WHERE = "sandbox linear"
ADMIN = "admin"
Item = Issue | Project | Initiative | ProjectMilestone | Cycle | Comment
HEALTHS = ("onTrack", "atRisk", "offTrack")
ALIASES = {
    "body": "description",
    "status": "state",
    "due_on": "due_date",
    "title": "name",
    "start_on": "start_date",
    "target_on": "target_date",
}
"""Other words people use for a field, tried when there is no field of that name."""
Put = Callable[[object], None]


class People:
    """Edits the workspace as somebody would in the app."""

    def __init__(self, state: State) -> None:
        self._state = state

    # --- names ---------------------------------------------------------------------------

    def person(self, name: str | None) -> User:
        """Return who that is, by display name, name or e-mail; the admin when nobody is named."""
        wanted = (name or ADMIN).casefold()
        for user in self._state.users:
            if wanted in {user.display_name.casefold(), user.name.casefold(), user.email.casefold()}:
                return user
        raise unknown("person", str(name), [one.display_name for one in self._state.users], where=WHERE)

    def team(self, name: str) -> Team:
        """Return a team by key or name."""
        for team in self._state.teams:
            if name.casefold() in {team.key.casefold(), team.name.casefold()}:
                return team
        raise unknown("team", name, [one.key for one in self._state.teams], where=WHERE)

    def find(self, key: str) -> Item:
        """
        Return an item by id, URL, identifier (also a former one), or by what `show` calls it.

        Raises:
            ConfigError: there is none; says what is near.
        """
        state = self._state
        key = key.rstrip("/")
        shelves: tuple[Shelf[Issue] | Shelf[Project] | Shelf[Initiative] | Shelf[ProjectMilestone], ...]
        shelves = (state.issues, state.projects, state.initiatives, state.milestones)
        for shelf in (*shelves, state.cycles, state.comments):
            if key in shelf.by_id:
                return shelf.by_id[key]
        if key.upper() in state.by_identifier:
            return state.by_identifier[key.upper()]
        folded = key.casefold()
        for one in self._named():
            if folded in {name_of(one).casefold(), str(getattr(one, "url", "")).casefold()}:
                return one
        named = [one for one in self._named() if str(getattr(one, "name", "")).casefold() == folded]
        if len(named) == 1:
            return named[0]
        if named:
            names = ", ".join(name_of(one) for one in named)
            raise ConfigError(f'several are called "{key}"', where=WHERE, fix=f"use one of: {names}")
        raise unknown("item", key, self.names(), where=WHERE)

    def _named(self) -> Iterable[Item]:
        state = self._state
        yield from state.projects
        yield from state.milestones
        yield from state.initiatives
        yield from state.cycles
        yield from state.issues
        yield from state.comments

    def names(self) -> Iterable[str]:
        """Yield the name of everything there is but comments."""
        return (name_of(one) for one in self._named() if not isinstance(one, Comment))

    # --- editing -------------------------------------------------------------------------

    def edit(self, key: str, field: str, value: object, by: User) -> None:
        """Change one field."""
        one = self.find(key)
        fields = self.fields(one, Hand(user=by))
        name = field.casefold().replace(" ", "_")
        put = fields.get(name) or fields.get(ALIASES.get(name, name))
        if put is None:
            raise unknown("field", field, fields, where=f"{WHERE}: {key}")
        put(value)

    def fields(self, one: Item, by: Hand) -> Mapping[str, Put]:
        """Return what may be set on an item, each with how."""
        match one:
            case Issue():
                return self._issue_fields(one, by)
            case Project() | Initiative():
                return self._plan_fields(one, by.user)
            case ProjectMilestone():
                return {
                    name: self._setter(lambda changes: edits_plan.edit_milestone(self._state, one, changes), name)
                    for name in ("name", "description", "target_date", "sort_order")
                }
            case Cycle():
                return {
                    name: self._setter(lambda changes: edits_plan.edit_cycle(self._state, one, changes), name)
                    for name in ("name", "description", "starts_at", "ends_at", "completed_at")
                }
        return {"description": lambda value: edits_talk.reword(self._state, one, value, by)}

    def _setter(self, edit: Callable[[dict[str, object]], object], name: str) -> Put:
        return lambda value: (edit({name: _empty(value)}), None)[1]

    def _issue_fields(self, one: Issue, by: Hand) -> Mapping[str, Put]:
        def putting(name: str, read: Callable[[object], object] = _empty) -> Put:
            return lambda value: (edits_issue.edit(self._state, one, {name: read(value)}, by), None)[1]

        return {
            "name": putting("title", str),
            "title": putting("title", str),
            "description": putting("description"),
            "priority": putting("priority", _priority),
            "estimate": putting("estimate", lambda value: None if _empty(value) is None else float(str(value))),
            "due_date": putting("due_date"),
            "state": putting("state", lambda value: self.state_of(one.team, str(value))),
            "assignee": putting("assignee", lambda value: self.person(str(value)) if _empty(value) else None),
            "labels": putting("labels", lambda value: self.labels(one.team, listed(value))),
            "team": putting("team", lambda value: self.team(str(value))),
            "project": putting("project", lambda value: self._ref(Project, value)),
            "milestone": putting("project_milestone", lambda value: self._milestone(one.project, value)),
            "cycle": putting("cycle", lambda value: self._cycle(one.team, value)),
            "parent": putting("parent", lambda value: self._ref(Issue, value)),
            "blocked_by": lambda value: self._reblock(one, listed(value), by),
        }

    def _plan_fields(self, one: Project | Initiative, by: User) -> Mapping[str, Put]:
        def putting(name: str, read: Callable[[object], object] = _empty) -> Put:
            return lambda value: (edits_plan.edit_plan(self._state, one, {name: read(value)}), None)[1]

        shared: dict[str, Put] = {
            name: putting(name) for name in ("name", "description", "content", "target_date", "target_date_resolution")
        }
        shared["health"] = lambda value: self._report(one, str(value), by)
        if isinstance(one, Initiative):
            return shared | {
                "state": putting("status", lambda value: str(value).capitalize()),
                "owner": putting("owner", lambda value: self.person(str(value)) if _empty(value) else None),
            }
        return shared | {
            "state": putting("status", lambda value: self._project_status(str(value))),
            "lead": putting("lead", lambda value: self.person(str(value)) if _empty(value) else None),
            "priority": putting("priority", _priority),
            "start_date": putting("start_date"),
            "start_date_resolution": putting("start_date_resolution"),
            "teams": putting("teams", lambda value: {team.id: team for team in map(self.team, listed(value))}),
            "labels": putting("labels", lambda value: {one.id: one for one in map(self.project_label, listed(value))}),
            "initiatives": lambda value: self._retie(one, listed(value)),
        }

    # --- what values mean ----------------------------------------------------------------

    def state_of(self, team: Team, name: str) -> WorkflowState:
        """Return a team's state by name, or its first one of a type."""
        folded = name.casefold()
        named = [one for one in team.states if one.name.casefold() == folded]
        for state in [*named, *(one for one in team.states if one.type == folded)]:
            return state
        raise unknown("state", name, [one.name for one in team.states], where=f"{WHERE}: {team.key}")

    def labels(self, team: Team, names: list[str]) -> dict[str, IssueLabel]:
        """Return labels by name, made for the whole workspace when there is none."""
        found = [edits_labels.find(self._state, n, team) or edits_labels.create(self._state, n) for n in names]
        return {one.id: one for one in found}

    def project_label(self, name: str) -> ProjectLabel:
        """Return a project label by name, made when there is none."""
        folded = name.casefold()
        found = next((one for one in self._state.project_labels if one.name.casefold() == folded), None)
        return found or edits_labels.create_for_projects(self._state, name)

    def _project_status(self, name: str) -> Node:
        statuses = self._state.organization.project_statuses
        for status in statuses:
            if name.casefold() in {status.name.casefold(), status.type}:
                return status
        raise unknown("project status", name, [one.name for one in statuses], where=WHERE)

    def _ref(self, kind: type[Issue | Project], value: object) -> Item | None:
        if _empty(value) is None:
            return None
        found = self.find(str(value))
        if not isinstance(found, kind):
            raise ConfigError(
                f'"{value}" is no {kind.typename.lower()}', where=WHERE, fix=f"name a {kind.typename.lower()}"
            )
        return found

    def _milestone(self, project: Project | None, value: object) -> ProjectMilestone | None:
        if _empty(value) is None:
            return None
        held = list(project.milestones.values()) if project else []
        for one in held:
            if str(value).casefold() in {one.name.casefold(), name_of(one).casefold(), one.id}:
                return one
        raise unknown("milestone", str(value), [one.name for one in held], where=WHERE)

    def _cycle(self, team: Team, value: object) -> Cycle | None:
        if _empty(value) is None:
            return None
        held = [one for one in self._state.cycles if one.team is team]
        for one in held:
            if str(value).casefold() in {(one.name or "").casefold(), str(one.number), name_of(one).casefold(), one.id}:
                return one
        raise unknown("cycle", str(value), [name_of(one) for one in held], where=f"{WHERE}: {team.key}")

    def _reblock(self, one: Issue, keys: list[str], by: Hand) -> None:
        wanted = {each.id: each for each in map(self.find, keys) if isinstance(each, Issue)}
        held = {each.issue.id: each for each in one.inverse_relations.values() if each.type == "blocks"}
        for key, relation in held.items():
            if key not in wanted:
                edits_talk.unrelate(self._state, relation)
        for key, blocker in wanted.items():
            if key not in held:
                edits_talk.relate(self._state, blocker, one, "blocks", by)

    def _retie(self, project: Project, names: list[str]) -> None:
        wanted = {each.id: each for each in map(self.find, names) if isinstance(each, Initiative)}
        held = {tie.initiative.id: tie for tie in project.to.values()}
        for key, tie in held.items():
            if key not in wanted:
                edits_plan.untie(self._state, tie)
        for key, initiative in wanted.items():
            if key not in held:
                edits_plan.tie(self._state, initiative, project)

    def _report(self, plan: Project | Initiative, value: str, by: User) -> None:
        health = next((one for one in HEALTHS if one.casefold() == value.replace("_", "").casefold()), None)
        if health is None:
            raise unknown("health", value, HEALTHS, where=f"{WHERE}: {name_of(plan)}")
        edits_plan.report(self._state, plan, f"Now {health}.", health, by)


def _empty(value: object) -> object:
    return None if value in {None, ""} else value


def _priority(value: object) -> int:
    folded = str(value or 0).casefold()
    if folded.isdigit():
        return int(folded)
    found = next((place for place, name in enumerate(PRIORITIES) if name.casefold() == folded), None)
    if found is None:
        raise unknown("priority", str(value), PRIORITIES, where=WHERE)
    return found


def listed(value: object) -> list[str]:
    """Return a list of names, from a list or from text with commas."""
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return [part.strip() for part in str(value or "").split(",") if part.strip()]
