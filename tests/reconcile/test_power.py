"""The laws have teeth: with any one rule switched off, at least one of them breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial

import pytest

from syncd.errors import HeldError
from tests.reconcile import laws
from tests.reconcile.generate import play
from tests.reconcile.laws import KINDS
from tests.reconcile.model import Switches

RULES = tuple(each.name for each in fields(Switches))
SEEDS = 400
"""How many cases of each law a mutant may survive before it counts as alive."""


def cases(switches: Switches) -> Iterator[Callable[[], object]]:
    """Yield one case after another, the laws taking turns."""
    for seed in range(SEEDS):
        for kind in KINDS:
            yield partial(laws.serial, kind, seed, switches)
            yield partial(laws.single_writer, kind, seed, switches)
            yield partial(laws.first_contact, kind, seed, switches)
            yield partial(play, kind, seed, switches)
        yield partial(laws.additions, seed, switches)
        yield partial(laws.newest, seed, switches)
        yield partial(laws.remapping, seed, switches)


@pytest.mark.parametrize("rule", RULES)
def test_a_mutant_without_one_rule_is_killed(rule: str) -> None:
    def broken_by(case: Callable[[], object]) -> bool:
        try:
            case()
        except (AssertionError, HeldError):
            return True
        return False

    assert any(broken_by(case) for case in cases(Switches(**{rule: False}))), f"without {rule!r} every law still holds"


def test_newest_does_decide_some_conflicts_by_time() -> None:
    assert sum(laws.newest(seed) for seed in range(100)) > 0
