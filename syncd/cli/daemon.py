"""`syncd run`: the polling loop, until told to stop."""

from __future__ import annotations

import asyncio
import signal

from syncd.cli.failing import DONE
from syncd.cli.finding import tell_warnings
from syncd.cli.opening import open_shop, run_command
from syncd.cli.options import Common
from syncd.cli.streams import put, say
from syncd.engine.cycle import Cycle
from syncd.engine.loop import run_loop
from syncd.engine.open import open_desk
from syncd.engine.tools import tools


def run_daemon(common: Common) -> int:
    """Run cycles until SIGTERM or SIGINT."""
    return run_command(common, _run(common))


async def _run(common: Common) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_shop(common) as shop:
        opening = open_desk(shop.settings, shop.portfolio.name, shop.store, shop.world, tools())
        async with opening as desk:
            tell_warnings(desk)
            say(f"Syncing {shop.portfolio.name} every {shop.portfolio.every_s:g} s; SIGTERM or Ctrl-C stops it.")
            cycles = await run_loop(desk, stop, told=_tell)
    say(f"Stopped in order after {cycles} cycles.")
    return DONE


def _tell(cycle: Cycle) -> None:
    """Print one line for each change that was written."""
    done = set(cycle.pushed.done)
    for line in cycle.lines:
        if line.digest in done:
            fields = ", ".join(write.field for write in line.writes)
            put(f"{line.verb}d {line.place.connection} {line.key or line.title}: {fields}")
