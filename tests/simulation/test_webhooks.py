"""However webhooks fare, all ends as by polling alone; `make webhooks` lives many more histories."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.loop import simulate
from tests.simulation.office import LoopClock
from tests.simulation.webhooks import compare

SCHEDULES = 6
"""Each kind of trouble alone, and all at once."""


@pytest.mark.parametrize("history", [0, *(pytest.param(number, marks=pytest.mark.slow) for number in (1, 2))])
def test_unreliable_webhooks_end_as_polling_alone_does(history: int) -> None:
    compared = compare(history, SCHEDULES)
    assert not compared.problems, "\n".join(compared.problems)
    assert compared.taken, "no webhook was taken"


def test_a_sleep_shorter_than_time_can_be_told_apart_is_over_later() -> None:
    """Who waits until a moment would otherwise wait for it again and again."""

    async def run() -> tuple[float, float]:
        await asyncio.sleep(4392.317091080535)
        clock = LoopClock()
        before_s = clock.monotonic()
        await clock.sleep(4.5e-13)
        return before_s, clock.monotonic()

    before_s, after_s = simulate(run())
    assert after_s > before_s
