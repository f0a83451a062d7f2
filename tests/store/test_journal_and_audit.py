"""Ops move one way only; the audit shows any row that was touched."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

import syncd
from syncd.errors import StoreError
from syncd.model.native import MISSING, Choice, Choices, Text
from syncd.model.refs import EntityId, LinkId, OpId, RunId
from syncd.store._tables import METADATA
from syncd.store.audit import Proof, Writes
from syncd.store.rows import OpField, OpState, RunRow
from syncd.store.store import Store
from tests.databases import POSTGRESQL, SQLITE, Stores
from tests.store import samples
from tests.store.samples import AT, GITHUB, JIRA
from tests.store.test_round_trips import fill

OP1, OP2, L1, R1 = OpId("op1"), OpId("op2"), LinkId("l1"), RunId("r1")
SECOND = timedelta(seconds=1)


async def begin(store: Store) -> None:
    """Keep two ops of one run: an update and a create."""
    await fill(store)
    async with store.transaction() as tx:
        await tx.runs.start(samples.run())
        await tx.journal.plan([samples.op(1, at=L1), samples.op(2, of=2)])


async def test_a_write_goes_from_planned_to_confirmed(store: Store) -> None:
    await begin(store)
    assert (await store.journal.by_ids([OP1]))[OP1] == samples.op(1, at=L1)
    async with store.transaction() as tx:
        await tx.journal.mark_sent([OP1, OP2], AT)
    assert [row.state for row in await store.journal.open(JIRA)] == [OpState.SENT, OpState.SENT]
    async with store.transaction() as tx:
        await tx.journal.mark_unknown({OP2: "timed out"})
        await tx.journal.mark_confirmed([OP1], AT + timedelta(seconds=1))
    assert [(row.id, row.state, row.reason) for row in await store.journal.open()] == [
        (OP2, OpState.UNKNOWN, "timed out")
    ]
    assert list(await store.journal.open_of_links([L1])) == []
    assert list(await store.journal.open_of_entities([EntityId("e2")])) == ["e2"]
    async with store.transaction() as tx:
        await tx.journal.mark_confirmed([OP2], AT)
        await tx.journal.attach({OP2: LinkId("l2")})
    made = (await store.journal.by_ids([OP2]))[OP2]
    assert (made.state, made.link, made.reason) == (OpState.CONFIRMED, "l2", None)
    assert await store.journal.open() == []


async def test_a_write_that_was_never_sent_cannot_be_confirmed(store: Store) -> None:
    await begin(store)
    with pytest.raises(StoreError, match="1 of 1 writes cannot become confirmed"):
        async with store.transaction() as tx:
            await tx.journal.mark_confirmed([OP1], AT)


async def test_a_write_is_sent_once_and_never_revived(store: Store) -> None:
    await begin(store)
    async with store.transaction() as tx:
        await tx.journal.mark_sent([OP1], AT)
        await tx.journal.mark_failed({OP1: "422"}, AT)
        await tx.journal.mark_quarantined({OP2: "no such field"}, AT)
    for ids in ([OP1], [OP2], [OpId("nobody")]):
        with pytest.raises(StoreError, match="cannot become sent"):
            async with store.transaction() as tx:
                await tx.journal.mark_sent(ids, AT)
    assert [row.state for row in await store.journal.of_run(R1)] == [OpState.FAILED, OpState.QUARANTINED]


async def test_a_write_that_did_not_leave_after_all_is_planned_as_before(store: Store) -> None:
    await begin(store)
    with pytest.raises(StoreError, match="cannot become planned"):
        async with store.transaction() as tx:
            await tx.journal.hold([OP1])
    async with store.transaction() as tx:
        await tx.journal.mark_sent([OP1], AT)
        await tx.journal.hold([OP1])
    assert (await store.journal.by_ids([OP1]))[OP1] == samples.op(1, at=L1)


async def test_everything_said_of_a_write_comes_back(store: Store) -> None:
    await fill(store)
    full = replace(
        samples.op(1, of=2),
        change="k1",
        verb="create",
        fields={
            "title": OpField(Text("new"), "new", MISSING),
            "labels": OpField(Choices(frozenset({Choice("1", "x")})), frozenset({"x"}), None),
        },
        native={"summary": Text("new"), "due": None},
        payload_hash="p",
        pre_hash="q",
        marker=EntityId("e2"),
        container="PMO",
        type="Story",
        reason="asked for",
    )
    async with store.transaction() as tx:
        await tx.runs.start(samples.run())
        await tx.journal.plan([full])
    assert await store.journal.by_ids([OP1, OpId("nobody")]) == {OP1: full}
    async with store.transaction() as tx:
        await tx.journal.mark_sent([OP1], AT + SECOND)
        await tx.journal.mark_confirmed([OP1], AT + 2 * SECOND)
        await tx.journal.attach({OP1: LinkId("l2")})
        await tx.journal.attach({})
    ended = replace(
        full,
        state=OpState.CONFIRMED,
        link=LinkId("l2"),
        reason=None,
        sent_at=AT + SECOND,
        ended_at=AT + 2 * SECOND,
    )
    assert await store.journal.of_run(R1) == [ended]


@pytest.mark.parametrize("end", ["failed", "quarantined"])
@pytest.mark.parametrize("begun", ["planned", "sent", "unknown"])
async def test_a_write_that_ends_badly_keeps_why_and_when(store: Store, begun: str, end: str) -> None:
    await begin(store)
    async with store.transaction() as tx:
        if begun != "planned":
            await tx.journal.mark_sent([OP1], AT)
        if begun == "unknown":
            await tx.journal.mark_unknown({OP1: "timed out"})
            await tx.journal.mark_unknown({OP1: "timed out again"})
        mark = tx.journal.mark_failed if end == "failed" else tx.journal.mark_quarantined
        await mark({OP1: "no"}, AT + SECOND)
    row = (await store.journal.by_ids([OP1]))[OP1]
    assert (row.state, row.reason, row.ended_at) == (OpState(end), "no", AT + SECOND)
    assert row.sent_at == (None if begun == "planned" else AT)
    assert [row.id for row in await store.journal.open()] == [OP2]


async def test_a_move_that_is_not_allowed_says_how_many_and_moves_none(store: Store) -> None:
    await begin(store)
    async with store.transaction() as tx:
        await tx.journal.mark_sent([OP1], AT)
        await tx.journal.mark_sent([], AT)
    with pytest.raises(StoreError) as told:
        async with store.transaction() as tx:
            await tx.journal.mark_unknown({OP1: "timed out", OP2: "timed out", OpId("nobody"): "timed out"})
    assert told.value.what == "2 of 3 writes cannot become unknown: unknown, or ended already"
    assert told.value.fix == "report this: it is a fault in syncd; the transaction was undone"
    assert told.value.where
    assert [row.state for row in await store.journal.open()] == [OpState.SENT, OpState.PLANNED]


async def test_what_is_under_way_comes_oldest_first(store: Store) -> None:
    await fill(store)
    old, young = AT, AT + SECOND
    ops = [
        replace(samples.op(4, at=L1), planned_at=old),
        replace(samples.op(1, at=L1), planned_at=young),
        replace(samples.op(3, at=L1), planned_at=old),
        replace(samples.op(2, of=2), planned_at=old, connection=GITHUB),
        replace(samples.op(5, at=LinkId("l2"), of=2), planned_at=old),
        replace(samples.op(6, at=L1), planned_at=old),
    ]
    async with store.transaction() as tx:
        await tx.runs.start(samples.run())
        await tx.journal.plan(ops)
        await tx.journal.mark_failed({OpId("op6"): "no"}, AT)
    journal = store.journal
    assert [row.id for row in await journal.open()] == ["op2", "op3", "op4", "op5", "op1"]
    assert [row.id for row in await journal.open(JIRA)] == ["op3", "op4", "op5", "op1"]
    assert [row.id for row in await journal.of_run(R1)] == ["op2", "op3", "op4", "op5", "op6", "op1"]
    assert await journal.of_run(RunId("r2")) == []
    of_links = await journal.open_of_links([L1, LinkId("l2")])
    assert {link: [row.id for row in rows] for link, rows in of_links.items()} == {
        "l1": ["op3", "op4", "op1"],
        "l2": ["op5"],
    }
    assert list(await journal.open_of_links([LinkId("l2")])) == ["l2"]
    of_entities = await journal.open_of_entities([EntityId("e1"), EntityId("e2")])
    assert {entity: [row.id for row in rows] for entity, rows in of_entities.items()} == {
        "e1": ["op3", "op4", "op1"],
        "e2": ["op2", "op5"],
    }
    assert list(await journal.open_of_entities([EntityId("e2")])) == ["e2"]


async def test_of_a_links_archives_the_last_that_was_carried_out_counts(store: Store) -> None:
    await fill(store)
    archive = replace(samples.op(1, at=L1), verb="archive")
    ops = [
        replace(archive, id=OpId("op3"), planned_at=AT + SECOND),
        archive,
        replace(archive, id=OpId("op4"), planned_at=AT + 2 * SECOND),
        replace(samples.op(5, at=L1), planned_at=AT + 3 * SECOND),
        replace(archive, id=OpId("op6"), link=LinkId("l2"), entity=EntityId("e2")),
    ]
    async with store.transaction() as tx:
        await tx.runs.start(samples.run())
        await tx.journal.plan(ops)
        await tx.journal.mark_sent([row.id for row in ops], AT)
        await tx.journal.mark_confirmed([OP1, OpId("op3"), OpId("op5"), OpId("op6")], AT)
    assert {link: row.id for link, row in (await store.journal.archives_of([L1, LinkId("l2")])).items()} == {
        "l1": "op3",
        "l2": "op6",
    }
    assert list(await store.journal.archives_of([LinkId("l2")])) == ["l2"]


async def test_runs_come_back_newest_first(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.runs.start(samples.run("r1"))
        await tx.runs.start(RunRow(id=RunId("r2"), command="plan", started_at=AT + timedelta(1)))
        await tx.runs.finish(R1, AT, "done", {"updated": 3})
    assert [row.id for row in await store.runs.latest()] == ["r2", "r1"]
    assert [row.id for row in await store.runs.latest(portfolio="platform")] == ["r1"]
    done = await store.runs.get(R1)
    assert done
    assert (done.outcome, done.counts) == ("done", {"updated": 3})


async def audit(store: Store) -> None:
    """Keep five audited writes in two transactions."""
    async with store.transaction() as tx:
        await tx.runs.start(samples.run())
        await tx.audit.append(R1, [samples.audited(n) for n in (1, 2, 3)])
    async with store.transaction() as tx:
        await tx.audit.append(R1, [samples.audited(4, verb="archive"), samples.audited(1)])


async def test_an_untouched_audit_is_proven(store: Store) -> None:
    await audit(store)
    assert await store.audit.check_chain(R1) == 5
    assert [row.seq async for row in store.audit.of_run(R1)] == [1, 2, 3, 4, 5]
    assert [row.seq for row in await store.audit.of_entity(EntityId("e1"))] == [5, 1]


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE audit SET content = replace(content, 'old', 'odd') WHERE seq = 2", "row 2 is not what was written"),
        ("UPDATE audit SET content = 'odd' WHERE seq = 2", "row 2 is not what was written"),
        ("UPDATE audit SET ref = 'jira-pmo:issue:9' WHERE seq = 2", "row 2 is not what was written"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 5", "row 5 is not what was written"),
        ("UPDATE audit SET hash = 'abc' WHERE seq = 5", "row 5 is not what was written"),
        ("UPDATE run SET audit_hash = 'abc'", "row 5 is not the last one that was written"),
        ("DELETE FROM audit WHERE seq = 3", "row 3 is missing"),
        ("DELETE FROM audit WHERE seq = 5", "row 5 is missing: 5 were written, 4 are left"),
        ("DELETE FROM audit", "row 1 is missing: 5 were written, 0 are left"),
        ("UPDATE audit SET seq = 9 WHERE seq = 5", "row 5 is missing"),
        ("UPDATE audit SET seq = seq + 10; UPDATE audit SET seq = 16 - seq", "row 1 is not what was written"),
        ("UPDATE run SET audit_rows = 4", "row 5 was added: 4 were written, 5 are there"),
    ],
)
async def test_a_touched_audit_is_noticed(stores: Stores, store: Store, url: str, tampering: str, told: str) -> None:
    await audit(store)
    async with store.transaction() as tx:
        await tx.runs.start(samples.run("r2"))
        await tx.audit.append(RunId("r2"), [samples.audited(1)])
    stores.disarm(url)
    for statement in tampering.split("; "):
        stores.run(url, f"{statement}{' AND' if 'WHERE' in statement else ' WHERE'} {_of_first(statement)}")
    what = f"the audit of run r1 cannot be trusted: {told}"
    with pytest.raises(StoreError, match=what):
        await store.audit.check_chain(R1)
    assert await store.audit.prove() == Proof(runs=2, rows=1, broken=(what,))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET hash = 'abc' WHERE seq = 5",
        "UPDATE audit SET at = at",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT * FROM audit WHERE seq = 1 ON CONFLICT (run, seq) DO UPDATE SET hash = 'abc'",
        "REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
        "TRUNCATE audit",
    ],
)
async def test_the_database_itself_refuses_to_change_the_audit(
    stores: Stores, store: Store, url: str, statement: str
) -> None:
    await audit(store)
    if statement.split(maxsplit=1)[0] == {SQLITE: "TRUNCATE", POSTGRESQL: "REPLACE"}[stores.kind]:
        return  # it knows none
    if stores.kind == SQLITE and "ON CONFLICT" in statement:
        statement = statement.replace("WHERE seq = 1", "WHERE seq = 1 AND true")
    with pytest.raises(
        (sqlite3.IntegrityError, psycopg.errors.IntegrityError), match="the audit is only ever added to"
    ):
        stores.run(url, statement)
    assert await store.audit.check_chain(R1) == 5


def _of_first(statement: str) -> str:
    return "id = 'r1'" if " run " in statement else "run = 'r1'"


def test_no_code_changes_or_removes_an_audit_row() -> None:
    """The trail only grows: no statement of ours names the table but to read it and to add to it."""
    sources = [path for path in Path(syncd.__file__).parent.rglob("*.py") if "migrations" not in path.parts]
    changing = re.compile(
        r"\b(update|delete|upsert|save)\(\s*(self\._db\.dialect,\s*)?(tables\.|_tables\.)?audit\b"
        r"|\baudit\.(update|delete)\("
        r"|(UPDATE|DELETE FROM|TRUNCATE|REPLACE INTO)\s+audit\b"
    )
    assert [str(path) for path in sources if changing.search(path.read_text())] == []
    adding = [str(path.name) for path in sources if re.search(r"\baudit\.insert\(", path.read_text())]
    assert adding == ["audit.py"]
    assert not any(key.ondelete for key in METADATA.tables["audit"].foreign_keys)


async def test_an_unknown_run_has_no_chain(store: Store) -> None:
    with pytest.raises(StoreError, match="there is no such run"):
        await store.audit.check_chain(RunId("nobody"))


async def test_recent_changes_count_records_not_fields(store: Store) -> None:
    await audit(store)
    async with store.transaction() as tx:
        await tx.audit.append(R1, [samples.audited(7, at=AT - timedelta(hours=25))])
    assert await store.audit.recent_changes(JIRA, AT - timedelta(hours=24)) == Writes(updated=3, archived=1)
