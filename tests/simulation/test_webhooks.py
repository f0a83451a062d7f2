"""However webhooks fare, all ends as by polling alone; `make webhooks` lives many more histories."""

from __future__ import annotations

import asyncio

import pytest

from tests.simulation.hook_bugs import HOOK_BUGS, planted
from tests.simulation.loop import simulate
from tests.simulation.office import LoopClock
from tests.simulation.webhooks import compare, shows

SCHEDULES = 6
"""Each kind of trouble alone, and all at once."""
FOUND_AT = {
    "a-forged-delivery-is-taken": (0, 4),
    "a-delivery-is-known-by-its-item": (0, 0),
    "the-body-is-believed": (0, 1),
    "what-is-told-during-a-cycle-is-forgotten": (13, 0),
    "a-wake-during-a-cycle-is-lost": (16, 1),
    "a-reading-serves-the-next-delivery": (0, 0),
    "an-edit-shortly-after-our-write-is-an-echo": (0, 0),
    "what-is-linked-to-nothing-is-nobodys": (0, 0),
}
"""A history and a schedule that show each; `make power` tells the first ones."""


@pytest.mark.parametrize("history", [0, *(pytest.param(number, marks=pytest.mark.slow) for number in (1, 2))])
def test_unreliable_webhooks_end_as_polling_alone_does(history: int) -> None:
    compared = compare(history, SCHEDULES)
    assert not compared.problems, "\n".join(compared.problems)
    assert compared.taken, "no webhook was taken"


@pytest.mark.parametrize(
    "name",
    ["a-forged-delivery-is-taken", *(pytest.param(one, marks=pytest.mark.slow) for one in list(FOUND_AT)[1:])],
)
def test_a_bug_of_a_receiver_is_found(name: str) -> None:
    history, schedule = FOUND_AT[name]
    with planted(name):
        assert shows(history, schedule), f"{name}, planted again, broke no promise"


def test_every_bug_of_a_receiver_is_found() -> None:
    assert FOUND_AT.keys() == HOOK_BUGS.keys()


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
