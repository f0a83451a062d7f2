"""Random histories under every law, in volume: 2,000 cases in `make test`, 20,000 more in `make test-all`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from _pytest.mark.structures import ParameterSet

from tests.reconcile import laws
from tests.reconcile.generate import play
from tests.reconcile.laws import KINDS

SHARES: dict[str, tuple[Callable[[int], object], int]] = {
    **{f"any {kind}": (partial(play, kind), 250) for kind in KINDS},
    **{f"serial {kind}": (partial(laws.serial, kind), 120) for kind in KINDS},
    **{f"single writer {kind}": (partial(laws.single_writer, kind), 120) for kind in KINDS},
    **{f"first contact {kind}": (partial(laws.first_contact, kind), 60) for kind in KINDS},
    **{f"prefix {kind}": (partial(laws.prefix, kind), 50) for kind in KINDS},
    "additions": (laws.additions, 40),
    "newest": (laws.newest, 60),
    "remap": (laws.remapping, 100),
}
"""By law: what plays one seed, and how many of 2,000 cases it gets."""

CHUNKS = 4
"""Into how many test items the long run of one law is split, so that they run side by side."""


def short_runs() -> list[ParameterSet]:
    return [pytest.param(name, range(share), id=name) for name, (_, share) in SHARES.items()]


def long_runs() -> list[ParameterSet]:
    found = []
    for name, (_, share) in SHARES.items():
        size = 10 * share // CHUNKS
        for chunk in range(CHUNKS):
            start = 1_000_000 + chunk * size
            found.append(pytest.param(name, range(start, start + size), id=f"{name} {chunk + 1}"))
    return found


def run(name: str, seeds: range) -> None:
    case, _ = SHARES[name]
    for seed in seeds:
        try:
            case(seed)
        except AssertionError as broken:
            broken.add_note(f'repeat: python -m tests.reconcile.repeat "{name}" {seed}')
            raise


def test_the_shares_add_up() -> None:
    assert sum(share for _, share in SHARES.values()) == 2_000


@pytest.mark.parametrize(("name", "seeds"), short_runs())
def test_random_histories_keep_the_law(name: str, seeds: range) -> None:
    run(name, seeds)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seeds"), long_runs())
def test_many_random_histories_keep_the_law(name: str, seeds: range) -> None:
    run(name, seeds)
