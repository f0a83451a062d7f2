"""Reading anew for a backfill: page by page, each kept with the place to go on; others write in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from syncd.connectors._together import together
from syncd.engine.adopt import Adopted, adopt
from syncd.engine.cycle import is_remapped
from syncd.engine.desk import Account, Desk
from syncd.engine.job import Job, job_of
from syncd.engine.open import describe
from syncd.engine.pull import Pulled, keep_page, lost_of, pull
from syncd.errors import RemoteError
from syncd.model.refs import ConnectionName, Cursor, Ref, Revision
from syncd.store.rows import CursorRow, ObservedRow
from syncd.store.store import Transaction

FRESH: Final = timedelta(minutes=30)
"""How long a connection counts as read to the end; then it is asked what changed since."""

Turn = Callable[[], AbstractAsyncContextManager[None]]


class Reading:
    """The job's part that reads and links; *job* is how far it is."""

    def __init__(self, desk: Desk, turn: Turn, told: Callable[[int], None]) -> None:
        self._desk = desk
        self._turn = turn
        self._told = told
        self.job = Job(portfolio=desk.portfolio.name, started_at=desk.world.now())
        self.adopted = Adopted()
        self.records = 0
        self.is_resumed = False

    async def begin(self, job: Job) -> None:
        """Begin *job*, or go on with the one that asks for the same and did not end."""
        desk = self._desk
        kept = await job_of(desk.store, job.portfolio)
        self.is_resumed = kept is not None and kept.ended_at is None and kept.asks_the_same(job)
        self.job = kept if kept is not None and self.is_resumed else job
        remapped = self.job.digest != job.digest if self.is_resumed else await is_remapped(desk)
        everything = await desk.store.entities.ids(job.portfolio) if remapped else []
        self.job = replace(self.job, digest=job.digest)
        async with desk.store.transaction() as tx:
            await tx.dirty.mark(everything)
            await self.job.save(tx, desk.world.now())

    async def read(self) -> None:
        """Read every connection to the end: anew what the job is about, and what changed in the others."""
        ready = [account for account in self._desk.accounts.values() if account.is_ready]
        await together(self._read(account) for account in ready)

    async def link(self) -> None:
        """Link what was read and is not linked yet."""
        desk = self._desk
        async with self._turn():
            await describe(desk, [each for each in desk.accounts.values() if each.doubts and each.is_ready])
            self.adopted = await adopt(desk)
            read = sorted(name for name, account in desk.accounts.items() if account.pulled)
            await self.keep(lambda job: replace(job, is_linked=True), lambda tx: tx.restored.read(read))

    async def keep(
        self, change: Callable[[Job], Job], also: Callable[[Transaction], Awaitable[None]] | None = None
    ) -> None:
        """Keep the job changed, with *also* in the same transaction."""
        async with self._desk.store.transaction() as tx:
            await self._change(tx, change)
            if also is not None:
                await also(tx)

    def is_stale(self) -> bool:
        """Say whether some connection was not asked for so long that it has to be, before anything is made there."""
        now = self._desk.world.now()
        return any(
            account.is_ready and account.pulled and now - self.job.read.get(name, now) >= FRESH
            for name, account in self._desk.accounts.items()
        )

    async def _change(self, tx: Transaction, change: Callable[[Job], Job]) -> None:
        self.job = change(self.job)
        await self.job.save(tx, self._desk.world.now())

    async def _read(self, account: Account) -> None:
        desk, name = self._desk, account.name
        known = await desk.store.cursors.get(name)
        is_new = name not in self.job.read and (self.job.reads_anew(name) or known is None)
        if is_new:
            await self._read_anew(account, known)
        elif name in self.job.read and desk.world.now() - self.job.read[name] < FRESH:
            account.pulled, account.read_at = True, self.job.read[name]
        else:
            async with self._turn():
                told = await pull(desk, account)
                self.records += told.records
                if account.pulled:
                    await self.keep(lambda job: job.has_read(name, desk.world.now()))

    async def _read_anew(self, account: Account, main: CursorRow | None) -> None:
        """Read one connection from where the job is; cycles go on from their own cursor, or here if they had none."""
        desk, name = self._desk, account.name
        told = Pulled()
        try:
            cursor = self.job.cursors.get(name)
            if cursor is None and self.job.since is not None and main is not None:
                cursor = await account.connector.since(self.job.since)
            asked_at = desk.world.now()
            async for page in account.connector.changes(cursor, self._known):
                async with self._turn():
                    await keep_page(desk, account, page, asked_at, told, self._at(name, page.resume), anew=True)
                self.records += len(page.records)
                self._told(len(page.records))
                asked_at = desk.world.now()
        except RemoteError as exc:
            account.error = exc
            return
        row = CursorRow(
            connection=name,
            cursor=self.job.cursors[name] if main is None else main.cursor,
            saved_at=desk.world.now(),
            query=desk.digest_of(name),
        )
        async with self._turn():
            latest = await desk.store.cursors.get(name)
            kept = row if latest is None else replace(latest, query=row.query)
            await self.keep(lambda job: job.has_read(name, desk.world.now()), lambda tx: tx.cursors.save(kept))
        account.pulled, account.read_at = True, desk.world.now()

    def _at(self, name: ConnectionName, resume: Cursor | None) -> Callable[[Transaction], Awaitable[None]] | None:
        if resume is None:
            return None
        return lambda tx: self._change(tx, lambda job: job.at(name, resume))

    async def _known(self, refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
        """Return the revisions of what need not be read: what the job has read already, or is not to read."""
        held = await self._desk.store.records.observed(list(refs))
        mine = {ref: row.record.revision for ref, row in held.items() if self._is_known(row)}
        lost = await lost_of(self._desk, list(mine))
        return {ref: revision for ref, revision in mine.items() if ref not in lost}

    def _is_known(self, row: ObservedRow) -> bool:
        since, updated_at = self.job.since, row.record.updated_at
        is_old = since is not None and updated_at is not None and updated_at < since
        return is_old or row.read_at >= self.job.started_at
