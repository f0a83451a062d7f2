"""Killed with SIGKILL anywhere, syncd loses nothing, makes nothing twice, and opens its store without repair."""

from __future__ import annotations

from random import Random

import pytest

from tests import databases
from tests.crash.cells import Cell, chosen, try_cell, try_moment
from tests.crash.cells import cells as cells_of

PARTS = 8
"""The cells are tried in so many tests, side by side."""
QUARTER = 4
KILLS = 5
"""Kills at random in one test."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_at_any_point_of_the_protocol_loses_and_doubles_nothing(part: int) -> None:
    mine = cells_of()[part::PARTS]
    assert sum(try_cell(cell) for cell in mine) >= len(mine) / 2, "most kills never came: the points have moved"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_a_kill_loses_nothing_with_postgresql_either(part: int) -> None:
    every = cells_of(databases.POSTGRESQL)
    turn = len(every) % QUARTER  # another quarter whenever the protocol changes
    for cell in every[turn::QUARTER][part::2]:
        try_cell(cell, databases.POSTGRESQL)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_a_kill_at_any_moment_loses_and_doubles_nothing(part: int) -> None:
    dice = Random(part)  # noqa: S311 - moments
    for _ in range(KILLS):
        try_moment(dice.uniform(0.1, 2.5))


def test_the_first_and_the_last_of_each_kind_of_point_are_tried() -> None:
    points = ["commit a", "request b", "commit a", "commit a", "commit c"]
    assert chosen(points) == [
        Cell("commit a", 1, 1),
        Cell("request b", 1, 2),
        Cell("commit a", 3, 4),
        Cell("commit c", 1, 5),
    ]
