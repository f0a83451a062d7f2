"""How long work takes is told by the tightest budget or by what was measured, whichever is later."""

from __future__ import annotations

import dataclasses

import pytest

from syncd.connectors._budget import Budget, Rate
from syncd.engine.pace import FIRST, MOST, Pace, Sort, affordable
from syncd.model.refs import ConnectionName
from syncd.reconcile.plan import Verb
from syncd.world import real_world

TOOL = ConnectionName("github-eng")
MAKE: Sort = frozenset({(TOOL, Verb.CREATE)})
EDIT: Sort = frozenset({(TOOL, Verb.UPDATE)})


class Time:
    """Time that a test lets pass."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def budget(time: Time) -> Budget:
    world = dataclasses.replace(real_world(), monotonic=time.monotonic, sleep=time.sleep)
    return Budget(name=TOOL, world=world, rates={"creates": Rate(per_s=0.1, burst=5)}, share=1.0, max_wait_s=1e9)


@pytest.fixture
def pace(budget: Budget) -> Pace:
    return Pace({TOOL: budget}, {(TOOL, Verb.CREATE): {TOOL: {"creates": 1.0}}})


def test_what_a_tool_says_a_create_costs_counts_before_the_first(pace: Pace) -> None:
    assert pace.left_s({MAKE: 105}) == pytest.approx(1000)
    assert pace.left_s({MAKE: 5}) == 0.0


def test_nothing_is_foretold_of_what_nobody_has_seen(pace: Pace) -> None:
    assert pace.left_s({EDIT: 10}) is None
    assert pace.left_s({EDIT: 0}) == 0.0
    assert pace.left_s({}) == 0.0


async def test_a_rate_that_is_slower_than_the_budget_counts(pace: Pace, budget: Budget, time: Time) -> None:
    pace.begin()
    await budget.take("creates", 2)
    time.now += 100
    pace.end(MAKE, 2, took_s=100, busy_s=1)
    assert pace.left_s({MAKE: 10}) == pytest.approx(500)
    assert pace.left_s({EDIT: 10}) == pytest.approx(500), "of the same speed, as far as anybody can tell"


async def test_what_is_made_only_once_says_nothing_of_the_rest(pace: Pace, budget: Budget) -> None:
    for costs in (7.0, 1.0, 1.0):
        pace.begin()
        await budget.take("creates", costs)
        pace.end(MAKE, 1, took_s=0.1, busy_s=0.1)
    assert pace.costs(MAKE) == {TOOL: {"creates": 1.0}}


def test_portions_grow_while_they_are_quick_and_shrink_at_once_when_they_are_not(pace: Pace) -> None:
    assert pace.size(EDIT) == FIRST
    for _ in range(10):
        pace.begin()
        pace.end(EDIT, pace.size(EDIT), took_s=0.2, busy_s=0.2)
    assert pace.size(EDIT) == MOST
    pace.begin()
    pace.end(EDIT, MOST, took_s=30, busy_s=30)
    assert pace.size(EDIT) == MOST // 10


def test_no_more_is_done_at_once_than_the_budget_holds_after_a_rest(pace: Pace) -> None:
    assert pace.size(MAKE) == 5
    assert pace.wait_s(MAKE, 5) == 0.0


async def test_what_cost_nothing_is_done_by_the_turn(pace: Pace, budget: Budget) -> None:
    """As where nothing was left to write when its portion came."""
    await budget.take("creates", 1)
    pace.begin()
    pace.end(EDIT, FIRST, took_s=6.0, busy_s=6.0)
    assert pace.costs(EDIT) == {TOOL: {}}
    assert pace.size(EDIT) == FIRST // 2


async def test_a_part_of_the_share_is_slower_and_the_rest_comes_back(budget: Budget) -> None:
    budget.take_part(0.5)
    assert budget.rate("creates") == Rate(per_s=0.05, burst=2.5)
    assert budget.wait_s("creates", 3.5) == pytest.approx(20)
    budget.take_part(1.0)
    assert budget.rate("creates") == Rate(per_s=0.1, burst=5)
    await budget.take("creates", 1)
    assert budget.spent == {"creates": 1}


@pytest.mark.parametrize(("within_s", "fits"), [(0.0, 5), (10.0, 6), (19.0, 6), (30.0, 8), (1000.0, 9)])
def test_as_many_are_affordable_as_the_wait_allows(budget: Budget, within_s: float, fits: int) -> None:
    assert affordable(budget, {"creates": 1.0}, 9, within_s=within_s) == fits


async def test_nothing_is_affordable_once_others_took_it(budget: Budget) -> None:
    await budget.take("creates", 5.0)
    assert affordable(budget, {"creates": 1.0}, 9, within_s=5.0) == 0
    assert affordable(None, {"creates": 1.0}, 9, within_s=0.0) == affordable(budget, {}, 9, within_s=0.0) == 9
