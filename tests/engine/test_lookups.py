"""An update whose answer was lost, of a record that rests before anybody looks: told of while it does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.connectors.protocol import Update
from syncd.engine.absent import APART_S
from syncd.model.native import Refs, Text
from syncd.store.rows import LinkState
from tests.engine import fake
from tests.engine.removal import OTHER, SHIP, called, missed_once, open_ops, questions, states, three, unanswered
from tests.engine.talk import A, B, C

MONDAY, TUESDAY = Text("Ship it on Monday"), Text("Ship it on Tuesday")


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_lost_answer_of_what_was_then_archived_is_looked_up_and_its_return_loses_nothing(
    tmp_path: Path, *, carried_out: bool
) -> None:
    talk, refs = await three(tmp_path)
    await unanswered(talk, refs, C, carried_out=carried_out, title=MONDAY)
    talk.fakes[C].archive(refs[C])
    (op,) = await open_ops(talk)
    for _ in range(2):
        talk.clock.pass_(61)
        await talk.sync()
    assert (await states(talk, MONDAY.value))[C] is LinkState.ARCHIVED
    assert await open_ops(talk) == [], "it would hold up a changed mapping for as long as it rests"
    async with talk.desk() as desk:
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


async def test_what_was_seen_after_the_write_and_is_gone_now_ends_once(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path, "")
    await unanswered(talk, refs, C, carried_out=True, title=MONDAY)
    await talk.verify()
    await missed_once(talk, refs[C])
    talk.clock.pass_(APART_S)
    await talk.verify()
    assert (await states(talk, MONDAY.value))[C] is LinkState.GONE
    await talk.sync()
    assert await open_ops(talk) == []


async def test_a_reference_is_not_written_to_what_a_lookup_finds_gone(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path, "")
    other = {name: called(talk, name, OTHER) for name in refs}
    await missed_once(talk, other[C])
    talk.clock.pass_(APART_S - 120)
    await unanswered(talk, refs, C, carried_out=False, title=MONDAY, depends_on=Refs(frozenset({other[A]})))
    talk.clock.pass_(15)
    before = len(talk.fakes[C].writes)
    await talk.sync()
    assert (await states(talk, OTHER))[C] is LinkState.GONE
    sent = [each.fields for each in talk.fakes[C].writes[before:] if isinstance(each, Update)]
    assert sent == [{"title": MONDAY}]


async def test_what_moved_before_it_rested_is_judged_by_the_field_it_was_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = fake.FIELDS
    here = replace(first, label="Heading", containers=frozenset({"P"}))
    there = replace(first, key="title_q", label="Heading", containers=frozenset({"Q"}))
    monkeypatch.setattr(fake, "FIELDS", (here, *others, there))
    talk, refs = await three(
        tmp_path, "fields: {task.title: {gamma: Heading, policy: {order: [gamma, alpha, beta]}}}\n"
    )
    gamma = talk.fakes[C]
    await unanswered(talk, refs, C, carried_out=True, title=MONDAY)
    gamma.items[refs[C]] = replace(gamma.items[refs[C]], container="Q")
    gamma.edit(refs[C], title_q=None)
    gamma.archive(refs[C])
    for _ in range(2):
        await talk.sync()
    talk.fakes[A].edit(refs[A], title=TUESDAY)
    await talk.sync()
    gamma.items[refs[C]] = replace(gamma.items[refs[C]], container="P")
    gamma.archive(refs[C], away=False)
    for _ in range(3):
        await talk.sync()
    assert {talk.fakes[name].items[ref].fields["title"] for name, ref in refs.items()} == {TUESDAY}


async def test_an_edit_made_instead_of_a_lost_write_has_seen_nothing_since(tmp_path: Path) -> None:
    """The value goes on and comes back to what it was while the record rests."""
    talk, refs = await three(tmp_path)
    await unanswered(talk, refs, C, carried_out=False, title=MONDAY)
    talk.fakes[C].edit(refs[C], title=TUESDAY)
    talk.fakes[C].archive(refs[C])
    for _ in range(2):
        await talk.sync()
    talk.fakes[A].edit(refs[A], title=Text(SHIP))
    await talk.sync()
    talk.fakes[C].archive(refs[C], away=False)
    for _ in range(2):
        await talk.sync()
    (row,) = await questions(talk)
    assert {each.value for each in row.content.contenders} == {SHIP, TUESDAY.value}


async def test_a_lost_answer_of_a_connection_that_only_observes_by_now_is_looked_up(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await unanswered(talk, refs, B, carried_out=True, title=MONDAY)
    talk.beta = "observe"
    for _ in range(2):
        await talk.sync()
    assert await open_ops(talk) == []
