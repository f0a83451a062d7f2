"""A store carried into another database is the same store, or there is none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from syncd.errors import ConfigError, StoreError
from syncd.model.refs import OpId, RunId
from syncd.store import copying
from syncd.store.copying import TABLES, copy_store
from syncd.store.store import Store, open_store
from tests import databases
from tests.databases import KINDS, POSTGRESQL, SQLITE, Stores
from tests.store import samples
from tests.store.conftest import Clock
from tests.store.test_round_trips import E1, E2, fill


@pytest.fixture(params=[(one, other) for one in KINDS for other in KINDS], ids="-to-".join)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Lend the addresses of two stores, of each kind in turn."""
    one, other = request.param
    with databases.stores_of(one) as sources, databases.stores_of(other) as targets:
        yield sources.url(tmp_path / "one"), targets.url(tmp_path / "other")


@pytest.fixture
async def source(pair: tuple[str, str], clock: Clock) -> AsyncIterator[Store]:
    async with await open_store(pair[0], clock.world()) as opened:
        await fill(opened, 1203)  # several portions, and a rest
        async with opened.transaction() as tx:
            await tx.runs.start(samples.run())
            await tx.journal.plan([samples.op(1, at=samples.link(1).id)])
            await tx.audit.append(RunId("r1"), [samples.audited(1), samples.audited(2)])
        yield opened


@pytest.fixture
async def target(pair: tuple[str, str], clock: Clock) -> AsyncIterator[Store]:
    async with await open_store(pair[1], clock.world()) as opened:
        yield opened


async def test_a_copy_holds_what_the_store_held(source: Store, target: Store) -> None:
    copied = await copy_store(source, target)

    assert {name: content.rows for name, content in copied.tables.items() if content.rows} == {
        "entity": 1203,
        "link": 1203,
        "observed": 1203,
        "run": 1,
        "op": 1,
        "audit": 2,
    }
    assert copied.audited == 2
    assert await target.entities.by_ids([E1, E2]) == await source.entities.by_ids([E1, E2])
    assert await target.journal.by_ids([OpId("op1")]) == await source.journal.by_ids([OpId("op1")])
    assert (copied.source, copied.target) == (source.db.where, target.db.where)


async def test_a_target_that_holds_something_is_refused_and_left_alone(source: Store, target: Store) -> None:
    await fill(target, 1)
    with pytest.raises(ConfigError) as refused:
        await copy_store(source, target)
    assert refused.value.what == 'the target is not empty: it has rows in "entity"'
    assert refused.value.where == target.db.where
    assert await target.entities.ids("platform") == [E1]


async def test_a_copy_that_fails_midway_leaves_nothing_and_can_be_had_again(
    source: Store, target: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copying._copy

    async def fail(*given: object) -> object:
        if given[2] is TABLES[-1]:
            raise ZeroDivisionError
        return await whole(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "_copy", fail)
    with pytest.raises(ZeroDivisionError):
        await copy_store(source, target)
    assert await target.entities.ids("platform") == []
    monkeypatch.undo()
    assert (await copy_store(source, target)).audited == 2


async def test_nobody_writes_to_the_source_meanwhile(
    source: Store, target: Store, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copying._content
    refused: list[StoreError] = []

    async def intrude(*given: object) -> object:
        if not refused:
            async with await open_store(pair[0], Clock().world()) as other:
                async with other._engine.connect() as connection:  # the pool lends the same one to the writer below
                    is_file = other.db.dialect.name == SQLITE
                    await connection.exec_driver_sql("PRAGMA busy_timeout = 1" if is_file else "SET lock_timeout = 1")
                    await connection.commit()
                with pytest.raises(StoreError) as caught:
                    await fill(other)
                refused.append(caught.value)
        return await whole(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "_content", intrude)
    await copy_store(source, target)
    assert refused[0].what.startswith("another process is writing to it")


async def test_what_did_not_arrive_is_noticed(
    source: Store, target: Store, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = copying._content
    kind = POSTGRESQL if pair[1].startswith("postgresql") else SQLITE

    async def tamper(*given: object) -> object:
        Stores(kind).run(pair[1], "UPDATE link SET key = 'PMO-9999' WHERE id = 'l7'")
        return await whole(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(copying, "_content", tamper)
    with pytest.raises(StoreError) as told:
        await copy_store(source, target)
    assert told.value.what == "what arrived is not what was sent: link"
