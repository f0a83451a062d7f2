"""A record parted from its item for good: nothing leads it back, nothing is made in its place, nothing is deleted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.connectors.protocol import CreateIdentity
from syncd.engine.cleaning import CLEAN
from syncd.engine.pauses import pause
from syncd.engine.unite import unite
from syncd.engine.unlink import Parted, unlink
from syncd.errors import ConfigError
from syncd.model.native import Text
from syncd.model.refs import Ref
from syncd.store.rows import LinkState, OpState, PausedRow, PauseScope
from tests.engine.talk import COMMENTS, MATCH, A, B, C, Talk, make_talk

MAKE = "create: {task: {from: alpha, in: [{beta: {container: P}}, {gamma: {container: P}}]}}\n"
TITLE = Text("Ship it")
OTHER = Text("Ship it now")


async def made(folder: Path, home: str = "false") -> tuple[Talk, Ref, Ref]:
    """Return an installation in which one task of alpha was made in beta and gamma, and its records there."""
    talk = make_talk(folder)
    talk.mapping, talk.home = MATCH + MAKE, home
    talk.fakes[A].task("Ship it")
    await talk.apply()
    await talk.sync()
    (mine,), (copy,) = talk.fakes[A].items, talk.fakes[B].items
    return talk, mine, copy


async def part(talk: Talk, name: str, *, clean: bool = False) -> Parted:
    async with talk.desk() as desk:
        return await unlink(desk, name, clean=clean)


async def is_linked(talk: Talk, ref: Ref) -> bool:
    async with talk.desk() as desk:
        return ref in await desk.store.links.by_refs([ref])


async def test_marker_id_and_title_lead_a_parted_record_nowhere_and_no_twin_is_made(tmp_path: Path) -> None:
    talk, mine, copy = await made(tmp_path)
    assert talk.fakes[B].items[copy].marker is not None
    await part(talk, talk.fakes[B].items[copy].key)
    talk.fakes[A].edit(mine, title=OTHER)
    talk.fakes[B].edit(copy, title=Text("Its own way"))
    await talk.sync()
    talk.fakes[B].edit(copy, title=OTHER)
    for _ in range(2):
        await talk.sync()
        assert not (await talk.plan()).lines
    assert [item.fields["title"] for item in talk.fakes[C].items.values()] == [OTHER]
    assert list(talk.fakes[B].items) == [copy], "no twin"
    assert talk.fakes[A].items[mine].fields["title"] == OTHER
    assert not await is_linked(talk, copy)
    await talk.quiet()


async def test_nor_does_a_new_id_of_the_same_record(tmp_path: Path) -> None:
    """A draft that became an issue carries its old id as an alias."""
    talk, _, copy = await made(tmp_path)
    await part(talk, str(copy))
    record = talk.fakes[B].items.pop(copy)
    now = Ref(B, "task", "999")
    talk.fakes[B].items[now] = replace(record, ref=now, aliases=(copy,))
    talk.fakes[B].edit(now, title=TITLE)
    talk.fakes[B].items[now] = replace(talk.fakes[B].items[now], aliases=(copy,), marker=record.marker)
    for _ in range(2):
        await talk.sync()
    assert not await is_linked(talk, now)
    assert list(talk.fakes[B].items) == [now]


async def test_the_others_go_on_and_are_still_made_elsewhere(tmp_path: Path) -> None:
    talk = make_talk(tmp_path)
    talk.mapping = MATCH + MAKE.replace("{gamma: {container: P}}", "").replace(", ]", "]")
    talk.fakes[A].task("Ship it")
    await talk.apply()
    (copy,) = talk.fakes[B].items
    await part(talk, str(copy))
    talk.mapping = MATCH + MAKE
    await talk.apply()
    assert [item.fields["title"] for item in talk.fakes[C].items.values()] == [TITLE]
    assert len(talk.fakes[B].items) == 1


async def test_comments_below_a_parted_record_stay_there_and_come_no_more(tmp_path: Path) -> None:
    talk = make_talk(tmp_path)
    talk.mapping = MATCH + COMMENTS
    refs = {name: talk.fakes[name].task("Ship it") for name in (A, B)}
    talk.fakes[A].say(refs[A], "In alpha")
    talk.fakes[B].say(refs[B], "In beta")
    await talk.sync()
    await talk.apply()
    assert [len(talk.fakes[name].below(refs[name])) for name in (A, B)] == [2, 2]
    await part(talk, str(refs[B]))
    talk.fakes[A].say(refs[A], "Later, in alpha")
    talk.fakes[B].say(refs[B], "Later, in beta")
    for _ in range(2):
        await talk.apply()
    assert [len(talk.fakes[name].below(refs[name])) for name in (A, B)] == [3, 3]
    await talk.quiet()


async def test_clean_takes_our_marker_and_our_links_off_and_the_audit_tells(tmp_path: Path) -> None:
    talk, mine, copy = await made(tmp_path, home="true")
    await talk.sync()
    assert talk.fakes[B].homes[copy]
    done = await part(talk, talk.fakes[B].items[copy].key, clean=True)
    assert done.left is None
    assert talk.fakes[B].items[copy].marker is None
    assert talk.fakes[B].homes[copy] == ()
    assert talk.fakes[B].items[copy].fields["title"] == TITLE
    assert not [shown for shown in talk.fakes[A].homes[mine] if shown.startswith("beta")]
    async with talk.desk() as desk:
        rows = [row async for row in desk.store.audit.of_run(done.cycle.run)]
        ops = await desk.store.journal.of_run(done.cycle.run)
    assert CLEAN in [row.verb for row in rows]
    assert [op.state for op in ops] == [OpState.CONFIRMED]
    await talk.quiet()
    assert not await is_linked(talk, copy)


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_cleaning_without_an_answer_is_looked_up_and_never_sent_again(tmp_path: Path, lost: str) -> None:
    talk, _, copy = await made(tmp_path)
    talk.fakes[B].lose_cleans = lost
    done = await part(talk, str(copy), clean=True)
    assert (done.left or "").startswith("no answer, being looked up")
    with pytest.raises(ConfigError, match="under way"):
        await part(talk, str(copy), clean=True)
    talk.fakes[B].lose_cleans = ""
    talk.clock.pass_(120)
    await talk.sync()
    async with talk.desk() as desk:
        (op,) = await desk.store.journal.of_run(done.cycle.run)
        rows = [row async for row in desk.store.audit.of_run(done.cycle.run)]
    assert (op.state, len(rows)) == ((OpState.CONFIRMED, 1) if lost == "after" else (OpState.FAILED, 0))
    again = await part(talk, str(copy), clean=True)
    assert (again.is_new, again.left, talk.fakes[B].items[copy].marker) == (False, None, None)


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        (
            CreateIdentity.MARKER_LAGGED,
            "syncd cannot take its marker off a task of fake; it does nothing any more, and may be removed by hand",
        ),
        (
            CreateIdentity.CLIENT_ID,
            (
                "it is the id that syncd chose when it made this task, which fake lets nobody change; nobody sees it, "
                "and nothing needs to be done"
            ),
        ),
    ],
)
async def test_a_tool_that_lets_nobody_take_it_off_is_told(tmp_path: Path, identity: CreateIdentity, why: str) -> None:
    talk, _, copy = await made(tmp_path)
    able = talk.fakes[B].capabilities
    talk.fakes[B].capabilities = replace(able, unmarks=frozenset(), create_identity=identity)
    done = await part(talk, str(copy), clean=True)
    assert done.left == why
    assert not await is_linked(talk, copy)


async def test_a_paused_item_is_parted_and_not_written_to(tmp_path: Path) -> None:
    talk, _, copy = await made(tmp_path, home="true")
    key = talk.fakes[B].items[copy].key
    async with talk.desk() as desk:
        entity = (await desk.store.links.by_refs([copy]))[copy].entity
        await pause(desk.store, PausedRow(scope=PauseScope.ITEM, subject=entity, since=talk.world.now()))
    before, homes = talk.written, [talk.fakes[name].home_calls for name in (A, B, C)]
    with pytest.raises(ConfigError, match="is paused"):
        await part(talk, key, clean=True)
    assert await is_linked(talk, copy)
    await part(talk, key)
    assert not await is_linked(talk, copy)
    with pytest.raises(ConfigError, match="is paused"):
        await part(talk, key, clean=True)
    assert talk.fakes[B].items[copy].marker is not None
    assert (talk.written, [talk.fakes[name].home_calls for name in (A, B, C)]) == (before, homes)


async def test_a_person_can_link_it_again(tmp_path: Path) -> None:
    talk, mine, copy = await made(tmp_path)
    await part(talk, str(copy))
    await talk.sync()
    async with talk.desk() as desk:
        await unite(desk, [mine, copy])
    await talk.apply()
    talk.fakes[A].edit(mine, title=OTHER)
    await talk.sync()
    assert talk.fakes[B].items[copy].fields["title"] == OTHER
    async with talk.desk() as desk:
        assert await desk.store.links.kept_apart("platform") == frozenset()
        link = (await desk.store.links.by_refs([copy]))[copy]
    assert link.state is LinkState.LIVE


async def test_a_name_that_means_nothing_or_several_records_parts_nothing(tmp_path: Path) -> None:
    talk, _, _ = await made(tmp_path)
    with pytest.raises(ConfigError, match='no linked record is called "B-404"'):
        await part(talk, "B-404")
    twin = talk.fakes[A].task("Another")
    talk.fakes[A].items[twin] = replace(talk.fakes[A].items[twin], key="A-1")
    await talk.sync()
    with pytest.raises(ConfigError, match='"A-1" means 2 records'):
        await part(talk, "A-1")
