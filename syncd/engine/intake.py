"""What webhooks tell, kept: deliveries that come at once share one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from syncd.model.refs import ConnectionName
from syncd.store.rows import InboxRow
from syncd.store.store import Store

MOST: Final = 200
"""Deliveries one commit takes; more would make the first of them wait for all."""


class Intake:
    """
    The way into the inbox. *wake* is called for each connection that something new was told of.

    While one commit is under way, what comes gathers for the next. So each
    waits for two commits at most, and the engine's own transactions wait for
    one commit between theirs, however many deliveries there are.
    """

    def __init__(self, store: Store, wake: Callable[[ConnectionName], None]) -> None:
        self._store = store
        self._wake = wake
        self._waiting: list[tuple[InboxRow, asyncio.Future[bool]]] = []
        self._keeping: asyncio.Task[None] | None = None

    async def keep(self, row: InboxRow) -> bool:
        """Keep *row*; `False` when it was told before. Raises StoreError."""
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, kept))
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep_all())
        return await kept

    async def _keep_all(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._keep_some(some)
        finally:
            self._keeping = None
            for _, kept in self._waiting:
                kept.cancel()
            self._waiting.clear()

    async def _keep_some(self, some: Sequence[tuple[InboxRow, asyncio.Future[bool]]]) -> None:
        try:
            are_new = await self._commit([row for row, _ in some])
        except BaseException as exc:
            for _, kept in some:
                if not kept.done():
                    kept.set_exception(exc) if isinstance(exc, Exception) else kept.cancel()
            if not isinstance(exc, Exception):
                raise
            return
        for (_, kept), is_new in zip(some, are_new, strict=True):
            if not kept.done():  # who waited may have gone
                kept.set_result(is_new)
        for name in dict.fromkeys(row.connection for (row, _), is_new in zip(some, are_new, strict=True) if is_new):
            self._wake(name)

    async def _commit(self, rows: Sequence[InboxRow]) -> list[bool]:
        """Keep *rows* and return which of them were new."""
        async with self._store.transaction() as tx:
            seen = await tx.inbox.known(rows) if len(rows) > 1 else set()
            are_new = []
            for row in rows:
                name = (row.connection, row.delivery)
                are_new.append(name not in seen)
                seen.add(name)
            added = await tx.inbox.add([row for row, is_new in zip(rows, are_new, strict=True) if is_new])
        return [added > 0] if len(rows) == 1 else are_new
