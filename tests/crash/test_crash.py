"""Killed with SIGKILL anywhere, syncd loses nothing, makes nothing twice, and opens its store without repair."""

from __future__ import annotations

from random import Random

import pytest

from tests import databases
from tests.crash.casts import REDMINE, THREE, Cast
from tests.crash.cells import Cell, cells, numbered, try_cell, try_moment

PARTS = 8
"""The cells are tried in so many tests, side by side."""
QUARTER = 4
MOST = 0.8
"""So many kills must come: a run may take another turn than the one that told the points, and end."""
KILLS = 5
"""Kills at random in one test."""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("cast", [THREE, REDMINE], ids=lambda cast: cast.tools[-1])
def test_a_kill_at_any_point_of_the_protocol_loses_and_doubles_nothing(cast: Cast, part: int) -> None:
    mine = cells(cast=cast)[part::PARTS]
    assert sum(try_cell(cell, cast=cast) for cell in mine) >= MOST * len(mine), "many kills never came"


@pytest.mark.slow
def test_the_points_of_the_protocol_are_every_kind_of_write_and_what_is_kept_about_it() -> None:
    """What is made in Redmine is found again by its mark at once, unlike in the three tools."""
    points = {cell.what for cast in (THREE, REDMINE) for cell in cells(cast=cast)}
    assert points >= {
        "commit archive._confirm",
        "commit archive._push",
        "commit creates._push_portion",
        "commit made.confirm_create",
        "commit push._push_once",
        "commit settle.confirm_update",
        "request PATCH /github/repos/acme/api/milestones/{id}",
        "request POST /jira/rest/api/3/issue/bulk",
        "request POST /redmine/issues.json",
        "request PUT /jira/rest/api/3/version/{id}",
        "request PUT /redmine/issues/{id}.json description",
        "request PUT /redmine/issues/{id}.json notes",
        "request PUT /redmine/issues/{id}.json subject",
        "request github addComment",
        "request github createIssue",
        "request github archiveProjectV2Item",
        "request linear issueArchive",
        "request linear issueCreate",
        "request linear projectMilestoneUpdate",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bug", "what"),
    [
        ("a-write-under-way-at-a-kill-was-never-sent", "request POST /jira/rest/api/3/issue/bulk"),
        ("a-write-under-way-at-a-kill-was-never-sent", "request github addComment"),
        ("the-marker-is-not-searched-for", "request github createIssue"),
    ],
)
def test_a_bug_of_old_shows_where_the_process_is_killed(bug: str, what: str) -> None:
    cell = next(cell for cell in cells() if cell.what == what)
    try_cell(cells()[0], bug=bug)  # nothing is under way there yet
    with pytest.raises(AssertionError, match=f"killed at {what}"):
        try_cell(cell, bug=bug)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_kill_loses_nothing_with_postgresql_either(part: int) -> None:
    every = cells(databases.POSTGRESQL)
    turn = len(every) % QUARTER  # another quarter whenever the protocol changes
    for cell in every[turn::QUARTER][part::PARTS]:
        try_cell(cell, databases.POSTGRESQL)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_a_kill_at_any_moment_loses_and_doubles_nothing(part: int) -> None:
    dice = Random(part)  # noqa: S311 - moments
    for _ in range(KILLS):
        try_moment(dice.uniform(0.1, 1.0))


def test_every_point_is_tried_and_told_by_how_many_of_its_kind_came_before() -> None:
    assert numbered(["commit a", "request b", "commit a"]) == [
        Cell("commit a", 1),
        Cell("request b", 1),
        Cell("commit a", 2),
    ]
