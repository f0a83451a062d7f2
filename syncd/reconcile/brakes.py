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
    update_share: float = 0.3


@dataclass(frozen=True, slots=True)
class Recent:
    """What one connection took in the last 24 hours, and how many items are linked there."""

    archived: int = 0
    updated: int = 0
    linked: int = 0


def check_safe(
    lines: Sequence[Line],
    recent: Mapping[ConnectionName, Recent],
    limits: Mapping[ConnectionName, Limits],
    *,
    plan: str,
) -> None:
    """
    Refuse the plan whole when it would archive or update more than the limits allow.

    An item counts once, however many of its fields change.

    Raises:
        UnsafePlanError: names every connection over its limit, and the command that lets a reviewed plan pass.
    """
    over = [*_over(lines, recent, limits, Verb.ARCHIVE), *_over(lines, recent, limits, Verb.UPDATE)]
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
    touched = {(line.place.connection, line.link) for line in lines if line.verb is verb}
    planned = Counter(connection for connection, _ in touched)
    found = []
    for connection in sorted(planned):
        past = recent.get(connection, Recent())
        limit = limits.get(connection, Limits())
        archiving = verb is Verb.ARCHIVE
        count, share = (
            (limit.archive_count, limit.archive_share) if archiving else (limit.update_count, limit.update_share)
        )
        allowed = max(count, int(share * past.linked))
        total = planned[connection] + (past.archived if archiving else past.updated)
        if total > allowed:
            found.append(
                f"{connection}: the plan would {verb} {total} of {past.linked} linked items "
                f"within {WINDOW_H} h (limit {allowed})"
            )
    return found
