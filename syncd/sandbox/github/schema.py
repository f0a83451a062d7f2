"""The executable schema: `schema.graphql` with a resolver on every field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema

from syncd.sandbox.github import (
    mutations_comment,
    mutations_issue,
    mutations_project,
    resolvers_issue,
    resolvers_project,
    resolvers_query,
)
from syncd.sandbox.github.context import Context
from syncd.sandbox.github.mutations_issue import Mutation
from syncd.sandbox.github.nodes import (
    Content,
    Issue,
    IssueComment,
    Label,
    Milestone,
    Node,
    Organization,
    Repository,
    User,
)
from syncd.sandbox.github.nodes_project import Project
from syncd.sandbox.github.resolvers_query import Resolver
from syncd.sandbox.github.state import WEB, Refusal, wire
from syncd.sandbox.schemas import held, load_schema

CREATES = frozenset(
    {"addComment", "addProjectV2DraftIssue", "convertProjectV2DraftIssueItemToIssue", "createIssue", "createLabel"}
)
"""What counts against the content-creation limits."""
MUTATIONS: dict[str, Mutation] = mutations_issue.MUTATIONS | mutations_comment.MUTATIONS | mutations_project.MUTATIONS
RESOLVERS: dict[str, Resolver] = resolvers_query.RESOLVERS | resolvers_issue.RESOLVERS | resolvers_project.RESOLVERS
BY_KEY = frozenset(
    {"RateLimit", "SubIssuesSummary", "IssueDependenciesSummary", "ProjectV2IterationFieldConfiguration"}
)
"""Types whose values are mappings by GraphQL name, as payloads are."""


@lru_cache(maxsize=1)
def schema() -> GraphQLSchema:
    """Return the schema, built once a process."""
    return load_schema("syncd.sandbox.github", _resolver, {"DateTime": _date_time, "Date": _date})


def _resolver(kind: str, name: str) -> Callable[..., object]:
    if kind == "Mutation":
        return _mutation(name)
    known = RESOLVERS.get(f"{kind}.{name}") or (_PLACES.get(name) if name in {"url", "resourcePath"} else None)
    if known is not None:
        return lambda source, info, **args: known(source, info.context, args)
    by_key = kind in BY_KEY or kind.endswith("Payload")
    return held(name, by_key=by_key)


def _mutation(name: str) -> Callable[..., object]:
    carry_out = MUTATIONS[name]

    def resolve(_root: object, info: GraphQLResolveInfo[Context], **args: dict[str, object]) -> dict[str, object]:
        """Carry one alias out by itself: its refusal is its own, the others run on."""
        context = info.context
        given = args["input"]
        if name in CREATES and context.limits.content_wait_s():
            # Source: github.com/cli/cli issue 4801 (read 2026-11-20).
            raise Refusal("UNPROCESSABLE", "was submitted too quickly")
        payload = carry_out(context, given)
        context.written.append(name)
        return {"clientMutationId": given.get("clientMutationId"), **payload}

    return resolve


def path_of(one: Node) -> str:
    """Return where a thing lives on the web, below the host."""
    match one:
        case Repository():
            path = f"/{one.name_with_owner}"
        case Content():
            kind = "issues" if isinstance(one, Issue) else "pull"
            path = f"/{one.repository.name_with_owner}/{kind}/{one.number}"
        case IssueComment():
            path = f"{path_of(one.subject)}#issuecomment-{one.database_id}"
        case Milestone():
            path = f"/{one.repository.name_with_owner}/milestone/{one.number}"
        case Label():
            path = f"/{one.repository.name_with_owner}/labels/{one.name.replace(' ', '%20')}"
        case Project():
            path = f"/orgs/{one.owner.login}/projects/{one.number}"
        case User() | Organization():
            path = f"/{one.login}"
        case _:
            raise LookupError(type(one).__name__)
    return path


_PLACES: dict[str, Resolver] = {
    "resourcePath": lambda one, _context, _args: path_of(one),
    "url": lambda one, _context, _args: WEB + path_of(one),
}


def _date_time(value: object) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise GraphQLError(f"invalid value (\"{value}\"). Expected type 'DateTime'.") from None
    return wire(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _date(value: object) -> str:
    """Read a day, also from a full time (a recorded mutation sends `2020-02-02T00:00:00.000Z`)."""
    try:
        return datetime.fromisoformat(str(value)).date().isoformat()
    except ValueError:
        raise GraphQLError(f"invalid value (\"{value}\"). Expected type 'Date'.") from None
