"""
What can be done to an issue, by anybody.

An edit is a set of new values by attribute name. All of it is checked before
any of it is done, then it is done at once, with one line of history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from syncd.sandbox.linear.markdown import saved
from syncd.sandbox.linear.nodes import ActorBot, IssueLabel, Node, Team, User, WorkflowState
from syncd.sandbox.linear.nodes_issue import Cycle, Issue, IssueHistory
from syncd.sandbox.linear.nodes_plan import Project, ProjectMilestone
from syncd.sandbox.linear.state import Refusal, State

Changes = dict[str, object]
"""New values by attribute of `Issue`; `labels` and `subscribers` by id."""
MAX_TITLE = 512
TOLD = {
    "title": "Title",
    "priority": "Priority",
    "estimate": "Estimate",
    "due_date": "DueDate",
    "state": "StateId",
    "assignee": "AssigneeId",
    "team": "TeamId",
    "project": "ProjectId",
    "cycle": "CycleId",
    "parent": "ParentId",
}
"""What history tells with `from` and `to`."""
REVERSE = {"project": "issues", "project_milestone": "issues", "cycle": "issues", "parent": "children"}
"""Where the other end keeps the issue."""
SINCE = {"cycle": "added_to_cycle_at", "project": "added_to_project_at", "team": "added_to_team_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Whose doing it is."""

    user: User
    bot: ActorBot | None = None


def create(state: State, team: Team, changes: Changes, by: Hand, *, wanted_id: object = None) -> Issue:
    """Make an issue in a team; without a state it starts in the team's default, or in triage for an outsider."""
    title = _clean_title(changes.pop("title", None))
    outside = team.triage_issue_state is not None and by.user not in team.members
    start = team.triage_issue_state if outside and team.triage_issue_state else team.default_issue_state
    born = state.born(wanted_id)
    issue = Issue(
        **born,
        team=team,
        number=team.last_number + 1,
        title=title,
        state=start,
        creator=None if by.bot else by.user,
        bot_actor=by.bot,
        sort_order=-float(len(state.issues)),
        added_to_team_at=born["created_at"],
    )
    wanted = {name: value for name, value in changes.items() if value is not None}
    check(issue, wanted)
    team.last_number += 1
    state.keep(state.issues, issue)
    state.by_identifier[issue.identifier] = issue
    _enter(state, issue, issue.state)
    for name, value in wanted.items():
        _put(state, issue, name, value)
    for person in (by.user, issue.assignee):
        if person is not None and not person.app:
            issue.subscribers[person.id] = person
    return issue


def edit(state: State, issue: Issue, changes: Changes, by: Hand) -> bool:
    """Give an issue new values and say whether any of them was new; an edit that changes nothing is no update."""
    if "title" in changes:
        changes["title"] = _clean_title(changes["title"])
    if "description" in changes:
        changes["description"] = clean_text(state, changes["description"])
    _complete(issue, changes)
    check(issue, changes)
    changed = {name: value for name, value in changes.items() if _differs(getattr(issue, name), value)}
    if not changed:
        return False
    before = {name: getattr(issue, name) for name in changed}
    if "team" in changed:
        _move(state, issue, changed.pop("team"))
    for name, value in changed.items():
        _put(state, issue, name, value)
    _note(state, issue, before, by)
    if issue.assignee is not None:
        issue.subscribers[issue.assignee.id] = issue.assignee
    state.touched(state.issues, issue)
    return True


def clean_text(state: State, value: object) -> str | None:
    """Return Markdown as the editor keeps it; nothing but blanks is nothing."""
    text = saved(str(value), state.markdown_rules) if value is not None else ""
    return text if text.strip() else None


def _clean_title(value: object) -> str:
    title = " ".join(str(value or "").split())
    if not title:
        raise Refusal("Argument Validation Error", told="title must be longer than or equal to 1 characters.")
    if len(title) > MAX_TITLE:
        raise Refusal(
            "Argument Validation Error", told=f"title must be shorter than or equal to {MAX_TITLE} characters."
        )
    return title


def _differs(old: object, new: object) -> bool:
    return list(old) != list(new) if isinstance(old, dict) and isinstance(new, dict) else old != new


# --- what must hold ------------------------------------------------------------------------


def _complete(issue: Issue, changes: Changes) -> None:
    """Add what follows: a new team has its own states, labels and cycles, a new project its own milestones."""
    team = changes.get("team", issue.team)
    if isinstance(team, Team) and team is not issue.team:
        changes.setdefault("state", team.state_of(issue.state.type, "unstarted", "backlog"))
        changes.setdefault("cycle", None)
        kept = {key: label for key, label in issue.labels.items() if label.team in {None, team}}
        changes.setdefault("labels", kept)
        if issue.project is not None and team.id not in issue.project.teams:
            changes.setdefault("project", None)
    if changes.get("project", issue.project) is not issue.project:
        changes.setdefault("project_milestone", None)


def check(issue: Issue, changes: Mapping[str, object]) -> None:
    """
    Refuse an edit that would leave the issue with things of another team or project.

    The wording is ours; Linear's is not published.
    """

    def after(name: str) -> object:
        return changes.get(name, getattr(issue, name))

    team, project = after("team"), after("project")
    for name, kind in (("state", WorkflowState), ("cycle", Cycle)):
        value = after(name)
        if isinstance(value, kind) and value.team is not team:
            raise Refusal(f"The {name} does not belong to the issue's team")
    if isinstance(project, Project) and isinstance(team, Team) and team.id not in project.teams:
        raise Refusal("The project is not shared with the issue's team")
    milestone = after("project_milestone")
    if isinstance(milestone, ProjectMilestone) and milestone.project is not project:
        raise Refusal("The project milestone does not belong to the issue's project")
    if isinstance(labels := changes.get("labels"), dict):
        _check_labels(labels.values(), team)
    assignee = changes.get("assignee")
    if isinstance(assignee, User) and not assignee.is_assignable:
        raise Refusal("The assignee is not an active member of the workspace")
    priority = changes.get("priority")
    if isinstance(priority, int) and not 0 <= priority <= 4:  # noqa: PLR2004 - from none to low
        raise Refusal("Argument Validation Error", told="priority must be from 0 to 4.")
    _check_parent(issue, changes.get("parent"))


def _check_labels(labels: Iterable[IssueLabel], team: object) -> None:
    groups: set[str] = set()
    for label in labels:
        if label.team not in {None, team}:
            raise Refusal(f'The label "{label.name}" does not belong to the issue\'s team')
        if label.is_group:
            raise Refusal(f'The label "{label.name}" is a group, which cannot be applied to an issue')
        if label.parent is not None:
            if label.parent.id in groups:
                raise Refusal("labelIds not exclusive child labels")
            groups.add(label.parent.id)


def _check_parent(issue: Issue, parent: object) -> None:
    above = parent
    while isinstance(above, Issue):
        if above is issue:
            raise Refusal("An issue cannot be its own parent or the parent of one above it")
        above = above.parent


# --- doing it ------------------------------------------------------------------------------


def _put(state: State, issue: Issue, name: str, value: object) -> None:
    """Set one value, with what hangs on it."""
    if name == "description":
        value = clean_text(state, value)
    if name in REVERSE:
        old = getattr(issue, name)
        if old is not None:
            getattr(old, REVERSE[name]).pop(issue.id, None)
        if value is not None:
            getattr(value, REVERSE[name])[issue.id] = issue
    if name in SINCE:
        setattr(issue, SINCE[name], state.stamp() if value is not None else None)
    setattr(issue, name, value)
    if name == "state":
        _enter(state, issue, issue.state)
    if name == "trashed":
        issue.archived_at = state.stamp() if value else None


def _enter(state: State, issue: Issue, reached: WorkflowState) -> None:
    """Set the times that follow from a state's type."""
    now = state.stamp()
    kind = reached.type
    if kind in {"triage", "backlog", "unstarted"}:
        issue.started_at = None
    elif kind in {"started", "completed"}:
        issue.started_at = issue.started_at or now
    issue.completed_at = (issue.completed_at or now) if kind == "completed" else None
    issue.canceled_at = (issue.canceled_at or now) if kind in {"canceled", "duplicate"} else None
    if kind != "triage" and issue.team.triage_enabled:
        issue.triaged_at = issue.triaged_at or now


def _move(state: State, issue: Issue, team: object) -> None:
    """Give an issue to another team: a new identifier, the old one is remembered, the id stays."""
    if not isinstance(team, Team):
        raise Refusal("Argument Validation Error", told="teamId must be a UUID")
    issue.previous_identifiers.append(issue.identifier)
    team.last_number += 1
    issue.team, issue.number = team, team.last_number
    issue.added_to_team_at = state.stamp()
    state.by_identifier[issue.identifier] = issue


def _note(state: State, issue: Issue, before: Mapping[str, object], by: Hand) -> None:
    """Write one line of history about everything that is not as *before*."""
    told: dict[str, object] = {}
    for name, old in before.items():
        new = getattr(issue, name)
        if name in TOLD:
            told[f"from{TOLD[name]}"], told[f"to{TOLD[name]}"] = _plain(old), _plain(new)
        elif name == "labels" and isinstance(old, dict):
            told["addedLabelIds"] = [key for key in new if key not in old]
            told["removedLabelIds"] = [key for key in old if key not in new]
        elif name == "description":
            told["updatedDescription"] = True
        elif name in {"trashed", "archived"}:
            told[name] = bool(new)
    line = IssueHistory(**state.born(), issue=issue, actor=None if by.bot else by.user, bot_actor=by.bot, changes=told)
    issue.history.append(state.keep(state.history, line))


def _plain(value: object) -> object:
    return value.id if isinstance(value, Node) else value


# --- going away ----------------------------------------------------------------------------


def trash(state: State, issue: Issue, by: Hand) -> None:
    """Put an issue in the trash, from where it can come back for 30 days."""
    edit(state, issue, {"trashed": True}, by)


def archive(state: State, issue: Issue, *, automatically: bool = False) -> None:
    """Take an issue from the lists; a person sees it still, and a client that asks for archived ones."""
    if issue.archived_at is None:
        issue.archived_at = state.stamp()
        issue.auto_archived_at = issue.archived_at if automatically else None
        state.touched(state.issues, issue)


def unarchive(state: State, issue: Issue) -> None:
    """Bring an issue back from the archive or the trash."""
    if issue.archived_at is not None:
        issue.archived_at = issue.auto_archived_at = issue.trashed = None
        state.touched(state.issues, issue)


def purge(state: State, issue: Issue) -> None:
    """Delete an issue for good, with everything that hangs on it; sub-issues stay, without a parent."""
    for name, reverse in REVERSE.items():
        other = getattr(issue, name)
        if other is not None:
            getattr(other, reverse).pop(issue.id, None)
    for child in list(issue.children.values()):
        child.parent = None
        state.touched(state.issues, child)
    for relation in [*issue.relations.values(), *issue.inverse_relations.values()]:
        relation.issue.relations.pop(relation.id, None)
        relation.related_issue.inverse_relations.pop(relation.id, None)
        state.drop(state.relations, relation)
    for comment in list(issue.comments.values()):
        state.drop(state.comments, comment)
    for attachment in list(issue.attachments.values()):
        state.drop(state.attachments, attachment)
    for name in [*issue.previous_identifiers, issue.identifier]:
        state.by_identifier.pop(name, None)
    state.drop(state.issues, issue)
