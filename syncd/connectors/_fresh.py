"""How long a fresh read carries a write: what waited longer is not sent, for somebody may have edited meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from syncd.errors import ReadTooOldError

_send_by: Final[ContextVar[float | None]] = ContextVar("send_by", default=None)


@contextmanager
def sent_by(when_s: float) -> Iterator[None]:
    """
    Let no writing request leave after *when_s* (monotonic), in this block and in the tasks it starts.

    Waits for budgets and limits, steps before the write, and slow answers all
    count: whatever a connector does, its requests pass `check_fresh`.
    """
    token = _send_by.set(when_s)
    try:
        yield
    finally:
        _send_by.reset(token)


def read_first(what: str, where: str) -> ReadTooOldError:
    """Return the error of a write that had to make something else first: what it goes by is read again before it."""
    return ReadTooOldError(f"{what} was made first", where=where, fix="nothing to do: it is read again first")


def check_fresh(now_s: float, where: str) -> None:
    """
    Pass a writing request that is about to leave.

    Raises:
        ReadTooOldError: it is too late for that; nothing was sent.
    """
    by_s = _send_by.get()
    if by_s is not None and now_s > by_s:
        raise ReadTooOldError(
            f"it was read too long ago to be written now ({now_s - by_s:.1f} s past its time)",
            where=where,
            fix="nothing to do: it is read again first",
        )
