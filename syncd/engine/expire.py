"""
What the store forgets after a while: `retention` in `syncd.yaml`.

The audit is not among it: it proves what was written, and is only ever added
to. Neither are the edits that lost, nor anything a decision still goes by.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from syncd.engine.removal import QUESTIONS
from syncd.settings.schema import RetentionModel
from syncd.store.store import Store, Transaction

AT_ONCE: Final = 500
"""Rows forgotten in one transaction: nobody waits for long."""
MOST: Final = 100
"""Such transactions for each kind of row in one go; the rest is for the next day."""

Forget: TypeAlias = Callable[[Transaction], Awaitable[int]]


async def expire(store: Store, retention: RetentionModel, now: datetime) -> dict[str, int]:
    """
    Forget what is older than *retention* says, in small transactions; return how many rows of what.

    Safe at any time and beside anything: a kill between two of them costs nothing.
    """

    def before(seconds: float) -> datetime:
        return now - timedelta(seconds=seconds)

    steps: dict[str, Forget] = {
        "deliveries": lambda tx: tx.inbox.expire(before(retention.inbox), AT_ONCE),
        "plans": lambda tx: tx.expiring.plans(before(retention.plans), AT_ONCE),
        "conflicts": lambda tx: tx.expiring.conflicts(before(retention.history), AT_ONCE, keep=QUESTIONS),
        "writes": lambda tx: tx.expiring.writes(before(retention.writes), AT_ONCE),
        "runs": lambda tx: tx.expiring.runs(before(retention.runs), AT_ONCE),
    }
    told = {what: await _all_of(store, forget) for what, forget in steps.items()}
    return {what: count for what, count in told.items() if count}


async def _all_of(store: Store, forget: Forget) -> int:
    total = 0
    for _ in range(MOST):
        async with store.transaction() as tx:
            count = await forget(tx)
        total += count
        if count < AT_ONCE:
            break
    return total
