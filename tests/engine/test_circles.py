"""What goes round in circles is stopped: two automations at odds, and a tool that insists under a leader."""

from __future__ import annotations

from pathlib import Path

from syncd.cli.opening import Shop
from syncd.cli.options import Common
from syncd.cli.plans import plan_view
from syncd.cli.standing import status_view
from syncd.engine.choices import retry
from syncd.engine.plans import apply, make_plan
from syncd.model.native import Text
from syncd.model.refs import Ref
from syncd.report.plan import plan_text
from syncd.report.status import status_text
from syncd.settings.load import load
from tests.engine.fake import tool_of
from tests.engine.talk import MATCH, A, B, Talk, make_talk, two_tasks

ROUNDS = 12


async def made(folder: Path, mapping: str = "") -> tuple[Talk, Ref, Ref]:
    """Return one task in two tools, past its first contact."""
    talk = make_talk(folder)
    talk.mapping = MATCH + mapping
    first, second = await two_tasks(talk)
    await talk.sync()
    return talk, first, second


def insist(talk: Talk, ref: Ref, value: str) -> None:
    """Let an automation in a tool set a title whenever it is another one."""
    fake = talk.fakes[ref.connection]
    if fake.items[ref].fields["title"] != Text(value):
        fake.edit(ref, title=Text(value), by="Automation")


async def quarrel(talk: Talk, first: Ref, second: Ref) -> None:
    """Let each of two automations have its way again and again."""
    for _ in range(ROUNDS):
        insist(talk, first, "Loud")
        await talk.sync()
        insist(talk, second, "Quiet")
        await talk.sync()


async def test_two_automations_at_odds_are_stopped_and_apply_lets_it_pass_once_more(tmp_path: Path) -> None:
    talk, first, second = await made(tmp_path)
    await quarrel(talk, first, second)
    wrote = {name: len(talk.fakes[name].writes) for name in (A, B)}
    assert max(wrote.values()) <= 3, wrote
    cycle = await talk.sync()
    assert cycle.waiting
    async with talk.desk() as desk:
        shown = await make_plan(desk)
        text = plan_text(await plan_view(desk, shown, Common(folder=tmp_path)))
        assert "(written three times within a day, and taken back each time; needs approval)" in text
        assert f"Next: syncd apply {shown.plan_id}" in text
        applied = await apply(desk, shown.plan_id)
    assert not applied.missed
    assert sum(len(talk.fakes[name].writes) for name in (A, B)) == sum(wrote.values()) + 1


async def test_status_says_that_a_value_waits_and_which_command_shows_it(tmp_path: Path) -> None:
    talk, first, second = await made(tmp_path)
    await quarrel(talk, first, second)
    async with talk.desk() as desk:
        settings = load(tmp_path, {"fake": lambda: tool_of(talk.fakes)}, {"STORE": talk.store})
        shop = Shop(settings=settings, portfolio=desk.portfolio, store=desk.store, world=talk.world)
        text = status_text(await status_view(shop, Common(folder=tmp_path)))
    assert "  changes to approve  1" in text
    assert "Next: syncd plan" in text


async def test_a_day_later_it_may_be_written_again(tmp_path: Path) -> None:
    talk, first, second = await made(tmp_path)
    await quarrel(talk, first, second)
    assert (await talk.sync()).waiting
    talk.clock.pass_(24 * 3600)
    await talk.sync()
    shown = {talk.fakes[ref.connection].items[ref].fields["title"] for ref in (first, second)}
    assert len(shown) == 1


async def test_a_tool_that_insists_under_a_leader_is_left_and_the_reason_names_the_command(tmp_path: Path) -> None:
    talk, first, second = await made(tmp_path, "fields: {task.title: {leader: alpha}}\n")
    for _ in range(ROUNDS):
        insist(talk, second, "Quiet")
        await talk.sync()
    assert len(talk.fakes[B].writes) == 3
    async with talk.desk() as desk:
        (row,) = await desk.store.quarantine.all(B)
        key = talk.fakes[B].items[second].key
        assert row.reason == (
            "it was put back 3 times within a day and changed again: something in the tool insists on its value; "
            f"to let it be put back again, run: syncd quarantine retry {key}"
        )
        await retry(desk, [row])
    await talk.sync()
    assert len(talk.fakes[B].writes) == 4
    assert talk.fakes[A].items[first].fields["title"] == talk.fakes[B].items[second].fields["title"]


async def test_a_leader_that_alternates_by_itself_is_stopped_too(tmp_path: Path) -> None:
    talk, first, _ = await made(tmp_path, "fields: {task.title: {leader: alpha}}\n")
    for number in range(ROUNDS):
        insist(talk, first, f"Title {number % 2}")
        await talk.sync()
    assert len(talk.fakes[B].writes) <= 6
    assert (await talk.sync()).waiting or (await talk.verify()).agrees
