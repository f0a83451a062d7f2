"""Killed with SIGKILL anywhere, syncd loses nothing, makes nothing twice, and opens its store without repair."""

from __future__ import annotations

from random import Random

import pytest

from tests import databases
from tests.crash.casts import REDMINE
from tests.crash.cells import Cell, around, cells, cells_of, chosen, try_cell, try_moment

PARTS = 8
"""The cells are tried in so many tests, side by side."""
QUARTER = 4
MOST = 12
"""Cells of Redmine: each takes seconds."""
KILLS = 5
"""Kills at random in one test."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_at_any_point_of_the_protocol_loses_and_doubles_nothing(part: int) -> None:
    mine = cells()[part::PARTS]
    assert sum(try_cell(cell) for cell in mine) >= len(mine) / 2, "most kills never came: the points have moved"


@pytest.mark.slow
def test_a_kill_around_what_is_written_to_redmine_loses_and_doubles_nothing() -> None:
    """What is made there is found again by its mark at once, unlike in the three tools."""
    mine = cells_of("redmine", databases.SQLITE, REDMINE)
    assert {cell.what.partition(" ")[2] for cell in mine} >= {
        "POST /redmine/issues.json",
        "PUT /redmine/issues/{id}.json description",
        "PUT /redmine/issues/{id}.json notes",
        "PUT /redmine/issues/{id}.json subject",
    }
    assert len(mine) <= MOST
    assert sum(try_cell(cell, cast=REDMINE) for cell in mine) >= len(mine) / 2, "most kills never came"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(2))
def test_a_kill_loses_nothing_with_postgresql_either(part: int) -> None:
    every = cells(databases.POSTGRESQL)
    turn = len(every) % QUARTER  # another quarter whenever the protocol changes
    for cell in every[turn::QUARTER][part::2]:
        try_cell(cell, databases.POSTGRESQL)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_a_kill_at_any_moment_loses_and_doubles_nothing(part: int) -> None:
    dice = Random(part)  # noqa: S311 - moments
    for _ in range(KILLS):
        try_moment(dice.uniform(0.1, 1.0))


def test_the_first_and_the_last_of_each_kind_of_point_are_tried() -> None:
    points = ["commit a", "request b", "commit a", "commit a", "commit c"]
    assert chosen(points) == [
        Cell("commit a", 1, 1),
        Cell("request b", 1, 2),
        Cell("commit a", 3, 4),
        Cell("commit c", 1, 5),
    ]


def test_of_one_tool_its_writes_are_tried_and_what_is_near_one_that_makes_something() -> None:
    points = [
        "commit a",
        "request POST /redmine/issues.json",
        "commit b",
        "commit a",
        "request PUT /jira/x",
        "commit a",
    ]
    points += ["request PUT /redmine/issues/{id}.json subject", "commit a"]
    assert around(points, "redmine") == [
        Cell("commit a", 1, 1),
        Cell("request POST /redmine/issues.json", 1, 2),
        Cell("commit b", 1, 3),
        Cell("request PUT /redmine/issues/{id}.json subject", 1, 7),
    ]
