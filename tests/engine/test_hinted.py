"""What a webhook's cycle reads, and what it sees there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from syncd.engine.hints import sync_items
from syncd.model.refs import Ref
from syncd.store.rows import LinkState
from tests.engine.hand import LATER_S, TASK, agreed, github_of, shown


async def test_an_edit_in_the_second_of_the_last_one_is_carried_over_at_once(tmp_path: Path) -> None:
    """Two edits within one second leave a tool's time of change as it was."""
    bench = await agreed(tmp_path)
    bench.clock.pass_(LATER_S)
    async with bench.desk() as desk:
        links = await desk.store.links.by_key(TASK[1])
        refs: list[Ref] = [link.ref for link in links]
        bench.clock.seconds = float(int(bench.clock.seconds) + 1)
        for title in ("Named anew", "Named once more"):
            github_of(bench).set(TASK[1], "title", title, by="ben")
            await sync_items(desk, refs, asyncio.Lock())
            assert shown(bench, "jira", TASK[0])["summary"] == title


async def test_what_was_gone_and_is_back_is_read_when_a_webhook_names_it(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    bench.clock.pass_(LATER_S)
    async with bench.desk() as desk:
        (link,) = await desk.store.links.by_key(TASK[0])
        async with desk.store.transaction() as tx:
            await tx.links.save([replace(link, state=LinkState.GONE)])
        await sync_items(desk, [link.ref], asyncio.Lock())
        assert (await desk.store.links.by_refs([link.ref]))[link.ref].state is LinkState.LIVE


async def test_what_is_gone_stays_so_when_a_webhook_names_it(tmp_path: Path) -> None:
    bench = await agreed(tmp_path)
    bench.clock.pass_(LATER_S)
    bench.sandbox.tools["jira"].delete(TASK[0])
    async with bench.desk() as desk:
        (link,) = await desk.store.links.by_key(TASK[0])
        async with desk.store.transaction() as tx:
            await tx.links.save([replace(link, state=LinkState.GONE)])
        await sync_items(desk, [link.ref], asyncio.Lock())
        assert (await desk.store.links.by_refs([link.ref]))[link.ref].state is LinkState.GONE
        assert not await desk.store.tombstones.of_links([link.id])
