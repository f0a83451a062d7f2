"""Both stores go through the same tests, and so do the real Redmine and its stand-in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests import databases
from tests.connectors.redmine import site


def cases_by(fixture: str, items: Iterable[pytest.Item]) -> dict[str, set[str]]:
    """Return the tests that ask for a fixture, by each of its parameters."""
    cases: dict[str, set[str]] = defaultdict(set)
    for item in items:
        given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if fixture in given:
            others = sorted(f"{name}={value!r}" for name, value in given.items() if name != fixture)
            cases[str(given[fixture])].add(f"{item.nodeid.partition('[')[0]} {others}")
    return cases


def test_every_test_of_a_store_is_there_once_for_each_kind(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("keyword"):
        pytest.skip("only some tests were asked for (-k)")
    cases = cases_by("stores", request.session.items)
    assert cases[databases.KINDS[0]] == cases[databases.KINDS[1]]


def test_every_test_of_redmine_is_there_for_the_real_one_and_for_the_stand_in() -> None:
    """One process of its own collects, for each run here takes one of the two alone."""
    cases: dict[str, set[str]] = {}

    class Collected:
        def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
            cases.update(cases_by("site", items))

    folder = str(Path(__file__).parent / "connectors" / "redmine")
    code = pytest.main(["-q", "-n0", "-p", "no:cacheprovider", "-m", "", "--collect-only", folder], [Collected()])
    assert code is pytest.ExitCode.OK
    assert len(cases[site.REAL]) > 150
    assert cases[site.REAL] == cases[site.STAND_IN]
