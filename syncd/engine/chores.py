"""What the daemon does beside its cycles: telling how it stands and what people should know, and keeping tidy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from syncd.engine.desk import Account
from syncd.engine.expire import expire
from syncd.engine.notify import Notifier
from syncd.engine.subscriptions import LOOK_EVERY_S, Subscriptions
from syncd.engine.vitals import NAME, Vitals, to_json
from syncd.errors import StoreError
from syncd.settings.load import Settings
from syncd.store.store import Store
from syncd.world import World

TELL_S: Final = 10.0
"""How often the daemon tells how it stands."""
TIDY_AFTER_S: Final = 300.0
"""How long after its start the daemon forgets for the first time what is over (`engine/expire.py`)."""
TIDY_EVERY_S: Final = 86_400.0
"""How often it does so."""
REGISTER_AFTER_S: Final = 60.0
"""How long after its start the daemon looks for the first time whether its webhooks are registered."""

log = structlog.get_logger()


class Chores:
    """Works beside the cycles; nothing that fails here stops any of them."""

    def __init__(
        self,
        store: Store,
        world: World,
        *,
        settings: Callable[[], Settings],
        vitals: Callable[[], Awaitable[Vitals]],
        accounts: Callable[[], list[Account]],
    ) -> None:
        self._store = store
        self._world = world
        self._settings = settings
        self._vitals = vitals
        self._accounts = accounts
        self.subscriptions = Subscriptions(world)
        self.notifier = Notifier(store, world, settings().notify)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Do all of it while the block lasts."""
        stop = asyncio.Event()
        tasks = {
            asyncio.create_task(work)
            for work in (
                self._every(0.0, TELL_S, self.tell),
                self._every(TIDY_AFTER_S, TIDY_EVERY_S, self._tidy),
                self._every(REGISTER_AFTER_S, LOOK_EVERY_S, self._register),
                self.notifier.run(stop),
            )
        }
        try:
            yield
        finally:
            stop.set()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _every(self, first_s: float, then_s: float, work: Callable[[], Awaitable[None]]) -> None:
        await self._world.sleep(first_s)
        while True:
            try:
                await work()
            except StoreError as exc:
                log.warning("chore_failed", chore=work.__name__.strip("_"), reason=exc.what, fix=exc.fix)
            except Exception:
                log.exception("chore_failed", chore=work.__name__.strip("_"))
            await self._world.sleep(then_s)

    async def tell(self) -> None:
        """Keep how everything stands, for those who ask from outside."""
        told = to_json(await self._vitals())
        async with self._store.transaction() as tx:
            await tx.standing.save(NAME, told, self._world.now())

    async def _tidy(self) -> None:
        """Forget what `retention` says."""
        told = await expire(self._store, self._settings().retention, self._world.now())
        if told:
            log.info("old_rows_forgotten", **told)

    async def _register(self) -> None:
        await self.subscriptions.look(self._accounts(), self._settings().listen.public_url)
