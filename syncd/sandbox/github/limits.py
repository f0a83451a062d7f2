"""
GitHub's limits: points an hour, nodes a query, content created a minute and an hour, and the unpublished rest.

Numbers and signals are from vendor-facts section 3 (GitHub Docs "Rate limits
and query limits for the GraphQL API", "Rate limits for the REST API"). All
may be set; the content limits are off until somebody turns them on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from syncd.sandbox.documents import page_size

POINTS_AN_HOUR = 5_000
MAX_NODES = 500_000
CREATES_A_MINUTE = 80
CREATES_AN_HOUR = 500
SECONDARY_WAIT_S = 60
HOUR_S, MINUTE_S = 3_600, 60


@dataclass(slots=True)
class Bucket:
    """Points that come back all at once, an hour after the first was spent."""

    limit: int = POINTS_AN_HOUR
    used: int = 0
    resets_at: int = 0
    """Epoch seconds."""

    def roll(self, now: datetime) -> None:
        """Start a fresh hour when the last one is over."""
        second = int(now.timestamp())
        if second >= self.resets_at:
            self.used, self.resets_at = 0, second + HOUR_S

    @property
    def remaining(self) -> int:
        """How many points are left."""
        return max(0, self.limit - self.used)

    def headers(self, resource: str) -> dict[str, str]:
        """Return the headers every answer carries."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(self.resets_at),
            "x-ratelimit-resource": resource,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What one query costs, and the nodes it may touch at most."""

    cost: int
    nodes: int


class Limits:
    """The buckets of one account, shared by all its tokens."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.graphql = Bucket()
        self.rest = Bucket()
        self.creates_a_minute: int | None = None
        self.creates_an_hour: int | None = None
        self._created: deque[float] = deque()
        self._blocked_until = 0.0

    def limit_content(self, a_minute: int = CREATES_A_MINUTE, an_hour: int = CREATES_AN_HOUR) -> None:
        """Turn the content-creation limits on."""
        self.creates_a_minute, self.creates_an_hour = a_minute, an_hour

    def block(self, wait_s: float = SECONDARY_WAIT_S) -> None:
        """Refuse everything for that long, as a secondary limit does."""
        self._blocked_until = self._now().timestamp() + wait_s

    def blocked_s(self) -> int:
        """Return how many whole seconds a secondary limit still lasts; 0 when none does."""
        left = self._blocked_until - self._now().timestamp()
        return max(0, int(left + 0.999))

    def reset_at(self, bucket: Bucket) -> str:
        """Return when the bucket's hour ends, as GraphQL tells it."""
        return f"{datetime.fromtimestamp(bucket.resets_at, UTC):%Y-%m-%dT%H:%M:%SZ}"

    def spend(self, bucket: Bucket, cost: int) -> bool:
        """Take *cost* points, or return `False` when they are not there."""
        bucket.roll(self._now())
        if bucket.remaining < cost:
            return False
        bucket.used += cost
        return True

    def content_wait_s(self) -> int:
        """Return how long content creation is barred; 0 when it is not."""
        now = self._now().timestamp()
        while self._created and self._created[0] <= now - HOUR_S:
            self._created.popleft()
        waits = [0.0]
        for limit, span in ((self.creates_a_minute, MINUTE_S), (self.creates_an_hour, HOUR_S)):
            recent = [at for at in self._created if at > now - span]
            if limit is not None and len(recent) >= limit:
                waits.append(recent[-limit] + span - now)
        return int(max(waits) + 0.999)

    def created(self) -> None:
        """Count one thing created."""
        if self.creates_a_minute is not None or self.creates_an_hour is not None:
            self._created.append(self._now().timestamp())


def price(document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, object]) -> Spend:
    """
    Return what a query costs: the requests its connections need, over 100, at least 1; and the nodes it may touch.

    Source: docs.github.com "Rate limits and query limits for the GraphQL API",
    calculating a rate limit score and node limit (read for vendor-facts G2).
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    requests, nodes = _Count(fragments, variables).within(operation.selection_set, 1)
    return Spend(cost=max(1, round(requests / 100)), nodes=nodes)


@dataclass(frozen=True, slots=True)
class _Count:
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, object]

    def within(self, selections: SelectionSetNode | None, parents: int) -> tuple[int, int]:
        """Return requests and nodes below *selections*, each carried out for that many parents."""
        requests = nodes = 0
        for node in selections.selections if selections else ():
            times = parents
            if isinstance(node, FragmentSpreadNode):
                below = self.within(self.fragments[node.name.value].selection_set, parents)
            elif isinstance(node, FieldNode | InlineFragmentNode):
                size = page_size(node, self.variables) if isinstance(node, FieldNode) else None
                if size is not None:
                    requests += parents
                    times = parents * size
                    nodes += times
                below = self.within(node.selection_set, times)
            else:
                continue
            requests, nodes = requests + below[0], nodes + below[1]
        return requests, nodes
