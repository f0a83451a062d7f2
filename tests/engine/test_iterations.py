"""Iterations are read only; what points at them, and at what is linked later, follows by itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from syncd.connectors.protocol import Update
from syncd.model.canonical import Kind
from syncd.model.native import Refs, Text
from syncd.model.refs import Ref
from tests.engine.talk import MATCH, A, B, Talk, make_talk


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    made = make_talk(tmp_path)
    made.mapping = MATCH
    return made


def sprint(talk: Talk, ref: Ref) -> object:
    return talk.fakes[ref.connection].items[ref].fields["sprint"]


async def test_a_task_follows_into_the_iteration_of_the_same_name(talk: Talk) -> None:
    sprints = {name: talk.fakes[name].iteration("Sprint 7", date(2026, 3, 2)) for name in (A, B)}
    first, second = talk.fakes[A].task("Ship it"), talk.fakes[B].task("Ship it")
    await talk.apply()
    talk.fakes[A].edit(first, sprint=sprints[A])
    await talk.sync()
    assert sprint(talk, second) == sprints[B]
    await talk.quiet()
    assert (await talk.verify()).agrees
    item = await talk.item("Sprint 7")
    assert item.entity.kind is Kind.ITERATION
    assert item.entity.values["start_on"] == date(2026, 3, 2)


async def test_an_iteration_that_comes_later_is_followed_later_and_none_is_ever_written(talk: Talk) -> None:
    here = talk.fakes[A].iteration("Sprint 8", date(2026, 3, 9))
    first, second = talk.fakes[A].task("Ship it"), talk.fakes[B].task("Ship it")
    await talk.apply()
    talk.fakes[A].edit(first, sprint=here)
    await talk.sync()
    assert sprint(talk, second) is None
    there = talk.fakes[B].iteration("Sprint 8", date(2026, 3, 9))
    await talk.sync()
    assert sprint(talk, second) == there
    talk.fakes[A].edit(here, title=Text("Sprint eight"))
    await talk.sync()
    await talk.sync()
    written = [each for fake in talk.fakes.values() for each in fake.writes]
    assert all(isinstance(each, Update) and each.pre.type == "task" for each in written)
    assert talk.fakes[B].items[there].fields["title"] == Text("Sprint 8")


async def test_a_dependency_whose_target_is_linked_later_flows_by_itself(talk: Talk) -> None:
    """The target was in nobody's scope when the dependency was first read."""
    talk.mapping = "match: {task: title}\nkinds: {task: {alpha: {types: task, where: {title: {not: Hidden}}}}}\n"
    hidden = talk.fakes[A].task("Hidden")
    first = talk.fakes[A].task("Ship it", depends_on=Refs(frozenset({hidden})))
    second, target = talk.fakes[B].task("Ship it"), talk.fakes[B].task("Seen")
    await talk.apply()
    await talk.quiet()
    talk.fakes[A].edit(hidden, title=Text("Seen"))
    for _ in range(3):
        await talk.sync()
    assert talk.fakes[B].items[second].fields["depends_on"] == Refs(frozenset({target}))
    assert talk.fakes[A].items[first].fields["depends_on"] == Refs(frozenset({hidden}))
    await talk.quiet()
    talk.fakes[B].edit(second, depends_on=None)
    await talk.sync()
    assert talk.fakes[A].items[first].fields["depends_on"] in (None, Refs(frozenset()))
    await talk.quiet()
