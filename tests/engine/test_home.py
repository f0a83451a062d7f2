"""Links home: shown once, in write mode only, taken away with the link, and never in the way of anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine.choices import retry
from syncd.engine.cycle import sync
from syncd.errors import OutcomeUnknownError, RejectedError, UnavailableError
from syncd.model.native import Text
from syncd.store.rows import LinkState
from tests.engine.talk import MATCH, A, B, Talk, make_talk, two_tasks


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    made = make_talk(tmp_path)
    made.mapping, made.home = MATCH, "true"
    return made


async def test_each_counterpart_is_shown_once_and_counted(talk: Talk) -> None:
    first, second = await two_tasks(talk)
    assert talk.fakes[A].homes[first] == ("beta B-1 https://beta.example/B-1",)
    assert talk.fakes[B].homes[second] == ("alpha A-1 https://alpha.example/A-1",)
    async with talk.desk() as desk:
        (run, *_) = await desk.store.runs.latest(1)
        rows = [row async for row in desk.store.audit.of_run(run.id)]
        assert await desk.store.homes.count(A) == 2
    assert run.counts["home"] == 4
    assert [(row.verb, row.after) for row in rows if row.ref == first] == [("home", Text("beta B-1"))]
    await talk.quiet()


async def test_a_plan_counts_them_and_shows_none(talk: Talk) -> None:
    talk.fakes[A].task("Ship it")
    talk.fakes[B].task("Ship it")
    cycle = await talk.plan()
    assert dict(cycle.homes) == {A: 1, B: 1}
    assert talk.written == 0
    assert (await talk.sync()).pushed.counts["home"] == 2
    assert dict((await talk.plan()).homes) == {}


async def test_an_observed_connection_shows_none_and_one_that_does_not_ask_neither(talk: Talk) -> None:
    talk.beta = "observe"
    first, _ = await two_tasks(talk)
    assert talk.fakes[A].homes[first] == ("beta B-1 https://beta.example/B-1",)
    assert talk.fakes[B].homes == {}
    talk.home, talk.beta = "false", "write"
    await talk.sync()
    assert talk.fakes[B].homes == {}
    talk.home = "true"
    await talk.sync()
    assert len(talk.fakes[B].homes) == 2
    await talk.quiet()


async def test_a_link_that_ends_takes_its_home_away_on_both_sides(talk: Talk) -> None:
    first, second = await two_tasks(talk)
    talk.mapping = "match: {iteration: title}\n"
    async with talk.desk() as desk:
        links = await desk.store.links.by_refs([second])
        async with desk.store.transaction() as tx:
            await tx.links.save([replace(links[second], state=LinkState.UNLINKED)])
            await tx.dirty.mark([links[second].entity])
    await talk.sync()
    await talk.sync()
    assert talk.fakes[A].homes[first] == talk.fakes[B].homes[second] == ()
    await talk.quiet()


async def test_a_deleted_counterpart_is_no_home_any_more(talk: Talk) -> None:
    first, second = await two_tasks(talk)
    talk.fakes[B].delete(second)
    for _ in range(3):
        talk.clock.pass_(900)
        await talk.verify()
        await talk.sync()
    assert talk.fakes[A].homes[first] == ()
    await talk.quiet()


async def test_a_renamed_key_is_shown_anew_and_a_renamed_title_is_not(talk: Talk) -> None:
    first, second = await two_tasks(talk)
    talk.fakes[A].edit(first, title=Text("Ship it now"))
    calls = talk.fakes[A].home_calls + talk.fakes[B].home_calls
    await talk.sync()
    assert talk.fakes[A].home_calls + talk.fakes[B].home_calls == calls
    fake = talk.fakes[B]
    fake.edit(second)
    fake.items[second] = replace(fake.items[second], key="NEW-1", url="https://beta.example/NEW-1")
    await talk.sync()
    assert talk.fakes[A].homes[first] == ("beta NEW-1 https://beta.example/NEW-1",)


async def test_what_a_tool_refuses_waits_for_a_person_and_what_may_pass_is_tried_again(talk: Talk) -> None:
    talk.fakes[B].fail_homes = UnavailableError("down for a moment")
    first, second = await two_tasks(talk)
    assert talk.fakes[A].homes[first]
    talk.fakes[B].fail_homes = RejectedError("no links here")
    await talk.sync()
    calls = talk.fakes[B].home_calls
    await talk.sync()
    await talk.sync()
    assert talk.fakes[B].home_calls == calls
    async with talk.desk() as desk:
        rows = await desk.store.quarantine.all()
    assert {(row.ref, row.reason) for row in rows} >= {(second, "no links here")}
    talk.fakes[B].fail_homes = None
    async with talk.desk() as desk:
        await retry(desk, rows)
    await talk.sync()
    assert talk.fakes[B].homes[second]
    await talk.quiet()


async def test_one_whose_outcome_is_unknown_is_shown_again_by_itself(talk: Talk) -> None:
    """Showing is idempotent, so nothing has to be looked up: else each lost answer would wait for a person."""
    talk.fakes[B].fail_homes = OutcomeUnknownError("the connection was lost")
    _, second = await two_tasks(talk)
    talk.fakes[B].fail_homes = None
    await talk.sync()
    assert talk.fakes[B].homes[second]
    async with talk.desk() as desk:
        assert await desk.store.quarantine.all() == []
    await talk.quiet()


class Killed(BaseException):
    """The process ends here."""


async def test_a_kill_before_they_are_shown_forgets_none(talk: Talk) -> None:
    await two_tasks(talk)
    new = [talk.fakes[name].task("Another thing") for name in (A, B)]

    async def dying(items: object) -> object:
        raise Killed(items)

    async with talk.desk() as desk:
        show = talk.fakes[A].show_home
        talk.fakes[A].show_home = dying  # type: ignore[method-assign, assignment]
        with pytest.raises(Killed):
            await sync(desk)
        talk.fakes[A].show_home = show  # type: ignore[method-assign]
    await talk.sync()
    assert [bool(talk.fakes[ref.connection].homes.get(ref)) for ref in new] == [True, True]
    await talk.quiet()
