"""The roots of a query, and owners, repositories and people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from syncd.sandbox.github.context import Context
from syncd.sandbox.github.nodes import (
    Issue,
    IssueType,
    Label,
    Milestone,
    Node,
    Organization,
    PullRequest,
    Repository,
    User,
)
from syncd.sandbox.github.nodes_project import Project
from syncd.sandbox.github.paging import Args, Connection, by_offset
from syncd.sandbox.github.state import Refusal

Resolver: TypeAlias = Callable[..., object]
"""Takes the parent object, the `Context` and the field's arguments by their GraphQL names."""
AVATARS = "https://avatars.githubusercontent.com"


def node(_root: object, context: Context, args: Args) -> Node:
    """Return one node by id."""
    return context.state.find(str(args["id"]))


def nodes(_root: object, context: Context, args: Args) -> list[Node | Refusal]:
    """Return nodes by id, with a refusal in place of each that is not to be had."""
    ids = args["ids"]
    found: list[Node | Refusal] = []
    for node_id in ids if isinstance(ids, list) else []:
        try:
            found.append(context.state.find(str(node_id)))
        except Refusal as refusal:
            found.append(refusal)
    return found


def organization(_root: object, context: Context, args: Args) -> Organization:
    """Return an organisation by login."""
    found = context.state.organizations.get(str(args["login"]).casefold())
    if found is None:
        raise Refusal("NOT_FOUND", f"Could not resolve to an Organization with the login of '{args['login']}'.")
    return found


def user(_root: object, context: Context, args: Args) -> User:
    """Return a person by login."""
    found = context.state.users.get(str(args["login"]).casefold())
    if found is None or not found.active:
        raise Refusal("NOT_FOUND", f"Could not resolve to a User with the login of '{args['login']}'.")
    return found


def repository_owner(_root: object, context: Context, args: Args) -> Organization | User | None:
    """Return whoever has that login; `None`, without an error, when nobody has."""
    login = str(args["login"]).casefold()
    return context.state.organizations.get(login) or context.state.users.get(login)


def repository(_root: object, context: Context, args: Args) -> Repository:
    """Return a repository by owner and name."""
    return context.state.repository(str(args["owner"]), str(args["name"]))


def rate_limit(_root: object, context: Context, _args: Args) -> Mapping[str, object]:
    """Return what this very query cost, and what is left."""
    bucket = context.limits.graphql
    return {
        "cost": context.spend.cost,
        "limit": bucket.limit,
        "nodeCount": context.spend.nodes,
        "remaining": bucket.remaining,
        "resetAt": context.limits.reset_at(bucket),
        "used": bucket.used,
    }


def owned_repository(owner: Organization | User, context: Context, args: Args) -> Repository:
    """Return a repository of that owner."""
    return context.state.repository(owner.login, str(args["name"]))


def owned_project(owner: Organization | User | Repository | Issue, _context: Context, args: Args) -> Project:
    """Return a project by number; people and repositories own none here."""
    found = owner.projects.get(int(str(args["number"]))) if isinstance(owner, Organization) else None
    if found is None:
        raise Refusal("NOT_FOUND", f"Could not resolve to a ProjectV2 with the number {args['number']}.")
    return found


def owned_projects(owner: Organization | User, _context: Context, args: Args) -> Connection[Project]:
    """Return the owner's projects, latest number first."""
    projects = owner.projects.values() if isinstance(owner, Organization) else ()
    return by_offset(sorted(projects, key=lambda one: -one.number), args, "projectsV2")


def issue_types(owner: Organization | Repository, _context: Context, args: Args) -> Connection[IssueType]:
    """Return the types issues may have."""
    organization_ = owner.owner if isinstance(owner, Repository) else owner
    return by_offset(organization_.issue_types, args, "issueTypes")


def issue_type(owner: Repository, _context: Context, args: Args) -> IssueType | None:
    """Return a type by name, or nothing."""
    name = str(args["name"]).casefold()
    return next((one for one in owner.owner.issue_types if one.name.casefold() == name), None)


def assignable_users(_owner: Repository, context: Context, args: Args) -> Connection[User]:
    """Return who may be assigned: every active person, filtered by a piece of login or name."""
    piece = str(args.get("query") or "").casefold()
    people = [
        one
        for one in context.state.users.values()
        if one.active and (piece in one.login.casefold() or piece in (one.name or "").casefold())
    ]
    return by_offset(people, args, "assignableUsers")


def issue(owner: Repository, _context: Context, args: Args) -> Issue:
    """Return an issue by number."""
    found = _numbered(owner, args["number"])
    if not isinstance(found, Issue):
        raise Refusal("NOT_FOUND", f"Could not resolve to an Issue with the number of {args['number']}.")
    return found


def issue_or_pull_request(owner: Repository, _context: Context, args: Args) -> Issue | PullRequest:
    """Return whatever has that number."""
    found = _numbered(owner, args["number"])
    if found is None:
        raise Refusal(
            "NOT_FOUND", f"Could not resolve to an issue or pull request with the number of {args['number']}."
        )
    return found


def _numbered(owner: Repository, number: object) -> Issue | PullRequest | None:
    index = int(str(number)) - 1
    found = owner.contents[index] if 0 <= index < len(owner.contents) else None
    return None if found is None or found.hidden else found


def label(owner: Repository, _context: Context, args: Args) -> Label | None:
    """Return a label by name, whatever its case, or nothing."""
    return owner.labels.get(str(args["name"]).casefold())


def labels(owner: Repository, _context: Context, args: Args) -> Connection[Label]:
    """Return the labels, oldest first unless ordered by name."""
    piece = str(args.get("query") or "").casefold()
    return by_offset(ordered([one for name, one in owner.labels.items() if piece in name], args), args, "labels")


def ordered(found: list[Label], args: Args) -> list[Label]:
    """Put labels in the order asked for."""
    order = args.get("orderBy")
    field, direction = (order.get("field"), order.get("direction")) if isinstance(order, dict) else (None, None)
    found.sort(key=lambda one: (one.name.casefold() if field == "NAME" else "", one.database_id))
    return found[::-1] if direction == "DESC" else found


def milestone(owner: Repository, _context: Context, args: Args) -> Milestone | None:
    """Return a milestone by number, or nothing."""
    index = int(str(args["number"])) - 1
    return owner.milestones[index] if 0 <= index < len(owner.milestones) else None


def milestones(owner: Repository, _context: Context, args: Args) -> Connection[Milestone]:
    """Return the milestones, by number unless ordered otherwise."""
    states = args.get("states")
    piece = str(args.get("query") or "").casefold()
    found = [
        one
        for one in owner.milestones
        if one is not None
        and (not isinstance(states, list) or not states or one.state in states)
        and piece in one.title.casefold()
    ]
    order = args.get("orderBy")
    if isinstance(order, dict):
        name = {"DUE_DATE": "due_on", "UPDATED_AT": "updated_at", "CREATED_AT": "created_at"}.get(
            str(order["field"]), "number"
        )
        found.sort(
            key=lambda one: (str(getattr(one, name) or "9999") if name != "number" else "", one.number),
            reverse=order["direction"] == "DESC",
        )
    return by_offset(found, args, "milestones")


def progress(owner: Milestone, _context: Context, _args: Args) -> float:
    """Return the share of closed issues in percent; 0 without issues."""
    return 100 * owner.closed_issue_count / len(owner.issues) if owner.issues else 0.0


def milestone_issues(owner: Milestone, _context: Context, args: Args) -> Connection[Issue]:
    """Return a milestone's issues, oldest first; filters are not offered."""
    return by_offset([one for one in owner.issues.values() if not one.hidden], args, "issues")


def avatar(one: Node, _context: Context, _args: Args) -> str:
    """Return where an actor's picture would be."""
    return f"{AVATARS}/u/{one.database_id}?v=4"


_OWNER: dict[str, Resolver] = {
    "projectV2": owned_project,
    "projectsV2": owned_projects,
    "repository": owned_repository,
    "avatarUrl": avatar,
}

RESOLVERS: dict[str, Resolver] = {
    "Query.id": lambda *_: "Q",
    "Query.node": node,
    "Query.nodes": nodes,
    "Query.organization": organization,
    "Query.rateLimit": rate_limit,
    "Query.repository": repository,
    "Query.repositoryOwner": repository_owner,
    "Query.user": user,
    "Query.viewer": lambda _root, context, _args: context.viewer,
    **{f"{kind}.{name}": resolver for kind in ("User", "Organization") for name, resolver in _OWNER.items()},
    "User.isViewer": lambda one, context, _args: one is context.viewer,
    "Organization.issueTypes": issue_types,
    "Repository.assignableUsers": assignable_users,
    "Repository.hasIssuesEnabled": lambda *_: True,
    "Repository.isArchived": lambda *_: False,
    "Repository.issue": issue,
    "Repository.issueOrPullRequest": issue_or_pull_request,
    "Repository.issueType": issue_type,
    "Repository.issueTypes": issue_types,
    "Repository.label": label,
    "Repository.labels": labels,
    "Repository.milestone": milestone,
    "Repository.milestones": milestones,
    "Repository.projectV2": owned_project,
    "Repository.viewerPermission": lambda *_: "WRITE",
    "Milestone.issues": milestone_issues,
    "Milestone.progressPercentage": progress,
}
