"""Both stores go through the same tests."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.databases import KINDS, POSTGRESQL, SQLITE
from tests.engine.test_simulation import ONE_IN

FEWER = {
    "tests/engine/test_simulation.py::test_many_stormy_lives_end_in_agreement": (
        ONE_IN,
        "what a life does is the same on each store, by its seed, and the rest of the suite tells the stores apart",
    )
}
"""What PostgreSQL goes through less often, how many times less, and why; all else is the same."""


def test_every_test_of_a_store_is_there_once_for_each_kind(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("keyword"):
        pytest.skip("only some tests were asked for (-k)")
    cases: dict[str, set[str]] = defaultdict(set)
    for item in request.session.items:
        given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if "stores" in given:
            others = sorted(f"{name}={value!r}" for name, value in given.items() if name != "stores")
            cases[str(given["stores"])].add(f"{item.nodeid.partition('[')[0]} {others}")
    for test, (one_in, _) in FEWER.items():
        many, few = ({case for case in cases[kind] if case.startswith(test)} for kind in (SQLITE, POSTGRESQL))
        assert few <= many
        assert len(few) * one_in == len(many)
        cases[SQLITE] -= many
        cases[POSTGRESQL] -= few
    assert cases[KINDS[0]] == cases[KINDS[1]]
