"""What a request is for, told from its text alone."""

from __future__ import annotations

import re
from functools import lru_cache

from graphql import OperationType

from syncd.sandbox.github.graphql_api import prepare, read_ask, root_fields, strings
from syncd.sandbox.log import Judgement, RequestKind

TOKENS = re.compile(r"/app/installations/\d+/access_tokens")
MILESTONE = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)/milestones/(?P<number>\d+)")
ISSUE = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)/issues/(?P<number>\d+)")
NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")


def judge(method: str, path: str, body: bytes) -> Judgement:
    """Say what a request is for; getting a token is no write."""
    if path.rstrip("/") == "/graphql":
        return _graphql(body)
    items = frozenset(
        [f"{found['repository']}/milestone/{found['number']}" for found in MILESTONE.finditer(path)]
        + [f"{found['repository']}#{found['number']}" for found in ISSUE.finditer(path)]
    )
    reads = method in {"GET", "HEAD", "OPTIONS"} or TOKENS.fullmatch(path) is not None
    kind = RequestKind.READ if reads else RequestKind.WRITE
    return Judgement(kind=kind, operation=f"{method} {NUMBER.sub('{number}', path)}", items=items)


def _graphql(body: bytes) -> Judgement:
    ask = read_ask(body)
    if ask is None:
        return Judgement(kind=RequestKind.READ, operation="POST /graphql")
    writes, operation = _meaning(ask.query, ask.operationName)
    return Judgement(
        kind=RequestKind.WRITE if writes else RequestKind.READ,
        operation=operation,
        items=frozenset(text for text in strings(ask.variables) if "\n" not in text),
    )


@lru_cache(maxsize=256)
def _meaning(query: str, name: str | None) -> tuple[bool, str]:
    """Return whether it is a mutation, and its mutations or its name."""
    prepared = prepare(query)
    operation = prepared.operation(name)
    if operation is None:
        return False, "POST /graphql"
    if operation.operation is OperationType.MUTATION:
        return True, ", ".join(root_fields(prepared, operation))
    return False, f"query {operation.name.value}" if operation.name else "query"
