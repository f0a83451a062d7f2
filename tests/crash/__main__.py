"""`python -m tests.crash [KILLS] [DATABASE]`: kill at every cell, then KILLS times at random; print one line."""

from __future__ import annotations

import sys
import time
from random import Random

from syncd.cli.logs import configure_logs
from tests import databases
from tests.crash.casts import REDMINE, THREE
from tests.crash.cells import cells, try_cell, try_moment

WITH_REDMINE = 5
"""Of so many kills at random one is in the scene with Redmine."""


def main(kills: str = "50", kind: str = databases.SQLITE) -> int:
    """Kill, and return 1 when something was lost, doubled or left open."""
    configure_logs(0)
    started = time.monotonic()
    every = [(cell, cast) for cast in (THREE, REDMINE) for cell in cells(kind, cast)]
    broken: list[str] = []
    came = 0
    for cell, cast in every:
        try:
            came += try_cell(cell, kind, cast)
        except AssertionError as exc:
            broken.append(str(exc))
            print(exc, flush=True)
    dice, struck = Random(int(kills)), 0  # noqa: S311 - moments
    for number in range(int(kills)):
        try:
            struck += try_moment(dice.uniform(0.1, 1.0), kind, REDMINE if number % WITH_REDMINE == 0 else THREE)
        except AssertionError as exc:
            broken.append(str(exc))
            print(exc, flush=True)
    databases.stop_server()
    print(
        f"crash: {kind}, {len(every)} cells ({came} killed there), {kills} kills at random ({struck} struck), "
        f"{len(broken)} broken, {time.monotonic() - started:.0f} s"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
