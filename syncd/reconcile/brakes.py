"""
The brakes: a plan that would archive or change too much is refused whole (design.md section 6).

Counted per connection over a sliding 24 hours, so many small runs brake like one big one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from syncd.errors import UnsafePlanError
from syncd.model.canonical import Kind
from syncd.model.refs import ConnectionName
from syncd.reconcile.plan import Line, Verb

WINDOW_H: Final = 24
"""Hours a brake looks back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection may take in 24 hours without a person's approval."""

    archive_count: int = 3
    archive_share: float = 0.02
    """Share of the linked items, 0 to 1; the larger of count and share counts."""
    update_count: int = 50
    update_share: float = 0.5
    create_count: int = 50
    create_share: float = 0.5
    comment_count: int = 500
    """Comments are counted apart from everything else: made, and updated, each up to this many."""
    comment_share: float = 0.5
    """Share of the linked comments."""


@dataclass(frozen=True, slots=True)
class Recent:
    """What one connection took in the last 24 hours, and how many items (or comments) are linked there."""

    archived: int = 0
    updated: int = 0
    created: int = 0
    linked: int = 0


NOTHING: Final = Recent()


def check_safe(
    lines: Sequence[Line],
    recent: Mapping[ConnectionName, Recent],
    limits: Mapping[ConnectionName, Limits],
    *,
    plan: str,
    comments: Mapping[ConnectionName, Recent] = MappingProxyType({}),
) -> None:
    """
    Refuse the plan whole when it would archive, update or create more than the limits allow.

    An item counts once, however many of its fields change. Comments have a
    limit of their own and *comments* tells what was done to them: many of them
    do not use up what the items may take, nor the other way round.

    Raises:
        UnsafePlanError: names every connection over its limit, and the command that lets a reviewed plan pass.
    """
    said = [line for line in lines if line.kind is Kind.COMMENT]
    others = [line for line in lines if line.kind is not Kind.COMMENT]
    verbs = (Verb.ARCHIVE, Verb.UPDATE, Verb.CREATE)
    over = [each for verb in verbs for each in _over(others, recent, limits, verb)]
    over += [each for verb in verbs for each in _over(said, comments, limits, verb, "comments")]
    if over:
        raise UnsafePlanError(
            "; ".join(over),
            fix=f"look at it with: syncd plan; if it is intended, run: syncd apply {plan} --approve",
        )


def _over(
    lines: Sequence[Line],
    recent: Mapping[ConnectionName, Recent],
    limits: Mapping[ConnectionName, Limits],
    verb: Verb,
    what: str = "items",
) -> list[str]:
    touched = {
        (line.place.connection, line.link or (line.entity, line.place.container)) for line in lines if line.verb is verb
    }
    planned = Counter(connection for connection, _ in touched)
    found = []
    for connection in sorted(planned):
        past = recent.get(connection, NOTHING)
        count, share, before = _limit(limits.get(connection, Limits()), past, verb, what)
        allowed = max(count, int(share * past.linked))
        total = planned[connection] + before
        if total > allowed:
            told = f"{total} {what} beside" if verb is Verb.CREATE else f"{total} of"
            found.append(
                f"{connection}: the plan would {verb} {told} {past.linked} linked {what} "
                f"within {WINDOW_H} h (limit {allowed})"
            )
    return found


def _limit(limit: Limits, past: Recent, verb: Verb, what: str) -> tuple[int, float, int]:
    """Return the count and the share a verb may take, and what it took already."""
    if what == "comments" and verb is not Verb.ARCHIVE:
        return limit.comment_count, limit.comment_share, past.created if verb is Verb.CREATE else past.updated
    match verb:
        case Verb.ARCHIVE:
            return limit.archive_count, limit.archive_share, past.archived
        case Verb.UPDATE:
            return limit.update_count, limit.update_share, past.updated
        case Verb.CREATE:
            return limit.create_count, limit.create_share, past.created
