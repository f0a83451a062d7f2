"""A backfill killed anywhere, and beside a daemon: nothing lost, nothing doubled."""

from __future__ import annotations

from random import Random

import pytest

from tests.crash.scene import KILLED, Scene, scene

BACKFILL = ("backfill", "platform")
FINE = (0, 3)
LONGEST_S = 180.0
"""A process that has not ended by then never will."""


@pytest.mark.parametrize("kills", [(5, 60, 90, 120, 150), (40, 100, 105, 110, 130)], ids=str)
def test_a_backfill_killed_five_times_loses_and_doubles_nothing(kills: tuple[int, ...]) -> None:
    with scene() as one:
        one.act()
        ended = [kill(one, requests) for requests in kills]
        assert ended.count(KILLED) > 1, "hardly any kill came"
        assert one.syncd(BACKFILL) in FINE, one.told()
        one.recover()
        one.judge()


def kill(one: Scene, requests: int) -> int | None:
    """Let a backfill run until the tools were asked that often, and kill it; return how it ended."""
    log = one.sandbox.log
    mark = log.mark()
    process = one.start(BACKFILL)
    while process.is_alive() and len(log.since(mark)) < requests:
        process.join(0.002)
    process.kill()
    process.join()
    return process.exitcode


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_beside_a_daemon_and_killed_it_makes_nothing_that_the_daemon_makes(part: int) -> None:
    dice = Random(part)  # noqa: S311 - moments
    beside(dice.uniform(0.0, 1.5), [dice.randrange(5, 120) for _ in range(2)])


def test_beside_a_daemon_both_end_and_nothing_is_made_twice() -> None:
    beside(0.3, [])


def beside(later_s: float, kills: list[int]) -> None:
    """Let a daemon and, that much later, a backfill find the same work; kill the backfill as often as told."""
    with scene() as one:
        one.act()
        daemon = one.start(("run",))
        daemon.join(later_s)
        try:
            for requests in kills:
                kill(one, requests)
            process = one.start(BACKFILL)
            process.join(LONGEST_S)
            assert process.exitcode in FINE, one.told()
            assert daemon.is_alive(), one.told()
        finally:
            daemon.terminate()
            daemon.join(LONGEST_S)
        assert daemon.exitcode == 0, one.told()
        one.recover()
        one.judge()
