"""What clients read: lists with their filters, single things, and what is computed rather than stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from syncd.sandbox.linear import edits_plan
from syncd.sandbox.linear.context import Context
from syncd.sandbox.linear.filters import Filter, Sieve, updated_from, wanted_ids
from syncd.sandbox.linear.looking import is_seen, looking
from syncd.sandbox.linear.nodes import Node, Team, User
from syncd.sandbox.linear.nodes_issue import Cycle, Issue
from syncd.sandbox.linear.nodes_plan import Plan, ProjectMilestone
from syncd.sandbox.linear.paging import Args, Connection, list_order, page, shelf_order
from syncd.sandbox.linear.shelf import Shelf
from syncd.sandbox.linear.state import Refusal, State, not_found
from syncd.sandbox.linear.webhook_api import list_webhooks

N = TypeVar("N", bound=Node)
Resolver = Callable[..., object]
"""Takes the thing itself, the request's context and the field's arguments."""


def _sieve(context: Context, args: Args) -> tuple[Sieve, Filter]:
    spec = args.get("filter")
    return Sieve(looking(context), context.state.now()), spec if isinstance(spec, Mapping) else {}


def _shown(context: Context, args: Args) -> Callable[[Node], bool]:
    """Return what says whether a list shows a thing: nothing hidden, archived ones when asked for, the filter."""
    sieve, spec = _sieve(context, args)
    archived, disabled = bool(args.get("includeArchived")), bool(args.get("includeDisabled"))

    def shown(node: Node) -> bool:
        if (node.archived_at is not None and not archived) or not is_seen(node):
            return False
        if isinstance(node, User) and not node.active and not disabled:
            return False
        return sieve.passes(node, spec)

    return shown


def _by_update(args: Args) -> bool:
    return args.get("orderBy") == "updatedAt"


def every(shelf_of: Callable[[State], Shelf[N]]) -> Resolver:
    """Return the resolver of a list of all things of a kind."""

    def resolve(_root: object, context: Context, args: Args) -> Connection[N]:
        state = context.state
        shelf, by_update = shelf_of(state), _by_update(args)
        spec = args.get("filter")
        spec = spec if isinstance(spec, Mapping) else {}
        if (named := wanted_ids(spec)) is not None:
            return _few(_named(state, shelf, named), context, args, shelf)
        shown, bound = _shown(context, args), updated_from(spec, state.now())
        ordered = shelf_order(shelf, by_update=by_update, newest_first=state.newest_first)

        def passing(after: N | None) -> Iterable[N]:
            for node in ordered(after):
                if by_update and state.newest_first and node.updated_at < bound:
                    return
                if shown(node):
                    yield node

        return page(passing, shelf.by_id.get, args)

    return resolve


def _named(state: State, shelf: Shelf[N], names: Iterable[str]) -> list[N]:
    """Return what has these ids, or identifiers, in the order it was made."""
    found = {name: shelf.by_id[name] for name in names if name in shelf.by_id}
    if shelf.kind == "Issue":
        issues = (state.by_identifier.get(name.upper()) for name in names)
        found |= {one.id: shelf.by_id[one.id] for one in issues if one is not None}
    return sorted(found.values(), key=lambda node: node.created_at)


def _few(nodes: Iterable[N], context: Context, args: Args, shelf: Shelf[N] | None = None) -> Connection[N]:
    """Return a page of a few things."""
    shown = _shown(context, args)
    kept = [node for node in nodes if shown(node)]
    ordered = list_order(kept, by_update=_by_update(args), newest_first=context.state.newest_first)
    known = shelf.by_id if shelf is not None else {node.id: node for node in kept}
    return page(ordered, known.get, args)


def some(of: Callable[..., Iterable[Node]]) -> Resolver:
    """Return the resolver of a list of what belongs to a thing; *of* takes the thing and the state."""
    return lambda one, context, args: _few(of(one, context.state), context, args)


def single(find: Callable[[State, object], Node]) -> Resolver:
    """Return the resolver of one thing by its id; archived and trashed ones are found, hidden ones are not."""

    def resolve(_root: object, context: Context, args: Args) -> Node:
        found = find(context.state, args.get("id"))
        if not is_seen(found):
            raise not_found(found.typename)
        return found

    return resolve


def _find_comment(state: State, name: object) -> Node:
    if name is None:
        raise Refusal("Argument Validation Error", told="id is required.")
    return state.find(state.comments, name)


def _attachments_for_url(_root: object, context: Context, args: Args) -> Connection[Node]:
    return _few((one for one in context.state.attachments if one.url == args["url"]), context, args)


# --- what is computed ----------------------------------------------------------------------


def _seen_or_none(name: str) -> Resolver:
    """Return the resolver of a single thing that is missing to those who may not see it."""

    def resolve(one: Node, _context: Context, _args: Args) -> Node | None:
        other: Node | None = getattr(one, name)
        return other if other is not None and is_seen(other) else None

    return resolve


def _active_cycle(team: Team, context: Context, _args: Args) -> Cycle | None:
    moment = context.state.stamp()
    return next((one for one in context.state.cycles if one.team is team and edits_plan.is_in(one, moment)), None)


def _milestone_status(one: ProjectMilestone, context: Context, _args: Args) -> str:
    return edits_plan.milestone_status(context.state, one)


def _when(name: str) -> Resolver:
    return lambda one, context, _args: looking(context)(one, name)


def _id_of(name: str) -> Resolver:
    def resolve(one: Node, _context: Context, _args: Args) -> str | None:
        other = getattr(one, name)
        return other.id if other is not None else None

    return resolve


def _team_issues(team: Team, state: State) -> Iterable[Issue]:
    return (one for one in state.issues if one.team is team)


def _ties_of(plan: Plan, _state: State) -> Iterable[Node]:
    return plan.to.values()


RESOLVERS: dict[str, Resolver] = {
    "Query.webhooks": list_webhooks,
    "Query.attachment": single(lambda state, name: state.find(state.attachments, name)),
    "Query.attachments": every(lambda state: state.attachments),
    "Query.attachmentsForURL": _attachments_for_url,
    "Query.comment": single(_find_comment),
    "Query.comments": every(lambda state: state.comments),
    "Query.cycle": single(lambda state, name: state.find(state.cycles, name)),
    "Query.cycles": every(lambda state: state.cycles),
    "Query.initiative": single(State.initiative),
    "Query.initiatives": every(lambda state: state.initiatives),
    "Query.initiativeToProject": single(lambda state, name: state.find(state.ties, name)),
    "Query.initiativeToProjects": every(lambda state: state.ties),
    "Query.issue": single(State.issue),
    "Query.issues": every(lambda state: state.issues),
    "Query.issueLabel": single(lambda state, name: state.find(state.labels, name)),
    "Query.issueLabels": every(lambda state: state.labels),
    "Query.issueRelation": single(lambda state, name: state.find(state.relations, name)),
    "Query.issueRelations": every(lambda state: state.relations),
    "Query.organization": lambda _root, context, _args: context.state.organization,
    "Query.project": single(State.project),
    "Query.projects": every(lambda state: state.projects),
    "Query.projectLabels": every(lambda state: state.project_labels),
    "Query.projectMilestone": single(lambda state, name: state.find(state.milestones, name)),
    "Query.projectMilestones": every(lambda state: state.milestones),
    "Query.projectStatus": single(lambda state, name: state.find(state.project_statuses, name)),
    "Query.projectStatuses": every(lambda state: state.project_statuses),
    "Query.rateLimitStatus": lambda _root, context, _args: context.limits.status(context.complexity),
    "Query.team": single(lambda state, name: state.find(state.teams, name)),
    "Query.teams": every(lambda state: state.teams),
    "Query.user": single(lambda state, name: state.find(state.users, name)),
    "Query.users": every(lambda state: state.users),
    "Query.viewer": lambda _root, context, _args: context.viewer,
    "Query.workflowState": single(lambda state, name: state.find(state.states, name)),
    "Query.workflowStates": every(lambda state: state.states),
    "Comment.children": some(lambda one, _state: one.children.values()),
    "Comment.issue": _seen_or_none("issue"),
    "Comment.initiativeId": _id_of("initiative"),
    "Comment.issueId": _id_of("issue"),
    "Comment.parentId": _id_of("parent"),
    "Comment.projectId": _id_of("project"),
    "Cycle.issues": some(lambda one, _state: one.issues.values()),
    **{f"Cycle.{name}": _when(name) for name in ("isActive", "isFuture", "isNext", "isPast", "isPrevious")},
    "Initiative.links": some(lambda one, _state: one.links.values()),
    "Initiative.projects": some(lambda one, _state: [tie.project for tie in one.to.values()]),
    "Issue.attachments": some(lambda one, _state: one.attachments.values()),
    "Issue.children": some(lambda one, _state: one.children.values()),
    "Issue.comments": some(lambda one, _state: one.comments.values()),
    "Issue.history": some(lambda one, _state: one.history),
    "Issue.inverseRelations": some(lambda one, _state: one.inverse_relations.values()),
    "Issue.labels": some(lambda one, _state: one.labels.values()),
    "Issue.parent": _seen_or_none("parent"),
    "Issue.relations": some(lambda one, _state: one.relations.values()),
    "Issue.subscribers": some(lambda one, _state: one.subscribers.values()),
    "IssueHistory.actorId": _id_of("actor"),
    "IssueLabel.children": some(lambda one, _state: one.children),
    "Organization.teams": every(lambda state: state.teams),
    "Organization.users": every(lambda state: state.users),
    "Organization.userCount": lambda _one, context, _args: sum(one.active for one in context.state.users),
    "Project.comments": some(lambda one, _state: one.comments.values()),
    "Project.description": lambda one, _context, _args: one.description or "",
    "Project.externalLinks": some(lambda one, _state: one.links.values()),
    "Project.initiatives": some(lambda one, _state: [tie.initiative for tie in one.to.values()]),
    "Project.initiativeToProjects": some(_ties_of),
    "Project.issues": some(lambda one, _state: one.issues.values()),
    "Project.labels": some(lambda one, _state: one.labels.values()),
    "Project.members": some(lambda one, _state: one.members.values()),
    "Project.projectMilestones": some(lambda one, _state: one.milestones.values()),
    "Project.projectUpdates": some(lambda one, _state: one.reports),
    "Project.teams": some(lambda one, _state: one.teams.values()),
    "ProjectMilestone.issues": some(lambda one, _state: one.issues.values()),
    "ProjectMilestone.status": _milestone_status,
    "Team.activeCycle": _active_cycle,
    "Team.cycles": some(lambda one, state: [cycle for cycle in state.cycles if cycle.team is one]),
    "Team.issues": some(_team_issues),
    "Team.labels": some(lambda one, state: [label for label in state.labels if label.team in {None, one}]),
    "Team.members": some(lambda one, _state: one.members),
    "Team.projects": some(lambda one, state: [each for each in state.projects if one.id in each.teams]),
    "Team.states": some(lambda one, _state: one.states),
    "User.isMe": lambda one, context, _args: one is context.viewer,
    "User.isMentionable": lambda one, _context, _args: one.active,
    "User.teams": some(lambda one, state: [team for team in state.teams if one in team.members]),
    "WorkflowState.issues": some(lambda one, state: [issue for issue in state.issues if issue.state is one]),
}
