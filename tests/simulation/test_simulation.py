"""Lives that must end well, and the bugs that must not go unseen."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial

import pytest

from tests.simulation.bugs import BUGS, planted, script_for
from tests.simulation.life import Lived, live
from tests.simulation.many import again_of, is_repeatable
from tests.simulation.script import Act, Script, beside, draw, draw_any
from tests.simulation.shrink import shrink
from tests.simulation.ways import POLLING, Death, Ways

FAST = 6
LIVES = 300
PORTION = 10
"""Lives in one test, so that the first contact is lived through once for many of them."""

FOUND_AT = {
    "a-create-not-found-at-once-is-made-again": 1,
    "a-create-without-an-answer-has-failed": 1,
    "a-write-under-way-at-a-kill-was-never-sent": 51,
    "nothing-is-looked-up-after-a-restart": 1,
    "the-marker-is-not-searched-for": 1,
    "two-daemons-run-side-by-side": 13,
    "a-create-is-sent-again": 43,
    "the-marker-falls-off": 28,
    "an-edit-during-a-create-is-in-it": 1,
    "a-write-leaves-whenever-it-can": 212,
    "the-base-is-what-was-sent": 48,
    "a-write-does-not-look-first": 65,
    "a-timeout-counts-as-success": 35,
    "a-failed-write-is-forgotten": 35,
    "the-last-edit-wins-without-a-word": 3,
    "losers-are-not-written-down": 2,
    "a-conflict-is-forgotten": 3,
    "labels-are-overwritten": 44,
    "texts-are-overwritten": 19,
    "our-own-write-is-an-edit": 7,
    "absence-is-deletion": 23,
    "a-404-is-deletion": 23,
    "the-cursor-runs-ahead-of-the-index": 2,
    "equal-times-fall-between-two-scans": 70,
    "a-page-is-of-when-it-was-kept": 255,
    "the-cursor-is-in-the-wrong-zone": 0,
    "an-hour-that-comes-twice-is-the-second": 147,
    "a-key-is-an-identity": 0,
    "only-half-of-an-item-is-watched": 1,
}
"""A seed whose life shows each; `make power` tells the first one."""


def check(lived: Lived) -> None:
    """Fail with everything it takes to see why, and to see it again."""
    seed = lived.script.seed
    story = "\n".join([*lived.trace, lived.problem, f"again: {again_of(lived)}"])
    assert not lived.problem, f"seed {seed}:\n{story}"


@pytest.mark.parametrize("seed", range(FAST))
def test_a_life_of_edits_faults_and_deaths_ends_in_agreement(seed: int) -> None:
    check(live(draw_any(seed, "polling")))


@pytest.mark.parametrize("way", ["webhooks", "backfill", "both"])
def test_a_life_told_by_webhooks_or_begun_with_a_backfill_ends_in_agreement(way: str) -> None:
    check(live(draw_any(1, way)))


def test_a_deletion_that_no_webhook_told_of_is_over_within_the_rounds_of_peace() -> None:
    """It is missed by the next daemon's first sweep only, and believed ten minutes later (seed 152, cut down)."""
    check(live(Script(152, "archiving", (Act(63.66, "delete", "jira", 275),), ways=Ways(told={"dropped": 1.0}))))


def test_the_ways_of_a_life_change_nothing_else_in_it() -> None:
    drawn = [draw_any(seed) for seed in range(LIVES)]
    ways = [each.ways for each in drawn]
    assert [replace(each, ways=POLLING, night=None) for each in drawn] == [
        beside(each.other, draw(each.seed)) for each in drawn
    ]
    assert pickle.loads(pickle.dumps(ways)) == ways, "a life is told from another process"  # noqa: S301 - our own
    assert LIVES / 8 < sum(each.told is not None for each in ways) < LIVES / 2
    assert LIVES / 8 < sum(each.backfill is not None for each in ways) < LIVES / 2
    assert LIVES / 16 < sum(each.night is not None for each in drawn) < LIVES / 4


@pytest.mark.slow
@pytest.mark.parametrize("first", range(FAST, LIVES, PORTION))
def test_many_lives_end_in_agreement(first: int) -> None:
    for seed in range(first, min(first + PORTION, LIVES)):
        check(live(draw_any(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["polling", "webhooks", "both"])
def test_a_life_leaves_the_same_trace_again(way: str) -> None:
    assert is_repeatable(100, way)


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND_AT)
def test_a_bug_of_old_is_found(name: str) -> None:
    with planted(name):
        lived = live(script_for(name, FOUND_AT[name]))
    assert lived.problem, f"{name}, planted again, broke no promise in seed {FOUND_AT[name]}"


def test_every_bug_is_found_in_a_life_that_ends_well_without_it() -> None:
    assert FOUND_AT.keys() == BUGS.keys()
    assert max(FOUND_AT.values()) < LIVES


def test_a_failure_is_cut_down_to_what_it_takes() -> None:
    acts = tuple(Act(float(number), "title", "jira", number) for number in range(12))
    script = Script(1, "held", acts, (Death("any", 3), Death("write", 1)))

    def fails(needed: frozenset[int], attempt: Script) -> bool:
        return needed <= {act.which for act in attempt.acts} and Death("write", 1) in attempt.deaths

    short = shrink(script, partial(fails, frozenset({3, 8})))
    assert [act.which for act in short.acts] == [3, 8]
    assert short.deaths == (Death("write", 1),)
