"""Nodes by id, many in one request, with every nested list read to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

from pydantic import BaseModel

from syncd.connectors.github import queries
from syncd.connectors.github.api import Answer, Api, error_of
from syncd.connectors.github.payloads import Connection
from syncd.connectors.github.project import ProjectCache
from syncd.connectors.github.records import Surroundings
from syncd.errors import ForbiddenError, NotFoundError, RejectedError, RemoteError
from syncd.model.native import Record

NodeT = TypeVar("NodeT", bound=BaseModel)
Read: TypeAlias = Record | RemoteError
Make: TypeAlias = Callable[[Mapping[str, object], Surroundings, datetime], Awaitable[Record]]
"""Takes a node as it came, the project around it and when GitHub answered."""

POINTS: Final = 5.0
"""About what a batch of 50 costs: nine nested lists each, one point per hundred."""


class Nodes:
    """Reads nodes of one connection."""

    def __init__(self, api: Api, project: ProjectCache, *, batch: int) -> None:
        self._api = api
        self._project = project
        self._batch = batch

    async def read(
        self,
        text: str,
        ids: Sequence[str],
        kind: str,
        make: Make,
    ) -> Mapping[str, Read]:
        """Read nodes by id and make a record of each; an answer for every id asked."""
        found: dict[str, Read] = {}
        if not ids:
            return found
        around = (await self._project.get()).around
        for start in range(0, len(ids), self._batch):
            some = ids[start : start + self._batch]
            answer = await self._api.query(text, {"ids": list(some)}, where=f"{self._api.name}:{kind}", cost=POINTS)
            for index, node_id in enumerate(some):
                where = f"{self._api.name}:{kind}:{node_id}"
                try:
                    found[node_id] = await make(node_at(answer, index, where), around, answer.at)
                except RemoteError as exc:
                    if isinstance(exc, RejectedError | NotFoundError | ForbiddenError):
                        found[node_id] = exc
                    else:
                        raise
        return found

    async def rest(
        self, key: str, node_id: str, name: str, first: Connection[NodeT], kind: type[NodeT]
    ) -> Connection[NodeT]:
        """
        Return a nested list whole: cutting it short would read as somebody's removal.

        *key* is the query's in `queries.MORE`, *name* the list's own name.
        """
        if not first.page_info.has_next_page:
            return first
        nodes: list[NodeT | None] = []
        pages = self._api.pages(
            queries.MORE[key], {"id": node_id}, path=("node", name), node=kind, where=f"{self._api.name} {node_id}"
        )
        async for _, page in pages:
            nodes += page.nodes
        return Connection[kind](nodes=tuple(nodes))  # type: ignore[valid-type]


def node_at(answer: Answer, index: int, where: str) -> Mapping[str, object]:
    """
    Return one node of a batch, or raise why there is none.

    An error anywhere inside it counts against the whole node: a part that is
    null for want of permission must not read as empty.
    """
    nodes = answer.data.get("nodes")
    node = nodes[index] if isinstance(nodes, list) and index < len(nodes) else None
    problem = answer.problem_at("nodes", index) or (answer.errors[0] if answer.errors and nodes is None else None)
    if problem:
        raise error_of(problem, where=where, is_write=False)
    if not isinstance(node, Mapping) or not node.get("id"):
        raise NotFoundError(
            "not there, or hidden from this account", where=where, fix="check that it exists and may be seen"
        )
    return node
