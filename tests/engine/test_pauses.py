"""A person pauses a connection, an item or the portfolio: nothing moves there, and nothing of meanwhile is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from syncd.connectors.protocol import Outcome, Update, Write
from syncd.engine.choices import find_question
from syncd.engine.cycle import sync
from syncd.engine.loop import run_loop
from syncd.engine.pauses import pause, resume
from syncd.engine.plans import apply
from syncd.engine.undo import undo
from syncd.engine.writer import LEASE_S
from syncd.errors import ConfigError, HeldError, UnavailableError
from syncd.model.native import Text
from syncd.model.refs import ConnectionName, Ref
from syncd.store.rows import PausedRow, PauseScope
from tests.engine.talk import COMMENTS, MATCH, A, B, C, Talk, make_talk

TITLE = "Ship it"
BOTH = [Text("Ship it now"), Text("Ship it later")]


async def three(folder: Path, mapping: str = MATCH + COMMENTS) -> tuple[Talk, dict[ConnectionName, Ref]]:
    """Return an installation past its first contact, and one of its items by connection."""
    talk = make_talk(folder)
    talk.mapping = mapping
    refs = {name: talk.fakes[name].task(TITLE) for name in (A, B, C)}
    for name in (A, B, C):
        talk.fakes[name].task("Another")
    for _ in range(2):
        await talk.sync()
    return talk, refs


async def paused(talk: Talk, scope: PauseScope, subject: str, why: str | None = None) -> None:
    async with talk.desk() as desk:
        await pause(desk.store, PausedRow(scope=scope, subject=subject, since=talk.world.now(), why=why))


async def resumed(talk: Talk, scope: PauseScope, subject: str) -> None:
    async with talk.desk() as desk:
        row = PausedRow(scope=scope, subject=subject, since=talk.world.now())
        await resume(desk.store, row, ["platform"])


async def entity_of(talk: Talk, ref: Ref) -> str:
    async with talk.desk() as desk:
        return (await desk.store.links.by_refs([ref]))[ref].entity


def shown(talk: Talk, refs: dict[ConnectionName, Ref]) -> list[object]:
    return [talk.fakes[name].items[ref].fields["title"] for name, ref in refs.items()]


def touched(talk: Talk, name: ConnectionName) -> tuple[int, int, int]:
    fake = talk.fakes[name]
    return len(fake.writes), len(fake.reads), fake.lists


async def held(talk: Talk) -> list[tuple[str, frozenset[object]]]:
    async with talk.desk() as desk:
        rows = await desk.store.conflicts.open_list("platform")
        return [(row.field, frozenset(side.value for side in row.content.contenders)) for row in rows]


async def test_a_paused_connection_is_neither_asked_nor_written_and_catches_up_when_it_is_resumed(
    tmp_path: Path,
) -> None:
    talk, refs = await three(tmp_path)
    await paused(talk, PauseScope.CONNECTION, A)
    before = touched(talk, A)
    talk.fakes[B].edit(refs[B], title=BOTH[0])
    other = talk.fakes[A].task("New in alpha")
    for _ in range(3):
        cycle = await talk.sync()
        assert not cycle.pushed.failed
    assert cycle.resting == {A: 1}
    assert touched(talk, A) == before
    assert shown(talk, refs) == [Text(TITLE), BOTH[0], BOTH[0]]
    await resumed(talk, PauseScope.CONNECTION, A)
    await talk.sync()
    assert shown(talk, refs) == [BOTH[0]] * 3
    assert await entity_of(talk, other)
    await talk.quiet()


async def test_a_week_of_pause_leaves_no_row_a_cycle_behind(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await paused(talk, PauseScope.CONNECTION, A)
    talk.fakes[B].edit(refs[B], title=BOTH[0])
    await talk.sync()
    cycle = await talk.sync()
    async with talk.desk() as desk:
        assert await desk.store.journal.of_run(cycle.run) == []


@pytest.mark.parametrize("leader", ["", "fields: {task.title: {leader: alpha}}\n"])
async def test_edits_on_both_sides_meanwhile_are_decided_as_without_the_pause(tmp_path: Path, leader: str) -> None:
    outcomes = []
    for number, is_paused in enumerate((False, True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        talk, refs = await three(folder, MATCH + leader)
        if is_paused:
            await paused(talk, PauseScope.CONNECTION, A)
        talk.fakes[B].edit(refs[B], title=BOTH[1])
        if is_paused:
            await talk.sync()
        talk.fakes[A].edit(refs[A], title=BOTH[0])
        if is_paused:
            await talk.sync()
            await resumed(talk, PauseScope.CONNECTION, A)
        for _ in range(3):
            await talk.sync()
        outcomes.append((await held(talk), shown(talk, refs)[:2]))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == ([] if leader else [("title", frozenset({"Ship it now", "Ship it later"}))])


async def test_a_paused_item_is_read_and_neither_decided_nor_written_nor_are_its_comments(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await talk.apply()
    one = await entity_of(talk, refs[A])
    await paused(talk, PauseScope.ITEM, one)
    talk.fakes[A].edit(refs[A], title=BOTH[0])
    talk.fakes[A].say(refs[A], "Meanwhile")
    before = talk.written
    for _ in range(3):
        await talk.sync()
    assert talk.written == before
    async with talk.desk() as desk:
        assert one in await desk.store.dirty.take("platform")
        (row,) = (await desk.store.records.observed([refs[A]])).values()
        assert row.record.fields["title"] == BOTH[0]
    await resumed(talk, PauseScope.ITEM, one)
    await talk.sync()
    await talk.apply()
    assert shown(talk, refs) == [BOTH[0]] * 3
    assert [len(talk.fakes[name].below(refs[name])) for name in (A, B, C)] == [1, 1, 1]
    await talk.quiet()


async def test_a_paused_item_stops_no_other(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await paused(talk, PauseScope.ITEM, await entity_of(talk, refs[A]))
    other = next(ref for ref, item in talk.fakes[B].items.items() if item.fields["title"] == Text("Another"))
    talk.fakes[B].edit(other, title=Text("Yet another"))
    await talk.sync()
    assert Text("Yet another") in [item.fields["title"] for item in talk.fakes[A].items.values()]


async def test_a_persons_word_about_a_paused_item_is_refused(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[A].edit(refs[A], title=BOTH[0])
    cycle = await talk.sync()
    await paused(talk, PauseScope.ITEM, await entity_of(talk, refs[A]))
    async with talk.desk() as desk:
        with pytest.raises(ConfigError, match="A-1 is paused"):
            await find_question(desk, "A-1.title")
        done = await undo(desk, cycle.run, "ada", dry_run=False)
    assert {each.why for each in done.left} == {"the item is paused"}
    assert shown(talk, refs) == [BOTH[0]] * 3


async def test_a_paused_portfolio_runs_no_cycle(tmp_path: Path) -> None:
    talk, _ = await three(tmp_path)
    await paused(talk, PauseScope.PORTFOLIO, "platform", "the audit")
    for run in (talk.sync, talk.plan, talk.verify, talk.apply):
        with pytest.raises(HeldError, match=r"the portfolio platform is paused since .* \(the audit\)"):
            await run()
    await resumed(talk, PauseScope.PORTFOLIO, "platform")
    await talk.sync()


async def test_what_was_shown_is_not_applied_where_it_is_paused_since(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[B].edit(refs[B], title=BOTH[0])
    plan = await talk.plan()
    await paused(talk, PauseScope.CONNECTION, A)
    async with talk.desk() as desk:
        applied = await apply(desk, plan.plan_id)
    assert [(row.reason or "")[:22] for row in applied.missed] == ["alpha is paused since "]
    assert shown(talk, refs) == [Text(TITLE), BOTH[0], BOTH[0]]


async def test_verify_compares_what_runs_and_does_not_claim_the_rest(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    await paused(talk, PauseScope.CONNECTION, A)
    talk.fakes[B].edit(refs[B], title=BOTH[0])
    await talk.sync()
    found = await talk.verify()
    assert (found.differences, found.unreachable, found.paused, found.agrees) == ([], {}, (A,), False)


async def test_a_pause_in_the_middle_of_a_cycle_stops_its_writes(tmp_path: Path) -> None:
    talk, refs = await three(tmp_path)
    talk.fakes[B].edit(refs[B], title=BOTH[0])
    async with talk.desk() as desk:
        row = PausedRow(scope=PauseScope.CONNECTION, subject=A, since=talk.world.now())
        await pause(desk.store, row)
        await sync(desk)
    assert shown(talk, refs) == [Text(TITLE), BOTH[0], BOTH[0]]


@pytest.mark.parametrize("scope", list(PauseScope))
async def test_a_pause_in_the_middle_of_many_writes_stops_the_rest_and_loses_none(
    tmp_path: Path, scope: PauseScope
) -> None:
    """There may be hours of writes left when a person sees what happens and says: stop."""
    talk, refs = await three(tmp_path)
    more = [talk.fakes[B].task(f"Task {number}") for number in range(4)]
    others = [talk.fakes[A].task(f"Task {number}") for number in range(4)]
    for _ in range(2):
        await talk.sync()
    fake = talk.fakes[A]
    fake.capabilities = replace(fake.capabilities, max_batch=1)
    for number, ref in enumerate(more):
        talk.fakes[B].edit(ref, title=Text(f"Task {number} now"))
    wanted = [Text(f"Task {number} now") for number in range(4)]
    subjects: dict[PauseScope, str] = {PauseScope.CONNECTION: A, PauseScope.PORTFOLIO: "platform"}
    async with talk.desk() as desk:
        connector = desk.accounts[A].connector
        write, begun = connector.write, len(fake.writes)

        async def slowly(batch: Sequence[Write]) -> Sequence[Outcome]:
            """Write, which takes a while; during the first one a person says stop."""
            if len(fake.writes) == begun:
                (one,) = batch
                other = next(ref for ref in others if isinstance(one, Update) and ref != one.pre.ref)
                subjects[PauseScope.ITEM] = (await desk.store.links.by_refs([other]))[other].entity
                await pause(desk.store, PausedRow(scope=scope, subject=subjects[scope], since=talk.world.now()))
            talk.clock.pass_(5)
            return await write(batch)

        connector.write = slowly  # type: ignore[method-assign]
        await sync(desk)
        connector.write = write  # type: ignore[method-assign]
    arrived = [fake.items[ref].fields["title"] for ref in others]
    assert sum(title in wanted for title in arrived) == (3 if scope is PauseScope.ITEM else 1)
    await resumed(talk, scope, subjects[scope])
    await talk.sync()
    assert [fake.items[ref].fields["title"] for ref in others] == wanted
    assert shown(talk, refs) == [Text(TITLE)] * 3


@pytest.fixture
def audible() -> Iterator[None]:
    """Let what is logged be captured."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.BoundLogger)
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("audible")
async def test_the_daemon_logs_no_outage_and_no_recovery_for_a_pause(tmp_path: Path) -> None:
    talk, _ = await three(tmp_path)
    stop = asyncio.Event()
    rests = 0

    async def nap(seconds: float) -> None:
        """Between the cycles: down, paused, up again while paused, resumed."""
        nonlocal rests
        if seconds == LEASE_S / 3:
            await stop.wait()
            return
        await talk.world.sleep(seconds)
        rests += 1
        if rests == 2:
            talk.fakes[B].down = UnavailableError("beta does not answer")
        elif rests == 4:
            await paused(talk, PauseScope.CONNECTION, B)
            talk.fakes[B].down = None
        elif rests == 6:
            await resumed(talk, PauseScope.CONNECTION, B)
        elif rests == 8:
            stop.set()

    async with talk.desk() as desk:
        desk.world = replace(talk.world, sleep=nap)
        with capture_logs() as logs:
            await run_loop(desk, stop)
    events = [entry["event"] for entry in logs if entry["event"].startswith("connector_")]
    assert events == ["connector_unavailable", "connector_recovered"]
