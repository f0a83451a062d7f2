"""How a running daemon stands: told to health checks and metrics, and kept for `syncd status`."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Final, Literal

from pydantic import TypeAdapter

from syncd.connectors._http import budget_of
from syncd.engine.desk import Account, Desk
from syncd.engine.pauses import is_paused
from syncd.errors import AuthError, RemoteError
from syncd.model.codec import Json
from syncd.model.refs import ConnectionName

NAME: Final = "daemon"
"""The name under which a daemon says how it stands (`Store.standing`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that keeps a connection, a portfolio or the configuration from being as it should."""

    what: str
    fix: str | None = None
    kind: str = ""
    """The error's class: `AuthError`, `UnavailableError`, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetVitals:
    """How much of one bucket of a request budget is left."""

    left_share: float | None = None
    """From 0 to 1 of what may be asked at once; `None` where nothing limits it."""
    window_s: float = 0.0
    """How long the tool asked to be left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionVitals:
    """How one connection stands."""

    state: Literal["up", "down", "paused", "unread"]
    """`unread`: nothing of it was read to the end yet."""
    trouble: Trouble | None = None
    is_lost: bool = False
    """Its credential was refused: nobody but a person can mend that."""
    since: datetime | None = None
    """Since when it is in that state."""
    read_at: datetime | None = None
    """When it was last read to the end; its lag is the time since."""
    retry_in_s: float | None = None
    """How long it is left alone, since it kept failing."""
    delivered_at: datetime | None = None
    """When a webhook last told something of it."""
    backlog: int = 0
    """Webhooks told and not looked at yet."""
    unregistered: Trouble | None = None
    """Why syncd could not register its webhook; polling goes on."""
    budgets: Mapping[str, BudgetVitals] = field(default_factory=dict)
    """What is left of its request budget, by bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioVitals:
    """How one portfolio stands."""

    state: Literal["running", "starting", "paused", "failed"]
    trouble: Trouble | None = None
    """Why nothing of it runs, or which brake refused its last cycle."""
    cycled_at: datetime | None = None
    """When its last whole cycle ended."""
    every_s: float = 60.0
    connections: Mapping[str, ConnectionVitals] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How the daemon stands."""

    started_at: datetime
    at: datetime
    stopping: bool = False
    configuration: Trouble | None = None
    """Why the files as they are now are not in force; the configuration before goes on."""
    configured_at: datetime | None = None
    """When the configuration in force was loaded."""
    portfolios: Mapping[str, PortfolioVitals] = field(default_factory=dict)


BUCKETS_S: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Seconds by which durations are counted."""


@dataclass(slots=True)
class Durations:
    """How long something took, time after time."""

    total_s: float = 0.0
    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS_S) + 1))

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.total_s += seconds
        self.counts[bisect_left(BUCKETS_S, seconds)] += 1

    def buckets(self) -> list[tuple[str, float]]:
        """Return how many took at most so long, by bound; the last bound is infinite."""
        bounds = [*(str(bound) for bound in BUCKETS_S), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self.counts)), strict=True))


@dataclass(slots=True)
class Counts:
    """What happened since the daemon started, by portfolio or connection."""

    cycles: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Cycles by portfolio and sort: `whole`, `hint`."""
    durations: dict[tuple[str, str], Durations] = field(default_factory=dict)
    """How long they took, likewise."""
    refused: Counter[str] = field(default_factory=Counter)
    """Whole cycles refused by a brake, by portfolio."""
    failed: Counter[str] = field(default_factory=Counter)
    """Times a portfolio had to begin anew, by portfolio."""
    writes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Writes carried out by portfolio and verb."""
    conflicts: Counter[str] = field(default_factory=Counter)
    """Conflicts opened, by portfolio."""
    skipped_changes: Counter[str] = field(default_factory=Counter)
    """Changes a sweep found that no reading had told of, by portfolio."""


_VITALS: TypeAdapter[Vitals] = TypeAdapter(Vitals)


def to_json(vitals: Vitals) -> Json:
    """Return *vitals* as JSON."""
    told: Json = _VITALS.dump_python(vitals, mode="json")
    return told


def from_json(told: Json) -> Vitals:
    """Return what `to_json` made. Raises `ValueError` for what another version made."""
    return _VITALS.validate_python(told, strict=False)


def trouble_of(error: BaseException) -> Trouble:
    """Return an error as it is told: what and fix, never more."""
    what = getattr(error, "what", "") or type(error).__name__
    return Trouble(what=str(what), fix=getattr(error, "fix", None), kind=type(error).__name__)


def connections_of(
    desk: Desk,
    since: Mapping[ConnectionName, datetime],
    delivered: Mapping[ConnectionName, datetime],
    backlog: Mapping[ConnectionName, int],
    unregistered: Mapping[ConnectionName, RemoteError],
) -> dict[str, ConnectionVitals]:
    """Return how each connection of *desk* stands, *since* when."""
    now = desk.world.monotonic()
    return {
        str(name): ConnectionVitals(
            state=state_of(account),
            trouble=None if account.trouble is None else trouble_of(account.trouble),
            is_lost=isinstance(account.trouble, AuthError),
            since=since.get(name),
            read_at=account.read_at,
            retry_in_s=None if account.retry_at is None else max(0.0, account.retry_at - now),
            delivered_at=delivered.get(name),
            backlog=backlog.get(name, 0),
            unregistered=trouble_of(unregistered[name]) if name in unregistered else None,
            budgets=_budgets_of(account),
        )
        for name, account in desk.accounts.items()
    }


def _budgets_of(account: Account) -> dict[str, BudgetVitals]:
    budget = budget_of(account.client)
    left = {} if budget is None else budget.left()
    return {name: BudgetVitals(left_share=each.share, window_s=each.window_s) for name, each in left.items()}


def state_of(account: Account) -> Literal["up", "down", "paused", "unread"]:
    """Return the state of one connection."""
    if account.trouble is not None:
        return "paused" if is_paused(account) else "down"
    return "unread" if account.read_at is None else "up"
