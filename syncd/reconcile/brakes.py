"""
The brakes: a plan that would archive or change too much is refused whole (design.md section 6).

Counted per connection over a sliding 24 hours, so many small runs brake like one big one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.errors import UnsafePlanError
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


@dataclass(frozen=True, slots=True)
class Recent:
    """What one connection took in the last 24 hours, and how many items are linked there."""

    archived: int = 0
    updated: int = 0
    created: int = 0
    linked: int = 0


def check_safe(
    lines: Sequence[Line],
    recent: Mapping[ConnectionName, Recent],
    limits: Mapping[ConnectionName, Limits],
    *,
    plan: str,
) -> None:
    """
    Refuse the plan whole when it would archive, update or create more than the limits allow.

    An item counts once, however many of its fields change.

    Raises:
        UnsafePlanError: names every connection over its limit, and the command that lets a reviewed plan pass.
    """
    over = [each for verb in (Verb.ARCHIVE, Verb.UPDATE, Verb.CREATE) for each in _over(lines, recent, limits, verb)]
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
) -> list[str]:
    touched = {
        (line.place.connection, line.link or (line.entity, line.place.container)) for line in lines if line.verb is verb
    }
    planned = Counter(connection for connection, _ in touched)
    found = []
    for connection in sorted(planned):
        past = recent.get(connection, Recent())
        count, share, before = _limit(limits.get(connection, Limits()), past, verb)
        allowed = max(count, int(share * past.linked))
        total = planned[connection] + before
        if total > allowed:
            what = f"{total} items beside" if verb is Verb.CREATE else f"{total} of"
            found.append(
                f"{connection}: the plan would {verb} {what} {past.linked} linked items "
                f"within {WINDOW_H} h (limit {allowed})"
            )
    return found


def _limit(limit: Limits, past: Recent, verb: Verb) -> tuple[int, float, int]:
    """Return the count and the share a verb may take, and what it took already."""
    match verb:
        case Verb.ARCHIVE:
            return limit.archive_count, limit.archive_share, past.archived
        case Verb.UPDATE:
            return limit.update_count, limit.update_share, past.updated
        case Verb.CREATE:
            return limit.create_count, limit.create_share, past.created
