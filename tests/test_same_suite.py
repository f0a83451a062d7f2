"""Both stores go through the same tests."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.databases import KINDS


def test_every_test_of_a_store_is_there_once_for_each_kind(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("keyword"):
        pytest.skip("only some tests were asked for (-k)")
    cases: dict[str, set[str]] = defaultdict(set)
    for item in request.session.items:
        given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if "stores" in given:
            others = sorted(f"{name}={value!r}" for name, value in given.items() if name != "stores")
            cases[str(given["stores"])].add(f"{item.nodeid.partition('[')[0]} {others}")
    assert cases[KINDS[0]] == cases[KINDS[1]]
