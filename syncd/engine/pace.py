"""How fast a long piece of work goes: how much of it to do in one turn, and how long the rest takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final, TypeAlias

from syncd.connectors._budget import Budget
from syncd.model.refs import ConnectionName
from syncd.reconcile.plan import Verb

FIRST: Final = 20
"""Items in the first portion."""
MOST: Final = 500
TURN_S: Final = 3.0
"""How long a portion should take: others write in between."""
REMEMBERED: Final = 20
"""Portions by which the rate is measured."""

Sort: TypeAlias = frozenset[tuple[ConnectionName, Verb]]
"""What is done with an item, and where: items of one sort take equally long."""

Costs: TypeAlias = Mapping[ConnectionName, Mapping[str, float]]
"""What is spent of which budget, by connection and bucket."""


@dataclass(frozen=True, slots=True)
class _Portion:
    items: int
    took_s: float
    costs: Costs


def affordable(budget: Budget | None, costs: Mapping[str, float], most: int, *, within_s: float) -> int:
    """Return how many things, at most *most*, may be done within a wait of *within_s*, each at *costs* by bucket."""
    if budget is None or not costs:
        return most
    fitting = (
        number
        for number in range(most, 0, -1)
        if budget.duration_s({bucket: cost * number for bucket, cost in costs.items()}) <= within_s
    )
    return next(fitting, 0)


class Pace:
    """What was measured so far, beside what the budgets allow; *known* costs of one item count until it is measured."""

    def __init__(
        self, budgets: Mapping[ConnectionName, Budget], known: Mapping[tuple[ConnectionName, Verb], Costs]
    ) -> None:
        self._budgets = budgets
        self._known = known
        self._done: dict[Sort, deque[_Portion]] = {}
        self._size = FIRST
        self._spent = self._now()

    def begin(self) -> None:
        """Count from now on what is spent."""
        self._spent = self._now()

    def end(self, sort: Sort, items: int, *, took_s: float, busy_s: float) -> None:
        """Take in a portion of one sort: how long it took in all, and how long others had to wait for it."""
        costs = {
            name: {bucket: spent - self._spent[name].get(bucket, 0.0) for bucket, spent in buckets.items()}
            for name, buckets in self._now().items()
        }
        self._done.setdefault(sort, deque(maxlen=REMEMBERED)).append(_Portion(items, took_s, costs))
        fitting = max(1, min(MOST, round(items * min(2.0, TURN_S / max(busy_s, 0.001)))))
        self._size = max(self._size, fitting) if busy_s < TURN_S else fitting

    def size(self, sort: Sort) -> int:
        """Return how many items of a sort to do next: what takes about a turn, and no more than may be done at once."""
        most = min(
            (self._budgets[name].at_once(costs) for name, costs in self.costs(sort).items()), default=float(self._size)
        )
        return max(1, int(min(self._size, most)))

    def wait_s(self, sort: Sort, items: int) -> float:
        """Return how long to wait before so many may be done without waiting amid them."""
        return self._least_s({sort: items})

    def left_s(self, left: Mapping[Sort, int]) -> float | None:
        """
        Return how long the rest takes, by the tightest budget or by the measured rate, whichever is later.

        `None` while there is nothing to tell it by.
        """
        if not any(left.values()):
            return 0.0
        measured = [each for portions in self._done.values() for each in portions]
        usual = _rate(measured)
        by_rate = 0.0
        for sort, items in left.items():
            one_s = _rate(self._done.get(sort, ()))
            if one_s is None and items and not self.costs(sort):
                one_s = usual
                if one_s is None:
                    return None
            by_rate += items * (one_s or 0.0)
        return max(by_rate, self._least_s(left))

    def _least_s(self, left: Mapping[Sort, int]) -> float:
        needs: dict[ConnectionName, dict[str, float]] = {}
        for sort, items in left.items():
            for name, costs in self.costs(sort).items():
                counted = needs.setdefault(name, {})
                for bucket, cost in costs.items():
                    counted[bucket] = counted.get(bucket, 0.0) + items * cost
        return max((self._budgets[name].duration_s(costs) for name, costs in needs.items()), default=0.0)

    def costs(self, sort: Sort) -> Costs:
        """
        Return what one item of a sort takes of each budget: measured, else as its tool told.

        The median of the portions: what is made only once (a label) says nothing of the others.
        """
        portions = self._done.get(sort)
        if not portions:
            found: dict[ConnectionName, dict[str, float]] = {}
            for work in sort:
                for name, costs in self._known.get(work, {}).items():
                    found.setdefault(name, {}).update(costs)
            return found
        seen: dict[ConnectionName, dict[str, list[float]]] = {}
        for each in portions:
            for name, costs in each.costs.items():
                for bucket, cost in costs.items():
                    seen.setdefault(name, {}).setdefault(bucket, []).append(cost / each.items)
        return {
            name: {bucket: cost for bucket, costs in buckets.items() if (cost := median(costs))}
            for name, buckets in seen.items()
        }

    def _now(self) -> dict[ConnectionName, dict[str, float]]:
        return {name: dict(budget.spent) for name, budget in self._budgets.items()}


def _rate(portions: Iterable[_Portion]) -> float | None:
    """Return the seconds one item took."""
    done = list(portions)
    items = sum(each.items for each in done)
    return sum(each.took_s for each in done) / items if items else None
