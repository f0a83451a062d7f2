"""An event loop in virtual time: it never waits, and leaps to the next timer where nothing else happens."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
OWNER: ContextVar[set[asyncio.Task[Any]] | None] = ContextVar("OWNER", default=None)
"""Where the tasks of the process at work are noted; what a task starts belongs to the same process."""


class StuckError(AssertionError):
    """Everything waits for something, and nothing will ever come."""


class _Leaping(selectors.DefaultSelector):
    """Never waits. There is no thread and no network here, so what is not ready now waits for a timer."""

    def __init__(self) -> None:
        super().__init__()
        self.leapt_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return nothing, at once, and let the time pass that would have been waited."""
        if timeout is None:
            raise StuckError("every task waits, and no timer is set")
        self.leapt_s += max(0.0, timeout)
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Starts at second 0; the same work takes the same steps at the same times, every time."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)
        self.set_task_factory(_owned)  # type: ignore[arg-type] # its type is a private protocol

    def time(self) -> float:
        """Return the virtual seconds since this loop was made."""
        return self._leaping.leapt_s


def _owned(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **named: Any) -> asyncio.Task[T]:  # noqa: ANN401
    task: asyncio.Task[T] = asyncio.Task(work, loop=loop, **named)
    owner = OWNER.get()
    if owner is not None:
        owner.add(task)
    return task


def simulate(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* to its end in virtual time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)
