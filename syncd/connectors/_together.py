"""Several requests under way at the same time, and no more than that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def side_by_side(do: Callable[[T], Awaitable[R]], items: Iterable[T], *, at_once: int) -> list[R]:
    """
    Do that with each of *items*, at most *at_once* at a time; return the results in the order of *items*.

    All of them end before the first failure, if any, is raised.
    """
    free = asyncio.Semaphore(at_once)

    async def one(item: T) -> R:
        async with free:
            return await do(item)

    results: list[R] = []
    for ended in await asyncio.gather(*map(one, items), return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended
        results.append(ended)
    return results
