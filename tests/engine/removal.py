"""An installation of three tools that tell one story, of which one loses an item; archiving is opted in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from syncd.connectors.protocol import Archive
from syncd.engine.absent import APART_S
from syncd.engine.cycle import Cycle
from syncd.model.native import Native, RecordState, Text
from syncd.model.refs import ConnectionName, Ref
from syncd.store.rows import ConflictRow, LinkState, OpRow, Verdict
from syncd.store.store import Store, Transaction
from tests.engine.talk import MATCH, A, B, C, Talk, make_talk

ARCHIVE = "on_delete: {task: archive}\n"
SHIP = "Ship it"
OTHER = "Another"


class Killed(BaseException):
    """The process ends here."""


async def three(
    folder: Path, mapping: str = ARCHIVE, more: Sequence[str] = ()
) -> tuple[Talk, dict[ConnectionName, Ref]]:
    """Return an installation past its first contact, and one of its items by connection; *more* titles besides."""
    talk = make_talk(folder)
    talk.mapping = MATCH + mapping
    refs = {name: talk.fakes[name].task(SHIP) for name in (A, B, C)}
    for title in (OTHER, *more):
        for name in (A, B, C):
            talk.fakes[name].task(title)
    await talk.sync()
    await talk.sync()
    return talk, refs


async def missed_once(talk: Talk, *refs: Ref) -> None:
    """Delete items, and let them be missed for the first time."""
    for ref in refs:
        talk.fakes[ref.connection].delete(ref)
    await talk.verify()


async def buried(talk: Talk, *refs: Ref) -> Cycle:
    """Delete items, let them be missed twice, ten minutes apart, and run the cycle in which that stands."""
    await missed_once(talk, *refs)
    talk.clock.pass_(APART_S)
    return await talk.sync()


def called(talk: Talk, name: ConnectionName, title: str) -> Ref:
    """Return the record of that title."""
    return next(ref for ref, item in talk.fakes[name].items.items() if item.fields["title"] == Text(title))


def archived(talk: Talk) -> list[Ref]:
    """Return everything that the tools were asked to archive, request by request."""
    return [write.pre.ref for fake in talk.fakes.values() for write in fake.writes if isinstance(write, Archive)]


def resting(talk: Talk) -> set[Ref]:
    """Return everything that is archived."""
    return {
        ref for fake in talk.fakes.values() for ref, item in fake.items.items() if item.state is RecordState.ARCHIVED
    }


async def states(talk: Talk, name: str) -> dict[ConnectionName, LinkState]:
    """Return how each record of an item stands."""
    return {side.connection: side.link.state for side in (await talk.item(name)).sides}


async def questions(talk: Talk) -> list[ConflictRow]:
    """Return what a person is asked."""
    async with talk.desk() as desk:
        return await desk.store.conflicts.open_list("platform")


async def verdicts(talk: Talk) -> list[Verdict | None]:
    """Return what was decided about each deletion."""
    async with talk.desk() as desk:
        links = [link.id for name in talk.fakes for link in await desk.store.links.by_connection(name, "platform")]
        return [stone.verdict for stone in (await desk.store.tombstones.of_links(links)).values()]


async def open_ops(talk: Talk) -> list[OpRow]:
    """Return the writes whose outcome nobody has told yet."""
    async with talk.desk() as desk:
        return await desk.store.journal.open()


async def unanswered(
    talk: Talk, refs: Mapping[ConnectionName, Ref], name: ConnectionName, *, carried_out: bool, **fields: Native
) -> None:
    """Let an edit in alpha be written, and lose the answer of one tool, which carried it out or did not."""
    talk.fakes[name].lose_updates = "after" if carried_out else "before"
    talk.fakes[A].edit(refs[A], by="Ada Example", **fields)
    await talk.sync()
    talk.fakes[name].lose_updates = ""


async def killed_at(talk: Talk, patch: pytest.MonkeyPatch, after: int) -> int:
    """Run a cycle that dies right after that many commits; return how many there were."""
    plain, seen = Store.transaction, 0

    @asynccontextmanager
    async def counted(self: Store) -> AsyncIterator[Transaction]:
        nonlocal seen
        async with plain(self) as tx:
            yield tx
        seen += 1
        if seen == after:
            raise Killed

    with patch.context() as here:
        here.setattr(Store, "transaction", counted)
        with suppress(Killed):
            await talk.sync()
    return seen
