"""
Linear's limits: requests an hour, complexity an hour, and complexity a query.

The scoring is Linear's own: a property 0.1, an object 1, what is below a
connection times the page size asked for (default 50), rounded up. Numbers
differ between public copies (vendor-facts section 4: 1,200 to 5,000 requests,
250,000 points, 10,000 a query); all may be set. Both are leaky buckets: what
was spent comes back evenly over the hour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)

from syncd.sandbox.documents import page_size
from syncd.sandbox.linear.paging import DEFAULT_PAGE

REQUESTS_AN_HOUR = 5_000
POINTS_AN_HOUR = 250_000
MAX_COMPLEXITY = 10_000
HOUR_S = 3_600
PROPERTY, OBJECT = 0.1, 1.0


@dataclass(slots=True)
class Bucket:
    """Points that come back evenly; full again an hour after it was empty."""

    name: str
    limit: float
    spent: float = 0.0
    at_s: float = 0.0
    """When *spent* was last reckoned, in epoch seconds."""

    def roll(self, now: datetime) -> None:
        """Let come back what has come back since."""
        second = now.timestamp()
        self.spent = max(0.0, self.spent - self.limit * max(0.0, second - self.at_s) / HOUR_S)
        self.at_s = second

    @property
    def remaining(self) -> int:
        """How much may be spent now."""
        return max(0, math.floor(self.limit - self.spent))

    @property
    def full_at_ms(self) -> int:
        """When it will be full again, in epoch milliseconds."""
        return round(1_000 * (self.at_s + HOUR_S * self.spent / self.limit))

    def headers(self) -> dict[str, str]:
        """Return the headers every answer carries."""
        return {
            f"X-RateLimit-{self.name}-Limit": str(int(self.limit)),
            f"X-RateLimit-{self.name}-Remaining": str(self.remaining),
            f"X-RateLimit-{self.name}-Reset": str(self.full_at_ms),
        }


@dataclass(slots=True)
class Limits:
    """The buckets of one account, shared by all its keys."""

    now: Callable[[], datetime]
    requests: Bucket = field(default_factory=lambda: Bucket("Requests", REQUESTS_AN_HOUR))
    complexity: Bucket = field(default_factory=lambda: Bucket("Complexity", POINTS_AN_HOUR))
    max_complexity: int = MAX_COMPLEXITY

    def roll(self) -> None:
        """Let come back what has come back since."""
        for bucket in (self.requests, self.complexity):
            bucket.roll(self.now())

    def spend(self, points: int) -> bool:
        """Take one request and so many points, or return `False` when either is not there."""
        self.roll()
        if self.requests.remaining < 1 or self.complexity.remaining < points:
            return False
        self.requests.spent += 1
        self.complexity.spent += points
        return True

    def headers(self) -> dict[str, str]:
        """Return both buckets' headers, as of now."""
        self.roll()
        return self.requests.headers() | self.complexity.headers()

    def status(self, points: int) -> Mapping[str, object]:
        """Return what `rateLimitStatus` tells a query that costs so many points."""
        self.roll()
        return {
            "identifier": None,
            "kind": "apiKey",
            "limits": [
                {
                    "type": bucket.name.lower(),
                    "requestedAmount": asked,
                    "allowedAmount": bucket.limit,
                    "period": HOUR_S * 1_000,
                    "remainingAmount": bucket.remaining,
                    "reset": bucket.full_at_ms,
                }
                for bucket, asked in ((self.requests, 1), (self.complexity, points))
            ],
        }


def price(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, object]
) -> int:
    """Return the complexity of a valid document's operation."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    mutates = operation.operation is OperationType.MUTATION
    root = schema.mutation_type if mutates else schema.query_type
    return math.ceil(round(_Count(fragments, variables).within(operation.selection_set, root), 6))


@dataclass(frozen=True, slots=True)
class _Count:
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, object]

    def within(self, selections: SelectionSetNode | None, kind: GraphQLNamedType | None) -> float:
        """Return the points of everything selected on one object of a kind."""
        points = 0.0
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                points += self.within(self.fragments[node.name.value].selection_set, kind)
            elif isinstance(node, InlineFragmentNode):
                points += self.within(node.selection_set, kind)
            elif isinstance(node, FieldNode):
                points += self._field(node, kind)
        return points

    def _field(self, node: FieldNode, kind: GraphQLNamedType | None) -> float:
        if node.selection_set is None or not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            return PROPERTY
        below = get_named_type(kind.fields[node.name.value].type)
        inner = self.within(node.selection_set, below)
        if not below.name.endswith("Connection"):
            return OBJECT + inner
        size = page_size(node, self.variables)
        return OBJECT + (DEFAULT_PAGE if size is None else size) * inner
