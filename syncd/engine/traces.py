"""
Where time goes, as spans that a tracer takes; nothing at all while none does.

This module knows no library: `cli/tracing.py` brings the tracer when traces are
switched on. A span says names from the configuration, the run, counts and how it
ended. No text of any item and no error's words, which may quote one, ever get in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

from syncd.engine.desk import Desk

P = ParamSpec("P")
T = TypeVar("T")

WORDS: Final = frozenset({"portfolio", "connection", "run", "sort", "verb", "outcome", "error"})
"""What may be said in words; everything else is a number, or is left out."""
DONE: Final = "done"
FAILED: Final = "failed"


class Span(Protocol):
    """One piece of work, to a tracer."""

    def set_attribute(self, key: str, value: str | int) -> None:
        """Say something of it."""
        ...


StartSpan = Callable[[str], AbstractContextManager[Span]]
"""Begins a span below the one that is under way, for as long as the block lasts."""

_start: StartSpan | None = None
_current: ContextVar[Span | None] = ContextVar("span", default=None)


@contextmanager
def traced_by(start: StartSpan) -> Iterator[None]:
    """Have *start* told of every span while the block lasts."""
    global _start  # noqa: PLW0603 - one for the process, as with logs
    before, _start = _start, start
    try:
        yield
    finally:
        _start = before


@contextmanager
def span(name: str, **said: str | int) -> Iterator[None]:
    """Tell the block as one piece of work, and how it ended."""
    if _start is None:
        yield
        return
    with _start(f"syncd.{name}") as one:
        token = _current.set(one)
        try:
            note(**said)
            yield
        except BaseException as exc:
            note(outcome=FAILED, error=type(exc).__name__)
            raise
        finally:
            _current.reset(token)


def note(**said: str | int) -> None:
    """Say something of the span that is under way, if one is."""
    one = _current.get()
    if one is None:
        return
    for key, value in said.items():
        if isinstance(value, int):
            one.set_attribute(f"syncd.{key}", value)
        elif key in WORDS:
            one.set_attribute(f"syncd.{key}", str(value))


def cycle_span(
    sort: str,
) -> Callable[
    [Callable[Concatenate[Desk, P], Awaitable[T]]],
    Callable[Concatenate[Desk, P], Awaitable[T]],
]:
    """Tell each call of a function about a desk as one cycle of that sort."""

    def around(function: Callable[Concatenate[Desk, P], Awaitable[T]]) -> Callable[Concatenate[Desk, P], Awaitable[T]]:
        @wraps(function)
        async def told(desk: Desk, /, *args: P.args, **kwargs: P.kwargs) -> T:
            with span("cycle", sort=sort, portfolio=desk.portfolio.name):
                return await function(desk, *args, **kwargs)

        return told

    return around
