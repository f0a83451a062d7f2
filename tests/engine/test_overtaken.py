"""A backfill reads while others write: a page that was overtaken undoes nobody's edit, and nothing comes back by it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.engine.cycle import sync
from syncd.engine.pull import Pulled, keep_page
from syncd.model.refs import Ref, Revision
from tests.engine.bench import Bench
from tests.engine.contact import agreed
from tests.engine.test_linear import linear_bench, shown

OLD, NEW, NEWER = "Enterprise single sign-on", "Called anew", "Called once more"


@pytest.fixture
async def bench(tmp_path: Path) -> Bench:
    return await agreed(linear_bench(tmp_path, items=3), approvals=2)


async def nothing_known(_refs: Sequence[Ref]) -> Mapping[Ref, Revision]:
    return {}


async def keep_late(bench: Bench, tool: str, meanwhile: Callable[[], Awaitable[object]], ahead_s: float = 0.0) -> None:
    """Read all of a tool as a backfill does, on a host whose clock is ahead, and keep it after something happened."""
    async with bench.desk() as desk:
        account = next(each for each in desk.accounts.values() if each.name == tool)
        asked_at = desk.world.now() + timedelta(seconds=ahead_s)
        pages = [page async for page in account.connector.changes(None, nothing_known)]
        await meanwhile()
        for page in pages:
            await keep_page(desk, account, page, asked_at, Pulled(), anew=True)


def edit(bench: Bench, tool: str, title: str) -> None:
    if tool == "jira-pmo":
        bench.sandbox.tools["jira"].set("PMO-1", "summary", title)
    else:
        bench.sandbox.tools["linear"].set(OLD, "name", title)


def titles(bench: Bench) -> list[str]:
    rows = bench.sandbox.tools["linear"].show()
    assert isinstance(rows, list)
    known = {OLD, NEW, NEWER}
    return [str(shown(bench, "jira", "PMO-1")["summary"]), *(row["title"] for row in rows if row["title"] in known)]


@pytest.mark.parametrize("read", ["jira-pmo", "linear-road"])
@pytest.mark.parametrize("edited", ["jira-pmo", "linear-road"])
@pytest.mark.parametrize("ahead_s", [0.0, 30.0])
async def test_what_was_read_before_a_write_of_ours_is_no_edit(
    bench: Bench, read: str, edited: str, ahead_s: float
) -> None:
    async def people_edit_and_somebody_syncs() -> None:
        edit(bench, edited, NEW)
        bench.clock.pass_(1)
        async with bench.desk() as desk:
            await sync(desk)
        await bench.settle()

    bench.sandbox.tools["linear"].set(OLD, "priority", 1)
    bench.sandbox.tools["jira"].set("PMO-1", "priority", "Highest")
    await keep_late(bench, read, people_edit_and_somebody_syncs, ahead_s)
    await bench.settle()
    assert titles(bench) == [NEW, NEW]


async def test_an_edit_made_while_a_page_waits_is_carried_over(bench: Bench) -> None:
    async def somebody_syncs_and_people_edit() -> None:
        edit(bench, "jira-pmo", NEW)
        await bench.settle()
        bench.sandbox.tools["linear"].set(NEW, "name", NEWER)

    await keep_late(bench, "linear-road", somebody_syncs_and_people_edit)
    await bench.settle()
    assert titles(bench) == [NEWER, NEWER]


async def test_what_went_away_while_a_page_waits_stays_away(bench: Bench) -> None:
    async def people_delete_and_somebody_syncs() -> None:
        bench.sandbox.tools["linear"].delete("API-1")
        await bench.settle()

    async def state_of_the_link() -> str:
        async with bench.desk() as desk:
            ids = await desk.store.entities.ids("platform")
            links = await desk.store.links.by_entities(ids)
            return next(str(link.state) for some in links.values() for link in some if link.key == "API-1")

    await keep_late(bench, "linear-road", people_delete_and_somebody_syncs)
    assert await state_of_the_link() != "live"
