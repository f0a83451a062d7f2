"""Data to stdout, messages to stderr, progress for whatever takes longer than two seconds."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from syncd.cli.options import Common
from syncd.cli.streams import put, say
from syncd.world import World

PATIENCE_S: Final = 2.0
"""How long a command may be silent."""
MOST_LINES: Final = 60
"""Lines of a plan shown on a terminal unless all are asked for."""


def emit(common: Common, data: object, text: Callable[[], str]) -> None:
    """Print the data: as one JSON object when asked to, else as text."""
    put(as_text(data) if common.json else text())


def as_text(data: object) -> str:
    """Return JSON as text."""
    return json.dumps(data, indent=2, ensure_ascii=False)


def line_limit(*, everything: bool) -> int | None:
    """Return how many lines of a plan to show; `None` is all of them."""
    return None if everything or not sys.stdout.isatty() else MOST_LINES


@asynccontextmanager
async def working(what: str, world: World) -> AsyncIterator[None]:
    """Tell that *what* is going on, once it takes long: a spinner on a terminal, else one plain line."""
    telling = asyncio.create_task(_tell(what, world))
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait({telling})  # never swallows a cancellation meant for us


async def _tell(what: str, world: World) -> None:
    await world.sleep(PATIENCE_S)
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        say(f"{what} ...")
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ...", spinner="line"):
        await asyncio.Event().wait()
