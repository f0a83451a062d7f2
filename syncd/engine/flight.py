"""Writes under way: each is finished, also when whoever waits for it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from syncd.engine.desk import Desk
from syncd.store.rows import OpRow, OpState

GRACE_S: Final = 8.0
"""How long a process that is told to stop waits for the writes under way: service managers kill after ten."""


async def fly(desk: Desk, write: Coroutine[Any, Any, None]) -> None:
    """Carry *write* out to its end; who is cancelled meanwhile waits for it with `land`."""
    task = asyncio.ensure_future(write)
    desk.flying.add(task)
    task.add_done_callback(desk.flying.discard)
    await asyncio.shield(task)


async def land(desk: Desk) -> None:
    """
    Wait for the writes under way, for `GRACE_S` at most; what then has no answer is journaled as of unknown outcome.

    It is looked up at the next start, and never sent again.
    """
    late = set(desk.flying)
    if late:
        clock = asyncio.ensure_future(desk.world.sleep(GRACE_S))
        while late and not clock.done():
            done, _ = await asyncio.wait({*late, clock}, return_when=asyncio.FIRST_COMPLETED)
            late -= done
        clock.cancel()
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
        await _note_unknown(desk)


async def open_ops(desk: Desk) -> list[OpRow]:
    """Return what is open in the connections there are: one that was taken out can never be asked."""
    return [op for op in await desk.store.journal.open() if op.connection in desk.accounts]


async def _note_unknown(desk: Desk) -> None:
    sent = [op for op in await open_ops(desk) if op.state is OpState.SENT]
    async with desk.store.transaction() as tx:
        await tx.journal.mark_unknown({op.id: "stopped while it was under way" for op in sent})
