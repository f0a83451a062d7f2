"""A connection is renamed by the one process that works with the store, and only when nothing of it is open."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.rename import rename_connection
from syncd.engine.writer import LEASE_S, only_daemon, writing
from syncd.errors import ConfigError, StoreError
from syncd.model.native import Text
from syncd.model.refs import ConnectionName
from syncd.world import World
from tests.engine.talk import A, B, Talk, make_talk, two_tasks

OFFICE = ConnectionName("office")


def patient(talk: Talk) -> World:
    """Return the talk's world, in which leases are renewed in no time and therefore never."""

    async def nap(seconds: float) -> None:
        await (asyncio.Event().wait() if seconds == LEASE_S / 3 else talk.world.sleep(seconds))

    return replace(talk.world, sleep=nap)


@pytest.mark.parametrize("alone", [only_daemon, writing])
async def test_a_daemon_or_a_writer_is_waited_out(tmp_path: Path, alone: object) -> None:
    talk = make_talk(tmp_path)
    await two_tasks(talk)
    async with talk.desk() as one, talk.desk() as other:
        async with (only_daemon if alone is only_daemon else writing)(one.store, patient(talk)):
            with pytest.raises(StoreError, match="it is held by process"):
                await rename_connection(other.store, patient(talk), A, OFFICE)
        assert await other.store.renaming.count(A)


async def test_a_name_with_records_of_its_own_and_a_write_under_way_are_refused(tmp_path: Path) -> None:
    talk = make_talk(tmp_path)
    refs = await two_tasks(talk)
    async with talk.desk() as desk:
        with pytest.raises(ConfigError, match='the store knows records of "beta" already'):
            await rename_connection(desk.store, patient(talk), A, B)
    talk.mapping = "match: {task: title}\ncreate: {task: {from: alpha, in: [{beta: {container: P}}]}}\n"
    talk.fakes[A].task("Made in beta")
    talk.fakes[B].lose_answers = 1
    await talk.apply()
    async with talk.desk() as desk:
        with pytest.raises(ConfigError, match="a write in beta is under way"):
            await rename_connection(desk.store, patient(talk), B, OFFICE)
    assert talk.fakes[A].items[refs[0]].fields["title"] == Text("Ship it")
