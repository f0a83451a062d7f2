"""A connection that is taken out of the portfolio while something of it is open holds up nothing of the others."""

from __future__ import annotations

from pathlib import Path

from syncd.model.native import Text
from syncd.store.rows import Verdict
from tests.engine.removal import archived, buried, missed_once, questions, three, verdicts
from tests.engine.talk import A, B, C, Talk

REST = "beta, gamma"


def shown(talk: Talk) -> list[object]:
    """Return the title of the first task in the tools that stay."""
    return [
        next((item.fields["title"] for item in talk.fakes[name].items.values() if item.key.endswith("-1")), None)
        for name in (B, C)
    ]


async def test_an_archive_of_unknown_outcome_there_does_not_freeze_the_item_for_ever(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[A].lose_archives = "after"
    await buried(talk, refs[C])
    talk.members = REST
    talk.fakes[C].restore(refs[C])
    talk.fakes[B].edit(refs[B], title=Text("Ship it on Monday"))
    for _ in range(3):
        await talk.sync()
    assert shown(talk) == [Text("Ship it on Monday")] * 2


async def test_a_deletion_there_that_nobody_decided_about_stops_no_cycle(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path, mapping="")
    await missed_once(talk, refs[A])
    talk.clock.pass_(600)
    await talk.verify()
    talk.members = REST
    talk.fakes[B].edit(refs[B], title=Text("Ship it on Monday"))
    for _ in range(2):
        await talk.sync()
    assert shown(talk) == [Text("Ship it on Monday")] * 2


async def test_a_record_there_is_not_looked_at_before_another_is_archived(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.members = REST
    await buried(talk, refs[C])
    assert archived(talk) == [refs[B]]
    await talk.quiet()


async def test_a_record_there_that_was_out_of_sight_is_not_waited_for(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await missed_once(talk, refs[A])
    talk.members = REST
    await buried(talk, refs[C])
    await talk.sync()
    assert (archived(talk), await questions(talk)) == ([refs[B]], [])
    assert set(await verdicts(talk)) == {None, Verdict.ARCHIVED}, "nothing follows from what was missed there"
