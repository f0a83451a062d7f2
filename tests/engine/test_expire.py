"""What the store forgets after a while, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from syncd.engine.expire import expire
from syncd.engine.removal import DELETED
from syncd.model.native import Text
from syncd.model.refs import ConnectionName
from syncd.settings.schema import RetentionModel
from syncd.store.rows import ConflictContent, InboxRow
from tests.engine.talk import A, B, make_talk, two_tasks

KEPT = RetentionModel()
DAY = 86_400


async def test_what_is_over_goes_and_the_audit_and_what_is_open_stays(tmp_path: Path) -> None:
    talk = make_talk(tmp_path)
    refs = await two_tasks(talk)
    talk.fakes[A].edit(refs[0], title=Text("Ship it now"))
    wrote = await talk.sync()
    talk.fakes[A].edit(refs[0], title=Text("One way"))
    talk.fakes[B].edit(refs[1], title=Text("Another way"))
    await talk.sync()
    await talk.plan()
    async with talk.desk() as desk:
        (held,) = await desk.store.conflicts.open_list("platform")
        question = ConflictContent(held.content.contenders, "it was deleted")
        async with desk.store.transaction() as tx:
            await tx.conflicts.sync("platform", {(held.entity, DELETED): question})
            await tx.conflicts.sync("platform", {(held.entity, DELETED): None, (held.entity, held.field): None})
            row = InboxRow(connection=ConnectionName(A), delivery="1", received_at=talk.world.now(), refs=())
            await tx.inbox.add([row, replace(row, delivery="2")])
            await tx.inbox.done([row], talk.world.now())
        plan = await desk.store.plans.latest("platform")
        assert await expire(desk.store, KEPT, talk.world.now()) == {}
        told = await expire(desk.store, KEPT, talk.world.now() + timedelta(days=400))
        assert told.keys() == {"deliveries", "conflicts", "writes", "runs"}
        assert (told["deliveries"], told["conflicts"]) == (1, 1)
        assert [row.field for row in await desk.store.conflicts.find("")] == [DELETED], "answered once, never again"
        assert await desk.store.plans.latest("platform") == plan, "it may still be applied"
        assert [row.delivery for row in await desk.store.inbox.waiting([A])] == ["2"]
        assert [row async for row in desk.store.audit.of_run(wrote.run)]
        assert (await desk.store.audit.prove()).broken == ()
        assert await desk.store.journal.of_run(wrote.run) == []
        assert await expire(desk.store, KEPT, talk.world.now() + timedelta(days=400)) == {}
    await talk.sync()
    await talk.plan()
    async with talk.desk() as desk:
        later = await expire(desk.store, KEPT, talk.world.now() + timedelta(days=40))
        assert later.keys() <= {"plans", "runs"}


async def test_each_kind_has_a_time_of_its_own(tmp_path: Path) -> None:
    talk = make_talk(tmp_path)
    await two_tasks(talk)
    async with talk.desk() as desk:
        short = RetentionModel.model_validate({"runs": "1d"})
        in_two_days = talk.world.now() + timedelta(days=2)
        assert await expire(desk.store, KEPT, in_two_days) == {}
        assert (await expire(desk.store, short, in_two_days)).keys() == {"runs"}
    assert (KEPT.inbox, KEPT.plans, KEPT.history) == (7 * DAY, 30 * DAY, 365 * DAY)
