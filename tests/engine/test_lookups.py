"""An update whose answer was lost, of a record that is archived before anybody looks: told of while it rests."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.model.native import Text
from syncd.store.rows import LinkState
from tests.engine.removal import SHIP, questions, states, three
from tests.engine.talk import A, C

MONDAY, TUESDAY = Text("Ship it on Monday"), Text("Ship it on Tuesday")


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_lost_answer_of_what_was_then_archived_is_looked_up_and_its_return_loses_nothing(
    tmp_path: Path, *, carried_out: bool
) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[C].lose_updates = "after" if carried_out else "before"
    talk.fakes[A].edit(refs[A], title=MONDAY)
    await talk.sync()
    talk.fakes[C].archive(refs[C])
    talk.fakes[C].lose_updates = ""
    async with talk.desk() as desk:
        (op,) = await desk.store.journal.open()
    for _ in range(2):
        talk.clock.pass_(61)
        await talk.sync()
    assert (await states(talk, MONDAY.value))[C] is LinkState.ARCHIVED
    async with talk.desk() as desk:
        assert await desk.store.journal.open() == [], "it would hold up a changed mapping for as long as it rests"
        landed = [row for row in await desk.store.audit.of_entity(op.entity) if row.op == op.id]
    assert [(row.field, row.after) for row in landed] == ([("title", MONDAY)] if carried_out else [])

    talk.fakes[A].edit(refs[A], title=TUESDAY)
    await talk.sync()
    assert talk.fakes[C].items[refs[C]].fields["title"] == (MONDAY if carried_out else Text(SHIP))
    talk.fakes[C].archive(refs[C], away=False)
    for _ in range(2):
        await talk.sync()
    assert {talk.fakes[name].items[ref].fields["title"] for name, ref in refs.items()} == {TUESDAY}
    assert await questions(talk) == []
    await talk.quiet()
