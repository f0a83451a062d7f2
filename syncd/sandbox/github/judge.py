"""What a request is for, told from its text alone."""

from __future__ import annotations

import re

from syncd.sandbox.documents import judge_graphql
from syncd.sandbox.github.schema import schema
from syncd.sandbox.log import Judgement, RequestKind

TOKENS = re.compile(r"/app/installations/\d+/access_tokens")
MILESTONE = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)/milestones/(?P<number>\d+)")
ISSUE = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)/issues/(?P<number>\d+)")
NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")


def judge(method: str, path: str, body: bytes) -> Judgement:
    """Say what a request is for; getting a token is no write."""
    if path.rstrip("/") == "/graphql":
        return judge_graphql(body, schema())
    items = frozenset(
        [f"{found['repository']}/milestone/{found['number']}" for found in MILESTONE.finditer(path)]
        + [f"{found['repository']}#{found['number']}" for found in ISSUE.finditer(path)]
    )
    reads = method in {"GET", "HEAD", "OPTIONS"} or TOKENS.fullmatch(path) is not None
    kind = RequestKind.READ if reads else RequestKind.WRITE
    return Judgement(kind=kind, operation=f"{method} {NUMBER.sub('{number}', path)}", items=items)
