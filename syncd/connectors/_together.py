"""Doing things at the same time, each to its end: all at once, or no more than so many."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def together(tasks: Iterable[Awaitable[R]]) -> list[R]:
    """Wait for all *tasks* to end, then return their results, or raise what the first of them raised."""
    results: list[R] = []
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended
        results.append(ended)
    return results


async def side_by_side(do: Callable[[T], Awaitable[R]], items: Iterable[T], *, at_once: int) -> list[R]:
    """
    Do that with each of *items*, at most *at_once* at a time; return the results in the order of *items*.

    All of them end before the first failure, if any, is raised.
    """
    free = asyncio.Semaphore(at_once)

    async def one(item: T) -> R:
        async with free:
            return await do(item)

    return await together(map(one, items))
