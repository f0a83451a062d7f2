"""A deletion in one tool, and what follows in the others where the mapping says archive (golden story S27)."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.errors import AuthError, ForbiddenError, RejectedError, RemoteError, UnavailableError, UnsafePlanError
from syncd.model.native import RecordState, Text
from syncd.reconcile.plan import Verb
from syncd.store.rows import LinkState, OpState, Verdict
from tests.engine.removal import (
    ARCHIVE,
    SHIP,
    archived,
    buried,
    called,
    killed_at,
    missed_once,
    open_ops,
    questions,
    resting,
    states,
    three,
    verdicts,
)
from tests.engine.talk import A, B, C

LAST_COMMITS = 9
"""From the decision to the end of the run."""


async def test_what_was_deleted_in_one_tool_is_archived_in_the_others_once(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    cycle = await buried(talk, refs[C])
    assert sorted(archived(talk)) == [refs[A], refs[B]]
    assert cycle.pushed.counts["archive"] == 2
    assert await states(talk, SHIP) == {A: LinkState.ARCHIVED, B: LinkState.ARCHIVED, C: LinkState.GONE}
    await talk.quiet()
    assert await verdicts(talk) == [Verdict.ARCHIVED]
    assert (await talk.verify()).agrees
    assert len(archived(talk)) == 2


async def test_without_a_word_in_the_mapping_nothing_is_archived_even_when_it_is_said_later(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path, mapping="")
    await buried(talk, refs[C])
    assert await verdicts(talk) == [Verdict.UNLINKED]
    talk.mapping += ARCHIVE
    for _ in range(3):
        await talk.sync()
    assert archived(talk) == []


async def test_s27_what_was_edited_elsewhere_is_kept_and_asked_about_and_revives(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await missed_once(talk, refs[C])
    talk.clock.pass_(600)
    talk.fakes[B].edit(refs[B], title=Text("Ship it on Monday"))
    cycle = await talk.sync()
    assert archived(talk) == []
    assert [row.field for row in cycle.opened] == ["deleted_edited"]
    assert cycle.opened[0].content.why == "deleted while edited elsewhere: beta title"
    assert {each.connection: each.value for each in cycle.opened[0].content.contenders} == {
        A: "there",
        B: "there",
        C: "deleted",
    }
    for _ in range(3):
        await talk.sync()
    assert talk.fakes[A].items[refs[A]].fields["title"] == Text("Ship it on Monday"), "A and B go on"
    assert archived(talk) == []
    assert len(await questions(talk)) == 1

    talk.fakes[C].restore(refs[C])
    for _ in range(3):
        await talk.sync()
    assert await questions(talk) == []
    assert await states(talk, "A-1") == dict.fromkeys((A, B, C), LinkState.LIVE)
    assert talk.fakes[C].items[refs[C]].fields["title"] == Text("Ship it on Monday")


async def test_s27_an_edit_taken_over_before_the_deletion_is_sure_is_an_edit_too(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await missed_once(talk, refs[C])
    talk.fakes[B].edit(refs[B], title=Text("Ship it on Monday"))
    await talk.sync()
    await talk.sync()
    assert talk.fakes[A].items[refs[A]].fields["title"] == Text("Ship it on Monday")
    talk.clock.pass_(600)
    await talk.sync()
    assert archived(talk) == []
    (row,) = await questions(talk)
    assert row.content.why.startswith("deleted while edited elsewhere: ")


async def test_an_edit_the_deleted_record_never_showed_is_an_edit_too(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[B].edit(refs[B], title=Text("Ship it on Monday"))
    talk.fakes[C].delete(refs[C])
    for _ in range(2):
        await talk.sync()
    talk.clock.pass_(600)
    await talk.verify()
    talk.clock.pass_(600)
    await talk.sync()
    assert archived(talk) == []
    (row,) = await questions(talk)
    assert row.content.why == "deleted before it showed what was agreed on: title"


async def test_nothing_is_archived_while_a_field_is_held(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[A].edit(refs[A], title=Text("As Ada says"))
    talk.fakes[B].edit(refs[B], title=Text("As Ben says"))
    await talk.sync()
    await buried(talk, refs[C])
    assert archived(talk) == []
    assert {row.field for row in await questions(talk)} == {"title", "deleted_edited"}


@pytest.mark.parametrize("error", [UnavailableError("down"), AuthError("no such token")])
async def test_a_tool_that_was_not_read_is_waited_for(tmp_path: Path, error: RemoteError) -> None:
    talk, refs = await three(tmp_path)
    await missed_once(talk, refs[C])
    talk.clock.pass_(600)
    talk.fakes[B].down = error
    for _ in range(2):
        await talk.sync()
    assert (archived(talk), await questions(talk)) == ([], [])
    talk.fakes[B].down = None
    await talk.sync()
    assert sorted(archived(talk)) == [refs[A], refs[B]]


async def test_another_record_out_of_reach_is_waited_for_and_one_that_moved_is_asked_about(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[B].forbidden[refs[B]] = ForbiddenError("not yours to see")
    talk.fakes[B].hide(refs[B])
    await buried(talk, refs[C])
    for _ in range(3):
        await talk.sync()
    assert (archived(talk), await questions(talk)) == ([], [])
    talk.fakes[B].forbidden.clear()
    talk.fakes[B].restore(refs[B], state=RecordState.OUT_OF_SCOPE)
    await talk.verify()
    for _ in range(2):
        await talk.sync()
    assert archived(talk) == []
    (row,) = await questions(talk)
    assert row.content.why == ("deleted while it is out of scope elsewhere, where somebody may work on it: beta B-1")


async def test_an_edit_right_before_the_archive_stops_all_of_it(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await missed_once(talk, refs[C])
    talk.clock.pass_(600)
    fake = talk.fakes[B]
    fake.before_read = lambda: fake.edit(refs[B], title=Text("Not so fast"))
    cycle = await talk.sync()
    assert archived(talk) == []
    assert list(cycle.pushed.skipped.values()) == ["beta B-1 was edited meanwhile"] * 2
    await talk.sync()
    assert archived(talk) == []
    assert [row.field for row in await questions(talk)] == ["deleted_edited"]
    await talk.sync()
    assert talk.fakes[A].items[refs[A]].fields["title"] == Text("Not so fast")


async def test_a_record_that_is_back_right_before_the_archive_stops_all_of_it(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await missed_once(talk, refs[C])
    talk.clock.pass_(600)
    fake = talk.fakes[B]
    fake.before_read = lambda: talk.fakes[C].restore(refs[C])
    await talk.sync()
    for _ in range(2):
        await talk.sync()
    assert (archived(talk), await questions(talk), await verdicts(talk)) == ([], [], [])
    assert await states(talk, SHIP) == dict.fromkeys((A, B, C), LinkState.LIVE)


async def test_right_before_each_archive_every_record_of_the_item_is_read_by_id(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await missed_once(talk, refs[C])
    talk.clock.pass_(600)
    for fake in talk.fakes.values():
        fake.reads.clear()
    await talk.sync()
    assert all(frozenset({refs[name]}) in talk.fakes[name].reads for name in (A, B, C))


async def test_no_cascade_an_archive_of_ours_is_neither_a_deletion_nor_an_edit_even_when_it_is_deleted_later(
    tmp_path: Path,
) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[A].archive(refs[A])
    await talk.sync()
    await buried(talk, refs[C])
    assert archived(talk) == [refs[B]], "what a person archived is not archived again"
    await buried(talk, refs[B], refs[A])
    assert archived(talk) == [refs[B]]
    await talk.quiet()
    assert await questions(talk) == []


async def test_what_was_archived_is_not_made_again(tmp_path: Path) -> None:
    create = (
        "create: {task: {from: any, in: [{alpha: {container: P}}, {beta: {container: P}}, {gamma: {container: P}}]}}\n"
    )
    talk, refs = await three(tmp_path, mapping=ARCHIVE + create)
    await buried(talk, refs[C])
    before = {name: len(fake.items) for name, fake in talk.fakes.items()}
    await talk.quiet()
    assert (await talk.plan()).lines == ()
    assert {name: len(fake.items) for name, fake in talk.fakes.items()} == before


async def test_one_that_a_person_brings_back_goes_on_and_is_not_archived_again(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await buried(talk, refs[C])
    talk.fakes[A].archive(refs[A], away=False)
    talk.fakes[B].archive(refs[B], away=False)
    for _ in range(2):
        await talk.sync()
    talk.fakes[B].edit(refs[B], title=Text("Back again"))
    for _ in range(3):
        await talk.sync()
    assert talk.fakes[A].items[refs[A]].fields["title"] == Text("Back again")
    assert len(archived(talk)) == 2
    assert await questions(talk) == []


async def test_the_record_comes_back_after_the_others_were_archived_and_a_person_is_asked_once(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await buried(talk, refs[C])
    talk.fakes[C].restore(refs[C])
    for _ in range(3):
        await talk.sync()
    (row,) = await questions(talk)
    assert (row.field, row.content.why) == (
        "returned",
        "it is back, and was archived elsewhere because it was gone: alpha A-1, beta B-1",
    )
    assert await states(talk, SHIP) == {A: LinkState.ARCHIVED, B: LinkState.ARCHIVED, C: LinkState.LIVE}
    assert resting(talk) == {refs[A], refs[B]}, "nothing is brought back by itself"
    for name in (A, B):
        talk.fakes[name].archive(refs[name], away=False)
    for _ in range(2):
        await talk.sync()
    assert await questions(talk) == []
    again = await buried(talk, refs[C])
    assert again.pushed.counts["archive"] == 2, "another deletion is another decision"


async def test_a_refusal_keeps_the_rest_and_asks(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[A].refuse_archives = RejectedError("it is locked")
    await buried(talk, refs[C])
    for _ in range(2):
        await talk.sync()
    assert archived(talk) == [refs[A]]
    (row,) = await questions(talk)
    assert row.content.why == "alpha would not archive A-1: it is locked"


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_lost_answer_is_looked_up_and_never_sent_again_for_the_same_decision(
    tmp_path: Path, *, carried_out: bool
) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[A].lose_archives = "after" if carried_out else "before"
    await buried(talk, refs[C])
    talk.fakes[A].lose_archives = ""
    assert archived(talk) == [refs[A]]
    talk.clock.seconds -= 50
    await talk.sync()
    assert archived(talk) == [refs[A]], "it may still arrive"
    for _ in range(3):
        await talk.sync()
    assert sorted(archived(talk)) == ([refs[A], refs[B]] if carried_out else [refs[A], refs[A], refs[B]])
    assert resting(talk) == {refs[A], refs[B]}
    assert await open_ops(talk) == []
    await talk.quiet()


async def test_a_lost_answer_and_a_person_who_brings_it_back_meanwhile_is_a_question(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[A].lose_archives = "after"
    await buried(talk, refs[C])
    talk.fakes[A].archive(refs[A], away=False)
    for _ in range(4):
        await talk.sync()
    assert archived(talk) == [refs[A]]
    (row,) = await questions(talk)
    assert row.content.why == "alpha may have archived A-1, which is in sight and has changed since"


@pytest.mark.parametrize("carried_out", [True, False])
@pytest.mark.parametrize("mapping", ["", ARCHIVE], ids=["unlink", "archive"])
async def test_a_lost_answer_of_what_was_then_deleted_holds_nothing_up(
    tmp_path: Path, mapping: str, *, carried_out: bool
) -> None:
    talk, refs = await three(tmp_path, mapping)
    talk.fakes[C].lose_updates = "after" if carried_out else "before"
    talk.fakes[A].edit(refs[A], title=Text("Ship it on Monday"))
    await talk.sync()
    talk.fakes[C].delete(refs[C])
    for _ in range(2):
        await talk.sync()
    assert len(await open_ops(talk)) == 1, "it may only be hidden"
    talk.clock.pass_(600)
    for _ in range(2):
        await talk.sync()
    assert await open_ops(talk) == []
    assert await verdicts(talk) == [Verdict.ASKED if mapping else Verdict.UNLINKED]
    why = [row.content.why for row in await questions(talk)]
    assert why == (["deleted before it showed what was agreed on: title"] if mapping else [])
    assert archived(talk) == []

    talk.fakes[C].lose_updates = ""
    talk.fakes[C].restore(refs[C])
    for _ in range(3):
        await talk.sync()
    assert await questions(talk) == []
    assert {talk.fakes[name].items[ref].fields["title"] for name, ref in refs.items()} == {Text("Ship it on Monday")}


async def test_a_kill_after_any_commit_archives_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    titles = [f"Number {number}" for number in range(LAST_COMMITS)]
    talk, refs = await three(tmp_path, more=titles)
    talk.limits = ", limits: {archive_count: 100}"
    await missed_once(talk, refs[C])
    talk.clock.pass_(600)
    commits = await killed_at(talk, monkeypatch, after=0)
    for before_end, title in enumerate(titles):
        mine = [called(talk, name, title) for name in (A, B, C)]
        await missed_once(talk, mine[2])
        talk.clock.pass_(600)
        await killed_at(talk, monkeypatch, after=commits - before_end)
        talk.clock.pass_(60)
        for _ in range(3):
            await talk.sync()
        assert sorted(ref for ref in archived(talk) if ref in mine) == mine[:2], before_end
        assert set(mine[:2]) <= resting(talk)
        assert set(await verdicts(talk)) == {Verdict.ARCHIVED}
        assert await open_ops(talk) == []


async def test_the_brake_counts_archives_over_a_day_and_names_the_command_that_lets_the_plan_pass(
    tmp_path: Path,
) -> None:
    titles = ("First", "Second", "Third", "Fourth")
    talk, _ = await three(tmp_path, more=titles)
    for number, title in enumerate(titles[:3], 1):
        await buried(talk, called(talk, C, title))
        talk.clock.pass_(3600)
        assert len(archived(talk)) == 2 * number
    with pytest.raises(UnsafePlanError) as told:
        await buried(talk, called(talk, C, "Fourth"))
    async with talk.desk() as desk:
        plan = await desk.store.plans.latest("platform")
    assert plan is not None
    assert told.value.what == (
        "alpha: the plan would archive 4 of 3 linked items within 24 h (limit 3); "
        "beta: the plan would archive 4 of 3 linked items within 24 h (limit 3)"
    )
    assert told.value.fix is not None
    assert f"syncd apply {plan.id} --approve" in told.value.fix
    assert len(archived(talk)) == 6
    applied = await talk.apply()
    assert applied.plan.id == plan.id
    assert not applied.missed
    assert len(archived(talk)) == 8


async def test_a_day_later_the_brake_has_room_again(tmp_path: Path) -> None:
    titles = ("First", "Second", "Third", "Fourth")
    talk, _ = await three(tmp_path, more=titles)
    await buried(talk, *(called(talk, C, title) for title in titles[:3]))
    talk.clock.pass_(24 * 3600)
    await buried(talk, called(talk, C, "Fourth"))
    assert len(archived(talk)) == 8


async def test_many_deletions_at_once_are_refused_whole(tmp_path: Path) -> None:
    titles = ("First", "Second", "Third", "Fourth")
    talk, _ = await three(tmp_path, more=titles)
    await missed_once(talk, *(called(talk, C, title) for title in titles))
    talk.clock.pass_(600)
    with pytest.raises(UnsafePlanError):
        await talk.sync()
    assert archived(talk) == []


async def test_an_archive_is_a_line_of_the_plan(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await missed_once(talk, refs[C])
    talk.clock.pass_(600)
    await talk.verify()
    plan = await talk.plan()
    assert [(line.verb, line.place.connection, line.key) for line in plan.lines] == [
        (Verb.ARCHIVE, A, "A-1"),
        (Verb.ARCHIVE, B, "B-1"),
    ]
    assert archived(talk) == []
    async with talk.desk() as desk:
        ops = [op for op in await desk.store.journal.open() if op.state is not OpState.FAILED]
    assert ops == []


async def test_a_deletion_in_a_tool_that_is_only_observed_archives_nothing(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.beta = "observe"
    await buried(talk, refs[B])
    await talk.sync()
    assert archived(talk) == []


async def test_a_tool_that_is_only_observed_is_not_archived_in(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.beta = "observe"
    await buried(talk, refs[C])
    assert archived(talk) == [refs[A]]
