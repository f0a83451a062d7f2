"""
Parting one record from its item for good, and taking off what we put on it.

The record stays in its tool as it is, and in the store as one that nobody is
linked to: no marker, id or title leads it back, and nothing is made in its
place. A person can link it again (`syncd match --from`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from syncd.engine.cleaning import take_mark_off
from syncd.engine.cycle import Cycle, finish_run, start_run
from syncd.engine.desk import Desk
from syncd.engine.home import show_homes
from syncd.engine.linking import referring_to
from syncd.engine.pauses import silence
from syncd.errors import ConfigError
from syncd.store.records import parse_ref
from syncd.store.rows import LinkRow, LinkState


@dataclass(slots=True, kw_only=True)
class Parted:
    """What became of a record that was parted from its item."""

    link: LinkRow
    cycle: Cycle
    is_new: bool = True
    """Not parted before."""
    left: str | None = None
    """Why our marker is still on it, though it was to be taken off."""


async def find_link(desk: Desk, name: str) -> LinkRow:
    """
    Return the link of the record called *name*: a key, or a ref; also of one that was parted before.

    Raises:
        ConfigError: no record is called that, or several are.
    """
    links = await desk.store.links.by_key(name)
    if not links and name.count(":") >= 2:  # noqa: PLR2004 - connection:kind:id
        links = await desk.store.links.every_of([parse_ref(name)])
    mine = [link for link in links if link.portfolio == desk.portfolio.name]
    found = [link for link in mine if link.state is not LinkState.UNLINKED] or [link for link in mine if link.parted_at]
    if len(found) == 1:
        return found[0]
    if found:
        refs = ", ".join(str(link.ref) for link in found)
        raise ConfigError(f'"{name}" means {len(found)} records', fix=f"name one of {refs}")
    raise ConfigError(
        f'no linked record is called "{name}"',
        fix="name one record, by its key in its tool (PMO-12) or its ref; syncd explain ITEM shows them all",
    )


async def unlink(desk: Desk, name: str, *, clean: bool) -> Parted:
    """
    Part the record called *name* from its item for good; with *clean*, take our marker and our links off it, too.

    A kill leaves it parted; asking again cleans what was not.

    Raises:
        ConfigError: nothing, or several records, are called that, or a write of the item is under way; with *clean*
            also where nothing may be written.
    """
    link = await find_link(desk, name)
    await _check_at_rest(desk, link)
    if clean:
        _check_reachable(desk, link)
    done = Parted(link=link, cycle=Cycle(run=await start_run(desk, "unlink")), is_new=link.parted_at is None)
    try:
        if done.is_new:
            done.link = await _part(desk, link)
        if clean:
            await show_homes(desk, done.cycle.run, [link.entity], done.cycle.pushed.counts)
            done.left = await asyncio.shield(take_mark_off(desk, done.cycle.run, done.link))
    except BaseException:
        await finish_run(desk, done.cycle, "stopped")
        raise
    await finish_run(desk, done.cycle, "done")
    return done


async def _check_at_rest(desk: Desk, link: LinkRow) -> None:
    for ops in (await desk.store.journal.open_of_entities([link.entity])).values():
        if ops:
            raise ConfigError(
                f"a write of its item in {ops[0].connection} is under way, and its outcome is not known yet",
                fix="run syncd sync, and try again when syncd status shows no write under way",
            )


def _check_reachable(desk: Desk, link: LinkRow) -> None:
    account = desk.accounts.get(link.ref.connection)
    if account is None:
        raise ConfigError(f"{link.ref.connection} is not in this portfolio any more", fix="leave --clean out")
    if not account.is_ready:
        raise ConfigError(silence(account), fix="leave --clean out, or try again when it answers")
    if not account.connection.writes:
        raise ConfigError(
            f"{account.name} is in observe mode, and nothing is written there",
            fix="leave --clean out, or say mode: write",
        )
    if link.entity in desk.resting:
        raise ConfigError(
            f"{link.key} is paused: nothing is written to it",
            fix=f"leave --clean out, or run syncd resume {link.key} first",
        )


async def _part(desk: Desk, link: LinkRow) -> LinkRow:
    """Part the link, in one transaction, and let whatever it touches be looked at again."""
    parted = replace(link, state=LinkState.UNLINKED, parted_at=desk.world.now())
    touched = await referring_to(desk, {link.ref}) | (await desk.store.entities.below([link.entity])).keys()
    aside = [row for row in await desk.store.quarantine.all(link.ref.connection) if row.ref == link.ref]
    async with desk.store.transaction() as tx:
        await tx.links.save([parted])
        await tx.quarantine.release(aside)
        await tx.dirty.mark(sorted({link.entity, *touched}))
    desk.links.clear()
    return parted
