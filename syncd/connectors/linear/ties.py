"""What ties two records together: relations of issues, and the initiatives a project belongs to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from syncd.connectors.linear import queries
from syncd.connectors.linear.api import Api
from syncd.connectors.linear.families import ISSUE, PROJECT
from syncd.connectors.linear.payloads import MembershipEdge, MembershipNode, RelationEdge, RelationNode
from syncd.connectors.linear.records import BLOCKS

EdgeT = TypeVar("EdgeT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Ties:
    """All ties of the workspace."""

    blockers: Mapping[str, list[str]] = field(default_factory=dict)
    """By issue, those that block it."""
    initiatives: Mapping[str, list[str]] = field(default_factory=dict)
    """By project, those it belongs to."""


async def read_ties(api: Api, kinds: Collection[str]) -> Ties:
    """Return the ties of records of these kinds."""
    blockers: dict[str, list[str]] = {}
    initiatives: dict[str, list[str]] = {}
    if ISSUE in kinds:
        async for relation in _edges(api, "issueRelations", RelationEdge):
            if relation.type == BLOCKS:
                blockers.setdefault(relation.related_issue.id, []).append(relation.issue.id)
    if PROJECT in kinds:
        async for membership in _edges(api, "initiativeToProjects", MembershipEdge):
            initiatives.setdefault(membership.project.id, []).append(membership.initiative.id)
    return Ties(blockers, initiatives)


async def relation_ids(api: Api, issue: str) -> Mapping[str, str]:
    """Return the ids of the relations that block an issue, by the blocking issue."""
    pages = api.pages(
        queries.MORE["inverseRelations"],
        {"id": issue},
        path=["node", "inverseRelations"],
        node=RelationNode,
        where=f"{api.name}:{ISSUE}:{issue}",
        node_points=queries.EDGE_POINTS,
        size=queries.MORE_PAGE,
    )
    return {node.issue.id: node.id async for page in pages for node in page.nodes if node.type == BLOCKS}


async def membership_ids(api: Api, project: str) -> Mapping[str, str]:
    """Return the ids of a project's memberships, by initiative."""
    pages = api.pages(
        queries.MORE["initiativeToProjects"],
        {"id": project},
        path=["node", "initiativeToProjects"],
        node=MembershipNode,
        where=f"{api.name}:{PROJECT}:{project}",
        node_points=queries.EDGE_POINTS,
        size=queries.MORE_PAGE,
    )
    return {node.initiative.id: node.id async for page in pages for node in page.nodes}


async def _edges(api: Api, name: str, node: type[EdgeT]) -> AsyncIterator[EdgeT]:
    pages = api.pages(
        queries.EDGES[name],
        {},
        path=["edges"],
        node=node,
        where=f"{api.name} {name}",
        node_points=queries.EDGE_POINTS,
        size=queries.EDGE_PAGE,
    )
    async for page in pages:
        for edge in page.nodes:
            yield edge
