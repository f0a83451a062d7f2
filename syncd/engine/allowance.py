"""The request budget of a connection, shared with every process that works on the same store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from itertools import count
from typing import Final

import structlog

from syncd.connectors._budget import Budget
from syncd.connectors._pool import GONE_S, Sheet, Told
from syncd.errors import StoreError
from syncd.model.refs import ConnectionName
from syncd.store.budgets import BudgetRow
from syncd.store.lease import is_surely_dead, this_process
from syncd.store.store import Repositories, Store
from syncd.world import World

_NUMBERS: Final = count(1)
log = structlog.get_logger()


@asynccontextmanager
async def shared(budget: Budget, name: ConnectionName, store: Store, world: World) -> AsyncIterator[None]:
    """Count the requests of one connection together with every other process of *store* while the block lasts."""
    pool = budget.share_by(StoreLedger(name, store, world))
    try:
        yield
    finally:
        await pool.close()


class StoreLedger:
    """What the processes of one store tell each other about one connection's budget (`connectors._pool.Ledger`)."""

    def __init__(self, name: ConnectionName, store: Store, world: World) -> None:
        self._name = name
        self._store = store
        self._world = world
        self._me = f"{this_process()}/{next(_NUMBERS)}"
        self._complaint = ""
        self._has_begun = False

    async def look(self) -> tuple[Sheet, int] | None:
        """Return what was told, and how many others are there; `None` when the store cannot be read."""
        try:
            found = await self._read(self._store)
        except StoreError as exc:
            self._complain(exc)
            return None
        self._complaint = ""
        return found

    async def tell(self, change: Callable[[Sheet], Sheet], *, here: bool) -> tuple[Sheet, int] | None:
        """Keep what *change* makes of what was told; `None` when the store cannot be written."""
        try:
            async with self._store.transaction() as tx:
                if here:
                    users = await tx.budgets.users(self._name)
                    gone = [who for who, at in users.items() if not self._is_there(who, at)]
                    await tx.budgets.leave(self._name, gone)
                    await tx.budgets.enter(self._name, self._me, self._world.now())
                    if not self._has_begun and len(gone) == len(users):
                        await tx.budgets.forget(self._name, self._world.now())
                sheet, others = await self._read(tx)
                changed = change(sheet)
                rows = [BudgetRow(bucket=bucket, **asdict(told)) for bucket, told in sorted(changed.items())]
                await tx.budgets.save(self._name, rows)
        except StoreError as exc:
            self._complain(exc)
            return None
        self._complaint = ""
        self._has_begun = self._has_begun or here
        return {**sheet, **changed}, others

    async def leave(self) -> None:
        """Say that this process is not there any more; if that cannot be said, it will be found out."""
        try:
            async with self._store.transaction() as tx:
                await tx.budgets.leave(self._name, [self._me])
        except StoreError as exc:
            self._complain(exc)

    async def _read(self, at: Repositories) -> tuple[Sheet, int]:
        rows = await at.budgets.of(self._name)
        users = await at.budgets.users(self._name)
        sheet = {
            row.bucket: Told(level=row.level, at=row.at, blocked_until=row.blocked_until, blocked_at=row.blocked_at)
            for row in rows
        }
        return sheet, sum(who != self._me and self._is_there(who, at) for who, at in users.items())

    def _is_there(self, who: str, seen_at: datetime) -> bool:
        silent_s = (self._world.now() - seen_at).total_seconds()
        return silent_s < GONE_S and not is_surely_dead(who.rpartition("/")[0])

    def _complain(self, exc: StoreError) -> None:
        if self._complaint != exc.what:
            log.warning("budget_not_shared", connector=self._name, reason=exc.what, fix=exc.fix)
        self._complaint = exc.what
